//! Runs that end when they know enough, and searches for the highest rate that holds.

use serde_json::Value;

use crate::support::bin::Rhaid;
use crate::support::reading::run_of;

#[test]
fn a_run_ends_when_every_objective_is_known_well_enough() {
    let output = run_of(
        r#"
        export const options = #{ vus: 1, duration: "5m", slos: #{ "t": ["avg < 10"], "checks": ["rate > 99%"] } };
        fn iteration(ctx) {
            metrics::trend("t").add(5 + ctx.iteration % 2);
            check(true, "well");
            sleep("20ms");
        }
        "#,
    )
    .args(["--until-stable", "5%"])
    .run();
    output.expect_code(0);
    let result = output.expect_result();
    assert_eq!(result["run"]["outcome"]["kind"], "completed");
    let seconds = result["run"]["duration_seconds"].as_f64().unwrap();
    assert!((19.0..90.0).contains(&seconds), "{seconds}");
    let note = result["run"]["notes"][0].as_str().unwrap();
    let said = "before the end of the plan: the value of every objective was known to within 5.00%";
    assert!(note.contains(said), "{note}");
}

#[test]
fn a_run_without_objectives_has_nothing_to_know() {
    run_of("fn iteration() { }")
        .args(["--until-stable", "5%"])
        .run()
        .expect_code(64)
        .expect_text("this script has none");
    run_of("fn iteration() { }")
        .args(["--until-stable", "70%"])
        .run()
        .expect_code(64)
        .expect_text("a share above 0 and up to 50%");
}

/// Five users, each busy for 50 ms: a hundred iterations a second at most.
const LIMITED: &str = r#"
export const options = #{
    scenarios: #{ guests: #{ executor: "ramping-vus", exec: "visit", stages: [#{ duration: "1h", target: 3 }] } },
    slos: #{ "checks": ["rate > 99%"] },
};
fn visit() { check(true, "well"); sleep("50ms"); }
"#;

fn search(script: &str, args: &[&str]) -> crate::support::bin::Output {
    Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .file("script.rhai", script)
        .args(["search", "script.rhai", "--each", "1s", "--warm-up", "0s"])
        .args(["--rounds", "1", "--precision", "40%", "--max-vus", "5"])
        .args(args)
        .run()
}

#[test]
fn the_highest_rate_that_holds_is_found_and_drawn() {
    let output = search(
        LIMITED,
        &["--from", "5", "--to", "1000", "--out", "found.json"],
    );
    output
        .expect_code(0)
        .expect_text("All objectives hold up to about")
        .expect_text("found no free virtual user")
        .expect_text("RATE       P95  FAILED");
    let found: Value =
        serde_json::from_str(&std::fs::read_to_string(output.path("found.json")).unwrap()).unwrap();
    let rate = found["answer"]["rate"].as_f64().unwrap();
    assert!((5.0..=130.0).contains(&rate), "{found}");
    assert!(found["trials"].as_array().unwrap().len() >= 3, "{found}");
}

#[test]
fn a_rate_that_is_too_low_is_for_review() {
    search(
        LIMITED,
        &[
            "--from",
            "5",
            "--to",
            "10",
            "--at-least",
            "500/s",
            "--quiet",
        ],
    )
    .expect_code(1)
    .expect_text("the highest rate that was allowed (--to)")
    .expect_text("below the 500/s that were asked for");
    search(
        LIMITED,
        &[
            "--from",
            "5",
            "--to",
            "10",
            "--slo",
            "iterations: count > 1000000",
        ],
    )
    .expect_code(1)
    .expect_text("Not even 5.00/s holds.");
}

#[test]
fn a_search_that_cannot_be_made_says_why() {
    search("fn iteration() { }", &[])
        .expect_code(64)
        .expect_text("a search needs an objective");
    search(LIMITED, &["--from", "50", "--to", "10"])
        .expect_code(64)
        .expect_text("is above");
    search(LIMITED, &["--slo", "missing.toml"])
        .expect_code(66)
        .expect_text("missing.toml");
    search(LIMITED, &["--slo", "checks: rat > 99%"])
        .expect_code(64)
        .expect_text("--slo");
    search("export const options = #{ slos: #{ \"checks\": [\"rate > 1%\"] } };\nfn iteration() { throw \"no\"; }", &["--from", "5"])
        .expect_code(2)
        .expect_text("a trial could not be carried out");
}

#[test]
fn objectives_on_the_command_line_take_the_place_of_the_scripts() {
    let script = r#"
        export const options = #{ slos: #{ "checks": ["rate > 99%"] } };
        fn iteration() { check(false, "well"); }
    "#;
    run_of(script).run().expect_code(1);
    run_of(script)
        .args(["--slo", "checks: rate >= 0%"])
        .run()
        .expect_code(0);
    let with_file = run_of(script).file(
        "slo.toml",
        "[slos]\nchecks = [{ target = \"rate > 99%\", priority = \"P0\" }]\n",
    );
    with_file.args(["--slo", "slo.toml"]).run().expect_code(2);
}

#[test]
fn a_trial_too_short_to_tell_a_rate_is_refused() {
    let output = Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .file("script.rhai", "fn iteration() {}")
        .args(["search", "script.rhai", "--each", "1ms"])
        .run();
    output.expect_code(64);
    assert!(output.stderr.contains("write a second or more"), "{output}");
}
