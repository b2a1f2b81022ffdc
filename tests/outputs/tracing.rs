//! Requests of traced runs: what they tell the target, and how many of them do.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use crate::outputs::otlp::spans;
use crate::outputs::server::Receiver;
use crate::support::bin::Rhaid;
use crate::support::h2::H2Server;
use crate::support::reading::{Reading, run_of};
use crate::support::server::HttpServer;
use crate::support::traffic::SeenRequest;

const JOURNEY: &str = r#"
    fn iteration(ctx) {
        let own = #{ headers: #{ "x-iteration": `${ctx.vu}-${ctx.iteration}` } };
        http::get(env("TARGET") + "/json", own);
        group("inner", || { http::get(env("TARGET") + "/redirect/2", own); });
        http::batch([["GET", env("TARGET") + "/hello", (), own], ["GET", env("TARGET") + "/json", (), own]]);
    }
"#;

fn journey(server: &HttpServer, iterations: u32) -> Rhaid {
    run_of(JOURNEY)
        .env("TARGET", server.url(""))
        .args(["--vus", "2", "--iterations", &iterations.to_string()])
        .timeout(Duration::from_secs(120))
}

/// Trace, span and flags of a valid `traceparent`.
pub fn parsed(request: &SeenRequest) -> (String, String, String) {
    let all: Vec<&str> = request.headers_named("traceparent").collect();
    let [header] = all.as_slice() else {
        panic!("{} has {all:?}", request.target);
    };
    let parts: Vec<&str> = header.split('-').collect();
    let [version, trace, span, flags] = parts.as_slice() else {
        panic!("{header} has other parts");
    };
    let is_hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    assert_eq!(
        (*version, trace.len(), span.len()),
        ("00", 32, 16),
        "{header}"
    );
    assert!(is_hex(trace) && is_hex(span), "{header}");
    assert!(trace.bytes().any(|b| b != b'0') && span.bytes().any(|b| b != b'0'));
    ((*trace).to_owned(), (*span).to_owned(), (*flags).to_owned())
}

#[test]
fn every_iteration_is_a_trace_of_its_own() {
    let server = HttpServer::start();
    let output = journey(&server, 6).args(["--trace-sample", "100%"]).run();
    output.expect_code(0);
    let mut traces: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut spans = BTreeMap::new();
    for request in server.requests() {
        let (trace, span, flags) = parsed(&request);
        assert_eq!(flags, "01");
        let iteration = request.header("x-iteration").unwrap().to_owned();
        traces.entry(iteration).or_default().insert(trace);
        *spans.entry(span).or_insert(0) += 1;
    }
    assert_eq!(traces.len(), 6);
    assert!(
        traces.values().all(|traces| traces.len() == 1),
        "{traces:?}"
    );
    let all: BTreeSet<_> = traces.values().flatten().collect();
    assert_eq!(all.len(), 6, "no two share a trace");
    // Four requests; the one that is redirected twice tells the same at each of its hops.
    let mut hops: Vec<usize> = spans.into_values().collect();
    hops.sort_unstable();
    assert_eq!(hops, [[1; 18].as_slice(), &[3; 6]].concat());
}

#[test]
fn without_tracing_no_request_carries_a_header() {
    let server = HttpServer::start();
    journey(&server, 2).run().expect_code(0);
    journey(&server, 2)
        .args(["--trace-sample", "off"])
        .run()
        .expect_code(0);
    assert!(!server.requests().is_empty());
    for request in server.requests() {
        assert_eq!(request.header("traceparent"), None);
    }
}

#[test]
fn a_share_of_the_iterations_is_sampled_and_the_others_say_that_they_are_not() {
    let server = HttpServer::start();
    let output = journey(&server, 400).args(["--trace-sample", "25%"]).run();
    output.expect_code(0);
    let mut sampled: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for request in server.requests() {
        let (trace, _, flags) = parsed(&request);
        sampled.entry(trace).or_default().insert(flags);
    }
    assert_eq!(sampled.len(), 400);
    assert!(sampled.values().all(|flags| flags.len() == 1));
    let share = sampled
        .values()
        .filter(|flags| flags.contains("01"))
        .count();
    // Six standard deviations around a hundred.
    assert!((48..=152).contains(&share), "{share} of 400");
    let kept = output.expect_result()["slow_requests"].as_array().unwrap();
    for request in kept {
        let flags = &sampled[request["trace_id"].as_str().unwrap()];
        assert!(flags.contains("01"), "{request} was not sampled");
    }
}

