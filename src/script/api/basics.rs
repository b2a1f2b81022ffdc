//! Functions without a module.

use std::time::Duration;

use rhai::plugin::*;
use rhai::{Dynamic, EvalAltResult, ImmutableString, Position};

use super::{Fallible, error, waiting};
use crate::script::convert;
use crate::script::engine::Stop;
use crate::units;

/// A duration as scripts write it: a number of seconds, or a text such as "1m30s".
pub fn duration_of(value: &Dynamic) -> Fallible<Duration> {
    let parsed = if let Some(text) = value.read_lock::<ImmutableString>() {
        units::parse_duration(&text)
    } else {
        units::duration_from_number(super::number(value, "a duration")?)
    };
    parsed.or_else(|why| error(why.to_string()))
}

/// One function for each type of argument: Rhai has a `sleep` of its own for numbers, which would hold the thread,
/// and an exact type wins over `Dynamic`.
fn pause(duration: &Dynamic) -> Fallible<()> {
    waiting(tokio::time::sleep(duration_of(duration)?))
}

#[export_module]
pub mod basics {
    /// Waits so many seconds, while other virtual users go on.
    #[rhai_fn(name = "sleep", return_raw)]
    pub fn sleep_whole(seconds: i64) -> Result<(), Box<EvalAltResult>> {
        pause(&seconds.into())
    }

    /// Waits so many seconds, while other virtual users go on.
    #[rhai_fn(name = "sleep", return_raw)]
    pub fn sleep_seconds(seconds: f64) -> Result<(), Box<EvalAltResult>> {
        pause(&seconds.into())
    }

    /// Waits for a duration such as "250ms" or "1m30s", while other virtual users go on.
    #[rhai_fn(name = "sleep", return_raw)]
    pub fn sleep_text(duration: ImmutableString) -> Result<(), Box<EvalAltResult>> {
        pause(&duration.into())
    }

    /// The seconds, as a float, of a duration written as a number of seconds or a text such as "1m30s".
    #[rhai_fn(return_raw)]
    pub fn seconds(duration: Dynamic) -> Result<f64, Box<EvalAltResult>> {
        Ok(duration_of(&duration)?.as_secs_f64())
    }

    /// The JSON text of a value.
    #[rhai_fn(return_raw)]
    pub fn json_text(value: Dynamic) -> Result<String, Box<EvalAltResult>> {
        match convert::to_json(&value) {
            Ok(value) => Ok(value.to_string()),
            Err(why) => error(why.to_string()),
        }
    }

    /// Ends the iteration as failed, with a reason.
    #[rhai_fn(return_raw)]
    pub fn fail(reason: &str) -> Result<(), Box<EvalAltResult>> {
        error(reason)
    }

    /// Ends the whole run, with a reason. The run counts as failed (exit code 2).
    #[rhai_fn(return_raw)]
    pub fn abort(reason: &str) -> Result<(), Box<EvalAltResult>> {
        Err(Box::new(EvalAltResult::ErrorTerminated(
            Dynamic::from(Stop::Abort(reason.to_owned())),
            Position::NONE,
        )))
    }
}
