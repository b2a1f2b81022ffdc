//! `--out remote-write=…`, to the real Prometheus and to receivers that misbehave.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use rhaid::output::prometheus::proto::WriteRequest;

use crate::outputs::server::{Got, Prometheus, Receiver};
use crate::support::background::wait_until;
use crate::support::bin::Rhaid;
use crate::support::ports::free_port;
use crate::support::reading::{Reading, run_of};
use crate::support::server::HttpServer;

fn journey(url: &str, seconds: u32) -> Rhaid {
    run_of(
        r#"
        fn iteration() {
            http::get(env("TARGET") + "/json");
            sleep(0.05);
        }
        "#,
    )
    .env("TARGET", url)
    .args(["--vus", "2", "--duration", &format!("{seconds}s")])
    .timeout(Duration::from_secs(120))
}

/// The series of a request.
fn read(got: &Got) -> WriteRequest {
    let body = snap::raw::Decoder::new().decompress_vec(&got.body).unwrap();
    prost::Message::decode(body.as_slice()).unwrap()
}

/// The values of the only series of this name, in the order in which they were taken.
fn values(got: &[Got], name: &str) -> Vec<f64> {
    let taken = got.iter().filter(|got| got.answered.starts_with('2'));
    let series = taken.flat_map(|got| read(got).timeseries);
    series
        .filter(|series| {
            series
                .labels
                .iter()
                .any(|label| label.name == "__name__" && label.value == name)
        })
        .map(|series| series.samples[0].value)
        .collect()
}

#[test]
fn prometheus_takes_it_all_and_knows_when_it_ended() {
    let server = HttpServer::start();
    let prometheus = Prometheus::start(None);
    let output = journey(&server.url(""), 7)
        .args([
            "--out",
            &format!("remote-write={}", prometheus.url("/api/v1/write")),
        ])
        .run();
    output.expect_code(0);
    let requests = prometheus.value("max_over_time(rhaid_http_reqs_total[1m])");
    assert_eq!(requests as u64, output.count("http_reqs"));
    let quantile = prometheus.value(
        "histogram_quantile(0.95, sum by (le) (max_over_time(rhaid_http_req_duration_seconds_bucket[1m])))",
    );
    let exact = output.metric("http_req_duration")["p95"].as_f64().unwrap() / 1e3;
    // As exact as a classic bucket is.
    assert!(
        quantile <= (exact * 2.5).max(0.001),
        "{quantile} for {exact}"
    );
    // It has ended: the last value is five minutes young, and yet there is none.
    assert_eq!(prometheus.query("rhaid_http_reqs_total"), []);
}

#[test]
fn native_histograms_are_pushed_when_asked_for() {
    let server = HttpServer::start();
    let prometheus = Prometheus::start(None);
    let output = journey(&server.url(""), 4)
        .args([
            "--out",
            &format!("remote-write={}", prometheus.url("/api/v1/write")),
        ])
        .args(["--prometheus-histograms", "native"])
        .run();
    output.expect_code(0);
    let quantile = prometheus.last("histogram_quantile(0.95, rhaid_http_req_duration_seconds)");
    let exact = output.metric("http_req_duration")["p95"].as_f64().unwrap() / 1e3;
    assert!(
        (quantile / exact - 1.0).abs() < 0.05,
        "{quantile} for {exact}"
    );
    assert_eq!(prometheus.query("rhaid_http_req_duration_seconds"), []);
}

