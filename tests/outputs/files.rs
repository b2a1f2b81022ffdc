//! Files that grow while the run goes.

use std::io::Read;

use serde_json::Value;

use crate::support::bin::{Output, Rhaid};
use crate::support::reading::{Reading, run_of};
use crate::support::server::HttpServer;

/// Two scenarios for a bit over two seconds, with a tag and a check.
fn run(url: &str) -> Rhaid {
    run_of(
        r#"
        export const options = #{
            tags: #{ team: "a,b=\"c\"" },
            scenarios: #{
                some: #{ executor: "constant-vus", vus: 2, duration: "2200ms", exec: "visit" },
                more: #{ executor: "per-vu-iterations", vus: 1, iterations: 3, exec: "visit" },
            },
            slos: #{ http_req_duration: ["p(95) < 5s"] },
        };
        fn visit(ctx) {
            let answer = http::get(env("TARGET") + "/json", #{ name: "a \"quoted\"\nname" });
            check(answer, #{ "it is there": |answer| answer.status == 200 });
            log::info(`visited by ${ctx.vu} for the ${ctx.iteration}th time`);
            sleep(0.1);
        }
        "#,
    )
    .env("TARGET", url)
}

fn lines(output: &Output, name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(output.path(name)).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The sum of one field of a metric's seconds.
fn sum(lines: &[Value], metric: &str, field: &str) -> u64 {
    lines
        .iter()
        .filter(|line| line["type"] == "second" && line["metric"] == metric)
        .map(|line| line[field].as_f64().unwrap_or(0.0))
        .sum::<f64>() as u64
}

#[test]
fn the_seconds_of_an_ndjson_file_add_up_to_the_result() {
    let server = HttpServer::start();
    let output = run(&server.url(""))
        .args(["--out", "ndjson=out/run.ndjson"])
        .run();
    output.expect_code(0);
    let lines = lines(&output, "out/run.ndjson");
    assert_eq!(lines[0]["type"], "run");
    assert_eq!(lines[0]["id"], output.expect_result()["run"]["id"]);
    let requests = output.count("http_reqs");
    assert!(requests > 30, "{requests}");
    assert_eq!(sum(&lines, "http_reqs", "value"), requests);
    assert_eq!(sum(&lines, "http_req_duration", "count"), requests);
    assert_eq!(sum(&lines, "checks", "trues"), requests);
    let of = |kind: &str| lines.iter().filter(|line| line["type"] == kind).count();
    assert_eq!(of("log") as u64, requests);
    assert!(of("slo") >= 2);
    let events: Vec<_> = lines
        .iter()
        .filter(|line| line["type"] == "event")
        .map(|line| line["what"].as_str().unwrap())
        .collect();
    assert_eq!(events, ["start", "end"]);
}

#[test]
fn the_rows_of_a_csv_file_add_up_too() {
    let server = HttpServer::start();
    let output = run(&server.url("")).args(["--out", "csv=run.csv"]).run();
    output.expect_code(0);
    let mut reader = csv::Reader::from_path(output.path("run.csv")).unwrap();
    let head = reader.headers().unwrap().clone();
    let at = |name: &str| head.iter().position(|column| column == name).unwrap();
    let mut requests = 0.0;
    for row in reader.records() {
        let row = row.unwrap();
        if &row[at("metric")] == "http_reqs" {
            requests += row[at("value")].parse::<f64>().unwrap();
            assert!(row[at("tags")].contains("team=a,b=\"c\""), "{row:?}");
        }
    }
    assert_eq!(requests as u64, output.count("http_reqs"));
}

#[test]
fn single_samples_are_written_only_when_asked_for_and_can_be_judged_again() {
    let server = HttpServer::start();
    let output = run(&server.url(""))
        .args(["--out", "samples=all.json.gz"])
        .run();
    output.expect_code(0);
    let packed = std::fs::read(output.path("all.json.gz")).unwrap();
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(packed.as_slice())
        .read_to_string(&mut text)
        .unwrap();
    let requests = output.count("http_reqs");
    let points = text
        .lines()
        .filter(|line| line.contains("\"Point\"") && line.contains("\"http_req_duration\""));
    assert_eq!(points.count() as u64, requests);
    let judged = Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .file("all.json.gz", &packed)
        .args([
            "validate",
            "all.json.gz",
            "--slo",
            "http_reqs: count > 1",
            "--format",
            "json",
        ])
        .run();
    judged.expect_code(0).expect_text(&requests.to_string());
}

#[test]
fn a_disk_that_is_full_costs_the_output_and_not_the_run() {
    if !std::path::Path::new("/dev/full").exists() {
        return;
    }
    let server = HttpServer::start();
    let output = run(&server.url(""))
        .args(["--out", "ndjson=/dev/full"])
        .run();
    output
        .expect_code(0)
        .expect_text("`--out ndjson=/dev/full` did not get");
    output.expect_text("the result has all figures");
}

#[test]
fn secrets_are_in_no_output() {
    let server = HttpServer::start();
    let output = run_of(
        r#"
        fn iteration() {
            let token = secret("TOKEN");
            http::get(env("TARGET") + "/json", #{ name: "with " + token, tags: #{ t: token } });
            log::info("it is " + token);
        }
        "#,
    )
    .env("TARGET", server.url(""))
    .env("TOKEN", "s3cret-of-mine")
    .args([
        "--iterations",
        "2",
        "--out",
        "ndjson=a",
        "--out",
        "csv=b",
        "--out",
        "samples=c",
    ])
    .run();
    for name in ["a", "b", "c"] {
        let text = std::fs::read_to_string(output.path(name)).unwrap();
        assert!(text.contains("with "), "{name}");
        assert!(!text.contains("s3cret-of-mine"), "{name}: {text}");
    }
}

#[test]
fn a_file_that_may_not_grow_any_further_costs_the_output_and_not_the_run() {
    // `ulimit -f` counts blocks of 512 bytes: the result has room in so many, the samples have not.
    let script = "fn iteration() { metrics::counter(\"orders\").add(1); sleep(0.001); }";
    let line = "ulimit -f 400; exec \"$0\" run script.rhai --vus 4 --duration 2s --out samples=samples.ndjson --result result.json";
    let output = Rhaid::at("/bin/sh")
        .args(["-c", line, env!("CARGO_BIN_EXE_rhaid")])
        .file("script.rhai", script)
        .run();
    output
        .expect_code(0)
        .expect_text("`--out samples=samples.ndjson` did not get");
    assert!(output.path("result.json").exists());
}
