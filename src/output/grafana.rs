//! `grafana=URL`: annotations for what happens in a run: start, end, faults, reloads, aborts.
//!
//! `RHAID_GRAFANA_BEARER_TOKEN` is a service account's token that may write annotations.

use futures_util::future::LocalBoxFuture;
use serde_json::json;

use super::courier::{Courier, Parcel, QUEUE_BYTES};
use super::feed::{Event, EventKind, Moment, RunInfo};
use super::hub::Surroundings;
use super::receiver::{Posts, Receiver};
use super::{Book, Output, OutputError, Tally};

pub const NAME: &str = "grafana";

/// Where Grafana takes annotations, below the address at which it is.
const PATH: &str = "/api/annotations";

pub struct Grafana {
    courier: Courier,
    run: String,
}

impl Grafana {
    /// # Errors
    /// When the address or its credentials do not fit.
    pub fn open(target: &str, around: &Surroundings) -> Result<Box<dyn Output>, OutputError> {
        let mut receiver = Receiver::new(NAME, target, &around.env)?;
        let below = receiver.url.path().trim_end_matches('/').to_owned();
        if !below.ends_with(PATH) {
            receiver.url.set_path(&format!("{below}{PATH}"));
        }
        let posts = Posts {
            receiver,
            headers: &[("content-type", "application/json")],
        };
        Ok(Box::new(Self {
            courier: Courier::start(NAME, QUEUE_BYTES, posts, &around.say),
            run: String::new(),
        }))
    }
}

impl Output for Grafana {
    fn begin(&mut self, run: &RunInfo) {
        self.run.clone_from(&run.id);
    }

    fn second(&mut self, _now: &Moment, _book: &Book) {}

    fn event(&mut self, event: &Event) {
        let (tag, name) = match &event.kind {
            EventKind::Started => ("start", None),
            EventKind::Ended { .. } => ("end", None),
            EventKind::FaultBegan { name, .. } | EventKind::FaultEnded { name, .. } => {
                ("fault", Some(name))
            }
            EventKind::Reloaded => ("reload", None),
            EventKind::Aborted => ("abort", None),
            EventKind::Log(_) | EventKind::Own { .. } => return,
        };
        let mut tags = vec!["rhaid".to_owned(), tag.to_owned(), self.run.clone()];
        tags.extend(name.cloned());
        let body = json!({ "time": event.at, "tags": tags, "text": event.text });
        self.courier.post(Parcel {
            body: body.to_string().into_bytes(),
            samples: 1,
        });
    }

    fn end(self: Box<Self>) -> LocalBoxFuture<'static, ()> {
        Box::pin(self.courier.end())
    }

    fn tally(&self) -> Tally {
        self.courier.tally()
    }
}
