//! What a run is asked for while it goes on, and what comes of it.

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
}
