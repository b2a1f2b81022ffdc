//! Objectives: how a run is judged, and the exit code that says so.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::bin::Output;
use crate::support::ports::refused_addr;
use crate::support::reading::{Reading, number, run_of};
use crate::support::server::HttpServer;

/// A run of ten iterations whose trend `t` holds 100, 200, … 1,000, judged by these objectives.
fn judged(slos: &str, args: &[&str]) -> Output {
    run_of(&format!(
        r#"
        export const options = #{{ iterations: 10, slos: #{{ {slos} }} }};
        fn iteration(ctx) {{
            metrics::trend("t", true).add((ctx.iteration + 1) * 100);
            metrics::counter("c").add(2);
            metrics::rate("r").add(ctx.iteration < 9);
            metrics::gauge("g").add(ctx.iteration);
            if ctx.vu < 0 {{ metrics::counter("never").add(1); }}
        }}
        "#
    ))
    .args(["--workers", "1", "--vus", "1"])
    .args(args)
    .run()
}

#[test]
fn a_target_that_answers_nothing_is_not_fast() {
    let output = run_of(
        r#"
        export const options = #{ iterations: 3, slos: #{ "http_req_duration": ["p(95) < 300ms"] } };
        fn iteration() { http::get(env("BASE_URL")); }
        "#,
    )
    .env("BASE_URL", format!("http://{}", refused_addr()))
    .run();
    output.expect_code(1);
    assert_eq!(output.slo("http_req_duration")["status"], "NO DATA");
    assert_eq!(output.count("http_reqs"), 3);
}

