//! A program as virtual users hold it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use rhai::{Dynamic, EvalAltResult};
use serde_json::Value;

use super::api::context::Context;
use super::api::faults::Fault;
use super::convert;
use super::diagnostic::{self, Diagnostic};
use super::engine::Stop;
use super::program::Program;
use super::sources::Sources;
use super::trial::{self, Trial};
use crate::chaos::Injection;
use crate::lengths::{MESSAGE, TEXT, shorten};
use crate::secrets::Secrets;
use crate::vu::worker::JourneyFactory;
use crate::vu::{Failure, Interrupt, Journey, Outcome, Vu, VuScript};

/// A script on one worker.
pub struct RhaiJourney {
    program: Rc<Program>,
    data: RefCell<Rc<Dynamic>>,
}

/// Makes every worker compile the same sources.
pub fn journey_factory(
    sources: Sources,
    env: Arc<BTreeMap<String, String>>,
    secrets: Secrets,
) -> JourneyFactory {
    Arc::new(move |_worker| {
        let program = Program::compile(&sources, &env, &secrets).map_err(|error| {
            let rendered = error.to_string();
            Failure {
                message: rendered.lines().next().unwrap_or_default().to_owned(),
                rendered,
            }
        })?;
        Ok(Rc::new(RhaiJourney::new(program)))
    })
}

impl RhaiJourney {
    /// A journey that has no data yet.
    pub fn new(program: Program) -> Self {
        Self {
            program: Rc::new(program),
            data: RefCell::new(Rc::new(Dynamic::UNIT)),
        }
    }

    /// Calls a function with as many of the offered arguments as it takes; nothing if there is no such function.
    fn call(&self, function: &str, offered: &[Dynamic]) -> Result<Dynamic, Outcome> {
        let arities = self.program.arities(function);
        let Some(&arity) = arities.iter().rev().find(|arity| **arity <= offered.len()) else {
            return match arities.first() {
                None => Ok(Dynamic::UNIT),
                Some(arity) => {
                    let message = format!(
                        "`{function}` takes {arity} parameters, but gets at most {}",
                        offered.len()
                    );
                    Err(Outcome::Failed(Failure {
                        rendered: message.clone(),
                        message,
                    }))
                }
            };
        };
        let mut arguments: Vec<Dynamic> = offered.iter().take(arity).cloned().collect();
        self.program
            .call(function, &mut arguments)
            .map_err(|error| outcome_of(&error, function, &self.program))
    }
}

impl Journey for RhaiJourney {
    fn has(&self, function: &str) -> bool {
        !self.program.arities(function).is_empty()
    }

    fn set_data(&self, data: &Value) {
        *self.data.borrow_mut() = Rc::new(convert::from_json(data));
    }

    fn setup(&self) -> Result<Value, Outcome> {
        let value = self.call("setup", &[])?;
        // A function gives back its last statement, be it only a request that was made for its effect.
        if convert::is_opaque(&value) {
            return Ok(Value::Null);
        }
        convert::to_json(&value).map_err(|error| {
            let message = format!("`setup` must return plain data: {error}");
            Outcome::Failed(Failure {
                rendered: message.clone(),
                message,
            })
        })
    }

    fn teardown(&self) -> Outcome {
        let data = Dynamic::clone(&self.data.borrow());
        match self.call("teardown", &[data]) {
            Ok(_) => Outcome::Done,
            Err(outcome) => outcome,
        }
    }

    fn summary(&self, result: &Value) -> Result<Option<Value>, Outcome> {
        if !self.has("summary") {
            return Ok(None);
        }
        let value = self.call("summary", &[convert::from_json(result)])?;
        if value.is_unit() {
            return Ok(None);
        }
        match convert::to_json(&value) {
            Ok(value) => Ok(Some(value)),
            Err(error) => {
                let message = format!("`summary` must return a text or plain data: {error}");
                Err(Outcome::Failed(Failure {
                    rendered: message.clone(),
                    message,
                }))
            }
        }
    }

    fn fault(&self, function: &str, injection: Arc<Injection>) -> Outcome {
        match self.call(function, &[Dynamic::from(Fault::new(injection))]) {
            Ok(_) => Outcome::Done,
            Err(outcome) => outcome,
        }
    }

