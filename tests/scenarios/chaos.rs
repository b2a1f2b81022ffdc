//! The experiments in `scripts/chaos/` against the demo target, half a minute shortened to six seconds.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::bin::{Output, Rhaid};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn experiment(name: &str) -> Rhaid {
    // A time-out takes a second: the fault has to be on for well over that.
    let scale = match name {
        "database-hangs" => "0.35",
        _ => "0.2",
    };
    Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .arg("run")
        .arg(root().join(format!("scripts/chaos/{name}.rhai")))
        .args(target(name))
        .arg("--no-history")
        .args(["--workers", "1", "--scale", scale, "--seed", "7"])
}

/// What an experiment runs against, and what it may break.
fn target(name: &str) -> Vec<String> {
    match name {
        "cpu" | "memory" => ["--demo", "--allow-faults=machine", "--env=MEMORY=50MB"]
            .map(str::to_owned)
            .into(),
        "redis-down" | "redis-slow" => {
            let [port, redis, between] = [(); 3].map(|()| free_port());
            vec![
                "--allow-faults=proxy,process".to_owned(),
                format!("--env=BASE_URL=http://127.0.0.1:{port}"),
                format!("--env=PORT={port}"),
                format!("--env=REDIS_PORT={redis}"),
                format!("--env=PROXY_PORT={between}"),
                format!("--env=RHAID={}", env!("CARGO_BIN_EXE_rhaid")),
            ]
        }
        "process-killed" => {
            let port = free_port();
            vec![
                "--allow-faults=process".to_owned(),
                format!("--env=BASE_URL=http://127.0.0.1:{port}"),
                format!("--env=PORT={port}"),
                format!("--env=RHAID={}", env!("CARGO_BIN_EXE_rhaid")),
            ]
        }
        "kubernetes-pods" => ["--demo", "--allow-faults=kubernetes"]
            .map(str::to_owned)
            .into(),
        _ => vec!["--demo".to_owned(), "--allow-faults".to_owned()],
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn faults(output: &Output) -> &Vec<Value> {
    output.expect_result()["faults"].as_array().unwrap()
}

/// Whether the machine had time for the load. Where it had not, times say nothing about the target.
fn had_time(output: &Output) -> bool {
    let metrics = output.expect_result()["metrics"].as_array().unwrap();
    let lag = metrics
        .iter()
        .find(|metric| metric["name"] == "iteration_lag");
    let lag = lag.expect("arrivals have a lag");
    lag["total"]["max"].as_f64().unwrap() < 50.0
}

/// The experiment passes, and each of its faults was held for its time, put right and recovered from. Gives the first fault.
#[track_caller]
fn expect_to_hold(output: &Output) -> &Value {
    let result = output.expect_result();
    assert_eq!(result["run"]["outcome"]["kind"], "completed", "{output}");
    let had_time = had_time(output);
    for slo in result["slos"].as_array().unwrap() {
        let of_time = slo["metric"]
            .as_str()
            .unwrap()
            .starts_with("http_req_duration");
        assert!(
            slo["status"] == "PASS" || (of_time && !had_time),
            "{slo}\n{output}"
        );
    }
    if had_time {
        output.expect_code(0);
    }
    let faults = faults(output);
    for fault in faults {
        assert_eq!(fault["status"], "held", "{fault:#}");
        assert!(
            !fault["effects"].as_array().unwrap().is_empty(),
            "{fault:#}"
        );
        assert_eq!(fault["failed_undos"].as_array().map_or(0, Vec::len), 0);
    }
    let last = faults.last().expect("a fault");
    assert!(
        !had_time || last["impact"]["recover_seconds"].is_number(),
        "{last:#}"
    );
    &faults[0]
}

/// It got worse in a way that rhaid noticed by itself, by failures or by a slowness of this many milliseconds at least.
#[track_caller]
fn expect_noticed(fault: &Value, output: &Output, slowest: f64) {
    let max = phase(fault, "during")["duration"]["max"].as_f64().unwrap();
    assert!(max >= slowest, "{max} ms\n{fault:#}");
    if had_time(output) {
        assert!(fault["impact"]["detect_seconds"].is_number(), "{fault:#}");
        assert!(
            fault["impact"]["score"].as_f64().unwrap() < 100.0,
            "{fault:#}"
        );
    }
}

#[track_caller]
fn phase<'a>(fault: &'a Value, name: &str) -> &'a Value {
    let phases = fault["phases"].as_array().unwrap();
    let found = phases.iter().find(|phase| phase["name"] == name);
    &found.unwrap_or_else(|| panic!("no phase {name} in {fault:#}"))["total"]
}

