//! Progress for programs: a JSON object a line.
//!
//! | `type` | when | fields |
//! |---|---|---|
//! | `progress` | once a second | `elapsed`, `phase`, `scenarios` with a name, a state and figures each |
//! | `log` | as scripts log | `at`, `level`, `scenario`, `vu`, `iteration`, `place` (file and line), `text` |
//! | `dropped_logs` | when they come too fast | `count` |
//! | `anomaly` | when something unusual is found, and when its level ends | `text`, and the fields of the result's `anomalies` |
//! | `message` | when rhaid itself has something to say | `text` |

use std::io::Write;

use serde_json::{Value, json};

use crate::result::AnomalyResult;
use crate::run::{Progress, ScenarioProgress, ScenarioState};

/// Writes progress to standard error as JSON, a line for each thing that is told.
pub struct Ndjson;

impl Ndjson {
    /// Tells how a run stands, and what its scripts have logged.
    pub fn show(&self, progress: &Progress) {
        for line in lines(progress) {
            write(&line);
        }
    }

    /// Tells what rhaid itself has to say.
    pub fn say(&self, text: &str) {
        message(text);
    }
}

/// Tells what rhaid itself has to say.
pub fn message(text: &str) {
    write(&json!({ "type": "message", "text": text }));
}

fn write(value: &Value) {
    // Where nobody reads it, nothing can be said about that either.
    let _ = writeln!(std::io::stderr(), "{value}");
}

fn lines(progress: &Progress) -> Vec<Value> {
    let mut lines: Vec<Value> = progress
        .logs
        .iter()
        .map(|line| {
            json!({
                "type": "log", "at": line.at, "level": line.level.as_str(), "scenario": line.scenario, "vu": line.vu,
                "text": line.told(), "iteration": line.iteration, "place": line.place,
            })
        })
        .collect();
    if progress.dropped_logs > 0 {
        lines.push(json!({ "type": "dropped_logs", "count": progress.dropped_logs }));
    }
    lines.extend(progress.anomalies.iter().map(anomaly));
    lines.push(json!({
        "type": "progress",
        "elapsed": progress.elapsed.as_secs_f64(),
        "phase": progress.phase,
        "scenarios": progress.scenarios.iter().map(scenario).collect::<Vec<_>>(),
    }));
    lines
}

/// An anomaly as results have it, with its sentence.
fn anomaly(anomaly: &AnomalyResult) -> Value {
    let mut line = json!({ "type": "anomaly", "text": anomaly.told() });
    if let (Value::Object(line), Ok(Value::Object(fields))) =
        (&mut line, serde_json::to_value(anomaly))
    {
        line.extend(fields);
    }
    line
}

fn scenario(scenario: &ScenarioProgress) -> Value {
    json!({
        "name": scenario.name,
        "state": match scenario.state {
            ScenarioState::Waiting => "waiting",
            ScenarioState::Running => "running",
            ScenarioState::Stopping => "stopping",
            ScenarioState::Done => "done",
        },
        "elapsed": scenario.elapsed.as_secs_f64(),
        "total": scenario.total.map(|total| total.as_secs_f64()),
        "vus": scenario.vus,
        "vus_max": scenario.vus_max,
        "iterations": scenario.iterations,
        "iterations_planned": scenario.iterations_planned,
        "rate": scenario.rate,
        "p95": scenario.p95,
        "errors": scenario.errors,
        "failed_requests": scenario.failed,
        "dropped": scenario.dropped,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::vu::{LogLevel, LogLine};

    #[test]
    fn every_line_is_an_object_with_a_type() {
        let progress = Progress {
            elapsed: Duration::from_millis(2_500),
            phase: "running",
            scenarios: vec![ScenarioProgress {
                name: "guests \"a\"\n".to_owned(),
                state: ScenarioState::Running,
                vus: 3,
                allocated: None,
                vus_max: 5,
                iterations: 17,
                iterations_planned: None,
                rate: 8.0,
                p95: Some(12.5),
                errors: 1,
                failed: 2,
                dropped: 0,
                elapsed: Duration::from_secs(2),
                total: Some(Duration::from_secs(60)),
            }],
            logs: vec![LogLine {
                iteration: Some(3),
                place: Some("a.rhai:1".to_owned()),
                time: 1,
                more: 0,
                level: LogLevel::Info,
                text: "two\nlines".to_owned(),
                scenario: "guests".to_owned(),
                vu: 1,
                at: 1.5,
                trace: None,
            }],
            dropped_logs: 4,
            slos: Vec::new(),
            run: String::new(),
            detail: None,
            faults: Vec::new(),
            anomalies: vec![crate::result::sample_anomaly::step()],
        };
        let lines = lines(&progress);
        let kinds: Vec<&str> = lines
            .iter()
            .filter_map(|line| line["type"].as_str())
            .collect();
        assert_eq!(kinds, ["log", "dropped_logs", "anomaly", "progress"]);
        assert_eq!(lines[3]["scenarios"][0]["iterations"], 17);
        assert_eq!(lines[3]["elapsed"], 2.5);
        assert_eq!(lines[2]["measure"], "p95");
        assert!(lines.iter().all(|line| !line.to_string().contains('\n')));
    }
}
