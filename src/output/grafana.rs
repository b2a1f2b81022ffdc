//! `grafana=URL`: annotations for what happens in a run: start, end, faults, reloads, aborts, anomalies.
//!
//! An anomaly is one annotation: it is posted when it is found, and gets its end once that is known. `RHAID_GRAFANA_BEARER_TOKEN` is
//! a service account's token that may write annotations.

use std::collections::BTreeMap;

use futures_util::future::LocalBoxFuture;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::courier::{Carrier, Courier, Parcel, QUEUE_BYTES, Refusal};
use super::feed::{Anomaly, Event, EventKind, Moment, RunInfo};
use super::hub::Surroundings;
use super::receiver::{self, Receiver};
use super::{Book, Output, OutputError, Tally};

pub const NAME: &str = "grafana";

/// Where Grafana takes annotations, below the address at which it is.
const PATH: &str = "/api/annotations";
/// How much of an answer is read: it is an id and a sentence.
const MOST_ANSWER: usize = 64 << 10;
const HEADERS: [(&str, &str); 1] = [("content-type", "application/json")];

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
        let annotator = Annotator {
            receiver,
            open: BTreeMap::new(),
        };
        Ok(Box::new(Self {
            courier: Courier::start(NAME, QUEUE_BYTES, annotator, &around.say),
            run: String::new(),
        }))
    }
}

/// An annotation on its way.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    /// The number of the anomaly that it is about.
    anomaly: Option<usize>,
    annotation: Annotation,
}

/// As Grafana has it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Annotation {
    /// Milliseconds since 1970.
    time: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_end: Option<u64>,
    tags: Vec<String>,
    text: String,
}

/// Posts annotations, and gives the ends of anomalies to those that it has posted.
struct Annotator {
    receiver: Receiver,
    /// Grafana's ids of annotations whose end is not known yet, by the number of their anomaly.
    open: BTreeMap<usize, u64>,
}

impl Annotator {
    async fn send(&mut self, body: &[u8]) -> Result<(), Refusal> {
        // What comes out of the queue went into it so.
        let note: Note = serde_json::from_slice(body).map_err(|why| Refusal::Never {
            why: why.to_string(),
        })?;
        let Note {
            anomaly,
            annotation,
        } = note;
        if let (Some(number), Some(end)) = (anomaly, annotation.time_end)
            && let Some(&id) = self.open.get(&number)
        {
            let mut url = self.receiver.url.clone();
            url.set_path(&format!("{}/{id}", url.path().trim_end_matches('/')));
            let change = json!({ "timeEnd": end, "text": annotation.text });
            let body = change.to_string().into();
            self.receiver
                .send(Method::PATCH, &url, &HEADERS, body)
                .await?;
            self.open.remove(&number);
            return Ok(());
        }
        let body = serde_json::to_vec(&annotation).unwrap_or_default().into();
        let url = &self.receiver.url;
        let answer = self.receiver.ask(url, &HEADERS, body).await?;
        if let (Some(number), None) = (anomaly, annotation.time_end) {
            // Where the answer has no id, the end is posted as an annotation of its own.
            let answer = receiver::beginning(answer, MOST_ANSWER).await;
            let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
            if let Some(id) = answer["id"].as_u64() {
                self.open.insert(number, id);
            }
        }
        Ok(())
    }
}

impl Carrier for Annotator {
    fn deliver<'a>(&'a mut self, parcel: &'a Parcel) -> LocalBoxFuture<'a, Result<(), Refusal>> {
        Box::pin(self.send(&parcel.body))
    }
}

impl Output for Grafana {
    fn begin(&mut self, run: &RunInfo) {
        self.run.clone_from(&run.id);
    }

    fn second(&mut self, _now: &Moment, _book: &Book) {}

