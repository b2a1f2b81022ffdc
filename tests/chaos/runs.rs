//! Faults inside runs of the real binary, against the built-in hotel API.

use serde_json::Value;

use crate::support::bin::{Output, Rhaid};

/// A run of a load at 50 requests a second for so many seconds, with these options and functions on top.
pub fn run_of(seconds: u32, options: &str, functions: &str) -> Rhaid {
    let script = format!(
        r#"
        const BASE = env("BASE_URL", "http://127.0.0.1:1");
        export const options = #{{
            scenarios: #{{ guests: #{{
                executor: "constant-arrival-rate", exec: "look", rate: 50, duration: "{seconds}s", max_vus: 60,
            }} }},
            proxies: #{{ pms: BASE }},
            {options}
        }};
        fn look() {{ http::get(`${{global::BASE}}/health/live`, #{{ name: "live" }}); }}
        {functions}
        "#
    );
    Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .script(&script)
        .args(["--demo", "--no-history"])
}

#[track_caller]
fn fault<'a>(output: &'a Output, name: &str) -> &'a Value {
    let faults = output.expect_result()["faults"].as_array().unwrap();
    let found = faults.iter().find(|fault| fault["name"] == name);
    found.unwrap_or_else(|| panic!("no fault {name}\n{output}"))
}

#[track_caller]
fn phase<'a>(fault: &'a Value, name: &str) -> &'a Value {
    let phases = fault["phases"].as_array().unwrap();
    let found = phases.iter().find(|phase| phase["name"] == name);
    found.unwrap_or_else(|| panic!("no phase {name} in {fault:#}"))
}

#[test]
fn a_fault_is_held_for_its_time_measured_and_undone() {
    let output = run_of(
        12,
        r#"faults: [ #{ name: "slow", exec: "slow", start: "3s", duration: "2s", recovered_for: "1s" },
                     #{ name: "down", exec: "down", after: "slow", start: "3s", duration: "1s" } ],"#,
        r#"fn slow(fault) { fault.proxy("pms").latency("300ms"); }
           fn down(fault) { fault.proxy("pms").down(); }"#,
    )
    .arg("--allow-faults")
    .run();
    output.expect_code(0).expect_text("resilience");
    let slow = fault(&output, "slow");
    assert_eq!(slow["status"], "held", "{slow:#}");
    assert_eq!(slow["trigger"], "at 3s");
    let median = |name: &str| {
        phase(slow, name)["total"]["duration"]["med"]
            .as_f64()
            .unwrap()
    };
    assert!(median("during") >= 300.0, "{slow:#}");
    assert!(
        median("before") < 300.0 && median("after") < 300.0,
        "{slow:#}"
    );
    assert_eq!(phase(slow, "during")["endpoints"][0]["name"], "live");
    assert!(slow["impact"]["recover_seconds"].is_number(), "{slow:#}");
    assert!(slow["impact"]["degraded_share"].as_f64().unwrap() > 0.0);

    let down = fault(&output, "down");
    assert_eq!(
        (&down["status"], &down["trigger"]),
        (&"held".into(), &"3s after `slow`".into())
    );
    let failed = |name: &str| phase(down, name)["total"]["failed"].as_u64().unwrap();
    assert!(failed("during") >= 20 && failed("before") == 0, "{down:#}");
    let lost = down["impact"]["requests_lost"].as_f64().unwrap();
    assert!(lost >= 20.0 && down["impact"]["users_touched"].as_u64().unwrap() > 0);
}

#[test]
fn faults_must_be_allowed_and_can_be_left_out() {
    let run = || {
        run_of(
            1,
            r#"faults: [ #{ name: "slow", exec: "slow", start: "0s", duration: "1s" } ],"#,
            r#"fn slow(fault) { fault.proxy("pms").latency("300ms"); }"#,
        )
    };
    let output = run().run();
    output
        .expect_code(64)
        .expect_text("`slow`")
        .expect_text("--allow-faults");
    let output = run().arg("--no-faults").run();
    output.expect_code(0);
    assert!(output.expect_result().get("faults").is_none(), "{output}");
    let output = run().arg("--allow-faults=process").run();
    output.expect_code(2).expect_text("--allow-faults=proxy");
    let output = run().arg("--allow-faults=proxi").run();
    output.expect_code(64).expect_text("did you mean `proxy`?");
}

