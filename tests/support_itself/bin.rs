//! Running a binary: a shell stands in for it, since `sh run …` runs the file `run`.

use std::time::Duration;

use crate::support::bin::Rhaid;

const STAND_IN: &str = r#"
echo "out: $*"; echo "err: $GREETING" >&2
cat "$1"
while [ $# -gt 0 ]; do [ "$1" = --result ] && echo '{"version": 1}' > "$2"; shift; done
exit 2
"#;

#[test]
fn a_script_is_run_with_a_result_file_that_is_read_back() {
    let output = Rhaid::at("/bin/sh")
        .file("run", STAND_IN)
        .script("fn iteration() {}")
        .args(["--vus", "3"])
        .env("GREETING", "hello")
        .run();
    output
        .expect_code(2)
        .expect_text("out: script.rhai --vus 3 --result result.json");
    output.expect_text("fn iteration() {}");
    assert_eq!(output.stderr, "err: hello\n");
    assert_eq!(output.expect_result()["version"], 1);
    assert!(output.path("script.rhai").exists());
}

#[test]
fn other_commands_get_their_arguments_only() {
    let output = Rhaid::at("/bin/sh")
        .args(["-c", "echo \"$#\"; exit 65"])
        .run();
    assert_eq!(
        (output.code, output.stdout.as_str(), &output.result),
        (65, "0\n", &None)
    );
}

#[test]
fn the_environment_is_clean_of_what_would_meddle() {
    let output = Rhaid::at("/bin/sh")
        .args(["-c", "env"])
        .env("RHAID_VUS", "5")
        .run();
    let meddling: Vec<&str> = output
        .stdout
        .lines()
        .filter(|line| {
            let name = line.split('=').next().unwrap().to_uppercase();
            name.starts_with("RHAID_") || name.ends_with("_PROXY") || name == "NO_COLOR"
        })
        .collect();
    assert_eq!(meddling, ["RHAID_VUS=5"]);
}

#[test]
#[should_panic(expected = "still running after 100ms\n--- stdout\nstarted")]
fn a_process_that_hangs_is_killed_and_its_output_shown() {
    Rhaid::at("/bin/sh")
        .args(["-c", "echo started; exec sleep 600"])
        .timeout(Duration::from_millis(100))
        .run();
}

#[test]
fn a_spawned_process_can_be_interrupted() {
    let script = "trap 'echo interrupted; exit 130' INT; echo ready; while :; do sleep 0.01; done";
    let mut running = Rhaid::at("/bin/sh").args(["-c", script]).spawn();
    running.wait_for_output("ready");
    running.interrupt();
    running.wait().expect_code(130).expect_text("interrupted");
}

#[test]
fn an_end_by_signal_is_counted_as_shells_do() {
    let mut running = Rhaid::at("/bin/sh")
        .args(["-c", "echo ready; exec sleep 600"])
        .spawn();
    running.wait_for_output("ready");
    running.signal("KILL");
    running.wait().expect_code(137);
}
