//! Requests of kept traces that stand for the buckets of histograms.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{SpanId, TraceId};
use crate::metrics::SeriesId;

/// In a second and worker; beyond, only those that are there get newer ones.
const MOST: usize = 10_000;

/// A request that stands for one of a series' buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exemplar {
    /// What the series recorded of it, in nanoseconds.
    pub value: u64,
    /// When it was over, in nanoseconds since 1970.
    pub at: u64,
    pub trace: TraceId,
    pub span: SpanId,
}

/// Of each bucket the newest since the last time.
#[derive(Debug)]
pub struct Exemplars {
    /// Upper bounds of buckets in nanoseconds, ascending.
    bounds: Arc<[u64]>,
    newest: FxHashMap<(SeriesId, usize), Exemplar>,
}

impl Exemplars {
    /// None yet, for histograms with these bounds.
    pub fn new(bounds: Arc<[u64]>) -> Self {
        Self {
            bounds,
            newest: FxHashMap::default(),
        }
    }

    /// Looks at one more.
    pub fn add(&mut self, series: SeriesId, exemplar: Exemplar) {
        let bucket = self.bounds.partition_point(|bound| *bound < exemplar.value);
        let key = (series, bucket);
        let is_newer = match self.newest.get(&key) {
            Some(known) => known.at <= exemplar.at,
            None => self.newest.len() < MOST,
        };
        if is_newer {
            self.newest.insert(key, exemplar);
        }
    }

    /// All of them, with the series that each is of; afterwards there are none.
    pub fn take(&mut self) -> Vec<(SeriesId, Exemplar)> {
        let newest = self.newest.drain();
        newest
            .map(|((series, _), exemplar)| (series, exemplar))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Ids;
    use super::*;
    use crate::metrics::{Builtin, Recorder, Tags};

    #[test]
    fn of_each_bucket_the_newest_stays() {
        let mut recorder = Recorder::new(10);
        let tags = recorder.intern(Tags::default());
        let series = recorder.series(Builtin::HttpReqDuration.into(), tags);
        let mut ids = Ids::new(1, 1);
        let mut exemplars = Exemplars::new([100, 200].into());
        for (value, at) in [(50, 1), (100, 3), (90, 2), (101, 1), (900, 1), (800, 2)] {
            let exemplar = Exemplar {
                value,
                at,
                trace: ids.trace(),
                span: ids.span(),
            };
            exemplars.add(series, exemplar);
        }
        let mut kept: Vec<_> = exemplars
            .take()
            .iter()
            .map(|(of, exemplar)| (*of == series, exemplar.value))
            .collect();
        kept.sort_unstable();
        assert_eq!(kept, [(true, 100), (true, 101), (true, 800)]);
        assert_eq!(exemplars.take(), []);
    }
}
