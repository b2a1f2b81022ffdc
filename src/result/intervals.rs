//! What was measured in each part of a run: every metric's total and each endpoint, for charts, for spreads of response times
//! over time, and for telling a change from noise.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most intervals that a run is cut into; when they are full, neighbours are put together in pairs.
pub const MAX_INTERVALS: usize = 128;

/// A run cut into intervals of equal length.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Intervals {
    /// Length of one interval, in seconds: 1, or a power of two for a run longer than two minutes.
    pub interval_seconds: u64,
    /// When the first one begins, in seconds from the start of the run.
    pub start_seconds: f64,
    /// Seconds that the intervals cover together; the last one may be shorter than the others.
    pub covered_seconds: u64,
    /// One row for each metric (without tags) and for each endpoint (tags `name` and `method`).
    pub rows: Vec<IntervalRow>,
}

impl Intervals {
    /// How many intervals there are.
    pub fn len(&self) -> usize {
        match self.interval_seconds {
            0 => 0,
            length => usize::try_from(self.covered_seconds.div_ceil(length)).unwrap_or(0),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether every list is as long as there are intervals, of which there are no more than a run is cut into.
    pub fn is_whole(&self) -> bool {
        let length = self.len();
        length <= MAX_INTERVALS && self.rows.iter().all(|row| row.values.is_of(length))
    }

    /// The row of a metric over all tags.
    pub fn total(&self, metric: &str) -> Option<&IntervalValues> {
        self.rows
            .iter()
            .find(|row| row.metric == metric && row.tags.is_empty())
            .map(|row| &row.values)
    }

    /// The row of a metric for the requests of one name and method.
    pub fn endpoint(&self, metric: &str, name: &str, method: &str) -> Option<&IntervalValues> {
        let is = |row: &IntervalRow, key: &str, value: &str| {
            row.tags.get(key).is_some_and(|known| known == value)
        };
        self.rows
            .iter()
            .find(|row| row.metric == metric && is(row, "name", name) && is(row, "method", method))
            .map(|row| &row.values)
    }
}

/// One metric, or one metric of one endpoint, interval by interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct IntervalRow {
    /// The metric's name.
    pub metric: String,
    /// The endpoint's `name` and `method`; empty for the metric's total.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// What was measured. All lists are as long as there are intervals.
    #[serde(flatten)]
    pub values: IntervalValues,
}

/// What was measured of one metric in each interval, by the metric's kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum IntervalValues {
    /// Sums.
    Counter {
        /// The sum of each interval.
        sums: Vec<f64>,
    },
    /// Levels.
    Gauge {
        /// The last value of each interval; `null` where there was none.
        values: Vec<Option<f64>>,
    },
    /// Shares.
    Rate {
        /// True samples of each interval.
        passes: Vec<u64>,
        /// Samples of each interval.
        totals: Vec<u64>,
    },
    /// Distributions. Where intervals were put together, `medians` and `p95s` are means of theirs weighted by `counts`.
    Trend {
        /// Samples of each interval.
        counts: Vec<u64>,
        /// The arithmetic mean of each interval; `null` without samples.
        means: Vec<Option<f64>>,
        /// The median of each interval; `null` without samples.
        medians: Vec<Option<f64>>,
        /// The 95th percentile of each interval; `null` without samples.
        p95s: Vec<Option<f64>>,
        /// The whole distribution of each interval, as in a metric's `histogram`; `null` without samples. Only the total of
        /// `http_req_duration` has them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        histograms: Vec<Option<String>>,
    },
}

impl IntervalValues {
    fn is_of(&self, length: usize) -> bool {
        match self {
            Self::Counter { sums } => sums.len() == length,
            Self::Gauge { values } => values.len() == length,
            Self::Rate { passes, totals } => passes.len() == length && totals.len() == length,
            Self::Trend {
                counts,
                means,
                medians,
                p95s,
                histograms,
            } => {
                let lists = [means.len(), medians.len(), p95s.len()];
                let whole = histograms.is_empty() || histograms.len() == length;
                counts.len() == length && lists.iter().all(|list| *list == length) && whole
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_metric_and_endpoint() {
        let row = |tags: &[(&str, &str)], sum: f64| IntervalRow {
            metric: "http_reqs".to_owned(),
            tags: tags
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
            values: IntervalValues::Counter { sums: vec![sum] },
        };
        let intervals = Intervals {
            interval_seconds: 2,
            covered_seconds: 3,
            rows: vec![
                row(&[("name", "rooms"), ("method", "GET")], 2.0),
                row(&[], 5.0),
            ],
            ..Intervals::default()
        };
        assert_eq!(intervals.len(), 2);
        let counter = |sum| IntervalValues::Counter { sums: vec![sum] };
        assert_eq!(intervals.total("http_reqs"), Some(&counter(5.0)));
        let rooms = intervals.endpoint("http_reqs", "rooms", "GET");
        assert_eq!(rooms, Some(&counter(2.0)));
        assert!(intervals.endpoint("http_reqs", "rooms", "POST").is_none());
        assert!(Intervals::default().is_empty());
    }
}
