//! What k6 hands to a script's `handleSummary`, when the script writes it to a file as it is.

use serde_json::Value;

use super::summary::{Stats, Summary, checks, contains, kind};
use crate::import::document::About;
use crate::import::error::Flaw;
use crate::import::{Confidence, Importer, Shape, Source, json};
use crate::result::RunResult;

/// The data of `handleSummary`.
pub struct HandleSummary;

impl Importer for HandleSummary {
    fn name(&self) -> &'static str {
        "k6-handle-summary"
    }

    fn title(&self) -> &'static str {
        "k6 handleSummary data"
    }

    fn sniff(&self, shape: &Shape<'_>) -> Confidence {
        let own = shape.has("root_group") && shape.has("state/testRunDurationMs");
        Confidence::when(own || shape.has("metrics/*/values"))
    }

    fn read(&self, source: Source<'_>) -> Result<RunResult, Flaw> {
        let script = source.name().to_owned();
        let document = json::object(source)?;
        let mut summary = Summary::default();
        for (name, metric) in json::inner(&document, "metrics")? {
            let Some(values) = metric.get("values").and_then(Value::as_object) else {
                return Err(Flaw::new(format!("the metric `{name}` has no `values`")));
            };
            let text = |key| metric.get(key).and_then(Value::as_str);
            let kind = kind(text("type"), values).ok_or_else(|| {
                Flaw::new(format!("the metric `{name}` has no type that is known"))
            })?;
            let thresholds = metric.get("thresholds").and_then(Value::as_object);
            for (expression, verdict) in thresholds.into_iter().flatten() {
                let Some(met) = verdict.get("ok").and_then(Value::as_bool) else {
                    let what = format!("the threshold `{expression}` of `{name}` has no `ok`");
                    return Err(Flaw::new(what));
                };
                summary.thresholds.push((name, expression, met));
            }
            summary.metrics.push(Stats {
                name,
                kind,
                contains: contains(text("contains")),
                values,
            });
        }
        if let Some(root) = document.get("root_group") {
            checks(root, 0, &mut summary.checks);
        }
        let milliseconds = match document.get("state").and_then(Value::as_object) {
            Some(state) if state.contains_key("testRunDurationMs") => {
                json::amount(state, "testRunDurationMs", "the run")?
            }
            _ => 0.0,
        };
        summary.finish(About {
            tool: "k6",
            script,
            seconds: milliseconds / 1e3,
            ..About::default()
        })
    }
}
