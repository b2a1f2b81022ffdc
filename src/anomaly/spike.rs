//! Spikes: what is far off for a moment and then is not. Hampel's identifier (F. R. Hampel, The influence curve and its role in robust estimation, 1974): a block is an
//! outlier by its distance from the median in robust standard deviations, which here is a likelihood of the measure's own kind.

use super::sample::{Direction, Level, Sample};

/// Blocks that a spike lasts at most.
const LONGEST: usize = 10;

/// Watches for outliers.
#[derive(Debug, Default)]
pub struct Hampel {
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    first: u64,
    direction: Direction,
    blocks: Vec<Sample>,
    /// The value that was farthest off, and by how much.
    peak: (f64, f64),
}

/// It was off, and is not any more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spike {
    pub direction: Direction,
    /// Numbers of its first and last block.
    pub first: u64,
    pub last: u64,
    /// The value that was farthest off.
    pub peak: f64,
}

impl Hampel {
    /// Takes in a block by its number.
    pub fn push(
        &mut self,
        number: u64,
        sample: &Sample,
        level: &Level,
        threshold: f64,
    ) -> Option<Spike> {
        let (direction, nats) = level.surprise(sample);
        let is_same = self
            .open
            .as_ref()
            .is_none_or(|open| open.direction == direction);
        if nats >= threshold && is_same {
            let open = self.open.get_or_insert_with(|| Open {
                first: number,
                direction,
                blocks: Vec::new(),
                peak: (sample.value(), nats),
            });
            open.blocks.push(*sample);
            if nats > open.peak.1 {
                open.peak = (sample.value(), nats);
            }
            if open.blocks.len() > LONGEST {
                self.open = None;
            }
            return None;
        }
        if nats >= threshold / 4.0 && is_same {
            if let Some(open) = &mut self.open {
                open.blocks.push(*sample);
                if open.blocks.len() > LONGEST {
                    self.open = None;
                }
            }
            return None;
        }
        let mut open = self.open.take()?;
        let last = number.saturating_sub(1);
        // What came too late is missing in one block and too much in the next: together they are as always.
        if matches!(sample, Sample::Count { .. }) {
            open.blocks.push(*sample);
            let together = Sample::pooled(&open.blocks)?;
            if level.surprise(&together).1 < threshold / 2.0 {
                return None;
            }
        }
        Some(Spike {
            direction: open.direction,
            first: open.first,
            last,
            peak: open.peak.0,
        })
    }

    /// Whether something is off.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// It was no spike.
    pub fn forget(&mut self) {
        self.open = None;
    }
}
