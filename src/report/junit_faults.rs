//! Faults as JUnit has them: a test case each.

use quick_junit::{TestCase, TestCaseStatus, TestSuite};

use super::faults::shown;
use super::junit::failure;
use crate::harmless;
use crate::result::{FaultResult, FaultStatus, RunResult, SloResult};
use crate::slo::{Pattern, Selector};

/// What judges how soon it was well again.
const RECOVERY: &str = "fault_recovery_time";

/// All faults of a run. One passes when it was undone and all was well again, within its own bound if it has one; one that did not
/// come, or did not come to its end, was not judged.
pub(super) fn faults(result: &RunResult) -> TestSuite {
    let mut suite = TestSuite::new("faults");
    for fault in &result.faults {
        let told = shown(fault, false);
        let mut case = TestCase::new(harmless::line(&fault.name), status(fault, result));
        case.set_classname(harmless::line(&result.run.script));
        let lines = [told.told]
            .into_iter()
            .chain(told.effects)
            .chain(told.impact);
        let lines: Vec<_> = lines.map(|line| harmless::line(&line)).collect();
        case.set_system_out(lines.join("\n"));
        suite.add_test_case(case);
    }
    suite
}

fn status(fault: &FaultResult, result: &RunResult) -> TestCaseStatus {
    if let Some(broken) = fault.failed_undos.first() {
        let what = format!("could not {}: {}", broken.what, broken.why);
        return failure("undo", &what);
    }
    let reason = fault.reason.as_deref().unwrap_or_default();
    let not_judged = |why: &str| {
        let mut skipped = TestCaseStatus::skipped();
        skipped.set_message(harmless::line(why));
        skipped
    };
    match fault.status {
        FaultStatus::Failed => return failure("fault", &format!("it failed: {reason}")),
        FaultStatus::Guarded => return failure("guard", &format!("a guard was crossed: {reason}")),
        FaultStatus::Skipped => return not_judged(reason),
        FaultStatus::NotReached => return not_judged("the run ended before it came"),
        FaultStatus::Cut => return not_judged("the run ended before its time was over"),
        FaultStatus::Held | FaultStatus::Undone => {}
    }
    let recovered = fault
        .impact
        .as_ref()
        .and_then(|impact| impact.recover_seconds);
    let Some(seconds) = recovered else {
        return failure("recovery", "all was not well again before the run ended");
    };
    // A run may inject one several times: the bound is that of all of them.
    match bound(&fault.name, &result.slos) {
        Some(missed) => {
            let why = format!(
                "well again after {seconds:.2} s; {} {}: it was {}",
                missed.label(),
                missed.target,
                missed.actual_text
            );
            failure("recovery", &why)
        }
        None => TestCaseStatus::success(),
    }
}

/// The objective about this fault's own recovery that was missed.
fn bound<'a>(fault: &str, slos: &'a [SloResult]) -> Option<&'a SloResult> {
    let is_own = |slo: &&SloResult| {
        let selector = slo.metric.parse::<Selector>();
        selector.is_ok_and(|selector| {
            let mut conditions = selector.conditions().iter();
            selector.metric() == RECOVERY
                && conditions.any(|condition| {
                    let named = condition.key == "fault" && !condition.negated;
                    named && condition.pattern == Pattern::Exact(fault.to_owned())
                })
        })
    };
    slos.iter().filter(is_own).find(|slo| !slo.is_met())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::faults::sample::fault;
    use crate::result::{FailedUndo, SloStatus, sample};

    fn written(result: &RunResult) -> String {
        let mut document = quick_junit::Report::new("rhaid");
        document.add_test_suite(faults(result));
        document.to_string().unwrap()
    }

    #[test]
    fn each_fault_is_a_case_that_passes_fails_or_was_not_judged() {
        let mut result = sample::passing();
        let mut add = |change: &dyn Fn(&mut FaultResult)| {
            let mut one = fault();
            change(&mut one);
            result.faults.push(one);
        };
        add(&|_| {});
        add(&|fault| {
            fault.failed_undos.push(FailedUndo {
                what: "let it <go> on".into(),
                why: "gone".into(),
            });
        });
        add(&|fault| {
            fault.status = FaultStatus::Skipped;
            fault.reason = Some("not steady".into());
        });
        add(&|fault| fault.status = FaultStatus::NotReached);
        add(&|fault| {
            if let Some(impact) = &mut fault.impact {
                impact.recover_seconds = None;
            }
        });
        add(&|fault| {
            fault.status = FaultStatus::Guarded;
            fault.reason = Some("too many failed".into());
        });
        let text = written(&result);
        assert_eq!(text.matches("<testcase ").count(), 6, "{text}");
        assert_eq!(text.matches("<failure ").count(), 3, "{text}");
        assert_eq!(text.matches("<skipped").count(), 2, "{text}");
        for part in [
            "type=\"undo\"",
            "let it &lt;go&gt; on: gone",
            "message=\"not steady\"",
            "type=\"recovery\"",
            "a guard was crossed: too many failed",
            "held 30.0s, from 1m00s on",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }

    #[test]
    fn a_recovery_past_its_own_bound_is_a_failure() {
        let mut result = sample::passing();
        result.faults.push(fault());
        let mut slo = result.slos[0].clone();
        slo.metric = "fault_recovery_time{fault:slow PMS}".into();
        slo.status = SloStatus::Fail;
        result.slos.push(slo.clone());
        assert!(written(&result).contains("type=\"recovery\""));
        slo.metric = "fault_recovery_time{fault:other}".into();
        *result.slos.last_mut().unwrap() = slo;
        assert!(!written(&result).contains("<failure"));
    }
}
