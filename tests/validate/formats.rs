//! Files as other tools write them.

use crate::validate::{hold, json, slo, validate};

#[test]
fn each_format_is_known_by_its_content_and_judged() {
    for (file, code) in [
        ("k6-summary-export.json", 0),
        ("k6-handle-summary.json", 0),
        ("k6-machine-readable.json", 0),
        ("k6-points.ndjson.gz", 0),
        ("jmeter.csv.jtl", 2),
        ("jmeter.xml.jtl", 2),
        ("locust_stats.csv", 2),
        ("gatling-stats.json", 2),
        ("gatling-global-old.json", 0),
        ("oha.json", 2),
        ("vegeta-report.json", 0),
        ("vegeta-results.ndjson", 2),
        ("wrk.txt", 0),
        ("wrk-404.txt", 2),
        ("tags.hlog", 0),
        ("two-digits.hlog", 0),
        ("python.hlog", 0),
    ] {
        hold(file, validate(file, []), code);
    }
}

#[test]
fn the_format_can_be_named() {
    for (file, from) in [
        ("k6-summary-export.json", "k6-summary-export"),
        ("k6-points.ndjson.gz", "k6-json"),
        ("jmeter.csv.jtl", "jmeter-csv"),
        ("wrk.txt", "wrk"),
    ] {
        let (judged, _) = json(validate(file, ["--from", from]));
        assert_eq!(judged["format"], from, "{file}");
    }
    let output = validate("wrk.txt", ["--from", "wrkk"]).run();
    output.expect_code(64);
    assert!(output.stderr.contains("'wrk'"), "{output}");
}

#[test]
fn in_k6s_old_export_true_says_that_a_threshold_was_crossed() {
    let crossed = r#"{"metrics": {"http_req_duration": {"avg": 10, "min": 1, "med": 9, "max": 90, "p(90)": 20, "p(95)": 30,
        "thresholds": {"p(99)<800": true, "p(99.5)<800": false}}, "http_reqs": {"count": 10, "rate": 5}}}"#;
    let (judged, output) = json(crate::validate::of(crossed));
    output.expect_code(1);
    let missed = slo(&judged, "http_req_duration", "p(99) < 800");
    assert_eq!(
        (&missed["status"], &missed["priority"]),
        (&"FAIL".into(), &"P1".into())
    );
    assert_eq!(missed["basis"], "recorded");
    assert_eq!(
        slo(&judged, "http_req_duration", "p(99.5) < 800")["status"],
        "PASS"
    );

    // In the data of handleSummary it is `ok`.
    let held = r#"{"metrics": {"http_req_duration": {"type": "trend", "contains": "time", "values": {"avg": 10, "p(95)": 30},
        "thresholds": {"p(99)<800": {"ok": true}, "p(95)<20": {"ok": false}}}}, "state": {"testRunDurationMs": 2000}, "root_group": {}}"#;
    let (judged, output) = json(crate::validate::of(held));
    output.expect_code(1);
    assert_eq!(
        slo(&judged, "http_req_duration", "p(99) < 800")["status"],
        "PASS"
    );
    let missed = slo(&judged, "http_req_duration", "p(95) < 20");
    assert_eq!(
        (&missed["status"], &missed["actual"], &missed["basis"]),
        (&"FAIL".into(), &30.0.into(), &"measured".into())
    );
}

#[test]
fn a_recorded_miss_stands_even_where_the_figures_that_are_left_keep_to_it() {
    let file = r#"{"metrics": {"http_req_duration": {"type": "trend", "contains": "time", "values": {"avg": 10, "p(95)": 30},
        "thresholds": {"p(95)<40": {"ok": false}}}}, "state": {"testRunDurationMs": 2000}, "root_group": {}}"#;
    let (judged, output) = json(crate::validate::of(file));
    output.expect_code(1);
    let row = slo(&judged, "http_req_duration", "p(95) < 40");
    assert_eq!(
        (&row["status"], &row["basis"]),
        (&"FAIL".into(), &"recorded".into())
    );
    assert!(
        row["note"]
            .as_str()
            .unwrap()
            .contains("records that it was missed"),
        "{row}"
    );
}

#[test]
fn what_k6_streams_agrees_with_what_it_summed_up() {
    // The same script, run twice within seconds: counts are equal, times are of the same size.
    let (stream, _) = json(validate("k6-points.ndjson.gz", []));
    assert_eq!(stream["format"], "k6-json");
    let p95 = slo(&stream, "http_req_duration", "p(95) < 500");
    assert_eq!(
        (&p95["status"], &p95["basis"]),
        (&"PASS".into(), &"measured".into())
    );
    // The exact value, by sorting all samples: the 96th of 101.
    let actual = p95["actual"].as_f64().unwrap();
    assert!((actual - 0.901_492).abs() < 0.001, "{actual}");
    assert!(
        stream["notes"]
            .to_string()
            .contains("http_req_duration{name:rooms}"),
        "{stream:#}"
    );
}

