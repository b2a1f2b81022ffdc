//! Targets that misbehave: the run goes on, counts, and shows what happened and how often.

use std::time::Duration;

use serde_json::{Value, json};

use crate::bad_input::golden::rhaid;
use crate::support::bin::Output;
use crate::support::certs::CertKind;
use crate::support::ports::{Blackhole, refused_addr};
use crate::support::server::HttpServer;
use crate::support::tls::{TlsConfig, TlsServer};

/// For targets that never answer; the others get time enough on the busiest machine.
const SOON: &str = "timeout: \"300ms\",";

/// Two users ask three times each; every request must fail. A P0 objective blocks.
fn ask(url: &str, options: &str) -> Output {
    rhaid()
        .script(&format!(
            r#"export const options = #{{
    {options}
    scenarios: #{{ a: #{{ executor: "per-vu-iterations", vus: 2, iterations: 3 }} }},
    slos: #{{ http_req_failed: #{{ target: "rate < 1%", priority: "P0" }} }},
}};
fn iteration() {{
    let r = http::get(env("URL"));
    check(r, #{{ "answered": |r| r.status == 200 }});
}}
"#
        ))
        .env("URL", url)
        .timeout(Duration::from_secs(30))
        .run()
}

/// The run ends by itself, blocked, with its result; all errors are of this code and begin like this.
#[track_caller]
fn assert_failed(output: &Output, code: &str, message: &str) {
    output.expect_code(2);
    let result = output.expect_result();
    assert_eq!(result["run"]["outcome"]["kind"], "completed");
    let errors = result["errors"].as_array().unwrap();
    assert!(!errors.is_empty(), "{output}");
    let mut count = 0;
    for error in errors {
        assert_eq!(
            (&error["kind"], &error["code"]),
            (&json!("http"), &json!(code)),
            "{output}"
        );
        let said = error["message"].as_str().unwrap();
        assert!(said.starts_with(message), "{said}\n{output}");
        count += error["count"].as_u64().unwrap();
    }
    assert!(count >= 6, "{output}");
    let check = &result["checks"][0];
    assert_eq!((&check["passes"], &check["fails"]), (&json!(0), &json!(6)));
    let shown = message.get(..message.len().min(40)).unwrap();
    output.expect_text(shown);
    output.expect_text("P0 http_req_failed rate < 1%: it is ");
}

#[test]
fn a_target_that_refuses() {
    let refused = refused_addr();
    let output = ask(&format!("http://{refused}/"), "");
    assert_failed(&output, "1212", &format!("connection refused by {refused}"));
}

#[test]
fn a_target_that_never_lets_anyone_in() {
    let deaf = Blackhole::start();
    let output = ask(&deaf.url("/"), SOON);
    let message = format!("timed out after 0.3 s connecting to {}", deaf.addr());
    assert_failed(&output, "1211", &message);
}

#[test]
fn a_target_that_cannot_be_found() {
    let output = ask("http://no-such-host.invalid/", "");
    assert_failed(
        &output,
        "1101",
        "cannot find the address of no-such-host.invalid",
    );
}

#[test]
fn targets_that_break_the_protocol() {
    let server = HttpServer::start();
    for (path, code, message) in [
        (
            "/reset",
            "1220",
            "connection reset by the server while waiting for the response",
        ),
        (
            "/close",
            "1205",
            "the server closed the connection without answering",
        ),
        (
            "/stall/headers",
            "1050",
            "timed out after 0.3 s waiting for the response",
        ),
        (
            "/stall/body",
            "1050",
            "timed out after 0.3 s receiving the response",
        ),
        (
            "/half",
            "1641",
            "the server closed the connection after 500 bytes of the body; 500 more",
        ),
        (
            "/hugeheader",
            "1642",
            "the response header is larger than 256 KB",
        ),
        ("/garbage", "1640", "the server's answer is not valid HTTP"),
        (
            "/badlength/conflict",
            "1640",
            "the server's answer is not valid HTTP",
        ),
        (
            "/redirect/loop",
            "1060",
            "stopped after 10 redirects, the next would go to /redirect/loop; is it a loop?",
        ),
        ("/gzip/bad", "1701", "the response body is not valid gzip"),
    ] {
        let options = if path.starts_with("/stall") { SOON } else { "" };
        assert_failed(&ask(&server.url(path), options), code, message);
    }
}

#[test]
fn a_body_without_an_end_is_cut_off_by_size_or_by_time() {
    let server = HttpServer::start();
    let by_size = ask(&server.url("/endless"), "max_response_size: \"1MB\",");
    assert_failed(
        &by_size,
        "1070",
        "the response body is larger than 1000000 bytes",
    );
    let by_time = ask(
        &server.url("/endless"),
        &format!("{SOON} discard_bodies: true,"),
    );
    assert_failed(
        &by_time,
        "1050",
        "timed out after 0.3 s receiving the response",
    );
    let memory: Vec<u64> = [&by_size, &by_time]
        .map(|output| &output.expect_result()["generator"]["peak_rss_bytes"])
        .iter()
        .map(|bytes| bytes.as_u64().unwrap())
        .collect();
    assert!(memory.iter().all(|bytes| *bytes < 120 << 20), "{memory:?}");
}

#[test]
fn targets_with_bad_certificates() {
    for (kind, code, message) in [
        (
            CertKind::Good,
            "1310",
            "the certificate of 127.0.0.1 is signed by an unknown authority; to accept it",
        ),
        (
            CertKind::Expired,
            "1312",
            "the certificate of 127.0.0.1 has expired; renew it, or accept it",
        ),
        (
            CertKind::WrongHost,
            "1311",
            "the certificate is not valid for the name 127.0.0.1; ask by a name",
        ),
    ] {
        let server = TlsServer::start(TlsConfig {
            kind,
            ..TlsConfig::default()
        });
        let ca = match kind {
            CertKind::Good => String::new(),
            _ => format!("tls: #{{ ca: {:?} }},", server.ca_pem_path()),
        };
        let output = ask(&server.url("/hello"), &ca);
        assert_failed(&output, code, message);
    }
}

#[test]
fn a_target_that_speaks_no_tls() {
    let server = HttpServer::start();
    let output = ask(&server.url("/").replace("http:", "https:"), "");
    assert_failed(
        &output,
        "1300",
        "127.0.0.1 closed the connection during the TLS handshake; does it speak TLS on this port?",
    );
}

#[test]
fn failures_without_an_objective_are_shown_and_not_judged() {
    let server = HttpServer::start();
    let output = rhaid()
        .script("fn iteration() { http::get(env(\"URL\")); }")
        .env("URL", server.url("/half"))
        .run();
    output
        .expect_code(0)
        .expect_text("the server closed the connection after 500 bytes");
    let result = output.expect_result();
    assert_eq!(result["verdict"]["reasons"], Value::Array(Vec::new()));
}
