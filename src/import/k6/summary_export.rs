//! k6's `--summary-export FILE`: statistics of metrics by name, without their kinds.

use serde_json::Value;

use super::summary::{Stats, Summary, checks, kind};
use crate::import::document::About;
use crate::import::error::Flaw;
use crate::import::{Confidence, Importer, Shape, Source, json};
use crate::metrics::{Builtin, Contains, MetricKind};
use crate::result::{RunResult, ratio};

/// `--summary-export`.
pub struct SummaryExport;

impl Importer for SummaryExport {
    fn name(&self) -> &'static str {
        "k6-summary-export"
    }

    fn title(&self) -> &'static str {
        "k6 --summary-export"
    }

    fn sniff(&self, shape: &Shape<'_>) -> Confidence {
        let figures = [
            "metrics/*/avg",
            "metrics/*/count",
            "metrics/*/value",
            "metrics/*/passes",
        ];
        Confidence::when(
            shape.has("metrics")
                && !shape.has("metrics/*/values")
                && figures.iter().any(|path| shape.has(path)),
        )
    }

    fn read(&self, source: Source<'_>) -> Result<RunResult, Flaw> {
        let script = source.name().to_owned();
        let document = json::object(source)?;
        let metrics = json::inner(&document, "metrics")?;
        let mut summary = Summary::default();
        for (name, values) in metrics {
            let Some(values) = values.as_object() else {
                return Err(Flaw::new(format!("the metric `{name}` is no object")));
            };
            let thresholds = values.get("thresholds").and_then(Value::as_object);
            for (expression, verdict) in thresholds.into_iter().flatten() {
                // Here a plain truth value says that the threshold was crossed.
                let met = match verdict {
                    Value::Bool(crossed) => Some(!crossed),
                    other => other.get("ok").and_then(Value::as_bool),
                };
                let Some(met) = met else {
                    let what = format!("the threshold `{expression}` of `{name}` has no verdict");
                    return Err(Flaw::new(what));
                };
                summary.thresholds.push((name, expression, met));
            }
            let kind = kind(None, values).ok_or_else(|| {
                Flaw::new(format!(
                    "the metric `{name}` has no statistics that are known"
                ))
            })?;
            // Of a trend the file may tell nothing but its count.
            let base = name.split('{').next().unwrap_or(name);
            let builtin = Builtin::by_name(base).map(|metric| metric.definition().kind);
            let kind = match (kind, builtin) {
                (MetricKind::Counter, Some(MetricKind::Trend)) => MetricKind::Trend,
                (kind, _) => kind,
            };
            summary.metrics.push(Stats {
                name,
                kind,
                contains: Contains::Default,
                values,
            });
        }
        if let Some(root) = document.get("root_group") {
            checks(root, 0, &mut summary.checks);
        }
        // The length of the run stands nowhere, but counters have their rate.
        let seconds = ["iterations", "http_reqs", "data_received", "data_sent"]
            .iter()
            .filter_map(|name| metrics.get(*name)?.as_object())
            .find_map(|values| {
                let seconds = ratio(
                    json::number(values, "count")?,
                    json::number(values, "rate")?,
                );
                (seconds > 0.0).then_some(seconds)
            });
        summary.finish(About {
            tool: "k6",
            script,
            seconds: seconds.unwrap_or_default(),
            ..About::default()
        })
    }
}
