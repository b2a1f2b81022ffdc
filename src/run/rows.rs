//! From measurements to the rows of a result.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::metrics::totals::{Accumulator, TagMap, TotalSeries};
use crate::metrics::{Builtin, Contains, Histogram, MetricKind, Totals};
use crate::result::{
    CheckResult, EndpointResult, ErrorExample, ErrorKind, ErrorResult, HeaderExample,
    MessageExample, MetricResult, MetricSeries, MetricValues, SlowRequest, TrendSummary, ratio,
};
use crate::secrets::{MASK, is_secret_name, mask_urls};
use crate::trace::SlowRequests;
use crate::vu::{ErrorTally, Failure, FailureKind, Seen, TallyKey};

/// `whole`: with the distribution of a trend.
fn values(accumulator: &Accumulator, seconds: f64, whole: bool) -> MetricValues {
    match accumulator {
        Accumulator::Counter { sum } => MetricValues::Counter {
            count: *sum,
            rate: ratio(*sum, seconds),
        },
        Accumulator::Gauge { samples: 0, .. } => MetricValues::Gauge {
            value: 0.0,
            min: 0.0,
            max: 0.0,
        },
        Accumulator::Gauge { last, min, max, .. } => MetricValues::Gauge {
            value: *last,
            min: *min,
            max: *max,
        },
        Accumulator::Rate { trues, total } => MetricValues::Rate {
            rate: ratio(*trues as f64, *total as f64),
            passes: *trues,
            total: *total,
        },
        Accumulator::Trend(histogram) => MetricValues::Trend {
            summary: TrendSummary::of(histogram),
            histogram: (whole && !histogram.is_empty()).then(|| histogram.to_v2_base64()),
        },
    }
}

/// Every metric: over all, and by tag set.
pub fn metrics(totals: &Totals, seconds: f64) -> Vec<MetricResult> {
    let mut by_name: BTreeMap<&str, (MetricKind, Contains, Vec<&TotalSeries>)> = BTreeMap::new();
    for series in totals.series() {
        let entry = by_name
            .entry(&series.info.name)
            .or_insert_with(|| (series.info.kind, series.info.contains, Vec::new()));
        // Two workers may have made the same custom metric with different kinds; the first one counts.
        if entry.0 == series.info.kind {
            entry.2.push(series);
        }
    }
    by_name
        .into_iter()
        .map(|(name, (kind, contains, series))| {
            let mut total = Accumulator::new(kind);
            series.iter().for_each(|series| total.merge(&series.total));
            MetricResult {
                name: name.to_owned(),
                kind,
                contains,
                description: description(name).to_owned(),
                total: values(&total, seconds, true),
                series: series
                    .into_iter()
                    .map(|series| MetricSeries {
                        tags: TagMap::clone(&series.tags),
                        values: values(&series.total, seconds, true),
                    })
                    .collect(),
            }
        })
        .collect()
}

/// Every metric over all its tag sets, without the distributions.
pub fn totals(totals: &Totals, seconds: f64) -> Vec<MetricResult> {
    let mut by_name: BTreeMap<&str, (Contains, Accumulator)> = BTreeMap::new();
    for series in totals.series() {
        let new = || (series.info.contains, Accumulator::new(series.info.kind));
        let (_, total) = by_name.entry(&series.info.name).or_insert_with(new);
        total.merge(&series.total);
    }
    by_name
        .into_iter()
        .map(|(name, (contains, total))| MetricResult {
            name: name.to_owned(),
            kind: total.kind(),
            contains,
            description: description(name).to_owned(),
            total: values(&total, seconds, false),
            series: Vec::new(),
        })
        .collect()
}

fn description(metric: &str) -> &'static str {
    Builtin::by_name(metric).map_or("a metric of the script", |metric| {
        metric.definition().description
    })
}

/// What was gathered of one endpoint.
#[derive(Default)]
struct Endpoint {
    requests: f64,
    failed: f64,
    statuses: BTreeMap<String, u64>,
    duration: Histogram,
    duration_failed: Histogram,
}

