//! Files that tell less than they seem to, or the same twice: what is made of them, and how it is judged.

use std::fmt::Write as _;
use std::io::Write as _;

use super::{ImportError, Source, of_source};
use crate::judge::{Terms, finished};
use crate::result::{MetricValues, RunResult, SloStatus};
use crate::slo::{Objective, ObjectiveSpec};

const JTL: &str = "timeStamp,elapsed,label,responseCode,responseMessage,threadName,success,URL\n";

fn read(text: impl AsRef<[u8]>) -> Result<RunResult, ImportError> {
    let source = Source::reading("file", text.as_ref())?;
    of_source(source, None).map(|imported| imported.result)
}

/// What a file is held against, as `metric{tags} is target`, and what comes of it.
fn judged(text: impl AsRef<[u8]>, objective: &str) -> (SloStatus, String, String) {
    let (selector, target) = objective.split_once(" is ").unwrap();
    let spec = ObjectiveSpec::new(selector.parse().unwrap(), target.parse().unwrap());
    let objective: Objective = spec.try_into().unwrap();
    let terms = Terms {
        asked: vec![objective],
        ..Terms::default()
    };
    let judged = finished(read(text).unwrap(), &terms).unwrap();
    let row = &judged.result.slos[0];
    let why = judged.grounds[0].1.clone().unwrap_or_default();
    (row.status, row.actual_text.clone(), why)
}

fn count(result: &RunResult, metric: &str) -> f64 {
    match result.metric(metric) {
        Some(MetricValues::Counter { count, .. }) => *count,
        Some(MetricValues::Rate { passes, .. }) => *passes as f64,
        Some(MetricValues::Trend { summary, .. }) => summary.count as f64,
        _ => f64::NAN,
    }
}

fn locust() -> String {
    let columns = "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,Max Response Time,Average Content Size,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%";
    let figures = "1000,1000,10,10.0,5,50,100,100.0,100.0,10,11,12,13,14,15,16,17,18,19,50";
    format!("{columns}\nGET,/pay,{figures}\n,Aggregated,{figures}\n")
}

