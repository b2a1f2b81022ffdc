//! What a run is asked for while it goes on, and what comes of it.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::oneshot;

use super::conductor::Conductor;
use crate::vu::Stage;
use crate::vu::lifecycle::SetupFailure;
use crate::vu::worker::Command;

/// What the conductor is asked for while the run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    SetUpAgain,
    HandOver,
}

impl Conductor<'_> {
    pub(super) fn fulfil(&mut self, wish: Wish) {
        match wish {
            Wish::HandOver => {
                self.handed_over = true;
                self.run.advance(Stage::Stopping);
            }
            Wish::SetUpAgain if self.phase == "setup" => {
                self.setup_again = true;
                self.run.next_setup();
            }
            Wish::SetUpAgain => {
                let number = self.run.next_setup();
                let Some(first) = self.crew.members.first() else {
                    return;
                };
                let (reply, answer) = oneshot::channel();
                let limit = self.blueprint.options.timeouts.setup;
                let _ = first.commands.send(Command::Setup {
                    number,
                    limit,
                    reply,
                });
                let outcomes = self.setups_in.clone();
                tokio::spawn(async move {
                    let outcome = answer.await.unwrap_or(Err(SetupFailure::Stopped));
                    let _ = outcomes.send(outcome);
                });
            }
        }
    }

    /// Gives all virtual users the data of a further `setup`.
    pub(super) fn set_up_again(&mut self, outcome: Result<Value, SetupFailure>) {
        match outcome {
            Ok(value) => {
                self.observer.set_up(&value);
                let data = Arc::new(value);
                for worker in &self.crew.members {
                    let _ = worker.commands.send(Command::Data(data.clone()));
                }
            }
            Err(SetupFailure::Stopped) => {}
            Err(failure) => {
                let mut why = failure.why();
                self.blueprint.secrets.mask_text(&mut why);
                self.observer.set_up_failed(&why);
            }
        }
    }
}
