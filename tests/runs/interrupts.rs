//! Ctrl-C and SIGTERM: the first one lets iterations end, the second one ends everything; results are always written.

use std::time::{Duration, Instant};

use crate::support::background::wait_until;
use crate::support::bin::Running;
use crate::support::reading::{Reading, run_of};
use crate::support::server::HttpServer;

/// What "at once" and "soon" mean on a busy machine; every plan here lasts minutes.
const SOON: Duration = Duration::from_secs(20);

#[track_caller]
fn wait_for_requests(server: &HttpServer, count: usize) {
    wait_until("enough requests came", SOON, || {
        server.traffic().request_count() >= count
    });
}

/// Sends the signal when the server has seen so many requests.
fn spawn_and_signal(script: &str, server: &HttpServer, requests: usize, signal: &str) -> Running {
    let running = run_of(script).env("BASE_URL", server.url("")).spawn();
    wait_for_requests(server, requests);
    running.signal(signal);
    running
}

const PATIENT: &str = r#"
    export const options = #{ scenarios: #{
        guests: #{ executor: "constant-vus", vus: 4, duration: "5m", graceful_stop: "60s" },
    } };
    fn iteration(ctx) {
        let begun = http::get(`${env("BASE_URL")}/slow/400`, #{ name: "begin" });
        let ended = http::get(`${env("BASE_URL")}/hello`, #{ name: "end" });
    }
    fn vu_stop(ctx) { log::info(`vu_stop ${ctx.vu}`); }
    fn teardown() { log::info("teardown"); }
    "#;

#[test]
fn the_first_signal_starts_no_iteration_and_lets_those_in_progress_end() {
    for signal in ["INT", "TERM"] {
        let server = HttpServer::start();
        let start = Instant::now();
        let mut running = spawn_and_signal(PATIENT, &server, 4, signal);
        running.wait_for_output("stopping");
        let output = running.wait();
        assert!(start.elapsed() < SOON, "{output}");
        output.expect_code(130);
        assert_eq!(output.outcome(), "interrupted");
        assert_eq!(output.expect_result()["verdict"]["status"], "interrupted");
        assert_eq!(output.expect_result()["verdict"]["exit_code"], 130);
        let begun = &output.endpoint("begin")["requests"];
        assert_eq!(begun, &output.endpoint("end")["requests"], "{output}");
        assert_eq!(output.scenario("guests")["iterations"], *begun);
        assert_eq!(output.scenario("guests")["interrupted_iterations"], 0);
        assert_eq!(
            output.logged(),
            [
                "teardown",
                "vu_stop 1",
                "vu_stop 2",
                "vu_stop 3",
                "vu_stop 4"
            ]
        );
    }
}

#[test]
fn iterations_that_outlast_graceful_stop_are_cut_off_and_teardown_runs() {
    let server = HttpServer::start();
    let start = Instant::now();
    let output = spawn_and_signal(
        r#"
        export const options = #{ scenarios: #{
            guests: #{ executor: "constant-vus", vus: 3, duration: "5m", graceful_stop: "0.3s" },
        } };
        fn iteration(ctx) { http::get(`${env("BASE_URL")}/hello`); sleep("4m"); log::info("end"); }
        fn vu_stop(ctx) { log::info(`vu_stop ${ctx.vu}`); }
        fn teardown() { log::info("teardown"); }
        "#,
        &server,
        3,
        "INT",
    )
    .wait();
    assert!(start.elapsed() < SOON, "{output}");
    output.expect_code(130);
    assert_eq!(output.scenario("guests")["interrupted_iterations"], 3);
    assert_eq!(output.scenario("guests")["iterations"], 0);
    assert_eq!(
        output.logged(),
        ["teardown", "vu_stop 1", "vu_stop 2", "vu_stop 3"]
    );
    assert_eq!(server.traffic().request_count(), 3);
}

#[test]
fn the_second_signal_ends_everything_at_once_and_the_result_is_still_written() {
    let server = HttpServer::start();
    let start = Instant::now();
    let mut running = spawn_and_signal(
        r#"
        export const options = #{ scenarios: #{
            guests: #{ executor: "constant-vus", vus: 3, duration: "5m", graceful_stop: "4m" },
        } };
        fn iteration(ctx) { http::get(`${env("BASE_URL")}/hello`); sleep("4m"); }
        fn vu_stop(ctx) { log::info("vu_stop"); }
        fn teardown() { log::info("teardown"); }
        "#,
        &server,
        3,
        "INT",
    );
    running.wait_for_output("stopping");
    running.interrupt();
    let output = running.wait();
    assert!(start.elapsed() < SOON, "{output}");
    output.expect_code(130).expect_text("at once");
    assert_eq!(output.outcome(), "interrupted");
    assert_eq!(output.count("http_reqs"), 3);
    assert_eq!(output.scenario("guests")["interrupted_iterations"], 3);
    assert_eq!(output.logged(), Vec::<String>::new());
}

