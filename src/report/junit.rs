//! JUnit's XML, which every CI system reads: each objective, each check and each fault is a test case.

use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite};

use super::format::{percent, plural};
use super::headline::Headline;
use super::junit_faults::faults;
use super::unjudged::unjudged;
use super::{Against, Look, Report, ReportError, figure, regression};
use crate::compare::Comparison;
use crate::harmless;
use crate::result::{RunResult, SloStatus, ratio};

/// Test cases.
pub(super) struct Junit;

impl Report for Junit {
    fn name(&self) -> &'static str {
        "junit"
    }

    fn about(&self) -> &'static str {
        "JUnit XML: a test case for each SLO, each check and each fault"
    }

    fn extension(&self) -> &'static str {
        "xml"
    }

    fn render(&self, result: &RunResult, _: &Look) -> Result<String, ReportError> {
        written(&document(result))
    }

    fn render_against(
        &self,
        result: &RunResult,
        _: &Look,
        against: &Against<'_>,
    ) -> Result<String, ReportError> {
        let mut document = document(result);
        if let Some(threshold) = against.threshold {
            document.add_test_suite(regressions(result, against.comparison, threshold));
        }
        written(&document)
    }
}

fn document(result: &RunResult) -> Document {
    let mut document = Document::new("rhaid");
    document.add_test_suite(objectives(result));
    if !result.checks.is_empty() {
        document.add_test_suite(checks(result));
    }
    if !result.faults.is_empty() {
        document.add_test_suite(faults(result));
    }
    if is_red_for_another_reason(result) {
        document.add_test_suite(verdict(result));
    }
    document
}

/// Whether the run went wrong in a way that no case for an objective tells: a script that threw, an abort, an interruption, or failures that
/// nobody judged.
fn is_red_for_another_reason(result: &RunResult) -> bool {
    let is_told = result.slos.iter().any(|slo| !slo.is_met());
    let is_red = result.verdict.exit_code != 0;
    let nobody_judged = result.slos.is_empty() && unjudged(result).is_some();
    !is_told && (is_red || nobody_judged)
}

fn written(document: &Document) -> Result<String, ReportError> {
    document
        .to_string()
        .map(|text| format!("{}\n", text.trim_end()))
        .map_err(|error| ReportError::Template(error.to_string()))
}

/// What is worse than it may be, each a failed case; where nothing is, a passed one says so.
fn regressions(result: &RunResult, comparison: &Comparison, threshold: f64) -> TestSuite {
    let mut suite = TestSuite::new("regressions");
    let label = &comparison.before.label;
    let worse = comparison.regressions(threshold);
    let mut add = |name: &str, status| {
        let mut case = TestCase::new(harmless::line(name), status);
        case.set_classname(harmless::line(&result.run.script));
        suite.add_test_case(case);
    };
    if worse.is_empty() {
        let name = format!(
            "no figure is worse than in {label} by more than {}",
            percent(threshold)
        );
        add(&name, TestCaseStatus::success());
    }
    for row in worse {
        let status = failure("regression", &regression(row, label));
        add(&figure(row), status);
    }
    suite
}

pub(super) fn failure(kind: &str, message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(kind).set_message(harmless::line(message));
    status
}

fn objectives(result: &RunResult) -> TestSuite {
    let mut suite = TestSuite::new("SLOs");
    for slo in &result.slos {
        let status = match slo.status {
            _ if slo.is_met() && slo.status == SloStatus::NoData => {
                let mut skipped = TestCaseStatus::skipped();
                skipped.set_message("there was no sample, and it is optional");
                skipped
            }
            _ if slo.is_met() => TestCaseStatus::success(),
            status => {
                let actual = match slo.actual_text.as_str() {
                    "" => "there was no sample",
                    actual => actual,
                };
                let message = format!("{}: it was {actual}", slo.target);
                failure(status.label(), &message)
            }
        };
        let over = slo.over.as_deref().map(|over| format!(" over {over}"));
        let name = format!(
            "{} {}{} [{}]",
            slo.label(),
            slo.target,
            over.unwrap_or_default(),
            slo.priority.label()
        );
        let mut case = TestCase::new(harmless::line(&name), status);
        case.set_classname(harmless::line(&result.run.script));
        if slo.status == SloStatus::Warning {
            let warn = slo.warn.as_deref().unwrap_or_default();
            case.set_system_out(harmless::line(&format!(
                "WARNING: it was {}, past the warning bound {warn}",
                slo.actual_text
            )));
        }
        suite.add_test_case(case);
    }
    suite
}

