//! What the three summaries of k6 have in common: statistics of metrics by name.

use serde_json::{Map, Value};

use super::thresholds::objective;
use crate::import::document::{About, empty};
use crate::import::error::Flaw;
use crate::import::{json, sheet};
use crate::metrics::{Builtin, Contains, MetricKind};
use crate::result::{CheckResult, MetricValues, RunResult, TrendSummary};

/// Statistics of one metric.
#[derive(Debug)]
pub struct Stats<'v> {
    /// With the tags of a part: `http_req_duration{name:rooms}`.
    pub name: &'v str,
    pub kind: MetricKind,
    pub contains: Contains,
    pub values: &'v Map<String, Value>,
}

/// A summary taken apart.
#[derive(Debug, Default)]
pub struct Summary<'v> {
    pub metrics: Vec<Stats<'v>>,
    /// Metric, expression, and whether it was met.
    pub thresholds: Vec<(&'v str, &'v str, bool)>,
    pub checks: Vec<CheckResult>,
}

/// The kind that a file names, or that the statistics tell.
pub fn kind(named: Option<&str>, values: &Map<String, Value>) -> Option<MetricKind> {
    match named {
        Some("counter") => Some(MetricKind::Counter),
        Some("gauge") => Some(MetricKind::Gauge),
        Some("rate") => Some(MetricKind::Rate),
        Some("trend") => Some(MetricKind::Trend),
        Some(_) => None,
        None if values.contains_key("passes") || values.contains_key("matches") => {
            Some(MetricKind::Rate)
        }
        None if values.contains_key("avg") || values.contains_key("med") => Some(MetricKind::Trend),
        None if values.contains_key("value") => Some(MetricKind::Gauge),
        // Which statistics a trend has is chosen by who runs k6, and its count may be one of them.
        None if values.keys().any(|key| key.starts_with("p(")) => Some(MetricKind::Trend),
        None if values.contains_key("max") || values.contains_key("min") => Some(MetricKind::Trend),
        None if values.contains_key("count") => Some(MetricKind::Counter),
        None => None,
    }
}

/// What a file says that a metric contains.
pub fn contains(named: Option<&str>) -> Contains {
    match named {
        Some("time") => Contains::Time,
        Some("data") => Contains::Data,
        _ => Contains::Default,
    }
}

impl Summary<'_> {
    /// The result.
    ///
    /// # Errors
    /// When a figure cannot be, or there is none at all.
    pub fn finish(mut self, about: About) -> Result<RunResult, Flaw> {
        self.metrics.sort_by_key(|stats| stats.name);
        let mut result = empty(about);
        let mut uncounted = Vec::new();
        for stats in &self.metrics {
            let base = stats.name.split('{').next().unwrap_or(stats.name);
            if !sheet::fits(base, stats.kind) {
                return Err(Flaw::new(format!(
                    "`{}` is a {} in this file; in k6 it is something else",
                    stats.name, stats.kind
                )));
            }
            let total = match stats.kind {
                MetricKind::Trend => {
                    let count = self.count_of(stats)?;
                    if count.is_none() {
                        uncounted.push(stats.name);
                    }
                    let summary = trend(stats, count.unwrap_or(1));
                    if stats.contains == Contains::Time || is_time(base) {
                        sheet::not_negative(stats.name, &summary)?;
                    }
                    sheet::in_order(stats.name, &summary)?;
                    sheet::trend(summary)
                }
                _ => plain(stats, result.run.duration_seconds)?,
            };
            let mut metric = sheet::metric(stats.name, stats.contains, total);
            if let Some(builtin) = Builtin::by_name(base) {
                metric.contains = builtin.definition().contains;
                metric.description = builtin.definition().description.to_owned();
            }
            result.metrics.push(metric);
        }
        if result.metrics.is_empty() {
            return Err(Flaw::new("it has no metrics: nothing was measured"));
        }
        if !uncounted.is_empty() {
            result.run.notes.push(format!(
                "k6 does not tell how many samples these trends have: {}; their count stands as 1",
                uncounted.join(", ")
            ));
        }
        result.slos = self
            .thresholds
            .iter()
            .map(|(metric, expression, met)| objective(metric, expression, Some(*met)))
            .collect();
        result
            .slos
            .sort_by(|a, b| (&a.metric, &a.target).cmp(&(&b.metric, &b.target)));
        result.checks = std::mem::take(&mut self.checks);
        Ok(result)
    }

    fn values_of(&self, name: &str) -> Option<&Map<String, Value>> {
        let stats = self.metrics.iter().find(|stats| stats.name == name)?;
        Some(stats.values)
    }

    /// How many samples a trend has: its own figure, or that of the counter that counts the same.
    fn count_of(&self, stats: &Stats<'_>) -> Result<Option<u64>, Flaw> {
        if stats.values.contains_key("count") {
            return json::amount(stats.values, "count", stats.name).map(|count| Some(count as u64));
        }
        let (base, tags) = match stats.name.find('{') {
            Some(at) => stats.name.split_at(at),
            None => (stats.name, ""),
        };
        let counter = match base {
            "iteration_duration" => "iterations",
            base if base.starts_with("http_req_") => "http_reqs",
            _ => return Ok(None),
        };
        let Some(values) = self.values_of(&format!("{counter}{tags}")) else {
            return Ok(None);
        };
        json::amount(values, "count", counter).map(|count| Some(count as u64))
    }
}