#[test]
fn what_a_receiver_cannot_take_now_comes_again_in_its_order() {
    let server = HttpServer::start();
    let receiver = Receiver::start(&[
        "500 Oh No",
        "429 Too Many Requests\r\nRetry-After: 1",
        "",
        "503 Service Unavailable",
    ]);
    let output = journey(&server.url(""), 6)
        .args(["--out", &format!("remote-write={}", receiver.url("/w"))])
        .run();
    output.expect_code(0);
    let warnings = output
        .stderr
        .matches("warning: `--out remote-write`")
        .count();
    assert_eq!(warnings, 1, "{output}");
    let got = receiver.got();
    assert_eq!(
        got[0].body, got[4].body,
        "the first comes until it is taken"
    );
    assert!(
        got[0]
            .headers
            .contains("x-prometheus-remote-write-version: 0.1.0")
    );
    assert!(got[0].headers.contains("content-encoding: snappy"));
    let values = values(&got, "rhaid_iterations_total");
    let (end, values) = values.split_last().unwrap();
    assert!(end.is_nan(), "{end}");
    assert!(values.is_sorted(), "{values:?}");
    assert_eq!(*values.last().unwrap() as u64, output.count("iterations"));
    for series in got.iter().flat_map(|got| read(got).timeseries) {
        assert!(
            series.labels.is_sorted_by(|a, b| a.name < b.name),
            "{:?}",
            series.labels
        );
    }
}

#[test]
fn a_receiver_that_is_away_for_a_while_misses_nothing() {
    let server = HttpServer::start();
    let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    let running = journey(&server.url(""), 12)
        .args(["--out", &format!("remote-write=http://{addr}/w")])
        .spawn();
    wait_until("the first refusal", Duration::from_secs(20), || {
        running.stderr().contains("is tried again")
    });
    let receiver = Receiver::at(addr, &[]);
    let output = running.wait();
    output.expect_code(0);
    let values = values(&receiver.got(), "rhaid_iterations_total");
    // At the first second, the sixth and the eleventh, and at the end twice.
    assert_eq!(values.len(), 5, "{values:?}");
    assert!(!output.stderr.contains("did not get"), "{output}");
}

#[test]
fn what_a_receiver_will_never_take_is_counted_and_changes_no_verdict() {
    let server = HttpServer::start();
    let receiver = Receiver::start(&["400 Bad Request"; 100]);
    let output = journey(&server.url(""), 2)
        .args(["--out", &format!("remote-write={}", receiver.url("/w"))])
        .run();
    output
        .expect_code(0)
        .expect_text("did not get")
        .expect_text("400 Bad Request");
}

#[test]
fn who_interrupts_the_wait_at_the_end_has_the_result_already() {
    let server = HttpServer::start();
    let mut running = journey(&server.url(""), 1)
        .args(["--result", "r.json"])
        .args([
            "--out",
            &format!(
                "remote-write=http://{}/w",
                crate::support::ports::refused_addr()
            ),
        ])
        .spawn();
    running.wait_for_output("waiting for outputs");
    assert!(running.dir().join("r.json").exists());
    running.interrupt();
    running.wait().expect_code(0).expect_text("did not get");
}

#[test]
fn credentials_come_from_the_environment_and_are_never_shown() {
    let server = HttpServer::start();
    let receiver = Receiver::start(&[]);
    let output = journey(&server.url(""), 1)
        .args(["--out", &format!("remote-write={}", receiver.url("/w"))])
        .env("RHAID_REMOTE_WRITE_BEARER_TOKEN", "s3cret")
        .env("RHAID_REMOTE_WRITE_HEADERS", "X-Scope-OrgID: tests")
        .run();
    output.expect_code(0);
    let got = &receiver.got()[0];
    assert!(
        got.headers.contains("authorization: bearer s3cret"),
        "{}",
        got.headers
    );
    assert!(
        got.headers.contains("x-scope-orgid: tests"),
        "{}",
        got.headers
    );
    assert!(!output.to_string().contains("s3cret"));

    let refusing = Receiver::start(&["401 Unauthorized"; 100]);
    let url = refusing.url("/w").replace("http://", "http://me:s3cret@");
    let output = journey(&server.url(""), 1)
        .args(["--out", &format!("remote-write={url}")])
        .run();
    output.expect_code(0).expect_text("401");
    assert!(refusing.got()[0].headers.contains("authorization: basic"));
    assert!(!output.to_string().contains("s3cret"), "{output}");
}