/// What one endpoint was like in a phase.
#[track_caller]
fn endpoint<'a>(fault: &'a Value, name: &str, endpoint: &str) -> &'a Value {
    let phases = fault["phases"].as_array().unwrap();
    let found = phases.iter().find(|phase| phase["name"] == name).unwrap();
    let endpoints = found["endpoints"].as_array().unwrap();
    let found = endpoints.iter().find(|known| known["name"] == endpoint);
    found.unwrap_or_else(|| panic!("no {endpoint} in {fault:#}"))
}

fn median(fault: &Value, phase: &str) -> f64 {
    let availability = endpoint(fault, phase, "availability");
    availability["duration"]["med"].as_f64().unwrap()
}

fn failed(fault: &Value) -> u64 {
    phase(fault, "during")["failed"].as_u64().unwrap()
}

/// The names of the endpoints whose requests failed while it lasted.
fn failing(fault: &Value) -> BTreeSet<&str> {
    let phases = fault["phases"].as_array().unwrap();
    let during = phases.iter().find(|phase| phase["name"] == "during");
    let endpoints = during.unwrap()["endpoints"].as_array().unwrap();
    let failing = endpoints
        .iter()
        .filter(|endpoint| endpoint["failed"] != 0)
        .map(|endpoint| endpoint["name"].as_str().unwrap());
    failing.collect()
}

/// One test for each experiment, so that they run side by side.
macro_rules! experiments {
    ($($test:ident: $name:literal, $look:expr;)*) => {
        const TESTED: &[&str] = &[$($name),*];
        $(
            #[test]
            fn $test() {
                let output = experiment($name).run();
                let fault = expect_to_hold(&output);
                let look: fn(&Value, &Output) = $look;
                look(fault, &output);
            }
        )*
    };
}

experiments! {
    without_a_database_only_bookings_fail: "database-down", |fault, output| {
        expect_noticed(fault, output, 0.0);
        let failing = failing(fault);
        assert!(!failing.is_empty() && !failing.contains("availability"), "{failing:?}");
    };
    a_slow_database_makes_bookings_slow: "database-slow", |fault, output| {
        expect_noticed(fault, output, 500.0);
        assert_eq!(failed(fault), 0, "{fault:#}");
    };
    a_database_that_hangs_costs_no_more_than_the_timeout: "database-hangs", |fault, output| {
        expect_noticed(fault, output, 0.0);
        output.expect_text("timed out after 1 s");
    };
    a_cache_that_is_down_makes_searches_slower: "cache-down", |fault, output| {
        expect_noticed(fault, output, 100.0);
        let failing = failing(fault);
        assert!(failing.is_subset(&BTreeSet::from(["availability"])), "{failing:?}");
    };
    a_slow_cache_makes_searches_slow: "cache-slow", |fault, output| {
        expect_noticed(fault, output, 100.0);
        assert_eq!(failed(fault), 0, "{fault:#}");
    };
    a_long_line_makes_everything_slower: "network-latency", |fault, output| {
        expect_noticed(fault, output, 80.0);
        assert_eq!(failed(fault), 0, "{fault:#}");
    };
    a_narrow_line_makes_answers_slower: "bandwidth", |fault, output| {
        expect_noticed(fault, output, 50.0);
        assert_eq!(failed(fault), 0, "{fault:#}");
    };
    lost_segments_make_a_tail: "packet-loss", |fault, output| {
        expect_noticed(fault, output, 200.0);
        assert_eq!(failed(fault), 0, "{fault:#}");
    };
    resets_cost_some_visits: "connection-resets", |fault, output| {
        expect_noticed(fault, output, 0.0);
        assert!(failed(fault) > 0, "{fault:#}");
    };
    nonsense_shows_in_what_guests_get_and_not_in_statuses: "garbage", |fault, output| {
        assert_eq!(failed(fault), 0, "{fault:#}");
        let metrics = output.expect_result()["metrics"].as_array().unwrap();
        let served = metrics.iter().find(|metric| metric["name"] == "served").unwrap();
        assert!(served["total"]["rate"].as_f64().unwrap() < 1.0, "{served:#}");
    };
    a_fifth_of_the_requests_fails: "partial-errors", |fault, output| {
        expect_noticed(fault, output, 0.0);
        assert!(failed(fault) > 0, "{fault:#}");
    };
    a_restart_is_an_outage_and_a_cold_start: "service-restart", |fault, output| {
        expect_noticed(fault, output, 0.0);
        assert!(failed(fault) > 0, "{fault:#}");
        let cold = &faults(output)[1];
        assert_eq!(cold["trigger"], "after `restart`");
        expect_noticed(cold, output, 150.0);
    };
    a_herd_is_served: "thundering-herd", |fault, output| {
        expect_noticed(fault, output, 0.0);
        assert!(failed(fault) > 0, "{fault:#}");
    };
    busy_processors_fail_nobody: "cpu", |fault, _| {
        assert_eq!(failed(fault), 0, "{fault:#}");
    };
    a_gigabyte_of_memory_is_not_missed: "memory", |fault, _| {
        assert_eq!(failed(fault), 0, "{fault:#}");
    };
    a_service_that_is_killed_comes_back: "process-killed", |fault, output| {
        expect_noticed(fault, output, 0.0);
        assert!(failed(fault) > 0, "{fault:#}");
    };
    a_redis_that_is_gone_is_done_without: "redis-down", |fault, _| {
        assert_eq!(failed(fault), 0, "{fault:#}");
        // A look into the books takes 20 ms.
        assert!(median(fault, "during") >= 15.0, "{fault:#}");
    };
    nobody_waits_for_a_redis_that_is_slow: "redis-slow", |fault, _| {
        assert_eq!(failed(fault), 0, "{fault:#}");
        let availability = endpoint(fault, "during", "availability");
        let slowest = availability["duration"]["p95"].as_f64().unwrap();
        assert!(slowest >= 100.0, "{fault:#}");
    };
    careful_clients_make_no_storm: "retry-storm", |fault, output| {
        expect_noticed(fault, output, 0.0);
        assert_eq!(failing(fault), BTreeSet::from(["availability"]));
    };
}

