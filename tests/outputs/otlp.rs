//! `--out otlp=…`, to a receiver made of OpenTelemetry's own definitions and gRPC's own library, and to ones that refuse.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyValue;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::Value;
use tempfile::TempDir;

use crate::outputs::server::{Got, Receiver};
use crate::support::bin::{Output, Rhaid};
use crate::support::reading::{Reading, run_of};
use crate::support::server::HttpServer;

const JOURNEY: &str = r#"
    fn setup() {
        http::get(env("TARGET") + "/hello");
    }

    fn iteration(ctx) {
        log::info("a line of " + secret("PIN"));
        http::get(env("TARGET") + "/json?access_token=t0k3n&pin=" + secret("PIN"), #{ name: "list" });
        group("outer", || {
            group("inner", || { http::get(env("TARGET") + "/redirect/2"); });
        });
        if ctx.iteration == 1 {
            http::get(env("TARGET") + "/status/503");
        }
        sleep(0.2);
    }
"#;

fn journey(server: &HttpServer, to: &str, iterations: u32) -> Rhaid {
    run_of(JOURNEY)
        .env("TARGET", server.url(""))
        .env("PIN", "hunter2-pin")
        .args(["--iterations", &iterations.to_string()])
        .args(["--out", &format!("otlp={to}")])
        .timeout(Duration::from_secs(120))
}

/// Spans of a receiver that was spoken to by HTTP.
pub fn spans(got: &[Got]) -> Vec<Span> {
    let traces = got
        .iter()
        .filter(|got| got.line.starts_with("POST /v1/traces "));
    let requests = traces.map(|got| ExportTraceServiceRequest::decode(&*got.body).unwrap());
    let resources = requests.flat_map(|request| request.resource_spans);
    let scopes = resources.flat_map(|resource| resource.scope_spans);
    scopes.flat_map(|scope| scope.spans).collect()
}

fn attribute(span: &Span, key: &str) -> Option<String> {
    let found = span.attributes.iter().find(|pair| pair.key == key)?;
    match found.value.clone()?.value? {
        AnyValue::StringValue(text) => Some(text),
        AnyValue::IntValue(number) => Some(number.to_string()),
        other => panic!("{key} is {other:?}"),
    }
}

#[test]
fn an_iteration_is_a_tree_from_its_function_down_to_the_phases_of_its_requests() {
    let server = HttpServer::start();
    let receiver = Receiver::start(&[]);
    let output = journey(&server, &receiver.url(""), 1)
        .args(["--trace-sample", "100%"])
        .run();
    output.expect_code(0);
    let spans = spans(&receiver.got());
    let by_id: BTreeMap<_, _> = spans.iter().map(|span| (&span.span_id, span)).collect();
    assert_eq!(by_id.len(), spans.len(), "no two spans share an id");
    let path = |span: &Span| {
        let mut names = vec![span.name.clone()];
        let mut at = span;
        while !at.parent_span_id.is_empty() {
            at = by_id[&at.parent_span_id];
            names.insert(0, at.name.clone());
        }
        names.join(" / ")
    };
    let paths: BTreeSet<String> = spans.iter().map(path).collect();
    for wanted in [
        "setup / GET / wait",
        "iteration / GET list / wait",
        "iteration / outer / inner / GET / wait",
    ] {
        assert!(paths.contains(wanted), "{wanted} is not in {paths:#?}");
    }
    for span in &spans {
        assert!(span.start_time_unix_nano <= span.end_time_unix_nano);
        if let Some(parent) = by_id.get(&span.parent_span_id) {
            assert_eq!(parent.trace_id, span.trace_id);
            assert!(
                parent.start_time_unix_nano <= span.start_time_unix_nano,
                "{}",
                path(span)
            );
            assert!(
                parent.end_time_unix_nano >= span.end_time_unix_nano,
                "{}",
                path(span)
            );
        }
    }
    let named = |name: &str| spans.iter().find(|span| span.name == name).unwrap();
    let list = named("GET list");
    let expected = [
        ("http.request.method", "GET"),
        ("http.response.status_code", "200"),
        ("server.address", "127.0.0.1"),
        ("network.protocol.version", "1.1"),
        ("rhaid.name", "list"),
    ];
    for (key, value) in expected {
        assert_eq!(attribute(list, key).as_deref(), Some(value), "{key}");
    }
    assert_eq!(list.kind, 3, "a client");
    assert_eq!(
        attribute(named("iteration"), "rhaid.vu").as_deref(),
        Some("1")
    );
    assert_eq!(attribute(named("setup"), "rhaid.vu"), None);
    let redirected = spans
        .iter()
        .find(|span| attribute(span, "http.request.resend_count").is_some())
        .unwrap();
    assert_eq!(
        attribute(redirected, "http.request.resend_count").as_deref(),
        Some("2")
    );
    assert!(
        attribute(redirected, "rhaid.url.final")
            .unwrap()
            .ends_with("/hello")
    );
    // What the target was told is what the spans are called.
    for request in server.requests() {
        let header = request.header("traceparent").unwrap();
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let is_it = |span: &&Span| {
            header == format!("00-{}-{}-01", hex(&span.trace_id), hex(&span.span_id))
        };
        let span = spans
            .iter()
            .find(is_it)
            .unwrap_or_else(|| panic!("{header}"));
        assert!(span.name.starts_with("GET"), "{}", span.name);
    }
    for got in receiver.got() {
        let body = String::from_utf8_lossy(&got.body).into_owned();
        for hidden in ["hunter2", "t0k3n"] {
            assert!(!body.contains(hidden), "{hidden} in {}", got.line);
        }
    }
}

#[test]
fn in_tail_mode_what_failed_is_kept_whole_and_the_rest_forgotten() {
    let server = HttpServer::start();
    let receiver = Receiver::start(&[]);
    let output = journey(&server, &receiver.url(""), 4)
        .args(["--trace-sample", "tail"])
        .run();
    assert_eq!(output.count("iterations"), 4);
    let spans = spans(&receiver.got());
    let roots: Vec<_> = spans
        .iter()
        .filter(|span| span.parent_span_id.is_empty())
        .collect();
    let [root] = roots.as_slice() else {
        panic!("{} traces\n{output}", roots.len());
    };
    assert_eq!(attribute(root, "rhaid.iteration").as_deref(), Some("1"));
    let failed: Vec<_> = spans.iter().filter(|span| span.status.is_some()).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(attribute(failed[0], "error.type").as_deref(), Some("503"));
    assert!(
        spans.iter().any(|span| span.name == "GET list"),
        "its other requests are there"
    );
    let all = server.requests();
    assert!(
        all.iter()
            .all(|r| r.header("traceparent").unwrap().ends_with("-01"))
    );
}

#[test]
fn what_a_receiver_has_no_place_for_is_told_once_and_is_no_loss() {
    let server = HttpServer::start();
    // The first to come are metrics and logs, in any order, and spans.
    let receiver = Receiver::start(&["404 Not Found"; 40]);
    let output = run_of(r#"fn iteration() { http::get(env("TARGET") + "/json"); }"#)
        .env("TARGET", server.url(""))
        .args(["--duration", "3s", "--rate", "20/s"])
        .args(["--out", &format!("otlp={}", receiver.url(""))])
        .timeout(Duration::from_secs(120))
        .run();
    output.expect_code(0);
    output.expect_text("takes no");
    assert!(!output.stderr.contains("did not get"), "{output}");
    // Each kind was tried once.
    assert_eq!(receiver.got().len(), 2, "{output}");
}

#[test]
fn an_address_that_is_none_is_refused_before_anything_is_sent() {
    let server = HttpServer::start();
    let output = journey(&server, "127.0.0.1:4317", 1).run();
    assert_ne!(output.code, 0);
    output.expect_text("grpc://");
    assert!(server.requests().is_empty());
}

/// The receiver of `collector/receiver.py`. Ends when dropped.
struct Collector {
    child: Child,
    ports: Value,
    dir: TempDir,
}

impl Collector {
    fn start() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = root.join("target/collector/bin/python3");
        let dir = tempfile::tempdir().unwrap();
        let mut child = Command::new(&python)
            .arg(root.join("tests/outputs/collector/receiver.py"))
            .arg(dir.path().join("got"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}; run tests/prepare", python.display()));
        let mut line = String::new();
        let mut reader = BufReader::new(child.stdout.take().unwrap());
        reader.read_line(&mut line).unwrap();
        let ports = serde_json::from_str(&line).unwrap_or_else(|_| panic!("it said {line:?}"));
        Self { child, ports, dir }
    }

    fn got(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.dir.path().join("got")).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.collect()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// All values of a key, however deep.
fn all<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get(key));
            map.values().for_each(|value| all(value, key, found));
        }
        Value::Array(items) => items.iter().for_each(|value| all(value, key, found)),
        _ => {}
    }
}

