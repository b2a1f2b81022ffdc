//! `ctx`: who a virtual user is, what it is given, and what it may keep.

use crate::support::reading::{Reading, run_of};

#[test]
fn a_context_says_which_user_runs_which_iteration_of_which_scenario() {
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            guests: #{ executor: "per-vu-iterations", vus: 2, iterations: 2 },
            staff: #{ executor: "per-vu-iterations", vus: 2, iterations: 1 },
        } };
        fn iteration(ctx) { log::info(`${ctx.scenario} ${ctx.vu} ${ctx.iteration}`); }
        "#,
    )
    .args(["--workers", "2"])
    .run();
    output.expect_code(0);
    assert_eq!(
        output.logged(),
        [
            "guests 1 0",
            "guests 1 1",
            "guests 2 0",
            "guests 2 1",
            "staff 3 0",
            "staff 4 0"
        ]
    );
}

#[test]
fn what_a_user_writes_into_its_state_stays_and_is_its_own() {
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            guests: #{ executor: "per-vu-iterations", vus: 2, iterations: 3 },
        } };
        fn iteration(ctx) {
            if ctx.state.seen == () { ctx.state.seen = []; ctx.state.deep = #{ count: 0 }; }
            ctx.state.seen.push(ctx.iteration);
            ctx.state.deep.count += 10;
            ctx.state["last"] = ctx.vu;
            log::info(`${ctx.state.last}: ${ctx.state.seen} ${ctx.state.deep.count}`);
        }
        "#,
    )
    .args(["--workers", "1"])
    .run();
    output.expect_code(0);
    assert_eq!(
        output.logged(),
        [
            "1: [0, 1, 2] 30",
            "1: [0, 1] 20",
            "1: [0] 10",
            "2: [0, 1, 2] 30",
            "2: [0, 1] 20",
            "2: [0] 10"
        ]
    );
}

#[test]
fn a_state_can_be_replaced_as_a_whole() {
    let output = run_of(
        r#"
        export const options = #{ iterations: 2 };
        fn iteration(ctx) {
            if ctx.iteration == 0 { ctx.state = #{ a: 1 }; } else { log::info(`${ctx.state}`); }
        }
        "#,
    )
    .run();
    output.expect_code(0);
    assert_eq!(output.logged(), [r#"#{"a": 1}"#]);
}

#[test]
fn what_one_iteration_does_to_its_data_reaches_no_other() {
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            guests: #{ executor: "per-vu-iterations", vus: 2, iterations: 2 },
        } };
        fn setup() { #{ list: [1], map: #{ n: 1 }, n: 1 } }
        fn iteration(ctx) {
            let mine = ctx.data;
            mine.n = 2;
            mine.list.push(2);
            mine.map.n = 2;
            // Not even where the way there is as direct as it can be; whether it is refused or forgotten does not matter.
            try { ctx.data.n = 3; } catch { }
            try { ctx.data.list.push(3); } catch { }
            try { ctx.data.map.n = 3; } catch { }
            log::info(`${ctx.data.n} ${ctx.data.list} ${ctx.data.map.n}`);
        }
        fn teardown(data) { log::info(`teardown ${data.n} ${data.list} ${data.map.n}`); }
        "#,
    )
    .args(["--workers", "1"])
    .run();
    output.expect_code(0);
    let mut expected = vec!["1 [1] 1"; 4];
    expected.push("teardown 1 [1] 1");
    assert_eq!(output.logged(), expected);
}

#[test]
fn a_constant_of_the_script_is_seen_from_every_function() {
    let output = run_of(
        r#"
        const BASE = `${env("HOST", "nowhere")}/api`;
        fn path() { `${global::BASE}/rooms` }
        fn iteration() { log::info(path()); }
        "#,
    )
    .env("HOST", "here")
    .run();
    output.expect_code(0);
    assert_eq!(output.logged(), ["here/api/rooms"]);
}

#[test]
fn modules_beside_the_script_and_of_the_standard_library_are_found_in_every_worker() {
    let output = run_of(
        r#"
        import "lib/hotel" as hotel;
        import "std/think" as think;
        export const options = #{ scenarios: #{
            all: #{ executor: "per-vu-iterations", vus: 2, iterations: 1 },
        } };
        fn iteration() { think::fixed("1ms"); log::info(hotel::name()); }
        "#,
    )
    .file(
        "lib/hotel.rhai",
        r#"const NAME = "Rhaid"; fn name() { global::NAME + " Inn" }"#,
    )
    .args(["--workers", "2"])
    .run();
    output.expect_code(0);
    assert_eq!(output.logged(), ["Rhaid Inn", "Rhaid Inn"]);
}
