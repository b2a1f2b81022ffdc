//! What scripts log, and what rhaid tells of itself: where it goes and how it is written.

use serde_json::Value;

use crate::outputs::server::Receiver;
use crate::support::bin::{Output, Rhaid};
use crate::support::reading::run_of;
use crate::support::server::HttpServer;

fn journey(body: &str) -> Rhaid {
    run_of(&format!("fn iteration(ctx) {{\n{body}\n}}"))
}

fn objects(output: &Output, name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(output.path(name)).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

#[test]
fn a_log_file_says_who_logged_what_and_where() {
    let output = journey("log::warn(\"careful \" + ctx.iteration);")
        .args([
            "--iterations",
            "2",
            "--log-output",
            "run.log",
            "--log-format",
            "json",
        ])
        .run();
    output.expect_code(0);
    let lines = objects(&output, "run.log");
    let logged: Vec<_> = lines
        .iter()
        .filter(|line| line["source"] == "script")
        .collect();
    assert_eq!(logged.len(), 2, "{lines:?}");
    assert_eq!(logged[0]["message"], "careful 0");
    assert_eq!(logged[0]["level"], "warn");
    assert_eq!(logged[0]["place"], "script.rhai:2");
    assert_eq!(logged[1]["iteration"], 1);
    assert_eq!(logged[0]["run"], output.expect_result()["run"]["id"]);
    assert_eq!(lines[0]["message"], "the scenarios start");
    assert!(
        lines.last().unwrap()["message"]
            .as_str()
            .unwrap()
            .starts_with("the run ends")
    );
    // Standard error has the same lines, also as JSON.
    let told = output
        .stderr
        .lines()
        .find(|line| line.contains("careful 0"))
        .unwrap();
    let told: Value = serde_json::from_str(told).unwrap();
    assert_eq!(told["place"], "script.rhai:2");
}

#[test]
fn text_is_one_line_each() {
    let output = journey("log::info(\"two\\nlines\");")
        .args(["--iterations", "1", "--log-output", "run.log"])
        .run();
    let text = std::fs::read_to_string(output.path("run.log")).unwrap();
    let line = text.lines().find(|line| line.contains("two")).unwrap();
    assert!(
        line.contains("INFO") && line.contains("lines") && line.contains("script.rhai:2"),
        "{line}"
    );
}

#[test]
fn what_is_said_again_and_again_is_counted() {
    let output = journey("for n in 0..500 { log::info(\"the same\"); }")
        .args([
            "--iterations",
            "1",
            "--log-output",
            "run.log",
            "--log-format",
            "json",
            "--workers",
            "1",
        ])
        .run();
    let lines = objects(&output, "run.log");
    let same: Vec<_> = lines
        .iter()
        .map(|line| line["message"].as_str().unwrap())
        .filter(|message| message.contains("the same"))
        .collect();
    assert!(same.len() <= 202, "{}", same.len());
    assert!(
        same.iter()
            .any(|message| message.contains("more like this: the same")),
        "{same:?}"
    );
}

#[test]
fn what_is_left_out_for_it_came_too_fast_is_counted_in_the_log_and_in_the_result() {
    let output = journey("for n in 0..3000 { log::info(`line ${n}`); }")
        .args(["--iterations", "1", "--workers", "1"])
        .args(["--log-output", "run.log", "--log-format", "json"])
        .run();
    let lines = objects(&output, "run.log");
    let messages = lines.iter().map(|line| line["message"].as_str().unwrap());
    let (mut own, mut left_out) = (0, 0);
    for message in messages {
        if message.contains("line ") {
            own += 1;
        }
        if let Some((count, _)) = message.split_once(" more like this: lines of different texts") {
            let digits = count.replace(|c: char| !c.is_ascii_digit(), "");
            left_out += digits.parse::<u64>().unwrap();
        }
    }
    assert_eq!(own + left_out, 3_000, "{own} told, {left_out} left out");
    assert!(left_out > 0);
    let notes = output.expect_result()["run"]["notes"].to_string();
    assert!(notes.contains("lines of the log were left out"), "{notes}");
}

#[test]
fn a_line_of_ten_megabytes_is_cut() {
    let output =
        journey("let long = \"abcdefghij\"; for n in 0..20 { long += long; } log::info(long);")
            .args(["--iterations", "1", "--log-output", "run.log"])
            .run();
    output.expect_code(0);
    let length = std::fs::metadata(output.path("run.log")).unwrap().len();
    assert!(length < 20_000, "{length}");
}

#[test]
fn loki_gets_streams_with_few_labels() {
    let receiver = Receiver::start(&[]);
    let output = journey("log::error(\"it is \\\"wrong\\\"\");")
        .args([
            "--iterations",
            "3",
            "--log-output",
            &format!("loki={}", receiver.url("")),
        ])
        .run();
    output.expect_code(0);
    let mut lines = 0;
    for got in receiver.got() {
        assert!(
            got.line.starts_with("POST /loki/api/v1/push"),
            "{}",
            got.line
        );
        let body: Value = serde_json::from_slice(&got.body).unwrap();
        for stream in body["streams"].as_array().unwrap() {
            let labels = stream["stream"].as_object().unwrap();
            assert!(labels.keys().all(|key| ["service_name", "run", "level", "scenario"].contains(&key.as_str())));
            for value in stream["values"].as_array().unwrap() {
                assert_eq!(value[0].as_str().unwrap().len(), 19);
                let line: Value = serde_json::from_str(value[1].as_str().unwrap()).unwrap();
                lines += usize::from(line["message"] == "it is \"wrong\"");
            }
        }
    }
    assert_eq!(lines, 3);
}

#[test]
fn grafana_gets_annotations_of_what_happens() {
    let receiver = Receiver::start(&[]);
    let output = run_of(
        r#"
        export const options = #{
            scenarios: #{ guests: #{ executor: "constant-vus", vus: 1, duration: "3s", exec: "visit" } },
            proxies: #{ api: env("API") },
            faults: [#{ name: "slow", start: "500ms", duration: "1s", exec: "slow" }],
        };
        fn visit() { sleep(0.1); }
        fn slow(fault) { fault.proxy("api").latency("10ms"); }
        "#,
    )
    .env("API", "127.0.0.1:9")
    .env("RHAID_GRAFANA_BEARER_TOKEN", "t0ken")
    .args(["--allow-faults", "--annotate", &format!("grafana={}", receiver.url("/grafana"))])
    .run();
    output.expect_code(0);
    let got = receiver.got();
    assert!(
        got[0].line.starts_with("POST /grafana/api/annotations"),
        "{}",
        got[0].line
    );
    assert!(got[0].headers.contains("authorization: bearer t0ken"));
    let tags: Vec<String> = got
        .iter()
        .map(|got| {
            serde_json::from_slice::<Value>(&got.body).unwrap()["tags"][1]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(tags, ["start", "fault", "fault", "end"]);
}

#[test]
fn rhaid_tells_of_itself_at_the_levels_that_are_asked_for() {
    let server = HttpServer::start();
    let run = |levels: &str| {
        journey("http::get(env(\"TARGET\") + \"/json\");")
            .env("TARGET", server.url(""))
            .args([
                "--iterations",
                "1",
                "--log-level",
                levels,
                "--log-output",
                "run.log",
                "--log-format",
                "json",
            ])
            .run()
    };
    let quiet = run("warn");
    assert!(!quiet.stderr.contains("connected"), "{quiet}");
    let told = run("warn,rhaid::http=debug");
    told.expect_code(0).expect_text("connected");
    assert!(!told.stderr.contains("the run begins"), "{told}");
    let lines = objects(&told, "run.log");
    let line = lines
        .iter()
        .find(|line| line["message"] == "connected")
        .unwrap();
    assert_eq!(line["source"], "rhaid::http::connect");
    assert_eq!(line["level"], "debug");
    assert!(line["address"].as_str().unwrap().starts_with("127.0.0.1"));
    run("loud").expect_code(64).expect_text("write a level");
}