#[test]
fn a_judged_file_becomes_a_result_with_histograms_series_and_intervals() {
    let output = validate("k6-points.ndjson.gz", ["--out", "out.json"]).run();
    output.expect_code(0);
    let text = std::fs::read_to_string(output.path("out.json")).unwrap();
    let result: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(result["tool"]["name"], "k6");
    let metrics = result["metrics"].as_array().unwrap();
    let of = |name: &str| {
        metrics
            .iter()
            .find(|metric| metric["name"] == name)
            .unwrap()
    };
    assert_eq!(of("http_reqs")["total"]["count"], 101.0);
    assert_eq!(of("http_req_duration")["total"]["count"], 101);
    assert!(of("http_req_duration")["total"]["histogram"].is_string());
    assert_eq!(of("booking_time")["contains"], "time");
    assert_eq!(result["checks"][0]["name"], "ok");
    let requests: f64 = column(&result, "http_reqs").iter().sum();
    assert_eq!(requests, 101.0);
    let intervals = &result["intervals"];
    assert_eq!(intervals["interval_seconds"], 1);
    let row = intervals["rows"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["metric"] == "http_req_duration" && row["tags"].is_null())
        .unwrap();
    let counts: u64 = row["counts"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|count| count.as_u64())
        .sum();
    assert_eq!(counts, 101);
    assert!(row["histograms"][0].is_string());
    assert_eq!(result["endpoints"][0]["name"], "rooms");

    // It is judged again like any other result, and comes to the same.
    let again = crate::validate::rhaid(["validate", "again.json"]).file("again.json", text);
    let (judged, output) = json(again);
    output.expect_code(0);
    assert_eq!(judged["format"], "rhaid");
    assert_eq!(
        slo(&judged, "http_req_duration", "p(95) < 500")["status"],
        "PASS"
    );
    assert_eq!(judged["notes"], result["run"]["notes"]);
}

fn column(result: &serde_json::Value, name: &str) -> Vec<f64> {
    let columns = result["time_series"]["columns"].as_array().unwrap();
    let column = columns
        .iter()
        .find(|column| column["name"] == name)
        .unwrap();
    column["values"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|value| value.as_f64())
        .collect()
}

#[test]
fn every_importers_result_satisfies_the_published_schema() {
    let schema: serde_json::Value = serde_json::from_str(
        &std::fs::read_to_string(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/docs/result.schema.json"
        ))
        .unwrap(),
    )
    .unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/validate/data");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let Ok(imported) = rhaid::import::read(&path, None) else {
            // The neighbours of what is read lie there too.
            assert!(
                path.ends_with("locust_stats_history.csv"),
                "{}",
                path.display()
            );
            continue;
        };
        let document = serde_json::to_value(&imported.result).unwrap();
        let faults: Vec<String> = schema
            .iter_errors(&document)
            .map(|error| error.to_string())
            .collect();
        assert!(faults.is_empty(), "{}: {faults:?}", path.display());
        seen += 1;
    }
    assert!(seen >= 17, "{seen}");
}

#[test]
fn jmeters_transactions_are_groups_and_no_requests() {
    for file in ["jmeter.csv.jtl", "jmeter.xml.jtl"] {
        let output = validate(file, ["--out", "out.json"]).run();
        let text = std::fs::read_to_string(output.path("out.json")).unwrap();
        let result: serde_json::Value = serde_json::from_str(&text).unwrap();
        let endpoints = result["endpoints"].as_array().unwrap();
        let names: Vec<&str> = endpoints
            .iter()
            .filter_map(|row| row["name"].as_str())
            .collect();
        assert_eq!(names, ["live, \"ready\"", "missing"], "{file}");
        assert_eq!(endpoints[0]["requests"], 12, "{file}");
        assert_eq!(endpoints[1]["failed"], 12, "{file}");
        assert_eq!(endpoints[1]["statuses"]["404"], 12, "{file}");
        let metrics = result["metrics"].as_array().unwrap();
        let groups = metrics
            .iter()
            .find(|metric| metric["name"] == "group_duration")
            .unwrap();
        assert_eq!(
            groups["series"][0]["tags"]["group"], "look around",
            "{file}"
        );
        assert_eq!(groups["total"]["count"], 12, "{file}");
        assert_eq!(result["errors"][0]["message"], "Not Found", "{file}");
        assert_eq!(result["errors"][0]["count"], 12, "{file}");
    }
}

#[test]
fn a_histogram_log_of_any_precision_gives_the_same_milliseconds() {
    let p50 = |file: &str| {
        let (judged, _) = json(validate(file, ["--slo", "slo.toml"]).file(
            "slo.toml",
            "[slos]\nhttp_req_duration = [\"med < 1s\", \"max < 1s\"]\n",
        ));
        let of = |target: &str| {
            slo(&judged, "http_req_duration", target)["actual"]
                .as_f64()
                .unwrap()
        };
        (of("med < 1s"), of("max < 1s"))
    };
    let (three, two) = (p50("tags.hlog"), p50("two-digits.hlog"));
    assert!(
        (three.0 / two.0 - 1.0).abs() < 0.02 && (three.1 / two.1 - 1.0).abs() < 0.02,
        "{three:?} {two:?}"
    );
    assert!((400.0..440.0).contains(&three.1), "{three:?}");
    // A log of microseconds, as its Interval_Max tells.
    let (median, max) = p50("python.hlog");
    assert!(
        (15.0..26.0).contains(&median) && (38.0..41.0).contains(&max),
        "{median} {max}"
    );
}

#[test]
fn a_tag_of_a_log_is_the_name_of_its_requests() {
    let (judged, _) = json(
        validate("tags.hlog", ["--slo", "slo.toml"])
            .file("slo.toml", "[slos]\n\"http_req_duration{name:rooms}\" = \"count > 0\"\n\"http_req_duration\" = \"count > 0\"\n"),
    );
    assert_eq!(
        slo(&judged, "http_req_duration{name:rooms}", "count > 0")["actual"],
        800.0
    );
    assert_eq!(
        slo(&judged, "http_req_duration", "count > 0")["actual"],
        1600.0
    );
}

#[test]
fn secrets_in_urls_do_not_reach_a_result() {
    let output = validate("vegeta-results.ndjson", ["--out", "out.json"]).run();
    let text = std::fs::read_to_string(output.path("out.json")).unwrap();
    assert!(
        text.contains("/rooms") && !text.contains("=abc"),
        "{output}"
    );
}
