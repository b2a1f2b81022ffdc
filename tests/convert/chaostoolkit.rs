//! `rhaid convert chaostoolkit`.

use crate::convert::{rhaid, script};
use crate::support::golden::hold;

const EXPERIMENT: &str = include_str!("fixtures/experiment.json");
const CLUSTER: &str = include_str!("fixtures/cluster.yaml");
const COMMANDS: &str = include_str!("fixtures/experiment.yaml");

#[test]
fn an_experiment_becomes_a_load_with_faults_and_objectives() {
    let output = rhaid([
        "convert",
        "chaostoolkit",
        "experiment.json",
        "-o",
        "out.rhai",
    ])
    .file("experiment.json", EXPERIMENT)
    .run();
    let script = script(&output);
    hold("convert", "chaostoolkit", &script);
    hold("convert", "chaostoolkit_told", &output.stderr);
    for secret in ["literal-s3cr3t", "k-s3cr3t"] {
        assert!(!script.contains(secret), "{script}");
    }
    let guessed = rhaid(["convert", "a.json"])
        .file("a.json", EXPERIMENT)
        .run();
    guessed
        .expect_code(0)
        .expect_text("a.json: taken for chaostoolkit");
    assert_eq!(guessed.stdout, script);
    // A journal holds the experiment that it is about.
    let journal = format!("{{\"chaoslib-version\": \"1.45.1\", \"experiment\": {EXPERIMENT}}}");
    let of_journal = rhaid(["convert", "a.json"]).file("a.json", journal).run();
    assert_eq!(of_journal.stdout, script);
}

#[test]
fn a_converted_experiment_runs() {
    let output = rhaid(["convert", "experiment.json", "-o", "out.rhai"])
        .file("experiment.json", EXPERIMENT)
        .run();
    // What stands behind the proxy is the demo, wherever it listens.
    let script = script(&output).replace("env(\"HOTEL_UPSTREAM\")", "env(\"BASE_URL\")");
    let output = rhaid([
        "run",
        "script.rhai",
        "--demo",
        "--scale",
        "0.3",
        "--allow-faults",
        "--result",
        "result.json",
        "--no-history",
        "--env",
        "HOTEL_TOKEN=token",
        "--env",
        "X_API_KEY=0123456",
    ])
    .file("script.rhai", script)
    .run();
    output.expect_code(0);
    let faults = output.expect_result()["faults"].as_array().unwrap();
    let told: Vec<_> = faults
        .iter()
        .map(|fault| {
            (
                fault["name"].as_str().unwrap(),
                fault["status"].as_str().unwrap(),
            )
        })
        .collect();
    let expected =
        ["slow database", "little bandwidth", "make a booking"].map(|name| (name, "held"));
    assert_eq!(told, expected, "{output}");
}

#[test]
fn commands_become_faults_of_processes_and_services() {
    let output = rhaid([
        "convert",
        "chaostoolkit",
        "experiment.yaml",
        "-o",
        "out.rhai",
    ])
    .file("experiment.yaml", COMMANDS)
    .run();
    hold("convert", "chaostoolkit_commands", &script(&output));
    hold("convert", "chaostoolkit_commands_told", &output.stderr);
}

#[test]
fn actions_on_a_cluster_become_faults_of_pods_and_deployments() {
    let output = rhaid(["convert", "chaostoolkit", "cluster.yaml", "-o", "out.rhai"])
        .file("cluster.yaml", CLUSTER)
        .run();
    hold("convert", "chaostoolkit_cluster", &script(&output));
    hold("convert", "chaostoolkit_cluster_told", &output.stderr);
}

#[test]
fn what_is_no_experiment_is_told() {
    for (text, told) in [
        ("{\"a\": 1}", "no experiment of the Chaos Toolkit"),
        ("{\"method\": []}", "the experiment is empty"),
        (
            "{\"method\": [1, {\"type\": \"action\"}]}",
            "the experiment is empty",
        ),
        ("{\"method\": ", "this is no JSON"),
    ] {
        let output = rhaid(["convert", "chaostoolkit", "a.json"])
            .file("a.json", text)
            .run();
        output.expect_code(65).expect_text(told);
    }
}
