//! The parts of a script that run once in a run: `setup`, `teardown`, `summary`, and a function that is called by its name.
//!
//! Each runs on one worker, on the stack of a virtual user that belongs to no scenario.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;

use super::context::{Interrupt, ScenarioContext, Vu};
use super::life::{Failure, Journey, Outcome, VuTask, limited, within};
use super::playbook::Playbook;
use super::shared::Stage;
use super::worker::Worker;
use crate::chaos::Injection;
use crate::http::Contact;
use crate::units;

/// Why `setup` gave nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetupFailure {
    /// It threw.
    Failed(Failure),
    /// The target gave no answer; the script may have noticed by throwing.
    Unreachable {
        why: String,
        failure: Option<Failure>,
    },
    TimedOut(Duration),
    Stopped,
    Abort(String),
}

impl SetupFailure {
    /// In a sentence or two.
    pub fn why(&self) -> String {
        match self {
            Self::Failed(failure) => failure.message.clone(),
            Self::Unreachable { why, failure } => {
                let thrown = failure.as_ref().map_or_else(String::new, |failure| {
                    format!(" It threw: {}", failure.message)
                });
                format!(
                    "the target could not be reached: {why}; is it running, and is its address right?{thrown}"
                )
            }
            Self::TimedOut(limit) => format!(
                "`setup` took longer than {}; `setup_timeout` allows more",
                units::format_duration(*limit)
            ),
            Self::Stopped => "it was stopped".to_owned(),
            Self::Abort(reason) => format!("it asked for the run's end: {reason}"),
        }
    }

    /// What it threw, if it did.
    pub fn thrown(&self) -> Option<&Failure> {
        match self {
            Self::Failed(failure) => Some(failure),
            Self::Unreachable { failure, .. } => failure.as_ref(),
            Self::TimedOut(_) | Self::Stopped | Self::Abort(_) => None,
        }
    }
}

fn unreachable(vu: &Vu, failure: Option<Failure>) -> SetupFailure {
    let why = vu.session.lost_by();
    SetupFailure::Unreachable {
        why: why.map_or_else(String::new, |error| error.message().to_owned()),
        failure,
    }
}

/// When a part is stopped.
#[derive(Clone, Copy)]
enum Until {
    /// When the run is this far.
    Stage(Stage),
    /// When the run ends, or this `setup` is called off.
    Setup(u64),
}

/// Who runs a part of a script that is in no scenario.
struct Actor<'a> {
    /// Stands for the scenario's name.
    name: &'a str,
    /// The function that is the user's iteration.
    exec: &'a str,
    id: u64,
    until: Until,
}

impl<'a> Actor<'a> {
    /// For `setup` and its like: it belongs to no user.
    fn of(part: &'a str, until: Until) -> Self {
        Self {
            name: part,
            exec: part,
            id: 0,
            until,
        }
    }
}

/// The parts of a script that run once.
#[derive(Clone)]
pub(super) struct Lifecycle {
    pub(super) worker: Rc<Worker>,
    pub(super) playbook: Rc<Playbook>,
}

