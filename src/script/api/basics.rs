//! Functions without a module.

use std::time::Duration;

use rhai::plugin::*;
use rhai::{Dynamic, EvalAltResult, ImmutableString, Position};

use super::{Fallible, error, resting, waiting};
use crate::script::convert;
use crate::script::engine::Stop;
use crate::script::trial;
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
    let duration = duration_of(duration)?;
    if trial::current().is_some_and(|trial| trial.sleep(duration)) {
        return waiting(tokio::task::yield_now());
    }
    resting(duration)
}

/// As much of a text as is needed to recognise it.
fn beginning(text: &str) -> String {
    const MOST: usize = 60;
    let mut beginning: String = text.chars().take(MOST).collect();
    if text.chars().nth(MOST).is_some() {
        beginning.push('…');
    }
    beginning
}

#[export_module]
pub mod basics {
    #[rhai_fn(name = "sleep", return_raw)]
    pub fn sleep_whole(duration: i64) -> Result<(), Box<EvalAltResult>> {
        pause(&duration.into())
    }

    #[rhai_fn(name = "sleep", return_raw)]
    pub fn sleep_seconds(duration: f64) -> Result<(), Box<EvalAltResult>> {
        pause(&duration.into())
    }

    /// Pauses this virtual user for a duration: `sleep(2)`, `sleep(0.5)`, `sleep("250ms")`. The others go on.
    #[rhai_fn(name = "sleep", return_raw)]
    pub fn sleep_text(duration: ImmutableString) -> Result<(), Box<EvalAltResult>> {
        pause(&duration.into())
    }

    /// A duration as a number of seconds: `seconds("1m30s")` is 90.0.
    #[rhai_fn(return_raw)]
    pub fn seconds(duration: Dynamic) -> Result<f64, Box<EvalAltResult>> {
        Ok(duration_of(&duration)?.as_secs_f64())
    }

    /// A value as JSON text, for when the exact bytes of a body matter (a signature).
    #[rhai_fn(return_raw)]
    pub fn json_text(value: Dynamic) -> Result<String, Box<EvalAltResult>> {
        match convert::to_json(&value) {
            Ok(value) => Ok(value.to_string()),
            Err(why) => error(why.to_string()),
        }
    }

    /// What a JSON text stands for: a map, a list, a text, a number, true or false, or `()`.
    #[rhai_fn(return_raw)]
    pub fn parse_json(text: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        match serde_json::from_str(text) {
            Ok(value) => Ok(convert::from_json(&value)),
            Err(_) if text.trim().is_empty() => error("an empty text is not JSON"),
            Err(why) => error(format!("this is not JSON: {:?}, {why}", beginning(text))),
        }
    }

    /// Ends the iteration with a script error: it counts in `iteration_errors`.
    #[rhai_fn(return_raw)]
    pub fn fail(reason: &str) -> Result<(), Box<EvalAltResult>> {
        error(reason)
    }

    /// Ends the whole run, with a reason that the summary shows. The exit code is 2.
    #[rhai_fn(return_raw)]
    pub fn abort(reason: &str) -> Result<(), Box<EvalAltResult>> {
        Err(Box::new(EvalAltResult::ErrorTerminated(
            Dynamic::from(Stop::Abort(reason.to_owned())),
            Position::NONE,
        )))
    }
}
