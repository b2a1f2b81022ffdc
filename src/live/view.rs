//! The view's own thread: a terminal or pipe that does not take what is written to it must not hold up the run.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::Terminal;
use super::ndjson::Ndjson;
use crate::logging::Format;
use crate::run::Progress;

/// Messages that wait while the terminal is busy; one that blocks for longer loses them.
const BACKLOG: usize = 16;

/// How long the end of a run waits for a terminal that does not read.
const PATIENCE: Duration = Duration::from_secs(2);

enum Message {
    Progress(Box<Progress>),
    Say(String),
}

/// What is shown of a run's progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Lines for people; see [`Terminal::new`].
    Lines,
    /// Only what goes wrong.
    Nothing,
    /// JSON, a line for each thing.
    Json,
}

/// Where it is shown.
enum Face {
    Terminal(Box<Terminal>),
    Json(Ndjson),
}

impl Face {
    fn of(shown: Shown, logs: Format) -> Self {
        match shown {
            Shown::Lines => Self::Terminal(Box::new(Terminal::new(false, logs))),
            Shown::Nothing => Self::Terminal(Box::new(Terminal::new(true, logs))),
            Shown::Json => Self::Json(Ndjson),
        }
    }

    fn take(&mut self, message: Message) {
        match (self, message) {
            (Self::Terminal(terminal), Message::Progress(progress)) => terminal.show(&progress),
            (Self::Terminal(terminal), Message::Say(text)) => terminal.say(&text),
            (Self::Json(lines), Message::Progress(progress)) => lines.show(&progress),
            (Self::Json(lines), Message::Say(text)) => lines.say(&text),
        }
    }
}

/// Shows a run's progress from a thread of its own.
pub struct View {
    messages: SyncSender<Message>,
    ended: Receiver<()>,
    thread: JoinHandle<()>,
    /// Log lines that found the terminal busy.
    lost_logs: u64,
}

/// Says something in between.
#[derive(Clone)]
pub struct Voice(SyncSender<Message>);

impl Voice {
    /// A line on standard error, above what is redrawn.
    pub fn say(&self, text: impl Into<String>) {
        let _ = self.0.try_send(Message::Say(text.into()));
    }
}

impl View {
    /// A view on standard error; lines of the log are written in this format, unless all is JSON.
    ///
    /// # Errors
    /// When there can be no further thread.
    pub fn start(shown: Shown, logs: Format) -> std::io::Result<Self> {
        let (messages, incoming) = sync_channel(BACKLOG);
        let (at_end, ended) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("view".to_owned())
            .spawn(move || {
                let mut face = Face::of(shown, logs);
                for message in incoming {
                    face.take(message);
                }
                if let Face::Terminal(terminal) = &mut face {
                    terminal.clear();
                }
                let _ = at_end.send(());
            })?;
        Ok(Self {
            messages,
            ended,
            thread,
            lost_logs: 0,
        })
    }

    /// Who speaks in between.
    pub fn voice(&self) -> Voice {
        Voice(self.messages.clone())
    }

    /// Shows a run's progress, or leaves it out when the terminal is still busy with the last.
    pub fn show(&mut self, progress: &Progress) {
        let mut progress = Box::new(progress.clone());
        progress.dropped_logs += self.lost_logs;
        self.lost_logs = match self.messages.try_send(Message::Progress(progress)) {
            Ok(()) => 0,
            Err(TrySendError::Full(Message::Progress(lost))) => {
                lost.dropped_logs + lost.logs.len() as u64
            }
            Err(_) => self.lost_logs,
        };
    }

    /// Ends when everything is shown, or when nobody looks. Every [`Voice`] must be gone by then.
    pub fn end(self) {
        drop(self.messages);
        if self.ended.recv_timeout(PATIENCE).is_ok() {
            let _ = self.thread.join();
        }
    }
}
