//! What takes its time to be undone keeps nothing else waiting, and is told apart from what was held.

use serde_json::Value;

use super::process::free_port;
use super::runs::run_of;
use crate::support::bin::{Output, Rhaid};

fn fault(output: &Output, name: &str) -> Value {
    let faults = output.expect_result()["faults"].as_array().unwrap();
    let found = faults.iter().find(|fault| fault["name"] == name);
    found
        .unwrap_or_else(|| panic!("no fault {name}\n{output}"))
        .clone()
}

/// A command that needs three seconds to start, as a Rhai map.
fn slow_to_start() -> String {
    let address = format!("127.0.0.1:{}", free_port());
    format!(
        r#"#{{ run: ["sh", "-c", "sleep 3; exec {} demo --listen {address}"], ready: "{address}" }}"#,
        env!("CARGO_BIN_EXE_rhaid")
    )
}

#[test]
fn a_command_that_starts_slowly_holds_up_no_other_fault_and_belongs_to_the_recovery() {
    let options = format!(
        r#"commands: #{{ hotel: {} }},
        faults: [
            #{{ name: "killed", exec: "killed", start: "1s", duration: "1s" }},
            #{{ name: "late", exec: "late", start: "2500ms", duration: "500ms" }},
        ],"#,
        slow_to_start()
    );
    let output = run_of(
        8,
        &options,
        r#"fn killed(fault) { fault.command("hotel").kill(); }
           fn late(fault) { fault.proxy("pms").latency("1ms"); }"#,
    )
    .arg("--allow-faults=proxy,process")
    .run();
    output.expect_code(0);
    let at = |name: &str, key: &str| fault(&output, name)[key].as_f64().unwrap();
    // It was held for its time, and not until the command was there again.
    assert!(at("killed", "end_seconds") < 3.5, "{output}");
    assert!(at("late", "start_seconds") < 4.0, "{output}");
    assert!(at("late", "end_seconds") < 4.5, "{output}");
}

#[test]
fn a_function_that_outlives_the_scenarios_makes_the_run_no_longer() {
    let output = run_of(
        3,
        r#"faults: [ #{ name: "slow", exec: "slow", start: "1s", duration: "5s" } ],
           slos: #{ http_reqs: ["rate > 30"] },"#,
        r#"fn slow(fault) { fault.proxy("pms").latency("1ms"); fault.wait(); sleep("4s"); }"#,
    )
    .arg("--allow-faults")
    .run();
    output.expect_code(0);
    let result = output.expect_result();
    let lasted = result["run"]["duration_seconds"].as_f64().unwrap();
    assert!(lasted < 5.0, "{lasted}");
    let end = fault(&output, "slow")["end_seconds"].as_f64().unwrap();
    assert!(end <= lasted, "{end} of {lasted}");
}

#[test]
fn a_fault_that_holds_up_the_end_ends_with_the_plan() {
    let script = r#"
        const BASE = env("BASE_URL", "http://127.0.0.1:1");
        export const options = #{
            scenarios: #{ guests: #{ executor: "constant-vus", exec: "look", vus: 2, duration: "3s", graceful_stop: "30s" } },
            proxies: #{ pms: BASE },
            faults: [ #{ name: "silent", exec: "silent", start: "1s", duration: "25s" } ],
        };
        fn look() { http::get(`${global::BASE}/health/live`, #{ timeout: "40s" }); sleep("50ms"); }
        fn silent(fault) { fault.proxy("pms").timeout("0s"); }
        "#;
    let output = Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .script(script)
        .args(["--demo", "--no-history", "--allow-faults"])
        .run();
    let silent = fault(&output, "silent");
    assert_eq!(silent["status"], "cut", "{silent:#}");
    assert!(silent["end_seconds"].as_f64().unwrap() < 8.0, "{silent:#}");
}

#[test]
fn faults_that_are_left_out_stay_left_out_whatever_is_allowed() {
    let options = format!(
        r#"commands: #{{ hotel: {} }},
        faults: [ #{{ name: "slow", exec: "slow", start: "0s", duration: "1s" }} ],"#,
        slow_to_start()
    );
    let run = || {
        run_of(
            1,
            &options,
            r#"fn slow(fault) { fault.proxy("pms").latency("300ms"); }
               fn setup() {
                   let left_out = chaos::inject("own", "1s", |fault| fault.proxy("pms").down());
                   if !left_out.over { throw "it is at work"; }
                   chaos::inject("slow");
               }"#,
        )
        .arg("--no-faults")
    };
    let output = run().arg("--allow-faults=proxy,process").run();
    output.expect_code(0);
    assert!(output.expect_result().get("faults").is_none(), "{output}");
    // Programs are not started without leave.
    run()
        .run()
        .expect_code(64)
        .expect_text("the run starts programs (`hotel`)")
        .expect_text("--allow-faults=process");
}
