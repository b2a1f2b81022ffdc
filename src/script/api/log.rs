//! `log`: lines for people.

use std::cell::RefCell;

use rhai::{Dynamic, NativeCallContext, Position};
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
/// `place` is the file and line that logs it.
pub fn line(level: LogLevel, text: &str, place: Option<String>) {
    match vu::current() {
        Some(vu) => vu.worker.log(level, text.to_owned(), place, Some(&vu)),
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

/// The file and line of a place in the script.
pub fn place(source: Option<&str>, position: Position) -> Option<String> {
    let line = position.line()?;
    Some(format!("{}:{line}", source.unwrap_or("script")))
}

/// Logs a value for the function that was called.
fn log(context: &NativeCallContext<'_>, level: LogLevel, value: &Dynamic) {
    let place = place(context.call_source(), context.call_position());
    line(level, &shown(value), place);
}

#[export_module(manifest)]
pub mod log_module {
    /// Logs a line of detail. (Rhai keeps the name `debug` to itself.)
    pub fn trace(context: NativeCallContext, text: Dynamic) {
        log(&context, LogLevel::Trace, &text);
    }

    /// Logs a line.
    pub fn info(context: NativeCallContext, text: Dynamic) {
        log(&context, LogLevel::Info, &text);
    }

    /// Logs a line about something that looks wrong.
    pub fn warn(context: NativeCallContext, text: Dynamic) {
        log(&context, LogLevel::Warn, &text);
    }

    /// Logs a line about something that is wrong.
    pub fn error(context: NativeCallContext, text: Dynamic) {
        log(&context, LogLevel::Error, &text);
    }
}
