//! Steps: a level that has changed for good. Page's two-sided CUSUM of log-likelihood ratios (E. S. Page, Continuous inspection schemes, Biometrika 1954;
//! G. Lorden, Procedures for reacting to a change in distribution, 1971), in which no single block counts for more than its share.

use super::sample::{Direction, Level, Sample};

/// How many blocks it takes at least.
const FEWEST: f64 = 2.5;

/// Sums that start anew at zero, one for each direction.
#[derive(Debug, Default)]
pub struct Cusum {
    up: Side,
    down: Side,
}

#[derive(Debug, Default)]
struct Side {
    sum: f64,
    /// The number of the block since which the sum has been above zero.
    since: u64,
}

/// The level has changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    pub direction: Direction,
    /// Number of the first block of the new level.
    pub since: u64,
}

impl Cusum {
    /// Takes in a block by its number.
    pub fn push(
        &mut self,
        number: u64,
        sample: &Sample,
        level: &Level,
        threshold: f64,
    ) -> Option<Change> {
        let most = threshold / FEWEST;
        let mut found: Option<(f64, Change)> = None;
        for direction in [Direction::Up, Direction::Down] {
            let side = self.side(direction);
            if side.sum <= 0.0 {
                side.since = number;
            }
            let gain = level.gain(sample, direction).min(most);
            side.sum = (side.sum + gain).max(0.0);
            let is_more = found.is_none_or(|(sum, _)| side.sum > sum);
            if side.sum >= threshold && is_more {
                let change = Change {
                    direction,
                    since: side.since,
                };
                found = Some((side.sum, change));
            }
        }
        found.map(|(_, change)| change)
    }

    /// How near it is to finding something, from 0 to 1.
    pub fn suspicion(&self, threshold: f64) -> f64 {
        self.up.sum.max(self.down.sum) / threshold
    }

    /// Forgets one direction.
    pub fn forget(&mut self, direction: Direction) {
        *self.side(direction) = Side::default();
    }

    fn side(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::Up => &mut self.up,
            Direction::Down => &mut self.down,
        }
    }
}