    fn vu_script(&self, vu: &Rc<Vu>) -> Box<dyn VuScript> {
        let exec = vu.scenario.exec.clone();
        let takes_context = self
            .program
            .arities(&exec)
            .last()
            .is_some_and(|arity| *arity >= 1);
        let context = Context::new(vu.clone(), self.data.borrow().clone());
        Box::new(RhaiVu {
            program: self.program.clone(),
            context: Dynamic::from(context),
            exec,
            takes_context,
        })
    }
}

/// A script in one virtual user's hands.
struct RhaiVu {
    program: Rc<Program>,
    context: Dynamic,
    exec: String,
    takes_context: bool,
}

impl RhaiVu {
    fn run(&self, function: &str, with_context: bool) -> Outcome {
        let result = if with_context {
            self.program.call(function, &mut [self.context.clone()])
        } else {
            self.program.call(function, &mut [])
        };
        match result {
            Ok(_) => Outcome::Done,
            Err(error) => outcome_of(&error, function, &self.program),
        }
    }

    fn run_if_there(&self, function: &str) -> Outcome {
        match self.program.arities(function).last() {
            None => Outcome::Done,
            Some(arity) => self.run(function, *arity >= 1),
        }
    }
}

impl VuScript for RhaiVu {
    fn has(&self, function: &str) -> bool {
        self.program.arities(function).last().is_some()
    }

    fn start(&mut self) -> Outcome {
        self.run_if_there("vu_start")
    }

    fn iterate(&mut self) -> Outcome {
        self.run(&self.exec, self.takes_context)
    }

    fn stop(&mut self) -> Outcome {
        self.run_if_there("vu_stop")
    }
}

/// What an error out of a function of the script means for the iteration.
fn outcome_of(error: &EvalAltResult, function: &str, program: &Program) -> Outcome {
    if let EvalAltResult::ErrorTerminated(token, _) = innermost(error) {
        return match token.clone().try_cast::<Stop>() {
            Some(Stop::Interrupted(why)) => {
                if let Some(trial) = trial::current() {
                    trial.stopped_at(place_of_stop(&trial, function, program.sources()));
                }
                Outcome::Interrupted(why)
            }
            Some(Stop::Abort(mut reason)) => {
                shorten(&mut reason, MESSAGE);
                Outcome::Abort(reason)
            }
            Some(Stop::TopLevelTooLong) | None => Outcome::Interrupted(Interrupt::Stop),
        };
    }
    let mut diagnostic = diagnostic::of_runtime_error(
        error,
        program.sources(),
        program.engine(),
        Some(program.ast()),
    );
    if diagnostic.line == 0 {
        // Rhai forgets where a limit was passed; the function that was called is known.
        let help = diagnostic.help.take();
        let message = format!("{}, in `{function}`", diagnostic.message);
        diagnostic = diagnostic::of_function(function, message, program.sources()).with_help(help);
    }
    shorten(&mut diagnostic.message, MESSAGE);
    shorten(&mut diagnostic.label, MESSAGE);
    if let Some(help) = &mut diagnostic.help {
        shorten(help, MESSAGE);
    }
    let (message, mut rendered) = (diagnostic.one_line(), diagnostic.render(false));
    shorten(&mut rendered, TEXT);
    Outcome::Failed(Failure { message, rendered })
}

/// Where a test was when it was cut off: in which call of a module, if it was in one. Of its own code Rhai tells no more than the function.
fn place_of_stop(trial: &Trial, function: &str, sources: &Sources) -> Diagnostic {
    if let Some((source, position)) = trial.cut_off_in() {
        let source = if source.is_empty() {
            &sources.main
        } else {
            &source
        };
        let mut place = Diagnostic::at(sources, source, position, "");
        "it was waiting here".clone_into(&mut place.label);
        return place;
    }
    let mut place = diagnostic::of_function(function, String::new(), sources);
    "somewhere in here".clone_into(&mut place.label);
    place
}

/// The error at the bottom of a call stack.
pub fn innermost(error: &EvalAltResult) -> &EvalAltResult {
    match error {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _)
        | EvalAltResult::ErrorInModule(_, inner, _) => innermost(inner),
        other => other,
    }
}
