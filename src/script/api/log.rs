//! `log`: lines for people.

use std::cell::RefCell;

use rhai::Dynamic;
use std::io::Write as _;

use rhai::plugin::*;

use super::response::ScriptResponse;
use crate::lengths;
use crate::secrets::Secrets;
use crate::vu::{self, LogLevel};

thread_local! {
    /// For lines that no run sees: those of a script's top level.
    static SECRETS: RefCell<Secrets> = RefCell::default();
}

/// Keeps these out of lines that go straight to standard error.
pub fn keep_quiet_about(secrets: &Secrets) {
    SECRETS.replace(secrets.clone());
}

/// Logs a line: through the run if there is one, to standard error otherwise.
pub fn line(level: LogLevel, text: &str) {
    match vu::current() {
        Some(vu) => vu.worker.log(level, text.to_owned(), Some(&vu)),
        None => {
            let mut text = SECRETS.with_borrow(|secrets| secrets.mask(text).into_owned());
            lengths::shorten(&mut text, lengths::TEXT);
            // Where nobody reads it, nothing is lost.
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }
}

/// A value as a line: of its own types Rhai knows only the names.
fn shown(value: &Dynamic) -> String {
    match value.read_lock::<ScriptResponse>() {
        Some(response) => response.to_string(),
        None => value.to_string(),
    }
}

#[export_module(manifest)]
pub mod log_module {
    /// Logs a line of detail. (Rhai keeps the name `debug` to itself.)
    pub fn trace(text: Dynamic) {
        line(LogLevel::Trace, &shown(&text));
    }

    /// Logs a line.
    pub fn info(text: Dynamic) {
        line(LogLevel::Info, &shown(&text));
    }

    /// Logs a line about something that looks wrong.
    pub fn warn(text: Dynamic) {
        line(LogLevel::Warn, &shown(&text));
    }

    /// Logs a line about something that is wrong.
    pub fn error(text: Dynamic) {
        line(LogLevel::Error, &shown(&text));
    }
}
