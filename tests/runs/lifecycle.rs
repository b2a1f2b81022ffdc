//! The parts of a script that run once: the top level, `setup`, `vu_start`, `vu_stop`, `teardown`, `summary`.

use crate::support::reading::{Reading, run_of};
use crate::support::server::HttpServer;

#[test]
fn the_top_level_runs_once_per_worker_however_many_users_and_iterations_there_are() {
    let output = run_of(
        r#"
        print("top level");
        export const options = #{ scenarios: #{
            many: #{ executor: "per-vu-iterations", vus: 6, iterations: 5 },
        } };
        fn iteration() { }
        "#,
    )
    .args(["--workers", "3"])
    .run();
    output.expect_code(0);
    assert_eq!(output.count("iterations"), 30);
    // Once more before the workers start, to read the options.
    assert_eq!(
        output.stderr.matches("top level").count(),
        3 + 1,
        "{output}"
    );
}

#[test]
fn setup_runs_once_and_its_data_reaches_every_user_and_teardown() {
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            readers: #{ executor: "per-vu-iterations", vus: 4, iterations: 2 },
        } };
        fn setup() {
            log::info("setup");
            #{ token: "t-1", rooms: [101, 102], nested: #{ price: 80.5, free: true, note: () } }
        }
        fn iteration(ctx) {
            let d = ctx.data;
            log::info(`${d.token} ${d.rooms[1]} ${d.nested.price} ${d.nested.free} ${d.nested.note == ()}`);
        }
        fn teardown(data) { log::info(`teardown ${data.token} ${data.rooms.len}`); }
        "#,
    )
    .args(["--workers", "2"])
    .run();
    output.expect_code(0);
    let mut expected = vec!["setup".to_owned()];
    expected.extend(vec!["t-1 102 80.5 true true".to_owned(); 8]);
    expected.push("teardown t-1 2".to_owned());
    assert_eq!(output.logged(), expected);
}

#[test]
fn setup_and_teardown_can_speak_to_the_target_and_are_measured_apart_from_the_scenarios() {
    let server = HttpServer::start();
    let output = run_of(
        r#"
        fn setup() { http::get(`${env("BASE_URL")}/hello`, #{ name: "from setup" }).status }
        fn iteration(ctx) { http::get(`${env("BASE_URL")}/hello?setup=${ctx.data}`, #{ name: "from iteration" }); }
        fn teardown(status) { http::get(`${env("BASE_URL")}/hello?teardown=${status}`, #{ name: "from teardown" }); }
        "#,
    )
    .env("BASE_URL", server.url(""))
    .run();
    output.expect_code(0);
    let targets: Vec<String> = server.requests().iter().map(|r| r.target.clone()).collect();
    assert_eq!(
        targets,
        ["/hello", "/hello?setup=200", "/hello?teardown=200"]
    );
    let scenario_of = |name: &str| output.endpoint(name)["scenario"].clone();
    assert_eq!(scenario_of("from setup"), "setup");
    assert_eq!(scenario_of("from iteration"), "default");
    assert_eq!(scenario_of("from teardown"), "teardown");
    assert_eq!(output.endpoint("from setup")["group"], "::setup");
    assert_eq!(output.count("http_reqs"), 3);
    assert_eq!(output.count("iterations"), 1);
}

#[test]
fn vu_start_and_vu_stop_run_once_for_each_user_with_its_context() {
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            guests: #{ executor: "per-vu-iterations", vus: 3, iterations: 2 },
        } };
        fn setup() { "data" }
        fn vu_start(ctx) {
            ctx.state.token = `token-${ctx.vu}`;
            log::info(`start ${ctx.vu} ${ctx.scenario} ${ctx.data}`);
        }
        fn iteration(ctx) { log::info(`iterate ${ctx.state.token} ${ctx.iteration}`); }
        fn vu_stop(ctx) { log::info(`stop ${ctx.state.token}`); }
        "#,
    )
    .args(["--workers", "2"])
    .run();
    output.expect_code(0);
    assert_eq!(
        output.logged(),
        [
            "iterate token-1 0",
            "iterate token-1 1",
            "iterate token-2 0",
            "iterate token-2 1",
            "iterate token-3 0",
            "iterate token-3 1",
            "start 1 guests data",
            "start 2 guests data",
            "start 3 guests data",
            "stop token-1",
            "stop token-2",
            "stop token-3",
        ]
    );
}

#[test]
fn users_that_are_made_while_an_open_model_runs_start_and_stop_once_too() {
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            open: #{ executor: "constant-arrival-rate", rate: 20, duration: "0.5s",
                     pre_allocated_vus: 1, max_vus: 4 },
        } };
        fn vu_start(ctx) { log::info(`start ${ctx.vu}`); }
        fn iteration(ctx) { sleep(2); }
        fn vu_stop(ctx) { log::info(`stop ${ctx.vu}`); }
        "#,
    )
    .run();
    output.expect_code(0);
    assert_eq!(
        output.logged(),
        [
            "start 1", "start 2", "start 3", "start 4", "stop 1", "stop 2", "stop 3", "stop 4"
        ]
    );
}

