//! Keeps what was measured in each interval of a run, in memory that does not grow with the run's length.

use std::sync::Arc;

use crate::metrics::histogram::{Delta, Histogram, from_scaled};
use crate::metrics::totals::{Accumulator, Grouping, TagMap, Totals};
use crate::metrics::{Builtin, MetricInfo};
use crate::result::{IntervalRow, IntervalValues, Intervals, MAX_INTERVALS};

/// Endpoints and metrics that are followed; what comes after them stands in the totals alone.
pub const MAX_ROWS: usize = 2_000;

/// How series are put together: each metric as a whole, and requests by name and method.
pub fn grouping() -> Grouping {
    let by_endpoint = [Builtin::HttpReqDuration, Builtin::HttpReqFailed];
    let by_endpoint = by_endpoint.map(|metric| metric.definition().name);
    Box::new(move |info: &MetricInfo, tags: &Arc<TagMap>| {
        let mut groups = vec![Arc::default()];
        if by_endpoint.contains(&info.name.as_str()) {
            let own = |key: &str| Some((key.to_owned(), tags.get(key)?.clone()));
            let endpoint: TagMap = ["name", "method"].into_iter().filter_map(own).collect();
            if !endpoint.is_empty() {
                groups.push(Arc::new(endpoint));
            }
        }
        groups
    })
}

/// One interval of a trend.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spread {
    count: u64,
    mean: f64,
    median: f64,
    p95: f64,
}

impl Spread {
    fn of(histogram: &Histogram) -> Self {
        let percentile = |p| from_scaled(histogram.value_at_percentile(p) as f64);
        match histogram.count() {
            0 => Self::default(),
            count => Self {
                count,
                mean: from_scaled(histogram.mean()),
                median: percentile(50.0),
                p95: percentile(95.0),
            },
        }
    }

    fn with(self, later: Self) -> Self {
        let count = self.count + later.count;
        if count == 0 {
            return self;
        }
        let share = later.count as f64 / count as f64;
        let between = |a: f64, b: f64| a + (b - a) * share;
        Self {
            count,
            mean: between(self.mean, later.mean),
            median: between(self.median, later.median),
            p95: between(self.p95, later.p95),
        }
    }
}

/// The intervals of one row.
#[derive(Debug, Clone)]
pub enum Cells {
    Counter(Vec<f64>),
    Gauge(Vec<Option<f64>>),
    Rate(Vec<(u64, u64)>),
    Trend(Vec<Spread>),
    /// A trend whose distributions are kept.
    Whole(Vec<Spread>, Vec<Delta>),
}

impl Cells {
    /// For what is gathered so, with `before` intervals in which there was nothing.
    pub fn new(gathered: &Accumulator, is_whole: bool, before: usize) -> Self {
        match gathered {
            Accumulator::Counter { .. } => Self::Counter(vec![0.0; before]),
            Accumulator::Gauge { .. } => Self::Gauge(vec![None; before]),
            Accumulator::Rate { .. } => Self::Rate(vec![(0, 0); before]),
            Accumulator::Trend(_) if is_whole => Self::Whole(
                vec![Spread::default(); before],
                vec![Histogram::new().drain(); before],
            ),
            Accumulator::Trend(_) => Self::Trend(vec![Spread::default(); before]),
        }
    }

    /// The next interval. What was gathered must be of the same kind throughout.
    pub fn push(&mut self, gathered: &Accumulator) {
        match (self, gathered) {
            (Self::Counter(cells), Accumulator::Counter { sum }) => cells.push(*sum),
            (Self::Gauge(cells), Accumulator::Gauge { last, samples, .. }) => {
                cells.push((*samples > 0).then_some(*last));
            }
            (Self::Rate(cells), Accumulator::Rate { trues, total }) => {
                cells.push((*trues, *total));
            }
            (Self::Trend(cells), Accumulator::Trend(histogram)) => {
                cells.push(Spread::of(histogram));
            }
            (Self::Whole(cells, whole), Accumulator::Trend(histogram)) => {
                cells.push(Spread::of(histogram));
                whole.push(histogram.clone().drain());
            }
            // A group's kind never changes.
            _ => {}
        }
    }

