//! oha's JSON: `oha --output-format json`, in older versions `-j`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::document::{About, empty};
use super::error::Flaw;
use super::sheet::{self, Requests};
use super::{Confidence, Importer, Shape, Source, json};
use crate::metrics::Contains;
use crate::result::{ErrorKind, ErrorResult, MetricSeries, RunResult, TrendSummary};

/// What oha calls requests that were under way when its time was over; they are no failures.
const DEADLINE: &str = "aborted due to deadline";

/// The report in JSON.
pub struct Report;

impl Importer for Report {
    fn name(&self) -> &'static str {
        "oha"
    }

    fn title(&self) -> &'static str {
        "oha --output-format json"
    }

    fn sniff(&self, shape: &Shape<'_>) -> Confidence {
        Confidence::when(shape.has("summary/successRate") && shape.has("summary/requestsPerSec"))
    }

    fn read(&self, source: Source<'_>) -> Result<RunResult, Flaw> {
        let script = source.name().to_owned();
        let document = json::object(source)?;
        let summary = json::inner(&document, "summary")?;
        let statuses = counts(&document, "statusCodeDistribution")?;
        let mut errors = counts(&document, "errorDistribution")?;
        let unfinished = errors.remove(DEADLINE).unwrap_or_default();
        let answered: u64 = statuses
            .values()
            .fold(0, |sum, count| sum.saturating_add(*count));
        let silent: u64 = errors
            .values()
            .fold(0, |sum, count| sum.saturating_add(*count));
        if answered == 0 && silent == 0 {
            return Err(Flaw::new("it has no requests: nothing was measured"));
        }
        let refused = statuses
            .iter()
            .filter(|(status, _)| !is_good(status))
            .fold(0, |sum: u64, (_, count)| sum.saturating_add(*count));
        let all = Requests {
            count: answered.saturating_add(silent),
            failed: Some(refused.saturating_add(silent)),
            durations: durations(&document, summary, answered)?,
        };
        let mut notes =
            vec!["oha takes response times of requests that got a response only".to_owned()];
        if unfinished > 0 {
            notes.push(format!(
                "{unfinished} requests were under way when oha's time was over; they are not counted"
            ));
        }
        let mut result = empty(About {
            tool: "oha",
            script,
            seconds: json::amount(summary, "total", "the summary")?,
            notes,
            ..About::default()
        });
        sheet::requests(&mut result, &all, &[])?;
        by_status(&mut result, &statuses, silent);
        if let Some(bytes) = json::number(summary, "totalData").filter(|bytes| *bytes >= 0.0) {
            let seconds = result.run.duration_seconds;
            let values = sheet::counter(bytes, seconds);
            result
                .metrics
                .push(sheet::metric("data_received", Contains::Data, values));
        }
        result.metrics.sort_by(|a, b| a.name.cmp(&b.name));
        result.errors = errors
            .into_iter()
            .map(|(message, count)| ErrorResult {
                kind: ErrorKind::Http,
                code: String::new(),
                message,
                count,
                first_seconds: 0.0,
                last_seconds: 0.0,
                example: None,
            })
            .collect();
        result
            .errors
            .sort_by_key(|error| std::cmp::Reverse(error.count));
        Ok(result)
    }
}

fn is_good(status: &str) -> bool {
    status.starts_with(['1', '2', '3'])
}

fn durations(
    document: &Map<String, Value>,
    summary: &Map<String, Value>,
    count: u64,
) -> Result<TrendSummary, Flaw> {
    if count == 0 {
        return Ok(TrendSummary::default());
    }
    let percentiles = document
        .get("latencyPercentiles")
        .and_then(Value::as_object);
    // Seconds, and null where there is none.
    let of = |map: Option<&Map<String, Value>>, key: &str| {
        map.and_then(|map| json::number(map, key))
            .map_or(f64::NAN, |seconds| seconds * 1e3)
    };
    let found = TrendSummary {
        count,
        min: of(Some(summary), "fastest"),
        max: of(Some(summary), "slowest"),
        avg: of(Some(summary), "average"),
        med: of(percentiles, "p50"),
        p90: of(percentiles, "p90"),
        p95: of(percentiles, "p95"),
        p99: of(percentiles, "p99"),
        p999: of(percentiles, "p99.9"),
    };
    sheet::not_negative("latencyPercentiles", &found)?;
    sheet::in_order("latencyPercentiles", &found)?;
    Ok(found)
}

fn counts(document: &Map<String, Value>, key: &str) -> Result<BTreeMap<String, u64>, Flaw> {
    json::inner(document, key)?
        .iter()
        .map(|(name, count)| match count.as_u64() {
            Some(count) => Ok((name.clone(), count)),
            None => Err(Flaw::new(format!(
                "`{key}` of `{name}` is no number of requests"
            ))),
        })
        .collect()
}

/// Requests are told apart by status, and nothing else.
fn by_status(result: &mut RunResult, statuses: &BTreeMap<String, u64>, silent: u64) {
    let seconds = result.run.duration_seconds;
    let Some(requests) = result
        .metrics
        .iter_mut()
        .find(|metric| metric.name == "http_reqs")
    else {
        return;
    };
    let statuses = statuses
        .iter()
        .map(|(status, count)| (status.as_str(), *count));
    let silent = (silent > 0).then_some(("0", silent));
    requests.series = statuses
        .chain(silent)
        .map(|(status, count)| MetricSeries {
            tags: sheet::by_status(status, is_good(status)),
            values: sheet::counter(count as f64, seconds),
        })
        .collect();
}