/// One row for each name, method, scenario and group.
pub fn endpoints(totals: &Totals, seconds: f64) -> Vec<EndpointResult> {
    let tag = |tags: &TagMap, key: &str| tags.get(key).cloned();
    let mut rows: BTreeMap<(String, String, Option<String>, Option<String>), Endpoint> =
        BTreeMap::new();
    for series in totals.series() {
        let name = series.info.name.as_str();
        if name != Builtin::HttpReqs.definition().name
            && name != Builtin::HttpReqDuration.definition().name
        {
            continue;
        }
        let tags = &series.tags;
        let key = (
            tag(tags, "name").unwrap_or_default(),
            tag(tags, "method").unwrap_or_default(),
            tag(tags, "scenario"),
            tag(tags, "group"),
        );
        let row = rows.entry(key).or_default();
        let failed = tags
            .get("expected_response")
            .is_some_and(|expected| expected == "false");
        match &series.total {
            Accumulator::Counter { sum } => {
                row.requests += sum;
                if failed {
                    row.failed += sum;
                }
                let status = match tags.get("status").map(String::as_str) {
                    None | Some("0") => "error".to_owned(),
                    Some(status) => status.to_owned(),
                };
                *row.statuses.entry(status).or_default() += *sum as u64;
            }
            Accumulator::Trend(histogram) => {
                row.duration.merge(histogram);
                if failed {
                    row.duration_failed.merge(histogram);
                }
            }
            _ => {}
        }
    }
    rows.into_iter()
        .map(|((name, method, scenario, group), row)| EndpointResult {
            name,
            method,
            scenario,
            group,
            requests: row.requests as u64,
            per_second: ratio(row.requests, seconds),
            failed: row.failed as u64,
            failed_rate: ratio(row.failed, row.requests),
            statuses: row.statuses,
            duration: TrendSummary::of(&row.duration),
            duration_failed: (!row.duration_failed.is_empty())
                .then(|| TrendSummary::of(&row.duration_failed)),
        })
        .collect()
}

/// One row for each check, group and scenario.
pub fn checks(totals: &Totals) -> Vec<CheckResult> {
    let mut rows: BTreeMap<(String, String, String), (u64, u64)> = BTreeMap::new();
    for series in totals
        .series()
        .iter()
        .filter(|series| series.info.name == Builtin::Checks.definition().name)
    {
        let tag = |key: &str| series.tags.get(key).cloned().unwrap_or_default();
        if let Accumulator::Rate { trues, total } = series.total {
            let row = rows
                .entry((tag("scenario"), tag("group"), tag("check")))
                .or_default();
            row.0 += trues;
            row.1 += total - trues;
        }
    }
    rows.into_iter()
        .map(|((scenario, group, name), (passes, fails))| CheckResult {
            name,
            group,
            scenario,
            passes,
            fails,
        })
        .collect()
}

/// Requests that are told of with their trace.
const SLOW_REQUESTS: usize = 100;

/// The slowest requests whose trace was kept.
pub fn slow_requests(slow: &SlowRequests, start: f64) -> Vec<SlowRequest> {
    let row = |request: crate::trace::SlowRequest| SlowRequest {
        name: request.name,
        method: request.method,
        status: request.status,
        at: (request.at - start).max(0.0),
        duration: request.duration as f64 / 1e6,
        trace_id: request.trace.to_string(),
    };
    slow.slowest(SLOW_REQUESTS).into_iter().map(row).collect()
}

/// Failures, the most frequent first.
pub fn errors(
    tallies: &std::collections::HashMap<TallyKey, ErrorTally>,
    start: f64,
) -> Vec<ErrorResult> {
    let mut rows: Vec<ErrorResult> = tallies
        .iter()
        .map(|(key, tally)| ErrorResult {
            kind: match key.kind {
                FailureKind::Http => ErrorKind::Http,
                FailureKind::Script => ErrorKind::Script,
                FailureKind::Check => ErrorKind::Check,
                FailureKind::Timeout => ErrorKind::Timeout,
            },
            code: if key.code == 0 {
                String::new()
            } else {
                key.code.to_string()
            },
            message: key.message.clone(),
            count: tally.count,
            first_seconds: (tally.first - start).max(0.0),
            last_seconds: (tally.last - start).max(0.0),
            example: Some(ErrorExample {
                text: tally.example.text.clone(),
                url: tally.example.url.clone(),
                scenario: (!tally.example.scenario.is_empty())
                    .then(|| tally.example.scenario.clone()),
                vu: (tally.example.vu > 0).then_some(tally.example.vu),
                iteration: (tally.example.vu > 0).then_some(tally.example.iteration),
                trace_id: tally.example.trace.map(|trace| trace.to_string()),
                request: tally.example.exchange.as_ref().map(|e| message(&e.request)),
                response: tally
                    .example
                    .exchange
                    .as_ref()
                    .and_then(|exchange| exchange.response.as_ref().map(message)),
            }),
        })
        .collect();
    rows.sort_by(|a, b| {
        b.count
            .cmp(&a.count)
            .then_with(|| a.message.cmp(&b.message))
    });
    rows
}