    fn halve(&mut self) {
        match self {
            Self::Counter(cells) => pair(cells, |a, b| a + b),
            Self::Gauge(cells) => pair(cells, |a, b| b.or(*a)),
            Self::Rate(cells) => pair(cells, |a, b| (a.0 + b.0, a.1 + b.1)),
            Self::Trend(cells) => pair(cells, |a, b| a.with(*b)),
            Self::Whole(cells, whole) => {
                pair(whole, |a, b| {
                    let mut sum = Histogram::new();
                    sum.add_delta(a);
                    sum.add_delta(b);
                    sum.drain()
                });
                *cells = whole
                    .iter()
                    .map(|delta| Spread::of(&filled(delta)))
                    .collect();
            }
        }
    }

    /// As results write them.
    pub fn values(&self) -> IntervalValues {
        let trend = |cells: &[Spread], histograms| {
            let read = |of: fn(&Spread) -> f64| {
                let value = |cell: &Spread| (cell.count > 0).then(|| short(of(cell)));
                cells.iter().map(value).collect()
            };
            IntervalValues::Trend {
                counts: cells.iter().map(|cell| cell.count).collect(),
                means: read(|cell| cell.mean),
                medians: read(|cell| cell.median),
                p95s: read(|cell| cell.p95),
                histograms,
            }
        };
        match self {
            Self::Counter(cells) => IntervalValues::Counter {
                sums: cells.clone(),
            },
            Self::Gauge(cells) => IntervalValues::Gauge {
                values: cells.clone(),
            },
            Self::Rate(cells) => IntervalValues::Rate {
                passes: cells.iter().map(|cell| cell.0).collect(),
                totals: cells.iter().map(|cell| cell.1).collect(),
            },
            Self::Trend(cells) => trend(cells, Vec::new()),
            Self::Whole(cells, whole) => {
                let text =
                    |delta: &Delta| (!delta.is_empty()).then(|| filled(delta).to_v2_base64());
                trend(cells, whole.iter().map(text).collect())
            }
        }
    }
}

fn filled(delta: &Delta) -> Histogram {
    let mut histogram = Histogram::new();
    histogram.add_delta(delta);
    histogram
}

fn pair<T>(cells: &mut Vec<T>, join: impl Fn(&T, &T) -> T)
where
    T: Clone,
{
    *cells = cells
        .chunks(2)
        .map(|pair| match pair {
            [a, b] => join(a, b),
            _ => pair[0].clone(),
        })
        .collect();
}

/// A value with five significant digits: more than a histogram tells.
fn short(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    let digits = 4 - value.abs().log10().floor() as i32;
    let factor = 10f64.powi(digits);
    (value * factor).round() / factor
}

/// Takes what was gathered once a second and keeps it interval by interval.
#[derive(Debug, Default)]
pub struct IntervalsBuilder {
    rows: Vec<Cells>,
    /// Length of an interval in seconds; 0 before the first second.
    length: u64,
    seconds: u64,
    /// Intervals that are complete.
    complete: usize,
    /// What the seconds of an interval that goes on have gathered, where it is longer than one.
    open: Vec<Accumulator>,
}

impl IntervalsBuilder {
    /// Ends a second: ends the interval too, if it is full.
    pub fn second(&mut self, totals: &mut Totals) {
        self.length = self.length.max(1);
        self.seconds += 1;
        self.open_up(totals);
        totals.clear_groups();
        if !self.seconds.is_multiple_of(self.length) {
            return;
        }
        self.push(totals);
        self.open.iter_mut().for_each(Accumulator::clear);
        self.complete += 1;
        if self.complete == MAX_INTERVALS {
            self.rows.iter_mut().for_each(Cells::halve);
            self.complete /= 2;
            self.length *= 2;
        }
    }

    /// Adds what the groups hold to the interval that goes on.
    fn open_up(&mut self, totals: &Totals) {
        for (number, group) in totals.groups().iter().enumerate() {
            match self.open.get_mut(number) {
                Some(open) => open.merge(&group.current),
                None => self.open.push(group.current.clone()),
            }
        }
    }

    fn push(&mut self, totals: &Totals) {
        let whole = Builtin::HttpReqDuration.definition().name;
        for (number, (group, open)) in totals.groups().iter().zip(&self.open).enumerate() {
            if self.rows.len() <= number {
                let is_whole = group.info.name == whole && group.tags.is_empty();
                self.rows.push(Cells::new(open, is_whole, self.complete));
            }
            if let Some(row) = self.rows.get_mut(number) {
                row.push(open);
            }
        }
    }

