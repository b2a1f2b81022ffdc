//! Where a series has been of late.

use std::collections::VecDeque;

use super::sample::{Level, Sample};

/// Blocks that the level is made of.
const WINDOW: usize = 120;
/// Fewer say nothing yet.
const LEAST: usize = 20;
/// The latest blocks are kept apart until it is known that nothing begins in them.
const GUARD: usize = 8;
/// A level is worked out anew after so many further blocks.
const EVERY: usize = 4;
/// Something that is suspect for so many blocks is how things are.
const LONGEST_SUSPICION: usize = 45;

/// The blocks that a series is held against.
#[derive(Debug, Default)]
pub struct Baseline {
    kept: VecDeque<Sample>,
    guard: VecDeque<(Sample, bool)>,
    suspicion: usize,
    level: Option<Level>,
    since: usize,
}

impl Baseline {
    /// Takes in a block; one that is suspect does not become part of the level.
    pub fn push(&mut self, sample: Sample, suspect: bool) {
        self.suspicion = if suspect { self.suspicion + 1 } else { 0 };
        let suspect = suspect && self.suspicion < LONGEST_SUSPICION;
        self.guard.push_back((sample, suspect));
        if self.guard.len() > GUARD
            && let Some((sample, false)) = self.guard.pop_front()
        {
            self.kept.push_back(sample);
            if self.kept.len() > WINDOW {
                self.kept.pop_front();
            }
            self.since += 1;
        }
        if self.kept.len() >= LEAST && (self.level.is_none() || self.since >= EVERY) {
            self.since = 0;
            self.level = Level::of(self.kept.make_contiguous());
        }
    }

    /// Where the series is, once enough is known.
    pub fn level(&self) -> Option<&Level> {
        self.level.as_ref()
    }

    /// Begins anew, with what was seen since things are as they are.
    pub fn restart(&mut self, samples: impl IntoIterator<Item = Sample>) {
        *self = Self::default();
        for sample in samples {
            self.push(sample, false);
        }
    }
}
