//! `rhaid compare`, `rhaid baseline` and `rhaid run --baseline`, from files to exit codes.

mod baselines;
mod comparing;
mod runs;

use crate::support::bin::Rhaid;
use crate::support::made_runs::{Course, run};
use rhaid::result::RunResult;

fn rhaid() -> Rhaid {
    Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
}

/// A result as a file holds it.
fn text(result: &RunResult) -> String {
    rhaid::result::to_json(result).unwrap()
}

/// A minute of a steady service, and the same with response times `slower` times as long.
fn pair(slower: f64) -> (RunResult, RunResult) {
    let later = Course {
        median: Course::PLAIN.median * slower,
        ..Course::PLAIN
    };
    let (before, mut after) = (run(&Course::PLAIN, 1), run(&later, 2));
    after.run.id = "20260302-101112-77aa".to_owned();
    after.run.started_at = "2026-03-02T10:11:12Z".to_owned();
    (before, after)
}

/// Two files, `a.json` and `b.json`, and a command.
fn with_pair(slower: f64, arguments: &[&str]) -> Rhaid {
    let (before, after) = pair(slower);
    rhaid()
        .file("a.json", text(&before))
        .file("b.json", text(&after))
        .args(arguments)
}
