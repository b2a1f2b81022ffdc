//! What a run prints: for people, for pipes, for programs, or nothing.

use serde_json::Value;

use crate::support::reading::{Reading, run_of};
use crate::support::server::HttpServer;

const ESCAPE: char = '\u{1b}';

const JOURNEY: &str = r#"
    export const options = #{
        scenarios: #{ guests: #{ executor: "per-vu-iterations", vus: 2, iterations: 3 } },
        slos: #{
            "http_req_failed": [ #{ target: "rate < 1%", priority: "P0" } ],
            "http_req_duration": [ #{ target: "p(95) < 1us", priority: "P1" } ],
        },
    };
    fn iteration() {
        let answer = http::get(`${env("BASE_URL")}/json`, #{ name: "rooms" });
        check(answer, #{ "ok": |r| r.status == 200 });
        log::info("looked");
        log::warn("beware");
    }
    "#;

#[test]
fn a_pipe_gets_the_verdict_first_in_plain_text_and_progress_apart() {
    let server = HttpServer::start();
    let output = run_of(JOURNEY).env("BASE_URL", server.url("")).run();
    output.expect_code(1);
    let first = output.stdout.lines().next().unwrap();
    assert!(
        first.contains("FAILED") && first.contains("(exit 1)"),
        "{first}"
    );
    assert!(
        !output.stdout.contains(ESCAPE) && !output.stderr.contains(ESCAPE),
        "{output}"
    );
    // Also a run that ends within its first second has response times.
    assert!(!output.stderr.contains("p95(10s)       -"), "{output}");
    for part in [
        "SLOs",
        "http_req_duration",
        "guests",
        "rooms",
        "result.json",
        "ok",
    ] {
        assert!(output.stdout.contains(part), "{part:?}\n{output}");
    }
    assert!(
        !output.stdout.contains("looked"),
        "logs go to standard error\n{output}"
    );
    assert_eq!(output.logged().len(), 6);
    let widest = output
        .stdout
        .lines()
        .map(|line| line.chars().count())
        .max()
        .unwrap();
    assert!(widest <= 100, "{widest} columns\n{output}");
}

#[test]
fn progress_for_programs_is_an_object_a_line() {
    let output = run_of(
        r#"
        export const options = #{ vus: 1, duration: "2200ms" };
        fn iteration() { log::warn("said"); sleep("500ms"); }
        "#,
    )
    .args(["--progress", "ndjson", "--format", "json"])
    // What is said before and after the run is an object as well.
    .args(["--out", "prometheus=127.0.0.1:0"])
    .args([
        "--notify",
        "webhook=http://127.0.0.1:9/x",
        "--notify-on",
        "always",
    ])
    .run();
    output.expect_code(0);
    let lines: Vec<Value> = output
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}\n{output}")))
        .collect();
    let of = |kind: &str| lines.iter().filter(|line| line["type"] == kind).count();
    assert!(of("progress") >= 2 && of("log") >= 3, "{output}");
    assert!(of("message") >= 2, "{output}");
    let last = lines
        .iter()
        .rfind(|line| line["type"] == "progress")
        .unwrap();
    assert_eq!(last["scenarios"][0]["name"], "default");
    let result: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(result["verdict"]["exit_code"], 0);
}

#[test]
fn quiet_prints_only_what_went_wrong() {
    let server = HttpServer::start();
    let output = run_of(JOURNEY)
        .arg("--quiet")
        .env("BASE_URL", server.url(""))
        .run();
    output.expect_code(1);
    assert_eq!(output.stdout, "");
    let lines: Vec<&str> = output.stderr.lines().collect();
    assert_eq!(
        lines.iter().filter(|line| line.contains("beware")).count(),
        6
    );
    assert!(!output.stderr.contains("looked"), "{output}");
    let said: Vec<&&str> = lines
        .iter()
        .filter(|line| !line.contains("beware"))
        .collect();
    assert_eq!(said.len(), 3, "{output}");
    for (line, part) in said.iter().zip([
        "FAILED  1 SLO past its target (exit 1)",
        "http_req_duration p(95) < 1",
        "result.json",
    ]) {
        assert!(line.contains(part), "{part}\n{output}");
    }

    let silent = run_of("fn iteration() { }").arg("--quiet").run();
    silent.expect_code(0);
    assert_eq!((silent.stdout.as_str(), silent.stderr.as_str()), ("", ""));
}

#[test]
fn quiet_tells_the_first_error_with_its_place_and_how_to_mend_it() {
    let output = run_of(
        "fn iteration() {\n    let r = http::get(\"http://127.0.0.1:1/\");\n    r.json(\"rooms\").price;\n}",
    )
    .arg("--quiet")
    .run();
    output.expect_code(2);
    assert_eq!(output.stdout, "");
    for part in [
        "FAILED  1 iteration ended in a script error (exit 2)",
        "`r.json(\"rooms\")` is `()`, which has no `price`",
        "script.rhai:3:",
        "Help: was the request answered",
        "1 other error in the result",
        "result.json",
    ] {
        assert!(output.stderr.contains(part), "{part}\n{output}");
    }
}

const WARNED: &str = r#"
    export const options = #{ slos: #{ "iteration_duration": [#{ target: "max < 1m", warn: "max < 1us" }] } };
    fn iteration() { sleep(0.01); }
    "#;

#[test]
fn a_warning_is_told_by_a_quiet_run_and_blocks_a_strict_one() {
    let output = run_of(WARNED).arg("--quiet").run();
    output.expect_code(1);
    for part in [
        "WARNING  1 of 1 SLO met, 1 of them past a warning bound (exit 1)",
        "past the warning bound max < 1",
    ] {
        assert!(output.stderr.contains(part), "{part}\n{output}");
    }
    let strict = run_of(WARNED).args(["--quiet", "--strict"]).run();
    strict.expect_code(2);
    assert!(
        strict
            .stderr
            .contains("FAILED  1 of 1 SLO met, 1 of them past a warning bound (exit 2, strict)"),
        "{strict}"
    );
}

#[test]
fn failed_checks_that_no_objective_judges_take_the_green_away() {
    let output =
        run_of(r#"fn iteration() { check(false, "never"); check(true, "always"); }"#).run();
    output.expect_code(0);
    let first = output.stdout.lines().next().unwrap();
    assert_eq!(
        first,
        "! NOT JUDGED  50.0% of all checks failed, but no SLO was set, so nothing was judged"
    );
}

#[test]
fn a_failed_setup_is_told_with_the_time_it_took() {
    let output = run_of(r#"fn setup() { sleep(0.3); throw "closed"; } fn iteration() { }"#).run();
    output.expect_code(2);
    assert!(output.stdout.contains("setup took 3"), "{output}");
    assert!(!output.stdout.contains("at 0ms"), "{output}");
}

#[test]
fn format_json_prints_the_result_document_and_nothing_else() {
    let server = HttpServer::start();
    let output = run_of(JOURNEY)
        .args(["--format", "json"])
        .env("BASE_URL", server.url(""))
        .run();
    output.expect_code(1);
    let printed: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(&printed, output.expect_result());
}

#[test]
fn format_json_is_what_a_program_gets_even_where_a_script_has_its_own_summary() {
    let output = run_of(r#"fn iteration() { } fn summary(result) { "mine" }"#)
        .args(["--format", "json"])
        .run();
    output.expect_code(0);
    let printed: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(printed["version"], 1);
}

#[test]
fn colours_can_be_forced_and_no_color_wins() {
    let coloured = run_of("fn iteration() { }")
        .env("CLICOLOR_FORCE", "1")
        .run();
    assert!(coloured.stdout.contains(ESCAPE), "{coloured}");
    let plain = run_of("fn iteration() { throw \"x\"; }")
        .env("CLICOLOR_FORCE", "1")
        .env("NO_COLOR", "1")
        .run();
    plain.expect_code(2);
    assert!(
        !plain.stdout.contains(ESCAPE) && !plain.stderr.contains(ESCAPE),
        "{plain}"
    );
}

#[test]
fn control_characters_of_a_script_or_target_do_not_reach_the_terminal() {
    let output = run_of(r#"fn iteration() { log::info("a\x1b[2Jb"); throw "c\x1b[31md"; }"#).run();
    output.expect_code(2);
    assert!(
        !output.stdout.contains(ESCAPE) && !output.stderr.contains(ESCAPE),
        "{output}"
    );
}

#[test]
fn a_longer_run_shows_its_progress_for_each_scenario() {
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            guests: #{ executor: "constant-vus", vus: 2, duration: "1.3s" },
            staff: #{ executor: "constant-vus", vus: 1, duration: "1.3s" },
        } };
        fn iteration() { sleep(0.05); }
        "#,
    )
    .run();
    output.expect_code(0);
    for name in ["guests", "staff"] {
        let line = output
            .stderr
            .lines()
            .find(|line| line.starts_with('[') && line.contains(name))
            .unwrap_or_else(|| panic!("no progress of {name}\n{output}"));
        for part in ["VU", "iter", "p95", "err"] {
            assert!(line.contains(part), "{line}");
        }
    }
}

#[test]
fn the_summary_of_a_failed_run_names_its_reasons_and_its_errors() {
    let output = run_of(
        r#"
        export const options = #{ iterations: 2, slos: #{ "checks": [ #{ target: "rate > 99%", priority: "P0" } ] } };
        fn iteration() { check(false, "never"); throw "broken"; }
        "#,
    )
    .run();
    output.expect_code(2);
    for part in [
        "2 iterations ended in script errors",
        "P0 checks rate > 99%: it is 0",
        "never",
        "broken",
    ] {
        assert!(output.stdout.contains(part), "{part:?}\n{output}");
    }
}

#[test]
fn a_reader_that_stands_still_does_not_hold_up_the_run() {
    use std::process::{Command, Stdio};
    let folder = tempfile::tempdir().unwrap();
    let script = r#"
        export const options = #{ scenarios: #{ one: #{ executor: "constant-vus", duration: "2.5s" } } };
        const LINE = { let line = ""; line.pad(1_000, "x"); line };
        fn iteration() { log::warn(global::LINE); sleep("2ms"); }
        fn teardown() { log::warn("teardown"); }
        "#;
    std::fs::write(folder.path().join("script.rhai"), script).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_rhaid"))
        .args(["run", "script.rhai", "--result", "result.json"])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        // A pipe that is never read: it holds 64 KiB.
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let code = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        if std::time::Instant::now() >= deadline {
            child.kill().unwrap();
            panic!("still running");
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    assert_eq!(code, Some(0));
    let result = std::fs::read_to_string(folder.path().join("result.json")).unwrap();
    let result: serde_json::Value = serde_json::from_str(&result).unwrap();
    assert_eq!(result["run"]["outcome"]["kind"], "completed");
}