#[test]
#[cfg(feature = "kubernetes")]
fn a_cluster_makes_deleted_pods_again() {
    use crate::support::cluster::{Cluster, Pod};
    let pods = ["hotel-a", "hotel-b", "hotel-c"].map(|name| Pod::new(name, &[("app", "hotel")]));
    let cluster = Cluster::start(pods.into());
    let output = experiment("kubernetes-pods")
        .env("KUBECONFIG", cluster.kubeconfig())
        .run();
    let fault = expect_to_hold(&output);
    // The demo is in none of the pods.
    assert_eq!(failed(fault), 0, "{fault:#}");
    let names = cluster.names();
    let again = names.iter().filter(|name| name.ends_with("-again"));
    assert_eq!((names.len(), again.count()), (3, 2), "{names:?}");
}

#[test]
fn naive_clients_make_a_storm_which_is_reported() {
    let output = experiment("retry-storm")
        .args(["--env", "CLIENTS=naive"])
        .run();
    output.expect_code(2);
    let slos = output.expect_result()["slos"].as_array().unwrap();
    let storm = slos.iter().find(|slo| slo["name"] == "no storm").unwrap();
    assert_eq!(storm["status"], "CRITICAL", "{storm:#}");
}

/// The names of the files in a folder with this ending, without it.
fn names(folder: &str, ending: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap();
    let names = entries.filter_map(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        name.strip_suffix(ending).map(str::to_owned)
    });
    names.collect()
}

#[test]
fn every_experiment_has_its_test_and_its_runbook() {
    let there = names("scripts/chaos", ".rhai");
    // The last one takes a cluster, and a program that can speak to one.
    let tested = TESTED.iter().chain(&["kubernetes-pods"]);
    let tested: BTreeSet<String> = tested.map(|&name| name.to_owned()).collect();
    assert_eq!(there, tested);
    assert_eq!(there, names("docs/chaos", ".md"));
    let guide = std::fs::read_to_string(root().join("docs/chaos.md")).unwrap();
    let makefile = std::fs::read_to_string(root().join("Makefile")).unwrap();
    for name in &there {
        assert!(
            guide.contains(&format!("(chaos/{name}.md)")),
            "{name} is not in docs/chaos.md"
        );
        assert!(
            makefile.contains(&format!("chaos-{name}")),
            "there is no `make chaos-{name}`"
        );
        let runbook = root().join(format!("docs/chaos/{name}.md"));
        let runbook = std::fs::read_to_string(runbook).unwrap();
        assert!(
            runbook.contains(&format!("scripts/chaos/{name}.rhai")),
            "{name}"
        );
        for part in [
            "Purpose",
            "Blast radius",
            "Steady state",
            "Expected",
            "How to stop",
            "How to read the result",
        ] {
            assert!(
                runbook.contains(&format!("## {part}\n")),
                "docs/chaos/{name}.md has no {part}"
            );
        }
    }
}
