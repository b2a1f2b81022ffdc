//! How a run ends before its time: `abort`, a `setup` that fails, a target that is not there.

use crate::support::ports::refused_addr;
use crate::support::reading::{Reading, run_of};
use crate::support::server::HttpServer;

#[test]
fn abort_ends_the_run_with_its_reason_and_teardown_still_runs() {
    let output = run_of(
        r#"
        export const options = #{ vus: 2, duration: "60s" };
        fn iteration(ctx) {
            if ctx.vu == 1 && ctx.iteration == 2 { abort("the house is on fire"); }
            sleep(0.05);
        }
        fn teardown() { log::info("teardown"); }
        "#,
    )
    .args(["--workers", "1"])
    .run();
    output.expect_code(2).expect_text("the house is on fire");
    assert_eq!(output.logged(), ["teardown"]);
    let result = output.expect_result();
    assert_eq!(
        result["run"]["outcome"],
        serde_json::json!({ "kind": "aborted", "by": "script", "reason": "the house is on fire" })
    );
    assert_eq!(result["verdict"]["status"], "failed");
    assert_eq!(result["verdict"]["exit_code"], 2);
    assert_eq!(result["verdict"]["reasons"][0], "the house is on fire");
    assert!(output.count("iterations") < 30, "{output}");
    // An abort is a decision, not a mistake of the script.
    assert_eq!(output.count("iteration_errors"), 0);
}

#[test]
fn abort_lets_the_iterations_of_the_others_end() {
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            slow: #{ executor: "constant-vus", vus: 3, duration: "60s", exec: "slow" },
            quick: #{ executor: "shared-iterations", iterations: 1, exec: "quick", start_time: "0.1s" },
        } };
        fn slow() { sleep(0.5); }
        fn quick() { abort("enough"); }
        "#,
    )
    .run();
    output.expect_code(2);
    assert_eq!(output.scenario("slow")["iterations"], 3);
    assert_eq!(output.scenario("slow")["interrupted_iterations"], 0);
}

#[test]
fn abort_in_setup_ends_the_run_before_any_iteration() {
    let output = run_of(
        r#"
        fn setup() { abort("wrong environment"); }
        fn iteration() { log::info("iteration"); }
        fn teardown() { log::info("teardown"); }
        "#,
    )
    .run();
    output.expect_code(2).expect_text("wrong environment");
    assert_eq!(output.outcome(), "aborted");
    assert_eq!(output.logged(), Vec::<String>::new());
}

#[test]
fn a_setup_that_throws_blocks_and_shows_its_place_and_nothing_else_runs() {
    let output = run_of(
        "fn setup() {\n    throw \"no rooms at all\";\n}\nfn iteration() { log::info(\"iteration\"); }\nfn teardown() { log::info(\"teardown\"); }",
    )
    .run();
    output.expect_code(2);
    for part in [
        "setup failed, nothing ran: no rooms at all (script.rhai:2)",
        "no rooms at all",
        "script.rhai:2:5",
        "throw \"no rooms at all\";",
    ] {
        output.expect_text(part);
    }
    assert_eq!(output.outcome(), "setup_failed");
    assert_eq!(output.expect_result()["verdict"]["status"], "error");
    assert_eq!(output.expect_result()["verdict"]["exit_code"], 2);
    assert_eq!(output.logged(), Vec::<String>::new());
    assert_eq!(output.count("iterations"), 0);
}