fn vegeta(hits: impl Iterator<Item = (u16, &'static str)>) -> String {
    let mut text = String::new();
    for (number, (code, url)) in hits.enumerate() {
        let _ = writeln!(
            text,
            r#"{{"attack":"","seq":{number},"code":{code},"timestamp":"2026-01-01T00:00:0{}Z","latency":1000000,"bytes_out":0,"bytes_in":0,"error":"Get \"{url}\": refused","body":"","method":"GET","url":"{url}"}}"#,
            number % 10
        );
    }
    text
}

#[test]
fn a_tag_that_a_file_does_not_tell_is_not_zero() {
    let (status, actual, why) = judged(locust(), "http_reqs{status:5*} is count < 1");
    assert_eq!((status, actual.as_str()), (SloStatus::NoData, "not known"));
    assert!(why.contains("does not tell `status`"), "{why}");
    let (status, ..) = judged(locust(), "http_reqs{status:!2*} is count < 1");
    assert_eq!(status, SloStatus::NoData);
    let (status, ..) = judged(locust(), "http_reqs{expected_response:false} is count < 1");
    assert_eq!(status, SloStatus::NoData);
}

#[test]
fn where_every_request_tells_its_status_none_of_it_is_zero() {
    let hits = || vegeta([200, 404, 0].into_iter().map(|code| (code, "http://h/x")));
    let (status, actual, _) = judged(hits(), "http_reqs{status:5*} is count < 1");
    assert_eq!((status, actual.as_str()), (SloStatus::Pass, "0"));
    for (selector, many) in [("status:0", "1"), ("expected_response:false", "2")] {
        let objective = format!("http_reqs{{{selector}}} is count < 1");
        let (status, actual, _) = judged(hits(), &objective);
        assert_eq!((status, actual.as_str()), (SloStatus::Fail, many));
    }
}

#[test]
fn requests_of_jmeter_without_a_response_have_the_status_0() {
    let lines = "1700000000000,10,pay,Non HTTP response code: java.net.ConnectException,refused,t 1-1,false,\n1700000000020,10,pay,200,OK,t 1-1,true,\n";
    let text = format!("{JTL}{lines}");
    let (status, actual, _) = judged(&text, "http_reqs{status:0} is count < 1");
    assert_eq!((status, actual.as_str()), (SloStatus::Fail, "1"));
    let (status, ..) = judged(&text, "http_reqs{status:5*} is count < 1");
    assert_eq!(status, SloStatus::Pass);
    let (status, ..) = judged(&text, "http_reqs{method:POST} is count < 1");
    assert_eq!(status, SloStatus::NoData);
}

#[test]
fn reports_of_vegeta_and_oha_tell_requests_without_a_response() {
    let report = r#"{"latencies":{"total":1e10,"mean":1e7,"50th":1e7,"90th":1.1e7,"95th":1.2e7,"99th":1.5e7,"max":2e7,"min":5e6},"duration":1e10,"wait":1e6,"requests":1000,"rate":100,"success":0,"status_codes":CODES,"errors":["refused"]}"#;
    let of = |codes: &str, objective: &str| {
        let (status, actual, _) = judged(report.replace("CODES", codes), objective);
        (status, actual)
    };
    let codes = r#"{"0":400,"200":600}"#;
    let failed = "http_reqs{expected_response:false} is count < 1";
    assert_eq!(of(codes, failed), (SloStatus::Fail, "400".to_owned()));
    assert_eq!(
        of(codes, "http_reqs{status:5*} is count < 1").0,
        SloStatus::Pass
    );
    // Of 100 nobody knows how they ended.
    let codes = r#"{"200":900}"#;
    assert_eq!(
        of(codes, "http_reqs{status:5*} is count < 1").0,
        SloStatus::NoData
    );
}

#[test]
fn names_that_were_folded_are_not_passed() {
    let mut text = JTL.to_owned();
    let mut at = 1_700_000_000_000_u64;
    let mut line = |label: &str, code: u16, elapsed: u64| {
        at += 1;
        let _ = writeln!(text, "{at},{elapsed},{label},{code},,t 1-1,{},", code < 400);
    };
    (0..10).for_each(|_| line("pay", 200, 10));
    (0..2500).for_each(|number| line(&format!("order-{number}"), 200, 10));
    (0..20).for_each(|_| line("pay", 500, 9000));
    for objective in [
        "http_req_failed{name:pay} is rate < 1%",
        "http_req_duration{name:pay} is p(95) < 1s",
        "http_reqs{name:pay} is count >= 20",
    ] {
        let (status, actual, why) = judged(&text, objective);
        assert_eq!((status, actual.as_str()), (SloStatus::NoData, "not known"));
        assert!(why.contains("called `other`"), "{why}");
    }
    for (objective, status) in [
        ("http_reqs{name:pay} is count < 5", SloStatus::Fail),
        ("http_reqs{status:5*} is count < 5", SloStatus::Fail),
        ("http_req_failed is rate < 1%", SloStatus::Pass),
    ] {
        assert_eq!(judged(&text, objective).0, status, "{objective}");
    }
}

const PARENT: &str = "\"Number of samples in transaction : 2, number of failing samples : 2\"";

#[test]
fn a_transaction_without_its_samples_is_a_request() {
    let mut text = JTL.to_owned();
    for number in 0..10_u64 {
        let at = 1_700_000_000_000 + number * 100;
        let _ = write!(
            text,
            "{at},10,home,200,OK,t 1-1,true,\n{},50,checkout,,{PARENT},t 1-1,false,null\n",
            at + 20
        );
    }
    let result = read(&text).unwrap();
    assert_eq!(
        (
            count(&result, "http_reqs"),
            count(&result, "http_req_failed")
        ),
        (20.0, 10.0)
    );
    assert!(result.run.notes[0].starts_with("10 transactions count as one request each"));
    let (status, ..) = judged(&text, "http_req_failed{name:checkout} is rate < 1%");
    assert_eq!(status, SloStatus::Fail);
}

#[test]
fn a_transaction_whose_samples_are_there_is_no_request() {
    let text = format!(
        "{JTL}1700000000000,10,a,200,OK,t 1-1,true,\n1700000000005,10,x,200,OK,t 1-2,true,\n1700000000010,10,b,500,no,t 1-1,false,\n1700000000000,20,checkout,,{PARENT},t 1-1,false,null\n"
    );
    let result = read(&text).unwrap();
    assert_eq!(
        (
            count(&result, "http_reqs"),
            count(&result, "group_duration")
        ),
        (3.0, 1.0)
    );
    let parent = r#"<sample t="20" ts="1700000000000" s="false" lb="checkout" rm="Number of samples in transaction : 1, number of failing samples : 1" tn="t""#;
    let child =
        r#"<httpSample t="20" ts="1700000000000" s="false" lb="pay" rc="500" rm="no" tn="t"/>"#;
    let of = |inside: String| {
        let text = format!("<testResults version=\"1.2\">\n{inside}\n</testResults>\n");
        let result = read(text).unwrap();
        (
            count(&result, "http_reqs"),
            count(&result, "group_duration"),
        )
    };
    assert_eq!(of(format!("{parent}>{child}</sample>")), (1.0, 1.0));
    assert_eq!(of(format!("{child}{parent}/>")), (1.0, 1.0));
    assert_eq!(of(format!("{parent}/>")), (1.0, 1.0));
    let assertion = "<assertionResult><failure>true</failure></assertionResult>";
    assert_eq!(of(format!("{parent}>{assertion}</sample>")), (1.0, 1.0));
}

#[test]
fn a_row_of_jmeter_that_is_too_short_is_refused() {
    let rows = format!("{JTL}1700000000000,10,home,200,OK,t 1-1,true,\n");
    let columns = "timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes,sentBytes,grpThreads,allThreads,URL,Latency,IdleTime,Connect\n";
    let whole = "1700000000000,10,home,200,OK,t 1-1,text,true,,100,10,1,1,http://h/,9,0,1\n";
    let short = "1700000000020,10,home,200,OK,t 1-1,text";
    for (text, line) in [
        (format!("{rows}1700000000020,10,pay,200,OK,t 1-1"), 3),
        (format!("{columns}{whole}{short}\n{whole}"), 3),
        (format!("{columns}{whole}{short}"), 3),
        (format!("{whole}{short}"), 2),
    ] {
        let error = read(&text).unwrap_err();
        assert_eq!(error.line, Some(line), "{error}");
        assert_eq!(
            error.what.contains("cut off"),
            !text.ends_with('\n'),
            "{error}"
        );
    }
    // Without a header the first row says how many there are.
    let older = "1700000000000,10,home,200,OK,t 1-1,text,true,100,9\n".repeat(2);
    assert_eq!(count(&read(older).unwrap(), "http_reqs"), 2.0);
}

#[test]
fn two_outputs_of_wrk_are_not_one() {
    let one = "Running 30s test @ http://a/\n  2 threads and 10 connections\n    Latency     1.00ms  635.00us  20.00ms   90.00%\n  60000 requests in 30.00s, 5.00MB read\n";
    assert!(read(one).is_ok());
    let error = read(format!("{one}{one}")).unwrap_err();
    assert_eq!(error.line, Some(5));
    assert!(error.what.contains("output of another run"), "{error}");
}

#[test]
fn gatling_may_tell_only_what_was_fine() {
    let of = |requests: &str| {
        let text = format!(
            r#"{{"name":"All","numberOfRequests":{{"total":1000{requests}}},"minResponseTime":{{"total":1}},"maxResponseTime":{{"total":30}},"meanResponseTime":{{"total":10}},"percentiles1":{{"total":9}},"percentiles3":{{"total":12}},"percentiles4":{{"total":20}},"meanNumberOfRequestsPerSecond":{{"total":100}}}}"#
        );
        judged(text, "http_req_failed is rate < 1%")
    };
    let (status, actual, _) = of(r#","ok":400"#);
    assert_eq!((status, actual.as_str()), (SloStatus::Fail, "60.0%"));
    let (status, actual, _) = of(r#","ok":990,"ko":10"#);
    assert_eq!((status, actual.as_str()), (SloStatus::Fail, "1.00%"));
    assert_eq!(of("").0, SloStatus::NoData);
}

#[test]
fn secrets_in_urls_are_masked_whatever_the_tool_calls_by_them() {
    const URL: &str = "http://bob:hunter2@h/x?token=SECRETTOK";
    let mut stream = String::new();
    for (name, kind) in [("http_reqs", "counter"), ("http_req_failed", "rate")] {
        let _ = writeln!(
            stream,
            r#"{{"type":"Metric","data":{{"name":"{name}","type":"{kind}","contains":"default","thresholds":[],"submetrics":null}},"metric":"{name}"}}"#
        );
        let _ = writeln!(
            stream,
            r#"{{"metric":"{name}","type":"Point","data":{{"time":"2026-01-01T00:00:01Z","value":1,"tags":{{"name":"{URL}","url":"{URL}","method":"GET","status":"0","error":"{}{URL}: refused","error_code":"1212"}}}}}}"#,
            "x".repeat(180)
        );
    }
    let jtl = format!("{JTL}1700000000000,10,{URL},500,{URL} is away,t 1-1,false,{URL}\n");
    let table = locust().replace("/pay", URL);
    let wrk = format!(
        "Running 30s test @ {URL}\n  2 threads and 10 connections\n  60000 requests in 30.00s, 5.00MB read\n"
    );
    let hits = vegeta([(0, URL)].into_iter());
    for text in [stream, jtl, table, wrk, hits] {
        let told = serde_json::to_string(&read(&text).unwrap()).unwrap();
        assert!(told.contains("bob"), "{told}");
        for secret in ["hunter2", "SECRETTOK"] {
            assert!(!told.contains(secret), "{secret} in {told}");
        }
    }
}

#[test]
fn a_trend_of_k6_may_have_a_count_among_its_statistics() {
    let of = |durations: &str| {
        let text = format!(
            r#"{{"metrics":{{"http_reqs":{{"count":1000,"rate":100}},"http_req_duration":{durations}}}}}"#
        );
        judged(text, "http_req_duration is p(95) < 1s").0
    };
    let told = r#"{"p(95)":100,"p(99)":200,"count":1000}"#;
    assert_eq!(of(told), SloStatus::Pass);
    assert_eq!(of(r#"{"count":1000}"#), SloStatus::NoData);
}

#[test]
fn numbers_by_the_million_do_not_fill_the_memory() {
    let zeros = "0,".repeat(2_000_000);
    let text = format!(
        r#"{{"metrics":{{"http_reqs":{{"count":1,"rate":1,"y":[{zeros}0]}}}},"x":[{zeros}0]}}"#
    );
    assert_eq!(count(&read(text).unwrap(), "http_reqs"), 1.0);
    let objects = "{},".repeat(600_000);
    let text = format!(r#"{{"metrics":{{"http_reqs":{{"count":1}}}},"x":[{objects}0]}}"#);
    let error = read(text).unwrap_err();
    assert!(error.what.contains("more than 500,000 values"), "{error}");
}

#[test]
fn a_name_as_long_as_a_book_is_cut_where_it_is_kept() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let declared = r#"{"type":"Metric","data":{"name":"http_reqs","type":"counter","contains":"default","thresholds":[],"submetrics":null},"metric":"http_reqs"}"#;
    writeln!(packed, "{declared}").unwrap();
    for number in 0..20 {
        let name = "a".repeat(1 << 20);
        writeln!(
            packed,
            r#"{{"metric":"http_reqs","type":"Point","data":{{"time":"2026-01-01T00:00:01Z","value":1,"tags":{{"name":"{number}{name}"}}}}}}"#
        )
        .unwrap();
    }
    let result = read(packed.finish().unwrap()).unwrap();
    let lengths = result.endpoints.iter().map(|row| row.name.len());
    assert!(lengths.max().unwrap() < 300);
    assert_eq!(result.endpoints.len(), 20);
}

#[test]
fn a_column_that_contradicts_its_histogram_is_told() {
    let mut histogram = crate::metrics::Histogram::new();
    histogram.record_n(7_340_000, 100);
    let packed = histogram.to_v2_base64();
    let of = |greatest: &str| {
        read(format!(
            "#[Histogram log format version 1.3]\n\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n0.0,1.0,{greatest},{packed}\n"
        ))
    };
    for (greatest, unit) in [
        (
            "7.340",
            "nanoseconds, by the column Interval_Max in milliseconds",
        ),
        ("7340.000", "microseconds"),
        (
            "0.007340",
            "nanoseconds, by the column Interval_Max in seconds",
        ),
    ] {
        let notes = of(greatest).unwrap().run.notes;
        assert!(notes[0].contains(unit), "{notes:?}");
    }
    for greatest in ["73.400", "0.000"] {
        let error = of(greatest).unwrap_err();
        assert_eq!(error.line, Some(3));
        assert!(
            error.what.contains("it is not known what the values are"),
            "{error}"
        );
    }
}