fn is_time(base: &str) -> bool {
    Builtin::by_name(base).is_some_and(|metric| metric.definition().contains == Contains::Time)
}

fn plain(stats: &Stats<'_>, seconds: f64) -> Result<MetricValues, Flaw> {
    let amount = |key: &str| json::amount(stats.values, key, &format!("`{}`", stats.name));
    Ok(match stats.kind {
        MetricKind::Counter => sheet::counter(amount("count")?, seconds),
        MetricKind::Rate if stats.values.contains_key("matches") => whole(
            amount("matches")? as u64,
            amount("total")? as u64,
            stats.name,
        )?,
        MetricKind::Rate => {
            let trues = amount("passes")? as u64;
            whole(
                trues,
                trues.saturating_add(amount("fails")? as u64),
                stats.name,
            )?
        }
        _ => {
            let of = |key: &str| json::number(stats.values, key);
            let value =
                of("value").ok_or_else(|| Flaw::new(format!("`{}` has no `value`", stats.name)))?;
            MetricValues::Gauge {
                value,
                min: of("min").unwrap_or(value),
                max: of("max").unwrap_or(value),
            }
        }
    })
}

fn whole(trues: u64, total: u64, name: &str) -> Result<MetricValues, Flaw> {
    if trues > total {
        return Err(Flaw::new(format!(
            "`{name}` was true {trues} times of {total}"
        )));
    }
    Ok(sheet::rate(trues, total))
}

fn trend(stats: &Stats<'_>, count: u64) -> TrendSummary {
    let mut summary = TrendSummary::unknown(count);
    for (key, value) in stats.values {
        let Some(value) = value.as_f64() else {
            continue;
        };
        match key.as_str() {
            "min" => summary.min = value,
            "max" => summary.max = value,
            "avg" => summary.avg = value,
            "med" => summary.med = value,
            // `p(99.9)`, in the machine-readable form `p99.9`.
            other => {
                let digits = other.trim_start_matches('p').trim_matches(['(', ')']);
                match digits.replace('_', ".").parse::<f64>() {
                    Ok(50.0) => summary.med = value,
                    Ok(90.0) => summary.p90 = value,
                    Ok(95.0) => summary.p95 = value,
                    Ok(99.0) => summary.p99 = value,
                    Ok(99.9) => summary.p999 = value,
                    _ => {}
                }
            }
        }
    }
    summary
}

/// Checks of a group and of those within it.
pub fn checks(group: &Value, depth: usize, out: &mut Vec<CheckResult>) {
    /// Groups are not nested deeper by anybody.
    const DEEPEST: usize = 32;
    let path = group
        .get("path")
        .and_then(Value::as_str)
        .unwrap_or_default();
    for check in members(group.get("checks")) {
        let count = |key| check.get(key).and_then(Value::as_u64).unwrap_or_default();
        out.push(CheckResult {
            name: check
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            group: path.to_owned(),
            scenario: String::new(),
            passes: count("passes"),
            fails: count("fails"),
        });
    }
    if depth < DEEPEST {
        for inner in members(group.get("groups")) {
            checks(inner, depth + 1, out);
        }
    }
}

/// A list, or the values of a map: k6 has written both.
fn members(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(Value::Object(map)) => map.values().collect(),
        _ => Vec::new(),
    }
}
