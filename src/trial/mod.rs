//! Runs the tests of scripts: functions named `test_…`, each against a mock server of its own.
//!
//! In: paths. [`files`] finds the scripts, [`Suite`] compiles one and lists its tests, [`run_all`] runs them. Out: a [`Finished`] for
//! each, in the order in which they stand, from which `report` makes text, JSON and JUnit.
//!
//! A test is a virtual user with one iteration, on a worker thread of its own: a fresh run, so `shared::`, cookies, constants and
//! state are nobody else's, and what overflows a stack or never ends takes no other test with it.

mod find;
mod one;
pub mod report;
mod suite;

use std::time::Duration;

use futures_util::{StreamExt, stream};

pub use find::{FindError, files, is_test_file};
pub use one::{Finished, Reason, Verdict};
pub use suite::{PREFIX, Suite, Test};

/// How tests are run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Tests at once.
    pub jobs: usize,
    /// Of each test.
    pub timeout: Duration,
    /// Sleeps take their time.
    pub real_time: bool,
    pub seed: u64,
    /// Nothing starts after a failure.
    pub fail_fast: bool,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Complete,
    /// After a failure, and not all were run.
    FailedFast,
    /// By whoever started them.
    Interrupted,
}

/// Runs tests, and tells each in the order of the list as soon as it and all before it are over. `interrupted`: ends when no more
/// are to be run.
///
/// # Errors
/// Whatever `tell` gives back as one, at once.
pub async fn run_all<E>(
    tests: &[(&Suite, &Test)],
    settings: &Settings,
    interrupted: impl Future<Output = ()>,
    mut tell: impl FnMut(Finished) -> Result<(), E>,
) -> Result<End, E> {
    let mut running = stream::iter(tests)
        .map(|(suite, test)| one::run(suite, test, settings))
        .buffered(settings.jobs.max(1));
    let mut left = tests.len();
    let mut interrupted = std::pin::pin!(interrupted);
    loop {
        let finished = tokio::select! {
            finished = running.next() => finished,
            () = &mut interrupted => return Ok(End::Interrupted),
        };
        let Some(finished) = finished else {
            return Ok(End::Complete);
        };
        left = left.saturating_sub(1);
        let failed = matches!(finished.verdict, Verdict::Failed(_));
        tell(finished)?;
        if failed && settings.fail_fast && left > 0 {
            return Ok(End::FailedFast);
        }
    }
}