fn expect_all_three(collector: &Collector, output: &Output, way: &str) {
    let got = collector.got();
    let of = |signal: &str| -> Vec<&Value> {
        let of = got.iter().filter(|got| got["signal"] == signal);
        of.map(|got| &got["message"]).collect()
    };
    assert!(!got.is_empty(), "{output}");
    for one in &got {
        assert_eq!(one["way"], way);
        assert_eq!(one["round_trip_differs"], false);
        let mut resources = Vec::new();
        all(&one["message"], "resource", &mut resources);
        let text = resources[0].to_string();
        let id = output.expect_result()["run"]["id"].as_str().unwrap();
        assert!(
            text.contains("\"service.name\"") && text.contains(id),
            "{text}"
        );
        assert_eq!(one["headers"]["x-scope"], "team", "{}", one["headers"]);
        let whole = one.to_string();
        assert!(
            !whole.contains("hunter2") && !whole.contains("t0k3n"),
            "{whole}"
        );
    }
    let mut names = Vec::new();
    of("traces")
        .iter()
        .for_each(|message| all(message, "spans", &mut names));
    let spans: Vec<&Value> = names
        .iter()
        .flat_map(|spans| spans.as_array().unwrap())
        .collect();
    let iterations = spans
        .iter()
        .filter(|span| span["name"] == "iteration")
        .count();
    assert_eq!(iterations as u64, output.count("iterations"));
    let clients = spans
        .iter()
        .filter(|span| span["kind"] == "SPAN_KIND_CLIENT")
        .count();
    assert_eq!(
        clients,
        2 * iterations + 2,
        "two each, one that fails, one of `setup`"
    );
    // Buckets lead to requests.
    let mut exemplars = Vec::new();
    of("metrics")
        .iter()
        .for_each(|message| all(message, "exemplars", &mut exemplars));
    let exemplars: Vec<&Value> = exemplars
        .iter()
        .flat_map(|list| list.as_array().unwrap())
        .collect();
    assert!(!exemplars.is_empty());
    for exemplar in exemplars {
        let is_of = |span: &&&Value| {
            span["kind"] == "SPAN_KIND_CLIENT"
                && span["traceId"] == exemplar["traceId"]
                && span["spanId"] == exemplar["spanId"]
        };
        assert!(spans.iter().any(|span| is_of(&span)), "{exemplar}");
    }
    // The last values before the end are those of the result.
    let mut metrics = Vec::new();
    of("metrics")
        .iter()
        .for_each(|message| all(message, "metrics", &mut metrics));
    let metrics: Vec<&Value> = metrics
        .iter()
        .flat_map(|list| list.as_array().unwrap())
        .collect();
    let value = |name: &str| {
        let family = metrics.iter().filter(|metric| metric["name"] == name);
        let counts = family.map(|metric| -> f64 {
            let points = metric["sum"]["dataPoints"].as_array().unwrap();
            points
                .iter()
                .filter_map(|point| point["asDouble"].as_f64())
                .sum()
        });
        counts.fold(0.0, f64::max)
    };
    assert_eq!(value("rhaid.iterations") as u64, output.count("iterations"));
    assert_eq!(value("rhaid.http_reqs") as u64, output.count("http_reqs"));
    let duration = metrics
        .iter()
        .find(|metric| metric["name"] == "rhaid.http_req_duration")
        .unwrap();
    assert_eq!(duration["unit"], "s");
    assert_eq!(
        duration["histogram"]["aggregationTemporality"],
        "AGGREGATION_TEMPORALITY_CUMULATIVE"
    );
    let mut records = Vec::new();
    of("logs")
        .iter()
        .for_each(|message| all(message, "logRecords", &mut records));
    let records: Vec<&Value> = records
        .iter()
        .flat_map(|list| list.as_array().unwrap())
        .collect();
    let line = records
        .iter()
        .find(|record| record["body"]["stringValue"] == "a line of ***")
        .unwrap();
    assert!(
        line["traceId"].is_string() && line["spanId"].is_string(),
        "{line}"
    );
    assert!(spans.iter().any(|span| span["traceId"] == line["traceId"]));
    assert!(
        records
            .iter()
            .any(|record| record["eventName"] == "rhaid.run.ended")
    );
}

