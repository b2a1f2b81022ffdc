//! What happens in a run and what was measured, as JSON: a record for every series and second, and for everything that happens.

use serde_json::{Map, Value, json};

use super::Book;
use super::columns::{moment, readings};
use super::feed::{Event, EventKind, Moment, RunInfo};

/// The run begins.
pub fn run(run: &RunInfo) -> Value {
    json!({
        "type": "run",
        "time": moment(run.at as f64),
        "id": run.id,
        "script": run.script,
    })
}

/// What was measured in a second, series by series.
pub fn series<'a>(now: &Moment, book: &'a Book) -> impl Iterator<Item = Value> + use<'a> {
    let time = moment(now.at as f64);
    book.lines().filter_map(move |line| {
        let values = readings(line.current);
        if values.is_empty() {
            return None;
        }
        let mut object = Map::new();
        object.insert("type".to_owned(), json!("second"));
        object.insert("time".to_owned(), json!(time));
        object.insert("metric".to_owned(), json!(line.info.name));
        object.insert("kind".to_owned(), json!(line.info.kind));
        object.insert("contains".to_owned(), json!(line.info.contains));
        object.insert("tags".to_owned(), json!(line.tags));
        for (name, value) in values {
            object.insert(name.to_owned(), json!(value));
        }
        Some(Value::Object(object))
    })
}

/// How the objectives stand in a second.
pub fn objectives(now: &Moment) -> impl Iterator<Item = Value> {
    let time = moment(now.at as f64);
    now.slos.iter().map(move |slo| {
        json!({
            "type": "slo",
            "time": time,
            "metric": slo.metric,
            "target": slo.target,
            "priority": slo.priority,
            "status": slo.status,
            "actual": slo.actual,
        })
    })
}

/// Something happened.
pub fn event(event: &Event) -> Value {
    let time = moment(event.at as f64);
    let mut object = match &event.kind {
        EventKind::Log(line) => json!({
            "type": "log", "time": moment(line.time as f64), "level": line.level.as_str(),
            "scenario": line.scenario, "vu": line.vu, "iteration": line.iteration, "place": line.place,
        }),
        EventKind::Started => json!({ "type": "event", "time": time, "what": "start" }),
        EventKind::Ended { status, exit_code } => json!({
            "type": "event", "time": time, "what": "end", "status": status, "exit_code": exit_code,
        }),
        EventKind::FaultBegan { name, .. } => {
            json!({ "type": "event", "time": time, "what": "fault_begin", "fault": name })
        }
        EventKind::FaultEnded { name, .. } => {
            json!({ "type": "event", "time": time, "what": "fault_end", "fault": name })
        }
        EventKind::Own { level, module, .. } => json!({
            "type": "log", "time": time, "level": level.as_str(), "module": module,
        }),
        EventKind::AnomalyFound(anomaly) => {
            json!({ "type": "event", "time": time, "what": "anomaly", "anomaly": anomaly.row })
        }
        EventKind::AnomalyEnded(anomaly) => {
            json!({ "type": "event", "time": time, "what": "anomaly_end", "anomaly": anomaly.row })
        }
        EventKind::Reloaded => json!({ "type": "event", "time": time, "what": "reload" }),
        EventKind::Aborted => json!({ "type": "event", "time": time, "what": "abort" }),
    };
    if let Value::Object(object) = &mut object {
        object.insert("text".to_owned(), json!(event.text));
    }
    object
}
