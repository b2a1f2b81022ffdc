//! What was measured in each part of the run, of samples that come in any order.

use std::collections::HashMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::spread::Spread;
use super::timeline::{Moment, SECOND, Slot, Timeline};
use crate::metrics::histogram::to_scaled;
use crate::metrics::totals::{Accumulator, Grouping, TagMap};
use crate::metrics::{MetricInfo, MetricKind};
use crate::result::{IntervalRow, Intervals, MAX_INTERVALS};
use crate::run::intervals::{Cells, grouping};

/// Rows that are followed: every metric, and so many endpoints that their distributions in each interval stay within bounds.
const MOST: usize = 600;

/// Number and kind of a row.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    number: u32,
    kind: MetricKind,
}

/// What one interval holds of one row.
#[derive(Debug)]
enum Cell {
    Sum(f64),
    Level(f64),
    Share { trues: u64, total: u64 },
    Spread(Spread),
}

impl Cell {
    fn new(kind: MetricKind) -> Self {
        match kind {
            MetricKind::Counter => Self::Sum(0.0),
            MetricKind::Gauge => Self::Level(0.0),
            MetricKind::Rate => Self::Share { trues: 0, total: 0 },
            MetricKind::Trend => Self::Spread(Spread::default()),
        }
    }

    fn add(&mut self, value: f64, times: u64) {
        match self {
            Self::Sum(sum) => *sum += value,
            Self::Level(level) => *level = value,
            Self::Share { trues, total } => {
                *trues += u64::from(value != 0.0);
                *total += 1;
            }
            Self::Spread(spread) => spread.opened().record_n(to_scaled(value), times),
        }
    }

    fn absorb(&mut self, later: Self) {
        match (self, later) {
            (Self::Sum(sum), Self::Sum(more)) => *sum += more,
            (Self::Level(level), Self::Level(last)) => *level = last,
            (Self::Share { trues, total }, Self::Share { trues: t, total: n }) => {
                *trues += t;
                *total += n;
            }
            (Self::Spread(spread), Self::Spread(mut more)) => {
                spread.opened().merge(more.opened());
            }
            // A row's kind never changes.
            _ => {}
        }
    }

    fn gathered(mut self) -> Accumulator {
        match &mut self {
            Self::Sum(sum) => Accumulator::Counter { sum: *sum },
            Self::Level(level) => Accumulator::Gauge {
                last: *level,
                min: *level,
                max: *level,
                samples: 1,
            },
            Self::Share { trues, total } => Accumulator::Rate {
                trues: *trues,
                total: *total,
            },
            Self::Spread(spread) => Accumulator::Trend(spread.opened().clone()),
        }
    }
}

/// One interval: cells by the number of their row.
#[derive(Debug, Default)]
struct Part(FxHashMap<u32, Cell>);

impl Slot for Part {
    fn absorb(&mut self, later: Self) {
        for (number, cell) in later.0 {
            match self.0.get_mut(&number) {
                Some(known) => known.absorb(cell),
                None => {
                    self.0.insert(number, cell);
                }
            }
        }
    }

    fn settle(&mut self) {
        for cell in self.0.values_mut() {
            if let Cell::Spread(spread) = cell {
                spread.settle();
            }
        }
    }
}

/// The run, cut into parts.
pub struct Parts {
    parts: Timeline<Part>,
    grouping: Grouping,
    index: HashMap<(String, Arc<TagMap>), Row>,
    named: Vec<(MetricInfo, Arc<TagMap>)>,
}

impl Parts {
    pub fn new() -> Self {
        Self {
            parts: Timeline::new(MAX_INTERVALS),
            grouping: grouping(),
            index: HashMap::new(),
            named: Vec::new(),
        }
    }

    /// The rows that samples of a metric with these tags belong to.
    pub fn rows(&mut self, info: &MetricInfo, tags: &Arc<TagMap>) -> [Option<Row>; 2] {
        let mut rows = [None; 2];
        for (slot, tags) in rows.iter_mut().zip((self.grouping)(info, tags)) {
            let key = (info.name.clone(), tags);
            *slot = self.index.get(&key).copied();
            if slot.is_none() && (self.named.len() < MOST || key.1.is_empty()) {
                let row = Row {
                    // At most MOST endpoints and a thousand metrics.
                    number: self.named.len() as u32,
                    kind: info.kind,
                };
                self.named.push((info.clone(), key.1.clone()));
                self.index.insert(key, row);
                *slot = Some(row);
            }
        }
        rows
    }

