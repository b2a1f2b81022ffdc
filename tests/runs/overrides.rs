//! What the command line, the environment and `rhaid.toml` change: one field each, and nothing else.

use serde_json::{Value, json};

use crate::support::reading::{Reading, number, run_of};

const TWO_SCENARIOS: &str = r#"
    export const options = #{
        timeout: "7s",
        scenarios: #{
            loopers: #{ executor: "constant-vus", vus: 2, duration: "0.2s", exec: "work", tags: #{ kind: "loop" } },
            arrivals: #{ executor: "constant-arrival-rate", rate: 20, duration: "0.5s", max_vus: 30, exec: "work" },
            ramp: #{ executor: "ramping-vus", start_vus: 1, stages: [ #{ duration: "0.2s", target: 2 } ], exec: "work" },
            pool: #{ executor: "shared-iterations", vus: 1, iterations: 2, exec: "work" },
        },
    };
    fn work() { sleep(0.02); }
    "#;

/// The resolved scenario of a run with these arguments.
fn resolved(scenario: &str, args: &[&str]) -> (crate::support::bin::Output, Value) {
    let output = run_of(TWO_SCENARIOS)
        .args(["--scenario", scenario])
        .args(args)
        .run();
    output.expect_code(0);
    let scenarios = &output.expect_result()["options"]["scenarios"];
    assert_eq!(scenarios.as_object().unwrap().len(), 1);
    let resolved = scenarios[scenario].clone();
    (output, resolved)
}

#[test]
fn vus_changes_the_number_of_users_only() {
    let (output, resolved) = resolved("loopers", &["--vus", "5"]);
    assert_eq!(
        resolved,
        json!({ "executor": "constant-vus", "vus": 5, "duration": "0.2s", "exec": "work", "tags": { "kind": "loop" } })
    );
    assert_eq!(output.scenario("loopers")["vus_max"], 5);
    assert_eq!(output.expect_result()["options"]["timeout"], "7s");
}

#[test]
fn duration_changes_the_duration_only() {
    let (output, resolved) = resolved("loopers", &["--duration", "600ms"]);
    assert_eq!(
        resolved,
        json!({ "executor": "constant-vus", "vus": 2, "duration": "600ms", "exec": "work", "tags": { "kind": "loop" } })
    );
    assert_eq!(output.scenario("loopers")["vus_max"], 2);
    let lasted = number(&output.scenario("loopers")["duration_seconds"]);
    assert!(lasted >= 0.6, "{lasted}");
}

#[test]
fn rate_changes_the_rate_only() {
    let (output, resolved) = resolved("arrivals", &["--rate", "600/m"]);
    assert_eq!(
        resolved,
        json!({ "executor": "constant-arrival-rate", "rate": "600/m", "duration": "0.5s", "max_vus": 30, "exec": "work" })
    );
    assert_eq!(output.scenario("arrivals")["iterations"], 5);
}

#[test]
fn vus_of_an_arrival_rate_are_its_most_users() {
    let (output, resolved) = resolved("arrivals", &["--vus", "25"]);
    assert_eq!(resolved["max_vus"], 25);
    assert_eq!(resolved["rate"], 20);
    assert_eq!(output.scenario("arrivals")["iterations"], 10);
}

#[test]
fn iterations_changes_the_number_of_iterations_only() {
    let (output, resolved) = resolved("pool", &["--iterations", "7"]);
    assert_eq!(
        resolved,
        json!({ "executor": "shared-iterations", "vus": 1, "iterations": 7, "exec": "work" })
    );
    assert_eq!(output.scenario("pool")["iterations"], 7);
}

#[test]
fn duration_of_a_budget_is_its_longest_time() {
    let (_, resolved) = resolved("pool", &["--duration", "20s"]);
    assert_eq!(
        resolved,
        json!({ "executor": "shared-iterations", "vus": 1, "iterations": 2, "max_duration": "20s", "exec": "work" })
    );
}

