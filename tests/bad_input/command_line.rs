//! Arguments that mean nothing: exit code 64.

use crate::bad_input::golden::{refused, rejected, rhaid};
use crate::support::bin::Rhaid;

const TWO: &str = r#"export const options = #{ scenarios: #{
    guests: #{ executor: "constant-vus", duration: "1s" },
    staff: #{ executor: "shared-iterations" },
} };
fn iteration() { }
"#;

fn run<const N: usize>(args: [&str; N]) -> Rhaid {
    rhaid().script("fn iteration() { }").args(args)
}

#[test]
fn a_stage_that_is_none() {
    refused("arg_stage", run(["--stage", "30s"]), 64);
    refused("arg_stage_duration", run(["--stage", "x:5"]), 64);
    refused("arg_stage_target", run(["--stage", "30s:-5"]), 64);
    refused("arg_stage_nan", run(["--stage", "30s:nan"]), 64);
}

#[test]
fn a_variable_without_a_value() {
    refused("arg_env", run(["--env", "BASE_URL"]), 64);
    refused("arg_env_name", run(["--env", "=x"]), 64);
}

#[test]
fn numbers_durations_and_rates_that_are_none() {
    refused("arg_vus", run(["--vus", "many"]), 64);
    refused("arg_vus_zero", run(["--vus", "0"]), 64);
    refused("arg_iterations", run(["--iterations", "-3"]), 64);
    refused("arg_duration", run(["--duration", "5 parsecs"]), 64);
    refused("arg_duration_zero", run(["--duration", "0s"]), 64);
    refused("arg_rate", run(["--rate", "5/x"]), 64);
    refused("arg_scale", run(["--scale", "0"]), 64);
    refused("arg_workers", run(["--workers", "0"]), 64);
    refused("arg_seed", run(["--seed", "1.5"]), 64);
}

#[test]
fn a_scenario_that_is_not_there_or_not_named() {
    let two = |args: [&str; 2]| rhaid().script(TWO).args(args);
    refused("arg_scenario", two(["--scenario", "gusts"]), 64);
    refused("arg_which_scenario", two(["--vus", "3"]), 64);
    let field = rhaid()
        .script(TWO)
        .args(["--scenario", "guests", "--rate", "5"]);
    refused("arg_no_such_field", field, 64);
}

#[test]
fn segments_that_do_not_add_up() {
    refused("arg_segment", run(["--execution-segment", "3/4:1/4"]), 64);
    refused(
        "arg_segment_sequence",
        run([
            "--execution-segment",
            "1/3:2/3",
            "--execution-segment-sequence",
            "0,1/2,1",
        ]),
        64,
    );
}

#[test]
fn a_flag_or_command_that_is_not_there() {
    for (args, hint) in [
        (vec!["run", "script.rhai", "--vuss", "3"], "--vus"),
        (vec!["runn", "script.rhai"], "run"),
        (vec!["run"], "<SCRIPT>"),
        (vec!["run", "script.rhai", "--format", "xml"], "text, json"),
        (vec![], "Usage"),
    ] {
        let output = rhaid().file("script.rhai", "").args(&args).run();
        output.expect_code(64).expect_text(hint);
        assert_eq!(output.stdout, "", "{output}");
    }
}

#[test]
fn a_wrong_variable_of_the_environment_is_named() {
    let output = run([]).env("RHAID_VUS", "many").run();
    output.expect_code(64).expect_text(
        "invalid value 'many' for 'RHAID_VUS (in the environment)': write a whole number from 1 to",
    );
    // Where the flag is given too, the flag is what is read.
    let output = run(["--vus", "few"]).env("RHAID_VUS", "5").run();
    output
        .expect_code(64)
        .expect_text("invalid value 'few' for '--vus <N>'");
}

