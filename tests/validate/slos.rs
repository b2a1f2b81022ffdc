//! Which objectives a file is held against.

use crate::validate::{hold, json, of, slo, validate};

#[test]
fn without_any_the_standard_six_are_asked_and_none_needs_data() {
    let (judged, output) = json(validate("wrk.txt", []));
    output.expect_code(0);
    assert_eq!(judged["slos"].as_array().unwrap().len(), 6);
    let checks = slo(&judged, "checks", "rate > 99%");
    assert_eq!(
        (&checks["status"], &checks["basis"]),
        (&"NO DATA".into(), &"nothing".into())
    );
    // wrk prints no 95th percentile, and none is made up.
    let p95 = slo(&judged, "http_req_duration", "p(95) < 3s");
    assert_eq!(p95["status"], "NO DATA");
    assert!(
        p95["note"]
            .as_str()
            .unwrap()
            .contains("only avg, med, max, p(90), p(99)"),
        "{p95}"
    );
    assert_eq!(
        slo(&judged, "http_req_duration", "p(99) < 5s")["status"],
        "PASS"
    );
}

#[test]
fn what_is_asked_for_needs_data() {
    let slos = "[slos]\nhttp_req_duration = [\"p(95) < 3s\"]\n\"http_req_duration{name:rooms}\" = \"p(99) < 3s\"\nrooms_booked = \"count > 1\"\ndropped_iterations = \"count < 1\"\n";
    hold(
        "slos-no-data",
        validate("wrk.txt", ["--slo", "slo.toml"]).file("slo.toml", slos),
        1,
    );
}

#[test]
fn thresholds_of_the_file_stand_beside_objectives_that_are_asked_for() {
    let slos = "[slos]\niterations = [{ target = \"rate > 1000\", priority = \"P0\" }]\n";
    let output = hold(
        "slos-beside-thresholds",
        validate("k6-summary-export.json", ["--slo", "slo.toml"]).file("slo.toml", slos),
        2,
    );
    assert!(
        output.stdout.contains("CRITICAL")
            && output.stdout.contains("http_req_duration{name:rooms}"),
        "{output}"
    );
}

#[test]
fn a_selector_meets_the_part_of_a_metric_that_a_summary_tells() {
    let slos = "[slos]\n\"http_req_duration{name:rooms}\" = \"p(95) < 200\"\n\"http_req_duration{name:beds}\" = \"p(95) < 200\"\n";
    let (judged, _) =
        json(validate("k6-summary-export.json", ["--slo", "slo.toml"]).file("slo.toml", slos));
    assert_eq!(
        slo(&judged, "http_req_duration{name:rooms}", "p(95) < 200")["status"],
        "PASS"
    );
    let beds = slo(&judged, "http_req_duration{name:beds}", "p(95) < 200");
    assert!(
        beds["note"].as_str().unwrap().contains(
            "it has `http_req_duration{expected_response:true}`, `http_req_duration{name:rooms}`"
        ),
        "{beds}"
    );
}

#[test]
fn windows_are_judged_by_what_the_file_keeps_over_time() {
    let slos = "[slos]\nhttp_req_failed = [{ target = \"rate < 50%\", over = \"1s\" }]\nhttp_req_duration = [{ target = \"p(95) < 3s\", over = \"1s\" }, { target = \"p(95) < 4s\", over = \"10s\" }]\n\"http_reqs{status:200}\" = [{ target = \"rate > 1\", over = \"1s\" }]\n";
    let (judged, _) =
        json(validate("vegeta-results.ndjson", ["--slo", "slo.toml"]).file("slo.toml", slos));
    let failed = slo(&judged, "http_req_failed", "rate < 50%");
    assert_eq!(
        (&failed["status"], &failed["basis"]),
        (&"PASS".into(), &"measured".into())
    );
    let p95 = slo(&judged, "http_req_duration", "p(95) < 3s");
    assert!(p95["actual"].as_f64().unwrap() > 20.0, "{p95}");
    // A run shorter than the window is judged as one window, and says so.
    let longer = slo(&judged, "http_req_duration", "p(95) < 4s");
    assert!(
        longer["note"].as_str().unwrap().contains("windows of 3 s"),
        "{longer}"
    );
    let by_tag = slo(&judged, "http_reqs{status:200}", "rate > 1");
    assert_eq!(by_tag["status"], "NO DATA");
    assert!(
        by_tag["note"].as_str().unwrap().contains("over time"),
        "{by_tag}"
    );
}

