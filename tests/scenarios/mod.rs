//! The scenarios in `scripts/` hold against the demo target, their plans shortened to about a second.

mod chaos;

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::support::bin::{Output, Rhaid, Running};

/// Each scenario with the scale that makes its plan about a second long.
const SCENARIOS: [(&str, &str); 8] = [
    ("smoke", "0.005"),
    ("load", "0.001"),
    ("stress", "0.0005"),
    ("spike", "0.004"),
    ("soak", "0.0005"),
    ("reservation", "0.005"),
    ("webhook", "0.01"),
    ("confirmation", "0.02"),
];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scripts")
}

fn start(name: &str, scale: &str) -> Running {
    Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .arg("run")
        .arg(folder().join(format!("{name}.rhai")))
        .args(["--demo", "--workers", "1", "--scale", scale])
        .spawn()
}

/// Everything that the run judged holds, but for the requests a second, which a plan of a second with think times as
/// long cannot keep.
#[track_caller]
fn expect_to_hold(output: &Output) {
    let result = output.expect_result();
    assert!(output.code <= 1, "{output}");
    assert_eq!(result["run"]["outcome"]["kind"], "completed", "{output}");
    assert_eq!(result["errors"].as_array().unwrap().len(), 0, "{output}");
    for slo in result["slos"].as_array().unwrap() {
        let throughput = slo["metric"] == "http_reqs";
        assert!(throughput || slo["status"] == "PASS", "{slo}\n{output}");
    }
    let checks = result["checks"].as_array().unwrap();
    assert!(!checks.is_empty(), "{output}");
    for check in checks {
        assert_eq!(check["fails"], 0, "{check}\n{output}");
    }
}

#[test]
fn every_scenario_holds_against_the_demo_target() {
    // All at once: they are mostly thinking.
    let running: Vec<Running> = SCENARIOS
        .iter()
        .map(|(name, scale)| start(name, scale))
        .collect();
    for process in running {
        expect_to_hold(&process.wait());
    }
}

#[test]
fn every_scenario_has_its_test() {
    let there: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.strip_suffix(".rhai").map(str::to_owned)
        })
        .collect();
    let tested: BTreeSet<String> = SCENARIOS.iter().map(|&(name, _)| name.to_owned()).collect();
    assert_eq!(there, tested);
}
