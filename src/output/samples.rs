//! `samples=FILE`: every single sample, in the lines of k6's `--out json`, which `rhaid validate` and k6's own tools read.

use std::collections::BTreeSet;

use futures_util::future::LocalBoxFuture;
use serde_json::json;

use super::columns::moment;
use super::courier::{Courier, Parcel, QUEUE_BYTES};
use super::feed::Moment;
use super::file::Appender;
use super::hub::Surroundings;
use super::{Book, Output, OutputError, Sample, Tally};

pub const NAME: &str = "samples";

pub struct Samples {
    courier: Courier,
    /// Metrics that were told of.
    known: BTreeSet<String>,
}

impl Samples {
    /// # Errors
    /// When the file cannot be made.
    pub fn open(target: &str, around: &Surroundings) -> Result<Box<dyn Output>, OutputError> {
        let file = Appender::create(target)?;
        Ok(Box::new(Self {
            courier: Courier::start(NAME, QUEUE_BYTES, file, &around.say),
            known: BTreeSet::new(),
        }))
    }
}

impl Output for Samples {
    fn second(&mut self, _now: &Moment, _book: &Book) {}

    fn samples(&mut self, samples: &[Sample<'_>], lost: u64) {
        self.courier.lose(lost);
        let mut body = Vec::new();
        let mut line = |value: &serde_json::Value| {
            // Values made of strings and numbers can always be written.
            let _ = serde_json::to_writer(&mut body, value);
            body.push(b'\n');
        };
        for sample in samples {
            let name = &sample.info.name;
            if !self.known.contains(name) {
                self.known.insert(name.clone());
                line(&json!({
                    "type": "Metric",
                    "metric": name,
                    "data": { "name": name, "type": sample.info.kind, "contains": sample.info.contains, "thresholds": [], "submetrics": null },
                }));
            }
            line(&json!({
                "metric": name,
                "type": "Point",
                "data": { "time": moment(sample.at), "value": sample.value, "tags": sample.tags },
            }));
        }
        self.courier.post(Parcel {
            body,
            samples: samples.len() as u64,
        });
    }

    fn end(self: Box<Self>) -> LocalBoxFuture<'static, ()> {
        Box::pin(self.courier.end())
    }

    fn tally(&self) -> Tally {
        self.courier.tally()
    }
}