    /// What there is so far, with the interval that has begun.
    pub fn snapshot(&self, totals: &Totals) -> Intervals {
        let mut now = Self {
            rows: self.rows.clone(),
            open: self.open.clone(),
            ..*self
        };
        if self.length > 0 && !self.seconds.is_multiple_of(self.length) {
            now.open_up(totals);
            now.push(totals);
        }
        let rows = totals.groups().iter().zip(&now.rows);
        Intervals {
            interval_seconds: now.length,
            start_seconds: 0.0,
            covered_seconds: now.seconds,
            rows: rows
                .map(|(group, cells)| IntervalRow {
                    metric: group.info.name.clone(),
                    tags: TagMap::clone(&group.tags),
                    values: cells.values(),
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::histogram::to_scaled;
    use crate::metrics::{Recorder, Tags};

    /// So many seconds, in each of which one more request of `ms` was made than in the one before.
    fn after(seconds: u64, ms: impl Fn(u64) -> f64) -> Intervals {
        let mut totals = Totals::default();
        totals.group_by(grouping(), MAX_ROWS);
        let mut recorder = Recorder::new(100);
        let mut builder = IntervalsBuilder::default();
        for second in 0..seconds {
            let tags = recorder.intern(Tags::new([
                ("name".into(), "rooms".into()),
                ("method".into(), "GET".into()),
            ]));
            let requests = recorder.series(Builtin::HttpReqs.into(), tags);
            recorder.count(requests, 1.0);
            let durations = recorder.series(Builtin::HttpReqDuration.into(), tags);
            recorder.time(durations, to_scaled(ms(second)));
            totals.absorb(0, &recorder.snapshot());
            builder.second(&mut totals);
        }
        builder.snapshot(&totals)
    }

    #[test]
    fn a_short_run_has_an_interval_for_each_second() {
        let intervals = after(60, |second| second as f64 + 1.0);
        assert_eq!((intervals.interval_seconds, intervals.len()), (1, 60));
        let IntervalValues::Trend {
            counts,
            medians,
            histograms,
            ..
        } = intervals.total("http_req_duration").unwrap()
        else {
            panic!("no trend")
        };
        assert_eq!(counts, &[1; 60]);
        assert_eq!(medians[9], Some(10.0));
        let first = Histogram::from_v2_base64(histograms[9].as_ref().unwrap()).unwrap();
        assert_eq!(first.count(), 1);
        let endpoint = intervals.endpoint("http_req_duration", "rooms", "GET");
        let IntervalValues::Trend { histograms, .. } = endpoint.unwrap() else {
            panic!("no trend")
        };
        assert!(histograms.is_empty());
    }

    #[test]
    fn a_long_run_keeps_every_sample_in_a_bounded_number_of_intervals() {
        let seconds = 1_001;
        let intervals = after(seconds, |_| 5.0);
        assert_eq!(intervals.interval_seconds, 8);
        assert_eq!(intervals.len(), 126);
        let IntervalValues::Counter { sums } = intervals.total("http_reqs").unwrap() else {
            panic!("no counter")
        };
        assert_eq!(sums.len(), 126);
        assert_eq!(sums.iter().sum::<f64>(), seconds as f64);
        assert_eq!(sums[125], 1.0);
        let IntervalValues::Trend {
            counts, histograms, ..
        } = intervals.total("http_req_duration").unwrap()
        else {
            panic!("no trend")
        };
        assert_eq!(counts.iter().sum::<u64>(), seconds);
        let whole: u64 = histograms
            .iter()
            .flatten()
            .map(|text| Histogram::from_v2_base64(text).unwrap().count())
            .sum();
        assert_eq!(whole, seconds);
    }

    #[test]
    fn a_row_that_begins_late_is_as_long_as_the_others() {
        let mut totals = Totals::default();
        totals.group_by(grouping(), MAX_ROWS);
        let mut recorder = Recorder::new(100);
        let mut builder = IntervalsBuilder::default();
        for second in 0..5 {
            let tags = recorder.intern(Tags::default());
            if second == 3 {
                let series = recorder.series(Builtin::Checks.into(), tags);
                recorder.rate(series, true);
            }
            totals.absorb(0, &recorder.snapshot());
            builder.second(&mut totals);
        }
        let values = builder.snapshot(&totals);
        let expected = IntervalValues::Rate {
            passes: vec![0, 0, 0, 1, 0],
            totals: vec![0, 0, 0, 1, 0],
        };
        assert_eq!(values.total("checks"), Some(&expected));
    }

    #[test]
    fn values_are_written_with_five_digits() {
        assert_eq!(short(1.234_567_8), 1.2346);
        assert_eq!(short(12_345.678), 12_346.0);
        assert_eq!(short(0.000_123_456_7), 0.000_123_46);
        assert_eq!(short(0.0), 0.0);
    }
}