#[test]
fn other_formats_are_an_option_and_a_header_of_the_script_stays() {
    let server = HttpServer::start();
    let script = |format: &str| {
        let text = format!(
            "export const options = #{{ tracing: #{{ sample: 1.0, propagation: \"{format}\" }} }};
            fn iteration() {{
                http::get(env(\"TARGET\") + \"/json?of={format}\");
                http::get(env(\"TARGET\") + \"/hello\", #{{ headers: #{{ traceparent: \"mine\", b3: \"mine\" }} }});
            }}"
        );
        run_of(&text)
            .env("TARGET", server.url(""))
            .run()
            .expect_code(0);
    };
    ["w3c", "b3", "b3multi", "jaeger"]
        .into_iter()
        .for_each(script);
    let requests = server.requests();
    let of = |format: &str| {
        let target = format!("/json?of={format}");
        let found = requests.iter().find(|request| request.target == target);
        found.unwrap_or_else(|| panic!("no request of {format}"))
    };
    parsed(of("w3c"));
    let b3: Vec<&str> = of("b3").header("b3").unwrap().split('-').collect();
    assert_eq!((b3[0].len(), b3[1].len(), b3[2]), (32, 16, "1"));
    let multi = of("b3multi");
    assert_eq!(multi.header("x-b3-traceid").unwrap().len(), 32);
    assert_eq!(multi.header("x-b3-spanid").unwrap().len(), 16);
    assert_eq!(multi.header("x-b3-sampled"), Some("1"));
    let jaeger: Vec<&str> = of("jaeger")
        .header("uber-trace-id")
        .unwrap()
        .split(':')
        .collect();
    assert_eq!(
        (jaeger[0].len(), jaeger[1].len(), jaeger[2], jaeger[3]),
        (32, 16, "0", "1")
    );
    assert_eq!(of("jaeger").header("traceparent"), None);
    let own = requests
        .iter()
        .find(|request| request.path() == "/hello")
        .unwrap();
    assert_eq!(
        own.headers_named("traceparent").collect::<Vec<_>>(),
        ["mine"]
    );
}

#[test]
fn a_request_tells_its_place_once_whatever_the_protocol() {
    let (one, two) = (HttpServer::start(), H2Server::start());
    for (url, options) in [
        (one.url(""), ""),
        (two.url(""), "http2: \"prior-knowledge\","),
    ] {
        let script = format!(
            "export const options = #{{ tracing: #{{ sample: \"100%\" }}, {options} }};
            fn iteration() {{ http::get(env(\"TARGET\") + \"/status/503\"); }}"
        );
        let output = run_of(&script).env("TARGET", url).run();
        let seen = &output.expect_result()["errors"][0]["example"]["request"];
        let headers = seen["headers"].as_array().unwrap();
        let told: Vec<&str> = headers
            .iter()
            .filter(|header| header["name"] == "traceparent")
            .filter_map(|header| header["value"].as_str())
            .collect();
        let server = if options.is_empty() {
            one.requests()
        } else {
            two.requests()
        };
        let [request] = server.as_slice() else {
            panic!("{} requests", server.len());
        };
        let (trace, span, flags) = parsed(request);
        assert_eq!(told, [format!("00-{trace}-{span}-{flags}")], "{seen:#}");
    }
}

#[test]
fn headers_that_the_script_sets_for_all_requests_stay_and_are_not_mixed_with_others() {
    let server = HttpServer::start();
    let output = run_of(
        r#"
        export const options = #{ tracing: #{ sample: "100%", propagation: "b3multi" }, headers: #{ "x-b3-traceid": "theirs" } };
        fn iteration() { http::get(env("TARGET") + "/hello"); }
        "#,
    )
    .env("TARGET", server.url(""))
    .run();
    output.expect_code(0);
    let request = &server.requests()[0];
    let headers: Vec<&str> = request.headers_named("x-b3-traceid").collect();
    assert_eq!(headers, ["theirs"]);
    assert_eq!(request.header("x-b3-spanid"), None);
}

#[test]
fn what_runs_beside_the_iterations_has_traces_of_its_own() {
    let server = HttpServer::start();
    let receiver = Receiver::start(&[]);
    let output = run_of(
        r#"
        export const options = #{ faults: [#{ exec: "fault", start: 0, duration: "100ms" }] };
        fn setup() { http::get(env("TARGET") + "/hello"); }
        fn fault(fault) { http::get(env("TARGET") + "/hello"); }
        fn iteration() { http::get(env("TARGET") + "/hello"); sleep(0.5); }
        fn teardown(data) { http::get(env("TARGET") + "/hello"); }
        "#,
    )
    .env("TARGET", server.url(""))
    .args(["--allow-faults", "--workers", "1", "--trace-sample", "100%"])
    .args(["--out", &format!("otlp={}", receiver.url(""))])
    .run();
    output.expect_code(0);
    let requests = server.requests();
    let traces: BTreeSet<String> = requests.iter().map(|r| parsed(r).0).collect();
    assert_eq!((requests.len(), traces.len()), (4, 4));
    // What the script does not have is no trace.
    let spans = spans(&receiver.got());
    let roots = spans.iter().filter(|span| span.parent_span_id.is_empty());
    let mut names: Vec<&str> = roots.map(|span| span.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["fault", "iteration", "setup", "teardown"]);
}

#[test]
fn a_request_is_as_slow_as_its_slowest_exchange() {
    let server = HttpServer::start();
    let output = run_of(
        r#"
        export const options = #{ tracing: #{ sample: "100%" } };
        fn iteration() { http::get(env("TARGET") + "/slow/200/away", #{ name: "login" }); }
        "#,
    )
    .env("TARGET", server.url(""))
    .run();
    output.expect_code(0);
    let slow = &output.expect_result()["slow_requests"][0];
    assert!(slow["duration"].as_f64().unwrap() >= 200.0, "{slow:#}");
}

#[test]
fn slow_requests_and_errors_lead_to_their_traces_in_the_report() {
    let server = HttpServer::start();
    let output = run_of(
        r#"
        export const options = #{ tracing: #{ sample: "100%", url: "http://127.0.0.1:16686/trace/{trace_id}" } };
        fn iteration() {
            http::get(env("TARGET") + "/slow/30", #{ name: "slow" });
            http::get(env("TARGET") + "/status/503", #{ name: "broken" });
        }
        "#,
    )
    .env("TARGET", server.url(""))
    .args(["--iterations", "3", "--report", "html=report.html"])
    .run();
    let result = output.expect_result();
    let slow = result["slow_requests"].as_array().unwrap();
    assert_eq!(slow.len(), 6, "{output}");
    assert_eq!(slow[0]["name"], "slow");
    let durations: Vec<f64> = slow
        .iter()
        .map(|row| row["duration"].as_f64().unwrap())
        .collect();
    assert!(durations.is_sorted_by(|a, b| a >= b), "{durations:?}");
    let seen: BTreeSet<String> = server.requests().iter().map(|r| parsed(r).0).collect();
    let error = &result["errors"][0]["example"]["trace_id"];
    let page = std::fs::read_to_string(output.path("report.html")).unwrap();
    for id in slow.iter().map(|row| &row["trace_id"]).chain([error]) {
        let id = id.as_str().unwrap();
        assert!(seen.contains(id), "{id} went out");
        assert!(page.contains(&format!("href=\"http://127.0.0.1:16686/trace/{id}\"")));
    }
}

#[test]
fn a_wrong_way_to_sample_is_told_with_what_would_be_right() {
    let server = HttpServer::start();
    let output = journey(&server, 1)
        .args(["--trace-sample", "sometimes"])
        .run();
    assert_ne!(output.code, 0);
    output.expect_text("--trace-sample");
    output.expect_text("`sometimes` is no way to choose traces");
    output.expect_text("write a share such as \"1%\"");
    let output = journey(&server, 1)
        .args(["--trace-propagation", "w3"])
        .run();
    output.expect_text("did you mean `w3c`");
    let output = journey(&server, 1)
        .args(["--trace-url", "http://127.0.0.1/"])
        .run();
    output.expect_text("{trace_id}");
    assert!(server.requests().is_empty());
}

#[test]
fn results_without_traces_say_nothing_of_them() {
    let server = HttpServer::start();
    let output = journey(&server, 1).run();
    output.expect_code(0);
    assert_eq!(output.expect_result().get("slow_requests"), None::<&Value>);
    assert_eq!(output.count("iterations"), 1);
}
