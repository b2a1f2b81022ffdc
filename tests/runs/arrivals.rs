//! The open models: iterations that start by the clock. How many, how late, and what is dropped.

use std::time::{Duration, Instant};

use crate::support::reading::{Reading, number, run_of};
use crate::support::server::HttpServer;

#[test]
fn a_constant_arrival_rate_starts_exactly_rate_times_duration_iterations() {
    let server = HttpServer::start();
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            open: #{ executor: "constant-arrival-rate", rate: 50, duration: "1s",
                     pre_allocated_vus: 5, max_vus: 50 },
        } };
        fn iteration() { http::get(`${env("BASE_URL")}/hello`); }
        "#,
    )
    .args(["--workers", "2"])
    .env("BASE_URL", server.url(""))
    .run();
    output.expect_code(0);
    let row = output.scenario("open");
    assert_eq!(row["iterations"], 50);
    assert_eq!(row["dropped_iterations"], 0);
    assert_eq!(row["iteration_lag"]["count"], 50);
    assert_eq!(server.traffic().request_count(), 50);
    assert_eq!(output.metric("http_req_corrected")["count"], 50);
    // Evenly spaced over one second: the first at once, the last one fiftieth before the end.
    let lasted = number(&row["duration_seconds"]);
    assert!(lasted >= 0.98, "{lasted}");
}

#[test]
fn a_rate_may_be_per_any_unit_of_time() {
    for rate in [
        r#"rate: 600, time_unit: "1m""#,
        r#"rate: "600/m""#,
        r#"rate: "10/s""#,
        r#"rate: 5, time_unit: "500ms""#,
    ] {
        let output = run_of(&format!(
            r#"
            export const options = #{{ scenarios: #{{
                open: #{{ executor: "constant-arrival-rate", {rate}, duration: "0.5s" }},
            }} }};
            fn iteration() {{ }}
            "#
        ))
        .run();
        output.expect_code(0);
        assert_eq!(output.count("iterations"), 5, "{rate}");
    }
}

#[test]
fn an_arrival_that_finds_no_free_user_is_dropped_and_never_made_up_for() {
    for workers in ["1", "2", "4"] {
        let start = Instant::now();
        let output = run_of(
            r#"
            export const options = #{ scenarios: #{
                open: #{ executor: "constant-arrival-rate", rate: 20, duration: "0.5s",
                         pre_allocated_vus: 2, max_vus: 3 },
            } };
            fn iteration() { sleep(1.5); }
            "#,
        )
        .args(["--workers", workers])
        .run();
        output.expect_code(0);
        let row = output.scenario("open");
        assert_eq!(row["iterations"], 3, "{workers} workers");
        assert_eq!(row["dropped_iterations"], 7, "{workers} workers");
        assert_eq!(output.count("dropped_iterations"), 7);
        assert_eq!(row["vus_max"], 3);
        assert!(start.elapsed() < Duration::from_secs(20));
    }
}

#[test]
fn a_user_that_is_free_on_another_core_takes_an_arrival_before_it_is_dropped() {
    // Four users for four workers: each worker's users are busy for longer than its own arrivals are apart,
    // but in the whole run there is always one that is free.
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            open: #{ executor: "constant-arrival-rate", rate: 10, duration: "1s",
                     pre_allocated_vus: 4, max_vus: 4 },
        } };
        fn iteration(ctx) { sleep(if ctx.vu == 1 { 1.5 } else { 0.02 }); }
        "#,
    )
    .args(["--workers", "4"])
    .run();
    output.expect_code(0);
    assert_eq!(output.scenario("open")["dropped_iterations"], 0);
    assert_eq!(output.scenario("open")["iterations"], 10);
}

#[test]
fn a_ramping_arrival_rate_starts_as_many_iterations_as_its_integral() {
    for workers in ["1", "3"] {
        let output = run_of(
            r#"
            export const options = #{ scenarios: #{
                ramp: #{ executor: "ramping-arrival-rate", start_rate: 0, max_vus: 20, stages: [
                    #{ duration: "0.5s", target: 40 },      // 10
                    #{ duration: "0.5s", target: 40 },      // 20
                    #{ duration: "0s", target: 0 },
                    #{ duration: "0.2s", target: 0 },       // none
                ] },
            } };
            fn iteration() { }
            "#,
        )
        .args(["--workers", workers])
        .run();
        output.expect_code(0);
        assert_eq!(output.scenario("ramp")["iterations"], 30);
        assert_eq!(output.scenario("ramp")["dropped_iterations"], 0);
    }
}

