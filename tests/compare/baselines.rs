//! Baselines: kept, listed, shown, replaced; and files of them that are broken.

use std::fs;

use serde_json::Value;

use crate::{pair, rhaid, text, with_pair};

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
