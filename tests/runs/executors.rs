//! The closed models: users that loop. How many iterations, by whom, until when.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::support::reading::{Reading, number, run_of};

/// A plan that is cut off must end long before the waits in it do.
const WELL_BEFORE: Duration = Duration::from_secs(20);

/// How many lines there are of each text.
fn tally(lines: &[String]) -> BTreeMap<&str, usize> {
    let mut tally = BTreeMap::new();
    for line in lines {
        *tally.entry(line.as_str()).or_default() += 1;
    }
    tally
}

#[test]
fn shared_iterations_are_shared_out_exactly() {
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            pool: #{ executor: "shared-iterations", vus: 5, iterations: 23 },
        } };
        fn iteration(ctx) { sleep(if ctx.vu == 1 { 0.2 } else { 0.01 }); log::info(`${ctx.vu}`); }
        "#,
    )
    .args(["--workers", "2"])
    .run();
    output.expect_code(0);
    assert_eq!(output.count("iterations"), 23);
    let row = output.scenario("pool");
    assert_eq!(row["iterations"], 23);
    assert_eq!(row["vus_max"], 5);
    assert_eq!(row["executor"], "shared-iterations");
    assert_eq!(row["iteration_duration"]["count"], 23);
    let lines = output.logged();
    let tally = tally(&lines);
    assert_eq!(tally.len(), 5, "every user had a part: {tally:?}");
    // Whoever is free takes the next: the slow one has far less than its fifth.
    assert!(tally["1"] < 23 / 5, "{tally:?}");
}

#[test]
fn fewer_shared_iterations_than_users_make_no_idle_users() {
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            pool: #{ executor: "shared-iterations", vus: 50, iterations: 3 },
        } };
        fn iteration(ctx) { }
        "#,
    )
    .run();
    output.expect_code(0);
    assert_eq!(output.count("iterations"), 3);
    assert_eq!(output.scenario("pool")["vus_max"], 3);
}

#[test]
fn per_vu_iterations_give_each_user_the_same_number() {
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            each: #{ executor: "per-vu-iterations", vus: 3, iterations: 4 },
        } };
        fn iteration(ctx) { sleep(0.02 * ctx.vu); log::info(`${ctx.vu}`); }
        "#,
    )
    .args(["--workers", "2"])
    .run();
    output.expect_code(0);
    assert_eq!(
        tally(&output.logged()),
        BTreeMap::from([("1", 4), ("2", 4), ("3", 4)])
    );
    assert_eq!(output.scenario("each")["iterations"], 12);
}

#[test]
fn a_budget_ends_at_max_duration_done_or_not() {
    for executor in ["shared-iterations", "per-vu-iterations"] {
        let start = Instant::now();
        let output = run_of(&format!(
            r#"
            export const options = #{{ scenarios: #{{
                budget: #{{ executor: "{executor}", vus: 2, iterations: 100000, max_duration: "0.5s" }},
            }} }};
            fn iteration(ctx) {{ sleep(0.1); }}
            "#
        ))
        .run();
        assert!(start.elapsed() < WELL_BEFORE);
        output.expect_code(0);
        assert_eq!(output.outcome(), "completed");
        let iterations = output.count("iterations");
        // Two users, each at most five starts within half a second: at 0, 0.1, … 0.4.
        assert!((2..=10).contains(&iterations), "{executor}: {iterations}");
        let lasted = number(&output.scenario("budget")["duration_seconds"]);
        assert!(lasted >= 0.5, "{executor}: {lasted}");
    }
}

#[test]
fn constant_vus_loop_for_their_duration_and_end_what_they_began() {
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            steady: #{ executor: "constant-vus", vus: 3, duration: "0.5s" },
        } };
        fn iteration(ctx) { sleep(0.1); log::info(`${ctx.vu}`); }
        "#,
    )
    .args(["--workers", "2"])
    .run();
    output.expect_code(0);
    let iterations = output.count("iterations");
    assert!((3..=15).contains(&iterations), "{iterations}");
    let row = output.scenario("steady");
    assert_eq!(row["interrupted_iterations"], 0);
    assert_eq!(row["vus_max"], 3);
    assert!(number(&row["duration_seconds"]) >= 0.5);
    assert_eq!(tally(&output.logged()).len(), 3);
}

