//! Tests as text, in the shape of cargo's.

use std::fmt::Write;
use std::time::Duration;

use console::style;

use super::{Counts, indented, seconds};
use crate::trial::{Finished, Test, Verdict};

/// The names of tests, one a line.
pub fn listing(tests: &[&Test]) -> String {
    let mut out: String = tests
        .iter()
        .map(|test| format!("{}: test\n", test.name))
        .collect();
    let _ = writeln!(out, "\n{}", counted(tests.len()));
    out
}

/// `1 test`, `2 tests`.
pub fn counted(tests: usize) -> String {
    let plural = if tests == 1 { "" } else { "s" };
    format!("{tests} test{plural}")
}

/// One test that is over.
pub fn line(finished: &Finished) -> String {
    let verdict = match &finished.verdict {
        Verdict::Passed => style("ok").green().to_string(),
        Verdict::Failed(_) => style("FAILED").red().to_string(),
        Verdict::Ignored(reason) if reason.is_empty() => style("ignored").yellow().to_string(),
        Verdict::Ignored(reason) => format!("{}, {reason}", style("ignored").yellow()),
    };
    format!("test {} ... {verdict}\n", finished.name)
}

/// Everything about the tests that failed, and their names once more; nothing if none did.
pub fn failures(all: &[Finished]) -> String {
    let failed: Vec<(&Finished, &Vec<_>)> = all
        .iter()
        .filter_map(|finished| match &finished.verdict {
            Verdict::Failed(reasons) => Some((finished, reasons)),
            Verdict::Passed | Verdict::Ignored(_) => None,
        })
        .collect();
    if failed.is_empty() {
        return String::new();
    }
    let mut out = "\nfailures:\n".to_owned();
    for (finished, reasons) in &failed {
        let _ = writeln!(out, "\n---- {} ----", finished.name);
        for reason in *reasons {
            out.push_str(reason.text.trim_end());
            out.push('\n');
        }
        section(&mut out, "requests", &finished.calls);
        section(&mut out, "log", &finished.logs);
    }
    out.push_str("\n\nfailures:\n");
    for (finished, _) in &failed {
        let _ = writeln!(out, "    {}", finished.name);
    }
    out
}

fn section(out: &mut String, title: &str, lines: &[String]) {
    if !lines.is_empty() {
        let _ = write!(out, "{title}:\n{}", indented(&lines.join("\n")));
    }
}

/// The last line.
pub fn outcome(counts: &Counts, took: Duration) -> String {
    let word = match counts.is_ok() {
        true => style("ok").green(),
        false => style("FAILED").red(),
    };
    let mut out = format!(
        "\ntest result: {word}. {} passed; {} failed; {} ignored; {} filtered out",
        counts.passed, counts.failed, counts.ignored, counts.filtered_out
    );
    if counts.not_run > 0 {
        let _ = write!(out, "; {} not run", counts.not_run);
    }
    if counts.broken > 0 {
        let plural = if counts.broken == 1 { "" } else { "s" };
        let _ = write!(out, "; {} script{plural} not compiled", counts.broken);
    }
    let _ = writeln!(out, "; finished in {}", seconds(took));
    out
}
