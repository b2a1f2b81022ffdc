//! `log=FILE`: what scripts log and what happens, a line each, as text or JSON.

use futures_util::future::LocalBoxFuture;

use super::courier::{Courier, Parcel, QUEUE_BYTES};
use super::feed::{Event, Moment, RunInfo};
use super::file::Appender;
use super::hub::Surroundings;
use super::{Book, Output, OutputError, Tally};
use crate::logging::Format;

pub const NAME: &str = "log";

pub struct Log {
    courier: Courier,
    format: Format,
    run: String,
    /// Lines that are not posted yet, and how many.
    lines: Vec<u8>,
    count: u64,
}

impl Log {
    /// # Errors
    /// When the file cannot be made.
    pub fn open(target: &str, around: &Surroundings) -> Result<Box<dyn Output>, OutputError> {
        let file = Appender::create(target)?;
        Ok(Box::new(Self {
            courier: Courier::start(NAME, QUEUE_BYTES, file, &around.say),
            format: around.log_format,
            run: String::new(),
            lines: Vec::new(),
            count: 0,
        }))
    }

    fn post(&mut self) {
        if self.count > 0 {
            self.courier.post(Parcel {
                body: std::mem::take(&mut self.lines).into(),
                samples: std::mem::take(&mut self.count),
            });
        }
    }
}

impl Output for Log {
    fn begin(&mut self, run: &RunInfo) {
        self.run.clone_from(&run.id);
    }

    fn second(&mut self, _now: &Moment, _book: &Book) {
        self.post();
    }

    fn event(&mut self, event: &Event) {
        let line = event.record(&self.run).written(self.format);
        self.lines.extend_from_slice(line.as_bytes());
        self.lines.push(b'\n');
        self.count += 1;
    }

    fn end(mut self: Box<Self>) -> LocalBoxFuture<'static, ()> {
        self.post();
        Box::pin(self.courier.end())
    }

    fn tally(&self) -> Tally {
        self.courier.tally()
    }
}