#[test]
fn ramping_vus_come_one_after_the_other_and_go_in_the_opposite_order() {
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            ramp: #{ executor: "ramping-vus", start_vus: 0, stages: [
                #{ duration: "0.6s", target: 6 }, #{ duration: "0.6s", target: 0 },
            ] },
        } };
        fn iteration(ctx) {
            if ctx.state.first == () { ctx.state.first = time::now(); }
            ctx.state.last = time::now();
            sleep(0.02);
        }
        fn vu_stop(ctx) { log::info(`${ctx.vu} ${ctx.state.first} ${ctx.state.last}`); }
        "#,
    )
    .args(["--workers", "2"])
    .run();
    output.expect_code(0);
    let lives: Vec<(u32, f64, f64)> = output
        .logged()
        .iter()
        .map(|line| {
            let mut parts = line.split(' ');
            let mut next = || parts.next().unwrap();
            (
                next().parse().unwrap(),
                next().parse().unwrap(),
                next().parse().unwrap(),
            )
        })
        .collect();
    let ids: Vec<u32> = lives.iter().map(|life| life.0).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6]);
    // Neighbours are 0.1 s apart; the ends are far enough apart for any machine.
    let (first, last) = (lives[0], lives[5]);
    assert!(last.1 > first.1 + 0.2, "{lives:?}");
    assert!(last.2 < first.2 - 0.2, "{lives:?}");
    assert_eq!(output.scenario("ramp")["vus_max"], 6);
    assert_eq!(output.scenario("ramp")["interrupted_iterations"], 0);
}

#[test]
fn a_stage_of_no_length_is_a_jump() {
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            jump: #{ executor: "ramping-vus", start_vus: 1, stages: [
                #{ duration: "0s", target: 5 }, #{ duration: "0.3s", target: 5 },
            ] },
        } };
        fn vu_start(ctx) { log::info(`${ctx.vu}`); }
        fn iteration(ctx) { sleep(0.02); }
        "#,
    )
    .run();
    output.expect_code(0);
    assert_eq!(output.logged(), ["1", "2", "3", "4", "5"]);
}

#[test]
fn a_user_that_is_ramped_down_has_graceful_ramp_down_to_end_its_iteration() {
    let run = |wait: &str| {
        let start = Instant::now();
        let output = run_of(&format!(
            r#"
            export const options = #{{ scenarios: #{{
                ramp: #{{ executor: "ramping-vus", start_vus: 3, graceful_ramp_down: "0.6s", stages: [
                    #{{ duration: "0.2s", target: 3 }}, #{{ duration: "0s", target: 1 }}, #{{ duration: "1.5s", target: 1 }},
                ] }},
            }} }};
            fn iteration(ctx) {{ if ctx.vu == 1 {{ sleep(0.05); }} else {{ sleep("{wait}"); log::info("end"); }} }}
            "#
        ))
        .run();
        assert!(start.elapsed() < WELL_BEFORE);
        output.expect_code(0);
        output
    };
    let long = run("4m");
    assert_eq!(long.scenario("ramp")["interrupted_iterations"], 2);
    assert_eq!(long.logged(), Vec::<String>::new());
    let short = run("0.4s");
    assert_eq!(short.scenario("ramp")["interrupted_iterations"], 0);
    assert_eq!(short.logged(), ["end", "end"]);
}

#[test]
fn a_user_that_is_ramped_up_again_is_the_same_user() {
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            wave: #{ executor: "ramping-vus", start_vus: 2, stages: [
                #{ duration: "0.3s", target: 2 }, #{ duration: "0s", target: 1 }, #{ duration: "0.3s", target: 1 },
                #{ duration: "0s", target: 2 }, #{ duration: "0.3s", target: 2 },
            ] },
        } };
        fn vu_start(ctx) { log::info(`start ${ctx.vu}`); }
        fn iteration(ctx) { sleep(0.02); }
        fn vu_stop(ctx) { log::info(`stop ${ctx.vu}`); }
        "#,
    )
    .run();
    output.expect_code(0);
    assert_eq!(output.logged(), ["start 1", "start 2", "stop 1", "stop 2"]);
    assert_eq!(output.scenario("wave")["vus_max"], 2);
}

#[test]
fn without_options_one_user_runs_one_iteration() {
    let output = run_of("fn iteration(ctx) { log::info(`${ctx.vu} ${ctx.iteration}`); }").run();
    output.expect_code(0);
    assert_eq!(output.logged(), ["1 0"]);
    assert_eq!(output.scenario("default")["iterations"], 1);
}
