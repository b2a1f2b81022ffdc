//! How faults end, in the terms of results.

use crate::chaos::EndedBy;
use crate::metrics::{Builtin, Totals};
use crate::result::FaultStatus;
use crate::run::phases::Stand;
use crate::slo::Objective;
use crate::units::format_duration;
use crate::vu::{Failure, Outcome};

/// Failed requests that the first objective about all of them allows in the run.
pub(super) fn budget(slos: &[Objective], totals: &Totals) -> Option<f64> {
    let failed = Builtin::HttpReqFailed.definition().name;
    let about_all = |objective: &&Objective| {
        objective.selector.metric() == failed && objective.selector.conditions().is_empty()
    };
    let bound = slos.iter().find(about_all)?.target.threshold.bound();
    let requests = Stand::of(totals, 0.0).all_since(&Stand::default()).requests;
    (bound > 0.0 && requests > 0.0).then_some(bound * requests)
}

/// Why a fault's function failed, if it did.
pub fn failure_of(outcome: &Option<Outcome>) -> Option<Failure> {
    match outcome {
        Some(Outcome::Failed(failure)) => Some(failure.clone()),
        Some(Outcome::Interrupted(crate::vu::Interrupt::Timeout(limit))) => {
            let message = format!("it went on for more than {}", format_duration(*limit));
            Some(Failure {
                rendered: message.clone(),
                message,
            })
        }
        _ => None,
    }
}

/// What a status is called in results.
pub fn status_of(by: &EndedBy) -> (FaultStatus, Option<String>) {
    match by {
        EndedBy::Time => (FaultStatus::Held, None),
        EndedBy::Script => (FaultStatus::Undone, None),
        EndedBy::Hand => (FaultStatus::Undone, Some("by hand".to_owned())),
        EndedBy::Guard(reason) => (FaultStatus::Guarded, Some(reason.clone())),
        EndedBy::Error(reason) => (FaultStatus::Failed, Some(reason.clone())),
        EndedBy::RunEnd => (FaultStatus::Cut, None),
    }
}
