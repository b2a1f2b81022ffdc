//! The time limits of the parts of a script.

use std::time::{Duration, Instant};

use crate::support::reading::{Reading, run_of};

/// A limit of 0.2 s must end the run long before the waits in these scripts do.
const WELL_BEFORE: Duration = Duration::from_secs(20);

#[test]
fn a_setup_that_takes_too_long_ends_the_run_and_names_the_option() {
    for body in ["sleep(60);", "loop { }"] {
        let start = Instant::now();
        let output = run_of(&format!(
            r#"
            export const options = #{{ setup_timeout: "0.2s" }};
            fn setup() {{ {body} }}
            fn iteration() {{ log::info("iteration"); }}
            "#
        ))
        .run();
        assert!(start.elapsed() < WELL_BEFORE, "{output}");
        output.expect_code(2);
        output.expect_text("`setup` took longer than 200ms");
        output.expect_text("setup_timeout");
        assert_eq!(output.outcome(), "setup_failed");
        assert_eq!(output.logged(), Vec::<String>::new());
    }
}

#[test]
fn a_teardown_that_takes_too_long_is_cut_off_and_counted() {
    for body in ["sleep(60);", "loop { }"] {
        let start = Instant::now();
        let output = run_of(&format!(
            r#"
            export const options = #{{ teardown_timeout: "0.2s" }};
            fn iteration() {{ }}
            fn teardown() {{ {body} }}
            "#
        ))
        .run();
        assert!(start.elapsed() < WELL_BEFORE, "{output}");
        output.expect_code(2);
        output.expect_text("`teardown` took longer than 200ms");
        let errors = output.expect_result()["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 1, "{output}");
        assert_eq!(errors[0]["kind"], "timeout");
        assert_eq!(errors[0]["count"], 1);
    }
}

#[test]
fn a_vu_start_that_takes_too_long_ends_that_user_only() {
    let start = Instant::now();
    let output = run_of(
        r#"
        export const options = #{
            vu_start_timeout: "0.2s",
            scenarios: #{ guests: #{ executor: "per-vu-iterations", vus: 2, iterations: 2 } },
        };
        fn vu_start(ctx) { if ctx.vu == 1 { sleep(60); } }
        fn iteration(ctx) { log::info(`${ctx.vu}`); }
        "#,
    )
    .run();
    assert!(start.elapsed() < WELL_BEFORE, "{output}");
    output.expect_code(2);
    output.expect_text("`vu_start` took longer than 200ms");
    assert_eq!(output.logged(), ["2", "2"]);
}

#[test]
fn a_vu_stop_that_takes_too_long_is_cut_off_and_counted_for_each_user() {
    let start = Instant::now();
    let output = run_of(
        r#"
        export const options = #{
            vu_stop_timeout: "0.2s",
            scenarios: #{ guests: #{ executor: "per-vu-iterations", vus: 3, iterations: 1 } },
        };
        fn iteration(ctx) { }
        fn vu_stop(ctx) { if ctx.vu == 1 { loop { } } else if ctx.vu == 2 { sleep(60); } }
        "#,
    )
    .run();
    assert!(start.elapsed() < WELL_BEFORE, "{output}");
    output.expect_code(2);
    let errors = output.expect_result()["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{output}");
    output.expect_text("`vu_stop` took longer than 200ms; `vu_stop_timeout` allows more (2 times)");
    assert_eq!(errors[0]["kind"], "timeout");
    assert_eq!(errors[0]["count"], 2);
    assert_eq!(output.count("iterations"), 3);
}

#[test]
fn a_summary_that_takes_too_long_is_cut_off_and_the_usual_one_stands_in() {
    let start = Instant::now();
    let output = run_of(
        r#"
        export const options = #{ summary_timeout: "0.2s" };
        fn iteration() { }
        fn summary(result) { sleep(60); "never" }
        "#,
    )
    .run();
    assert!(start.elapsed() < WELL_BEFORE, "{output}");
    output.expect_text("`summary` took longer than 200ms");
    output.expect_text("result.json");
    assert!(!output.stdout.contains("never"), "{output}");
    output.expect_result();
}

#[test]
fn a_top_level_that_never_ends_is_a_mistake_of_the_script() {
    // The only limit that no option sets: a top level sends nothing and so needs no time.
    let output = run_of("loop { }\nfn iteration() { }").run();
    output.expect_code(65).expect_text("top level");
    assert!(output.result.is_none());
}

#[test]
fn an_iteration_has_no_limit_of_its_own_but_may_not_hold_up_the_end() {
    let start = Instant::now();
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            guests: #{ executor: "per-vu-iterations", vus: 2, iterations: 1, max_duration: "0.3s", graceful_stop: "0.2s" },
        } };
        fn iteration(ctx) { if ctx.vu == 1 { loop { } } else { sleep(60); } }
        "#,
    )
    .run();
    assert!(start.elapsed() < WELL_BEFORE, "{output}");
    output.expect_code(1);
    assert_eq!(output.scenario("guests")["interrupted_iterations"], 2);
    assert_eq!(output.scenario("guests")["iterations"], 0);
    assert_eq!(output.count("iteration_errors"), 0);
}
