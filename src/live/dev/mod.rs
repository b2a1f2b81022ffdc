//! What someone sees who writes a script while it runs.
//!
//! In: what virtual users do ([`Happening`]), a [`Progress`] once a second, and [`Event`]s about the script and the run. Out:
//! a split view on a terminal ([`Split`]), plain lines elsewhere ([`Lines`]), and [`Order`]s from the keyboard.

mod board;
mod detail;
mod entry;
mod faults;
mod fit;
mod help;
mod job;
mod keys;
mod lines;
mod paint;
mod picture;
mod split;
mod stage;

use std::time::{Duration, Instant};

use crate::run::Progress;
use crate::secrets::Secrets;
use crate::vu::tap::Happening;

pub use lines::Lines;
pub use split::Split;
pub use stage::{Stage, Teller};

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
    /// No run goes on until something is saved or asked for: why.
    Idle(String),
    Paused(bool),
    /// The shell takes the terminal until it gives it back.
    Suspended,
    /// The shell has given the terminal back.
    Continued,
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
    /// Inject the fault of this number, or undo it if it is at work.
    Fault(usize),
    /// Give the terminal to the shell.
    Suspend,
    /// Nobody looks on for a while, or does again.
    Away(bool),
    Quit,
}

/// One way to show it.
pub trait Screen {
    fn happening(&mut self, happening: Happening);
    fn event(&mut self, event: Event);
    /// Shows what has come, and gives what the keyboard asked for; waits for so long at most.
    fn look(&mut self, patience: Duration) -> Vec<Order>;
    /// Gives the terminal to someone else for a while.
    fn leave(&mut self) {}
    /// Takes it again, whatever the other made of it.
    fn enter(&mut self) {}
}

/// What a screen knows beside what it is told.
#[derive(Debug, Clone)]
pub struct Setting {
    pub script: String,
    pub secrets: Secrets,
    pub colour: bool,
    /// When someone began to look on.
    pub began: Instant,
}

#[cfg(test)]
impl Setting {
    /// For a view of a script that has no secrets.
    pub fn of(script: &str) -> Self {
        Self {
            script: script.to_owned(),
            secrets: Secrets::default(),
            colour: false,
            began: Instant::now(),
        }
    }
}
