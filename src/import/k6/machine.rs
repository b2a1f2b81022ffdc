//! k6's machine-readable summary, version 1: `--new-machine-readable-summary`.

use serde_json::{Map, Value};

use super::summary::{Stats, Summary, contains, kind};
use super::thresholds::objective;
use crate::import::document::{About, moment};
use crate::import::error::Flaw;
use crate::import::timeline::SECOND;
use crate::import::{Confidence, Importer, Shape, Source, json};
use crate::metrics::{Contains, MetricKind};
use crate::result::{CheckResult, RunResult};

/// The machine-readable summary.
pub struct MachineReadable;

impl Importer for MachineReadable {
    fn name(&self) -> &'static str {
        "k6-machine-readable"
    }

    fn title(&self) -> &'static str {
        "k6 --new-machine-readable-summary"
    }

    fn sniff(&self, shape: &Shape<'_>) -> Confidence {
        let of_k6 = shape.has("metadata/k6_version") || shape.has("metadata/k6Version");
        let alike = shape.has("config/execution") && shape.has("results");
        match (of_k6, alike) {
            (true, _) => Confidence::Sure,
            (false, true) => Confidence::Likely,
            (false, false) => Confidence::No,
        }
    }

    fn read(&self, source: Source<'_>) -> Result<RunResult, Flaw> {
        let script = source.name().to_owned();
        let document = json::object(source)?;
        version(&document)?;
        let results = json::inner(&document, "results")?;
        let mut summary = Summary::default();
        let metrics = results.get("metrics").and_then(Value::as_array);
        let Some(metrics) = metrics else {
            return Err(Flaw::new("its `results` have no list of `metrics`"));
        };
        for metric in metrics {
            take(metric, &mut summary)?;
        }
        let checks = results.get("checks");
        let of_checks = checks.and_then(|checks| checks.get("metrics")?.as_array());
        for metric in of_checks.into_iter().flatten() {
            // The share of checks that held is what k6 calls `checks` elsewhere.
            if name(metric)? == "checks_succeeded"
                && let Some(values) = metric.get("values").and_then(Value::as_object)
            {
                summary.metrics.push(Stats {
                    name: "checks",
                    kind: MetricKind::Rate,
                    contains: Contains::Default,
                    values,
                });
            }
        }
        let rows = checks.and_then(|checks| checks.get("results")?.as_array());
        for row in rows.into_iter().flatten() {
            let count = |key| row.get(key).and_then(Value::as_u64).unwrap_or_default();
            summary.checks.push(CheckResult {
                name: name(row)?.to_owned(),
                group: String::new(),
                scenario: String::new(),
                passes: count("passes"),
                fails: count("fails"),
            });
        }
        let metadata = document.get("metadata");
        let told = |keys: [&str; 2]| {
            let found = keys.iter().find_map(|key| metadata?.get(*key)?.as_str());
            found.unwrap_or_default()
        };
        let seconds = match document.get("config").and_then(Value::as_object) {
            Some(config) => json::amount(config, "duration", "the run")?,
            None => 0.0,
        };
        let ended = moment(told(["generated_at", "generatedAt"]));
        let started = ended.map(|ended| ended.saturating_sub((seconds * SECOND as f64) as i64));
        let mut result = summary.finish(About {
            tool: "k6",
            version: told(["k6_version", "k6Version"]).to_owned(),
            script,
            started,
            seconds,
            ..About::default()
        })?;
        // It tells no single threshold, and in some versions whether all were met.
        if let Some(passed) = results.get("passed").and_then(Value::as_bool) {
            result.slos.push(objective(
                "thresholds",
                "all are met, says k6",
                Some(passed),
            ));
        }
        Ok(result)
    }
}

fn version(document: &Map<String, Value>) -> Result<(), Flaw> {
    match document.get("version").and_then(Value::as_str) {
        Some(version) if version.split('.').next() != Some("1") => Err(Flaw::new(format!(
            "it is a summary of version {version}, and only version 1 is known"
        ))
        .help("write it with `--summary-export FILE` or `--out json=FILE` instead")),
        _ => Ok(()),
    }
}

fn name(value: &Value) -> Result<&str, Flaw> {
    let name = value.get("name").and_then(Value::as_str);
    name.ok_or_else(|| Flaw::new("an entry of its lists has no `name`"))
}

fn take<'v>(metric: &'v Value, summary: &mut Summary<'v>) -> Result<(), Flaw> {
    let name = name(metric)?;
    let Some(values) = metric.get("values").and_then(Value::as_object) else {
        return Err(Flaw::new(format!("the metric `{name}` has no `values`")));
    };
    let text = |key| metric.get(key).and_then(Value::as_str);
    let kind = kind(text("type"), values)
        .ok_or_else(|| Flaw::new(format!("the metric `{name}` has no type that is known")))?;
    let thresholds = metric.get("thresholds").and_then(Value::as_object);
    for (expression, verdict) in thresholds.into_iter().flatten() {
        if let Some(met) = verdict.get("ok").and_then(Value::as_bool) {
            summary.thresholds.push((name, expression, met));
        }
    }
    summary.metrics.push(Stats {
        name,
        kind,
        contains: contains(text("contains")),
        values,
    });
    Ok(())
}