#[test]
fn a_guard_undoes_its_fault_and_ends_the_run_if_it_is_told_to() {
    let run = |abort: bool| {
        let options = format!(
            r#"faults: [ #{{ name: "down", exec: "down", start: "2s", duration: "60s", recovered_for: "1s",
                guard: "http_req_failed rate < 30%", guard_over: "1s", guard_abort: {abort} }} ],"#
        );
        let down = r#"fn down(fault) { fault.proxy("pms").down(); }"#;
        run_of(7, &options, down).arg("--allow-faults").run()
    };
    let output = run(false);
    output.expect_code(0);
    let down = fault(&output, "down");
    assert_eq!(down["status"], "guarded", "{down:#}");
    assert!(
        down["reason"]
            .as_str()
            .unwrap()
            .contains("http_req_failed: rate < 30%")
    );
    let lasted = down["end_seconds"].as_f64().unwrap() - down["start_seconds"].as_f64().unwrap();
    assert!(lasted < 4.0, "{down:#}");
    assert_eq!(phase(down, "after")["total"]["failed"], 0);

    let output = run(true);
    output.expect_code(2);
    let outcome = &output.expect_result()["run"]["outcome"];
    assert_eq!(
        (&outcome["kind"], &outcome["by"]),
        (&"aborted".into(), &"guardrail".into())
    );
}

#[test]
fn what_was_not_steady_is_not_broken_any_further() {
    let output = run_of(
        4,
        r#"faults: [ #{ name: "slow", exec: "slow", start: "2s", duration: "1s", steady: "http_req_duration p(50) < 0.001ms" } ],"#,
        r#"fn slow(fault) { fault.proxy("pms").latency("300ms"); }"#,
    )
    .arg("--allow-faults")
    .run();
    output.expect_code(2).expect_text("was skipped");
    let slow = fault(&output, "slow");
    assert_eq!(slow["status"], "skipped");
    assert!(
        slow["reason"]
            .as_str()
            .unwrap()
            .contains("http_req_duration: p(50)"),
        "{slow:#}"
    );
}

#[test]
fn a_fault_whose_function_throws_is_undone_and_the_run_fails() {
    let output = run_of(
        5,
        r#"faults: [ #{ name: "half", exec: "half", start: "1s", duration: "60s", recovered_for: "1s" } ],"#,
        r#"fn half(fault) { fault.proxy("pms").down(); sleep(0.5); throw "halfway"; }"#,
    )
    .arg("--allow-faults")
    .run();
    output.expect_code(2).expect_text("halfway");
    let half = fault(&output, "half");
    assert_eq!(half["status"], "failed", "{half:#}");
    assert_eq!(phase(half, "after")["total"]["failed"], 0, "{half:#}");
}

#[test]
fn a_script_injects_faults_itself_and_undoes_them() {
    let output = run_of(
        3,
        r#"faults: [ #{ name: "declared", exec: "declared", duration: "500ms" } ],"#,
        r#"
        fn declared(fault) { fault.proxy("pms").share(1).upstream().latency("5ms"); }
        fn setup() {
            let fault = chaos::inject("own", "60s", |fault| fault.proxy("pms").latency("150ms"));
            let slow = http::get(`${chaos::url("pms")}/health/live`);
            fault.undo();
            if !fault.over { throw "not over"; }
            let quick = http::get(`${chaos::url("pms")}/health/live`);
            if slow.timings.waiting < 150.0 || quick.timings.waiting >= 150.0 { throw `${slow.timings.waiting} and ${quick.timings.waiting}`; }
        }
        fn vu_start(ctx) { if ctx.vu == 1 { chaos::inject("declared"); } }
        "#,
    )
    .arg("--allow-faults")
    .run();
    output.expect_code(0);
    assert_eq!(fault(&output, "own")["status"], "undone");
}

