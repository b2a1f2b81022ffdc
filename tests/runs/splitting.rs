//! One plan on several machines: the segments add up to the whole, exactly.

use std::collections::BTreeSet;

use crate::support::bin::Output;
use crate::support::reading::{Reading, run_of};

const PLAN: &str = r#"
    export const options = #{ scenarios: #{
        pool: #{ executor: "shared-iterations", vus: 7, iterations: 23 },
        each: #{ executor: "per-vu-iterations", vus: 5, iterations: 3 },
        open: #{ executor: "constant-arrival-rate", rate: 31, duration: "1s", max_vus: 11, pre_allocated_vus: 11 },
        ramp: #{ executor: "ramping-arrival-rate", start_rate: 0, max_vus: 6, stages: [ #{ duration: "1s", target: 34 } ] },
    } };
    fn iteration(ctx) { }
    fn vu_start(ctx) { log::info(`${ctx.scenario} ${ctx.vu}`); }
    "#;

fn segments(parts: &[&str], sequence: Option<&str>) -> Vec<Output> {
    let running: Vec<_> = parts
        .iter()
        .map(|part| {
            let mut run = run_of(PLAN).args(["--execution-segment", part, "--workers", "2"]);
            if let Some(sequence) = sequence {
                run = run.args(["--execution-segment-sequence", sequence]);
            }
            run.spawn()
        })
        .collect();
    running
        .into_iter()
        .zip(parts)
        .map(|(running, part)| {
            let output = running.wait();
            output.expect_code(0);
            assert_eq!(output.expect_result()["run"]["execution_segment"], *part);
            output
        })
        .collect()
}

/// Iterations that started, by scenario.
fn starts(output: &Output) -> [u64; 4] {
    ["pool", "each", "open", "ramp"].map(|name| {
        let row = output.scenario(name);
        row["iterations"].as_u64().unwrap() + row["dropped_iterations"].as_u64().unwrap()
    })
}

#[track_caller]
fn assert_whole(parts: &[Output]) {
    let sums = parts.iter().map(starts).fold([0; 4], |sums, part| {
        std::array::from_fn(|at| sums[at] + part[at])
    });
    assert_eq!(sums, [23, 15, 31, 17]);
    // No two machines have a user of the same number: data that is chosen by it is never used twice.
    let users: Vec<String> = parts.iter().flat_map(Output::logged).collect();
    let distinct: BTreeSet<&String> = users.iter().collect();
    assert_eq!(distinct.len(), users.len(), "{users:?}");
    for name in ["pool", "each"] {
        let of_scenario = users.iter().filter(|user| user.starts_with(name)).count();
        assert_eq!(of_scenario, if name == "pool" { 7 } else { 5 });
    }
}

#[test]
fn equal_segments_add_up_to_the_whole() {
    let parts = segments(&["0:1/3", "1/3:2/3", "2/3:1"], None);
    assert_whole(&parts);
    for part in &parts {
        let starts = starts(part);
        assert!((7..=8).contains(&starts[0]), "{starts:?}");
        assert!((10..=11).contains(&starts[2]), "{starts:?}");
    }
}

#[test]
fn unequal_segments_of_a_sequence_add_up_to_the_whole() {
    let parts = segments(&["0:1/4", "1/4:1"], Some("0,1/4,1"));
    assert_whole(&parts);
    assert!(starts(&parts[0])[2] < starts(&parts[1])[2]);
}

#[test]
fn a_segment_that_is_not_one_of_equal_parts_needs_its_sequence() {
    let output = run_of(PLAN).args(["--execution-segment", "1/4:1"]).run();
    output.expect_code(64);
    output.expect_text("--execution-segment-sequence");
}

#[test]
fn a_cap_on_requests_is_split_with_the_plan() {
    let server = crate::support::server::HttpServer::start();
    let mut sum = 0;
    for segment in ["0:1/3", "1/3:2/3", "2/3:1"] {
        let output = run_of(
            r#"
            export const options = #{ rps: 60, scenarios: #{ a: #{ executor: "constant-vus", vus: 9, duration: "1s", graceful_stop: "1s" } } };
            fn iteration() { http::get(env("BASE_URL") + "/hello"); }
            "#,
        )
        .env("BASE_URL", server.url(""))
        .args(["--execution-segment", segment, "--execution-segment-sequence", "0,1/3,2/3,1"])
        .run();
        output.expect_code(0);
        sum += output.count("http_reqs");
    }
    // One for each waiting user beyond the second.
    assert!((20..=60 + 9 + 3).contains(&sum), "{sum} requests");
}