#[test]
fn a_user_whose_vu_start_fails_runs_no_iteration_and_the_run_is_not_green() {
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            guests: #{ executor: "per-vu-iterations", vus: 3, iterations: 2 },
        } };
        fn vu_start(ctx) { if ctx.vu == 2 { throw "no login"; } }
        fn iteration(ctx) { log::info(`${ctx.vu}`); }
        "#,
    )
    .run();
    output.expect_code(2).expect_text("no login");
    assert_eq!(output.logged(), ["1", "1", "3", "3"]);
    assert_eq!(output.count("iterations"), 4);
}

#[test]
fn a_text_that_summary_gives_back_replaces_the_summary() {
    let output = run_of(
        r#"
        fn iteration() { metrics::counter("bookings").add(3); }
        fn summary(result) {
            let bookings = result.metrics.filter(|m| m.name == "bookings")[0].total.count;
            `${bookings} bookings, exit ${result.verdict.exit_code}`
        }
        "#,
    )
    .run();
    output.expect_code(0);
    assert_eq!(output.stdout, "3.0 bookings, exit 0\n");
    assert_eq!(output.count("bookings"), 3);
}

#[test]
fn a_map_that_summary_gives_back_is_printed_as_json() {
    let output = run_of(
        r#"
        fn iteration() { }
        fn summary(result) { #{ ran: result.scenarios[0].iterations, ok: true } }
        "#,
    )
    .run();
    output.expect_code(0);
    let printed: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(printed, serde_json::json!({ "ran": 1, "ok": true }));
}

#[test]
fn a_summary_that_gives_nothing_back_leaves_the_usual_one() {
    let output = run_of("fn iteration() { } fn summary(result) { }").run();
    output.expect_code(0).expect_text("result.json");
}

#[test]
fn a_summary_that_throws_is_a_script_error_and_loses_neither_the_usual_one_nor_the_result() {
    let output = run_of(r#"fn iteration() { } fn summary(result) { throw "no ink"; }"#).run();
    output
        .expect_code(2)
        .expect_text("`summary` failed: no ink");
    output.expect_text("result.json");
    assert_eq!(output.expect_result()["verdict"]["exit_code"], 2);
    assert_eq!(output.expect_result()["errors"][0]["count"], 1);
}

#[test]
fn lifecycle_functions_may_leave_out_their_parameter() {
    let output = run_of(
        r#"
        fn setup() { log::info("setup"); }
        fn vu_start() { log::info("vu_start"); }
        fn iteration() { log::info("iteration"); }
        fn vu_stop() { log::info("vu_stop"); }
        fn teardown() { log::info("teardown"); }
        fn summary() { "summary" }
        "#,
    )
    .run();
    output.expect_code(0);
    assert_eq!(
        output.logged(),
        ["iteration", "setup", "teardown", "vu_start", "vu_stop"]
    );
    assert_eq!(output.stdout, "summary\n");
}
