//! Figures of a summary, put into a result: for files that hold no samples.

use std::collections::BTreeMap;

use crate::metrics::{Builtin, Contains, MetricKind};
use crate::result::{
    EndpointResult, MetricResult, MetricSeries, MetricValues, RunResult, TrendSummary, ratio,
};

use super::error::Flaw;

/// A metric of its kind and meaning.
pub fn metric(name: &str, contains: Contains, total: MetricValues) -> MetricResult {
    let definition = Builtin::by_name(name).map(Builtin::definition);
    MetricResult {
        name: name.to_owned(),
        kind: total.kind(),
        contains: definition.map_or(contains, |definition| definition.contains),
        description: definition
            .map_or("a metric of another tool", |definition| {
                definition.description
            })
            .to_owned(),
        total,
        series: Vec::new(),
    }
}

/// A sum.
pub fn counter(count: f64, seconds: f64) -> MetricValues {
    MetricValues::Counter {
        count,
        rate: ratio(count, seconds),
    }
}

/// A share.
pub fn rate(trues: u64, total: u64) -> MetricValues {
    MetricValues::Rate {
        rate: ratio(trues as f64, total as f64),
        passes: trues,
        total,
    }
}

/// Tags of requests that are told apart by status; 0 is that of those without a response.
pub fn by_status(status: &str, expected: bool) -> BTreeMap<String, String> {
    let pairs = [
        ("expected_response", expected.to_string()),
        ("status", status.to_owned()),
    ];
    pairs.map(|(key, value)| (key.to_owned(), value)).into()
}

/// A distribution of which only this is known.
pub fn trend(summary: TrendSummary) -> MetricValues {
    MetricValues::Trend {
        summary,
        histogram: None,
    }
}

/// Looks for what cannot be: durations below zero.
///
/// # Errors
/// When there is one.
pub fn not_negative(name: &str, summary: &TrendSummary) -> Result<(), Flaw> {
    let least = [
        summary.min,
        summary.avg,
        summary.med,
        summary.p90,
        summary.p95,
        summary.p99,
        summary.p999,
        summary.max,
    ];
    match least.into_iter().find(|value| *value < 0.0) {
        Some(value) => Err(Flaw::new(format!(
            "`{name}` is {value}: a duration is never negative"
        ))),
        None => Ok(()),
    }
}

/// Looks for what cannot be: a percentile below a lower one, or far out of what was measured at all. Tools round, so that the ends are not
/// held to the digit.
///
/// # Errors
/// When there is one.
pub fn in_order(name: &str, summary: &TrendSummary) -> Result<(), Flaw> {
    const ROUNDED: f64 = 0.1;
    let told = [
        ("p50", summary.med),
        ("p90", summary.p90),
        ("p95", summary.p95),
        ("p99", summary.p99),
        ("p99.9", summary.p999),
    ];
    let told: Vec<(&str, f64)> = told
        .into_iter()
        .filter(|(_, value)| value.is_finite())
        .collect();
    for pair in told.windows(2) {
        if let [(lower, low), (higher, high)] = pair
            && low > high
        {
            return Err(Flaw::new(format!(
                "`{name}`: {higher} is {high} and {lower} is {low}: a higher percentile is never lower"
            )));
        }
    }
    let slack = |value: f64| value.abs() * ROUNDED + 1e-9;
    for (what, value) in told.into_iter().chain([("the average", summary.avg)]) {
        let (min, max) = (summary.min, summary.max);
        if value > max + slack(max) {
            return Err(Flaw::new(format!(
                "`{name}`: {what} is {value} and the maximum is {max}"
            )));
        }
        if value < min - slack(min) {
            return Err(Flaw::new(format!(
                "`{name}`: {what} is {value} and the minimum is {min}"
            )));
        }
    }
    Ok(())
}

/// What a summary tells of the requests of one name, or of all.
#[derive(Debug, Clone)]
pub struct Requests {
    pub count: u64,
    /// Absent where the file does not tell it.
    pub failed: Option<u64>,
    /// In milliseconds.
    pub durations: TrendSummary,
}

/// A metric's values, by what is told of requests and the length of the run.
type Reading = fn(&Requests, f64) -> Option<MetricValues>;

/// Puts requests into a result: as a whole, and by name and method where the file tells them apart.
///
/// # Errors
/// When percentiles cannot be.
pub fn requests(
    result: &mut RunResult,
    all: &Requests,
    by_name: &[(String, String, Requests)],
) -> Result<(), Flaw> {
    in_order("http_req_duration", &all.durations)?;
    for (name, method, row) in by_name {
        in_order(format!("{method} {name}").trim(), &row.durations)?;
    }
    let seconds = result.run.duration_seconds;
    let tags = |name: &str, method: &str| {
        let pairs = [("name", name), ("method", method)];
        let told = pairs.into_iter().filter(|(_, value)| !value.is_empty());
        BTreeMap::from_iter(told.map(|(key, value)| (key.to_owned(), value.to_owned())))
    };
    let values: [(&str, Reading); 3] = [
        ("http_req_duration", |row, _| Some(trend(row.durations))),
        ("http_req_failed", |row, _| {
            Some(rate(row.failed?, row.count))
        }),
        ("http_reqs", |row, seconds| {
            Some(counter(row.count as f64, seconds))
        }),
    ];
    for (name, of) in values {
        let Some(total) = of(all, seconds) else {
            continue;
        };
        let mut metric = metric(name, Contains::Default, total);
        metric.series = by_name
            .iter()
            .filter_map(|(name, method, row)| {
                let tags = tags(name, method);
                of(row, seconds).map(|values| MetricSeries { tags, values })
            })
            .collect();
        result.metrics.push(metric);
    }
    result.endpoints = by_name
        .iter()
        .map(|(name, method, row)| EndpointResult {
            name: name.clone(),
            method: method.clone(),
            scenario: None,
            group: None,
            requests: row.count,
            per_second: ratio(row.count as f64, seconds),
            failed: row.failed.unwrap_or_default(),
            failed_rate: ratio(row.failed.unwrap_or_default() as f64, row.count as f64),
            statuses: BTreeMap::new(),
            duration: row.durations,
            duration_failed: None,
        })
        .collect();
    Ok(())
}

/// Adds a metric unless a nature contradicts it: a built-in name keeps its kind.
pub fn fits(name: &str, kind: MetricKind) -> bool {
    Builtin::by_name(name).is_none_or(|builtin| builtin.definition().kind == kind)
}
