//! Series over time that never grow past a fixed length: when full, they halve their resolution.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most points that a series has: an hour of seconds, half of twelve hours at twelve seconds.
pub const MAX_POINTS: usize = 3_600;

/// The main metrics over time, all on one clock.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TimeSeries {
    /// Length of one point, in seconds: 1, or a power of two for a long run.
    pub interval_seconds: u64,
    /// When the first point begins, in seconds from the start of the run.
    pub start_seconds: f64,
    /// Seconds that the points cover together; the last point may be shorter than the interval.
    pub covered_seconds: u64,
    /// The series, each of the same length.
    pub columns: Vec<Column>,
}

/// One series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Column {
    /// What it shows, such as `http_reqs` or `http_req_duration_p95`.
    pub name: String,
    /// Unit of the values: `ms`, `bytes`, `fraction`, or empty for a plain number.
    pub unit: String,
    /// How the seconds within one point were put together.
    pub combine: Combine,
    /// One value for each point; `null` where nothing was measured.
    pub values: Vec<Option<f64>>,
}

/// How several seconds are put together into one point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Combine {
    /// Added up: for counts. Divide by the interval for a rate.
    Sum,
    /// Averaged over the seconds that have a value: for shares, and for gauges read as a level.
    Mean,
    /// The greatest: for percentiles, where it is an upper bound, and for gauges read as a peak.
    Max,
}

/// What a series shows and how it is made coarser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnSpec {
    /// What it shows.
    pub name: String,
    /// Unit of its values.
    pub unit: String,
    /// How seconds are put together.
    pub combine: Combine,
}

impl ColumnSpec {
    /// A series called `name`, in `unit`, made coarser by `combine`.
    pub fn new(name: impl Into<String>, unit: impl Into<String>, combine: Combine) -> Self {
        Self {
            name: name.into(),
            unit: unit.into(),
            combine,
        }
    }
}

/// Takes one row a second and keeps at most a fixed number of points, however long the run is.
///
/// When the points are all used, neighbours are put together in pairs and the interval doubles. Each point
/// remembers how many seconds had a value, so a mean stays the mean of the seconds and is not
/// skewed by pairing a full second with an empty one.
#[derive(Clone, Debug)]
pub struct SeriesBuilder {
    columns: Vec<(ColumnSpec, Vec<Point>)>,
    start_seconds: f64,
    limit: usize,
    interval: u64,
    seconds: u64,
}

/// One point while it is being built. `seconds` counts the seconds that had a value.
#[derive(Clone, Copy, Debug, Default)]
struct Point {
    value: f64,
    seconds: u64,
}

impl Point {
    fn of(sample: Option<f64>) -> Self {
        match sample {
            Some(value) if value.is_finite() => Self { value, seconds: 1 },
            _ => Self::default(),
        }
    }

    fn with(self, later: Self, combine: Combine) -> Self {
        if self.seconds == 0 || later.seconds == 0 {
            return if self.seconds == 0 { later } else { self };
        }
        let seconds = self.seconds + later.seconds;
        let value = match combine {
            Combine::Sum => self.value + later.value,
            Combine::Max => self.value.max(later.value),
            Combine::Mean => {
                self.value + (later.value - self.value) * (later.seconds as f64 / seconds as f64)
            }
        };
        Self { value, seconds }
    }

    fn read(&self) -> Option<f64> {
        (self.seconds > 0).then_some(self.value)
    }
}

impl SeriesBuilder {
    /// An empty set of series whose first row will be the second that begins `start_seconds` into the run.
    pub fn new(columns: Vec<ColumnSpec>, start_seconds: f64) -> Self {
        Self::with_limit(columns, start_seconds, MAX_POINTS)
    }

    /// As [`SeriesBuilder::new`], keeping at most `limit` points (rounded down to an even number, at least 2).
    pub fn with_limit(columns: Vec<ColumnSpec>, start_seconds: f64, limit: usize) -> Self {
        Self {
            columns: columns.into_iter().map(|spec| (spec, Vec::new())).collect(),
            start_seconds,
            limit: (limit & !1).max(2),
            interval: 1,
            seconds: 0,
        }
    }

    /// What its columns are.
    pub fn specs(&self) -> Vec<ColumnSpec> {
        self.columns.iter().map(|(spec, _)| spec.clone()).collect()
    }

    /// Takes the row of the next second, one value for each column in their order.
    ///
    /// A row that is too short is filled up with "nothing measured"; surplus values, NaN and infinity are left out.
    pub fn push(&mut self, row: &[Option<f64>]) {
        let opens_a_point = self.seconds.is_multiple_of(self.interval);
        if opens_a_point && self.seconds / self.interval >= self.limit as u64 {
            self.halve();
        }
        let opens_a_point = self.seconds.is_multiple_of(self.interval);
        for (index, (spec, points)) in self.columns.iter_mut().enumerate() {
            let second = Point::of(row.get(index).copied().flatten());
            match points.last_mut() {
                Some(last) if !opens_a_point => *last = last.with(second, spec.combine),
                _ => points.push(second),
            }
        }
        self.seconds += 1;
    }

