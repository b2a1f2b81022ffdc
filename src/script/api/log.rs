//! `log`: lines for people.

use rhai::Dynamic;
use rhai::plugin::*;

use crate::vu::{self, LogLevel};

/// Logs a line: through the run if there is one, to standard error otherwise.
pub fn line(level: LogLevel, text: &str) {
    match vu::current() {
        Some(vu) => vu.worker.log(level, text.to_owned(), Some(&vu)),
        None => eprintln!("{text}"),
    }
}

#[export_module(manifest)]
pub mod log_module {
    /// Logs a line of detail. (Rhai keeps the name `debug` to itself.)
    pub fn trace(text: Dynamic) {
        line(LogLevel::Debug, &text.to_string());
    }

    /// Logs a line.
    pub fn info(text: Dynamic) {
        line(LogLevel::Info, &text.to_string());
    }

    /// Logs a line about something that looks wrong.
    pub fn warn(text: Dynamic) {
        line(LogLevel::Warn, &text.to_string());
    }

    /// Logs a line about something that is wrong.
    pub fn error(text: Dynamic) {
        line(LogLevel::Error, &text.to_string());
    }
}
