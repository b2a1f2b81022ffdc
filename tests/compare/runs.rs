//! Runs held against a baseline.

use std::fs;

use crate::compare::{pair, rhaid, text};
use crate::support::bin::{Output, Rhaid};
use crate::support::made_runs::{self, Course};

const FILE: &str = ".performance/baseline.json";
const SCRIPT: &str = r#"
    export const options = #{ vus: 2, duration: "1s" };
    fn iteration() { http::get(`${env("BASE_URL")}/health/live`, #{ name: "endpoint 0" }); sleep(0.01); }
"#;

fn journey(arguments: &[&str]) -> Rhaid {
    rhaid()
        .script(SCRIPT)
        .args(["--demo", "--workers", "1"])
        .args(arguments)
}

fn saved() -> String {
    let (before, _) = pair(1.0);
    let output = rhaid()
        .file("a.json", text(&before))
        .args(["baseline", "save", "a.json"])
        .run();
    fs::read_to_string(output.path(FILE)).unwrap()
}

fn reasons(output: &Output) -> String {
    output.expect_result()["verdict"]["reasons"].to_string()
}

#[test]
fn a_run_shows_what_changed_against_its_baseline() {
    let output = journey(&[
        "--baseline",
        "load",
        "--fail-on-regression",
        "5%",
        "--report",
        "html=page.html,md=page.md,junit=page.xml",
    ])
    .file(FILE, saved())
    .run();
    // A second is too short to tell anything, and what cannot be told is no regression.
    output
        .expect_code(0)
        .expect_text("Against baseline `load`")
        .expect_text("Different beside the figures");
    assert_eq!(reasons(&output), "[]");
    let page = fs::read_to_string(output.path("page.html")).unwrap();
    assert!(
        page.contains("stationary block bootstrap"),
        "the page does not show the comparison"
    );
    let markdown = fs::read_to_string(output.path("page.md")).unwrap();
    assert!(
        markdown.contains("**Against baseline \\`load\\` of branch main**"),
        "{markdown}"
    );
    let junit = fs::read_to_string(output.path("page.xml")).unwrap();
    assert!(
        junit.contains("name=\"regressions\"") && junit.contains("no figure is worse than in"),
        "{junit}"
    );
}

#[test]
fn a_run_is_not_begun_without_the_baseline_that_it_needs() {
    let output = journey(&["--baseline", "laod"]).file(FILE, saved()).run();
    output.expect_code(66).expect_text("did you mean `load`?");
    assert!(output.result.is_none());
    let output = journey(&["--fail-on-regression", "5%"]).run();
    output.expect_code(64).expect_text("--baseline");
    let output = journey(&["--baseline", "load"]).file(FILE, "{").run();
    output.expect_code(65).expect_text("is cut off");
    let output = journey(&[
        "--baseline",
        "load",
        "--promote-after",
        "2",
        "--baseline-file",
        "/proc/none/b.json",
    ])
    .run();
    output.expect_code(74).expect_text("nothing was sent");
}

#[test]
fn the_first_clean_run_becomes_the_baseline_and_later_ones_are_counted() {
    let arguments = ["--baseline", "fresh", "--promote-after", "3"];
    let first = journey(&arguments).run();
    first
        .expect_code(0)
        .expect_text("this run is the first baseline `fresh`");
    let file = fs::read_to_string(first.path(FILE)).unwrap();
    let second = journey(&arguments).file(FILE, &file).run();
    second.expect_code(0).expect_text("1 of 3 clean runs");
}

#[test]
fn a_run_that_is_really_worse_is_failed_with_the_reasons() {
    // No server answers in 20 microseconds.
    let course = Course {
        median: 0.02,
        ..Course::PLAIN
    };
    let before = made_runs::run(&course, 1);
    let saved = rhaid()
        .file("a.json", text(&before))
        .args(["baseline", "save", "a.json"])
        .run();
    let file = fs::read_to_string(saved.path(FILE)).unwrap();
    let run = |arguments: &[&str]| {
        let gate = [
            "--duration",
            "13s",
            "--baseline",
            "load",
            "--fail-on-regression",
            "50%",
            "--report",
            "junit=page.xml,md=page.md",
        ];
        journey(&gate).args(arguments).file(FILE, &file).spawn()
    };
    // Side by side, since each takes its time.
    let (plain, strict) = (run(&[]), run(&["--strict"]));
    let output = plain.wait();
    output
        .expect_code(1)
        .expect_text("FAILED")
        .expect_text("WORSE");
    assert!(
        reasons(&output).contains("http_req_duration med is worse than in baseline `load`"),
        "{output}"
    );
    assert_eq!(output.expect_result()["verdict"]["status"], "failed");
    let junit = fs::read_to_string(output.path("page.xml")).unwrap();
    assert!(junit.contains("type=\"regression\""), "{junit}");
    let markdown = fs::read_to_string(output.path("page.md")).unwrap();
    assert!(
        markdown.contains("| ❌ worse | http\\_req\\_duration med"),
        "{markdown}"
    );
    strict.wait().expect_code(2);
}

#[test]
fn what_another_saves_while_a_run_goes_on_stays() {
    let arguments = [
        "--baseline",
        "fresh",
        "--promote-after",
        "3",
        "--duration",
        "3s",
    ];
    let running = journey(&arguments).file("rhaid.toml", "").spawn();
    let file = running.dir().join(FILE);
    let (other, _) = pair(1.0);
    let output = rhaid()
        .file("a.json", text(&other))
        .args([
            "baseline",
            "save",
            "a.json",
            "--name",
            "other",
            "--baseline-file",
        ])
        .arg(&file)
        .run();
    output.expect_code(0);
    let ended = running.wait();
    ended
        .expect_code(0)
        .expect_text("the first baseline `fresh`");
    let kept = fs::read_to_string(ended.path(FILE)).unwrap();
    assert!(
        kept.contains("\"other\"") && kept.contains("\"fresh\""),
        "{ended}"
    );
}
