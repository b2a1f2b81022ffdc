//! The files that `make reference` writes are those that the program would write now.

use serde_json::Value;

use crate::docs::pages;
use crate::support::bin::Rhaid;

const BINARY: &str = env!("CARGO_BIN_EXE_rhaid");

#[track_caller]
fn expect_current(file: &str, arguments: &[&str]) {
    let output = Rhaid::at(BINARY).args(arguments).run();
    output.expect_code(0);
    let committed = pages::read(file);
    let first = committed
        .lines()
        .zip(output.stdout.lines())
        .enumerate()
        .find(|(_, (old, new))| old != new);
    assert!(
        committed == output.stdout,
        "{file} is out of date: run `make reference`\nfirst difference: {first:?}"
    );
}

#[test]
fn the_script_reference_is_up_to_date() {
    expect_current("docs/script-reference.md", &["reference"]);
}

#[test]
fn the_published_schema_is_up_to_date() {
    expect_current("docs/result.schema.json", &["reference", "result-schema"]);
}

#[test]
fn the_result_of_a_real_run_satisfies_the_published_schema() {
    let script = r#"
        const BASE = env("BASE_URL");
        export const options = #{
            scenarios: #{
                good: #{ executor: "per-vu-iterations", vus: 2, iterations: 2, exec: "good" },
                bad: #{ executor: "constant-arrival-rate", rate: 20, duration: "0.3s", max_vus: 2, exec: "bad" },
            },
            slos: #{
                "http_req_duration": [#{ target: "p(95) < 3s", warn: "p(95) < 2s", priority: "P0", over: "1s" }],
                "http_req_failed": ["rate < 1%"],
                "http_reqs{name:nobody}": [#{ target: "count > 0", optional: true }],
            },
        };
        fn good() {
            group("look", || check(http::get(`${global::BASE}/health/live`), #{ ok: |r| r.status == 200 }));
            metrics::gauge("level").add(3);
            metrics::trend("size").add(7);
        }
        fn bad() {
            http::get("http://127.0.0.1:1/nobody");
            fail("as planned");
        }
    "#;
    let output = Rhaid::at(BINARY)
        .script(script)
        .args(["--demo", "--workers", "2"])
        .run();
    output.expect_code(2);
    let schema: Value = serde_json::from_str(&pages::read("docs/result.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<String> = validator
        .iter_errors(output.expect_result())
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
}
