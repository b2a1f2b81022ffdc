//! What there is to look at for one objective.

use std::str::FromStr;

use crate::metrics::Histogram;
use crate::metrics::histogram::from_scaled;
use crate::result::{Column, IntervalValues, MetricValues, RunResult, SloResult};
use crate::slo::{Expression, Selector};

/// What the objective is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// How long something takes.
    Latency,
    /// How much of something fails.
    Failures,
}

/// One interval of the run, of the requests that the objective is about.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// Its middle, in seconds from the start.
    pub at: f64,
    /// Requests per second.
    pub rate: f64,
    pub mean: f64,
    pub median: f64,
    pub p95: f64,
}

/// What became of the requests of one interval. Of those that were refused there may be no time.
#[derive(Clone, Copy, Debug)]
pub struct Outcomes {
    /// When it begins, in seconds from the start.
    pub begins: f64,
    /// Requests that failed, and those of which it is known whether they did.
    pub failed: u64,
    pub asked: u64,
}

/// What a look is given.
pub struct Evidence<'a> {
    pub result: &'a RunResult,
    pub selector: Selector,
    pub target: Expression,
    pub subject: Subject,
    /// Whole intervals that had samples.
    pub points: Vec<Point>,
    /// Whole intervals that had requests.
    pub outcomes: Vec<Outcomes>,
    /// Length of an interval, in seconds.
    pub interval: f64,
}

const DURATION: &str = "http_req_duration";
const FAILED: &str = "http_req_failed";

/// Fewer intervals say nothing about how something changed.
pub const FEWEST: usize = 12;

impl<'a> Evidence<'a> {
    /// What the run tells about an objective; nothing if it is of a kind that has no causes to look for here.
    pub fn of(result: &'a RunResult, slo: &SloResult) -> Option<Self> {
        let selector = Selector::from_str(&slo.metric).ok()?;
        let target = Expression::from_str(&slo.target).ok()?;
        let subject = match selector.metric() {
            FAILED | "checks" | "iteration_errors" => Subject::Failures,
            metric if is_time(result, metric) => Subject::Latency,
            _ => return None,
        };
        let (points, outcomes) = points(result, &selector);
        Some(Self {
            result,
            selector,
            target,
            subject,
            points,
            outcomes,
            interval: result.intervals.interval_seconds as f64,
        })
    }

    /// Whether there are enough intervals to see how something changed.
    pub fn is_long_enough(&self) -> bool {
        self.points.len() >= FEWEST
    }

    /// One number of each point.
    pub fn each(&self, of: fn(&Point) -> f64) -> Vec<f64> {
        self.points.iter().map(of).collect()
    }

    /// The distribution of what the objective is about, over the whole run.
    pub fn histogram(&self) -> Option<Histogram> {
        self.histogram_where(|_| true)
    }

    /// The same, of the tag sets that are wanted.
    pub fn histogram_where(
        &self,
        wanted: impl Fn(&std::collections::BTreeMap<String, String>) -> bool,
    ) -> Option<Histogram> {
        let metric = match self.subject {
            Subject::Latency => self.selector.metric(),
            Subject::Failures => DURATION,
        };
        let row = self.result.metrics.iter().find(|row| row.name == metric)?;
        let mut sum = Histogram::new();
        for series in &row.series {
            let is_meant = self
                .selector
                .matches_tags(|key| series.tags.get(key).map(String::as_str));
            if is_meant
                && wanted(&series.tags)
                && let MetricValues::Trend {
                    histogram: Some(text),
                    ..
                } = &series.values
                && let Ok(histogram) = Histogram::from_v2_base64(text)
            {
                sum.merge(&histogram);
            }
        }
        (!sum.is_empty()).then_some(sum)
    }

    /// A column of the time series, second by second (or coarser in a long run).
    pub fn column(&self, name: &str) -> Option<&Column> {
        let columns = self.result.time_series.columns.iter();
        columns.clone().find(|column| column.name == name)
    }
}

/// A percentile in the trend's own unit.
pub fn percentile(histogram: &Histogram, percentile: f64) -> f64 {
    from_scaled(histogram.value_at_percentile(percentile) as f64)
}

fn is_time(result: &RunResult, metric: &str) -> bool {
    result.metrics.iter().any(|row| {
        row.name == metric
            && row.contains == crate::result::Contains::Time
            && row.total.kind() == crate::result::MetricKind::Trend
    })
}

/// Sums over the rows that an objective is about.
#[derive(Clone, Copy, Default)]
struct Sum {
    count: u64,
    mean: f64,
    median: f64,
    p95: f64,
    failed: u64,
    asked: u64,
}

fn points(result: &RunResult, selector: &Selector) -> (Vec<Point>, Vec<Outcomes>) {
    let intervals = &result.intervals;
    let (Some(length), length_seconds) = (
        intervals
            .covered_seconds
            .checked_div(intervals.interval_seconds),
        intervals.interval_seconds as f64,
    ) else {
        return Default::default();
    };
    let whole = usize::try_from(length).unwrap_or(0);
    let mut sums = vec![Sum::default(); whole];
    let by_endpoint = !selector.conditions().is_empty()
        && selector
            .conditions()
            .iter()
            .all(|condition| ["name", "method"].contains(&condition.key.as_str()));
    let trend = match selector.metric() {
        FAILED | "checks" | "iteration_errors" => DURATION,
        // Endpoints are followed by their response time only.
        _ if by_endpoint => DURATION,
        metric => metric,
    };
    for row in &intervals.rows {
        let is_meant = if by_endpoint {
            !row.tags.is_empty()
                && selector.matches_tags(|key| row.tags.get(key).map(String::as_str))
        } else {
            row.tags.is_empty()
        };
        if !is_meant {
            continue;
        }
        match &row.values {
            IntervalValues::Trend {
                counts,
                means,
                medians,
                p95s,
                ..
            } if row.metric == trend => {
                let cells = counts.iter().zip(means).zip(medians).zip(p95s);
                for (sum, (((count, mean), median), p95)) in sums.iter_mut().zip(cells) {
                    let weight = *count as f64;
                    sum.count += count;
                    sum.mean += weight * mean.unwrap_or_default();
                    sum.median += weight * median.unwrap_or_default();
                    sum.p95 += weight * p95.unwrap_or_default();
                }
            }
            IntervalValues::Rate { passes, totals } if row.metric == FAILED => {
                for (sum, (failed, asked)) in sums.iter_mut().zip(passes.iter().zip(totals)) {
                    sum.failed += failed;
                    sum.asked += asked;
                }
            }
            _ => {}
        }
    }
    let begins = |number: usize| intervals.start_seconds + number as f64 * length_seconds;
    let outcomes = sums.iter().enumerate().filter(|(_, sum)| sum.asked > 0);
    let outcomes = outcomes
        .map(|(number, sum)| Outcomes {
            begins: begins(number),
            failed: sum.failed,
            asked: sum.asked,
        })
        .collect();
    let points = sums
        .iter()
        .enumerate()
        .filter(|(_, sum)| sum.count > 0)
        .map(|(number, sum)| {
            let weight = sum.count as f64;
            Point {
                at: begins(number) + length_seconds / 2.0,
                rate: weight / length_seconds,
                mean: sum.mean / weight,
                median: sum.median / weight,
                p95: sum.p95 / weight,
            }
        })
        .collect();
    (points, outcomes)
}