#[test]
fn flags_and_commands_of_other_tools_get_the_way_it_is_done_here() {
    for (args, tip) in [
        (
            vec!["run", "script.rhai", "--out", "json=x"],
            "--result FILE",
        ),
        (vec!["run", "script.rhai", "-o", "x"], "--result FILE"),
        (
            vec!["run", "script.rhai", "--summary-export=x"],
            "--result FILE",
        ),
        (vec!["run", "script.rhai", "--tag", "a=b"], "tags: #{"),
        (
            vec!["run", "script.rhai", "--vsu", "3"],
            "did you mean '--vus'?",
        ),
        (vec!["run", "script.rhai", "-n", "3"], "--iterations N"),
        (
            vec!["check", "script.rhai", "--vus", "3"],
            "'--vus' is a flag of 'rhaid run'",
        ),
        (
            vec!["check", "script.rhai", "-d", "3s"],
            "'-d' is a flag of 'rhaid run'",
        ),
        (
            vec!["script.rhai", "--vus", "3"],
            "write 'rhaid run script.rhai --vus 3'",
        ),
        (vec!["rnu", "script.rhai"], "did you mean 'rhaid run'?"),
        (vec!["cloud"], "the commands are run, dev, check"),
    ] {
        let output = rhaid().file("script.rhai", "").args(&args).run();
        output.expect_code(64).expect_text(tip);
        assert!(!output.stderr.contains("as a value"), "{output}");
    }
}

#[test]
fn two_targets_are_one_too_many() {
    refused(
        "arg_two_targets",
        run(["--demo", "--env", "BASE_URL=http://127.0.0.1:1"]),
        64,
    );
}

#[test]
fn stages_beside_what_contradicts_them() {
    refused(
        "arg_stage_and_duration",
        run(["--stage", "1s:2", "--duration", "3s"]),
        64,
    );
    rejected(
        "stages_and_duration",
        "export const options = #{\n    stages: [#{ duration: \"1s\", target: 2 }],\n    duration: \"1s\",\n};\nfn iteration() { }\n",
    );
    rejected(
        "rate_and_iterations",
        "export const options = #{ rate: 5, iterations: 3, duration: \"1s\" };\nfn iteration() { }\n",
    );
}

#[test]
fn asking_for_help_is_no_mistake() {
    for args in [vec!["--help"], vec!["run", "--help"], vec!["--version"]] {
        let output = rhaid().args(&args).run();
        output.expect_code(0).expect_text("rhaid");
        assert_eq!(output.stderr, "");
    }
}

#[test]
fn flags_that_a_ramp_has_stages_for() {
    let ramp = |executor: &str, flag: &str, value: &str| {
        let script = format!(
            "export const options = #{{ scenarios: #{{ up: #{{ executor: \"{executor}\", stages: [ #{{ duration: \"1s\", target: 2 }} ] }} }} }};\nfn iteration() {{ }}\n"
        );
        rhaid().script(&script).args([flag, value])
    };
    refused("arg_ramp_vus", ramp("ramping-vus", "--vus", "3"), 64);
    refused(
        "arg_ramp_duration",
        ramp("ramping-vus", "--duration", "5s"),
        64,
    );
    refused(
        "arg_ramp_rate",
        ramp("ramping-arrival-rate", "--rate", "5"),
        64,
    );
}

/// What was planned in the script is changed in other words than what a script's author changes.
#[test]
fn a_duration_beside_the_stages_of_a_script() {
    let planned = |flag: &str, value: &str| {
        rhaid()
            .script("export const options = #{ stages: [#{ duration: \"1s\", target: 1 }] };\nfn iteration() { sleep(1); }\n")
            .args([flag, value])
    };
    refused("arg_stages_and_duration", planned("-d", "5s"), 64);
    refused(
        "arg_stages_and_iterations",
        planned("--iterations", "5"),
        64,
    );
}

#[test]
fn a_report_that_there_is_not_and_all_there_are() {
    refused("arg_report", run(["--report", "htm"]), 64);
    refused("arg_report_far", run(["--report", "zebra"]), 64);
    let help = rhaid().args(["run", "--help"]).run();
    let words: Vec<&str> = help.stdout.split_whitespace().collect();
    let help = words.join(" ");
    assert!(
        help.contains("KIND=FILE: html, md, junit, csv, github, journal"),
        "{help}"
    );
}

#[test]
fn an_objective_of_a_file_with_a_window_that_is_none() {
    let command = rhaid()
        .file(
            "slo.toml",
            "[slos]\nhttp_req_duration = [{ target = \"p(95) < 3s\", over = \"0s\" }]\n",
        )
        .script("fn iteration() { sleep(1); }\n")
        .args(["--slo", "slo.toml"]);
    refused("slo_over", command, 78);
}
