//! `loki=URL`: what scripts log and what happens, to Loki's push API.
//!
//! Streams are told apart by a handful of labels (`service_name`, `run`, `level`, `scenario`), as Loki wants it; everything else is in the line,
//! which is JSON: `| json` in LogQL reads it.

use std::collections::BTreeMap;

use futures_util::future::LocalBoxFuture;
use serde_json::json;

use super::courier::{Courier, Parcel, QUEUE_BYTES};
use super::feed::{Event, Moment, RunInfo};
use super::hub::Surroundings;
use super::receiver::{Posts, Receiver};
use super::{Book, Output, OutputError, Tally};
use crate::logging::Format;

pub const NAME: &str = "loki";

/// Where Loki takes lines, unless the address says otherwise.
const PATH: &str = "/loki/api/v1/push";

/// A level and a scenario: what streams of one run are told apart by.
type Stream = (&'static str, String);

pub struct Loki {
    courier: Courier,
    run: String,
    streams: BTreeMap<Stream, Vec<(String, String)>>,
}

impl Loki {
    /// # Errors
    /// When the address or its credentials do not fit.
    pub fn open(target: &str, around: &Surroundings) -> Result<Box<dyn Output>, OutputError> {
        let mut receiver = Receiver::new(NAME, target, &around.env)?;
        if receiver.url.path() == "/" {
            receiver.url.set_path(PATH);
        }
        let posts = Posts {
            receiver,
            headers: &[("content-type", "application/json")],
        };
        Ok(Box::new(Self {
            courier: Courier::start(NAME, QUEUE_BYTES, posts, &around.say),
            run: String::new(),
            streams: BTreeMap::new(),
        }))
    }

    fn post(&mut self) {
        if self.streams.is_empty() {
            return;
        }
        let mut samples = 0;
        let streams: Vec<_> = std::mem::take(&mut self.streams)
            .into_iter()
            .map(|((level, scenario), lines)| {
                samples += lines.len() as u64;
                let mut labels =
                    json!({ "service_name": "rhaid", "run": self.run, "level": level });
                if !scenario.is_empty() {
                    labels["scenario"] = json!(scenario);
                }
                json!({ "stream": labels, "values": lines })
            })
            .collect();
        self.courier.post(Parcel {
            body: json!({ "streams": streams }).to_string().into(),
            samples,
        });
    }
}

impl Output for Loki {
    fn begin(&mut self, run: &RunInfo) {
        self.run.clone_from(&run.id);
    }

    fn second(&mut self, _now: &Moment, _book: &Book) {
        self.post();
    }

    fn event(&mut self, event: &Event) {
        let record = event.record(&self.run);
        let stream = (record.level.as_str(), record.scenario.to_owned());
        let line = (format!("{}000000", record.at), record.written(Format::Json));
        self.streams.entry(stream).or_default().push(line);
    }

    fn end(mut self: Box<Self>) -> LocalBoxFuture<'static, ()> {
        self.post();
        Box::pin(self.courier.end())
    }

    fn tally(&self) -> Tally {
        self.courier.tally()
    }
}