#[test]
fn a_file_of_objectives_with_mistakes_is_refused_before_the_result_is_read() {
    let slos = "[slos]\nhttp_req_failed = [\"rate < 1%\", { targett = \"rate < 1%\" }]\nchecks = \"p(95) < 3s\"\n";
    hold(
        "slos-wrong",
        validate("wrk.txt", ["--slo", "slo.toml"]).file("slo.toml", slos),
        78,
    );
    hold(
        "slos-missing",
        validate("wrk.txt", ["--slo", "slos.toml"]),
        66,
    );
}

#[test]
fn where_nothing_that_is_asked_of_anybody_is_told_there_is_no_pass() {
    let file = r#"{"metrics": {"booking_time": {"avg": 10, "min": 1, "med": 9, "max": 90, "p(90)": 20, "p(95)": 30}}}"#;
    let (judged, output) = json(of(file));
    output.expect_code(2);
    assert_eq!(judged["verdict"]["status"], "failed");
}

#[test]
fn a_count_that_a_file_does_not_tell_is_not_made_up() {
    let slos = "[slos]\nbooking_time = [\"count > 0\", \"avg < 5s\"]\n";
    let (judged, _) =
        json(validate("k6-summary-export.json", ["--slo", "slo.toml"]).file("slo.toml", slos));
    let count = slo(&judged, "booking_time", "count > 0");
    assert_eq!(count["status"], "NO DATA");
    assert!(
        count["note"].as_str().unwrap().contains("how many samples"),
        "{count}"
    );
}

#[test]
fn objectives_can_stand_on_the_command_line() {
    let slos = [
        "--slo",
        "http_req_duration: p(99) < 5ms",
        "--slo",
        "http_reqs: rate > 10",
    ];
    let (judged, output) = json(validate("wrk.txt", slos));
    output.expect_code(1);
    assert_eq!(
        slo(&judged, "http_req_duration", "p(99) < 5ms")["status"],
        "FAIL"
    );
    assert_eq!(slo(&judged, "http_reqs", "rate > 10")["status"], "PASS");
    for (wrong, message) in [
        ("http_req_duration: p95 < 5ms", "did you mean `p(95)`?"),
        ("http_req_failed: p(95) < 5ms", "does not apply to a rate"),
    ] {
        let output = validate("wrk.txt", ["--slo", wrong]).run();
        output.expect_code(64);
        assert!(
            output.stderr.contains(message) && output.stdout.is_empty(),
            "{output}"
        );
    }
}

/// What is wrong on the command line is told as it was written there.
#[test]
fn an_objective_on_the_command_line_that_is_none() {
    let output = validate(
        "wrk.txt",
        [
            "--slo",
            "http_req_failed: rate < 1%",
            "--slo",
            "http_req_duration: p(95) < 1s",
            "--slo",
            "http_req_duration: p(95) < abc",
        ],
    )
    .run();
    output
        .expect_code(64)
        .expect_text("error: `--slo \"http_req_duration: p(95) < abc\"`: in `p(95) < abc`")
        .expect_text("\nhelp: write a number");
    let output = validate("wrk.txt", ["--slo", "http_req_failed: p(95) < 1s"]).run();
    output
        .expect_code(64)
        .expect_text("error: `--slo \"http_req_failed: p(95) < 1s\"`: ");
}

#[test]
fn a_misspelt_metric_is_a_mistake_as_it_is_for_a_run() {
    for (metric, near) in [
        ("http_req_duratoin", "did you mean `http_req_duration`?"),
        ("booking_tmie", "did you mean `booking_time`?"),
    ] {
        let slo = format!("{metric}: p(95) < 1s");
        let output = validate("k6-summary-export.json", ["--slo", &slo]).run();
        output.expect_code(65);
        assert!(
            output.stderr.contains(&format!("no metric `{metric}`"))
                && output.stderr.contains(near),
            "{output}"
        );
    }
}

#[test]
fn a_summary_whose_percentiles_cannot_be_is_refused_by_name() {
    let text = |file: &str| {
        let path = format!("{}/tests/validate/data/{file}", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_str::<serde_json::Value>(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let mut oha = text("oha.json");
    oha["latencyPercentiles"]["p50"] = 0.9.into();
    let mut vegeta = text("vegeta-report.json");
    vegeta["latencies"]["90th"] = 1.into();
    let mut k6 = text("k6-summary-export.json");
    k6["metrics"]["http_req_sending"]["p(90)"] = 5000.into();
    for (file, named) in [
        (oha, "p90"),
        (vegeta, "p90"),
        (k6, "`http_req_sending`: p95"),
    ] {
        let output = of(file.to_string()).run();
        output.expect_code(65);
        assert!(
            output.stderr.contains(named) && output.stderr.contains("never lower"),
            "{output}"
        );
    }
}