#[test]
fn stages_replace_the_stages_only() {
    let (output, resolved) = resolved(
        "ramp",
        &["--stage", "0s:4", "--stage", "200ms:4", "--stage", "0.1s:0"],
    );
    assert_eq!(
        resolved,
        json!({ "executor": "ramping-vus", "start_vus": 1, "exec": "work", "stages": [
            { "duration": "0s", "target": 4 }, { "duration": "200ms", "target": 4 }, { "duration": "0.1s", "target": 0 },
        ] })
    );
    assert_eq!(output.scenario("ramp")["vus_max"], 4);
}

#[test]
fn several_fields_change_at_once() {
    let (output, resolved) = resolved("loopers", &["-u", "3", "-d", "0.3s"]);
    assert_eq!(resolved["vus"], 3);
    assert_eq!(resolved["duration"], "0.3s");
    assert_eq!(output.scenario("loopers")["vus_max"], 3);
}

#[test]
fn a_change_that_could_mean_several_scenarios_asks_which() {
    let output = run_of(TWO_SCENARIOS).args(["--vus", "3"]).run();
    output.expect_code(64);
    output.expect_text("--vus");
    output.expect_text("--scenario");
    for name in ["loopers", "arrivals", "ramp", "pool"] {
        output.expect_text(name);
    }
    assert!(output.result.is_none());
}

#[test]
fn a_change_that_does_not_fit_the_executor_says_what_would() {
    let output = run_of(TWO_SCENARIOS)
        .args(["--scenario", "loopers", "--rate", "5"])
        .run();
    output.expect_code(64);
    output.expect_text("constant-vus has no `rate`");
    output.expect_text("vus, duration, pace");
}

#[test]
fn a_stage_that_is_none_is_wrong_usage() {
    for stage in ["30s", "30s:many", ":5"] {
        let output = run_of(TWO_SCENARIOS)
            .args(["--scenario", "ramp", "--stage", stage])
            .run();
        output.expect_code(64).expect_text(stage);
    }
}

#[test]
fn the_default_scenario_is_made_of_flags_alone() {
    let script = "fn iteration() { sleep(0.02); }";
    let looping = run_of(script)
        .args(["--vus", "2", "--duration", "0.2s"])
        .run();
    assert_eq!(looping.scenario("default")["executor"], "constant-vus");
    assert_eq!(looping.scenario("default")["vus_max"], 2);
    let pool = run_of(script)
        .args(["--vus", "2", "--iterations", "5"])
        .run();
    assert_eq!(pool.scenario("default")["executor"], "shared-iterations");
    assert_eq!(pool.scenario("default")["iterations"], 5);
    let open = run_of(script)
        .args(["--rate", "20", "--duration", "0.5s"])
        .run();
    assert_eq!(
        open.scenario("default")["executor"],
        "constant-arrival-rate"
    );
    assert_eq!(open.scenario("default")["iterations"], 10);
    let ramp = run_of(script).args(["--stage", "0.2s:3"]).run();
    assert_eq!(ramp.scenario("default")["executor"], "ramping-vus");
    let users = run_of(script).args(["--vus", "3"]).run();
    assert_eq!(users.scenario("default")["iterations"], 3);
}

#[test]
fn precedence_is_file_then_script_then_environment_then_command_line() {
    let script = r#"
        export const options = #{ vus: 2, iterations: 4 };
        fn iteration() { }
        "#;
    let vus = |output: crate::support::bin::Output| {
        output.expect_code(0);
        let options = &output.expect_result()["options"];
        (
            options["vus"].as_u64().unwrap(),
            options["iterations"].as_u64().unwrap(),
            options["user_agent"].as_str().map(str::to_owned),
        )
    };
    let toml = "vus = 1\nuser_agent = \"from the file\"\n";
    let file = Some("from the file".to_owned());
    assert_eq!(vus(run_of(script).run()), (2, 4, None));
    assert_eq!(
        vus(run_of(script).file("rhaid.toml", toml).run()),
        (2, 4, file.clone())
    );
    assert_eq!(
        vus(run_of(script)
            .file("rhaid.toml", toml)
            .env("RHAID_VUS", "3")
            .run()),
        (3, 4, file.clone())
    );
    assert_eq!(
        vus(run_of(script)
            .file("rhaid.toml", toml)
            .env("RHAID_VUS", "3")
            .env("RHAID_ITERATIONS", "9")
            .args(["--vus", "4"])
            .run()),
        (4, 9, file)
    );
}