    /// Length of one point at present, in seconds.
    pub fn interval_seconds(&self) -> u64 {
        self.interval
    }

    /// The series as they stand.
    pub fn snapshot(&self) -> TimeSeries {
        TimeSeries {
            interval_seconds: self.interval,
            start_seconds: self.start_seconds,
            covered_seconds: self.seconds,
            columns: self
                .columns
                .iter()
                .map(|(spec, points)| Column {
                    name: spec.name.clone(),
                    unit: spec.unit.clone(),
                    combine: spec.combine,
                    values: points.iter().map(Point::read).collect(),
                })
                .collect(),
        }
    }

    fn halve(&mut self) {
        for (spec, points) in &mut self.columns {
            *points = points
                .chunks(2)
                .map(|pair| {
                    pair.iter()
                        .copied()
                        .fold(Point::default(), |sum, point| sum.with(point, spec.combine))
                })
                .collect();
        }
        self.interval *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn columns() -> Vec<ColumnSpec> {
        vec![
            ColumnSpec::new("http_reqs", "", Combine::Sum),
            ColumnSpec::new("vus", "", Combine::Mean),
            ColumnSpec::new("p95", "ms", Combine::Max),
        ]
    }

    fn built(rows: &[Option<f64>], limit: usize) -> TimeSeries {
        let mut builder = SeriesBuilder::with_limit(columns(), 0.0, limit);
        for row in rows {
            builder.push(&[*row, *row, *row]);
        }
        builder.snapshot()
    }

    #[test]
    fn a_short_run_keeps_every_second() {
        let series = built(&[Some(1.0), None, Some(3.0)], 4);
        assert_eq!(series.interval_seconds, 1);
        assert_eq!(series.columns[0].values, [Some(1.0), None, Some(3.0)]);
    }

    #[test]
    fn a_full_series_doubles_its_interval_and_combines_by_column() {
        let rows: Vec<_> = [1.0, 2.0, 3.0, 4.0, 10.0].map(Some).to_vec();
        let series = built(&rows, 4);
        assert_eq!(series.interval_seconds, 2);
        assert_eq!(series.covered_seconds, 5);
        assert_eq!(series.columns[0].values, [Some(3.0), Some(7.0), Some(10.0)]);
        assert_eq!(series.columns[1].values, [Some(1.5), Some(3.5), Some(10.0)]);
        assert_eq!(series.columns[2].values, [Some(2.0), Some(4.0), Some(10.0)]);
    }

    #[test]
    fn a_mean_weighs_seconds_and_not_points() {
        let rows = [Some(1.0), None, Some(4.0), Some(4.0), None];
        let series = built(&rows, 2);
        assert_eq!(series.interval_seconds, 4);
        assert_eq!(series.columns[1].values, [Some(3.0), None]);
    }

    #[test]
    fn an_hour_is_the_longest_run_that_keeps_its_seconds() {
        let mut builder = SeriesBuilder::new(columns(), 0.0);
        for _ in 0..MAX_POINTS {
            builder.push(&[Some(1.0)]);
        }
        assert_eq!(builder.interval_seconds(), 1);
        builder.push(&[Some(1.0)]);
        assert_eq!(builder.interval_seconds(), 2);
        assert_eq!(
            builder.snapshot().columns[0].values.len(),
            MAX_POINTS / 2 + 1
        );
        assert_eq!(builder.snapshot().columns[1].values[0], None);
    }

    #[test]
    fn what_json_cannot_hold_is_left_out() {
        let series = built(&[Some(f64::NAN), Some(f64::INFINITY)], 4);
        assert_eq!(series.columns[0].values, [None, None]);
    }

    proptest! {
        #[test]
        fn coarsening_keeps_sums_peaks_and_means_of_each_interval(
            rows in prop::collection::vec(prop::option::of(0u32..1_000), 0..400),
            limit in 2usize..20,
        ) {
            let rows: Vec<Option<f64>> = rows.into_iter().map(|v| v.map(f64::from)).collect();
            let series = built(&rows, limit);
            let interval = series.interval_seconds as usize;
            prop_assert!(interval.is_power_of_two());
            prop_assert!(series.columns[0].values.len() <= limit);
            prop_assert_eq!(series.columns[0].values.len(), rows.len().div_ceil(interval));
            for (index, seconds) in rows.chunks(interval).enumerate() {
                let present: Vec<f64> = seconds.iter().flatten().copied().collect();
                let sum: f64 = present.iter().sum();
                let expected = (!present.is_empty()).then_some(sum);
                prop_assert_eq!(series.columns[0].values[index], expected);
                let peak = present.iter().copied().reduce(f64::max);
                prop_assert_eq!(series.columns[2].values[index], peak);
                let mean = expected.map(|sum| sum / present.len() as f64);
                match (series.columns[1].values[index], mean) {
                    (Some(found), Some(mean)) => prop_assert!((found - mean).abs() < 1e-6),
                    (found, mean) => prop_assert_eq!(found, mean),
                }
            }
        }
    }
}
