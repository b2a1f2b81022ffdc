//! Files that are wrong: a clear error with its line, and 65; a missing one 66.

use crate::support::bin::Rhaid;
use crate::validate::{hold, of, rhaid, validate};

#[test]
fn files_that_are_no_result() {
    hold("wrong-missing", rhaid(["validate", "nowhere.json"]), 66);
    hold("wrong-empty", of(""), 65);
    hold("wrong-folder", rhaid(["validate", "."]), 65);
    hold(
        "wrong-binary",
        of([0x7f, b'E', b'L', b'F', 0, 1, 2, 0xff, 0xfe]),
        65,
    );
    hold("wrong-text", of("hello\nworld\n"), 65);
    hold("wrong-json", of(r#"{"orders": [1, 2], "total": 3}"#), 65);
    hold(
        "wrong-neighbour",
        validate("locust_stats_history.csv", []),
        65,
    );
    hold(
        "wrong-gzip",
        of(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab"),
        65,
    );
}

#[test]
fn streams_of_k6_that_are_wrong() {
    let declared = r#"{"type":"Metric","data":{"name":"http_req_duration","type":"trend","contains":"time","thresholds":[],"submetrics":null},"metric":"http_req_duration"}"#;
    let point = |metric: &str, time: &str, value: &str| {
        format!(
            "{{\"metric\":\"{metric}\",\"type\":\"Point\",\"data\":{{\"time\":\"{time}\",\"value\":{value},\"tags\":{{\"name\":\"a\"}}}}}}"
        )
    };
    let good = point("http_req_duration", "2026-11-23T20:12:22Z", "5");
    let file = |lines: &[&str]| of(lines.join("\n") + "\n");
    hold(
        "wrong-points-negative",
        file(&[
            declared,
            &good,
            &point("http_req_duration", "2026-11-23T20:12:23Z", "-3"),
        ]),
        65,
    );
    hold(
        "wrong-points-nan",
        file(&[
            declared,
            &point("http_req_duration", "2026-11-23T20:12:23Z", "NaN"),
        ]),
        65,
    );
    hold(
        "wrong-points-time",
        file(&[declared, &point("http_req_duration", "yesterday", "3")]),
        65,
    );
    hold(
        "wrong-points-undeclared",
        file(&[declared, &point("booking", "2026-11-23T20:12:23Z", "3")]),
        65,
    );
    hold("wrong-points-none", file(&[declared]), 65);
    hold(
        "wrong-points-years",
        file(&[
            declared,
            &good,
            &point("http_req_duration", "1970-01-01T00:00:23Z", "3"),
        ]),
        65,
    );
    hold(
        "wrong-points-cut",
        of(format!("{declared}\n{good}\n{}", &good[..60])),
        65,
    );
    // Within the file it is no end.
    hold(
        "wrong-points-line",
        file(&[declared, &good[..60], &good]),
        65,
    );
}

#[test]
fn time_zones_may_be_mixed_as_long_as_they_are_told() {
    let declared = r#"{"type":"Metric","data":{"name":"http_reqs","type":"counter","contains":"default"},"metric":"http_reqs"}"#;
    let point = |time: &str| {
        format!(
            "{{\"metric\":\"http_reqs\",\"type\":\"Point\",\"data\":{{\"time\":\"{time}\",\"value\":1,\"tags\":null}}}}"
        )
    };
    let file = [
        declared,
        &point("2026-11-23T20:12:22Z"),
        &point("2026-11-23T21:12:24+01:00"),
        &point("2026-11-23T15:12:26-05:00"),
    ]
    .join("\n");
    let (judged, _) = crate::validate::json(of(file));
    assert_eq!(judged["duration_seconds"], 4.0);

    let jtl = "timeStamp,elapsed,label,responseCode,success\n1795949080088,5,a,200,true\n2026/11/29 10:44:40.100,5,a,200,true\n";
    hold("wrong-jtl-clocks", of(jtl), 65);
}

#[test]
fn logs_of_jmeter_that_are_wrong() {
    hold(
        "wrong-jtl-columns",
        of("timeStamp,elapsd,label,success\n1,2,a,true\n"),
        65,
    );
    let header = "timeStamp,elapsed,label,responseCode,success\n";
    let rows = |rows: &str| of(format!("{header}{rows}"));
    hold(
        "wrong-jtl-negative",
        rows("1795949080088,5,a,200,true\n1795949080089,-5,a,200,true\n"),
        65,
    );
    hold("wrong-jtl-nan", rows("1795949080088,NaN,a,200,true\n"), 65);
    hold(
        "wrong-jtl-success",
        rows("1795949080088,5,a,200,perhaps\n"),
        65,
    );
    hold(
        "wrong-jtl-values",
        rows("1795949080088,5,a,200,true\n1795949080088,5,a\n"),
        65,
    );
    hold(
        "wrong-jtl-cut",
        rows("1795949080088,5,a,200,true\n17959490800"),
        65,
    );
    hold("wrong-jtl-none", rows(""), 65);
    let xml = |inside: &str| {
        of(format!(
            "<?xml version=\"1.0\"?>\n<testResults version=\"1.2\">\n{inside}"
        ))
    };
    hold(
        "wrong-xml-cut",
        xml("<httpSample t=\"5\" ts=\"1795949080088\" s=\"true\" lb=\"a\" rc=\"200\"/>\n"),
        65,
    );
    hold("wrong-xml-tag", xml("<httpSample t=\"5\" ts=\"17959"), 65);
    hold(
        "wrong-xml-attribute",
        xml("<httpSample ts=\"1795949080088\" lb=\"a\"/>\n</testResults>"),
        65,
    );
    hold(
        "wrong-xml-form",
        xml("<httpSample t=\"5\" ts=\"1795949080088\" lb=\"a\">\n</sample>\n</testResults>"),
        65,
    );
    hold("wrong-xml-none", xml("</testResults>"), 65);
}

#[test]
fn summaries_that_are_wrong() {
    hold(
        "wrong-locust-cut",
        of(
            "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,Max Response Time,Average Content Size,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%\nGET,a,5,0,1,1,1,1,1,1,0,1,1,1,1,1,1\n",
        ),
        65,
    );
    hold(
        "wrong-locust-none",
        of(
            "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,Max Response Time,Average Content Size,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%\n,Aggregated,0,0,0,0,0,0,0,0,0,N/A,N/A,N/A,N/A,N/A,N/A\n",
        ),
        65,
    );
    hold(
        "wrong-wrk-cut",
        of("Running 2s test @ http://127.0.0.1:8080/\n  1 threads and 4 connections\n"),
        65,
    );
    hold(
        "wrong-vegeta-negative",
        of(
            r#"{"latencies": {"mean": -5, "50th": 1}, "requests": 3, "duration": 1, "status_codes": {"200": 3}}"#,
        ),
        65,
    );
    hold(
        "wrong-oha-none",
        of(
            r#"{"summary": {"successRate": 1, "requestsPerSec": 0, "total": 1}, "statusCodeDistribution": {}, "errorDistribution": {}}"#,
        ),
        65,
    );
    hold(
        "wrong-gatling-count",
        of(r#"{"stats": {"numberOfRequests": {"total": 3, "ok": 1, "ko": 5}}}"#),
        65,
    );
    hold(
        "wrong-summary-export",
        of(r#"{"metrics": {"http_reqs": {"count": "many", "rate": 1}}}"#),
        65,
    );
    hold(
        "wrong-summary-none",
        of(r#"{"metrics": {"vus": {"value": 1}, "x": 3}}"#),
        65,
    );
    hold(
        "wrong-hlog-histogram",
        of(
            "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n0.1,1.0,2.7,HISTFAAAAEV42p\n",
        ),
        65,
    );
    hold(
        "wrong-hlog-values",
        of("#[Histogram log format version 1.3]\n0.1,1.0\n"),
        65,
    );
    hold(
        "wrong-hlog-none",
        of("#[Histogram log format version 1.3]\n"),
        65,
    );
}

/// Refused within the limit of a test, with a message that says so.
#[track_caller]
fn refused(command: Rhaid, message: &str) {
    let output = command.run();
    output.expect_code(65);
    assert!(output.stderr.contains(message), "{output}");
    assert!(output.stderr.len() < 3_000, "{}", output.stderr.len());
}

#[test]
fn what_would_fill_the_memory_or_the_stack_is_refused() {
    let line = "x".repeat(20 << 20);
    let named = |from: &str, contents: String| {
        rhaid(["validate", "file", "--from", from]).file("file", contents)
    };
    refused(
        named(
            "k6-json",
            format!("{{\"type\":\"Point\",\"metric\":\"{line}"),
        ),
        "the line is longer than 16 MiB",
    );
    refused(
        named("jmeter-csv", format!("timeStamp,elapsed,label\n1,2,{line}")),
        "a row has more than 16 MiB",
    );
    refused(
        named(
            "jmeter-csv",
            format!("timeStamp,elapsed,label\n1,2,\"{line}"),
        ),
        "the quote that opens here is never closed",
    );
    refused(named("wrk", line.clone()), "larger than 4 MiB");
    refused(named("hdr-log", line), "the line is longer than 16 MiB");
    let deep = format!("{{\"metrics\":{}", "{\"a\":[".repeat(100_000));
    refused(of(deep.clone()), "no result that is known");
    for from in [
        "k6-summary-export",
        "k6-handle-summary",
        "gatling",
        "oha",
        "vegeta",
    ] {
        refused(named(from, deep.clone()), "nested deeper");
    }
    let samples = "<sample lb=\"a\" t=\"1\" ts=\"1795949080088\">".repeat(1000);
    refused(
        named("jmeter-xml", format!("<testResults>{samples}")),
        "nested deeper",
    );
}

#[test]
fn a_result_that_cannot_be_written_is_noticed_before_the_file_is_read() {
    let output = validate("wrk.txt", ["--out", "/proc/nowhere/out.json"]).run();
    output.expect_code(74);
    assert!(
        output.stderr.contains("--out FILE") && output.stdout.is_empty(),
        "{output}"
    );
}

#[test]
fn whatever_a_file_holds_the_terminal_is_not_commanded() {
    let file = "{\"metrics\": {\"http_req_duration{name:\\u001b[31mred}\": {\"avg\": 1, \"thresholds\": {\"avg<\\u001b[2J5\": false}}}}";
    let output = of(file).run();
    assert!(
        !output.stdout.contains('\u{1b}') && !output.stderr.contains('\u{1b}'),
        "{output}"
    );
}

#[test]
fn what_comes_through_a_pipe_is_read_too() {
    use std::process::{Command, Stdio};
    let text = std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/validate/data/wrk.txt"
    ))
    .unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_rhaid"))
        .args(["validate", "-", "--format", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), &text).unwrap();
    let output = child.wait_with_output().unwrap();
    let judged: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&judged["format"], &judged["file"]),
        (&"wrk".into(), &"-".into())
    );
}

#[test]
fn nothing_of_a_file_is_a_command_to_the_terminal() {
    let own = r#"{"version":1,"tool":{"name":"rhaid","version":"0"},"run":{},"verdict":{"status":"\u001b[2Jowned"}}"#;
    let point = "{\"type\":\"Met\u{9b}2Jric\",\"metric\":\"a\",\"data\":{}}\n";
    for command in [
        of(own),
        of(point),
        of("\u{1b}]0;owned\u{7}no result"),
        validate("wrk.txt", ["--slo", "slo.toml"]).file(
            "slo.toml",
            "[slos]\nhttp_reqs = [{ target = \"\\u001b[2Jowned\" }]\n",
        ),
        validate("wrk.txt", ["--slo", "http_reqs: \u{1b}[2J < 1"]),
    ] {
        let output = command.run();
        assert!(output.code >= 64, "{output}");
        let told = format!("{}{}", output.stdout, output.stderr);
        assert!(!told.contains(rhaid::harmless::is_command), "{told:?}");
    }
}