#[test]
fn a_function_may_wait_for_the_end_and_put_right_what_it_broke_itself() {
    let output = run_of(
        4,
        r#"faults: [ #{ name: "own", exec: "own", start: "1s", duration: "1s" },
                     #{ name: "cut", exec: "own", start: "3s", duration: "60s" } ],"#,
        r#"fn own(fault) { log::info(`broken by ${fault.name}`); fault.wait(); log::info(`right after ${fault.name}`); }"#,
    )
    .arg("--allow-faults")
    .run();
    output.expect_code(0);
    for text in [
        "broken by own",
        "right after own",
        "broken by cut",
        "right after cut",
    ] {
        output.expect_text(text);
    }
    assert_eq!(fault(&output, "own")["status"], "held");
    assert_eq!(fault(&output, "cut")["status"], "cut");
}

#[test]
fn an_interrupted_run_undoes_its_faults_and_leaves_a_result() {
    let mut running = run_of(
        60,
        r#"faults: [ #{ name: "down", exec: "down", start: "500ms", duration: "60s" } ],"#,
        r#"fn down(fault) { fault.proxy("pms").down(); }"#,
    )
    .arg("--allow-faults")
    .spawn();
    running.wait_for_output("proxy `pms` is down");
    running.interrupt();
    let output = running.wait();
    output.expect_code(130);
    assert_eq!(fault(&output, "down")["status"], "cut");
}

#[test]
fn chance_comes_as_often_as_it_may() {
    let output = run_of(
        6,
        r#"seed: 7, faults: [ #{ name: "monkey", exec: "monkey", random: ["300ms", "900ms"], times: 2, duration: "200ms" } ],"#,
        r#"fn monkey(fault) { fault.proxy("pms").reset(); }"#,
    )
    .arg("--allow-faults")
    .run();
    output.expect_code(0);
    let faults = output.expect_result()["faults"].as_array().unwrap();
    assert_eq!(faults.len(), 2, "{faults:#?}");
    assert!(faults.iter().all(|fault| fault["status"] == "held"));
}

#[test]
fn a_fault_that_waits_for_a_value_comes_once_it_holds() {
    let output = run_of(
        5,
        r#"faults: [ #{ name: "late", exec: "late", when: "http_reqs > 100", duration: "500ms" },
                     #{ name: "never", exec: "late", when: "http_reqs > 100000", duration: "500ms" } ],"#,
        r#"fn late(fault) { fault.proxy("pms").ramp("400ms").latency("100ms"); }"#,
    )
    .arg("--allow-faults")
    .run();
    output.expect_code(0);
    assert!(fault(&output, "late")["start_seconds"].as_f64().unwrap() >= 2.0);
    assert_eq!(fault(&output, "never")["status"], "not_reached");
}

#[test]
fn mistakes_are_told_before_anything_runs() {
    let check =
        |options: &str, functions: &str| run_of(1, options, functions).arg("--allow-faults").run();
    let output = check(
        r#"faults: [ #{ exec: "slwo", duration: "1s", start: 0 } ],"#,
        "fn slow(fault) { }",
    );
    output
        .expect_code(65)
        .expect_text("there is no function `slwo`")
        .expect_text("did you mean `slow`?");
    let output = check(
        r#"faults: [ #{ exec: "slow", duration: "1s", start: 0, guard: "http_req_faild rate < 1%" } ],"#,
        "fn slow(fault) { }",
    );
    output
        .expect_code(65)
        .expect_text("did you mean `http_req_failed`?");
    let output = check(
        r#"faults: [ #{ exec: "slow", duration: "1s", start: 0 } ],"#,
        "fn slow(fault, more) { }",
    );
    output
        .expect_code(65)
        .expect_text("`slow` takes 2 parameters");
    let output = Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .script(
            r#"export const options = #{ proxies: #{ far: "192.0.2.1:80" } }; fn iteration() { }"#,
        )
        .arg("--allow-faults")
        .run();
    output
        .expect_code(78)
        .expect_text("`192.0.2.1` is not this machine")
        .expect_text("allowed_hosts");
}

