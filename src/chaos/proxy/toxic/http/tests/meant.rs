//! Which requests are meant, and which attributes go together.

use serde_json::{Map, Value};

use super::super::super::kind;
use super::super::head;
use super::super::rule::Rule;
use super::*;
use crate::chaos::proxy::toxic::Attributes;

fn attributes(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap()
}

#[track_caller]
fn means(rule: &str, request: &str) -> bool {
    let attributes = attributes(rule);
    let rule = Rule::read(&Attributes::new("http", &attributes)).unwrap();
    let text = format!("{request}\r\n\r\n");
    rule.means(&head::request(text.as_bytes()).unwrap().unwrap())
}

#[test]
fn method_path_and_header_must_all_be_right() {
    let request = "POST /api/rooms?free=1 HTTP/1.1\r\nHost: a\r\nX-Guest: ann smith";
    for rule in [
        "{}",
        r#"{"method": "post"}"#,
        r#"{"method": "P*"}"#,
        r#"{"path": "/api"}"#,
        r#"{"path": "/api/rooms"}"#,
        r#"{"path": "/api/*?free=*"}"#,
        r#"{"header": {"x-guest": "ann*", "HOST": "a"}}"#,
        r#"{"method": "POST", "path": "/api/*", "header": {"x-guest": "*"}}"#,
    ] {
        assert!(means(rule, request), "{rule}");
    }
    for rule in [
        r#"{"method": "GET"}"#,
        r#"{"path": "/apis"}"#,
        r#"{"path": "/api/rooms?free=0"}"#,
        r#"{"header": {"x-guest": "ann"}}"#,
        r#"{"header": {"x-other": "*"}}"#,
        r#"{"method": "POST", "path": "/other"}"#,
    ] {
        assert!(!means(rule, request), "{rule}");
    }
    let absolute = "GET http://host:80/api HTTP/1.1";
    assert!(means(r#"{"path": "/api"}"#, absolute));
    assert!(means(r#"{"path": "/"}"#, "GET http://host HTTP/1.1"));
}

#[test]
fn a_percentage_is_drawn_for_each_request() {
    let mut wire = Wire::new(r#"{"status": 503, "percentage": 25}"#);
    for _ in 0..1_000 {
        wire.ask(0, "GET / HTTP/1.1\r\n\r\n");
        if !wire.asked().is_empty() {
            wire.tell(0, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        }
        wire.outs[0] = Out::default();
    }
    let faults = wire.told().matches("503").count();
    assert!((200..300).contains(&faults), "{faults}");
}

#[test]
fn contradictions_are_told() {
    for (given, expected) in [
        (
            r#"{"abort": true, "status": 500}"#,
            "`abort` of http: it cannot go with `status`: a request that is reset goes nowhere and has no response",
        ),
        (
            r#"{"abort": true, "remove_request_headers": ["a"]}"#,
            "cannot go with `remove_request_headers`",
        ),
        (
            r#"{"abort": "response", "malform": true}"#,
            "cannot go with `malform`",
        ),
        (
            r#"{"status": 500, "set_request_headers": {"a": "b"}}"#,
            "goes to no server",
        ),
        (r#"{"status": 204, "truncate": 0}"#, "has no body"),
        (
            r#"{"status": 304, "body": "x"}"#,
            "`body` of http: a response of status 304 has none",
        ),
        (
            r#"{"body": "x"}"#,
            "`body` of http: it belongs to an answer of the proxy's own",
        ),
        (r#"{"headers": {"a": "b"}}"#, "needs a `status`"),
        (r#"{"status": 101}"#, "from 200 to 599"),
        (
            r#"{"status": 200, "headers": {"Content-Length": "1"}}"#,
            "`wrong_length` makes it lie",
        ),
        (
            r#"{"wrong_length": 1, "set_headers": {"Content-Length": "1"}}"#,
            "both say what the length is",
        ),
        (
            r#"{"abort": "later"}"#,
            r#"expected true, "request" or "response""#,
        ),
        (r#"{"percentage": 101}"#, "from 0 to 100"),
        (r#"{"wrong_length": 1.5}"#, "expected a whole number"),
        (
            r#"{"set_headers": {"a b": "c"}}"#,
            "`a b` is no name of a header",
        ),
        (
            r#"{"set_headers": {"a": "b\r\nc: d"}}"#,
            "characters that no header has",
        ),
        (r#"{"remove_headers": 1}"#, "expected a list of texts"),
    ] {
        let error = kind("http").unwrap().make(&attributes(given)).unwrap_err();
        assert!(error.to_string().contains(expected), "{given}: {error}");
    }
}
