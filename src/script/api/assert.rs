//! Assertions: what does not hold ends the test, or the iteration, with both sides in its error.

use rhai::plugin::*;
use rhai::{Dynamic, EvalAltResult, FnPtr, ImmutableString};

use super::{Fallible, error};
use crate::script::engine::Stop;
use crate::script::library::readable_type;
use crate::script::trial::{self, Difference};
use crate::script::{brief_error, difference, innermost};

fn truth(condition: &Dynamic) -> Fallible<bool> {
    condition.as_bool().or_else(|found| {
        error(format!(
            "`assert` takes true or false, not {}",
            readable_type(found)
        ))
    })
}

/// The first line of an assertion's error.
fn headline(what: &str, why: Option<&str>) -> String {
    match why {
        Some(why) => format!("{what}: {}", why.replace('\n', " ")),
        None => what.to_owned(),
    }
}

fn is_same(left: &Dynamic, right: &Dynamic) -> Fallible<bool> {
    match difference::same(left, right) {
        Some(same) => Ok(same),
        None => error(format!(
            "`assert_eq` compares numbers, texts, lists and maps, not a {}\nhelp: compare what is in it, such as `response.status`",
            left.type_name().rsplit("::").next().unwrap_or_default()
        )),
    }
}

fn equal(left: &Dynamic, right: &Dynamic, why: Option<&str>) -> Fallible<()> {
    if is_same(left, right)? {
        return Ok(());
    }
    let message = headline("the two are not equal", why);
    if let Some(trial) = trial::current() {
        let difference = difference::of(left, right).map(|text| Difference {
            message: message.clone(),
            text,
        });
        trial.differs(difference);
    }
    error(format!(
        "{message}\n   left: {}\n  right: {}",
        difference::brief(left),
        difference::brief(right)
    ))
}

fn unequal(left: &Dynamic, right: &Dynamic, why: Option<&str>) -> Fallible<()> {
    if !is_same(left, right)? {
        return Ok(());
    }
    let message = headline("the two are equal", why);
    error(format!("{message}\n  both: {}", difference::brief(left)))
}

/// What a closure throws, as a text; nothing if it does not.
fn thrown(context: &NativeCallContext, body: &FnPtr) -> Fallible<Option<String>> {
    match body.call_raw(context, None, []) {
        Ok(_) => Ok(None),
        Err(error) => match innermost(&error) {
            EvalAltResult::ErrorTerminated(token, _) if token.is::<Stop>() => Err(error),
            EvalAltResult::ErrorRuntime(value, _) => Ok(Some(value.to_string())),
            _ => Ok(Some(brief_error(&error, context.engine()).0)),
        },
    }
}

#[export_module]
pub mod assertions {
    /// Ends a test, or an iteration, with an error if a condition does not hold; with a reason, that is told.
    #[rhai_fn(name = "assert", return_raw)]
    pub fn assert_plain(condition: Dynamic) -> Result<(), Box<EvalAltResult>> {
        match truth(&condition)? {
            true => Ok(()),
            false => error("the assertion does not hold"),
        }
    }

    #[rhai_fn(name = "assert", return_raw)]
    pub fn assert_why(condition: Dynamic, why: ImmutableString) -> Result<(), Box<EvalAltResult>> {
        match truth(&condition)? {
            true => Ok(()),
            false => error(headline("the assertion does not hold", Some(&why))),
        }
    }

    /// Ends it if two values are not equal, and tells both. Numbers are compared by value, lists and maps by what is in them.
    #[rhai_fn(name = "assert_eq", return_raw)]
    pub fn assert_eq_plain(left: Dynamic, right: Dynamic) -> Result<(), Box<EvalAltResult>> {
        equal(&left, &right, None)
    }

    #[rhai_fn(name = "assert_eq", return_raw)]
    pub fn assert_eq_why(
        left: Dynamic,
        right: Dynamic,
        why: ImmutableString,
    ) -> Result<(), Box<EvalAltResult>> {
        equal(&left, &right, Some(&why))
    }

    /// Ends it if two values are equal.
    #[rhai_fn(name = "assert_ne", return_raw)]
    pub fn assert_ne_plain(left: Dynamic, right: Dynamic) -> Result<(), Box<EvalAltResult>> {
        unequal(&left, &right, None)
    }

    #[rhai_fn(name = "assert_ne", return_raw)]
    pub fn assert_ne_why(
        left: Dynamic,
        right: Dynamic,
        why: ImmutableString,
    ) -> Result<(), Box<EvalAltResult>> {
        unequal(&left, &right, Some(&why))
    }

    /// Ends it if a closure does not throw, or if `part` is not in what it throws: `assert_throws(|| pay(-1), "amount")`. Gives
    /// what was thrown, as a text.
    #[rhai_fn(name = "assert_throws", return_raw)]
    pub fn assert_throws_any(
        context: NativeCallContext,
        body: FnPtr,
    ) -> Result<ImmutableString, Box<EvalAltResult>> {
        match thrown(&context, &body)? {
            Some(text) => Ok(text.into()),
            None => error("nothing was thrown"),
        }
    }

    #[rhai_fn(name = "assert_throws", return_raw)]
    pub fn assert_throws_part(
        context: NativeCallContext,
        body: FnPtr,
        part: &str,
    ) -> Result<ImmutableString, Box<EvalAltResult>> {
        match thrown(&context, &body)? {
            Some(text) if text.contains(part) => Ok(text.into()),
            Some(text) => error(format!(
                "something else was thrown\n    wanted: {part:?}\n  in what: {text:?}"
            )),
            None => error(format!(
                "nothing was thrown, where {part:?} was to be in it"
            )),
        }
    }
}
