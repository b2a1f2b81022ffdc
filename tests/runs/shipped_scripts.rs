//! The scripts in `scripts/` against the demo target: what a newcomer runs first must work.

use std::path::{Path, PathBuf};

use crate::reading::Reading;
use crate::support::bin::{Output, Rhaid};

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts")
}

/// Runs a script for a trial, and expects everything in it to have gone well.
#[track_caller]
fn trial(name: &str, scale: &str) -> Output {
    let output = Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .args(["run".as_ref(), scripts().join(name).as_os_str()])
        .args(["--demo", "--scale", scale, "--seed", "7"])
        .run();
    // How fast a debug build on a busy machine answers is no matter here; that everything was right is.
    assert!([0, 1].contains(&output.code), "{output}");
    assert_eq!(output.outcome(), "completed");
    assert_eq!(output.count("iteration_errors"), 0, "{output}");
    for slo in output.expect_result()["slos"].as_array().unwrap() {
        let metric = slo["metric"].as_str().unwrap();
        if metric.starts_with("http_req_failed") || metric.starts_with("checks") {
            assert_eq!(slo["status"], "PASS", "{slo}\n{output}");
        }
        assert_ne!(slo["status"], "NO DATA", "{slo}");
    }
    for (check, (passes, fails)) in output.checks() {
        assert!(
            passes > 0 && fails == 0,
            "{check}: {passes} of {}\n{output}",
            passes + fails
        );
    }
    assert_eq!(output.metric("http_req_failed")["passes"], 0);
    output
}

fn endpoints(output: &Output) -> Vec<&str> {
    let rows = output.expect_result()["endpoints"].as_array().unwrap();
    rows.iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect()
}

#[test]
fn the_smoke_test_reaches_every_endpoint() {
    let output = trial("smoke.rhai", "0.05");
    let names = endpoints(&output);
    for part in [
        "health_live",
        "health_ready",
        "room_types",
        "availability",
        "reserve",
        "webhook",
    ] {
        assert!(names.contains(&part), "{part:?} is not in {names:?}");
    }
    for metric in [
        "health_check_duration",
        "pms_operation_duration",
        "reservation_duration",
    ] {
        assert!(
            output.metric(metric)["count"].as_u64().unwrap() > 0,
            "{metric}"
        );
    }
}

#[test]
fn the_load_test_passes() {
    // Long enough for everyone to have booked: its objectives are about that endpoint too.
    let output = trial("load.rhai", "0.006");
    assert_eq!(output.scenario("day")["vus_max"], 10);
}

#[test]
fn the_stress_test_passes() {
    let output = trial("stress.rhai", "0.003");
    assert_eq!(output.scenario("steps")["vus_max"], 50);
}

#[test]
fn the_spike_test_passes() {
    let output = trial("spike.rhai", "0.02");
    assert_eq!(output.scenario("crowd")["vus_max"], 100);
}

#[test]
fn the_soak_test_passes() {
    let output = trial("soak.rhai", "0.003");
    assert_eq!(output.scenario("steady")["vus_max"], 5);
}

#[test]
fn the_reservation_test_passes_and_gives_every_room_back() {
    let output = trial("reservation.rhai", "0.04");
    let names = endpoints(&output);
    assert!(names.contains(&"confirm"), "{names:?}");
    assert!(output.checks()["replay is the same reservation"].0 > 0);
    assert!(output.checks()["reservation is confirmed"].0 > 0);
}

#[test]
fn the_webhook_test_passes_and_forgeries_are_refused() {
    let output = trial("webhook.rhai", "0.025");
    assert_eq!(output.scenario("messages")["iterations"], 60);
    assert_eq!(output.scenario("forgeries")["iterations"], 3);
    assert_eq!(output.checks()["forged message is refused"], (3, 0));
}

#[test]
fn every_script_is_covered_here_and_passes_its_check() {
    let mut names: Vec<String> = std::fs::read_dir(scripts())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".rhai"))
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "load.rhai",
            "reservation.rhai",
            "smoke.rhai",
            "soak.rhai",
            "spike.rhai",
            "stress.rhai",
            "webhook.rhai"
        ]
    );
    let output = Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .arg("check")
        .args(names.iter().map(|name| scripts().join(name)))
        .run();
    output.expect_code(0);
    assert_eq!(output.stdout.matches(": ok (").count(), names.len());
}
