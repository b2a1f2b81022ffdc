//! Tests as one JSON document.

use std::time::Duration;

use serde_json::{Value, json};

use super::Counts;
use crate::trial::{Finished, Verdict};

/// The document: `version`, `ok`, counts, `seconds`, `tests` in their order, and `errors` of scripts that could not be compiled, as
/// `rhaid check` writes them.
pub fn json(finished: &[Finished], errors: &[Value], counts: &Counts, took: Duration) -> Value {
    let tests: Vec<Value> = finished.iter().map(test).collect();
    json!({
        "version": 1,
        "ok": counts.is_ok(),
        "passed": counts.passed,
        "failed": counts.failed,
        "ignored": counts.ignored,
        "filtered_out": counts.filtered_out,
        "not_run": counts.not_run,
        "seconds": took.as_secs_f64(),
        "tests": tests,
        "errors": errors,
    })
}

fn test(finished: &Finished) -> Value {
    let (outcome, reasons, ignored) = match &finished.verdict {
        Verdict::Passed => ("passed", &[][..], None),
        Verdict::Failed(reasons) => ("failed", reasons.as_slice(), None),
        Verdict::Ignored(reason) => ("ignored", &[][..], Some(reason)),
    };
    let reasons: Vec<Value> = reasons
        .iter()
        .map(|reason| json!({ "message": reason.message, "text": reason.text }))
        .collect();
    json!({
        "name": finished.name,
        "file": finished.file,
        "function": finished.function,
        "line": finished.line,
        "outcome": outcome,
        "ignored_for": ignored,
        "seconds": finished.took.as_secs_f64(),
        "failures": reasons,
        "log": finished.logs,
        "requests": finished.calls,
    })
}
