//! HTTP/2: when it is spoken, and that it does what HTTP/1.1 does.

use serde_json::json;

use crate::support::h2::H2Server;
use crate::support::journey::Journey;
use crate::support::nginx::Nginx;
use crate::support::routes;
use crate::support::server::{HttpServer, Serving};
use crate::support::tls::{Alpn, TlsConfig, TlsServer};

const INSECURE: &str = "tls: #{ insecure: true }";

fn offering(alpn: Alpn) -> TlsServer {
    TlsServer::start(TlsConfig {
        alpn,
        ..TlsConfig::default()
    })
}

fn protocol(server: &Serving, options: &str) -> (String, &'static str) {
    let ran = Journey::new("seen.proto = http::get(url + \"/hello\").proto;")
        .at(server)
        .options(options)
        .run();
    let said = ran.saw()["proto"].as_str().unwrap().to_owned();
    (said, server.requests().pop().unwrap().http_version)
}

#[test]
fn alpn_decides_which_protocol_is_spoken() {
    let two = ("HTTP/2.0".to_owned(), "2");
    let one = ("HTTP/1.1".to_owned(), "1.1");
    assert_eq!(protocol(&offering(Alpn::Both), INSECURE), two);
    assert_eq!(protocol(&offering(Alpn::Http2), INSECURE), two);
    assert_eq!(protocol(&offering(Alpn::Http1), INSECURE), one);
    let off = format!("{INSECURE}, http2: \"off\"");
    assert_eq!(protocol(&offering(Alpn::Both), &off), one);
}

#[test]
fn prior_knowledge_needs_neither_tls_nor_alpn() {
    let server = H2Server::start();
    let known = "http2: \"prior-knowledge\"";
    assert_eq!(protocol(&server, known), ("HTTP/2.0".to_owned(), "2"));
    assert_eq!(server.streams(), 1);
}

