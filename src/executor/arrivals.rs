//! From a rate over time to the instants at which iterations start.

use std::time::Duration;

use super::Share;
use crate::random::SplitMix64;

/// How the starts of an open model are spaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Arrivals {
    /// Evenly: the next start comes when the integral of the rate has grown by one.
    #[default]
    Regular,
    /// As independent users arrive: the integral grows by random gaps of mean one, exponentially distributed.
    Poisson {
        /// The same seed gives the same instants on every machine.
        seed: u64,
    },
}

impl Arrivals {
    /// What a description adds to the pool of VUs.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Regular => "",
            Self::Poisson { .. } => ", Poisson arrivals",
        }
    }
}

/// The inverse of the integral of a rate.
pub(super) trait Schedule: Send + 'static {
    /// The position of the first regular start: 0 where a start opens the schedule, 1 where the integral has
    /// to reach one first.
    const FIRST: u64;

    /// When the integral of the rate reaches `position` (iterations, ascending from call to call), or `None`
    /// if it does so only past the end.
    fn instant(&mut self, position: f64) -> Option<Duration>;
}

/// The starts of one share.
pub(super) fn starts<S: Schedule>(
    schedule: S,
    arrivals: Arrivals,
    share: &Share,
) -> Box<dyn Iterator<Item = Duration> + Send> {
    let share = share.clone();
    match arrivals {
        Arrivals::Regular => Box::new(Regular {
            schedule,
            share,
            taken: 0,
        }),
        Arrivals::Poisson { seed } => Box::new(Poisson {
            schedule,
            share,
            random: SplitMix64::new(seed),
            position: 0.0,
            index: 0,
        }),
    }
}

/// Steps from one own start to the next, without visiting those of other shares.
struct Regular<S> {
    schedule: S,
    share: Share,
    taken: u64,
}

impl<S: Schedule> Iterator for Regular<S> {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        // The position is computed from the number of the start, never accumulated: a day long run does not drift.
        let position = self.share.nth(self.taken).saturating_add(S::FIRST);
        let instant = self.schedule.instant(position as f64)?;
        self.taken += 1;
        Some(instant)
    }
}

/// Walks all gaps, as every share does, so that all agree on the positions; returns its own.
struct Poisson<S> {
    schedule: S,
    share: Share,
    random: SplitMix64,
    position: f64,
    index: u64,
}

impl<S: Schedule> Iterator for Poisson<S> {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        loop {
            self.position += self.random.exponential();
            let own = self.share.owns(self.index);
            self.index += 1;
            if own {
                return self.schedule.instant(self.position);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One start a second, for ten seconds.
    struct EverySecond;

    impl Schedule for EverySecond {
        const FIRST: u64 = 0;

        fn instant(&mut self, position: f64) -> Option<Duration> {
            (position < 10.0).then(|| Duration::from_secs_f64(position))
        }
    }

    #[test]
    fn regular_starts_follow_the_integral() {
        let seconds: Vec<u64> = starts(
            EverySecond,
            Arrivals::Regular,
            &Share::whole().for_worker(1, 4),
        )
        .map(|instant| instant.as_secs())
        .collect();
        assert_eq!(seconds, [1, 5, 9]);
    }

    #[test]
    fn random_starts_are_the_same_for_the_same_seed() {
        let draw = |seed| -> Vec<Duration> {
            starts(EverySecond, Arrivals::Poisson { seed }, &Share::whole()).collect()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn workers_split_one_random_sequence() {
        let arrivals = Arrivals::Poisson { seed: 9 };
        let whole: Vec<Duration> = starts(EverySecond, arrivals, &Share::whole()).collect();
        let mut parts: Vec<Duration> = (0..3)
            .flat_map(|worker| starts(EverySecond, arrivals, &Share::whole().for_worker(worker, 3)))
            .collect();
        parts.sort();
        assert_eq!(parts, whole);
    }
}
