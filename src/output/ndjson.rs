//! `ndjson=FILE`: a JSON object a line, for every series and second, and for everything that happens.

use futures_util::future::LocalBoxFuture;
use serde_json::Value;

use super::courier::{Courier, Parcel, QUEUE_BYTES};
use super::feed::{Event, Moment, RunInfo};
use super::file::Appender;
use super::hub::Surroundings;
use super::{Book, Output, OutputError, Tally, records};

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
            let body = std::mem::take(&mut self.lines).into();
            self.courier.post(Parcel { body, samples });
        }
    }
}

impl Output for Ndjson {
    fn begin(&mut self, run: &RunInfo) {
        self.line(&records::run(run));
        self.post(0);
    }

    fn second(&mut self, now: &Moment, book: &Book) {
        let mut samples = 0;
        for record in records::series(now, book) {
            self.line(&record);
            samples += 1;
        }
        for record in records::objectives(now) {
            self.line(&record);
        }
        self.post(samples);
    }

    fn event(&mut self, event: &Event) {
        self.line(&records::event(event));
    }

    fn end(mut self: Box<Self>) -> LocalBoxFuture<'static, ()> {
        self.post(0);
        Box::pin(self.courier.end())
    }

    fn tally(&self) -> Tally {
        self.courier.tally()
    }
}
