//! When time runs out.

use serde_json::{Value, json};

use crate::support::journey::Journey;
use crate::support::ports::Blackhole;
use crate::support::server::HttpServer;

const GET: &str = r#"
    let r = http::get(url + env("TARGET", ""));
    seen.status = r.status; seen.code = r.error_code; seen.error = r.error; seen.timings = r.timings;
"#;

#[test]
fn a_response_that_takes_too_long_is_given_up() {
    let server = HttpServer::start();
    const WAITING: &str = "waiting for the response";
    const RECEIVING: &str = "receiving the response";
    for (path, doing) in [
        ("/stall/headers", WAITING),
        ("/slow/5000", WAITING),
        ("/stall/body", RECEIVING),
        ("/drip/1000/50", RECEIVING),
        ("/endless", RECEIVING),
    ] {
        let ran = Journey::new(GET)
            .at(&server)
            .env("TARGET", path)
            .options("timeout: \"250ms\", discard_bodies: true")
            .run();
        let saw = ran.saw();
        assert_eq!(saw["code"], 1050, "{path}: {saw}");
        assert_eq!(
            saw["error"],
            format!("timed out after 0.25 s {doing}"),
            "{path}"
        );
        // The time is that of the phase in which it ran out.
        let phase = doing.split(' ').next().unwrap();
        let spent = saw["timings"][phase].as_f64().unwrap();
        assert!(spent >= 200.0, "{path}: {saw}");
        let duration = saw["timings"]["duration"].as_f64().unwrap();
        assert!(
            duration >= 200.0,
            "{path}: the wait is part of the response time, found {duration}"
        );
    }
}

#[test]
fn a_request_has_a_timeout_of_its_own_if_it_wants() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        seen.short = http::get(url + "/slow/5000", #{ timeout: "100ms" }).error_code;
        seen.long = http::get(url + "/slow/300", #{ timeout: 20 }).status;
        "#,
    )
    .at(&server)
    .options("timeout: 0.1")
    .run();
    assert_eq!(ran.saw(), &json!({ "short": 1050, "long": 200 }));
}

#[test]
fn connecting_counts_too() {
    let deaf = Blackhole::start();
    let ran = Journey::new(GET)
        .url(&deaf.url(""))
        .env("TARGET", "/")
        .options("timeout: 0.3")
        .run();
    assert_eq!(ran.saw()["code"], 1211);
    assert_eq!(
        ran.saw()["error"],
        format!("timed out after 0.3 s connecting to {}", deaf.addr())
    );
}

#[test]
fn redirects_share_the_time_of_their_request() {
    let server = HttpServer::start();
    let ran = Journey::new(GET)
        .at(&server)
        .env("TARGET", "/redirect/to?url=/slow/5000")
        .options("timeout: 0.3")
        .run();
    assert_eq!(ran.saw()["code"], 1050);
    assert_eq!(ran.count("http_reqs"), 2);
}

#[test]
fn the_requests_of_a_batch_each_have_their_time() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        let all = http::batch([
            ["GET", url + "/slow/5000", (), #{ timeout: 0.1 }],
            ["GET", url + "/slow/300", (), #{ timeout: 20 }],
            ["GET", url + "/slow/5000", (), #{ timeout: 0.2 }],
        ]);
        seen.codes = all.map(|r| [r.status, r.error_code]);
        "#,
    )
    .at(&server)
    .run();
    assert_eq!(ran.saw()["codes"], json!([[0, 1050], [200, 0], [0, 1050]]));
}

#[test]
fn a_timeout_is_no_reason_to_wait_longer_for_the_next_request() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        seen.codes = [];
        for n in 0..3 { seen.codes.push(http::get(url + "/stall/headers", #{ timeout: 0.1 }).error_code); }
        seen.then = http::get(url + "/hello").text();
        "#,
    )
    .at(&server)
    .run();
    assert_eq!(
        ran.saw(),
        &json!({ "codes": [1050, 1050, 1050], "then": "hello\n" })
    );
    let took = ran.metric("http_req_duration");
    assert_eq!(took["count"], Value::from(4));
}