    /// A sample, or several alike of a trend.
    pub fn add(&mut self, rows: &[Option<Row>; 2], at: Moment, value: f64, times: u64) {
        let part = self.parts.at(at);
        for row in rows.iter().flatten() {
            let cell = part
                .0
                .entry(row.number)
                .or_insert_with(|| Cell::new(row.kind));
            cell.add(value, times);
        }
    }

    /// When the first part begins.
    pub fn start(&self) -> Option<Moment> {
        self.parts.start()
    }

    /// The intervals of a run that began and ended then.
    pub fn finish(self, began: Moment, ended: Moment) -> Intervals {
        let Some(start) = self.parts.start() else {
            return Intervals::default();
        };
        let interval_seconds = self.parts.width();
        let mut parts = self.parts.into_slots();
        let all = parts.len() as u64;
        let rows = self
            .named
            .into_iter()
            .zip(0u32..)
            .map(|((info, tags), number)| {
                let nothing = Accumulator::new(info.kind);
                let whole = info.name == "http_req_duration" && tags.is_empty();
                let mut cells = Cells::new(&nothing, whole, 0);
                for part in &mut parts {
                    let cell = part.as_mut().and_then(|part| part.0.remove(&number));
                    match cell {
                        Some(cell) => cells.push(&cell.gathered()),
                        None => cells.push(&nothing),
                    }
                }
                IntervalRow {
                    metric: info.name,
                    tags: Arc::unwrap_or_clone(tags),
                    values: cells.values(),
                }
            });
        let mut rows: Vec<IntervalRow> = rows.collect();
        rows.sort_by(|a, b| (&a.metric, &a.tags).cmp(&(&b.metric, &b.tags)));
        let covered = (ended.saturating_sub(start) as u64).div_ceil(SECOND as u64);
        Intervals {
            interval_seconds,
            start_seconds: start.saturating_sub(began) as f64 / SECOND as f64,
            // As many as there are parts, even where the last sample lies at the very end of the run.
            covered_seconds: covered
                .clamp((all - 1) * interval_seconds + 1, all * interval_seconds),
            rows,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Builtin, Contains};
    use crate::result::IntervalValues;

    fn info(metric: Builtin) -> MetricInfo {
        let definition = metric.definition();
        MetricInfo {
            name: definition.name.to_owned(),
            kind: definition.kind,
            contains: Contains::Default,
        }
    }

    #[test]
    fn every_list_is_as_long_as_there_are_intervals() {
        let mut parts = Parts::new();
        let tags: Arc<TagMap> = Arc::new([("name".to_owned(), "a".to_owned())].into());
        let duration = parts.rows(&info(Builtin::HttpReqDuration), &tags);
        let requests = parts.rows(&info(Builtin::HttpReqs), &tags);
        for second in [0, 1, 5] {
            parts.add(&duration, second * SECOND, 10.0, 1);
            parts.add(&requests, second * SECOND, 1.0, 1);
        }
        let intervals = parts.finish(0, 5 * SECOND);
        assert_eq!((intervals.len(), intervals.interval_seconds), (6, 1));
        let Some(IntervalValues::Counter { sums }) = intervals.total("http_reqs") else {
            panic!("{intervals:?}");
        };
        assert_eq!(sums, &[1.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
        let Some(IntervalValues::Trend {
            counts, histograms, ..
        }) = intervals.total("http_req_duration")
        else {
            panic!("{intervals:?}");
        };
        assert_eq!((counts.len(), histograms.len()), (6, 6));
        assert!(histograms[2].is_none() && histograms[5].is_some());
        assert_eq!(intervals.rows.len(), 3);
    }

    #[test]
    fn a_long_run_is_cut_into_fewer_longer_parts() {
        let mut parts = Parts::new();
        let requests = parts.rows(&info(Builtin::HttpReqs), &Arc::default());
        for second in (0..1000).rev() {
            parts.add(&requests, second * SECOND, 1.0, 1);
        }
        let intervals = parts.finish(0, 999 * SECOND);
        assert!(
            intervals.len() <= MAX_INTERVALS && intervals.interval_seconds >= 8,
            "{}",
            intervals.len()
        );
        let Some(IntervalValues::Counter { sums }) = intervals.total("http_reqs") else {
            panic!("{intervals:?}");
        };
        assert_eq!(sums.iter().sum::<f64>(), 1000.0);
        assert_eq!(sums.len(), intervals.len());
    }
}