fn checks(result: &RunResult) -> TestSuite {
    let mut suite = TestSuite::new("checks");
    for check in &result.checks {
        let all = check.passes + check.fails;
        let status = match check.fails {
            0 => TestCaseStatus::success(),
            fails => failure(
                "check",
                &format!(
                    "failed {}, which is {} of {all}",
                    plural(fails, "time", "times"),
                    percent(ratio(fails as f64, all as f64))
                ),
            ),
        };
        let place: Vec<&str> = [
            check.scenario.as_str(),
            check.group.trim_start_matches("::"),
        ]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
        let mut case = TestCase::new(harmless::line(&check.name), status);
        case.set_classname(harmless::line(&place.join(".")));
        suite.add_test_case(case);
    }
    suite
}

/// A run that went wrong beside its objectives is one failed test.
fn verdict(result: &RunResult) -> TestSuite {
    let headline = Headline::of(result);
    let mut suite = TestSuite::new("run");
    let message = format!("{}: {}", headline.word, headline.phrase);
    let mut case = TestCase::new(
        "the run came to its end as planned",
        failure(headline.word, &message),
    );
    case.set_classname(harmless::line(&result.run.script));
    suite.add_test_case(case);
    suite
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::tests::worse;
    use crate::result::sample;

    #[test]
    fn each_objective_and_check_is_a_case_and_those_missed_are_failures() {
        for (name, result) in sample::all() {
            let text = Junit.render(&result, &Look::default()).unwrap();
            let cases = text.matches("<testcase ").count();
            let failures = text.matches("<failure ").count();
            let missed = result.slos.iter().filter(|slo| !slo.is_met()).count();
            let broken = result.checks.iter().filter(|check| check.fails > 0).count();
            let alone = usize::from(is_red_for_another_reason(&result));
            assert_eq!(
                cases,
                result.slos.len() + result.checks.len() + result.faults.len() + alone,
                "{name}: {text}"
            );
            assert_eq!(failures, missed + broken + alone, "{name}: {text}");
        }
    }

    #[test]
    fn a_run_that_met_its_objectives_and_went_wrong_is_a_failure() {
        let mut result = sample::passing();
        assert!(!is_red_for_another_reason(&result));
        result.verdict.status = crate::result::VerdictStatus::Failed;
        result.verdict.exit_code = 2;
        result.verdict.reasons = vec!["12 iterations ended in script errors".to_owned()];
        let text = Junit.render(&result, &Look::default()).unwrap();
        assert!(
            text.contains("<testsuite name=\"run\" tests=\"1\"")
                && text.contains("12 iterations ended in script errors"),
            "{text}"
        );
    }

    #[test]
    fn failures_that_nobody_judged_are_a_failure() {
        let mut result = sample::passing();
        result.slos.clear();
        assert!(!is_red_for_another_reason(&result));
        result.checks.clear();
        for metric in &mut result.metrics {
            if let crate::result::MetricValues::Rate {
                passes,
                total,
                rate,
            } = &mut metric.total
                && metric.name == "http_req_failed"
            {
                (*passes, *rate) = (*total, 1.0);
            }
        }
        let text = Junit.render(&result, &Look::default()).unwrap();
        assert!(text.contains("100% of all requests failed"), "{text}");
    }

    #[test]
    fn what_is_worse_than_it_may_be_is_a_failure_where_that_is_judged() {
        let (result, comparison) = (sample::passing(), worse());
        let text = |threshold| {
            let against = Against {
                comparison: &comparison,
                threshold,
            };
            Junit
                .render_against(&result, &Look::default(), &against)
                .unwrap()
        };
        assert_eq!(text(None), Junit.render(&result, &Look::default()).unwrap());
        let failed = text(Some(0.05));
        assert!(
            failed.contains("<testcase name=\"http_req_duration med\"")
                && failed.contains("type=\"regression\"")
                && failed.contains("is worse than in baseline `a`"),
            "{failed}"
        );
        let passed = text(Some(10.0));
        assert!(
            passed.contains("no figure is worse than in baseline `a` by more than"),
            "{passed}"
        );
        assert!(!passed.contains("<failure"), "{passed}");
    }

    #[test]
    fn names_are_escaped_and_hold_nothing_that_xml_does_not_know() {
        let mut result = sample::passing();
        result.checks[0].name = "a < b & \"c\" \u{1}\u{1b}[31m".to_owned();
        let text = Junit.render(&result, &Look::default()).unwrap();
        assert!(text.contains("a &lt; b &amp; &quot;c&quot;"), "{text}");
        assert!(
            !text.contains('\u{1}') && !text.contains('\u{1b}'),
            "{text}"
        );
    }
}
