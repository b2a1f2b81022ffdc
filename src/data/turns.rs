//! Whose turn which row is: one set of counters per data set and run.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::Dataset;
use super::permutation::{Permutation, mix};
use crate::executor::Share;

/// The turns of all data sets of a run. The rows of each are dealt to the run's machines as everything countable is, so two
/// machines never have the same.
#[derive(Debug)]
pub struct TurnsOfRun {
    share: Share,
    seed: u64,
    known: Mutex<FxHashMap<u64, Arc<Turns>>>,
}

impl TurnsOfRun {
    /// `share`: what of the whole is this machine's.
    pub fn new(share: &Share, seed: u64) -> Self {
        Self {
            share: share.segment_only(),
            seed,
            known: Mutex::default(),
        }
    }

    /// Those of one data set.
    pub fn of(&self, set: &Dataset) -> Arc<Turns> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let turns = known
            .entry(set.id)
            .or_insert_with(|| Arc::new(Turns::new(self.share.clone(), self.seed, set.rows())));
        turns.clone()
    }
}

/// A row by its number, or that there is none left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    Row(u64),
    /// All of this many were taken. 0: this machine has none.
    UsedUp(u64),
}

/// Which rows of a data set come next.
#[derive(Debug)]
pub struct Turns {
    share: Share,
    seed: u64,
    /// How many rows are this machine's.
    own: u64,
    next: AtomicU64,
    shuffled: AtomicU64,
    unique: AtomicU64,
    /// Rows that belong to a virtual user, by its number.
    users: Mutex<FxHashMap<u64, u64>>,
}

impl Turns {
    pub(super) fn new(share: Share, seed: u64, rows: u64) -> Self {
        Self {
            own: share.count(rows),
            share,
            seed,
            next: AtomicU64::new(0),
            shuffled: AtomicU64::new(0),
            unique: AtomicU64::new(0),
            users: Mutex::default(),
        }
    }

    /// One after the other, and again from the first.
    pub fn next(&self) -> Taken {
        self.again(&self.next, |_, at| at)
    }

    /// In an order by the run's seed, and when all have been there, in another one.
    pub fn shuffled(&self) -> Taken {
        self.again(&self.shuffled, |round, at| {
            Permutation::new(self.own, mix(self.seed ^ mix(round))).at(at)
        })
    }

    fn again(&self, counter: &AtomicU64, order: impl FnOnce(u64, u64) -> u64) -> Taken {
        if self.own == 0 {
            return Taken::UsedUp(0);
        }
        let taken = counter.fetch_add(1, Ordering::Relaxed);
        let at = order(taken / self.own, taken % self.own);
        Taken::Row(self.share.nth(at))
    }

    /// One after the other, each once in the run.
    pub fn unique(&self) -> Taken {
        let taken = self.unique.fetch_add(1, Ordering::Relaxed);
        if taken < self.own {
            Taken::Row(self.share.nth(taken))
        } else {
            Taken::UsedUp(self.own)
        }
    }

    /// As `unique`, but when all have been taken, again from the first.
    pub fn recycled(&self) -> Taken {
        self.again(&self.unique, |_, at| at)
    }

    /// A virtual user's own, which no other one has.
    pub fn of_user(&self, user: u64) -> Taken {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(row) = users.get(&user) {
            return Taken::Row(*row);
        }
        let taken = users.len() as u64;
        if taken >= self.own {
            return Taken::UsedUp(self.own);
        }
        let row = self.share.nth(taken);
        users.insert(user, row);
        Taken::Row(row)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn row(taken: Taken) -> u64 {
        match taken {
            Taken::Row(row) => row,
            Taken::UsedUp(_) => panic!("used up"),
        }
    }

    fn third(part: &str) -> Share {
        Share::of(&part.parse().unwrap(), None).unwrap()
    }

    #[test]
    fn next_goes_through_all_and_begins_again() {
        let turns = Turns::new(Share::whole(), 0, 3);
        let rows: Vec<u64> = (0..5).map(|_| row(turns.next())).collect();
        assert_eq!(rows, [0, 1, 2, 0, 1]);
    }

    #[test]
    fn shuffled_gives_every_row_once_a_round() {
        let turns = Turns::new(Share::whole(), 5, 20);
        let round = || -> Vec<u64> { (0..20).map(|_| row(turns.shuffled())).collect() };
        let (first, second) = (round(), round());
        let set = |rows: &[u64]| rows.iter().copied().collect::<BTreeSet<_>>();
        assert_eq!(set(&first), (0..20).collect());
        assert_eq!(set(&second), (0..20).collect());
        assert_ne!(first, second);
        let same = Turns::new(Share::whole(), 5, 20);
        assert_eq!(
            (0..20).map(|_| row(same.shuffled())).collect::<Vec<_>>(),
            first
        );
    }

    #[test]
    fn machines_have_different_rows_and_together_all() {
        for take in [Turns::next, Turns::shuffled, Turns::unique] {
            let mut all = Vec::new();
            for part in ["0:1/3", "1/3:2/3", "2/3:1"] {
                // Even where each was given another seed.
                let turns = Turns::new(third(part), all.len() as u64, 10);
                for _ in 0..turns.own {
                    all.push(row(take(&turns)));
                }
            }
            all.sort_unstable();
            assert_eq!(all, (0..10).collect::<Vec<_>>());
        }
    }

    #[test]
    fn unique_ends() {
        let turns = Turns::new(third("1/3:2/3"), 0, 5);
        assert_eq!(
            [turns.unique(), turns.unique()],
            [Taken::Row(1), Taken::Row(4)]
        );
        assert_eq!(turns.unique(), Taken::UsedUp(2));
        assert_eq!(Turns::new(third("2/3:1"), 0, 2).next(), Taken::UsedUp(0));
    }

    #[test]
    fn a_user_keeps_its_row() {
        let turns = Turns::new(Share::whole(), 0, 2);
        let of = |user| turns.of_user(user);
        assert_eq!(
            [of(7), of(3), of(7)],
            [Taken::Row(0), Taken::Row(1), Taken::Row(0)]
        );
        assert_eq!(of(4), Taken::UsedUp(2));
    }
}
