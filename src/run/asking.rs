//! What the conductor asks of the workers, and how it goes on when one of them will never answer.

use std::time::Duration;

use tokio::sync::oneshot;

use super::conductor::{Conductor, SUMMARY};
use super::crew::{lost, overflow};
use crate::result::AbortedBy;
use crate::vu::worker::Command;
use crate::vu::{RunShared, Stage};

/// Ends when a worker that was told to end at once should long have done so: it hangs in native code, and what
/// the others measured must not be lost with it.
async fn overdue(run: &RunShared) {
    let _ = run.stages().wait_for(|stage| *stage >= Stage::Killed).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
}

impl Conductor<'_> {
    /// Asks the first worker and keeps the run going until it answers.
    pub(super) async fn ask_first<T>(
        &mut self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        let first = self.crew.members.first()?;
        first.commands.send(command(reply)).ok()?;
        let (run, gone) = (self.run.clone(), first.lost.clone());
        self.until(async {
            tokio::select! {
                value = answer => value.ok(),
                () = lost(&gone) => None,
                () = overdue(&run) => None,
            }
        })
        .await
    }

    /// Asks all workers and keeps the run going until all have answered.
    pub(super) async fn ask_all(&mut self, command: impl Fn(oneshot::Sender<()>) -> Command) {
        let answers: Vec<_> = self
            .crew
            .members
            .iter()
            .map(|worker| {
                let (reply, answer) = oneshot::channel();
                let _ = worker.commands.send(command(reply));
                (answer, worker.lost.clone())
            })
            .collect();
        let run = self.run.clone();
        self.until(async {
            for (answer, gone) in answers {
                tokio::select! {
                    // A worker that is gone has nothing more to do.
                    _ = answer => {}
                    () = lost(&gone) => {}
                    () = overdue(&run) => {}
                }
            }
        })
        .await;
        self.mind_the_lost();
    }

    /// A run that has lost a worker cannot keep to its plan: it ends, with what was measured. One lost to `summary` has none
    /// to keep to any more.
    pub(super) fn mind_the_lost(&mut self) {
        if self.phase != SUMMARY && self.crew.is_short() {
            let why = overflow().message;
            let reason = format!("{why} (what its worker measured in its last second is missing)");
            self.abort(AbortedBy::Script, reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_hangs_is_given_up_five_seconds_after_everything_was_to_end() {
        let run = RunShared::new(
            0,
            BTreeMap::new(),
            Vec::new(),
            SECOND,
            SECOND,
            crate::project::Project::of(std::path::Path::new("")),
        );
        let begun = tokio::time::Instant::now();
        let waited = async {
            overdue(&run).await;
            begun.elapsed()
        };
        let killed = async {
            tokio::time::sleep(SECOND).await;
            run.advance(Stage::Stopping);
            tokio::time::sleep(60 * SECOND).await;
            run.advance(Stage::Killed);
        };
        let (waited, ()) = tokio::join!(waited, killed);
        assert_eq!(waited.as_secs(), 66);
    }
}
