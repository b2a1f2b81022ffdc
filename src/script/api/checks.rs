//! Checks and groups.

use rhai::plugin::*;
use rhai::{Dynamic, EvalAltResult, FnPtr, ImmutableString, Map, NativeCallContext};

use super::response::ScriptResponse;
use super::{Fallible, error, sides, virtual_user};
use crate::lengths::GROUP_DEPTH;
use crate::metrics::{Builtin, MetricId};
use crate::script::engine::Stop;
use crate::script::library::readable_type;
use crate::script::{brief_error, innermost, trial};
use crate::vu::tap::{Sides, What};
use crate::vu::{FailureKind, TallyKey, Vu};

/// Records one check's outcome.
fn record(context: &NativeCallContext, vu: &Vu, name: &str, held: bool) {
    let mut recorder = vu.worker.recorder.borrow_mut();
    let series = vu.worker.check_series(&mut recorder, vu.tags(), name);
    recorder.rate(series, held);
    if !held && let Some(trial) = trial::current() {
        trial.check_failed(name, None, || place_of(context));
    }
}

/// Where a check stands: `checkout.rhai:12`; empty if that is unknown.
fn place_of(context: &NativeCallContext) -> String {
    match (context.call_source(), context.call_position().line()) {
        (Some(source), Some(line)) => format!("{source}:{line}"),
        (None, Some(line)) => format!("line {line}"),
        (_, None) => String::new(),
    }
}

/// Tells whoever looks on.
fn tell(vu: &Vu, name: &str, held: bool, found: Found, looked_at: Option<&Dynamic>) {
    vu.tell(|| {
        let response = looked_at.and_then(|value| value.read_lock::<ScriptResponse>());
        let about = response.map(|response| response.timings());
        let (sides, reason) = match found {
            Found::Nothing => (None, None),
            Found::Sides(sides) => (sides, None),
            Found::Reason(reason) => (None, Some(reason)),
        };
        What::Check {
            name: name.to_owned(),
            held,
            sides,
            reason,
            about,
        }
    });
}

/// What is known of why a check did not hold.
enum Found {
    Nothing,
    Sides(Option<Sides>),
    Reason(String),
}

/// Whether an error ends the script rather than just a check.
fn ends_script(error: &EvalAltResult) -> bool {
    matches!(innermost(error), EvalAltResult::ErrorTerminated(..))
}

/// Counts why a check failed, under the words in `short`, and keeps the first `whole` of them as an example.
fn keep(vu: &Vu, name: &str, short: &str, whole: &str) {
    if let Some(trial) = trial::current() {
        trial.check_failed(name, Some(whole), String::new);
    }
    let key = TallyKey {
        kind: FailureKind::Check,
        code: 0,
        message: format!("in check \"{name}\": {short}"),
    };
    vu.worker
        .errors
        .borrow_mut()
        .add(key, vu.worker.run.elapsed_seconds(), || {
            crate::vu::Example {
                text: whole.to_owned(),
                scenario: vu.scenario.name.to_string(),
                vu: vu.id,
                iteration: vu.iteration.get(),
                ..Default::default()
            }
        });
}

fn holds(value: &Dynamic, name: &str) -> Fallible<bool> {
    match value.as_bool() {
        Ok(held) => Ok(held),
        Err(_) if value.is_unit() => Ok(false),
        Err(found) => error(format!(
            "the check \"{name}\" must give true or false, not {}",
            readable_type(found)
        )),
    }
}

#[export_module]
pub mod checks {
    /// Looks at a value in several ways: `check(response, #{ "status is 200": |r| r.status == 200 })`. Gives whether
    /// all held. A check that fails or throws is counted and the iteration goes on.
    #[rhai_fn(name = "check", return_raw)]
    pub fn check_all(
        context: NativeCallContext,
        value: Dynamic,
        checks: Map,
    ) -> Result<bool, Box<EvalAltResult>> {
        let vu = virtual_user("check")?;
        let mut all = true;
        for (name, check) in &checks {
            let mut found = Found::Nothing;
            let mut thrown = None;
            let held = match check.read_lock::<FnPtr>() {
                Some(function) => match function.call_raw(&context, None, [value.clone()]) {
                    Ok(result) => {
                        let held = holds(&result, name)?;
                        if !held && vu.worker.run.tap.is_some() {
                            found = Found::Sides(sides::of(&context, &function, &value));
                        }
                        held
                    }
                    Err(error) if ends_script(&error) => return Err(error),
                    Err(error) => {
                        let (short, whole) = brief_error(&error, context.engine());
                        found = Found::Reason(short.clone());
                        thrown = Some((short, whole));
                        false
                    }
                },
                None => holds(check, name)?,
            };
            record(&context, &vu, name, held);
            if let Some((short, whole)) = thrown {
                keep(&vu, name, &short, &whole);
            }
            tell(&vu, name, held, found, Some(&value));
            all &= held;
        }
        Ok(all)
    }

    /// Counts whether a condition holds, under a name. Gives the condition.
    #[rhai_fn(name = "check", return_raw)]
    pub fn check_one(
        context: NativeCallContext,
        condition: bool,
        name: ImmutableString,
    ) -> Result<bool, Box<EvalAltResult>> {
        let vu = virtual_user("check")?;
        record(&context, &vu, &name, condition);
        tell(&vu, &name, condition, Found::Nothing, None);
        Ok(condition)
    }

    /// With a reason, that of the first time it does not hold is kept for the summary.
    #[rhai_fn(name = "check", return_raw)]
    pub fn check_with_reason(
        context: NativeCallContext,
        condition: bool,
        name: ImmutableString,
        reason: ImmutableString,
    ) -> Result<bool, Box<EvalAltResult>> {
        let vu = virtual_user("check")?;
        record(&context, &vu, &name, condition);
        let found = match condition {
            true => Found::Nothing,
            false => Found::Reason(reason.to_string()),
        };
        tell(&vu, &name, condition, found, None);
        if !condition {
            // The reasons differ by the values in them: counted one by one they would crowd out other errors.
            keep(&vu, &name, "it did not hold", &reason);
        }
        Ok(condition)
    }

    /// Runs a closure as a named part of the journey: `group("checkout", || { ... })`. All it records carries the tag
    /// `group`, its time goes to `group_duration`. Gives what the closure gives.
    #[rhai_fn(return_raw)]
    pub fn group(
        context: NativeCallContext,
        name: &str,
        body: FnPtr,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let vu = virtual_user("group")?;
        if name.is_empty() || name.contains("::") {
            return error("a group needs a name without `::`");
        }
        if vu.group_depth() >= GROUP_DEPTH {
            return error(format!(
                "groups are nested more than {GROUP_DEPTH} deep\nhelp: does a function that calls itself enter one?"
            ));
        }
        let guard = vu.enter_group(name);
        let began = std::time::Instant::now();
        let result = body.call_raw(&context, None, []);
        let took = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let stopped = result.as_ref().is_err_and(|error| {
            matches!(innermost(error), EvalAltResult::ErrorTerminated(token, _) if token.is::<Stop>())
        });
        if !stopped {
            let mut recorder = vu.worker.recorder.borrow_mut();
            let series = recorder.series(MetricId::from(Builtin::GroupDuration), vu.tags());
            recorder.time(series, took);
        }
        drop(guard);
        result
    }
}
