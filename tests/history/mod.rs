//! `rhaid history`: runs are recorded at their end, whatever happens around them, and read again.

use std::fs;
use std::path::Path;

use crate::support::bin::{Output, Rhaid};
use serde_json::Value;

const HISTORY: &str = ".rhaid/history.db";
const SCRIPT: &str = r#"
    export const options = #{ iterations: 3, vus: 1 };
    fn iteration() {
        http::get(`${env("BASE_URL")}/health/live`, #{ name: "health" });
        metrics::counter("rooms_booked").add(2);
    }
"#;

fn rhaid() -> Rhaid {
    Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
}

/// A short run in a folder of its own; what it records goes to the project there.
fn journey() -> Rhaid {
    rhaid().script(SCRIPT).args(["--demo", "--workers", "1"])
}

/// `rhaid history …` about the history of a finished run.
fn history(of: &Path, arguments: &[&str]) -> Output {
    let (first, rest) = arguments.split_at(usize::from(
        arguments
            .first()
            .is_some_and(|first| !first.starts_with('-')),
    ));
    let file = of.join(HISTORY);
    rhaid()
        .arg("history")
        .args(first)
        .args(rest)
        .arg("--file")
        .arg(file)
        .run()
}

fn ids(of: &Path) -> Vec<String> {
    let output = history(of, &["--format", "json"]);
    output.expect_code(0);
    let runs: Vec<Value> = serde_json::from_str(&output.stdout).unwrap();
    runs.iter()
        .map(|run| run["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_run_is_in_the_history_with_its_own_metrics() {
    let output = journey().run();
    output.expect_code(0);
    let folder = output.dir.path();
    assert_eq!(
        ids(folder),
        [output.expect_result()["run"]["id"].as_str().unwrap()]
    );
    assert_eq!(
        fs::read_to_string(folder.join(".rhaid/.gitignore")).unwrap(),
        "*\n"
    );
    let list = history(folder, &[]);
    list.expect_code(0)
        .expect_text("script.rhai")
        .expect_text("pass (0)");
    let trend = history(folder, &["trend", "rooms_booked", "--statistic", "count"]);
    trend
        .expect_code(0)
        .expect_text("rooms_booked count over 1 runs")
        .expect_text("latest 6");
    let endpoint = history(
        folder,
        &["trend", "http_req_duration", "--endpoint", "GET health"],
    );
    endpoint
        .expect_code(0)
        .expect_text("of GET health over 1 runs");
    let wrong = history(folder, &["trend", "rooms_boked"]);
    wrong
        .expect_code(64)
        .expect_text("did you mean `rooms_booked`?");
    let csv = history(folder, &["export", "--csv", "-"]);
    csv.expect_code(0)
        .expect_text("run,started_at,script,")
        .expect_text("rooms_booked,,count,6");
    let none = history(folder, &["--script", "elsewhere"]);
    none.expect_code(0).expect_text("there is no such run");
    history(folder, &["prune", "--keep", "0"])
        .expect_code(0)
        .expect_text("1 run forgotten");
    assert!(ids(folder).is_empty());
}

#[test]
#[cfg(feature = "parquet")]
fn the_same_rows_are_written_as_parquet() {
    let output = journey().run();
    output.expect_code(0);
    let folder = output.dir.path();
    let file = folder.join("runs.parquet");
    let arguments = ["export", "--csv", "-", "--parquet", &file.to_string_lossy()];
    let both = history(folder, &arguments);
    both.expect_code(0).expect_text("run,started_at,script,");
    let reader = parquet::file::reader::SerializedFileReader::try_from(file.as_path()).unwrap();
    let rows: Vec<String> = reader
        .into_iter()
        .map(|row| row.unwrap().to_string())
        .collect();
    assert_eq!(rows.len(), both.stdout.lines().count() - 1);
    let booked = rows.iter().find(|row| row.contains("\"rooms_booked\""));
    assert!(booked.unwrap().contains("endpoint: null"), "{booked:?}");
    let streamed = history(folder, &["export", "--parquet", "-"]);
    streamed.expect_code(0);
    assert!(streamed.stdout.starts_with("PAR1"));
    history(folder, &["export"])
        .expect_code(64)
        .expect_text("--csv");
}

#[test]
#[cfg(not(feature = "parquet"))]
fn without_the_feature_parquet_is_told_how_to_be_had() {
    let output = journey().run();
    output.expect_code(0);
    let folder = output.dir.path();
    let file = folder.join("runs.parquet");
    history(folder, &["export", "--parquet", &file.to_string_lossy()])
        .expect_code(64)
        .expect_text("cargo build --release --features parquet");
    assert!(!file.exists());
}

#[test]
fn no_name_in_a_table_is_a_formula_or_a_command_to_the_terminal() {
    let script = SCRIPT.replace("name: \"health\"", "name: \"a\\u001b[2J, \\\"b\\\"\"");
    let output = rhaid()
        .file("=1+cmd.rhai", script)
        .args(["run", "=1+cmd.rhai", "--demo", "--workers", "1"])
        .run();
    output.expect_code(0);
    let csv = history(output.dir.path(), &["export", "--csv", "-"]);
    csv.expect_code(0)
        .expect_text(",'=1+cmd.rhai,")
        .expect_text(",\"GET a\u{fffd}[2J, \"\"b\"\"\",");
    assert!(!csv.stdout.contains('\u{1b}'), "{csv}");
}

#[test]
fn a_history_that_another_process_holds_harms_no_run() {
    let first = journey().run();
    first.expect_code(0);
    let folder = first.dir.path();
    let held = rusqlite::Connection::open(folder.join(HISTORY)).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    let second = rhaid()
        .arg("run")
        .arg(folder.join("script.rhai"))
        .args(["--demo", "--workers", "1", "--result", "second.json"])
        .run();
    second.expect_code(0);
    assert!(
        second.stderr.contains("this run is not in the history")
            && second.stderr.contains("locked by another process"),
        "{second}"
    );
    let result = second.expect_result();
    assert_eq!(result["verdict"]["status"], "pass");
    assert_eq!(result["checks"].as_array().map(Vec::len), Some(0));
    let requests = result["metrics"].as_array().unwrap().iter();
    let requests = requests
        .filter(|metric| metric["name"] == "http_reqs")
        .count();
    assert_eq!(requests, 1, "the result is not whole: {second}");
    held.execute_batch("ROLLBACK").unwrap();
    assert_eq!(ids(folder).len(), 1);
}

#[test]
fn a_run_can_be_left_out() {
    let output = journey().arg("--no-history").run();
    output.expect_code(0);
    assert!(!output.path(".rhaid").exists());
    let list = history(output.dir.path(), &[]);
    list.expect_code(66)
        .expect_text("`rhaid run` records each run there");
}

#[test]
fn runs_that_end_at_once_are_all_recorded() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rhaid.toml"), "").unwrap();
    let script = folder.path().join("journey.rhai");
    fs::write(&script, SCRIPT).unwrap();
    let start = || {
        rhaid()
            .arg("run")
            .arg(&script)
            .args(["--demo", "--workers", "1", "--quiet"])
            .spawn()
    };
    let running: Vec<_> = (0..4).map(|_| start()).collect();
    for run in running {
        let output = run.wait();
        output.expect_code(0);
        assert!(!output.stderr.contains("warning"), "{output}");
    }
    assert_eq!(ids(folder.path()).len(), 4);
}

#[test]
fn a_run_that_is_killed_leaves_the_history_whole() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rhaid.toml"), "").unwrap();
    let script = folder.path().join("journey.rhai");
    fs::write(&script, SCRIPT).unwrap();
    let start = || {
        rhaid()
            .arg("run")
            .arg(&script)
            .args(["--demo", "--workers", "1", "--quiet"])
            .spawn()
    };
    start().wait().expect_code(0);
    for delay in [0, 20, 60, 120, 200] {
        let running = start();
        // The moment does not matter: some are killed before, some after, and perhaps one amid recording.
        std::thread::sleep(std::time::Duration::from_millis(delay));
        running.signal("KILL");
        running.wait();
    }
    start().wait().expect_code(0);
    let recorded = ids(folder.path());
    assert!(recorded.len() >= 2, "{recorded:?}");
    let trend = history(
        folder.path(),
        &["trend", "rooms_booked", "--format", "json"],
    );
    let trend: Value = serde_json::from_str(&trend.stdout).unwrap();
    assert_eq!(
        trend["points"].as_array().unwrap().len(),
        recorded.len(),
        "a run is there by half"
    );
}

#[test]
fn a_history_that_is_broken_is_told_and_costs_no_run_its_result() {
    let output = journey()
        .file(HISTORY, "this is no database, but a text of some length")
        .run();
    output
        .expect_code(0)
        .expect_text("warning: this run is not in the history")
        .expect_text("is damaged");
    assert_eq!(output.expect_result()["verdict"]["exit_code"], 0);
    let list = history(output.dir.path(), &[]);
    list.expect_code(65)
        .expect_text("add `.broken` to its name");
    let folder = journey().file(&format!("{HISTORY}/x"), "").run();
    folder
        .expect_code(0)
        .expect_text("warning: this run is not in the history");
}
