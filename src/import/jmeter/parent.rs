//! Transactions, and whether the samples that they are made of are in the file.
//!
//! A transaction controller sums up the samples within it in one of its own, in two ways. By default all of them are written: the samples,
//! and after them the transaction, which began no later than the first of them in the same thread. With "Generate parent sample" only the
//! transaction is written; its samples stand within it in XML, if sub-results are saved, and nowhere in CSV. Then the transaction is all that is
//! known of them, and counts as one request.

use std::collections::VecDeque;
use std::hash::BuildHasher;

use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::import::timeline::Moment;

/// Threads that are followed at a time.
const THREADS: usize = 500_000;
/// Samples that are remembered where threads have no names.
const RECENT: usize = 2_000;

/// When samples began.
#[derive(Debug, Default)]
pub struct Began {
    /// The last one of each thread, by the hash of its name.
    last: FxHashMap<u64, Moment>,
    /// The last ones of threads without a name.
    nameless: VecDeque<Moment>,
}

impl Began {
    /// A sample began in a thread.
    pub fn note(&mut self, thread: &str, at: Moment) {
        if thread.is_empty() {
            if self.nameless.len() >= RECENT {
                self.nameless.pop_front();
            }
            self.nameless.push_back(at);
            return;
        }
        if self.last.len() >= THREADS {
            self.last.clear();
        }
        self.last.insert(FxBuildHasher.hash_one(thread), at);
    }

    /// Whether samples that a transaction is made of are above it. `declared` is how many it says to have: where threads have no names,
    /// others run at the same time, so there must be as many.
    pub fn has_since(&self, thread: &str, from: Moment, declared: Option<usize>) -> bool {
        if thread.is_empty() {
            let since = self.nameless.iter().filter(|at| **at >= from).count();
            return since >= declared.unwrap_or(1).clamp(1, RECENT);
        }
        let last = self.last.get(&FxBuildHasher.hash_one(thread));
        last.is_some_and(|last| *last >= from)
    }
}

/// How many samples a transaction says to have: `Number of samples in transaction : 2, number of failing samples : 1`.
pub fn samples_of(message: &str) -> Option<usize> {
    let (_, rest) = message.split_once(':')?;
    rest.split(',').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_of_a_transaction_began_after_it_in_its_thread() {
        let mut began = Began::default();
        began.note("a", 10);
        began.note("b", 30);
        assert!(began.has_since("a", 10, Some(1)) && began.has_since("a", 9, Some(5)));
        assert!(!began.has_since("a", 20, Some(1)) && !began.has_since("c", 0, Some(1)));
        for at in [10, 20, 30] {
            began.note("", at);
        }
        assert!(began.has_since("", 20, Some(2)) && !began.has_since("", 20, Some(3)));
    }

    #[test]
    fn a_transaction_says_how_many_samples_it_has() {
        let message = "Number of samples in transaction : 12, number of failing samples : 2";
        assert_eq!(samples_of(message), Some(12));
        assert_eq!(samples_of("OK"), None);
    }
}