fn message(seen: &Seen) -> MessageExample {
    let header = |(name, value): &(String, String)| HeaderExample {
        name: name.clone(),
        value: value.clone(),
    };
    MessageExample {
        start: seen.start.clone(),
        headers: seen.headers.iter().map(header).collect(),
        body: seen.body.clone(),
    }
}

/// The failure of `setup`, which belongs to no iteration and so is in no tally.
pub fn setup_error(failure: &Failure) -> ErrorResult {
    ErrorResult {
        kind: ErrorKind::Script,
        code: String::new(),
        message: failure.message.clone(),
        count: 1,
        first_seconds: 0.0,
        last_seconds: 0.0,
        example: Some(ErrorExample {
            text: failure.rendered.clone(),
            scenario: Some("setup".to_owned()),
            ..ErrorExample::default()
        }),
    }
}

/// One scenario's samples of a metric, merged.
pub fn of_scenario(totals: &Totals, metric: Builtin, scenario: &str) -> Accumulator {
    let definition = metric.definition();
    let mut merged = Accumulator::new(definition.kind);
    let of_it = |series: &&TotalSeries| {
        series.info.name == definition.name
            && series
                .tags
                .get("scenario")
                .is_some_and(|name| name == scenario)
    };
    totals
        .series()
        .iter()
        .filter(of_it)
        .for_each(|series| merged.merge(&series.total));
    merged
}

/// A copy of options that is fit for a report: what looks like a secret is masked.
pub fn without_secrets(options: &Map<String, Value>) -> Value {
    fn clean(key: &str, value: &Value) -> Value {
        match value {
            _ if is_secret_name(key) && key != "keep_cookies" => Value::String(MASK.to_owned()),
            // The keys in these are names that somebody chose.
            Value::Object(map) if matches!(key, "scenarios" | "slos") => Value::Object(
                map.iter()
                    .map(|(name, value)| (name.clone(), clean("", value)))
                    .collect(),
            ),
            Value::Object(map) => Value::Object(
                map.iter()
                    .map(|(key, value)| (key.clone(), clean(key, value)))
                    .collect(),
            ),
            Value::Array(items) => Value::Array(items.iter().map(|item| clean("", item)).collect()),
            Value::String(text) => Value::String(mask_urls(text).into_owned()),
            other => other.clone(),
        }
    }
    Value::Object(
        options
            .iter()
            .map(|(key, value)| (key.clone(), clean(key, value)))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_do_not_reach_a_result() {
        let options = json!({
            "headers": { "Authorization": "Bearer abc", "x-api-key": "k", "X-Auth": "k2", "accept": "text/html" },
            "proxy": "http://user:pass@proxy:3128",
            "keep_cookies": true,
            "slos": { "checks{check:token is fresh}": ["rate > 1%"] },
            "scenarios": { "token_refresh": { "env": { "DB_PASS": "hunter2", "PIN": "5678", "HOOK": "https://h/?access_token=t0k3n&v=1", "MODE": "fast" } } },
        });
        let clean = without_secrets(options.as_object().unwrap()).to_string();
        for secret in ["abc", "\"k\"", "k2", "pass@", "hunter2", "5678", "t0k3n"] {
            assert!(!clean.contains(secret), "{clean}");
        }
        for plain in [
            "text/html",
            "fast",
            "***&v=1",
            "\"keep_cookies\":true",
            "rate > 1%",
        ] {
            assert!(clean.contains(plain), "{clean}");
        }
    }
}
