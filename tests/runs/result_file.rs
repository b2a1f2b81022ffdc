//! The result file: where it goes, what it says about the run, and that its figures can be computed again.

use std::process::Command;

use rhaid::metrics::Histogram;
use rhaid::metrics::histogram::from_scaled;
use serde_json::{Value, json};

use crate::support::bin::{Output, Rhaid};
use crate::support::ports::refused_addr;
use crate::support::reading::{Reading, number, run_of};
use crate::support::server::HttpServer;

const REQUESTS: &str = r#"
    export const options = #{ scenarios: #{
        guests: #{ executor: "constant-arrival-rate", rate: 30, duration: "3s", max_vus: 10, exec: "look" },
        staff: #{ executor: "shared-iterations", iterations: 4, exec: "work" },
    } };
    fn setup() { sleep(0.4); http::get(`${env("BASE_URL")}/hello`, #{ name: "setup" }); }
    fn look() { http::get(`${env("BASE_URL")}/hello`, #{ name: "look" }); }
    fn work() { http::get(`${env("BASE_URL")}/slow/30`, #{ name: "work" }); check(true, "worked"); }
    fn teardown() { http::get(`${env("BASE_URL")}/hello`, #{ name: "teardown" }); }
    "#;

fn requests(server: &HttpServer) -> Output {
    let output = run_of(REQUESTS)
        .args(["--workers", "2"])
        .env("BASE_URL", server.url(""))
        .run();
    output.expect_code(0);
    output
}

fn column<'a>(result: &'a Value, name: &str) -> Vec<&'a Value> {
    let columns = result["time_series"]["columns"].as_array().unwrap();
    let column = columns.iter().find(|column| column["name"] == name);
    column.unwrap()["values"]
        .as_array()
        .unwrap()
        .iter()
        .collect()
}

#[test]
fn a_user_that_is_to_end_counts_until_its_iteration_is_over() {
    let output = run_of(
        r#"
        export const options = #{ vus: 2, duration: "1s" };
        fn iteration() { sleep(2.6); }
        "#,
    )
    .args(["--workers", "1"])
    .run();
    output.expect_code(0);
    let vus = column(output.expect_result(), "vus");
    assert_eq!(vus[1].as_f64(), Some(2.0), "in the second second: {vus:?}");
}

#[test]
fn without_a_path_the_result_goes_to_a_file_named_after_time_and_script() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("my journey.rhai"), "fn iteration() { }").unwrap();
    for _ in 0..2 {
        let status = Command::new(env!("CARGO_BIN_EXE_rhaid"))
            .args(["run", "my journey.rhai", "--quiet"])
            .current_dir(folder.path())
            .status()
            .unwrap();
        assert!(status.success());
    }
    let mut names: Vec<String> = std::fs::read_dir(folder.path().join("results"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names.len(),
        2,
        "no run replaces another's result: {names:?}"
    );
    for name in &names {
        // 20260131-093000-my-journey.json, or the same with -2
        let (time, script) = name.split_at(16);
        let shape: String = time
            .chars()
            .map(|c| if c.is_ascii_digit() { '9' } else { c })
            .collect();
        assert_eq!(shape, "99999999-999999-", "{name}");
        assert!(
            ["my-journey.json", "my-journey-2.json"].contains(&script),
            "{name}"
        );
    }
}

#[test]
fn a_result_satisfies_the_published_schema_and_reads_back() {
    let server = HttpServer::start();
    let output = requests(&server);
    let document = output.expect_result();
    let validator = jsonschema::validator_for(&rhaid::result::schema()).unwrap();
    let faults: Vec<String> = validator
        .iter_errors(document)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{faults:?}");
    let read = rhaid::result::read(&output.path("result.json")).unwrap();
    assert_eq!(&serde_json::to_value(&read).unwrap(), document);
}

#[test]
fn a_result_says_what_ran_where_and_how_it_ended() {
    let script = "fn iteration() { sleep(0.1); }";
    let output = run_of(script)
        .args(["--iterations", "2", "--seed", "42", "--workers", "2"])
        .run();
    let result = output.expect_result();
    assert_eq!(result["version"], 1);
    assert_eq!(
        result["tool"],
        json!({ "name": "rhaid", "version": env!("CARGO_PKG_VERSION") })
    );
    let run = &result["run"];
    assert_eq!(run["script"], "script.rhai");
    let hash: String = <sha2::Sha256 as sha2::Digest>::digest(script)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(run["script_sha256"], hash);
    assert_eq!(run["seed"], 42);
    assert_eq!(run["scale"], 1.0);
    assert_eq!(run["outcome"], json!({ "kind": "completed" }));
    assert_eq!(run["notes"], json!([]));
    assert_eq!(result["options"], json!({ "iterations": 2, "seed": 42 }));
    let machine = &run["machine"];
    assert_eq!(machine["os"], std::env::consts::OS);
    assert_eq!(machine["arch"], std::env::consts::ARCH);
    assert_eq!(machine["workers"], 2);
    for key in ["cpus", "memory_bytes"] {
        assert!(machine[key].as_u64().unwrap() > 0, "{key}");
    }
    let parse = |key: &str| {
        let text = run[key].as_str().unwrap();
        time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).unwrap()
    };
    let took = (parse("ended_at") - parse("started_at")).as_seconds_f64();
    let lasted = number(&run["duration_seconds"]);
    assert!(lasted >= 0.1 && took >= lasted, "{took} s, {lasted} s");
    assert!(result["generator"]["peak_rss_bytes"].as_u64().unwrap() > 1_000_000);
}

fn git(folder: &std::path::Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
        .args([
            "-c",
            "init.defaultBranch=trunk",
            "-c",
            "commit.gpgsign=false",
        ])
        .args(args)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {args:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_result_names_the_commit_of_the_repository_that_the_script_lies_in() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script.rhai");
    std::fs::write(&script, "fn iteration() { }").unwrap();
    git(folder.path(), &["init", "-q"]);
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "-q", "-m", "one"]);
    let commit = git(folder.path(), &["rev-parse", "HEAD"]);
    // From anywhere: it is about the script, not about where somebody stands.
    let run = || {
        let output = Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
            .args(["run".as_ref(), script.as_os_str()])
            .run();
        output.expect_code(0);
        output.expect_result()["run"]["git"].clone()
    };
    assert_eq!(
        run(),
        json!({ "commit": commit, "branch": "trunk", "dirty": false })
    );
    std::fs::write(&script, "fn iteration() { } // changed").unwrap();
    assert_eq!(run()["dirty"], true);
}

#[test]
fn every_row_of_traffic_adds_up() {
    let server = HttpServer::start();
    let output = requests(&server);
    for (name, scenario, count) in [
        ("setup", "setup", 1),
        ("look", "guests", 90),
        ("work", "staff", 4),
        ("teardown", "teardown", 1),
    ] {
        let row = output.endpoint(name);
        assert_eq!(row["requests"], count, "{name}");
        assert_eq!(row["scenario"], scenario);
        assert_eq!(row["method"], "GET");
        assert_eq!(row["failed"], 0);
        assert_eq!(row["statuses"], json!({ "200": count }));
        assert_eq!(row["duration"]["count"], count);
    }
    assert_eq!(server.traffic().request_count(), 96);
    assert_eq!(output.count("http_reqs"), 96);
    assert!(number(&output.endpoint("work")["duration"]["min"]) >= 29.0);
    let guests = output.scenario("guests");
    assert_eq!(guests["iterations"], 90);
    assert_eq!(guests["exec"], "look");
    assert_eq!(guests["executor"], "constant-arrival-rate");
    let rate = number(&guests["iterations_per_second"]);
    assert!((20.0..=30.5).contains(&rate), "{rate}");
    assert_eq!(guests["iteration_duration"]["count"], 90);
    let whole = output.metric("http_reqs");
    let seconds = number(&output.expect_result()["run"]["duration_seconds"]);
    assert!((number(&whole["rate"]) - 96.0 / seconds).abs() < 1e-6);
}

#[test]
fn the_series_hold_every_second_of_the_run_and_nothing_else() {
    let server = HttpServer::start();
    let output = requests(&server);
    let result = output.expect_result();
    let series = &result["time_series"];
    assert_eq!(series["interval_seconds"], 1);
    let sum = |name: &str| -> f64 {
        column(result, name)
            .iter()
            .filter_map(|value| value.as_f64())
            .sum()
    };
    // Setup and teardown are no second of the run.
    assert_eq!(sum("http_reqs"), 94.0);
    assert_eq!(sum("iterations"), 94.0);
    assert_eq!(sum("checks_failed"), 0.0);
    assert!(sum("data_received") > 94.0 * 50.0);
    let length = column(result, "iterations").len();
    assert!(
        (3..=5).contains(&length),
        "{length} points for three seconds"
    );
    for column in series["columns"].as_array().unwrap() {
        assert_eq!(column["values"].as_array().unwrap().len(), length);
    }
    // 30 a second; the first second has the four of `staff` too. A busy machine may shift single ones.
    let iterations: Vec<f64> = column(result, "iterations")
        .into_iter()
        .map(number)
        .collect();
    for second in &iterations[..2] {
        assert!((20.0..=44.0).contains(second), "{iterations:?}");
    }
    let p95 = column(result, "http_req_duration_p95");
    assert!(number(p95[0]) > 0.0);
    assert!(
        column(result, "vus")
            .iter()
            .any(|value| value.as_f64().is_some())
    );
}

#[test]
fn percentiles_can_be_computed_again_from_the_histogram() {
    let server = HttpServer::start();
    let output = requests(&server);
    let decode =
        |values: &Value| Histogram::from_v2_base64(values["histogram"].as_str().unwrap()).unwrap();
    let mut compared = 0;
    let close = |a: f64, b: f64| (a - b).abs() <= b.abs() * 0.002 + 1e-6;
    for metric in output.expect_result()["metrics"].as_array().unwrap() {
        let total = &metric["total"];
        if metric["kind"] != "trend" || total["count"] == 0 {
            continue;
        }
        let histogram = decode(total);
        assert_eq!(histogram.count(), total["count"].as_u64().unwrap());
        for (key, percentile) in [
            ("med", 50.0),
            ("p90", 90.0),
            ("p95", 95.0),
            ("p99", 99.0),
            ("p999", 99.9),
        ] {
            let again = from_scaled(histogram.value_at_percentile(percentile) as f64);
            let stated = number(&total[key]);
            assert!(
                close(again, stated),
                "{} {key}: {again} {stated}",
                metric["name"]
            );
        }
        // The parts make up the whole, so they can be merged elsewhere too.
        let mut merged = Histogram::new();
        for series in metric["series"].as_array().unwrap() {
            if series["values"]["count"] != 0 {
                merged.merge(&decode(&series["values"]));
            }
        }
        assert_eq!(merged.count(), histogram.count());
        assert_eq!(
            merged.value_at_percentile(95.0),
            histogram.value_at_percentile(95.0)
        );
        compared += 1;
    }
    assert!(compared >= 10, "{compared}");
}

#[test]
fn another_tool_reads_the_histogram() {
    let output = run_of(
        r#"
        export const options = #{ iterations: 100 };
        fn iteration(ctx) { metrics::trend("t").add(ctx.iteration + 1); }
        "#,
    )
    .args(["--vus", "1"])
    .run();
    let text = output.metric("t")["histogram"].as_str().unwrap();
    let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).unwrap();
    let read: hdrhistogram::Histogram<u64> = hdrhistogram::serialization::Deserializer::new()
        .deserialize(&mut bytes.as_slice())
        .unwrap();
    assert_eq!(read.len(), 100);
    for (quantile, expected) in [(0.5, 50.0), (0.95, 95.0), (1.0, 100.0)] {
        let value = read.value_at_quantile(quantile) as f64 / 1e6;
        assert!(
            (value - expected).abs() < expected * 0.002,
            "{quantile}: {value}"
        );
    }
}

#[test]
fn errors_are_grouped_by_what_they_are_each_with_an_example() {
    let refused = refused_addr();
    let server = HttpServer::start();
    let output = run_of(
        r#"
        export const options = #{ iterations: 3 };
        fn iteration() {
            http::get(`${env("BASE_URL")}/reset`, #{ name: "reset" });
            http::get(`${env("REFUSED")}/x`, #{ name: "refused" });
            http::get(`${env("BASE_URL")}/status/500`, #{ name: "broken" });
            http::get(`${env("BASE_URL")}/slow/5000`, #{ name: "late", timeout: "50ms" });
        }
        "#,
    )
    .env("BASE_URL", server.url(""))
    .env("REFUSED", format!("http://{refused}"))
    .run();
    output.expect_code(0);
    let errors = output.expect_result()["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 4, "{errors:?}");
    let mut codes = std::collections::BTreeSet::new();
    for error in errors {
        assert_eq!(error["kind"], "http");
        assert_eq!(error["count"], 3, "{error}");
        let example = &error["example"];
        assert_eq!(example["scenario"], "default");
        assert!(
            example["url"]
                .as_str()
                .unwrap()
                .starts_with("http://127.0.0.1:"),
            "{error}"
        );
        assert!(number(&error["first_seconds"]) <= number(&error["last_seconds"]));
        codes.insert(error["code"].as_str().unwrap().to_owned());
    }
    assert_eq!(codes.len(), 4, "{codes:?}");
    assert!(codes.contains("1500"), "{codes:?}");
    assert_eq!(
        output.endpoint("refused")["statuses"],
        json!({ "error": 3 })
    );
}

#[test]
fn a_result_that_cannot_be_written_is_said_before_the_start_if_that_can_be_known() {
    let output = run_of("fn iteration() { metrics::counter(\"done\").add(1); }")
        .file("a file", "")
        .args(["--result", "a file/result.json"])
        .run();
    output.expect_code(74);
    output.expect_text("could not write the result to `a file/result.json`");
    output.expect_text("--result FILE");
    assert_eq!(output.stdout, "", "{output}");
    // A disk that is full takes the file's creation and refuses its content.
    let full = run_of("fn iteration() { }")
        .args(["--result", "/dev/full"])
        .run();
    full.expect_code(74).expect_text("Free some space");
    // The summary stands in for it.
    assert!(full.stdout.contains("1 iteration"), "{full}");
    assert!(full.stdout.contains("exit 74"), "{full}");
}

#[test]
fn folders_of_a_result_are_made_and_an_earlier_result_is_replaced() {
    let output = run_of("fn iteration() { }")
        .file("out/deep/result.json", "old")
        .args(["--result", "out/deep/result.json"])
        .run();
    output.expect_code(0);
    assert_eq!(output.expect_result()["version"], 1);
    let new = run_of("fn iteration() { }")
        .args(["--result", "made/for/it.json"])
        .run();
    assert_eq!(new.expect_result()["version"], 1);
}
