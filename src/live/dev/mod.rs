//! What someone sees who writes a script while it runs.
//!
//! In: what virtual users do ([`Happening`]), a [`Progress`] once a second, and [`Event`]s about the script and the run. Out:
//! a split view on a terminal ([`Split`]), plain lines elsewhere ([`Lines`]), and [`Order`]s from the keyboard.

mod board;
mod detail;
mod entry;
mod keys;
mod lines;
mod paint;
mod split;

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::run::Progress;
use crate::secrets::Secrets;
use crate::vu::tap::{Happening, Happenings};

pub use lines::Lines;
pub use split::Split;

/// What is told about the script and the run.
#[derive(Debug, Clone)]
pub enum Event {
    /// Virtual users begin: for each scenario its name and its load, in words.
    Began(Vec<(String, String)>),
    Progress(Box<Progress>),
    /// What users did that nobody could follow.
    Missed(u64),
    /// Something worth a line.
    Notice(String),
    /// A saved script is in force. What is different, a line each.
    Taken {
        version: u32,
        what: Vec<String>,
    },
    /// What was saved cannot be played; it is shown until it is mended.
    Rejected(String),
    /// `setup` or a run went wrong.
    Trouble(String),
    Paused(bool),
    /// The last.
    End,
}

/// What the keyboard asks for. Scenarios are counted from 0; `None`: all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Pause,
    Step,
    SetUpAgain,
    Vus {
        scenario: Option<usize>,
        more: bool,
    },
    /// From the keyboard's hand to the script's plan, or back.
    Hand {
        scenario: Option<usize>,
    },
    Quit,
}

/// One way to show it.
pub trait Screen {
    fn happening(&mut self, happening: Happening);
    fn event(&mut self, event: Event);
    /// Shows what has come, and gives what the keyboard asked for; waits for so long at most.
    fn look(&mut self, patience: Duration) -> Vec<Order>;
}

/// How often a screen is looked at.
const LOOK: Duration = Duration::from_millis(33);

/// Happenings shown between two looks at the keyboard.
const AT_ONCE: usize = 512;

/// The screen's own thread.
pub struct Stage {
    events: Sender<Event>,
    ended: Receiver<()>,
    thread: JoinHandle<()>,
}

/// How long the end waits for a screen: one whose terminal is gone may never look up again.
const PATIENCE: Duration = Duration::from_secs(2);

impl Stage {
    /// Shows what comes until [`Event::End`].
    ///
    /// # Errors
    /// When there can be no further thread.
    pub fn open(
        make: impl FnOnce() -> Box<dyn Screen> + Send + 'static,
        happenings: Happenings,
        orders: impl Fn(Order) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (events, incoming) = std::sync::mpsc::channel();
        let (at_end, ended) = std::sync::mpsc::sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("view".to_owned())
            .spawn(move || {
                show(&mut *make(), &happenings, &incoming, &orders);
                let _ = at_end.send(());
            })?;
        Ok(Self {
            events,
            ended,
            thread,
        })
    }

    /// Who tells it of events.
    pub fn teller(&self) -> Sender<Event> {
        self.events.clone()
    }

    /// Shows what is left and ends.
    pub fn close(self) {
        let _ = self.events.send(Event::End);
        if self.ended.recv_timeout(PATIENCE).is_ok() {
            let _ = self.thread.join();
        }
    }
}

fn show(
    screen: &mut dyn Screen,
    happenings: &Happenings,
    events: &Receiver<Event>,
    orders: &dyn Fn(Order),
) {
    loop {
        for happening in happenings.try_iter().take(AT_ONCE) {
            screen.happening(happening);
        }
        loop {
            match events.recv_timeout(Duration::ZERO) {
                Ok(Event::End) | Err(RecvTimeoutError::Disconnected) => {
                    for happening in happenings.try_iter() {
                        screen.happening(happening);
                    }
                    screen.look(Duration::ZERO);
                    return;
                }
                Ok(event) => screen.event(event),
                Err(RecvTimeoutError::Timeout) => break,
            }
        }
        screen.look(LOOK).into_iter().for_each(orders);
    }
}

/// What a screen knows beside what it is told.
#[derive(Debug, Clone)]
pub struct Setting {
    pub script: String,
    pub secrets: Secrets,
    pub colour: bool,
}