#[test]
fn every_verb_body_and_header_crosses_http2() {
    let server = offering(Alpn::Http2);
    let ran = Journey::new(
        r#"
        let echo = |method, body| {
            let r = http::request(method, url + "/echo?a=1", body, #{ headers: #{ "X-Mark": "yes", host: "ignored" } });
            [r.json("method"), r.json("body"), r.json("headers.x-mark"), r.json("query.a"), r.json("headers.content-type")]
        };
        seen.get = echo.call("GET", ());
        seen.post = echo.call("POST", #{ b: 2 });
        seen.put = echo.call("PUT", "text");
        let head = http::head(url + "/hello");
        seen.head = [head.status, head.size];
        seen.empty = http::get(url + "/204").status;
        seen.headers = http::get(url + "/headers/set").headers["x-twice"];
        http::get(url + "/cookies/set?a=1&b=2");
        seen.cookies = http::get(url + "/cookies/echo").json("cookies");
        seen.redirected = http::get(url + "/redirect/2").text();
        seen.auth = http::get(url + "/auth/digest/qa/p?qop=auth", #{ auth: #{ type: "digest", user: "qa", password: "p" } }).status;
        "#,
    )
    .at(&server)
    .options(INSECURE)
    .run();
    assert_eq!(
        ran.saw(),
        &json!({
            "get": ["GET", "", "yes", "1", null], "post": ["POST", r#"{"b":2}"#, "yes", "1", "application/json"],
            "put": ["PUT", "text", "yes", "1", null], "head": [200, 0], "empty": 204, "headers": "first, second",
            "cookies": { "a": "1", "b": "2" }, "redirected": "hello\n", "auth": 200,
        })
    );
    assert_eq!(server.connections(), 1);
}

#[test]
fn bodies_larger_than_the_windows_cross_both_ways() {
    let server = H2Server::start();
    let ran = Journey::new(
        r#"
        let block = "0123456789abcdef";
        for n in 0..17 { block += block; }
        seen.status = http::post(url + "/status/200", block).status;
        seen.size = http::get(url + "/bytes/6000000").size;
        "#,
    )
    .at(&server)
    .options("http2: \"prior-knowledge\"")
    .run();
    assert_eq!(ran.saw(), &json!({ "status": 200, "size": 6_000_000 }));
    assert_eq!(server.requests()[0].body.len(), 2 << 20);
    assert_eq!(routes::bytes(6_000_000).len(), 6_000_000);
}

#[test]
fn requests_of_a_batch_share_one_connection_as_streams() {
    let server = H2Server::start();
    let ran = Journey::new(
        r#"
        http::get(url + "/hello");
        seen.statuses = http::batch([0, 1, 2, 3].map(|n| url + "/slow/200")).map(|r| r.status);
        "#,
    )
    .at(&server)
    .options("http2: \"prior-knowledge\"")
    .run();
    assert_eq!(ran.saw()["statuses"], serde_json::Value::from([200; 4]));
    assert_eq!((server.connections(), server.streams()), (1, 5));
    assert_eq!(server.traffic().peak_streams(), 4);
}

#[test]
fn a_batch_that_comes_first_opens_one_connection_too() {
    let server = H2Server::start();
    let ran = Journey::new(
        r#"seen.statuses = http::batch([0, 1, 2, 3].map(|n| url + "/slow/200")).map(|r| r.status);"#,
    )
    .at(&server)
    .options("http2: \"prior-knowledge\"")
    .run();
    assert_eq!(ran.saw()["statuses"], serde_json::Value::from([200; 4]));
    assert_eq!((server.connections(), server.streams()), (1, 4));
    // The wait for the connection is no response time.
    assert_eq!(ran.metric("http_req_connecting")["count"], 4);
}

#[test]
fn a_batch_to_who_cannot_share_a_connection_is_not_held_up_by_the_first_request() {
    let deaf = crate::support::ports::Blackhole::start();
    let ran = Journey::new(
        r#"
        let all = http::batch([0, 1, 2].map(|n| url + "/"));
        seen.codes = all.map(|r| r.error_code);
        "#,
    )
    .url(&deaf.url(""))
    .options("http2: \"prior-knowledge\", timeout: \"400ms\"")
    .finish();
    assert_eq!(ran.saw()["codes"], serde_json::Value::from([1211; 3]));
}

#[test]
fn every_virtual_user_has_a_connection_of_its_own_and_keeps_it() {
    let server = H2Server::start();
    Journey::new("for n in 0..5 { http::get(url + \"/hello\"); }")
        .at(&server)
        .options(
            r#"http2: "prior-knowledge", scenarios: #{ a: #{ executor: "per-vu-iterations", vus: 3, iterations: 2 } }"#,
        )
        .run();
    assert_eq!((server.connections(), server.streams()), (3, 30));
}

#[test]
fn a_server_that_says_goodbye_is_left_without_an_error() {
    let server = H2Server::start();
    let ran = Journey::new(
        r#"
        seen.statuses = [];
        for n in 0..3 { seen.statuses.push(http::get(url + "/goaway").status); sleep(0.05); }
        seen.last = http::get(url + "/hello").status;
        "#,
    )
    .at(&server)
    .options("http2: \"prior-knowledge\"")
    .run();
    assert_eq!(
        ran.saw(),
        &json!({ "statuses": [200, 200, 200], "last": 200 })
    );
    assert_eq!(ran.metric("http_req_failed")["passes"], 0);
    assert_eq!(server.connections(), 4);
}

#[test]
fn a_stream_that_is_reset_is_a_failed_request_and_the_connection_goes_on() {
    let server = H2Server::start();
    let ran = Journey::new(
        r#"
        let look = |path| { let r = http::get(url + path); [r.status, r.error_code, r.error] };
        seen.reset = look.call("/reset");
        seen.half = look.call("/reset/body");
        seen.then = http::get(url + "/hello").status;
        "#,
    )
    .at(&server)
    .options("http2: \"prior-knowledge\"")
    .run();
    let saw = ran.saw();
    for path in ["reset", "half"] {
        assert_eq!(
            (&saw[path][0], &saw[path][1]),
            (&json!(0), &json!(1630)),
            "{saw}"
        );
        let error = saw[path][2].as_str().unwrap();
        assert!(
            error.starts_with("the server reset the HTTP/2 stream while "),
            "{error}"
        );
    }
    assert_eq!(saw["then"], 200);
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_connection_that_is_thrown_away_fails_the_request_and_is_replaced() {
    let server = H2Server::start();
    let ran = Journey::new(
        r#"
        let r = http::get(url + "/goaway/abrupt");
        seen.code = r.error_code;
        seen.then = http::get(url + "/hello").status;
        "#,
    )
    .at(&server)
    .options("http2: \"prior-knowledge\"")
    .run();
    assert_eq!(ran.saw(), &json!({ "code": 1610, "then": 200 }));
    assert_eq!(server.connections(), 2);
}

#[test]
fn timeouts_and_limits_hold_in_http2() {
    let server = H2Server::start();
    let ran = Journey::new(
        r#"
        seen.stalled = http::get(url + "/stall/headers", #{ timeout: 0.2 }).error_code;
        seen.large = http::get(url + "/bytes/2000").error_code;
        seen.discarded = http::get(url + "/bytes/2000", #{ discard_body: true }).size;
        seen.then = http::get(url + "/hello").status;
        "#,
    )
    .at(&server)
    .options("http2: \"prior-knowledge\", max_response_size: 1000")
    .run();
    assert_eq!(
        ran.saw(),
        &json!({ "stalled": 1050, "large": 1070, "discarded": 0, "then": 200 })
    );
}

#[test]
fn a_server_without_http2_is_recognised_as_such() {
    let (silent, nginx) = (HttpServer::start(), Nginx::start());
    let look = |url: &str| {
        let ran = Journey::new(
            r#"let r = http::get(url + "/hello"); seen.code = r.error_code; seen.error = r.error;"#,
        )
        .url(url)
        .options("http2: \"prior-knowledge\", timeout: 5")
        .run();
        ran.saw().clone()
    };
    let hung_up = look(&silent.url(""));
    assert_eq!(hung_up["code"], 1201);
    let answered = look(&nginx.url(""));
    assert_eq!(answered["code"], 1600);
    let error = answered["error"].as_str().unwrap();
    assert!(
        error.starts_with("the server does not speak HTTP/2 as it should")
            && error.ends_with("`http2: \"off\"` speaks HTTP/1.1 with it"),
        "{error}"
    );
}
