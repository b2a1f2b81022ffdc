//! Baselines: kept, listed, shown, replaced; and files of them that are broken.

use std::fs;

use serde_json::Value;

use crate::compare::{pair, rhaid, text, with_pair};
use crate::support::bin::Rhaid;
use crate::support::made_runs::{Course, run};

const FILE: &str = ".performance/baseline.json";

/// The file of baselines after saving `a.json`.
fn saved() -> String {
    let output = with_pair(1.0, &["baseline", "save", "a.json"]).run();
    output
        .expect_code(0)
        .expect_text("kept baseline `load` of branch main");
    fs::read_to_string(output.path(FILE)).unwrap()
}

#[test]
fn a_saved_run_is_listed_shown_and_compared_with() {
    let file = saved();
    let at = |arguments: &[&str]| with_pair(1.2, arguments).file(FILE, &file).run();
    let list = at(&["baseline", "list"]);
    list.expect_code(0);
    let columns: Vec<&str> = list
        .stdout
        .lines()
        .nth(1)
        .unwrap()
        .split_whitespace()
        .collect();
    assert_eq!(
        (columns[0], columns[1], columns[3]),
        ("load", "main", "3b18e512"),
        "{list}"
    );
    at(&["baseline", "show", "load"])
        .expect_code(0)
        .expect_text("scripts/load.rhai");
    let shown = at(&["baseline", "show", "load", "--format", "json"]);
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(shown["run"]["id"], "20260301-090507-4f2a");
    for name in ["load", "baseline:load"] {
        let gate = at(&["compare", name, "b.json", "--fail-on-regression", "5%"]);
        gate.expect_code(1)
            .expect_text("WORSE")
            .expect_text("baseline `load` of branch main");
    }
    let json = at(&["baseline", "list", "--format", "json"]);
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json[0]["name"], "load");
}

#[test]
fn the_file_is_made_for_reviews() {
    let file = saved();
    let longest = file.lines().map(str::len).max().unwrap();
    assert!(file.lines().count() < 400, "{} lines", file.lines().count());
    assert!(
        file.len() < 60_000 && longest < 3_000,
        "{} bytes, {longest}",
        file.len()
    );
    let again = saved();
    let same = again.replace(&moment(&again), &moment(&file)) == file;
    assert!(same, "the same run makes another file");
}