#[test]
fn a_misspelt_proxy_names_the_one_there_is() {
    let output = run_of(
        1,
        r#"faults: [ #{ exec: "slow", duration: "1s", start: 0 } ],"#,
        r#"fn slow(fault) { fault.proxy("pns").latency("1s"); }"#,
    )
    .arg("--allow-faults")
    .run();
    output.expect_code(65).expect_text("did you mean `pms`?");
}

/// A run against a hotel API that the run itself starts.
fn run_with_command(seconds: u32, options: &str, functions: &str) -> Rhaid {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let binary = env!("CARGO_BIN_EXE_rhaid");
    let script = format!(
        r#"
        export const options = #{{
            commands: #{{ hotel: #{{
                run: ["{binary}", "demo", "--listen", "127.0.0.1:{port}"], ready: "127.0.0.1:{port}", within: "30s",
            }} }},
            scenarios: #{{ guests: #{{
                executor: "constant-arrival-rate", exec: "look", rate: 50, duration: "{seconds}s", max_vus: 60,
            }} }},
            timeout: "1s",
            {options}
        }};
        fn look() {{ http::get("http://127.0.0.1:{port}/health/live", #{{ name: "live" }}); }}
        {functions}
        "#
    );
    Rhaid::at(binary).script(&script).arg("--no-history")
}

#[test]
fn a_command_is_killed_and_started_again_or_stands_still_for_a_while() {
    let output = run_with_command(
        12,
        r#"faults: [ #{ exec: "killed", start: "2s", duration: "1s", recovered_for: "1s" },
                     #{ exec: "stopped", after: "killed", start: "3s", duration: "1500ms", recovered_for: "1s" } ],"#,
        r#"fn killed(fault) { fault.command("hotel").kill(); }
           fn stopped(fault) { fault.command("hotel").stop(); }"#,
    )
    .arg("--allow-faults=process")
    .run();
    output.expect_code(0);
    for name in ["killed", "stopped"] {
        let fault = fault(&output, name);
        assert_eq!(fault["status"], "held", "{fault:#}");
        let lost = fault["impact"]["requests_lost"].as_f64().unwrap();
        assert!(lost > 0.0, "{fault:#}");
        assert!(fault["impact"]["recover_seconds"].is_number(), "{fault:#}");
    }
}

#[test]
fn a_fault_that_nothing_came_before_is_not_compared_with_it() {
    let output = run_of(
        4,
        r#"faults: [ #{ exec: "down", start: 0, duration: "1500ms", recovered_for: "1s" } ],"#,
        r#"fn down(fault) { fault.proxy("pms").down(); }"#,
    )
    .arg("--allow-faults")
    .run();
    // How soon it was over is known where failures show it, and nowhere else.
    let slow = run_of(
        4,
        r#"faults: [ #{ exec: "slow", start: 0, duration: "1500ms", recovered_for: "1s" } ],
           slos: #{ "fault_recovery_time": [#{ target: "max < 10s", optional: true }] },"#,
        r#"fn slow(fault) { fault.proxy("pms").latency("50ms"); }"#,
    )
    .arg("--allow-faults")
    .run();
    assert_eq!(
        slow.expect_result()["slos"][0]["status"],
        "NO DATA",
        "{slow}"
    );
    output.expect_words(
        "no second with requests had passed before it, so there is nothing to compare with",
    );
    assert!(!output.stdout.contains("resilience"), "{output}");
    let impact = &fault(&output, "down")["impact"];
    assert_eq!(impact["no_before"], true, "{impact:#}");
    assert!(impact["score"].is_null(), "{impact:#}");
    assert!(impact["detect_seconds"].is_number(), "{impact:#}");
}

#[test]
fn commands_must_be_allowed_and_a_misspelt_one_is_told() {
    let run = |name: &str| {
        run_with_command(
            1,
            r#"faults: [ #{ exec: "killed", start: 0, duration: "1s" } ],"#,
            &format!("fn killed(fault) {{ fault.command(\"{name}\").kill(); }}"),
        )
    };
    run("hotel")
        .arg("--allow-faults")
        .run()
        .expect_code(64)
        .expect_text("--allow-faults=process");
    run("hotle")
        .arg("--allow-faults=process")
        .run()
        .expect_code(65)
        .expect_text("did you mean `hotel`?");
}

#[test]
fn the_machine_is_kept_busy_and_let_go() {
    let output = run_of(
        4,
        r#"faults: [ #{ exec: "busy", start: "1s", duration: "1s" } ],"#,
        r#"fn busy(fault) { fault.machine().cpu(20); fault.machine().files(10); }"#,
    )
    .arg("--allow-faults=machine")
    .run();
    output.expect_code(0);
    let busy = fault(&output, "busy");
    assert_eq!(busy["status"], "held", "{busy:#}");
    assert_eq!(busy["effects"].as_array().unwrap().len(), 2, "{busy:#}");
}

#[test]
fn a_function_that_stands_in_the_way_of_a_method_is_told() {
    let output = run_of(
        1,
        r#"faults: [ #{ exec: "latency", duration: "1s", start: 0 } ],"#,
        r#"fn latency(fault) { fault.proxy("pms").latency("1s"); }"#,
    )
    .arg("--allow-faults")
    .run();
    output
        .expect_code(65)
        .expect_text("calls the script's own function `latency`")
        .expect_text("latency_fault");
}

#[test]
fn what_ends_while_it_is_being_done_leaves_nothing_behind() {
    let output = run_of(
        4,
        "",
        r#"
        fn vu_start(ctx) {
            if ctx.vu > 2 { return; }
            for round in 0..40 {
                try { chaos::inject("race", "2ms", |f| { let p = f.proxy("pms"); for i in 0..40 { p.latency("300ms"); } }); } catch (e) { }
                sleep("10ms");
            }
        }
        fn teardown() {
            let response = http::get(`${global::BASE}/health/live`);
            if response.timings.waiting >= 300.0 { throw `it is still slow: ${response.timings.waiting} ms`; }
        }
        "#,
    )
    .arg("--allow-faults")
    .run();
    output.expect_code(0);
}

#[test]
fn a_proxy_that_two_faults_hold_down_is_up_again_after_the_last() {
    let output = run_of(
        8,
        r#"faults: [ #{ name: "a", exec: "hold", start: "1s", duration: "2s" },
                     #{ name: "b", exec: "hold", start: "2s", duration: "3s", recovered_for: "1s" } ],"#,
        r#"fn hold(fault) { fault.proxy("pms").down(); }"#,
    )
    .arg("--allow-faults")
    .run();
    output.expect_code(0);
    let during = &phase(fault(&output, "b"), "during")["total"];
    assert_eq!(during["requests"], during["failed"], "{during:#}");
    assert_eq!(phase(fault(&output, "b"), "before")["total"]["failed"], 0);
}

#[test]
fn a_run_that_is_stopped_undoes_its_faults_before_its_iterations_end() {
    let mut running = run_of(
        60,
        r#"faults: [ #{ name: "hang", exec: "hang", start: "500ms", duration: "60s" } ],"#,
        r#"fn hang(fault) { fault.proxy("pms").latency("50s"); }"#,
    )
    .arg("--allow-faults")
    .spawn();
    running.wait_for_output("latency on downstream");
    std::thread::sleep(std::time::Duration::from_millis(300));
    let began = std::time::Instant::now();
    running.interrupt();
    let output = running.wait();
    output.expect_code(130);
    assert!(began.elapsed().as_secs() < 20, "{output}");
    assert_eq!(fault(&output, "hang")["status"], "cut");
}

#[test]
fn every_time_of_a_toxic_may_be_a_text() {
    let output = run_of(
        2,
        r#"faults: [ #{ name: "lossy", exec: "lossy", start: "500ms", duration: "1s" } ],"#,
        r#"fn lossy(fault) { fault.proxy("pms").toxic("stall", #{ loss: 0.1, rto: "20ms", max_rto: "1s" }); }"#,
    )
    .arg("--allow-faults")
    .run();
    output.expect_code(0).expect_text("max_rto 1000 ms");
}

#[test]
fn the_time_to_recover_is_a_metric_and_no_data_without_a_recovery() {
    let run = |seconds, recovered_for: &str| {
        run_of(
            seconds,
            &format!(
                r#"faults: [ #{{ name: "down", exec: "down", start: "3s", duration: "1s", recovered_for: "{recovered_for}" }} ],
                   slos: #{{ "fault_recovery_time{{fault:down}}": ["max < 30s"], "fault_recovery_time{{fault:dwon}}": [#{{ target: "max < 1s", optional: true }}] }},"#
            ),
            r#"fn down(fault) { fault.proxy("pms").down(); }"#,
        )
        .arg("--allow-faults")
        .run()
    };
    let slo = |output: &Output| output.expect_result()["slos"][0].clone();
    let output = run(9, "1s");
    output.expect_text("no fault `dwon` is declared");
    let recovered = slo(&output);
    assert_eq!(recovered["status"], "PASS", "{recovered:#}");
    let metrics = output.expect_result()["metrics"].as_array().unwrap();
    let metric = metrics
        .iter()
        .find(|metric| metric["name"] == "fault_recovery_time")
        .unwrap();
    assert_eq!(metric["total"]["count"], 1, "{metric:#}");
    let seconds = fault(&output, "down")["impact"]["recover_seconds"].clone();
    let (told, measured) = (
        seconds.as_f64().unwrap() * 1000.0,
        metric["total"]["max"].as_f64().unwrap(),
    );
    assert!(
        (told - measured).abs() <= measured * 0.01 + 1.0,
        "{told} {measured}"
    );
    let never = slo(&run(6, "10s"));
    assert_eq!(never["status"], "NO DATA", "{never:#}");
}

#[test]
fn a_function_that_does_not_end_with_the_run_is_told() {
    let output = run_of(
        2,
        r#"faults: [ #{ name: "endless", exec: "endless", start: "0s", duration: "1s" } ],"#,
        r#"fn endless(fault) { fault.proxy("pms").latency("1ms"); loop { sleep("50ms"); } }"#,
    )
    .arg("--allow-faults")
    .run();
    output
        .expect_text("waiting for functions of faults to end, 10s at most: `endless`")
        .expect_text("are left as they are: `endless`");
}

#[test]
fn a_refused_connection_is_told_by_what_the_load_names_and_the_proxy() {
    let output = run_of(
        3,
        r#"faults: [ #{ name: "down", exec: "down", start: "1s", duration: "1s" } ],"#,
        r#"fn down(fault) { fault.proxy("pms").down(); }"#,
    )
    .arg("--allow-faults")
    .run();
    output.expect_text("(through the proxy `pms`)");
}

#[test]
fn counts_of_a_proxy_tell_what_passed() {
    let output = run_of(
        2,
        "slos: #{ checks: [\"rate >= 100%\"] },",
        r#"
        fn teardown() {
            let before = chaos::counts("pms");
            check(before.connections > 0 && before.sent > 0 && before.received > 0, "the load has passed");
            let fault = chaos::inject("count", "30s", |fault| fault.proxy("pms").toxic("http", #{}));
            let first = chaos::counts("pms").requests;
            for n in 0..5 { http::get(`${global::BASE}/health/live`, #{ name: "live" }); }
            check(chaos::counts("pms").requests - first == 5, "requests are counted");
            fault.undo();
        }
        "#,
    )
    .arg("--allow-faults")
    .run();
    output.expect_code(0);
}
