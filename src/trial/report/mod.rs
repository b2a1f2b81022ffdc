//! What is said about tests: as text in cargo's shape, as JSON, as JUnit.

mod json;
mod junit;
mod text;

use std::time::Duration;

use super::{Finished, Verdict};

pub use json::json;
pub use junit::junit;
pub use text::{counted, failures, line, listing, outcome};

/// How tests went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub passed: usize,
    pub failed: usize,
    pub ignored: usize,
    pub filtered_out: usize,
    /// Left out after a failure or Ctrl-C.
    pub not_run: usize,
    /// Scripts that could not be compiled.
    pub broken: usize,
}

impl Counts {
    /// The counts of tests that are over.
    pub fn of(finished: &[Finished]) -> Self {
        let count = |is: fn(&Verdict) -> bool| finished.iter().filter(|f| is(&f.verdict)).count();
        Self {
            passed: count(|verdict| *verdict == Verdict::Passed),
            failed: count(|verdict| matches!(verdict, Verdict::Failed(_))),
            ignored: count(|verdict| matches!(verdict, Verdict::Ignored(_))),
            ..Self::default()
        }
    }

    /// Whether nothing failed, and nothing that was asked for was left out.
    pub fn is_ok(&self) -> bool {
        self.failed + self.broken + self.not_run == 0
    }
}

/// Each line of a text moved to the right.
pub fn indented(text: &str) -> String {
    let line = |line: &str| match line.is_empty() {
        true => "\n".to_owned(),
        false => format!("  {line}\n"),
    };
    text.lines().map(line).collect()
}

/// A time in seconds, as cargo writes it.
fn seconds(time: Duration) -> String {
    format!("{:.2}s", time.as_secs_f64())
}
