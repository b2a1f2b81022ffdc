//! The script's `setup`: before the scenarios, and again when somebody asks for it while they go on.

use std::sync::Arc;

use serde_json::Value;

use super::conductor::Conductor;
use super::crew::overflow;
use super::terms::RunError;
use crate::vu::Stage;
use crate::vu::lifecycle::SetupFailure;
use crate::vu::worker::Command;

impl Conductor<'_> {
    /// Runs `setup`, if there is one and nobody gave its data: the data, or why there is none. Asked for once more while it
    /// runs, it begins anew.
    pub(super) async fn set_up(
        &mut self,
        has_setup: bool,
    ) -> Result<(Value, Option<SetupFailure>), RunError> {
        let given = self.settings.given.clone();
        if !has_setup || given.is_some() {
            return Ok((given.unwrap_or_default(), None));
        }
        let limit = self.blueprint.options.timeouts.setup;
        let reply = loop {
            let number = self.run.setup_number();
            let reply = self
                .ask_first(|reply| Command::Setup {
                    number,
                    limit,
                    reply,
                })
                .await;
            let again = std::mem::take(&mut self.setup_again);
            if !again || reply.is_none() || self.run.stage() != Stage::Running {
                break reply;
            }
        };
        match reply {
            Some(Ok(value)) => {
                self.observer.set_up(&value);
                Ok((value, None))
            }
            Some(Err(failure)) => Ok((Value::Null, Some(failure))),
            None if self.crew.is_short() => {
                let failure = SetupFailure::Failed(overflow());
                Ok((Value::Null, Some(failure)))
            }
            None => Err(RunError::Lost(0)),
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