/// When the baseline was saved.
fn moment(file: &str) -> String {
    let document: Value = serde_json::from_str(file).unwrap();
    document["baselines"][0]["saved_at"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn nothing_is_replaced_unasked() {
    let file = saved();
    let at = |arguments: &[&str]| with_pair(1.2, arguments).file(FILE, &file).run();
    let output = at(&["baseline", "save", "b.json"]);
    output
        .expect_code(64)
        .expect_text("rhaid baseline promote b.json");
    assert_eq!(fs::read_to_string(output.path(FILE)).unwrap(), file);
    let output = at(&["baseline", "promote", "b.json", "--note", "new pool"]);
    output.expect_code(0).expect_text("it takes the place of");
    let now: Value = serde_json::from_str(&fs::read_to_string(output.path(FILE)).unwrap()).unwrap();
    assert_eq!(
        now["baselines"][0]["result"]["run"]["id"],
        "20260302-101112-77aa"
    );
    assert_eq!(now["baselines"][0]["note"], "new pool");
    let output = at(&["baseline", "save", "b.json", "--name", "other"]);
    let now: Value = serde_json::from_str(&fs::read_to_string(output.path(FILE)).unwrap()).unwrap();
    assert_eq!(now["baselines"].as_array().unwrap().len(), 2);
}

#[test]
fn a_run_that_did_not_pass_is_no_baseline_unless_forced() {
    let (mut failed, _) = pair(1.0);
    failed.verdict.exit_code = 2;
    let at = |arguments: &[&str]| rhaid().file("a.json", text(&failed)).args(arguments).run();
    at(&["baseline", "save", "a.json"])
        .expect_code(64)
        .expect_text("exit code 2");
    at(&["baseline", "save", "a.json", "--force"]).expect_code(0);
}

#[test]
fn a_baseline_is_replaced_after_so_many_clean_comparisons_in_a_row() {
    let mut file = saved();
    for (round, expected) in [
        "1 of 3 clean runs",
        "2 of 3 clean runs",
        "this run takes its place",
    ]
    .iter()
    .enumerate()
    {
        let (_, mut after) = pair(1.0);
        after.run.id = format!("run {round}");
        let output = rhaid()
            .file(FILE, &file)
            .file("b.json", text(&after))
            .args(["compare", "load", "b.json", "--promote-after", "3"])
            .run();
        output.expect_code(0).expect_text(expected);
        file = fs::read_to_string(output.path(FILE)).unwrap();
    }
    assert!(file.contains("\"run 2\""));
    let output = with_pair(1.2, &["compare", "load", "b.json", "--promote-after", "1"])
        .file(FILE, &file)
        .run();
    output.expect_code(0);
    assert!(
        fs::read_to_string(output.path(FILE))
            .unwrap()
            .contains("\"run 2\""),
        "a worse run took its place"
    );
}

/// Runs of the same thing on days of which some are slow, as `1.json` and so on.
fn on_several_days(arguments: &[&str]) -> Rhaid {
    let mut command = rhaid();
    for (day, slower) in [1.0, 1.1, 0.93, 1.06, 0.97].iter().enumerate() {
        let course = Course {
            median: Course::PLAIN.median * slower,
            ..Course::PLAIN
        };
        let run = run(&course, day as u64 + 10);
        command = command.file(&format!("{}.json", day + 1), text(&run));
    }
    command.args(arguments)
}

#[test]
fn a_baseline_of_several_runs_allows_for_how_much_they_differ() {
    let against = |arguments: &[&str], slower: f64| -> Value {
        let saved = on_several_days(arguments).run();
        saved.expect_code(0);
        let compare = ["compare", "load", "b.json", "--format", "json"];
        let output = with_pair(slower, &compare)
            .file(FILE, fs::read_to_string(saved.path(FILE)).unwrap())
            .run();
        output.expect_code(0);
        serde_json::from_str(&output.stdout).unwrap()
    };
    let median = |comparison: &Value| comparison["rows"][0].clone();
    let one = against(&["baseline", "save", "5.json"], 1.07);
    assert_eq!(median(&one)["verdict"], "worse", "{one:#}");
    assert!(one["method"].get("earlier_runs").is_none());
    let all = [
        "baseline", "save", "1.json", "2.json", "3.json", "4.json", "5.json",
    ];
    let several = against(&all, 1.07);
    let row = median(&several);
    assert_eq!(row["metric"], "http_req_duration");
    assert_eq!(row["verdict"], "cannot_tell", "{row:#}");
    assert!(row["reason"].as_str().unwrap().contains("own runs differ"));
    let strays = row["between_runs"].as_f64().unwrap();
    assert!((0.04..0.10).contains(&strays), "{strays}");
    assert_eq!(several["method"]["earlier_runs"], 5);
    // What is far beyond that is found all the same.
    assert_eq!(median(&against(&all, 2.0))["verdict"], "worse");

    let saved = on_several_days(&all).run();
    saved.expect_text("kept baseline `load` of branch main");
    let file = fs::read_to_string(saved.path(FILE)).unwrap();
    let at = |arguments: &[&str]| with_pair(1.07, arguments).file(FILE, &file).run();
    at(&["baseline", "show", "load"])
        .expect_code(0)
        .expect_text("knows     what 5 runs came to");
    at(&["compare", "load", "b.json"])
        .expect_code(0)
        .expect_text("remembers 5 runs");
    let longest = file.lines().map(str::len).max().unwrap();
    assert!(file.lines().count() < 450 && longest < 3_000, "{longest}");
}

#[test]
fn a_run_that_did_something_else_says_nothing_about_how_much_runs_differ() {
    let (first, mut other) = pair(1.0);
    other.options["scenarios"]["guests"]["rate"] = 900.into();
    let output = rhaid()
        .file("a.json", text(&first))
        .file("b.json", text(&other))
        .args(["baseline", "save", "b.json", "a.json"])
        .run();
    output
        .expect_code(64)
        .expect_text("the run in `b.json` did something else than the one in `a.json`");
    // Nor does it when clean runs are counted.
    let output = rhaid()
        .file(FILE, saved())
        .file("b.json", text(&other))
        .args(["compare", "load", "b.json", "--promote-after", "5"])
        .run();
    output.expect_code(0).expect_text("1 of 5 clean runs");
    assert!(
        !fs::read_to_string(output.path(FILE))
            .unwrap()
            .contains("\"variation\"")
    );
    let list = with_pair(1.0, &["compare", "load", "b.json", "--promote-after", "5"])
        .file(FILE, saved())
        .run();
    let file: Value = serde_json::from_str(&fs::read_to_string(list.path(FILE)).unwrap()).unwrap();
    let remembered = file["baselines"][0]["variation"]["runs"]
        .as_array()
        .unwrap();
    assert_eq!(
        remembered.len(),
        2,
        "the baseline's own run and the clean one"
    );
}

#[test]
fn a_file_of_baselines_that_is_broken_stays_as_it_is() {
    let file = saved();
    let cases = [
        (&file[..file.len() / 2], "is cut off"),
        (r#"{"version": 3, "baselines": []}"#, "has version 3"),
        ("[]", "is no file of baselines"),
    ];
    for (content, message) in cases {
        let output = with_pair(1.0, &["baseline", "save", "b.json"])
            .file(FILE, content)
            .run();
        output.expect_code(65).expect_text(message);
        assert_eq!(fs::read_to_string(output.path(FILE)).unwrap(), content);
    }
}

#[test]
fn where_nothing_can_be_written_it_says_so() {
    let output = with_pair(
        1.0,
        &["baseline", "save", "a.json", "--baseline-file", "/dev/full"],
    )
    .run();
    output.expect_code(65);
    let output = with_pair(
        1.0,
        &[
            "baseline",
            "save",
            "a.json",
            "--baseline-file",
            "/proc/none/baseline.json",
        ],
    )
    .run();
    output
        .expect_code(74)
        .expect_text("could not write the baselines");
    // A folder in the place of the file.
    let output = with_pair(1.0, &["baseline", "save", "a.json"])
        .file(".performance/baseline.json/x", "")
        .run();
    output
        .expect_code(65)
        .expect_text("could not read the baselines");
}

#[test]
fn a_name_that_is_not_there_gets_the_nearest_one() {
    let file = saved();
    let output = with_pair(1.0, &["compare", "baseline:laod", "b.json"])
        .file(FILE, &file)
        .run();
    output.expect_code(66).expect_text("did you mean `load`?");
    let output = with_pair(1.0, &["baseline", "show", "load"]).run();
    output
        .expect_code(66)
        .expect_text("rhaid baseline save RESULT --name load");
    let output = with_pair(1.0, &["baseline", "list"]).run();
    output.expect_code(0).expect_text("there is no baseline");
}

#[test]
fn nothing_of_a_baseline_is_a_command_to_the_terminal() {
    let file = saved().replacen(
        "\"saved_at\"",
        "\"note\": \"\\u001b[2Jowned\",\n      \"saved_at\"",
        1,
    );
    for arguments in [&["baseline", "show", "load"], &["baseline", "list"][..]] {
        let output = with_pair(1.0, arguments).file(FILE, &file).run();
        output.expect_code(0).expect_text("owned");
        assert!(!output.stdout.contains('\u{1b}'), "{output}");
    }
}
