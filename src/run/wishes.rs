//! What a run is asked for while it goes on, and what comes of it.

use tokio::sync::oneshot;

use super::by_hand::{Move, Reply};
use super::conductor::Conductor;
use crate::vu::Stage;
use crate::vu::lifecycle::SetupFailure;
use crate::vu::worker::Command;

/// What the conductor is asked for while the run goes on.
#[derive(Debug)]
pub(super) enum Wish {
    SetUpAgain,
    HandOver,
    Fault {
        fault: String,
        what: Move,
        reply: Reply,
    },
}

impl Conductor<'_> {
    pub(super) fn fulfil(&mut self, wish: Wish) {
        match wish {
            Wish::HandOver => {
                self.handed_over = true;
                self.run.advance(Stage::Stopping);
            }
            Wish::Fault { fault, what, reply } => {
                // Who asked may have gone.
                let _ = reply.send(self.by_hand(&fault, what));
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
