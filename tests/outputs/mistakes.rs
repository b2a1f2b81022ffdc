//! What is asked for wrongly is told before anything is sent.

use std::net::TcpListener;

use crate::support::bin::Output;
use crate::support::reading::run_of;
use crate::support::server::HttpServer;

fn run(server: &HttpServer, outputs: &[&str]) -> Output {
    let mut run = run_of("fn iteration() { http::get(env(\"TARGET\") + \"/json\"); }")
        .env("TARGET", server.url(""))
        .args(["--iterations", "1"]);
    for output in outputs {
        run = run.args(["--out", output]);
    }
    run.run()
}

#[test]
fn every_mistake_is_told_and_nothing_is_sent() {
    let server = HttpServer::start();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = format!("prometheus={}", taken.local_addr().unwrap());
    for (output, code, text) in [
        ("prometeus=127.0.0.1:1", 64, "prometheus"),
        ("ndjson", 64, "write ndjson=FILE"),
        ("sink=a", 64, "ndjson=FILE"),
        ("prometheus=9464", 64, "127.0.0.1:9464"),
        (&taken, 64, "cannot listen"),
        ("remote-write=localhost:9090", 64, "http://"),
        ("statsd=localhost", 64, "127.0.0.1:8125"),
        ("ndjson=/proc/none/a", 74, "cannot write `/proc/none/a`"),
    ] {
        let output = run(&server, &[output]);
        output.expect_code(code).expect_text(text);
    }
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn an_output_takes_the_place_of_no_other_file() {
    let server = HttpServer::start();
    run(&server, &["ndjson=same", "csv=same"])
        .expect_code(64)
        .expect_text("same");
    run(&server, &["ndjson=script.rhai"]).expect_code(64);
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn the_environment_adds_outputs_to_those_of_the_command_line() {
    let server = HttpServer::start();
    let run = |value: &str| {
        run_of("fn iteration() { http::get(env(\"TARGET\") + \"/json\"); }")
            .env("TARGET", server.url(""))
            .env("RHAID_OUT", value)
            .args(["--iterations", "1", "--out", "csv=c"])
            .run()
    };
    let output = run("ndjson=a samples=b");
    output.expect_code(0);
    for name in ["a", "b", "c"] {
        assert!(output.path(name).exists(), "{name}");
    }
    run("ndjsn=a")
        .expect_code(64)
        .expect_text("RHAID_OUT")
        .expect_text("ndjson");
}

#[test]
fn a_target_of_kafka_that_is_none_is_told() {
    let server = HttpServer::start();
    for (output, text) in [
        ("kafka", "write kafka=BROKER[,BROKER]/TOPIC"),
        ("kafka=127.0.0.1:9092", "127.0.0.1:9092/loadtests"),
        ("kafka=127.0.0.1:9092/a b", "`a b` is no topic"),
        ("kafka=http://127.0.0.1:9092/a", "without a scheme"),
    ] {
        run(&server, &[output]).expect_code(64).expect_text(text);
    }
    assert_eq!(server.requests().len(), 0);
}

#[cfg(not(feature = "kafka"))]
#[test]
fn a_rhaid_without_kafka_says_how_to_get_it() {
    let server = HttpServer::start();
    run(&server, &["kafka=127.0.0.1:9092/loadtests"])
        .expect_code(64)
        .expect_text("cargo build --release --features kafka");
    run(&server, &["help"]).expect_text("kafka=BROKER[,BROKER]/TOPIC");
    assert_eq!(server.requests().len(), 0);
}