#[test]
fn the_official_receiver_takes_everything_by_grpc() {
    let (server, collector) = (HttpServer::start(), Collector::start());
    let to = format!("grpc://127.0.0.1:{}", collector.ports["grpc"]);
    let output = journey(&server, &to, 3)
        .env("RHAID_OTLP_HEADERS", "X-Scope: team")
        .args(["--trace-sample", "100%"])
        .run();
    expect_all_three(&collector, &output, "grpc");
    // Its answer to log records says that it rejects one of each request.
    output.expect_text("one is too old");
}

#[test]
fn the_official_receiver_takes_everything_by_http() {
    let (server, collector) = (HttpServer::start(), Collector::start());
    let to = format!("http://127.0.0.1:{}", collector.ports["http"]);
    let output = journey(&server, &to, 3)
        .env("RHAID_OTLP_HEADERS", "X-Scope: team")
        .args(["--trace-sample", "100%"])
        .run();
    expect_all_three(&collector, &output, "http");
}

#[test]
fn exponential_histograms_are_sent_when_asked_for() {
    let (server, collector) = (HttpServer::start(), Collector::start());
    let to = format!("http://127.0.0.1:{}", collector.ports["http"]);
    let output = journey(&server, &to, 2)
        .args(["--prometheus-histograms", "native"])
        .run();
    let got = collector.got();
    let mut found = Vec::new();
    got.iter()
        .for_each(|got| all(&got["message"], "exponentialHistogram", &mut found));
    assert!(!found.is_empty(), "{output}");
    let point = &found[0]["dataPoints"][0];
    assert_eq!(point["scale"], 5, "{point}");
    // Untraced, there are metrics and logs alone.
    assert!(got.iter().all(|got| got["signal"] != "traces"));
}
