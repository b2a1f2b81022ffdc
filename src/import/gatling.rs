//! Gatling's `js/stats.json` and `js/global_stats.json`, beside the report in HTML.
//!
//! Older versions write figures as texts (`"1,234"`, `"-"`), newer ones as numbers.

use serde_json::{Map, Value};

use super::document::{About, empty};
use super::error::Flaw;
use super::sheet::{self, Requests};
use super::{Confidence, Importer, Shape, Source, json};
use crate::result::{RunResult, TrendSummary, ratio};

/// Groups within groups.
const DEEPEST: usize = 32;

/// Both files.
pub struct Stats;

impl Importer for Stats {
    fn name(&self) -> &'static str {
        "gatling"
    }

    fn title(&self) -> &'static str {
        "Gatling stats.json"
    }

    fn sniff(&self, shape: &Shape<'_>) -> Confidence {
        Confidence::when(
            shape.has("stats/numberOfRequests/total")
                || (shape.has("numberOfRequests/total") && shape.has("meanResponseTime")),
        )
    }

    fn read(&self, source: Source<'_>) -> Result<RunResult, Flaw> {
        let script = source.name().to_owned();
        let document = json::object(source)?;
        let stats = match document.get("stats") {
            Some(_) => json::inner(&document, "stats")?,
            None => &document,
        };
        let all = requests(stats, "all requests")?;
        if all.count == 0 {
            return Err(Flaw::new("it has no requests: nothing was measured"));
        }
        let mut rows = Vec::new();
        contents(&document, 0, &mut rows)?;
        let per_second = figure(stats, "meanNumberOfRequestsPerSecond", "total")?;
        let mut result = empty(About {
            tool: "gatling",
            script,
            seconds: ratio(all.count as f64, per_second),
            notes: vec![
                "Gatling does not name its percentiles; they were taken for its defaults, the 50th, 75th, 95th and 99th".to_owned(),
            ],
            ..About::default()
        });
        if all.failed.is_none() {
            result.run.notes.push(
                "the file tells neither `ok` nor `ko` of its requests, so not how many failed"
                    .to_owned(),
            );
        }
        sheet::requests(&mut result, &all, &rows)?;
        Ok(result)
    }
}

fn contents(
    entry: &Map<String, Value>,
    depth: usize,
    rows: &mut Vec<(String, String, Requests)>,
) -> Result<(), Flaw> {
    if depth > DEEPEST {
        return Err(Flaw::new(
            "groups are nested deeper than Gatling nests them",
        ));
    }
    let inner = entry.get("contents").and_then(Value::as_object);
    for entry in inner
        .into_iter()
        .flatten()
        .filter_map(|(_, value)| value.as_object())
    {
        let text = |key| {
            entry
                .get(key)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        // The path tells requests of one name in several groups apart.
        let name = text("path").or(text("name")).unwrap_or("(no name)");
        if text("type") != Some("GROUP") {
            let stats = json::inner(entry, "stats")?;
            rows.push((name.to_owned(), String::new(), requests(stats, name)?));
        }
        contents(entry, depth + 1, rows)?;
    }
    Ok(())
}

/// What the statistics of one entry say.
fn requests(stats: &Map<String, Value>, of: &str) -> Result<Requests, Flaw> {
    let count = figure(stats, "numberOfRequests", "total")?;
    let failed = figure(stats, "numberOfRequests", "ko")?;
    let good = figure(stats, "numberOfRequests", "ok")?;
    if count.is_nan() {
        return Err(Flaw::new(format!(
            "it does not tell how many requests `{of}` had"
        )));
    }
    if failed > count {
        return Err(Flaw::new(format!(
            "{failed} of {count} requests failed, of `{of}`"
        )));
    }
    if good > count {
        return Err(Flaw::new(format!(
            "{good} of {count} requests were fine, of `{of}`"
        )));
    }
    // All that were not fine failed.
    let failed = [failed, count - good]
        .into_iter()
        .find(|known| known.is_finite());
    let total = |key| figure(stats, key, "total");
    Ok(Requests {
        count: count as u64,
        failed: failed.map(|failed| failed as u64),
        durations: TrendSummary {
            min: total("minResponseTime")?,
            max: total("maxResponseTime")?,
            avg: total("meanResponseTime")?,
            med: total("percentiles1")?,
            p95: total("percentiles3")?,
            p99: total("percentiles4")?,
            ..TrendSummary::unknown(count as u64)
        },
    })
}

/// A figure of all, of the good or of the bad ones; NaN where it is not told.
fn figure(stats: &Map<String, Value>, key: &str, which: &str) -> Result<f64, Flaw> {
    let value = stats.get(key).and_then(|value| value.get(which));
    let number = match value {
        None | Some(Value::Null) => return Ok(f64::NAN),
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => {
            let digits: String = text.chars().filter(|c| !matches!(c, ',' | ' ')).collect();
            if digits == "-" {
                return Ok(f64::NAN);
            }
            digits.parse().ok()
        }
        Some(_) => None,
    };
    match number {
        Some(number) if number < 0.0 => Err(Flaw::new(format!(
            "`{key}` is {number}: it cannot be negative"
        ))),
        Some(number) if number.is_finite() => Ok(number),
        _ => Err(Flaw::new(format!("`{key}.{which}` is no number"))),
    }
}
