//! Pages in Chromium: charts, sorting, zoom, themes, saving, widths. What is tried stands in `tests/browser/reports.mjs`.

use std::fs;
use std::path::Path;
use std::process::Command;

use rhaid::report::html::{HtmlExtras, render};
use rhaid::result::{self, Intervals, Outcome, Reload, RunResult, TimeSeries};

use crate::report::{project, run};
use crate::support::large::an_hour_of;

/// Texts that would run if a page took them for markup, script or template.
const HOSTILE: &str = "</script><script>globalThis.pwned=1</script><img src=x onerror='pwned=1'>\"'`{{7*7}}{{{style}}}\u{2028}<!--";

fn page(folder: &Path, name: &str, result: &RunResult) {
    let text = render(result, &HtmlExtras::default()).unwrap();
    fs::write(folder.join(name), text).unwrap();
}

/// The run with hostile texts wherever a target or a script can put one.
fn hostile(run: &RunResult) -> RunResult {
    let mut result = run.clone();
    let bad = || HOSTILE.to_owned();
    result.run.script = bad();
    result.verdict.reasons = vec![bad()];
    result.run.notes = vec![bad()];
    result.options = serde_json::json!({ HOSTILE: HOSTILE });
    for slo in &mut result.slos {
        slo.name = Some(bad());
    }
    for row in &mut result.endpoints {
        row.name.push_str(HOSTILE);
        row.statuses.insert(bad(), 1);
        row.group = Some(bad());
    }
    for row in &mut result.intervals.rows {
        if let Some(name) = row.tags.get_mut("name") {
            name.push_str(HOSTILE);
        }
    }
    for check in &mut result.checks {
        check.name = bad();
        check.group.push_str(HOSTILE);
    }
    for error in &mut result.errors {
        error.message = bad();
        error.code = bad();
        if let Some(example) = &mut error.example {
            example.text = format!("{HOSTILE}\n{HOSTILE}");
            example.url = Some(bad());
            if let Some(response) = &mut example.response {
                response.body = bad();
            }
        }
    }
    result.run.reloads = vec![Reload {
        at: 1.0,
        version: 1,
        script_sha256: bad(),
    }];
    result.run.outcome = Outcome::SetupFailed { reason: bad() };
    result
}

/// A run that came to nothing.
fn empty(run: &RunResult) -> RunResult {
    let mut result = run.clone();
    result.endpoints.clear();
    result.errors.clear();
    result.checks.clear();
    result.metrics.clear();
    result.scenarios.clear();
    result.slos.clear();
    result.intervals = Intervals::default();
    result.time_series = TimeSeries::default();
    result.run.duration_seconds = 0.0;
    result
}

#[test]
fn pages_work_in_a_browser() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (text, html) = run();
    fs::write(folder.join("run.html"), html).unwrap();
    fs::write(folder.join("run.json"), text).unwrap();
    let run = result::read(&folder.join("run.json")).unwrap();
    page(folder, "hostile.html", &hostile(&run));
    page(folder, "empty.html", &empty(&run));
    page(folder, "large.html", &an_hour_of(1_000));

    let script = project().join("tests/browser/reports.mjs");
    let output = Command::new("node")
        .arg(script)
        .arg(folder)
        .output()
        .unwrap_or_else(|error| panic!("node: {error}; tests/prepare installs it"));
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{}{}\ntests/prepare installs Chromium and what else the browser tests need",
        said(&output.stdout),
        said(&output.stderr)
    );

    // What was saved is a result again, and the verdict on it is the same.
    let saved = result::read(&folder.join("saved.json")).unwrap();
    assert_eq!(saved.run, run.run);
    assert_eq!(saved.verdict, run.verdict);
    assert_eq!(saved.slos, run.slos);
    assert_eq!(
        saved.metric("http_req_duration"),
        run.metric("http_req_duration")
    );
}