#[test]
fn a_setup_whose_target_refuses_says_that_it_is_unreachable() {
    let output = run_of(
        r#"
        fn setup() {
            let login = http::post(`${env("BASE_URL")}/login`, #{ user: "qa" });
            #{ token: login.json("token") }
        }
        fn iteration() { }
        "#,
    )
    .env("BASE_URL", format!("http://{}", refused_addr()))
    .run();
    output.expect_code(69);
    output.expect_text(&refused_addr().to_string());
    output.expect_text("refused");
    assert_eq!(output.outcome(), "setup_failed");
    assert_eq!(output.expect_result()["verdict"]["exit_code"], 69);
}

#[test]
fn a_setup_that_only_meets_a_bad_status_is_a_failed_setup_and_not_an_unreachable_target() {
    let server = HttpServer::start();
    let output = run_of(
        r#"
        fn setup() {
            let login = http::get(`${env("BASE_URL")}/status/503`);
            if login.status != 200 { throw `login answered ${login.status}`; }
        }
        fn iteration() { }
        "#,
    )
    .env("BASE_URL", server.url(""))
    .run();
    output.expect_code(2).expect_text("login answered 503");
    assert_eq!(output.count("http_reqs"), 1);
}

#[test]
fn a_setup_that_throws_because_its_target_refuses_shows_both_the_place_and_the_reason() {
    let output = run_of(
        "fn setup() {\n    let login = http::get(env(\"BASE_URL\"));\n    if login.status != 200 { throw \"no login\"; }\n}\nfn iteration() { }",
    )
    .env("BASE_URL", format!("http://{}", refused_addr()))
    .run();
    output.expect_code(69);
    for part in ["refused", "no login", "script.rhai:3"] {
        output.expect_text(part);
    }
}

#[test]
fn a_setup_that_finds_an_answer_in_the_end_lets_the_run_go_on() {
    let server = HttpServer::start();
    let output = run_of(
        r#"
        fn setup() {
            for base in [env("ELSEWHERE"), env("BASE_URL")] {
                let ready = http::get(`${base}/hello`);
                if ready.status == 200 { return base; }
            }
            throw "nothing is ready";
        }
        fn iteration(ctx) { log::info(`ready: ${ctx.data == env("BASE_URL")}`); }
        "#,
    )
    .env("ELSEWHERE", format!("http://{}", refused_addr()))
    .env("BASE_URL", server.url(""))
    .run();
    output.expect_code(0);
    assert_eq!(output.logged(), ["ready: true"]);
}

#[test]
fn a_teardown_that_throws_is_shown_and_blocks() {
    let output =
        run_of("fn iteration() { }\nfn teardown() {\n    throw \"a room is still booked\";\n}")
            .run();
    output.expect_code(2);
    for part in ["teardown", "a room is still booked", "script.rhai:3"] {
        output.expect_text(part);
    }
    assert_eq!(output.outcome(), "completed");
    assert_eq!(output.count("iterations"), 1);
}

#[test]
fn setup_data_that_is_no_data_is_refused_with_its_place() {
    let server = HttpServer::start();
    for (data, said) in [
        (
            "#{ later: || 1 }",
            "a function cannot be written as JSON (at `later`)",
        ),
        (
            "#{ all: [1, http::get(env(\"BASE_URL\"))] }",
            "a Response cannot be written as JSON (at `all[1]`)",
        ),
    ] {
        let output = run_of(&format!("fn setup() {{ {data} }} fn iteration() {{ }}"))
            .env("BASE_URL", server.url("/hello"))
            .run();
        output
            .expect_code(2)
            .expect_text("`setup` must return plain data");
        let reason = output.expect_result()["verdict"]["reasons"][0].to_string();
        assert!(reason.contains(said), "{reason}");
    }
}

#[test]
fn a_setup_that_ends_in_a_request_gives_no_data() {
    let server = HttpServer::start();
    let output = run_of(
        r#"
        fn setup() { http::post(`${env("BASE_URL")}/hello`, "reset"); }
        fn iteration(ctx) { log::info(`${ctx.data == ()}`); }
        "#,
    )
    .env("BASE_URL", server.url(""))
    .run();
    output.expect_code(0);
    assert_eq!(output.logged(), ["true"]);
}

#[test]
fn a_run_in_which_nothing_came_to_its_end_is_not_green() {
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            stuck: #{ executor: "constant-vus", exec: "stuck", vus: 2, duration: "0.5s", graceful_stop: "0s" },
            well: #{ executor: "per-vu-iterations", exec: "well" },
        } };
        fn stuck() { sleep(20); }
        fn well() { }
        "#,
    )
    .run();
    output.expect_code(1);
    output.expect_text("scenario `stuck`: not one iteration came to its end");
    assert!(!output.stdout.contains("scenario `well`:"), "{output}");
}

#[test]
fn ctrl_c_twice_while_the_summary_is_written_ends_the_run_as_interrupted_with_its_result() {
    for body in ["sleep(60);", "loop { }"] {
        let mut running = run_of(&format!(
            "fn iteration() {{ }}\nfn summary(result) {{ log::info(\"summing up\"); {body} }}"
        ))
        .spawn();
        running.wait_for_output("summing up");
        running.interrupt();
        running.wait_for_output("stopping");
        running.interrupt();
        let output = running.wait();
        output.expect_code(130);
        assert_eq!(output.outcome(), "interrupted");
        assert_eq!(output.count("iterations"), 1);
    }
}

#[test]
fn a_run_that_is_killed_while_its_summary_is_written_leaves_a_result() {
    let mut running =
        run_of("fn iteration() { }\nfn summary(result) { log::info(\"summing up\"); sleep(60); }")
            .spawn();
    running.wait_for_output("summing up");
    running.signal("KILL");
    let output = running.wait();
    assert_eq!(output.code, 137);
    assert_eq!(output.count("iterations"), 1);
}

#[test]
fn a_terminal_that_goes_away_does_not_take_the_result_with_it() {
    let mut running = run_of(
        r#"
        export const options = #{ scenarios: #{ a: #{ executor: "constant-vus", duration: "5m" } } };
        fn iteration() { log::info("here"); sleep("50ms"); }
        "#,
    )
    .spawn();
    running.wait_for_output("here");
    running.signal("HUP");
    let output = running.wait();
    output.expect_code(130);
    assert!(output.count("iterations") > 0);
}
