//! Messages, and the batches that they are carried in.

use std::io::Write;

use futures_util::future::LocalBoxFuture;
use serde_json::Value;

use super::NAME;
use super::producer::Producer;
use super::target::Target;
use crate::output::courier::{Courier, Parcel, QUEUE_BYTES};
use crate::output::hub::Surroundings;
use crate::output::{Book, Event, Moment, Output, OutputError, RunInfo, Tally, records};

/// A batch is posted once it is so large, in bytes: brokers take a MiB by default.
const FULL: usize = 512 << 10;

/// Sends a run's records.
struct Kafka {
    courier: Courier,
    run: String,
    batch: Batch,
}

/// Begins sending to a target.
///
/// # Errors
/// When the target or its credentials do not fit.
pub fn open(target: &str, around: &Surroundings) -> Result<Box<dyn Output>, OutputError> {
    let target = Target::parse(target)
        .map_err(|why| OutputError::Usage(format!("`--out {NAME}=…`: {why}")))?;
    let producer = Producer::new(target, &around.env)?;
    Ok(Box::new(Kafka {
        courier: Courier::start(NAME, QUEUE_BYTES, producer, &around.say),
        run: String::new(),
        batch: Batch::default(),
    }))
}

impl Kafka {
    fn push(&mut self, at: u64, record: &Value) {
        self.batch.push(&self.run, at, record);
        if self.batch.body.len() >= FULL {
            self.post();
        }
    }

    fn post(&mut self) {
        if self.batch.count > 0 {
            let Batch { body, count } = std::mem::take(&mut self.batch);
            self.courier.post(Parcel {
                body: body.into(),
                samples: count,
            });
        }
    }
}

impl Output for Kafka {
    fn begin(&mut self, run: &RunInfo) {
        self.run.clone_from(&run.id);
        self.push(run.at, &records::run(run));
    }

    fn second(&mut self, now: &Moment, book: &Book) {
        for record in records::series(now, book) {
            self.push(now.at, &record);
        }
        for record in records::objectives(now) {
            self.push(now.at, &record);
        }
        self.post();
    }

    fn event(&mut self, event: &Event) {
        self.push(event.at, &records::event(event));
    }

    fn end(mut self: Box<Self>) -> LocalBoxFuture<'static, ()> {
        self.post();
        Box::pin(self.courier.end())
    }

    fn tally(&self) -> Tally {
        self.courier.tally()
    }
}

/// Messages of one run on their way, as text: a line with their key, then a line for each, its moment before it.
#[derive(Debug, Default)]
struct Batch {
    body: Vec<u8>,
    count: u64,
}

/// A message of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// Milliseconds since 1970.
    pub at: i64,
    pub json: &'a [u8],
}

impl Batch {
    fn push(&mut self, key: &str, at: u64, record: &Value) {
        if self.body.is_empty() {
            let _ = writeln!(self.body, "{key}");
        }
        // A vector takes everything, and JSON has no line breaks of its own.
        let _ = write!(self.body, "{at} ");
        let _ = serde_json::to_writer(&mut self.body, record);
        self.body.push(b'\n');
        self.count += 1;
    }
}

/// The key of a batch, and its messages.
pub fn messages(body: &[u8]) -> (&[u8], Vec<Message<'_>>) {
    let mut lines = body
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    let key = lines.next().unwrap_or_default();
    let message = |line| {
        let at = <[u8]>::iter(line).position(|byte| *byte == b' ')?;
        let (at, json) = line.split_at_checked(at)?;
        Some(Message {
            at: std::str::from_utf8(at).ok()?.parse().ok()?,
            json: json.get(1..)?,
        })
    };
    (key, lines.filter_map(message).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_goes_into_a_batch_comes_out_of_it() {
        let mut batch = Batch::default();
        batch.push(
            "run-1",
            1_700_000_000_000,
            &json!({ "text": "two\nlines and words" }),
        );
        batch.push("run-1", 1_700_000_000_001, &json!({}));
        let (key, messages) = messages(&batch.body);
        assert_eq!((key, batch.count), (b"run-1".as_slice(), 2));
        let told: Vec<_> = messages
            .iter()
            .map(|message| (message.at, std::str::from_utf8(message.json).unwrap()))
            .collect();
        let first = r#"{"text":"two\nlines and words"}"#;
        assert_eq!(
            told,
            [(1_700_000_000_000, first), (1_700_000_000_001, "{}")]
        );
    }
}