#[test]
fn poisson_arrivals_follow_from_the_seed() {
    let starts = |seed: &str| {
        let output = run_of(
            r#"
            export const options = #{ scenarios: #{
                open: #{ executor: "constant-arrival-rate", rate: 100, duration: "0.5s",
                         arrivals: "poisson", max_vus: 60, pre_allocated_vus: 20 },
            } };
            fn iteration() { }
            "#,
        )
        .args(["--seed", seed])
        .run();
        output.expect_code(0);
        assert_eq!(output.expect_result()["run"]["seed"].to_string(), seed);
        let row = output.scenario("open");
        row["iterations"].as_u64().unwrap() + row["dropped_iterations"].as_u64().unwrap()
    };
    let counts: Vec<u64> = ["1", "2", "3", "4"].map(starts).into();
    assert_eq!(counts[0], starts("1"));
    assert_eq!(counts[2], starts("3"));
    // Fifty are expected; the chance of four equal counts, or of one that is this far off, is below one in a thousand,
    // and the seeds are fixed.
    assert!(counts.iter().any(|count| *count != counts[0]), "{counts:?}");
    assert!(
        counts.iter().all(|count| (25..=80).contains(count)),
        "{counts:?}"
    );
}

#[test]
fn response_time_counted_from_the_schedule_shows_what_a_busy_core_hides() {
    // One worker; its only core is busy for longer than arrivals are apart, so the later ones start late.
    let server = HttpServer::start();
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            open: #{ executor: "constant-arrival-rate", rate: 40, duration: "0.5s", exec: "ask", max_vus: 40,
                     pre_allocated_vus: 40 },
            hog: #{ executor: "shared-iterations", exec: "work", iterations: 1, start_time: "0.1s" },
        } };
        fn ask() { http::get(`${env("BASE_URL")}/hello`); }
        fn work() {
            // A native call cannot be interrupted: it holds the core as a slow script of one statement would.
            let text = "x";
            for i in 0..22 { text += text; }
            for i in 0..40 { crypto::sha256(text); }
        }
        "#,
    )
    .args(["--workers", "1"])
    .env("BASE_URL", server.url(""))
    .run();
    output.expect_code(0);
    assert_eq!(output.scenario("open")["iterations"], 20);
    let lag = number(&output.scenario("open")["iteration_lag"]["max"]);
    let corrected = number(&output.metric("http_req_corrected")["max"]);
    assert!(lag > 5.0, "{lag} ms");
    assert!(corrected >= lag, "{corrected} ms against {lag} ms of lag");
    assert_eq!(output.metric("http_req_corrected")["count"], 20);
}

#[test]
fn an_arrival_for_a_user_that_cannot_start_is_dropped_and_counted() {
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            a: #{ executor: "constant-arrival-rate", rate: 40, duration: "1s", pre_allocated_vus: 1, max_vus: 10, graceful_stop: "1s" },
        } };
        fn vu_start(ctx) { if ctx.vu > 1 { throw "late"; } }
        fn iteration() { sleep("200ms"); }
        "#,
    )
    .run();
    output.expect_code(2);
    let (started, dropped) = (
        output.count("iterations"),
        output.count("dropped_iterations"),
    );
    assert_eq!(
        started + dropped,
        40,
        "{started} started, {dropped} dropped"
    );
}

#[test]
fn a_flood_of_arrivals_leaves_others_their_turn() {
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            flood: #{ executor: "constant-arrival-rate", rate: 1_000_000, duration: "1s", graceful_stop: "0s", max_vus: 5 },
            other: #{ executor: "constant-vus", duration: "1s", graceful_stop: "0s" },
        } };
        fn iteration() { sleep("20ms"); }
        "#,
    )
    .args(["--workers", "1"])
    .run();
    output.expect_code(0);
    let flood = output.scenario("flood");
    let sum: u64 = ["iterations", "dropped_iterations", "interrupted_iterations"]
        .iter()
        .map(|key| flood[key].as_u64().unwrap())
        .sum();
    assert_eq!(sum, 1_000_000, "{flood}");
    assert!(
        output.scenario("other")["iterations"].as_u64().unwrap() >= 2,
        "{output}"
    );
}
