//! Mistakes that show only while the script runs: each fails its iteration, is counted, and is shown where it is.

use crate::support::reading::{Reading, run_of};

#[test]
fn an_error_fails_its_iteration_and_is_shown_with_file_line_source_and_caret() {
    let output = run_of(
        "export const options = #{ iterations: 3 };\n\nfn iteration(ctx) {\n    let room = #{ price: 80 };\n    let total = room.price * ctx.scenario;\n}\n",
    )
    .run();
    output.expect_code(2);
    assert_eq!(output.count("iteration_errors"), 3);
    assert_eq!(output.count("iterations"), 3);
    for part in [
        "3 iterations ended in script errors",
        "script.rhai:5:",
        "let total = room.price * ctx.scenario;",
    ] {
        output.expect_text(part);
    }
    let error = &output.expect_result()["errors"][0];
    assert_eq!(error["kind"], "script");
    assert_eq!(error["count"], 3);
    let message = error["message"].as_str().unwrap();
    assert!(message.ends_with("(script.rhai:5)"), "{message}");
    let example = error["example"]["text"].as_str().unwrap();
    // The caret's line is under the source's, and points into it.
    let lines: Vec<&str> = example.lines().collect();
    let source = lines
        .iter()
        .position(|line| line.contains("room.price *"))
        .unwrap();
    assert!(
        lines[source + 1].contains('┬') || lines[source + 1].contains('^'),
        "{example}"
    );
}

#[test]
fn a_run_whose_every_iteration_threw_is_never_green() {
    for args in [
        vec!["--iterations", "5"],
        vec!["--vus", "2", "--duration", "0.2s"],
        vec!["--rate", "20", "--duration", "0.3s"],
    ] {
        let output = run_of(r#"fn iteration() { sleep(0.01); throw "always"; }"#)
            .args(&args)
            .run();
        output.expect_code(2).expect_text("always");
        let row = output.scenario("default");
        assert_eq!(row["iterations"], row["iteration_errors"], "{args:?}");
        assert_eq!(output.expect_result()["verdict"]["status"], "failed");
    }
}

#[test]
fn one_iteration_of_many_that_threw_is_enough() {
    let output = run_of(
        r#"
        export const options = #{ iterations: 50 };
        fn iteration(ctx) { if ctx.iteration == 7 { throw "once"; } }
        "#,
    )
    .args(["--workers", "1"])
    .run();
    output
        .expect_code(2)
        .expect_text("1 iteration ended in a script error");
    assert_eq!(output.count("iteration_errors"), 1);
    assert_eq!(output.count("iterations"), 50);
}

#[test]
fn a_script_may_judge_its_own_errors() {
    let script = |limit: &str| {
        format!(
            r#"
            export const options = #{{
                iterations: 10,
                slos: #{{ "iteration_errors": [ #{{ target: "count < {limit}", priority: "P1" }} ] }},
            }};
            fn iteration(ctx) {{ if ctx.iteration < 3 {{ throw "now and then"; }} }}
            "#
        )
    };
    let tolerated = run_of(&script("5"))
        .args(["--workers", "1", "--vus", "1"])
        .run();
    tolerated.expect_code(0);
    assert_eq!(tolerated.count("iteration_errors"), 3);
    let too_many = run_of(&script("2"))
        .args(["--workers", "1", "--vus", "1"])
        .run();
    too_many.expect_code(1);
    assert_eq!(too_many.slo("iteration_errors")["status"], "FAIL");
    assert_eq!(too_many.slo("iteration_errors")["actual"], 3.0);
}

