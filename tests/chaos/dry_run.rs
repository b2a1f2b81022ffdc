//! What `--dry-run` tells of faults, and that nothing is sent.

use std::io::ErrorKind;
use std::net::TcpListener;

use serde_json::Value;

use crate::support::bin::{Output, Rhaid};

const FAULTS: &str = r#"
    faults: [
        #{ name: "slow", exec: "slow", start: "10s", duration: "15s", guard: "http_req_failed rate < 30%", steady: "checks rate > 99%" },
        #{ name: "again", exec: "slow", after: "slow", start: "5s", duration: "10s", guard: "http_reqs count > 0" },
        #{ name: "monkey", exec: "slow", random: ["5s", "10s"], times: 2, duration: "1s" },
        #{ name: "late", exec: "slow", start: "2m", duration: "1s" },
    ],"#;

/// A dry run of a script with a target that counts who knocks.
fn dry(more: &str, arguments: &[&str]) -> Output {
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    target.set_nonblocking(true).unwrap();
    let port = target.local_addr().unwrap().port();
    let script = format!(
        r#"
        export const options = #{{
            scenarios: #{{ guests: #{{ executor: "constant-arrival-rate", exec: "look", rate: 5, duration: "60s", max_vus: 7 }} }},
            proxies: #{{ pms: "127.0.0.1:{port}" }},
            {more}
        }};
        fn setup() {{ http::get("http://127.0.0.1:{port}/"); }}
        fn look() {{ http::get("http://127.0.0.1:{port}/"); }}
        fn slow(fault) {{ fault.proxy("pms").latency("300ms"); }}
        "#
    );
    let output = Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .script(&script)
        .args(["--no-history", "--dry-run"])
        .args(arguments)
        .run();
    let knocked = target.accept().map_err(|error| error.kind());
    assert_eq!(knocked.err(), Some(ErrorKind::WouldBlock), "{output}");
    output
}

fn document(output: &Output) -> Value {
    serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output}"))
}

#[test]
fn the_blast_radius_is_told_in_numbers_and_nothing_is_sent() {
    let output = dry(FAULTS, &["--format", "json"]);
    output.expect_code(0);
    let told = document(&output);
    let faults = told["faults"].as_array().unwrap();
    let number = |at: usize, key: &str| faults[at][key].as_f64();
    assert_eq!(number(0, "longest_seconds"), Some(15.0), "{told:#}");
    assert_eq!(number(0, "share_of_plan"), Some(0.25));
    assert_eq!(number(1, "start_seconds"), Some(30.0));
    assert_eq!(number(2, "longest_seconds"), Some(2.0));
    assert_eq!(number(2, "start_seconds"), None);
    assert_eq!(faults[3]["comes_too_late"], true);
    assert_eq!(told["under_fault_seconds"], 27.0);
    assert_eq!(told["plan"]["max_vus"], 7);
    assert_eq!(told["targets"]["proxies"][0]["name"], "pms");
    assert_eq!(told["targets"]["proxies"][0]["allowed"], true);
    assert_eq!(told["missing"].as_array().unwrap().len(), 1, "{told:#}");

    let output = dry(FAULTS, &["--allow-faults=proxy,process"]);
    output
        .expect_code(0)
        .expect_text("at work for 27s at most, 45.0% of the plan")
        .expect_text("guard   http_req_failed: rate < 30%, over 5s")
        .expect_text("allowed kinds: proxy, process")
        .expect_text("`late` never comes");
    assert!(!output.stdout.contains("Missing"), "{output}");
}

#[test]
fn what_the_run_would_be_refused_for_is_told() {
    let elsewhere = r#"commands: #{ hotel: #{ run: ["true"] } },
        faults: [ #{ name: "slow", exec: "slow", duration: "1s" } ],"#;
    let output = dry(elsewhere, &[]);
    output
        .expect_code(0)
        .expect_text("--allow-faults=proxy,dns,process: the run starts commands")
        .expect_text("as often as that");
    let output = dry(FAULTS, &["--no-faults"]);
    output.expect_code(0).expect_text("Faults  none");
    let output = dry("faults: 1,", &[]);
    output.expect_code(65).expect_text("faults");
    dry("", &["--allow-faults=proxi"]).expect_code(64);
}