#[test]
fn the_number_of_workers_can_be_chosen() {
    let output = run_of("fn iteration() { }")
        .args(["--workers", "3", "--vus", "7"])
        .run();
    output.expect_code(0);
    assert_eq!(output.expect_result()["run"]["machine"]["workers"], 3);
    assert_eq!(output.expect_result()["generator"]["workers"], 3);
    assert_eq!(output.count("iterations"), 7);
    run_of("fn iteration() { }")
        .args(["--workers", "0"])
        .run()
        .expect_code(64);
}

#[test]
fn variables_of_the_command_line_win_over_those_of_the_process() {
    let output =
        run_of(r#"fn iteration() { log::info(`${env("A")} ${env("B")} ${env("C", "none")}`); }"#)
            .env("A", "process")
            .env("B", "process")
            .args(["--env", "B=flag", "-e", "C=x=y"])
            .run();
    output.expect_code(0);
    assert_eq!(output.logged(), ["process flag x=y"]);
}

#[test]
fn the_same_seed_makes_the_same_choices() {
    let choices = |seed: &str| {
        let output = run_of(
            r#"
            export const options = #{ scenarios: #{
                a: #{ executor: "per-vu-iterations", vus: 3, iterations: 2 },
            } };
            fn iteration(ctx) { log::info(`${ctx.vu} ${ctx.iteration} ${random::int(0, 1000000)} ${random::uuid()}`); }
            "#,
        )
        .args(["--seed", seed, "--workers", "2"])
        .run();
        output.expect_code(0);
        assert_eq!(output.expect_result()["run"]["seed"].to_string(), seed);
        output.logged()
    };
    let first = choices("7");
    assert_eq!(first, choices("7"));
    assert_ne!(first, choices("8"));
    let mut drawn: Vec<&str> = first
        .iter()
        .filter_map(|line| line.split(' ').nth(3))
        .collect();
    drawn.dedup();
    assert_eq!(
        drawn.len(),
        6,
        "users and iterations draw their own numbers: {first:?}"
    );
}

#[test]
fn objectives_about_scenarios_that_were_not_chosen_are_left_out_and_it_is_said() {
    let output = run_of(
        r#"
        export const options = #{
            scenarios: #{
                day: #{ executor: "per-vu-iterations", exec: "work" },
                night: #{ executor: "per-vu-iterations", exec: "work" },
            },
            slos: #{
                "iterations{scenario:day}": "count > 0",
                "iterations{scenario:night}": "count > 0",
                "iterations{scenario:!day}": "count > 0",
                "iterations": "count > 0",
            },
        };
        fn work() { }
        "#,
    )
    .args(["--scenario", "day"])
    .run();
    output.expect_code(0);
    let slos = output.expect_result()["slos"].as_array().unwrap();
    let judged: Vec<_> = slos
        .iter()
        .map(|slo| slo["metric"].as_str().unwrap())
        .collect();
    assert_eq!(judged.len(), 2, "{slos:?}");
    output.expect_text(
        "not judged, for its scenario was not chosen: iterations{scenario:night}: count > 0",
    );
}

#[test]
fn a_chosen_scenario_does_not_wait_for_one_that_was_not() {
    let script = r#"
        export const options = #{ scenarios: #{
            warm_up: #{ executor: "constant-vus", exec: "work", duration: "5m" },
            measured: #{ executor: "per-vu-iterations", exec: "work", after: "warm_up" },
        } };
        fn work() { }
        "#;
    let output = run_of(script).args(["--scenario", "measured"]).run();
    output.expect_code(0);
    assert_eq!(output.count("iterations"), 1);
    // One that there is not at all is a mistake all the same.
    let output = run_of(&script.replace("after: \"warm_up\"", "after: \"warmup\""))
        .args(["--scenario", "measured"])
        .run();
    output.expect_code(65);
    output.expect_text("there is no scenario `warmup`");
}
