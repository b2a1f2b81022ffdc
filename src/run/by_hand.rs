//! Faults that somebody injects and undoes by hand while a run goes on: a key, a page, whoever has the run's handle.
//!
//! In: a fault's name, and whether it is to begin or to end. Out: what came of it, for who asked.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::sync::oneshot;

use super::conductor::Conductor;
use super::progress::FaultProgress;
use crate::chaos::{Chaos, ChaosError, EndedBy, FaultPlan};
use crate::suggest::did_you_mean;
use crate::vu::Stage;

/// Set off by a script, and not declared.
const BY_SCRIPT: &str = "injected by the script";

/// What is to become of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    Inject,
    Undo,
}

/// Why a fault was not injected, or not undone.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("there is no fault `{name}`{hint}")]
    Unknown { name: String, hint: String },
    #[error("faults are not allowed in this run: begin it with --allow-faults")]
    NotAllowed,
    #[error("the fault `{0}` is at work already")]
    AlreadyOn(String),
    #[error("the fault `{0}` is not at work")]
    NotOn(String),
    #[error("faults are injected while the scenarios go on, not before and not after")]
    NotNow,
    #[error("the fault `{0}` was not injected: {1}")]
    Unsteady(String, String),
    #[error("the fault could not be injected: {0}")]
    Failed(#[source] ChaosError),
    #[error("the run is over")]
    Over,
}

pub(super) type Reply = oneshot::Sender<Result<(), Refused>>;

/// What comes of it: a future, or waited for by [`Answer::wait`]. That a fault was injected does not say that its function
/// found what it was to break; the run tells when one fails.
#[derive(Debug)]
pub struct Answer(oneshot::Receiver<Result<(), Refused>>);

impl Answer {
    pub(super) fn pair() -> (Reply, Self) {
        let (reply, answer) = oneshot::channel();
        (reply, Self(answer))
    }

    /// Waits for it on a thread that may stand still: not on that of the run, and not within a runtime.
    ///
    /// # Errors
    /// Why it was not done.
    pub fn wait(self) -> Result<(), Refused> {
        self.0.blocking_recv().unwrap_or(Err(Refused::Over))
    }
}

impl Future for Answer {
    type Output = Result<(), Refused>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = Pin::new(&mut self.0).poll(context);
        answer.map(|answer| answer.unwrap_or(Err(Refused::Over)))
    }
}

/// The faults that a run may inject, and those at work that nobody declared.
pub(super) fn states(chaos: &Chaos) -> Vec<FaultProgress> {
    let at_work = chaos.injections();
    let declared = &chaos.plan().faults;
    let states = declared.iter().map(|plan| FaultProgress {
        name: plan.name.clone(),
        trigger: plan.trigger.to_string(),
        left: at_work
            .iter()
            .find(|injection| injection.name() == plan.name)
            .map(|injection| injection.left()),
    });
    let is_declared = |name: &str| declared.iter().any(|plan| plan.name == name);
    let others = at_work
        .iter()
        .filter(|injection| !is_declared(injection.name()))
        .map(|injection| FaultProgress {
            name: injection.name().to_owned(),
            trigger: BY_SCRIPT.to_owned(),
            left: Some(injection.left()),
        });
    states.chain(others).collect()
}

impl Conductor<'_> {
    /// Does what somebody wants of a fault.
    pub(super) fn by_hand(&mut self, fault: &str, what: Move) -> Result<(), Refused> {
        match what {
            Move::Inject => self.inject_by_hand(fault),
            Move::Undo => self.undo_by_hand(fault),
        }
    }

    fn inject_by_hand(&mut self, fault: &str) -> Result<(), Refused> {
        let declared = &self.blueprint.options.chaos.faults;
        let index = place(fault, declared)?;
        if self.settings.faults.is_none() || self.settings.leaves_faults_out {
            return Err(Refused::NotAllowed);
        }
        if self.phase != "running" || self.run.stage() != Stage::Running {
            return Err(Refused::NotNow);
        }
        self.hear_of_faults();
        let call = self.director.inject_by_hand(index, Instant::now())?;
        self.ask_for(call);
        Ok(())
    }

    fn undo_by_hand(&mut self, fault: &str) -> Result<(), Refused> {
        let chaos = self.director.chaos().clone();
        let injections = chaos.injections();
        let mut at_work = injections
            .iter()
            .filter(|injection| injection.name() == fault)
            .peekable();
        if at_work.peek().is_none() {
            place(fault, &self.blueprint.options.chaos.faults)?;
            return Err(Refused::NotOn(fault.to_owned()));
        }
        for injection in at_work {
            chaos.end_soon(injection.id(), EndedBy::Hand);
        }
        Ok(())
    }
}

/// Where a declared fault stands.
fn place(fault: &str, declared: &[FaultPlan]) -> Result<usize, Refused> {
    let found = declared.iter().position(|plan| plan.name == fault);
    found.ok_or_else(|| {
        let names = declared.iter().map(|plan| plan.name.as_str());
        Refused::Unknown {
            name: fault.to_owned(),
            hint: did_you_mean(fault, names)
                .map(|hint| format!("; {hint}"))
                .unwrap_or_default(),
        }
    })
}