#[test]
fn a_request_that_never_gets_an_answer_does_not_hold_up_the_end() {
    let server = HttpServer::start();
    let start = Instant::now();
    let output = spawn_and_signal(
        r#"
        export const options = #{ scenarios: #{
            guests: #{ executor: "constant-vus", vus: 2, duration: "5m", graceful_stop: "0.2s" },
        } };
        fn iteration(ctx) { http::get(`${env("BASE_URL")}/stall/headers`); }
        "#,
        &server,
        2,
        "INT",
    )
    .wait();
    assert!(start.elapsed() < SOON, "{output}");
    output.expect_code(130);
    assert_eq!(output.scenario("guests")["interrupted_iterations"], 2);
}

const SPINNING: &str = r#"
    export const options = #{ scenarios: #{
        spinner: #{ executor: "constant-vus", vus: 1, duration: "5m", exec: "spin", graceful_stop: "0.2s" },
        others: #{ executor: "constant-vus", vus: 2, duration: "5m", exec: "ask", graceful_stop: "0.2s" },
    } };
    fn spin() { http::get(`${env("BASE_URL")}/hello`, #{ name: "spinner" }); loop { } }
    fn ask() { http::get(`${env("BASE_URL")}/hello`, #{ name: "others" }); sleep(0.01); }
    fn teardown() { log::info("teardown"); }
    "#;

#[test]
fn a_script_that_loops_for_ever_freezes_neither_the_users_of_its_core_nor_ctrl_c() {
    let server = HttpServer::start();
    let start = Instant::now();
    let running = run_of(SPINNING)
        .args(["--workers", "1"])
        .env("BASE_URL", server.url(""))
        .spawn();
    wait_for_requests(&server, 20);
    running.interrupt();
    let output = running.wait();
    assert!(start.elapsed() < SOON, "{output}");
    output.expect_code(130);
    assert_eq!(output.scenario("spinner")["interrupted_iterations"], 1);
    assert!(output.scenario("others")["iterations"].as_u64().unwrap() >= 15);
    assert_eq!(output.logged(), ["teardown"]);
}

#[test]
fn a_script_that_loops_for_ever_does_not_freeze_the_second_ctrl_c_either() {
    let server = HttpServer::start();
    let start = Instant::now();
    let script = SPINNING.replace(r#"graceful_stop: "0.2s""#, r#"graceful_stop: "4m""#);
    let mut running = run_of(&script)
        .args(["--workers", "1"])
        .env("BASE_URL", server.url(""))
        .spawn();
    wait_for_requests(&server, 5);
    running.interrupt();
    running.wait_for_output("stopping");
    running.interrupt();
    let output = running.wait();
    assert!(start.elapsed() < SOON, "{output}");
    output.expect_code(130);
    assert_eq!(output.scenario("spinner")["interrupted_iterations"], 1);
}

#[test]
fn a_signal_during_setup_ends_the_run_before_its_start() {
    for wait in ["sleep(\"4m\");", "loop { }"] {
        let server = HttpServer::start();
        let start = Instant::now();
        let output = spawn_and_signal(
            &format!(
                r#"
                fn setup() {{ http::get(`${{env("BASE_URL")}}/hello`); {wait} }}
                fn iteration() {{ log::info("iteration"); }}
                fn teardown() {{ log::info("teardown"); }}
                "#
            ),
            &server,
            1,
            "INT",
        )
        .wait();
        assert!(start.elapsed() < SOON, "{output}");
        output.expect_code(130);
        assert_eq!(output.outcome(), "interrupted");
        assert_eq!(output.logged(), Vec::<String>::new());
    }
}

#[test]
fn a_signal_during_vu_start_ends_the_run_too() {
    for executor in [
        r#"executor: "constant-vus", vus: 2, duration: "5m""#,
        r#"executor: "constant-arrival-rate", rate: 5, duration: "5m", pre_allocated_vus: 2"#,
    ] {
        let server = HttpServer::start();
        let start = Instant::now();
        let output = spawn_and_signal(
            &format!(
                r#"
                export const options = #{{ scenarios: #{{ guests: #{{ {executor}, graceful_stop: "0.2s" }} }} }};
                fn vu_start(ctx) {{ http::get(`${{env("BASE_URL")}}/hello`); sleep("4m"); }}
                fn iteration() {{ log::info("iteration"); }}
                "#
            ),
            &server,
            2,
            "INT",
        )
        .wait();
        assert!(start.elapsed() < SOON, "{output}");
        output.expect_code(130);
        assert_eq!(output.logged(), Vec::<String>::new());
    }
}

#[test]
fn a_first_signal_lets_teardown_end_and_a_second_one_does_not() {
    let script = r#"
        fn iteration() { }
        fn teardown() {
            http::get(`${env("BASE_URL")}/hello`);
            sleep(env("PAUSE"));
            log::info("teardown ended");
        }
        "#;
    let server = HttpServer::start();
    let running = run_of(script)
        .env("BASE_URL", server.url(""))
        .env("PAUSE", "0.3s")
        .spawn();
    wait_for_requests(&server, 1);
    running.interrupt();
    let output = running.wait();
    assert_eq!(output.logged(), ["teardown ended"], "{output}");

    let server = HttpServer::start();
    let start = Instant::now();
    let mut running = run_of(script)
        .env("BASE_URL", server.url(""))
        .env("PAUSE", "30s")
        .spawn();
    wait_for_requests(&server, 1);
    running.interrupt();
    running.wait_for_output("stopping");
    running.interrupt();
    let output = running.wait();
    assert!(start.elapsed() < SOON, "{output}");
    output.expect_code(130);
    assert_eq!(output.logged(), Vec::<String>::new());
    output.expect_result();
}

#[test]
fn scenarios_that_wait_for_their_turn_never_start_once_the_run_is_stopped() {
    let server = HttpServer::start();
    let start = Instant::now();
    let output = spawn_and_signal(
        r#"
        export const options = #{ scenarios: #{
            first: #{ executor: "constant-vus", vus: 1, duration: "5m" },
            later: #{ executor: "constant-vus", vus: 1, duration: "5m", start_time: "1m" },
            then: #{ executor: "constant-vus", vus: 1, duration: "5m", after: "first" },
        } };
        fn iteration(ctx) { http::get(`${env("BASE_URL")}/hello`); sleep(0.05); log::info(ctx.scenario); }
        "#,
        &server,
        2,
        "INT",
    )
    .wait();
    assert!(start.elapsed() < SOON, "{output}");
    output.expect_code(130);
    assert!(output.scenario("first")["iterations"].as_u64().unwrap() >= 2);
    assert_eq!(output.scenario("later")["iterations"], 0);
    assert_eq!(output.scenario("then")["iterations"], 0);
}

/// Two users, each with a request that is never answered; cut off `grace` after the end.
fn never_answered(path: &str, grace: &str) -> crate::support::bin::Output {
    let server = HttpServer::start();
    let script = format!(
        r#"
        export const options = #{{ scenarios: #{{
            guests: #{{ executor: "constant-vus", vus: 2, duration: "0.3s", graceful_stop: "{grace}" }},
        }} }};
        fn iteration() {{ http::get(env("BASE_URL") + "{path}", #{{ name: "stuck" }}); }}
        "#
    );
    run_of(&script).env("BASE_URL", server.url("")).run()
}

#[test]
fn requests_that_are_cut_off_unanswered_count_as_failed() {
    for (path, phase) in [("/stall/headers", "waiting"), ("/stall/body", "receiving")] {
        let output = never_answered(path, "1s");
        output.expect_code(1);
        assert_eq!(output.scenario("guests")["interrupted_iterations"], 2);
        let row = output.endpoint("stuck");
        assert_eq!(row["requests"], 2, "{output}");
        assert_eq!(row["failed"], 2, "{output}");
        assert!(output.count("data_sent") > 100);
        let spent = output.metric(&format!("http_req_{phase}"));
        assert!(spent["min"].as_f64().unwrap() >= 1000.0, "{spent}");
        let errors = output.expect_result()["errors"].as_array().unwrap();
        assert_eq!(errors[0]["code"], "1051", "{output}");
        let message = errors[0]["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("still {phase}")), "{message}");
        assert!(message.contains("graceful_stop"), "{message}");
    }
}

#[test]
fn requests_that_were_hardly_begun_are_not_blamed_on_the_server() {
    let output = never_answered("/stall/headers", "0s");
    output.expect_code(1);
    assert_eq!(output.scenario("guests")["interrupted_iterations"], 2);
    let result = output.expect_result();
    assert_eq!(result["errors"], serde_json::json!([]));
    // Their bytes were sent all the same.
    assert!(output.count("data_sent") > 100);
}
