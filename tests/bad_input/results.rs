//! Results that cannot be written: exit code 74, and what was measured still reaches the user.

use crate::bad_input::golden::rhaid;
use crate::support::bin::{Output, Rhaid};

const SCRIPT: &str = "fn iteration() { check(true, \"it was measured\"); }";

/// Writes to `path`; the folder for what cannot be written is the working folder.
fn to(path: &str) -> Rhaid {
    rhaid()
        .script(SCRIPT)
        .args(["--result", path])
        .env("TMPDIR", ".")
}

/// What was kept elsewhere, as standard error says.
#[track_caller]
fn kept(output: &Output) -> serde_json::Value {
    let said = output.stderr.split("the result was kept in `").nth(1);
    let name = said.and_then(|rest| rest.split('`').next());
    let name = name.unwrap_or_else(|| panic!("no other place was named\n{output}"));
    serde_json::from_slice(&std::fs::read(output.path(name)).unwrap()).unwrap()
}

/// The run was measured and shown, but not kept.
#[track_caller]
fn assert_lost(output: &Output, message: &str) {
    output.expect_code(74);
    assert!(output.stdout.contains("it was measured"), "{output}");
    assert!(output.stderr.contains(message), "{message}\n{output}");
    assert_eq!(kept(output)["checks"][0]["passes"], 1);
    assert!(
        !output.stdout.contains("result     "),
        "a file is named that is not there\n{output}"
    );
}

#[test]
fn a_full_disk() {
    let output = to("/dev/full").run();
    assert_lost(
        &output,
        "error: could not write the result to `/dev/full`: the data could not be stored: No space left on device \
         (os error 28). Free some space on that disk, or give another path with `--result FILE`",
    );
}

#[test]
fn a_full_disk_loses_nothing_that_is_printed_as_json() {
    let output = to("/dev/full").args(["--format", "json"]).run();
    output.expect_code(74);
    let result: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(result["checks"][0]["passes"], 1);
    assert_eq!(result["verdict"]["exit_code"], 0);
}

#[test]
fn a_quiet_run_does_not_lose_its_result_in_silence() {
    let output = to("/dev/full").args(["--quiet"]).run();
    output.expect_code(74);
    assert!(
        output
            .stderr
            .contains("could not write the result to `/dev/full`"),
        "{output}"
    );
    let first = output.stdout.lines().next().unwrap_or_default();
    assert!(first.starts_with("✗ ERROR"), "{output}");
    assert!(output.stdout.contains("(exit 74)"), "{output}");
    assert!(
        output.stdout.contains("it was measured"),
        "what could not be kept is shown even so\n{output}"
    );
}

/// Found before anything was done, let alone sent.
#[track_caller]
fn assert_refused(output: &Output, message: &str) {
    output.expect_code(74);
    assert!(output.stderr.contains(message), "{message}\n{output}");
    assert!(output.stderr.contains("nothing was sent"), "{output}");
    assert!(!output.stdout.contains("it was measured"), "{output}");
}

#[test]
fn a_folder_in_the_place_of_the_file() {
    let output = to("out").file("out/keep.txt", "").run();
    assert_refused(
        &output,
        "Name a file inside that folder: `--result FOLDER/run.json`",
    );
    assert!(output.path("out/keep.txt").exists());
}

#[test]
fn a_file_in_the_place_of_the_folder() {
    let output = to("out/run.json").file("out", "").run();
    assert_refused(&output, "the folder could not be made: ");
    let output = in_shell("exec \"$0\" run script.rhai")
        .file("script.rhai", SCRIPT)
        .file("results", "")
        .run();
    assert_refused(
        &output,
        "`results/result.json`: the folder could not be made: ",
    );
}

/// The superuser may write to every folder of a disk, so one that is on no disk stands in.
#[test]
fn a_folder_that_cannot_be_written() {
    let output = to("/proc/rhaid/run.json").run();
    assert_refused(
        &output,
        "could not write the result to `/proc/rhaid/run.json`: the folder could not be made",
    );
    let output = to("/proc/run.json").run();
    assert_refused(&output, "the file could not be created");
}

#[test]
fn a_named_pipe_would_hold_the_end_of_the_run() {
    let output = in_shell("mkfifo out.json; exec \"$0\" run script.rhai --result out.json")
        .file("script.rhai", SCRIPT)
        .run();
    assert_refused(
        &output,
        "it is a named pipe, a socket or a disk. Name a file with `--result FILE`",
    );
}

#[test]
fn standard_output_takes_the_result() {
    let output = to("/dev/stdout").args(["--quiet"]).run();
    output.expect_code(0);
    let result: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(result["checks"][0]["passes"], 1);
    to("/dev/null").run().expect_code(0);
}

/// Runs a line of shell in which `$0` is the binary.
fn in_shell(line: &str) -> Rhaid {
    Rhaid::at("/bin/sh").args(["-c", line, env!("CARGO_BIN_EXE_rhaid")])
}

#[test]
fn standard_output_on_a_full_disk() {
    for arguments in [
        "--help",
        "--version",
        "help run",
        "reference",
        "reference result-schema",
        "check script.rhai",
        "check script.rhai --format json",
        "inspect script.rhai",
        "run script.rhai --result out.json",
        "run script.rhai --result out.json --format json",
    ] {
        let output = in_shell(&format!("exec \"$0\" {arguments} > /dev/full"))
            .file("script.rhai", SCRIPT)
            .run();
        assert!(
            output
                .stderr
                .contains("error: cannot write to standard output: No space left on device"),
            "{arguments}\n{output}"
        );
        output.expect_code(74);
        if arguments.starts_with("run") {
            output.expect_text("the result is in `out.json`");
            assert!(output.path("out.json").exists());
        }
    }
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    for arguments in ["reference", "--help", "run script.rhai"] {
        let line = format!("{{ sleep 0.2; \"$0\" {arguments}; echo $? > code; }} | true");
        let output = in_shell(&line).file("script.rhai", SCRIPT).run();
        let code = std::fs::read_to_string(output.path("code")).unwrap();
        assert_eq!(code, "0\n", "{arguments}\n{output}");
    }
}

#[test]
fn a_run_that_is_blocked_and_cannot_be_written_says_both() {
    let output = rhaid()
        .script("fn iteration() { fail(\"no room is free\"); }")
        .args(["--result", "/dev/full"])
        .env("TMPDIR", "/proc/rhaid")
        .run();
    output
        .expect_code(74)
        .expect_text("no room is free")
        .expect_text("could not write the result to `/dev/full`");
}

#[test]
fn inspect_lists_functions_with_names_and_what_objectives_are_called() {
    let output = rhaid()
        .file(
            "script.rhai",
            "export const options = #{ slos: #{ checks: #{ target: \"rate > 99%\", name: \"all is well\" } } };\nfn iteration() { check(1, #{ \"one\": |n| n == 1 }); }\n",
        )
        .args(["inspect", "script.rhai"])
        .run();
    output.expect_code(0);
    let plan: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(plan["functions"], serde_json::json!(["iteration"]));
    assert_eq!(plan["slos"][0]["name"], "all is well");
}

#[test]
fn a_result_that_would_be_printed_twice() {
    let output = rhaid()
        .script("fn iteration() { }\n")
        .args(["--format", "json", "--result", "/dev/stdout"])
        .run();
    output.expect_code(64).expect_text("print the result twice");
    assert_eq!(output.stdout, "", "{output}");
}
