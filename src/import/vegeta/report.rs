//! `vegeta report -type=json`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::import::document::{About, empty, moment};
use crate::import::error::Flaw;
use crate::import::sheet::{self, Requests};
use crate::import::{Confidence, Importer, Shape, Source, json};
use crate::lengths::shorten;
use crate::metrics::Contains;
use crate::result::{MetricSeries, RunResult, TrendSummary};
use crate::secrets::mask_urls;

/// Errors that are named.
const NAMED: usize = 5;

/// The report.
pub struct Report;

impl Importer for Report {
    fn name(&self) -> &'static str {
        "vegeta"
    }

    fn title(&self) -> &'static str {
        "vegeta report -type=json"
    }

    fn sniff(&self, shape: &Shape<'_>) -> Confidence {
        Confidence::when(shape.has("latencies/mean") && shape.has("status_codes"))
    }

    fn read(&self, source: Source<'_>) -> Result<RunResult, Flaw> {
        let script = source.name().to_owned();
        let document = json::object(source)?;
        let amount = |key: &str| json::amount(&document, key, "the report");
        let count = amount("requests")? as u64;
        if count == 0 {
            return Err(Flaw::new("it has no requests: nothing was measured"));
        }
        let codes = json::inner(&document, "status_codes")?;
        let (mut good, mut told): (u64, u64) = (0, 0);
        for (code, number) in codes {
            let Some(number) = number.as_u64() else {
                return Err(Flaw::new(format!(
                    "`status_codes` of {code} is no number of requests"
                )));
            };
            told = told.saturating_add(number);
            if is_good(code) {
                good = good.saturating_add(number);
            }
        }
        if good > count {
            return Err(Flaw::new(format!(
                "{good} of {count} requests were successful"
            )));
        }
        // Nanoseconds, until the last response.
        let seconds =
            (amount("duration")? + json::number(&document, "wait").unwrap_or_default()) / 1e9;
        let text = |key: &str| {
            document
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let mut result = empty(About {
            tool: "vegeta",
            script,
            started: moment(text("earliest")),
            seconds,
            notes: errors(&document),
            ..About::default()
        });
        let durations = durations(json::inner(&document, "latencies")?, count)?;
        let all = Requests {
            count,
            failed: Some(count - good),
            durations,
        };
        sheet::requests(&mut result, &all, &[])?;
        if let Some(requests) = result
            .metrics
            .iter_mut()
            .find(|metric| metric.name == "http_reqs")
        {
            let series = |code: &str, number: f64| MetricSeries {
                tags: sheet::by_status(code, is_good(code)),
                values: sheet::counter(number, seconds),
            };
            requests.series = codes
                .iter()
                .map(|(code, number)| series(code, number.as_f64().unwrap_or_default()))
                .collect();
            // Of those nobody knows how they ended.
            if let Some(rest @ 1..) = count.checked_sub(told) {
                requests.series.push(MetricSeries {
                    tags: BTreeMap::new(),
                    values: sheet::counter(rest as f64, seconds),
                });
            }
        }
        for (key, name) in [("bytes_in", "data_received"), ("bytes_out", "data_sent")] {
            let total = document
                .get(key)
                .and_then(|bytes| bytes.get("total")?.as_f64());
            if let Some(total) = total.filter(|total| *total >= 0.0) {
                let values = sheet::counter(total, seconds);
                result
                    .metrics
                    .push(sheet::metric(name, Contains::Data, values));
            }
        }
        result.metrics.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(result)
    }
}

/// As vegeta counts success.
fn is_good(code: &str) -> bool {
    code.starts_with(['2', '3'])
}

fn durations(latencies: &Map<String, Value>, count: u64) -> Result<TrendSummary, Flaw> {
    let of =
        |key: &str| json::number(latencies, key).map_or(f64::NAN, |nanoseconds| nanoseconds / 1e6);
    let found = TrendSummary {
        count,
        min: of("min"),
        max: of("max"),
        avg: of("mean"),
        med: of("50th"),
        p90: of("90th"),
        p95: of("95th"),
        p99: of("99th"),
        p999: f64::NAN,
    };
    sheet::not_negative("latencies", &found)?;
    sheet::in_order("latencies", &found)?;
    Ok(found)
}

/// vegeta names errors once, and does not count them.
fn errors(document: &Map<String, Value>) -> Vec<String> {
    let all: Vec<&str> = document
        .get("errors")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter(|text| !text.is_empty())
        .collect();
    let mut notes: Vec<String> = all
        .iter()
        .take(NAMED)
        .map(|text| {
            let text = mask_urls(text);
            let mut text = format!("vegeta saw an error, and does not tell how often: {text}");
            shorten(&mut text, 300);
            text
        })
        .collect();
    if all.len() > NAMED {
        notes.push(format!("vegeta saw {} other errors", all.len() - NAMED));
    }
    notes
}