#[test]
fn the_calls_that_led_to_an_error_are_named_across_files() {
    let output =
        run_of("import \"lib/rooms\" as rooms;\nfn iteration() {\n    rooms::book(1);\n}\n")
            .file(
                "lib/rooms.rhai",
                "fn book(n) {\n    price(n)\n}\nfn price(n) {\n    throw `no price for ${n}`;\n}\n",
            )
            .run();
    output.expect_code(2);
    let text = output.expect_result()["errors"][0]["example"]["text"].to_string();
    for part in [
        "no price for 1",
        "lib/rooms.rhai:5",
        "book",
        "script.rhai:3",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
}

#[test]
fn different_errors_are_counted_apart_the_most_frequent_first() {
    let output = run_of(
        "export const options = #{ iterations: 6 };\nfn iteration(ctx) {\n    if ctx.iteration < 4 { throw \"common\"; }\n    throw \"rare\";\n}\n",
    )
    .args(["--vus", "1"])
    .run();
    output.expect_code(2);
    let errors = output.expect_result()["errors"].as_array().unwrap();
    let counts: Vec<(&str, u64)> = errors
        .iter()
        .map(|error| {
            (
                error["message"].as_str().unwrap(),
                error["count"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        counts,
        [("common (script.rhai:3)", 4), ("rare (script.rhai:4)", 2)]
    );
}

#[test]
fn an_endless_recursion_ends_in_a_message() {
    let output = run_of("fn again(n) { again(n + 1) }\nfn iteration() { again(0); }").run();
    output.expect_code(2);
    for part in ["64 levels deep, in `iteration`", "script.rhai:2"] {
        output.expect_text(part);
    }
    assert_eq!(output.count("iteration_errors"), 1);
}

#[test]
fn a_text_that_grows_without_end_ends_in_a_message_and_not_in_a_full_memory() {
    let output =
        run_of("fn iteration() {\n    let text = \"x\";\n    loop { text += text; }\n}").run();
    output.expect_code(2);
    for part in ["too large, in `iteration`", "script.rhai:1"] {
        output.expect_text(part);
    }
}

#[test]
fn an_error_that_is_caught_is_no_error() {
    let output = run_of(
        r#"fn iteration() { try { throw "caught"; } catch (reason) { log::info(`it was ${reason}`); } }"#,
    )
    .run();
    output.expect_code(0);
    assert_eq!(output.logged(), ["it was caught"]);
    assert_eq!(output.count("iteration_errors"), 0);
}

#[test]
fn a_failed_request_is_a_response_and_a_wrong_argument_is_an_error() {
    let refused = crate::support::ports::refused_addr();
    let output = run_of(
        r#"
        fn iteration() {
            let answer = http::get(env("BASE_URL"));
            log::info(`${answer.status} ${answer.error_code != 0} ${answer.error != ()}`);
            let wrong = #{ headerz: #{} };
            http::get(env("BASE_URL"), wrong);
        }
        "#,
    )
    .env("BASE_URL", format!("http://{refused}"))
    .run();
    output.expect_code(2);
    assert_eq!(output.logged(), ["0 true true"]);
    output.expect_text("unknown request parameter `headerz`");
    output.expect_text("did you mean `headers`");
}

#[test]
fn an_error_never_reaches_another_user_of_the_same_core() {
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            all: #{ executor: "per-vu-iterations", vus: 20, iterations: 10 },
        } };
        fn iteration(ctx) { sleep(0.005); if ctx.vu % 2 == 0 { throw "even"; } metrics::counter("odd").add(1); }
        "#,
    )
    .args(["--workers", "1"])
    .run();
    output.expect_code(2);
    assert_eq!(output.count("iteration_errors"), 100);
    assert_eq!(output.count("odd"), 100);
    assert_eq!(output.count("iterations"), 200);
}

#[test]
fn a_script_that_always_throws_does_not_take_a_whole_core() {
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{ broken: #{ executor: "constant-vus", vus: 2, duration: "1s" } } };
        fn iteration() { throw "broken"; }
        "#,
    )
    .run();
    output.expect_code(2);
    let failed = output.count("iteration_errors");
    // Ten at once and one each 100 ms, for each of the two.
    assert!((22..=50).contains(&failed), "{failed} failures");
}

#[test]
fn failures_now_and_then_cost_no_time() {
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{ flaky: #{ executor: "per-vu-iterations", iterations: 2_000 } } };
        fn iteration(ctx) { if ctx.iteration % 10 != 0 { throw "flaky"; } }
        "#,
    )
    .run();
    output.expect_code(2);
    assert_eq!(output.count("iteration_errors"), 1_800);
    assert!(
        crate::support::reading::number(&output.expect_result()["run"]["duration_seconds"]) < 15.0
    );
}
