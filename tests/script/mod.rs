//! What a script is given does what a script author expects of it.

mod definitions;

use crate::support::bin::{Output, Rhaid};

fn run(script: &str) -> Output {
    Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .script(script)
        .args(["--demo", "--workers", "1"])
        .run()
}

#[test]
fn what_a_script_writes_into_its_state_stays() {
    run(r#"
        export const options = #{ vus: 2, iterations: 6 };
        fn vu_start(ctx) { ctx.state.count = 0; ctx.state.seen = []; ctx.state.inner = #{}; }
        fn iteration(ctx) {
            ctx.state.count += 1;
            ctx.state.seen.push(ctx.iteration);
            ctx.state.inner.last = ctx.iteration;
            ctx.state["by name"] = ctx.vu;
            if ctx.state.count != ctx.iteration + 1 || ctx.state.seen.len != ctx.state.count { fail("lost"); }
            if ctx.state.inner.last != ctx.iteration || ctx.state["by name"] != ctx.vu { fail("lost inside"); }
            sleep(0.01);
        }
    "#)
    .expect_code(0);
}

#[test]
fn a_state_is_replaced_by_another_map_and_by_nothing_else() {
    run(r#"
        fn iteration(ctx) {
            ctx.state.old = 1;
            ctx.state = #{ fresh: 2 };
            if ctx.state.old != () || ctx.state.fresh != 2 { fail("not replaced"); }
            let refused = false;
            try { ctx.state = 5; } catch { refused = true; }
            if !refused || ctx.state.fresh != 2 { fail("not refused"); }
        }
    "#)
    .expect_code(0);
}

#[test]
fn a_response_is_ok_when_its_status_is_one_that_was_expected() {
    run(r#"
        fn iteration() {
            let stats = `${env("BASE_URL")}/api/v1/admin/stats`;
            if !http::get(stats, #{ expected_statuses: 401 }).ok { fail("401 was expected"); }
            if http::get(stats).ok { fail("401 was not expected"); }
            if http::get("http://127.0.0.1:1/").ok { fail("nobody answered"); }
        }
    "#)
    .expect_code(0);
}

#[test]
fn the_strict_variable_is_read_as_people_write_truth() {
    let script = r#"
        export const options = #{ slos: #{ "iterations": [#{ target: "count > 0", warn: "count > 5" }] } };
        fn iteration() {}
    "#;
    for (value, code) in [
        ("1", 2),
        ("true", 2),
        ("yes", 2),
        ("0", 1),
        ("false", 1),
        ("", 1),
    ] {
        Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
            .script(script)
            .env("RHAID_STRICT", value)
            .run()
            .expect_code(code);
    }
}

#[test]
fn a_setup_that_throws_is_told_in_a_sentence_and_shown_with_its_line() {
    let output = run(r#"
        fn setup() { throw "no token for the front desk"; }
        fn iteration() {}
    "#);
    output
        .expect_code(2)
        .expect_text(
            "setup failed, nothing ran: no token for the front desk (script.rhai:2) (exit 2)",
        )
        .expect_text("─[ script.rhai:2:22 ]");
    let result = output.expect_result();
    assert_eq!(result["run"]["outcome"]["kind"], "setup_failed");
    assert_eq!(result["errors"][0]["count"], 1);
}

#[test]
fn what_cannot_be_done_at_the_top_level_is_refused_with_its_line() {
    for (statement, message) in [
        (
            "sleep(1)",
            "move it into `setup` or into a scenario's function",
        ),
        (
            "http::get(\"http://127.0.0.1:1/\")",
            "http works only in `setup`, `teardown` and a scenario's functions",
        ),
        (
            "random::int(5, 1)",
            "random::int needs a range from low to high",
        ),
    ] {
        run(&format!(
            "let a = 1;\nlet b = {statement};\nfn iteration() {{}}"
        ))
        .expect_code(65)
        .expect_text(message)
        .expect_text("─[ script.rhai:2:");
    }
}

#[test]
fn an_error_of_a_modules_function_shows_its_line() {
    run("fn iteration() {\n    let a = 1;\n    http::get(\"no url\");\n}")
        .expect_code(2)
        .expect_text("─[ script.rhai:3:11 ]");
}
