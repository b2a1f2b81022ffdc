//! What requests and responses suffer.

use super::*;

const GET: &str = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"rooms\": 12}";

/// What the client hears after one request and one response.
fn spoilt(attributes: &str, response: &'static str) -> Wire {
    let mut wire = Wire::new(attributes);
    wire.ask(0, GET);
    wire.tell(10, response);
    wire
}

#[test]
fn the_proxy_answers_itself_and_the_server_hears_nothing() {
    let mut wire = Wire::new(r#"{"status": 503, "body": "busy", "headers": {"Retry-After": 2}}"#);
    wire.ask(5, "POST /a HTTP/1.1\r\nContent-Length: 6\r\n\r\nabc");
    assert_eq!(wire.told(), "");
    wire.ask(7, "def");
    assert_eq!(wire.asked(), "");
    assert_eq!(
        wire.told(),
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\ncontent-type: text/plain; charset=utf-8\r\n\
         content-length: 4\r\n\r\nbusy"
    );
    assert_eq!(wire.finish(), None);
    wire.ask(9, GET);
    assert_eq!(wire.told().matches("503").count(), 2);
}

#[test]
fn who_wants_to_send_a_body_is_told_to() {
    let mut wire = Wire::new(r#"{"status": 500}"#);
    let head = "POST /a HTTP/1.1\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n";
    wire.ask(0, head);
    assert_eq!(wire.told(), "HTTP/1.1 100 Continue\r\n\r\n");
    wire.ask(1, "1\r\na\r\n0\r\n\r\n");
    assert!(wire.told().ends_with("\r\ncontent-length: 0\r\n\r\n"));
}

#[test]
fn a_head_request_gets_no_body_and_who_wants_to_close_is_closed() {
    let mut wire = Wire::new(r#"{"status": 500, "body": "why"}"#);
    wire.ask(0, "HEAD /a HTTP/1.1\r\n\r\n");
    assert!(wire.told().ends_with("content-length: 3\r\n\r\n"));
    wire.ask(1, "GET /a HTTP/1.0\r\n\r\n");
    assert!(wire.told().ends_with("connection: close\r\n\r\nwhy"));
    assert_eq!(wire.finish(), Some(Close::Orderly));
}

#[test]
fn a_response_is_late_and_what_follows_it_waits() {
    let mut wire = Wire::new(r#"{"path": "/a", "delay": 100}"#);
    wire.ask(0, GET);
    wire.ask(0, "GET /other HTTP/1.1\r\n\r\n");
    wire.tell(10, OK);
    wire.tell(20, OK);
    assert_eq!(wire.told(), OK.repeat(2));
    assert!(wire.times().iter().all(|time| *time == 110));
}

#[test]
fn an_own_answer_is_late_too() {
    let mut wire = Wire::new(r#"{"status": 504, "delay": 100}"#);
    wire.ask(7, GET);
    assert_eq!(wire.times(), [107; 1]);
}

#[test]
fn a_request_is_reset_perhaps_after_a_while() {
    let mut wire = Wire::new(r#"{"abort": true, "path": "/a"}"#);
    wire.ask(0, "GET /b HTTP/1.1\r\n\r\n");
    wire.ask(3, GET);
    assert_eq!(wire.asked(), "GET /b HTTP/1.1\r\n\r\n");
    assert_eq!(wire.outs[0].closing(), Some((at(3), Close::Reset)));

    let mut wire = Wire::new(r#"{"abort": "request", "delay": 50}"#);
    wire.ask(3, GET);
    wire.ask(4, "more");
    assert_eq!(wire.asked(), "");
    assert_eq!(wire.outs[0].closing(), Some((at(53), Close::Reset)));
}

#[test]
fn a_response_is_reset_after_its_head() {
    let wire = spoilt(r#"{"abort": "response"}"#, OK);
    assert_eq!(wire.told(), "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n");
    assert_eq!(wire.finish(), Some(Close::Reset));
}

#[test]
fn a_body_is_cut_off() {
    let wire = spoilt(r#"{"truncate": 4}"#, OK);
    assert_eq!(
        wire.told(),
        "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"ro"
    );
    assert_eq!(wire.finish(), Some(Close::Orderly));

    let chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n";
    let wire = spoilt(r#"{"truncate": 4}"#, chunked);
    assert!(wire.told().ends_with("\r\n\r\n3\r\nabc\r\n3\r\nd"));
    assert_eq!(wire.finish(), Some(Close::Orderly));

    // What is no longer than that is whole.
    for most in [13, 14] {
        let wire = spoilt(&format!(r#"{{"truncate": {most}}}"#), OK);
        assert_eq!((wire.told().as_str(), wire.finish()), (OK, None));
    }
    // Where more was promised, nothing is waited for.
    let start = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n";
    let wire = spoilt(r#"{"truncate": 0}"#, start);
    assert_eq!(wire.finish(), Some(Close::Orderly));
}

#[test]
fn a_body_is_garbled_and_its_coding_is_not() {
    let wire = spoilt(r#"{"malform": true}"#, OK);
    let told = wire.told();
    let (head, body) = told.split_once("\r\n\r\n").unwrap();
    assert!(OK.starts_with(head) && body.len() == 13);
    assert!(serde_json::from_str::<serde_json::Value>(body).is_err());

    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[1\r\n9\r\n,2,3,4,5]\r\n0\r\n\r\n";
    let wire = spoilt(r#"{"malform": true}"#, chunked);
    assert!(
        wire.told()
            .ends_with("\r\n\r\n2\r\n}1\r\n9\r\n,2,3,4}5]\r\n0\r\n\r\n"),
        "{}",
        wire.told()
    );
}

#[test]
fn a_length_lies_and_the_next_response_is_found_all_the_same() {
    for (lie, length) in [(5, "18"), (-3, "10"), (-99, "0")] {
        let mut wire = spoilt(&format!(r#"{{"path": "/a", "wrong_length": {lie}}}"#), OK);
        let told = wire.told();
        assert_eq!(
            told,
            format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{{\"rooms\": 12}}")
        );
        wire.ask(20, "GET /b HTTP/1.1\r\n\r\n");
        wire.tell(20, OK);
        assert_eq!(wire.told(), format!("{told}{OK}"));
    }
}

#[test]
fn headers_of_both_ways_are_changed() {
    let mut wire = Wire::new(
        r#"{"set_headers": {"X-Cache": "stale"}, "remove_headers": "etag",
            "set_request_headers": {"host": "other"}, "remove_request_headers": ["X-Trace", "x-b"]}"#,
    );
    wire.ask(
        0,
        "GET /a HTTP/1.1\r\nHost: h\r\nx-trace: 1\r\nA: b\r\n\r\n",
    );
    assert_eq!(
        wire.asked(),
        "GET /a HTTP/1.1\r\nA: b\r\nhost: other\r\n\r\n"
    );
    wire.tell(
        0,
        "HTTP/1.1 200 OK\r\nETag: x\r\nContent-Length: 2\r\n\r\nhi",
    );
    assert_eq!(
        wire.told(),
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Cache: stale\r\n\r\nhi"
    );
}

#[test]
fn effects_add_up_also_on_an_own_answer() {
    let mut wire = Wire::new(
        r#"{"status": 200, "body": "{\"a\": 1}", "delay": 30, "malform": true, "truncate": 3, "wrong_length": 2,
            "set_headers": {"x": "y"}}"#,
    );
    wire.ask(1, GET);
    assert_eq!(
        wire.told(),
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx: y\r\ncontent-length: 10\r\n\r\n}\"a"
    );
    assert_eq!(wire.finish(), Some(Close::Orderly));
    assert!(wire.times().iter().all(|time| *time == 31));
}