#[test]
fn each_status_has_its_exit_code() {
    for (objective, status, code, strict) in [
        (
            r#"target: "max < 2s", warn: "max < 1.5s", priority: "P0""#,
            "PASS",
            0,
            0,
        ),
        (
            r#"target: "max < 2s", warn: "max < 900ms", priority: "P0""#,
            "WARNING",
            1,
            2,
        ),
        (
            r#"target: "max < 2s", warn: "max < 900ms", priority: "P2""#,
            "WARNING",
            1,
            2,
        ),
        (r#"target: "max < 0.5s", priority: "P2""#, "FAIL", 1, 2),
        (r#"target: "max < 0.5s", priority: "P1""#, "FAIL", 1, 2),
        (r#"target: "max < 0.5s""#, "FAIL", 1, 2),
        (r#"target: "max < 0.5s", priority: "P0""#, "CRITICAL", 2, 2),
    ] {
        for (args, code) in [(&[][..], code), (&["--strict"][..], strict)] {
            let output = judged(&format!(r#""t": [ #{{ {objective} }} ]"#), args);
            output.expect_code(code).expect_text(status);
            assert_eq!(output.slo("t")["status"], status, "{objective}");
            assert_eq!(output.slo("t")["actual"], 1000.0);
            let verdict = &output.expect_result()["verdict"];
            assert_eq!(verdict["exit_code"], code);
            assert_eq!(verdict["strict"], !args.is_empty());
        }
    }
}

#[test]
fn the_worst_objective_decides() {
    let output = judged(
        r#""t": [ #{ target: "max < 2s" }, #{ target: "min < 50ms", priority: "P2" }, #{ target: "avg < 100ms", priority: "P0" } ],
           "c": [ #{ target: "count > 1" } ]"#,
        &[],
    );
    output.expect_code(2);
    let statuses: Vec<&str> = output.expect_result()["slos"]
        .as_array()
        .unwrap()
        .iter()
        .map(|slo| slo["status"].as_str().unwrap())
        .collect();
    // By metric, `c` before `t`; those of a metric in the order of the script.
    assert_eq!(statuses, ["PASS", "PASS", "FAIL", "CRITICAL"]);
    let reasons = output.expect_result()["verdict"]["reasons"]
        .as_array()
        .unwrap();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
}

#[test]
fn every_aggregate_is_computed_exactly() {
    let output = judged(
        r#""t": [
               #{ target: "min == 100ms", name: "min" }, #{ target: "max == 1s", name: "max" },
               #{ target: "avg == 550ms", name: "avg" }, #{ target: "count == 10", name: "count of t" },
               #{ target: "med < 501ms", name: "med" }, #{ target: "p(90) < 901ms", name: "p90" },
               #{ target: "p(99.9) <= 1000.5ms", name: "p99.9" },
           ],
           "c": [ #{ target: "count == 20", name: "count" }, #{ target: "rate > 1", name: "per second" } ],
           "r": [ #{ target: "rate >= 90%", name: "rate" }, #{ target: "rate > 0.95", name: "rate above" } ],
           "g": [ #{ target: "value == 9", name: "value" }, #{ target: "min == 0", name: "least" } ]"#,
        &[],
    );
    output.expect_code(1);
    let actual = |name: &str| number(&output.slo(name)["actual"]);
    for (name, expected) in [
        ("min", 100.0),
        ("max", 1000.0),
        ("avg", 550.0),
        ("count of t", 10.0),
        ("count", 20.0),
        ("rate", 0.9),
        ("value", 9.0),
        ("least", 0.0),
    ] {
        assert_eq!(actual(name), expected, "{name}");
        assert_eq!(output.slo(name)["status"], "PASS", "{name}");
    }
    assert!((actual("med") - 500.0).abs() < 0.5);
    assert!((actual("p90") - 900.0).abs() < 0.5);
    assert_eq!(output.slo("rate above")["status"], "FAIL");
    assert_eq!(output.slo("med")["status"], "PASS");
    assert_eq!(output.slo("p99.9")["status"], "PASS");
    assert_eq!(output.slo("per second")["status"], "PASS");
}

#[test]
fn no_data_fails_unless_the_objective_is_optional() {
    let none = judged(
        r#""never": [ #{ target: "count > 0", priority: "P1" } ]"#,
        &[],
    );
    none.expect_code(1).expect_text("NO DATA");
    assert_eq!(none.slo("never")["status"], "NO DATA");
    assert_eq!(none.slo("never").get("actual"), None);
    assert_eq!(none.slo("never")["actual_text"], "no samples");
    let blocking = judged(
        r#""http_req_duration": [ #{ target: "p(95) < 1s", priority: "P0" } ]"#,
        &[],
    );
    blocking.expect_code(2);
    let optional = judged(
        r#""http_req_duration": [ #{ target: "p(95) < 1s", priority: "P0", optional: true } ]"#,
        &["--strict"],
    );
    optional.expect_code(0);
    assert_eq!(optional.slo("http_req_duration")["status"], "NO DATA");
}

#[test]
fn a_counter_that_every_run_has_is_zero_without_samples() {
    let output = judged(
        r#""dropped_iterations": [ #{ target: "count == 0" } ], "http_reqs": [ #{ target: "count < 1" } ]"#,
        &[],
    );
    output.expect_code(0);
    assert_eq!(output.slo("dropped_iterations")["actual"], 0.0);
    assert_eq!(output.slo("http_reqs")["actual"], 0.0);
}

#[test]
fn tags_choose_which_samples_are_judged() {
    let server = HttpServer::start();
    let output = run_of(
        r#"
        export const options = #{
            iterations: 4,
            slos: #{
                "http_req_duration{name:slow}": [ #{ target: "min > 60ms" } ],
                "http_req_duration{name:quick}": [ #{ target: "min < 60ms" } ],
                "http_req_failed{name:slow}": [ #{ target: "rate < 1%" } ],
                "http_req_failed{status:404}": [ #{ target: "rate > 99%" } ],
                "http_reqs{scenario:default,method:GET}": [ #{ target: "count == 12" } ],
                "http_reqs{name:nowhere}": [ #{ target: "count == 0", optional: true } ],
                "checks{check:is fine}": [ #{ target: "rate == 1" } ],
                "http_req_failed": [ #{ target: "rate < 30%", priority: "P1" } ],
            },
        };
        fn iteration() {
            http::get(`${env("BASE_URL")}/slow/80`, #{ name: "slow" });
            http::get(`${env("BASE_URL")}/hello`, #{ name: "quick" });
            http::get(`${env("BASE_URL")}/status/404`, #{ name: "missing" });
            check(true, "is fine");
            check(false, "is not");
        }
        "#,
    )
    .env("BASE_URL", server.url(""))
    .run();
    output.expect_code(1);
    for slo in output.expect_result()["slos"].as_array().unwrap() {
        let expected = match slo["metric"].as_str().unwrap() {
            "http_req_failed" => "FAIL",
            "http_reqs{name:nowhere}" => "NO DATA",
            _ => "PASS",
        };
        assert_eq!(slo["status"], expected, "{slo}");
    }
    assert_eq!(output.slo("http_req_failed")["actual"], 4.0 / 12.0);
}

#[test]
fn an_objective_that_aborts_ends_the_run_and_teardown_still_runs() {
    let start = Instant::now();
    let output = run_of(
        r#"
        export const options = #{
            vus: 2, duration: "2m",
            slos: #{ "r": [ #{ target: "rate > 90%", priority: "P1", abort: true } ] },
        };
        fn iteration() { metrics::rate("r").add(false); sleep(0.05); }
        fn teardown() { log::info("teardown"); }
        "#,
    )
    .run();
    assert!(start.elapsed() < Duration::from_secs(30));
    output.expect_code(2);
    assert_eq!(output.logged(), ["teardown"]);
    let outcome = &output.expect_result()["run"]["outcome"];
    assert_eq!(outcome["kind"], "aborted");
    assert_eq!(outcome["by"], "slo");
    let reason = outcome["reason"].as_str().unwrap();
    assert!(
        reason.contains("rate > 90%") && reason.contains("0%"),
        "{reason}"
    );
    assert_eq!(output.slo("r")["status"], "FAIL");
    assert_eq!(output.slo("r")["abort"], true);
}

#[test]
fn an_abort_waits_for_its_delay() {
    let lasted = |delay: &str| {
        let output = run_of(&format!(
            r#"
            export const options = #{{
                vus: 1, duration: "2.6s",
                slos: #{{ "r": [ #{{ target: "rate > 90%", abort: true, abort_delay: "{delay}" }} ] }},
            }};
            fn iteration() {{ metrics::rate("r").add(false); sleep(0.05); }}
            "#
        ))
        .run();
        (output.code, output.outcome().to_owned())
    };
    assert_eq!(lasted("0s"), (2, "aborted".to_owned()));
    // It would come after the end: the run is judged as it is.
    assert_eq!(lasted("1m"), (1, "completed".to_owned()));
}

#[test]
fn a_window_judges_the_worst_moment_where_the_whole_run_hides_it() {
    let run = |over: &str, bad_from: f64, bad_to: f64| {
        let output = run_of(&format!(
            r#"
            export const options = #{{
                vus: 1, duration: "4.2s",
                slos: #{{ "t": [ #{{ target: "avg < 500", {over} }} ] }},
            }};
            fn vu_start(ctx) {{ ctx.state.begin = time::now(); }}
            fn iteration(ctx) {{
                let at = time::now() - ctx.state.begin;
                metrics::trend("t").add(if at >= {bad_from} && at < {bad_to} {{ 1000 }} else {{ 10 }});
                sleep(0.02);
            }}
            "#
        ))
        .run();
        let slo = output.slo("t").clone();
        (output.code, slo)
    };
    let (code, whole) = run("", 1.0, 2.2);
    assert_eq!((code, &whole["status"]), (0, &json!("PASS")), "{whole}");
    let (code, early) = run(r#"over: "1s""#, 1.0, 2.2);
    assert_eq!((code, &early["status"]), (1, &json!("FAIL")), "{early}");
    assert_eq!(early["over"], "1s");
    // A bad last second is as bad as any other.
    let (code, late) = run(r#"over: "1s""#, 2.9, 9.0);
    assert_eq!((code, &late["status"]), (1, &json!("FAIL")), "{late}");
    assert!(number(&late["actual"]) > 500.0, "{late}");
    let (code, good) = run(r#"over: "2s""#, 9.0, 9.0);
    assert_eq!((code, &good["status"]), (0, &json!("PASS")), "{good}");
    assert_eq!(number(&good["actual"]).round(), 10.0);
}

#[test]
fn a_window_longer_than_the_run_is_the_run() {
    let output = judged(r#""t": [ #{ target: "avg == 550ms", over: "10m" } ]"#, &[]);
    output.expect_code(0);
    assert_eq!(output.slo("t")["actual"], 550.0);
}

#[test]
fn a_steady_rate_is_the_same_in_every_window() {
    let output = run_of(
        r#"
        export const options = #{
            scenarios: #{ steady: #{ executor: "constant-arrival-rate", rate: 40, duration: "3.5s", max_vus: 20 } },
            slos: #{ "iterations": [ #{ target: "rate > 25", over: "1s", name: "least" } ] },
        };
        fn setup() { sleep(0.5); }
        fn iteration() { }
        "#,
    )
    .run();
    output.expect_code(0);
    assert_eq!(output.count("iterations"), 140);
    let worst = number(&output.slo("least")["actual"]);
    assert!((25.0..=41.0).contains(&worst), "{worst}");
}

#[test]
fn the_standard_objectives_are_six_with_their_bounds_and_priorities() {
    let server = HttpServer::start();
    let output = run_of(
        r#"
        import "std/slo" as slo;
        export const options = #{ iterations: 60, slos: slo::standard() };
        fn iteration() {
            let answer = http::get(`${env("BASE_URL")}/hello`);
            check(answer, #{ "ok": |r| r.status == 200 });
        }
        "#,
    )
    .env("BASE_URL", server.url(""))
    .run();
    output.expect_code(0);
    let mut rows: Vec<String> = output.expect_result()["slos"]
        .as_array()
        .unwrap()
        .iter()
        .map(|slo| {
            let text = |key: &str| slo[key].as_str().unwrap();
            format!(
                "{} {} / {} {} {}",
                text("metric"),
                text("target"),
                text("warn"),
                text("priority"),
                text("status")
            )
        })
        .collect();
    rows.sort();
    assert_eq!(
        rows,
        [
            "checks rate > 99% / rate > 99.5% P1 PASS",
            "http_req_duration avg < 1.5s / avg < 1.2s P2 PASS",
            "http_req_duration p(95) < 3s / p(95) < 2.5s P0 PASS",
            "http_req_duration p(99) < 5s / p(99) < 4s P1 PASS",
            "http_req_failed rate < 1% / rate < 0.5% P0 PASS",
            "http_reqs rate > 10 / rate > 12 P2 PASS",
        ]
    );
}

#[test]
fn an_interrupted_run_is_judged_but_keeps_its_exit_code() {
    let server = HttpServer::start();
    let running = run_of(
        r#"
        export const options = #{ vus: 1, duration: "5m",
            slos: #{ "http_reqs": [ #{ target: "count > 1000000", priority: "P0" } ] } };
        fn iteration() { http::get(`${env("BASE_URL")}/hello`); sleep(0.02); }
        "#,
    )
    .env("BASE_URL", server.url(""))
    .spawn();
    crate::support::background::wait_until("a request came", Duration::from_secs(20), || {
        server.traffic().request_count() > 0
    });
    running.interrupt();
    let output = running.wait();
    output.expect_code(130);
    assert_eq!(output.slo("http_reqs")["status"], "CRITICAL");
}

#[test]
fn an_objective_on_data_or_time_speaks_in_its_unit() {
    let server = HttpServer::start();
    let output = run_of(
        r#"
        export const options = #{ iterations: 2, slos: #{
            "data_received": [ #{ target: "count > 20KB" } ],
            "http_req_duration": [ #{ target: "p(95) < 3s" } ],
            "http_reqs": [ #{ target: "rate > 1/m" } ],
        } };
        fn iteration() { http::get(`${env("BASE_URL")}/bytes/20000`); }
        "#,
    )
    .env("BASE_URL", server.url(""))
    .run();
    output.expect_code(0);
    assert!(number(&output.slo("data_received")["actual"]) >= 40_000.0);
    let text = output.slo("data_received")["actual_text"].as_str().unwrap();
    assert!(text.ends_with("kB") || text.ends_with("KB"), "{text}");
    assert_eq!(output.slo("http_req_duration")["unit"], "ms");
}

#[test]
fn a_counter_that_nothing_of_a_kind_was_added_to_is_zero_and_one_of_a_name_has_no_data() {
    let server = crate::support::server::HttpServer::start();
    let output = run_of(
        r#"
        export const options = #{ iterations: 3, slos: #{
            "iteration_errors{scenario:default}": "count < 1",
            "dropped_iterations{scenario:default}": "rate < 1",
            "http_reqs{status:5*}": "count < 1",
            "http_reqs{name:reserve}": "count < 1",
        } };
        fn iteration() { http::get(env("BASE_URL") + "/hello"); }
        "#,
    )
    .env("BASE_URL", server.url(""))
    .run();
    output.expect_code(1);
    for (selector, status) in [
        ("iteration_errors{scenario:default}", "PASS"),
        ("dropped_iterations{scenario:default}", "PASS"),
        ("http_reqs{status:5*}", "PASS"),
        ("http_reqs{name:reserve}", "NO DATA"),
    ] {
        assert_eq!(
            output.slo(selector)["status"],
            status,
            "{selector}\n{output}"
        );
    }
}

#[test]
fn virtual_users_are_counted_also_in_a_run_shorter_than_a_second_and_at_its_edges() {
    for (duration, vus) in [("600ms", 2), ("2.2s", 3)] {
        let output = run_of(&format!(
            r#"
            export const options = #{{ scenarios: #{{ a: #{{ executor: "constant-vus", vus: {vus}, duration: "{duration}" }} }},
                slos: #{{ "vus": ["max == {vus}", "min == {vus}"] }} }};
            fn iteration() {{ sleep("50ms"); }}
            "#
        ))
        .run();
        output.expect_code(0);
    }
}
