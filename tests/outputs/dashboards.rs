//! `observability/grafana`: the dashboards are what their source gives, are dashboards to Grafana, and have an answer to each
//! of their queries in a real Prometheus that holds real runs.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::outputs::server::Prometheus;
use crate::support::background::wait_until;
use crate::support::ports::free_port;
use crate::support::reading::{Reading, run_of};

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn dashboards() -> Vec<PathBuf> {
    let folder = root().join("observability/grafana/dashboards");
    let files = std::fs::read_dir(folder).unwrap();
    let files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 5, "{files:?}");
    files
}

pub fn call(program: &str, arguments: &[&str]) -> Output {
    Command::new(program)
        .args(arguments)
        .current_dir(root())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}; tests/prepare installs it"))
}

/// What a program that succeeded wrote to standard output.
#[track_caller]
pub fn content(program: &str, arguments: &[&str]) -> String {
    let output = call(program, arguments);
    let said =
        [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    assert!(
        output.status.success(),
        "{program} {arguments:?}\n{}\n{}",
        said[0],
        said[1]
    );
    said[0].clone()
}

#[test]
fn the_files_are_what_the_source_gives() {
    content("python3", &["observability/grafana/generate.py", "--check"]);
}

#[test]
fn they_are_dashboards_to_the_schema_that_grafana_publishes() {
    let validate = root().join("target/grafana/validate.mjs");
    let validate = validate.to_string_lossy();
    let files = dashboards();
    let mut arguments = vec![&*validate];
    arguments.extend(files.iter().map(|file| file.to_str().unwrap()));
    content("node", &arguments);

    // It would find what is wrong.
    let text = std::fs::read_to_string(&files[0]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("wrong.json");
    let text = text
        .replace("\"graphTooltip\"", "\"grafTooltip\"")
        .replace("\"placement\": \"bottom\"", "\"placement\": \"botom\"");
    std::fs::write(&wrong, text).unwrap();
    let output = call("node", &[&validate, wrong.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("grafTooltip"), "{said}");
    assert!(said.contains("legend/placement"), "{said}");
}

#[test]
fn every_query_has_an_answer_in_a_prometheus_that_holds_runs() {
    let start = Instant::now();
    let target = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    let rules = root().join("observability/prometheus/recording.rules.yaml");
    let prometheus = Prometheus::recording(target, &rules);
    let out = format!("prometheus={target}");

    let script = include_str!("dashboards.rhai");
    let running = run_of(script)
        .args(["--demo", "--allow-faults", "--watch", "--out", &out])
        .timeout(Duration::from_secs(120))
        .spawn();
    wait_until("the run to be scraped", Duration::from_secs(60), || {
        !prometheus.query("rhaid_iterations_total > 5").is_empty()
    });
    // A newer version takes over.
    let newer = format!("{script}\n// newer\n");
    std::fs::write(running.dir().join("script.rhai"), newer).unwrap();
    let output = running.wait();
    assert_eq!(output.outcome(), "completed", "{output}");

    // One that ends before its time.
    let aborted = run_of(
        r#"
        export const options = #{
            vus: 1, duration: "1m",
            slos: #{ iterations: [#{ target: "count < 1", abort: true, abort_delay: "3s", priority: "P1" }] },
        };
        fn iteration() { sleep("50ms"); }
        "#,
    )
    .args(["--out", &out])
    .timeout(Duration::from_secs(90))
    .run();
    assert_eq!(aborted.outcome(), "aborted", "{aborted}");

    let (url, since) = (prometheus.url(""), start.elapsed().as_secs() + 5);
    let checked = call(
        "python3",
        &[
            "observability/grafana/check.py",
            "--prometheus",
            &url,
            "--since",
            &since.to_string(),
            "--rate-interval",
            "5s",
            "--values",
        ],
    );
    let said = String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success(), "{said}");
    // The run was traced.
    assert!(!said.contains("; 0 exemplars"), "{said}");
    let values: Value = serde_json::from_slice(&checked.stdout).unwrap();
    let business = &values["business"];
    // What scripts record is told from what every run has.
    for (variable, metrics) in [
        ("counter", json!(["rhaid_bookings_total"])),
        ("share", json!(["rhaid_served_total"])),
        ("duration", json!(["rhaid_booking_time_seconds"])),
        ("trend", json!(["rhaid_basket"])),
        ("gauge", json!(["rhaid_rooms_left"])),
    ] {
        assert_eq!(business[variable], metrics, "{business:#}");
    }
    assert_eq!(
        business["testid"].as_array().unwrap().len(),
        2,
        "{business:#}"
    );

    // What is recorded is what was measured.
    let window = format!("[{since}s]");
    let all = prometheus.value(&format!(
        "sum(max_over_time(rhaid_http_reqs_total{window}))"
    ));
    assert_eq!(all as u64, output.count("http_reqs"));
    let recorded = prometheus.value(&format!(
        "sum(sum_over_time(testid_scenario_name:rhaid_http_req_failed:rate1m{window})) \
         / sum(sum_over_time(testid_scenario_name:rhaid_http_reqs:rate1m{window}))"
    ));
    let failed = prometheus.value(&format!(
        "sum(max_over_time(rhaid_http_req_failed_total{window}))"
    ));
    assert!(
        (0.5..2.0).contains(&(recorded / (failed / all))),
        "{recorded} of {failed} in {all}"
    );
    let stops = prometheus.value(&format!(
        "count(max_over_time(rhaid_run_aborted{window}) == 1)"
    ));
    assert_eq!(stops, 1.0);
}
