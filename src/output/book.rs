//! What all workers have measured, series by series.

use crate::metrics::totals::{Accumulator, TagMap, Totals};
use crate::metrics::{MetricInfo, SeriesId, Snapshot};
use crate::trace::Exemplar;

/// One metric under one tag set.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    pub info: &'a MetricInfo,
    pub tags: &'a TagMap,
    /// Since the start.
    pub total: &'a Accumulator,
    /// In the present second.
    pub current: &'a Accumulator,
}

/// One value that was recorded.
#[derive(Clone, Copy)]
pub struct Sample<'a> {
    /// Milliseconds since 1970.
    pub at: f64,
    pub info: &'a MetricInfo,
    pub tags: &'a TagMap,
    /// In the metric's own unit, as the result has it: milliseconds for times, 1 and 0 for a rate.
    pub value: f64,
}

/// Everything measured so far, and in the present second.
pub struct Book {
    totals: Totals,
    /// Of the present second, with the numbers of their lines.
    exemplars: Vec<(usize, Exemplar)>,
}

impl Default for Book {
    fn default() -> Self {
        let mut totals = Totals::default();
        // Every series is a group of its own, so that it has a present second beside its total.
        totals.group_by(Box::new(|_, tags| vec![tags.clone()]), usize::MAX);
        Self {
            totals,
            exemplars: Vec::new(),
        }
    }
}

impl Book {
    /// Adds what a worker measured.
    pub fn absorb(&mut self, worker: usize, snapshot: &Snapshot) {
        self.totals.absorb(worker, snapshot);
    }

    /// Every series, in the order in which they came about: the number of a line never changes.
    pub fn lines(&self) -> impl ExactSizeIterator<Item = Line<'_>> {
        let series = self.totals.series().iter();
        series
            .zip(self.totals.groups())
            .map(|(series, group)| Line {
                info: &series.info,
                tags: &series.tags,
                total: &series.total,
                current: &group.current,
            })
    }

    /// What a worker's single samples are of. `epoch` is when the worker's clock began, in milliseconds since 1970.
    pub fn samples<'a>(&'a self, worker: usize, snapshot: &'a Snapshot) -> Vec<Sample<'a>> {
        let named = |sample: &crate::metrics::RawSample| {
            let series = self.totals.series_of(worker, sample.series)?;
            Some(Sample {
                at: sample.at,
                info: &series.info,
                tags: &series.tags,
                value: sample.value,
            })
        };
        snapshot.samples.iter().filter_map(named).collect()
    }

    /// Takes examples of what a worker measured.
    pub fn exemplify(&mut self, worker: usize, exemplars: &[(SeriesId, Exemplar)]) {
        let known = exemplars.iter().filter_map(|(series, exemplar)| {
            Some((self.totals.number_of(worker, series.number())?, *exemplar))
        });
        self.exemplars.extend(known);
    }

    /// Examples that came in the present second, with the numbers of their lines.
    pub fn exemplars(&self) -> &[(usize, Exemplar)] {
        &self.exemplars
    }

    /// The present second is over.
    pub fn end_second(&mut self) {
        self.exemplars.clear();
        self.totals.clear_groups();
    }
}
