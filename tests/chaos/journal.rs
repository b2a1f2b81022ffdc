//! The journal of a run's faults, in the form of the Chaos Toolkit, on every way out of a run.

use serde_json::Value;

use crate::chaos::runs::run_of;
use crate::support::bin::Output;

/// The keys that the Chaos Toolkit's own tools look for in a journal.
const JOURNAL: [&str; 12] = [
    "chaoslib-version",
    "platform",
    "node",
    "experiment",
    "start",
    "end",
    "duration",
    "status",
    "deviated",
    "steady_states",
    "run",
    "rollbacks",
];

#[track_caller]
fn journal(output: &Output) -> Value {
    let text = std::fs::read_to_string(output.path("journal.json"))
        .unwrap_or_else(|error| panic!("no journal: {error}\n{output}"));
    let journal: Value = serde_json::from_str(&text).unwrap();
    for key in JOURNAL {
        assert!(journal.get(key).is_some(), "{key} of {journal:#}");
    }
    for run in ["run", "rollbacks"]
        .into_iter()
        .flat_map(|key| journal[key].as_array().unwrap())
    {
        for key in ["activity", "status", "start", "end", "duration", "output"] {
            assert!(run.get(key).is_some(), "{key} of {run:#}");
        }
        for key in ["type", "name", "provider"] {
            assert!(run["activity"].get(key).is_some(), "{key} of {run:#}");
        }
        let status = run["status"].as_str().unwrap();
        assert!(["succeeded", "failed"].contains(&status), "{run:#}");
    }
    journal
}

#[test]
fn a_journal_tells_of_the_faults_however_the_run_ends() {
    let held = run_of(
        5,
        r#"faults: [ #{ name: "slow", exec: "slow", start: "2s", duration: "1s", steady: "http_reqs count > 0", steady_for: "1s" } ],
           slos: #{ http_req_failed: ["rate < 1%"] },"#,
        r#"fn slow(fault) { fault.proxy("pms").latency("10ms"); }"#,
    )
    .args(["--allow-faults", "--journal", "journal.json"])
    .run();
    held.expect_code(0);
    let told = journal(&held);
    assert_eq!(
        (&told["status"], &told["deviated"]),
        (&"completed".into(), &false.into())
    );
    assert_eq!(told["run"][0]["status"], "succeeded");
    assert_eq!(told["steady_states"]["before"]["steady_state_met"], true);
    assert_eq!(
        told["steady_states"]["after"]["probes"][0]["tolerance_met"],
        true
    );
    assert_eq!(told["rollbacks"].as_array().unwrap().len(), 1, "{told:#}");

    let thrown = run_of(
        3,
        r#"faults: [ #{ name: "odd", exec: "odd", start: "1s", duration: "1s" } ],"#,
        r#"fn odd(fault) { throw "no"; }"#,
    )
    .args(["--allow-faults", "--journal", "journal.json"])
    .run();
    thrown.expect_code(2);
    let told = journal(&thrown);
    assert_eq!(
        (&told["status"], &told["run"][0]["status"]),
        (&"failed".into(), &"failed".into())
    );

    let cut = run_of(
        30,
        r#"faults: [ #{ name: "down", exec: "down", start: "1s", duration: "60s",
            guard: "http_req_failed rate < 30%", guard_over: "1s", guard_abort: true } ],"#,
        r#"fn down(fault) { fault.proxy("pms").down(); }"#,
    )
    .args(["--allow-faults", "--journal", "journal.json"])
    .run();
    cut.expect_code(2);
    let told = journal(&cut);
    assert_eq!(
        (&told["status"], &told["run"][0]["output"]["status"]),
        (&"failed".into(), &"guarded".into())
    );
}

#[test]
fn an_interrupted_run_has_a_journal_too() {
    let mut running = run_of(
        60,
        r#"faults: [ #{ name: "down", exec: "down", start: "1s", duration: "50s" } ],"#,
        r#"fn down(fault) { fault.proxy("pms").down(); }"#,
    )
    .args(["--allow-faults", "--journal", "journal.json"])
    .spawn();
    running.wait_for_output("proxy `pms` is down");
    running.interrupt();
    let told = journal(&running.wait());
    assert_eq!(told["status"], "interrupted", "{told:#}");
    assert_eq!(told["run"][0]["output"]["status"], "cut");
    assert_eq!(told["rollbacks"][0]["status"], "succeeded");
}

#[test]
fn a_journal_takes_nobodys_place_and_is_tried_before_the_start() {
    let run = |path: &str| run_of(1, "", "").args(["--journal", path]).run();
    run("script.rhai")
        .expect_code(64)
        .expect_text("`--journal` would write over");
    let output = run("script.rhai/journal.json");
    output.expect_code(74).expect_text("nothing was sent");
}
