//! On which terms a run is made: what is not said by the script, and who watches.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::handle::Handle;
use super::progress::Progress;
use crate::chaos::{ChaosError, Touches};
use crate::hooks::CannotListen;
use crate::output::Feed;
use crate::result::RunResult;
use crate::vu::Failure;
use crate::vu::tap::Tap;

/// What is not said by the script.
#[derive(Debug, Clone)]
pub struct Settings {
    pub workers: usize,
    pub strict: bool,
    /// As written on the command line, for the result.
    pub execution_segment: Option<String>,
    pub notes: Vec<String>,
    /// What `setup` gave to the run before this one, which runs on with it: `setup` is not run.
    pub given: Option<Value>,
    /// Ends the run when every objective's value is known to within this fraction.
    pub until_stable: Option<f64>,
    /// What the script's faults may touch; without it the load runs alone.
    pub faults: Option<BTreeSet<Touches>>,
    /// The load runs alone whatever they may touch; programs of the run's own are started all the same, if that is allowed.
    pub leaves_faults_out: bool,
    /// Someone looks on.
    pub looking: Option<Looking>,
    /// Takes what is measured out of the run while it goes.
    pub feed: Option<Feed>,
    /// More is told each second, as a dashboard needs it.
    pub detail: bool,
}

/// How someone looks on.
#[derive(Debug, Clone)]
pub struct Looking {
    pub tap: Arc<Tap>,
    /// Least time from one iteration to the next of the same virtual user.
    pub breather: Duration,
    pub paused: bool,
}

/// Who watches a run. All calls come from one thread; they must not block for long.
pub trait Observer {
    /// The workers are there; this is how to steer them.
    fn started(&mut self, _handle: Handle) {}
    /// What `setup` gave, whenever it was run.
    fn set_up(&mut self, _data: &Value) {}
    /// `setup` was run again and gave nothing: the virtual users keep what they have.
    fn set_up_failed(&mut self, _why: &str) {}
    /// Once a second.
    fn progress(&mut self, progress: &Progress);
    /// All is measured and judged; only the script's own `summary` is still to come, if it has one.
    fn measured(&mut self, _result: &RunResult) {}
    /// What a script's own `summary` gave back.
    fn summary(&mut self, _value: &Value) {}
}

/// A run that could not be made at all.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("cannot start a worker: {0}")]
    Worker(#[source] std::io::Error),
    #[error(transparent)]
    Hooks(#[from] CannotListen),
    #[error(transparent)]
    Chaos(#[from] ChaosError),
    #[error("{}", .0.rendered)]
    Script(Failure),
    #[error("worker {0} ended unexpectedly; this is a mistake in rhaid")]
    Lost(usize),
}
