//! The verdict: what a run's end, its objectives and its failures make of it, and the exit code that says so.

use std::collections::BTreeMap;

use super::row::NO_SAMPLES;
use crate::exit;
use crate::result::{Outcome, SloResult, SloStatus, Verdict, VerdictStatus};
use crate::slo::{ExitVerdict, RunFacts};

/// How a run ended, beside its objectives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    pub outcome: Outcome,
    pub iteration_errors: u64,
    /// The script judges its own errors by an objective on `iteration_errors`.
    pub errors_are_judged: bool,
    /// What went wrong in parts of the script that are no iterations, and how often.
    pub failed_parts: BTreeMap<String, u64>,
    /// Scenarios that had users, but of which not one iteration came to its end.
    pub empty_scenarios: Vec<String>,
    /// `setup` failed because the target could not be reached.
    pub unreachable: bool,
}

/// The verdict on a run.
pub fn verdict(
    ending: &Ending,
    slos: &[(crate::slo::Outcome, SloResult)],
    strict: bool,
) -> Verdict {
    let mut reasons = Vec::new();
    for (outcome, slo) in slos {
        if outcome.failed() {
            let what = if slo.status == SloStatus::NoData && slo.actual_text == NO_SAMPLES {
                format!("has {NO_SAMPLES}")
            } else {
                format!("is {}", slo.actual_text)
            };
            reasons.push(format!(
                "{} {} {}: it {what}",
                slo.priority.label(),
                slo.label(),
                slo.target
            ));
        }
    }
    let iteration_errors = if ending.errors_are_judged {
        0
    } else {
        ending.iteration_errors
    };
    let facts = RunFacts {
        script_errors: iteration_errors + ending.failed_parts.values().sum::<u64>(),
        aborted: matches!(ending.outcome, Outcome::Aborted { .. }),
        empty_scenarios: ending.empty_scenarios.len() as u64,
    };
    for (what, times) in ending.failed_parts.iter().rev() {
        let often = if *times == 1 {
            String::new()
        } else {
            format!(" ({} times)", crate::units::format_count(*times))
        };
        reasons.insert(0, format!("{what}{often}"));
    }
    if iteration_errors > 0 {
        let plural = if iteration_errors == 1 {
            "a script error"
        } else {
            "script errors"
        };
        reasons.insert(
            0,
            format!("{} ended in {plural}", iterations(iteration_errors)),
        );
    }
    let missed = !reasons.is_empty();
    for (_, slo) in slos {
        if let (SloStatus::Warning, Some(warn)) = (slo.status, &slo.warn) {
            reasons.push(format!(
                "{} {} {}: it is {}, past the warning bound {warn}",
                slo.priority.label(),
                slo.label(),
                slo.target,
                slo.actual_text
            ));
        }
    }
    let missed = missed || !ending.empty_scenarios.is_empty();
    if ending.outcome == Outcome::Completed {
        reasons.extend(ending.empty_scenarios.iter().map(|name| {
            format!("scenario `{name}`: not one iteration came to its end, so nothing was tested")
        }));
    }
    let judged = ExitVerdict::of(slos.iter().map(|(outcome, _)| *outcome), facts, strict);
    let (status, exit_code) = match &ending.outcome {
        Outcome::Interrupted => (VerdictStatus::Interrupted, exit::INTERRUPTED),
        Outcome::SetupFailed { reason } => {
            reasons.insert(0, reason.clone());
            (
                VerdictStatus::Error,
                if ending.unreachable {
                    exit::UNREACHABLE
                } else {
                    exit::BLOCKED
                },
            )
        }
        Outcome::Aborted { reason, .. } => {
            reasons.insert(0, reason.clone());
            (VerdictStatus::Failed, exit::BLOCKED)
        }
        Outcome::Completed => {
            let status = match judged {
                ExitVerdict::Ship => VerdictStatus::Pass,
                ExitVerdict::Review if !missed => VerdictStatus::Warning,
                ExitVerdict::Review | ExitVerdict::Blocked => VerdictStatus::Failed,
            };
            (status, judged.code())
        }
    };
    Verdict {
        status,
        exit_code,
        strict,
        reasons,
    }
}

fn iterations(count: u64) -> String {
    if count == 1 {
        "1 iteration".to_owned()
    } else {
        format!("{} iterations", crate::units::format_count(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::AbortedBy;

    fn ending(outcome: Outcome, iteration_errors: u64) -> Ending {
        Ending {
            outcome,
            iteration_errors,
            errors_are_judged: false,
            failed_parts: BTreeMap::new(),
            empty_scenarios: Vec::new(),
            unreachable: false,
        }
    }

    #[test]
    fn a_scenario_that_came_to_nothing_asks_for_a_review() {
        let empty = Ending {
            empty_scenarios: vec!["night".to_owned()],
            ..ending(Outcome::Completed, 0)
        };
        let found = verdict(&empty, &[], false);
        assert_eq!((found.status, found.exit_code), (VerdictStatus::Failed, 1));
        assert!(
            found.reasons[0].starts_with("scenario `night`"),
            "{:?}",
            found.reasons
        );
        assert_eq!(verdict(&empty, &[], true).exit_code, 2);
        let interrupted = Ending {
            outcome: Outcome::Interrupted,
            ..empty
        };
        let found = verdict(&interrupted, &[], false);
        assert_eq!(
            (found.exit_code, found.reasons.len()),
            (exit::INTERRUPTED, 0)
        );
    }

    #[test]
    fn each_way_to_end_has_its_exit_code() {
        let aborted = Outcome::Aborted {
            by: AbortedBy::Slo,
            reason: "r".into(),
        };
        let failed = Outcome::SetupFailed { reason: "r".into() };
        assert_eq!(
            verdict(&ending(Outcome::Completed, 0), &[], false).exit_code,
            exit::PASS
        );
        assert_eq!(
            verdict(&ending(Outcome::Completed, 1), &[], false).exit_code,
            exit::BLOCKED
        );
        assert_eq!(
            verdict(&ending(aborted, 0), &[], false).exit_code,
            exit::BLOCKED
        );
        assert_eq!(
            verdict(&ending(Outcome::Interrupted, 5), &[], false).exit_code,
            exit::INTERRUPTED
        );
        assert_eq!(
            verdict(&ending(failed.clone(), 0), &[], false).exit_code,
            exit::BLOCKED
        );
        let unreachable = Ending {
            unreachable: true,
            ..ending(failed, 0)
        };
        assert_eq!(
            verdict(&unreachable, &[], false).exit_code,
            exit::UNREACHABLE
        );
    }

    #[test]
    fn an_objective_on_iteration_errors_judges_them_instead() {
        let judged = Ending {
            errors_are_judged: true,
            ..ending(Outcome::Completed, 7)
        };
        assert_eq!(verdict(&judged, &[], false).exit_code, exit::PASS);
    }
}
