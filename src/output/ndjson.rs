//! `ndjson=FILE`: a JSON object a line, for every series and second, and for everything that happens.

use futures_util::future::LocalBoxFuture;
use serde_json::{Map, Value, json};

use super::columns::{moment, readings};
use super::courier::{Courier, Parcel, QUEUE_BYTES};
use super::feed::{Event, EventKind, Moment, RunInfo};
use super::file::Appender;
use super::hub::Surroundings;
use super::{Book, Output, OutputError, Tally};

pub const NAME: &str = "ndjson";

pub struct Ndjson {
    courier: Courier,
    /// Lines that are not posted yet.
    lines: Vec<u8>,
}

impl Ndjson {
    /// # Errors
    /// When the file cannot be made.
    pub fn open(target: &str, around: &Surroundings) -> Result<Box<dyn Output>, OutputError> {
        let file = Appender::create(target)?;
        Ok(Box::new(Self {
            courier: Courier::start(NAME, QUEUE_BYTES, file, &around.say),
            lines: Vec::new(),
        }))
    }

    fn line(&mut self, value: &Value) {
        // Values made of strings and numbers can always be written.
        let _ = serde_json::to_writer(&mut self.lines, value);
        self.lines.push(b'\n');
    }

    fn post(&mut self, samples: u64) {
        if !self.lines.is_empty() {
            let body = std::mem::take(&mut self.lines);
            self.courier.post(Parcel { body, samples });
        }
    }
}

impl Output for Ndjson {
    fn begin(&mut self, run: &RunInfo) {
        self.line(&json!({
            "type": "run",
            "time": moment(run.at as f64),
            "id": run.id,
            "script": run.script,
        }));
        self.post(0);
    }

    fn second(&mut self, now: &Moment, book: &Book) {
        let time = moment(now.at as f64);
        let mut samples = 0;
        for line in book.lines() {
            let values = readings(line.current);
            if values.is_empty() {
                continue;
            }
            samples += 1;
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
            self.line(&Value::Object(object));
        }
        for slo in &now.slos {
            self.line(&json!({
                "type": "slo",
                "time": time,
                "metric": slo.metric,
                "target": slo.target,
                "priority": slo.priority,
                "status": slo.status,
                "actual": slo.actual,
            }));
        }
        self.post(samples);
    }

    fn event(&mut self, event: &Event) {
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
        self.line(&object);
    }

    fn end(mut self: Box<Self>) -> LocalBoxFuture<'static, ()> {
        self.post(0);
        Box::pin(self.courier.end())
    }

    fn tally(&self) -> Tally {
        self.courier.tally()
    }
}
