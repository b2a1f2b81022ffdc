//! Two files, compared: the table, the JSON, the exit codes, and files that are no results.

use rhaid::result::{AbortedBy, Outcome};
use serde_json::Value;

use crate::compare::{pair, rhaid, text, with_pair};
use crate::support::golden;

#[test]
fn what_changed_is_shown_with_how_sure_it_is() {
    let output = with_pair(1.2, &["compare", "a.json", "b.json"]).run();
    output.expect_code(0);
    golden::hold("compare", "slower", &output.stdout);
    let output = with_pair(1.2, &["compare", "b.json", "a.json"]).run();
    output.expect_code(0).expect_text("BETTER");
}

#[test]
fn runs_of_the_same_thing_are_called_the_same() {
    let output = with_pair(1.0, &["compare", "a.json", "b.json"]).run();
    output.expect_code(0);
    golden::hold("compare", "same", &output.stdout);
    let all = with_pair(1.0, &["compare", "a.json", "b.json", "--all"]).run();
    assert!(
        all.stdout.lines().count() > output.stdout.lines().count(),
        "{all}"
    );
}

#[test]
fn a_regression_ends_with_one_and_strictly_with_two() {
    let gate = [
        "compare",
        "a.json",
        "b.json",
        "--quiet",
        "--fail-on-regression",
        "5%",
    ];
    let output = with_pair(1.2, &gate).run();
    output
        .expect_code(1)
        .expect_text("regression: http_req_duration med is worse than in a.json");
    assert_eq!(output.stdout, "", "{output}");
    with_pair(1.2, &gate).arg("--strict").run().expect_code(2);
    with_pair(1.0, &gate).run().expect_code(0);
    // What got faster is none, and neither is what is slower by less than is allowed.
    with_pair(0.8, &gate).run().expect_code(0);
    let lenient = ["compare", "a.json", "b.json", "--fail-on-regression", "60%"];
    with_pair(1.2, &lenient).run().expect_code(0);
}

#[test]
fn a_run_that_was_aborted_cannot_pass_the_gate() {
    let (before, mut after) = pair(1.0);
    after.run.outcome = Outcome::Aborted {
        by: AbortedBy::Slo,
        reason: "`http_req_failed rate < 1%` was past its target".to_owned(),
    };
    let compared = |arguments: &[&str]| {
        rhaid()
            .file("a.json", text(&before))
            .file("b.json", text(&after))
            .args(["compare", "a.json", "b.json", "--quiet"])
            .args(arguments)
            .run()
    };
    compared(&[]).expect_code(0);
    compared(&["--fail-on-regression", "5%"])
        .expect_code(1)
        .expect_text("regression: `b.json` was aborted: `http_req_failed rate < 1%`");
}

#[test]
fn json_has_every_row_with_its_figures() {
    let output = with_pair(
        1.2,
        &["compare", "a.json", "b.json", "--format", "json", "--quiet"],
    )
    .run();
    output.expect_code(0);
    let comparison: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(comparison["verdict"], "worse");
    assert_eq!(comparison["method"]["paired"], true);
    let median = &comparison["rows"][0];
    assert_eq!(
        (median["metric"].as_str(), median["statistic"].as_str()),
        (Some("http_req_duration"), Some("med"))
    );
    let relative = median["relative"].as_f64().unwrap();
    assert!((0.1..0.3).contains(&relative), "{median}");
    assert!(
        median["effect"]["superiority"].as_f64().unwrap() > 0.55,
        "{median}"
    );
    let low = median["interval"]["low"].as_f64().unwrap();
    assert!(
        low > 0.0 && low < median["change"].as_f64().unwrap(),
        "{median}"
    );
}

#[test]
fn another_tools_summary_is_compared_but_not_judged() {
    let (before, mut after) = pair(1.2);
    after.tool.name = "k6".to_owned();
    after.intervals = Default::default();
    for metric in &mut after.metrics {
        if let rhaid::result::MetricValues::Trend { histogram, .. } = &mut metric.total {
            *histogram = None;
        }
    }
    let files = rhaid()
        .file("a.json", text(&before))
        .file("b.json", text(&after));
    let output = files
        .args(["compare", "a.json", "b.json", "--fail-on-regression", "5%"])
        .run();
    output.expect_code(0);
    golden::hold("compare", "summary", &output.stdout);
}

#[test]
fn what_is_no_result_is_told_apart() {
    let (before, _) = pair(1.0);
    let whole = text(&before);
    let cases: [(&str, &str, i32); 5] = [
        (&whole[..whole.len() / 2], "is cut off", 65),
        ("", "is empty", 65),
        ("<html>", "b.json", 65),
        (
            r#"{"version": 7, "tool": {"name": "rhaid"}, "run": {}, "verdict": {}}"#,
            "has version 7",
            65,
        ),
        (r#"{"weather": "fine"}"#, "b.json", 65),
    ];
    for (content, message, code) in cases {
        let files = rhaid().file("a.json", &whole).file("b.json", content);
        let output = files.args(["compare", "a.json", "b.json"]).run();
        output.expect_code(code).expect_text(message);
    }
    let output = rhaid()
        .file("a.json", &whole)
        .args(["compare", "a.json", "c.json"])
        .run();
    output.expect_code(66).expect_text("c.json");
    let output = rhaid()
        .file("a.json", &whole)
        .args(["compare", "load", "a.json"])
        .run();
    output
        .expect_code(66)
        .expect_text("`load` is neither a file nor a baseline");
}

#[test]
fn a_histogram_with_other_bounds_and_no_samples_break_nothing() {
    let (before, mut after) = pair(1.0);
    for metric in &mut after.metrics {
        if let rhaid::result::MetricValues::Trend { summary, histogram } = &mut metric.total {
            *summary = Default::default();
            *histogram = Some("HISTFAAA".to_owned());
        }
    }
    let files = rhaid()
        .file("a.json", text(&before))
        .file("b.json", text(&after));
    let output = files.args(["compare", "a.json", "b.json"]).run();
    output
        .expect_code(0)
        .expect_text("CANNOT TELL")
        .expect_text("only the run before has it");
}

#[test]
fn a_run_beside_itself_is_said_to_be_the_same_run() {
    for arguments in [
        ["compare", "a.json", "a.json"],
        ["compare", "a.json", "./a.json"],
    ] {
        let output = with_pair(1.0, &arguments).run();
        output.expect_code(0).expect_text("one and the same run");
        assert!(!output.stdout.contains("CANNOT TELL"), "{output}");
    }
    // A summary has no name of its own; the file tells it.
    let wrk = include_str!("../validate/data/wrk.txt");
    let output = rhaid()
        .file("wrk.txt", wrk)
        .args(["compare", "wrk.txt", "wrk.txt"])
        .run();
    output.expect_code(0).expect_text("one and the same run");
    let output = with_pair(1.0, &["compare", "a.json", "b.json"]).run();
    assert!(!output.stdout.contains("the same run"), "{output}");
}
