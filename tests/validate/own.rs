//! Results of our own.

use crate::support::bin::Output;
use crate::validate::{hold, json, rhaid, slo};

const SCRIPT: &str = r#"
export const options = #{
    iterations: 40, vus: 2,
    slos: #{
        "checks": [#{ target: "rate > 90%", priority: "P0" }],
        "booking": [#{ target: "p(95) < 99", warn: "p(95) < 50" }, #{ target: "max < 1000", over: "1s" }],
        "booking{kind:slow}": ["avg < 500"],
    },
};
fn iteration(ctx) {
    metrics::trend("booking").add(ctx.iteration % 20, #{ kind: if ctx.iteration % 2 == 0 { "slow" } else { "fast" } });
    check(ctx.iteration, #{ "counts": |i| i >= 0 });
}
"#;

/// A run, and its result.
fn ran(script: &str) -> (Output, String) {
    let output = rhaid(["run", "script.rhai", "--quiet"])
        .file("script.rhai", script)
        .run();
    let text =
        std::fs::read_to_string(output.path("result.json")).unwrap_or_else(|_| panic!("{output}"));
    (output, text)
}

#[test]
fn a_result_is_judged_as_it_was_when_it_was_made() {
    let (run, text) = ran(SCRIPT);
    let recorded: serde_json::Value = serde_json::from_str(&text).unwrap();
    let (judged, output) = json(rhaid(["validate", "r.json"]).file("r.json", &text));
    output.expect_code(run.code);
    assert_eq!(judged["verdict"]["status"], recorded["verdict"]["status"]);
    let (new, old) = (
        judged["slos"].as_array().unwrap(),
        recorded["slos"].as_array().unwrap(),
    );
    assert_eq!(new.len(), old.len());
    for (new, old) in new.iter().zip(old) {
        for key in ["metric", "target", "status", "actual_text", "priority"] {
            assert_eq!(new[key], old[key], "{new:#}");
        }
        let basis = if old["over"].is_null() {
            "measured"
        } else {
            "recorded"
        };
        assert_eq!(new["basis"], basis, "{new:#}");
    }
}

#[test]
fn other_objectives_take_the_place_of_its_own() {
    let (_, text) = ran(SCRIPT);
    let slos = "[slos]\n\"booking{kind:s*}\" = [{ target = \"max < 5\", priority = \"P0\" }]\nchecks = \"rate > 10%\"\n";
    let (judged, output) = json(
        rhaid(["validate", "r.json", "--slo", "slo.toml"])
            .file("r.json", &text)
            .file("slo.toml", slos),
    );
    output.expect_code(2);
    assert_eq!(judged["slos"].as_array().unwrap().len(), 2);
    assert_eq!(
        slo(&judged, "booking{kind:s*}", "max < 5")["status"],
        "CRITICAL"
    );
    // Histograms of several tag sets add up exactly.
    assert_eq!(slo(&judged, "booking{kind:s*}", "max < 5")["actual"], 18.0);
}

#[test]
fn a_run_whose_script_threw_stays_blocked_whatever_is_asked_of_it() {
    let (run, text) = ran(
        "export const options = #{ iterations: 3 };\nfn iteration(ctx) { if ctx.iteration == 0 { throw \"no\"; } check(true, \"fine\"); }\n",
    );
    run.expect_code(2);
    let (judged, output) = json(
        rhaid(["validate", "r.json", "--slo", "slo.toml"])
            .file("r.json", &text)
            .file("slo.toml", "[slos]\nchecks = \"rate > 10%\"\n"),
    );
    output.expect_code(2);
    assert!(
        judged["verdict"]["reasons"][0]
            .as_str()
            .unwrap()
            .contains("script error"),
        "{judged:#}"
    );

    // Unless the objectives say how many are too many.
    let slos = "[slos]\niteration_errors = \"count < 5\"\n";
    let (_, output) = json(
        rhaid(["validate", "r.json", "--slo", "slo.toml"])
            .file("r.json", &text)
            .file("slo.toml", slos),
    );
    output.expect_code(0);
}

#[test]
fn a_failed_teardown_is_not_forgotten() {
    let (run, text) = ran(
        "export const options = #{ iterations: 1, slos: #{ \"checks\": [\"rate > 1%\"] } };\nfn iteration() { check(true, \"fine\"); }\nfn teardown() { throw \"left a mess\"; }\n",
    );
    run.expect_code(2);
    let (judged, output) = json(rhaid(["validate", "r.json"]).file("r.json", &text));
    output.expect_code(2);
    assert!(
        judged["verdict"]["reasons"]
            .to_string()
            .contains("teardown"),
        "{judged:#}"
    );
}

#[test]
fn an_interrupted_run_is_no_green_light() {
    let (_, text) = ran(SCRIPT);
    let mut result: serde_json::Value = serde_json::from_str(&text).unwrap();
    result["run"]["outcome"] = serde_json::json!({ "kind": "interrupted" });
    let output = rhaid(["validate", "r.json", "--quiet"])
        .file("r.json", result.to_string())
        .run();
    output.expect_code(2);
    assert!(
        output.stdout.is_empty() && output.stderr.contains("interrupted"),
        "{output}"
    );
}

#[test]
fn strict_makes_a_block_of_a_review() {
    let (_, text) = ran(SCRIPT);
    let slos = "[slos]\nchecks = [{ target = \"rate > 10%\", warn = \"rate > 100%\" }]\n";
    for (args, code) in [(&[][..], 0), (&["--strict"][..], 0)] {
        let loose = "[slos]\nchecks = [{ target = \"rate > 10%\", warn = \"rate > 90%\" }]\n";
        let command = rhaid(["validate", "r.json", "--slo", "slo.toml"]).args(args);
        command
            .file("r.json", &text)
            .file("slo.toml", loose)
            .run()
            .expect_code(code);
    }
    for (args, code) in [(&[][..], 1), (&["--strict"][..], 2)] {
        let command = rhaid(["validate", "r.json", "--slo", "slo.toml"]).args(args);
        command
            .file("r.json", &text)
            .file("slo.toml", slos)
            .run()
            .expect_code(code);
    }
}

#[test]
fn a_result_with_a_broken_part_is_refused_with_what_is_wrong() {
    let (_, text) = ran(SCRIPT);
    let whole: serde_json::Value = serde_json::from_str(&text).unwrap();
    let broken = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut result = whole.clone();
        change(&mut result);
        rhaid(["validate", "r.json"]).file("r.json", result.to_string())
    };
    let metric = |result: &mut serde_json::Value, name: &str| {
        let metrics = result["metrics"].as_array().unwrap();
        metrics
            .iter()
            .position(|metric| metric["name"] == name)
            .unwrap()
    };
    hold(
        "wrong-truncated",
        rhaid(["validate", "r.json"]).file(
            "r.json",
            "{\n  \"version\": 1,\n  \"tool\": {\"name\": \"rhaid\"},\n  \"run\": {",
        ),
        65,
    );
    hold(
        "wrong-version",
        broken(&|result| result["version"] = 7.into()),
        65,
    );
    hold(
        "wrong-histogram",
        broken(&|result| {
            let at = metric(result, "booking");
            result["metrics"][at]["total"]["histogram"] = "HISTFAAAAA==".into();
        }),
        65,
    );
    hold(
        "wrong-rate",
        broken(&|result| {
            let at = metric(result, "checks");
            result["metrics"][at]["total"]["passes"] = 99_999.into();
        }),
        65,
    );
    hold(
        "wrong-negative",
        broken(&|result| {
            let at = metric(result, "iteration_duration");
            result["metrics"][at]["total"]["min"] = (-1.5).into();
        }),
        65,
    );
}