    fn event(&mut self, event: &Event) {
        let (mut anomaly, mut time, mut time_end) = (None, event.at, None);
        let mut about = |unusual: &Anomaly| {
            anomaly = Some(unusual.number);
            (time, time_end) = (unusual.from, unusual.to);
            let kind = unusual.row.kind.as_str().to_owned();
            let name = unusual.row.tags.get("name").cloned();
            [kind].into_iter().chain(name).collect()
        };
        let (tag, more): (_, Vec<String>) = match &event.kind {
            EventKind::Started => ("start", Vec::new()),
            EventKind::Ended { .. } => ("end", Vec::new()),
            EventKind::FaultBegan { name, .. } | EventKind::FaultEnded { name, .. } => {
                ("fault", vec![name.clone()])
            }
            EventKind::Reloaded => ("reload", Vec::new()),
            EventKind::Aborted => ("abort", Vec::new()),
            EventKind::AnomalyFound(unusual) | EventKind::AnomalyEnded(unusual) => {
                ("anomaly", about(unusual))
            }
            EventKind::Log(_) | EventKind::Own { .. } => return,
        };
        let mut tags = vec!["rhaid".to_owned(), tag.to_owned(), self.run.clone()];
        tags.extend(more);
        let note = Note {
            anomaly,
            annotation: Annotation {
                time,
                time_end,
                tags,
                text: event.text.clone(),
            },
        };
        self.courier.post(Parcel {
            body: serde_json::to_vec(&note).unwrap_or_default().into(),
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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;
    use std::sync::{Arc, Mutex};

    use axum::Router;
    use axum::extract::State;
    use axum::http::{Method as Asked, Uri};

    use super::*;
    use crate::logging::Format;
    use crate::output::prometheus::{Histograms, Names};
    use crate::result::AnomalyResult;
    use crate::result::sample_anomaly::step;

    /// What was asked: method, path and body.
    type Requests = Arc<Mutex<Vec<(String, String, Value)>>>;

    /// Tells a Grafana that answers so of an anomaly and its end; what it was asked, and what its sender said.
    fn told(answer: &'static str) -> (Vec<(String, String, Value)>, Vec<String>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, async {
            let requests = Requests::default();
            let take = move |State(requests): State<Requests>,
                             method: Asked,
                             uri: Uri,
                             body: String| async move {
                let body = serde_json::from_str(&body).unwrap();
                let path = uri.path().to_owned();
                requests
                    .lock()
                    .unwrap()
                    .push((method.to_string(), path, body));
                answer
            };
            let routes = Router::new().fallback(take).with_state(requests.clone());
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let server = tokio::spawn(async move { axum::serve(listener, routes).await });

            let said = Rc::new(RefCell::new(Vec::new()));
            let hears = said.clone();
            let around = Surroundings {
                env: Rc::default(),
                bounds: crate::output::prometheus::Bounds::with(&[]),
                names: Names::default(),
                histograms: Histograms::default(),
                log_format: Format::default(),
                say: Rc::new(move |text: &str| hears.borrow_mut().push(text.to_owned())),
            };
            let mut grafana = Grafana::open(&format!("http://{address}/g/"), &around)
                .unwrap_or_else(|error| panic!("{error}"));
            grafana.begin(&RunInfo {
                id: "run-1".to_owned(),
                script: String::new(),
                at: 0,
            });
            let unusual = |to| {
                let row = AnomalyResult {
                    end_seconds: None,
                    ..step()
                };
                Box::new(Anomaly {
                    number: 3,
                    row,
                    from: 62_000,
                    to,
                })
            };
            for (kind, text) in [
                (EventKind::AnomalyFound(unusual(None)), "it rose"),
                (
                    EventKind::AnomalyEnded(unusual(Some(90_000))),
                    "it rose, until 1m30s",
                ),
            ] {
                let text = text.to_owned();
                grafana.event(&Event {
                    at: 70_000,
                    kind,
                    text,
                });
            }
            grafana.end().await;
            server.abort();
            let said = said.borrow().clone();
            let requests = requests.lock().unwrap().clone();
            (requests, said)
        })
    }

    #[test]
    fn an_anomaly_is_one_annotation_that_gets_its_end() {
        let (requests, said) = told(r#"{"message":"Annotation added","id":7}"#);
        let tags = json!(["rhaid", "anomaly", "run-1", "step", "reserve"]);
        let begun = json!({ "time": 62_000, "tags": tags, "text": "it rose" });
        let ended = json!({ "timeEnd": 90_000, "text": "it rose, until 1m30s" });
        let path = "/g/api/annotations";
        assert_eq!(
            requests,
            [
                ("POST".to_owned(), path.to_owned(), begun),
                ("PATCH".to_owned(), format!("{path}/7"), ended),
            ]
        );
        assert!(said.is_empty(), "{said:?}");
    }

    #[test]
    fn one_that_cannot_be_found_again_is_posted_whole() {
        let (requests, _) = told("added");
        let [(_, _, first), (method, _, whole)] = requests.as_slice() else {
            panic!("{requests:?}")
        };
        assert_eq!(first.get("timeEnd"), None);
        assert_eq!(method, "POST");
        assert_eq!(
            (&whole["time"], &whole["timeEnd"]),
            (&json!(62_000), &json!(90_000))
        );
    }
}
