//! Tests as JUnit XML: a suite for each script, which pipelines know how to show.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use crate::trial::{Finished, Verdict};

/// The document. `broken`: scripts that could not be compiled, with why; each is an error of its own, so that no pipeline takes
/// their absence for a pass.
///
/// # Errors
/// When it cannot be written as XML.
pub fn junit(
    finished: &[Finished],
    broken: &[(String, String)],
    took: Duration,
) -> Result<String, SerializeError> {
    let mut report = Report::new("rhaid test");
    report.set_time(took);
    let mut rest = finished;
    while let Some(first) = rest.first() {
        let end = rest.iter().position(|test| test.file != first.file);
        let (of_file, others) = rest.split_at(end.unwrap_or(rest.len()));
        let mut suite = TestSuite::new(first.file.as_str());
        suite.set_time(of_file.iter().map(|test| test.took).sum());
        suite.add_test_cases(of_file.iter().map(case));
        report.add_test_suite(suite);
        rest = others;
    }
    for (file, why) in broken {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_type("script");
        status.set_message("the script could not be compiled");
        status.set_description(why.as_str());
        let mut suite = TestSuite::new(file.as_str());
        let mut case = TestCase::new("compile", status);
        case.set_classname(file.as_str());
        suite.add_test_case(case);
        report.add_test_suite(suite);
    }
    let text = report.to_string()?;
    // The library leaves out control characters; these two are no characters of XML either.
    Ok(text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}"))
}

fn case(finished: &Finished) -> TestCase {
    let status = match &finished.verdict {
        Verdict::Passed => TestCaseStatus::success(),
        Verdict::Ignored(reason) => {
            let mut status = TestCaseStatus::skipped();
            if !reason.is_empty() {
                status.set_message(reason.as_str());
            }
            status
        }
        Verdict::Failed(reasons) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type("test");
            if let Some(first) = reasons.first() {
                status.set_message(first.message.as_str());
            }
            let texts: Vec<&str> = reasons.iter().map(|reason| reason.text.as_str()).collect();
            status.set_description(texts.join("\n"));
            status
        }
    };
    let mut case = TestCase::new(finished.function.as_str(), status);
    let class = finished.name.rsplit_once("::");
    case.set_classname(class.map_or(finished.file.as_str(), |(class, _)| class));
    case.set_time(finished.took);
    let mut out = finished.logs.join("\n");
    if !finished.calls.is_empty() {
        out.push_str(&format!("\nrequests:\n{}", finished.calls.join("\n")));
    }
    if !out.is_empty() {
        case.set_system_out(out.trim_start());
    }
    case
}
