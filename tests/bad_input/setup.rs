//! `setup` that fails: nothing runs, the result says so.

use crate::bad_input::golden::rhaid;
use crate::support::bin::Output;
use crate::support::ports::refused_addr;
use crate::support::server::HttpServer;

/// Runs a script with this `setup`; no iteration may run, and the result must be there.
#[track_caller]
fn failing(setup: &str, url: &str, code: i32) -> Output {
    let output = rhaid()
        .script(&format!(
            "export const options = #{{ setup_timeout: \"2s\" }};\nfn setup() {{\n{setup}\n}}\nfn iteration() {{ print(\"it ran\"); }}\nfn teardown() {{ print(\"it was torn down\"); }}\n"
        ))
        .env("URL", url)
        .run();
    output.expect_code(code);
    assert!(!output.stderr.contains("it ran"), "{output}");
    let result = output.expect_result();
    assert_eq!(result["run"]["outcome"]["kind"], "setup_failed", "{output}");
    assert_eq!(result["verdict"]["exit_code"], code);
    output
}

#[test]
fn a_setup_that_throws_blocks_with_its_reason_and_place() {
    failing("    let x = [1];\n    x[3];", "", 2)
        .expect_text("setup failed, nothing ran")
        .expect_text("Array index 3 out of bounds")
        .expect_text("script.rhai:4");
}

#[test]
fn a_setup_that_gives_up_says_the_scripts_own_reason() {
    failing("    fail(\"the hotel is closed\");", "", 2).expect_text("the hotel is closed");
}

#[test]
fn a_setup_that_cannot_reach_the_target_has_an_exit_code_of_its_own() {
    let refused = refused_addr();
    let url = format!("http://{refused}/");
    failing(
        "    let r = http::get(env(\"URL\"));\n    if r.error != () { fail(r.error); }",
        &url,
        69,
    )
    .expect_text(&format!("connection refused by {refused}"));
}

#[test]
fn a_setup_that_reached_the_target_and_disliked_the_answer_is_the_scripts_verdict() {
    let server = HttpServer::start();
    failing(
        "    let r = http::get(env(\"URL\"));\n    if !r.ok { fail(`login failed: ${r.status}`); }",
        &server.url("/status/403"),
        2,
    )
    .expect_text("login failed: 403");
}

#[test]
fn a_setup_without_an_end_is_cut_off() {
    failing("    loop { }", "", 2).expect_text("2s");
}

#[test]
fn a_setup_must_return_plain_data() {
    failing("    |x| x + 1", "", 2).expect_text("`setup` must return plain data");
}
