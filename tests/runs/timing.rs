//! When iterations start and end: pace, start times, grace, scale.

use std::time::{Duration, Instant};

use crate::support::reading::{Reading, number, run_of};
use crate::support::server::HttpServer;

#[test]
fn pace_starts_iterations_that_far_apart_however_short_they_are() {
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            paced: #{ executor: "per-vu-iterations", vus: 2, iterations: 4, pace: "0.2s" },
        } };
        fn iteration(ctx) {
            let now = time::now();
            if ctx.state.last != () { metrics::trend("gap").add(now - ctx.state.last); }
            ctx.state.last = now;
            sleep(0.02 * ctx.iteration);
        }
        "#,
    )
    .run();
    output.expect_code(0);
    assert_eq!(output.count("iterations"), 8);
    let gaps = output.metric("gap");
    assert_eq!(gaps["count"], 6);
    // Starts are never early; a busy machine can only make single ones late.
    let average = number(&gaps["avg"]);
    assert!((0.19..0.4).contains(&average), "{gaps}");
}

#[test]
fn an_iteration_that_overruns_its_pace_is_followed_at_once_and_shows_as_lag() {
    let server = HttpServer::start();
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            paced: #{ executor: "per-vu-iterations", vus: 1, iterations: 3, pace: "0.1s" },
        } };
        fn iteration(ctx) { http::get(`${env("BASE_URL")}/slow/300`); }
        "#,
    )
    .env("BASE_URL", server.url(""))
    .run();
    output.expect_code(0);
    let lag = &output.scenario("paced")["iteration_lag"];
    assert_eq!(lag["count"], 3);
    assert!(number(&lag["min"]) < 100.0, "{lag}");
    assert!(number(&lag["max"]) >= 190.0, "{lag}");
    let duration = output.metric("http_req_duration");
    let corrected = output.metric("http_req_corrected");
    assert!(number(&duration["min"]) >= 295.0, "{duration}");
    // Each response waited for 0.3 s; counted from when it should have begun, the later ones took 0.5 s.
    assert!(number(&corrected["max"]) >= 490.0, "{corrected}");
    assert!(
        number(&corrected["avg"]) > number(&duration["avg"]) + 100.0,
        "{corrected} {duration}"
    );
}

#[test]
fn in_a_closed_model_corrected_response_time_is_service_time() {
    let server = HttpServer::start();
    let output = run_of(
        r#"
        export const options = #{ iterations: 5 };
        fn iteration() { http::get(`${env("BASE_URL")}/slow/20`); }
        "#,
    )
    .env("BASE_URL", server.url(""))
    .run();
    output.expect_code(0);
    let (duration, corrected) = (
        output.metric("http_req_duration"),
        output.metric("http_req_corrected"),
    );
    for key in ["count", "min", "max", "avg", "p95"] {
        assert_eq!(duration[key], corrected[key], "{key}");
    }
    assert_eq!(output.scenario("default")["iteration_lag"]["count"], 0);
}

#[test]
fn a_scenario_starts_at_its_start_time() {
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            now: #{ executor: "shared-iterations", iterations: 1 },
            later: #{ executor: "shared-iterations", iterations: 1, start_time: "0.5s" },
        } };
        fn iteration(ctx) { metrics::gauge(`at_${ctx.scenario}`).add(time::now()); }
        "#,
    )
    .run();
    output.expect_code(0);
    let at = |name: &str| number(&output.metric(name)["value"]);
    let apart = at("at_later") - at("at_now");
    assert!((0.4..5.0).contains(&apart), "{apart}");
    let started = number(&output.scenario("later")["start_seconds"]);
    assert!((0.5..5.0).contains(&started), "{started}");
    assert_eq!(number(&output.scenario("now")["start_seconds"]), 0.0);
}

#[test]
fn graceful_stop_lets_an_iteration_end_or_cuts_it_off() {
    let run = |graceful_stop: &str, wait: &str, code: i32| {
        let start = Instant::now();
        let output = run_of(&format!(
            r#"
            export const options = #{{ scenarios: #{{
                guests: #{{ executor: "constant-vus", vus: 2, duration: "0.2s", graceful_stop: "{graceful_stop}" }},
            }} }};
            fn iteration() {{ sleep("{wait}"); log::info("end"); }}
            "#
        ))
        .run();
        assert!(start.elapsed() < Duration::from_secs(20));
        // Where not one iteration came to its end, nothing was tested.
        output.expect_code(code);
        output
    };
    let patient = run("10s", "0.5s", 0);
    assert_eq!(patient.scenario("guests")["iterations"], 2);
    assert_eq!(patient.logged(), ["end", "end"]);
    for (grace, wait) in [("0.1s", "4m"), ("0s", "4m")] {
        let hasty = run(grace, wait, 1);
        assert_eq!(hasty.scenario("guests")["iterations"], 0, "{grace}");
        assert_eq!(hasty.scenario("guests")["interrupted_iterations"], 2);
        assert_eq!(hasty.logged(), Vec::<String>::new());
        assert_eq!(hasty.outcome(), "completed");
    }
}

#[test]
fn an_arrival_models_iterations_get_graceful_stop_too() {
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            open: #{ executor: "constant-arrival-rate", rate: 10, duration: "0.5s", max_vus: 10, graceful_stop: "0.2s" },
        } };
        fn iteration(ctx) { if ctx.vu > 2 { sleep("4m"); } }
        "#,
    )
    .args(["--workers", "1"])
    .run();
    output.expect_code(0);
    let row = output.scenario("open");
    let (ended, cut) = (
        row["iterations"].as_u64().unwrap(),
        row["interrupted_iterations"].as_u64().unwrap(),
    );
    assert_eq!(ended + cut, 5, "{row}");
}

#[test]
fn scale_shortens_the_plan_and_leaves_the_load() {
    let start = Instant::now();
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            open: #{ executor: "constant-arrival-rate", rate: 40, duration: "1m", max_vus: 10 },
            ramp: #{ executor: "ramping-vus", start_vus: 3, stages: [ #{ duration: "1m", target: 3 } ], start_time: "30s" },
        } };
        fn iteration() { sleep(0.05); }
        "#,
    )
    .args(["--scale", "0.01"])
    .run();
    output.expect_code(0);
    assert!(start.elapsed() < Duration::from_secs(20));
    assert_eq!(output.scenario("open")["iterations"], 24);
    assert_eq!(output.scenario("ramp")["vus_max"], 3);
    assert_eq!(output.expect_result()["run"]["scale"], 0.01);
    let started = number(&output.scenario("ramp")["start_seconds"]);
    assert!((0.3..5.0).contains(&started), "{started}");
}