impl Lifecycle {
    /// Runs `part` on the stack of a virtual user of its own, which belongs to no scenario.
    async fn on_a_stack<T: 'static>(
        &self,
        actor: Actor<'_>,
        part: impl FnOnce(&Rc<Vu>, &dyn Journey) -> T + 'static,
    ) -> Option<T> {
        let context = {
            let mut recorder = self.worker.recorder.borrow_mut();
            let group = ("group".to_owned(), format!("::{}", actor.name));
            Rc::new(ScenarioContext::new(
                actor.name,
                actor.exec,
                Default::default(),
                [group],
                &mut recorder,
            ))
        };
        let vu = Vu::new(actor.id, context, self.worker.clone());
        let stack = self.worker.stacks.take().ok()?;
        let (sender, receiver) = oneshot::channel();
        let journey = self.playbook.journey();
        let body = {
            let vu = vu.clone();
            move || {
                let _ = sender.send(part(&vu, &*journey));
            }
        };
        let task = tokio::task::spawn_local(VuTask::new(vu.clone(), stack, body));
        let (run, until) = (self.worker.run.clone(), actor.until);
        let stopper = tokio::task::spawn_local(async move {
            match until {
                Until::Stage(enough) => {
                    let _ = run.stages().wait_for(|stage| *stage >= enough).await;
                }
                Until::Setup(number) => run.setup_called_off(number).await,
            }
            vu.interrupt(Interrupt::Stop);
        });
        let result = receiver.await.ok();
        stopper.abort();
        task.abort();
        result
    }

    /// Runs `setup`; what it gave back. Stopping a run stops its setup, and so does a newer one.
    pub(super) async fn setup(&self, number: u64, limit: Duration) -> Result<Value, SetupFailure> {
        let run = &self.worker.run;
        if run.stage() >= Stage::Stopping || run.setup_number() > number {
            // It would begin to make what nobody wants any more.
            return Err(SetupFailure::Stopped);
        }
        let result = self
            .on_a_stack(
                Actor::of("setup", Until::Setup(number)),
                move |vu, journey| {
                    let mut value = Value::Null;
                    let outcome = limited(vu, limit, "setup", || match journey.setup() {
                        Ok(data) => {
                            value = data;
                            Outcome::Done
                        }
                        Err(outcome) => outcome,
                    });
                    let contact = vu.session.contact();
                    match outcome {
                        // Data made of answers that never came is worth nothing, whether the script noticed or not.
                        Outcome::Done if contact == Contact::Never => Err(unreachable(vu, None)),
                        Outcome::Done => Ok(value),
                        Outcome::Failed(failure)
                            if matches!(contact, Contact::Never | Contact::Lost) =>
                        {
                            Err(unreachable(vu, Some(failure)))
                        }
                        Outcome::Failed(failure) => Err(SetupFailure::Failed(failure)),
                        Outcome::Interrupted(Interrupt::Timeout(limit)) => {
                            Err(SetupFailure::TimedOut(limit))
                        }
                        Outcome::Interrupted(Interrupt::Stop) => Err(SetupFailure::Stopped),
                        Outcome::Abort(reason) => Err(SetupFailure::Abort(reason)),
                    }
                },
            )
            .await;
        result.unwrap_or(Err(SetupFailure::Stopped))
    }

    /// Calls a function as a scenario's only user would in its only iteration; nothing if its stack was lost.
    pub(super) async fn once(&self, function: &str, limit: Duration) -> Option<Outcome> {
        let actor = Actor {
            name: function,
            exec: function,
            id: 1,
            until: Until::Stage(Stage::Stopping),
        };
        let called = function.to_owned();
        self.on_a_stack(actor, move |vu, journey| {
            let mut script = journey.vu_script(vu);
            limited(vu, limit, &called, || script.iterate())
        })
        .await
    }

    /// Calls the function that injects a fault; nothing if its stack was lost. It may put right what it broke when the run is
    /// stopped, and is cut off only when everything ends at once.
    pub(super) async fn fault(
        &self,
        function: &str,
        injection: Arc<Injection>,
        limit: Duration,
    ) -> Option<Outcome> {
        let actor = Actor::of(function, Until::Stage(Stage::Killed));
        let called = function.to_owned();
        self.on_a_stack(actor, move |vu, journey| {
            limited(vu, limit, &called, || journey.fault(&called, injection))
        })
        .await
    }

    /// Runs `teardown`; what goes wrong in it is reported. It is only stopped when everything ends at once.
    pub(super) async fn teardown(&self, limit: Duration) {
        self.on_a_stack(
            Actor::of("teardown", Until::Stage(Stage::Killed)),
            move |vu, journey| within(vu, limit, "teardown", || journey.teardown()),
        )
        .await;
    }

    /// Runs `summary`; what it gave back, if anything.
    pub(super) async fn summary(&self, limit: Duration, result: Arc<Value>) -> Option<Value> {
        self.on_a_stack(
            Actor::of("summary", Until::Stage(Stage::Killed)),
            move |vu, journey| {
                let mut value = None;
                within(vu, limit, "summary", || match journey.summary(&result) {
                    Ok(given) => {
                        value = given;
                        Outcome::Done
                    }
                    Err(outcome) => outcome,
                });
                value
            },
        )
        .await
        .flatten()
    }
}
