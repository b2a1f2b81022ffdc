//! The toxics beyond Toxiproxy's, against real sockets.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rhaid::chaos::proxy::Stream;

use super::servers::{ask, before, comes_true, connect, echo, source, spoil, spoil_stream};

/// Whether a connection is there: whether it answers, or was reset before it did.
fn answers(mut client: TcpStream) -> bool {
    match ask(&mut client, "x") {
        Ok(_) => true,
        Err(error) => {
            let reset = matches!(
                error.kind(),
                ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
            );
            assert!(reset, "{error:?}");
            false
        }
    }
}

#[test]
fn lost_segments_come_late_but_they_all_come() {
    let (_fleet, proxy) = before(source(100_000));
    spoil(&proxy, "stall", r#"{"loss": 0.2, "rto": 30}"#);
    let started = Instant::now();
    let mut bytes = Vec::new();
    connect(&proxy).read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes.len(), 100_000);
    // 69 segments at least, of which about fourteen are lost; hardly ever fewer than three.
    assert!(
        started.elapsed() >= Duration::from_millis(90),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn bytes_are_spoilt_and_none_is_missing() {
    let (_fleet, proxy) = before(source(100_000));
    spoil(&proxy, "corrupt", r#"{"share": 0.01, "skip": 1000}"#);
    let mut bytes = Vec::new();
    connect(&proxy).read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes.len(), 100_000);
    let spoilt = |part: &[u8]| part.iter().filter(|byte| **byte != b'x').count();
    assert_eq!(spoilt(&bytes[..1_000]), 0);
    assert!((800..1_200).contains(&spoilt(&bytes)), "{}", spoilt(&bytes));
}

#[test]
fn nobody_is_let_in_and_who_is_in_stays() {
    let (_fleet, proxy) = before(echo());
    let mut old = connect(&proxy);
    ask(&mut old, "x").unwrap();
    spoil(&proxy, "refuse", "{}");
    for _ in 0..3 {
        assert!(!answers(connect(&proxy)));
    }
    assert_eq!(ask(&mut old, "still").unwrap(), "still");
    assert_eq!(proxy.counts().refused, 3);
    proxy.remove("refuse_downstream").unwrap();
    assert!(answers(connect(&proxy)));
}

#[test]
fn the_first_connections_fail_and_then_it_recovers() {
    let (_fleet, proxy) = before(echo());
    assert!(answers(connect(&proxy)));
    spoil(&proxy, "fail_first", r#"{"count": 2}"#);
    let fates: Vec<_> = (0..5).map(|_| answers(connect(&proxy))).collect();
    assert_eq!(fates, [false, false, true, true, true]);
}

#[test]
fn a_handshake_takes_its_time_and_its_end_waits_for_nobody() {
    let (_fleet, proxy) = before(echo());
    spoil(&proxy, "handshake_delay", r#"{"delay": 150}"#);
    let started = Instant::now();
    assert!(answers(connect(&proxy)));
    assert!(started.elapsed() >= Duration::from_millis(150));

    let change = |attributes: &str| {
        let attributes = serde_json::from_str(attributes).unwrap();
        proxy
            .change("handshake_delay_downstream", None, &attributes)
            .unwrap();
    };
    // Who waits for an hour is asked again when it becomes less, and let in when it becomes nothing.
    for end in [true, false] {
        change(r#"{"delay": 3600000}"#);
        let mut waiting = connect(&proxy);
        waiting.write_all(b"x").unwrap();
        assert!(comes_true(|| proxy.counts().open == 1));
        if end {
            change(r#"{"delay": 1}"#);
        } else {
            proxy.remove("handshake_delay_downstream").unwrap();
        }
        waiting.read_exact(&mut [0]).unwrap();
        drop(waiting);
        assert!(comes_true(|| proxy.counts().open == 0));
    }
}

#[test]
fn a_black_hole_swallows_what_is_open_and_what_is_new_until_it_is_gone() {
    let (_fleet, proxy) = before(echo());
    let mut old = connect(&proxy);
    ask(&mut old, "x").unwrap();
    spoil_stream(&proxy, "blackhole", Stream::Upstream, "{}");
    let mut new = connect(&proxy);
    for client in [&mut old, &mut new] {
        client.write_all(b"lost").unwrap();
    }
    assert!(comes_true(|| proxy.counts().upstream_received == 5));
    assert!(comes_true(|| proxy.counts().open == 2));
    assert_eq!(proxy.counts().upstream_sent, 1);
    proxy.remove("blackhole_upstream").unwrap();
    for mut client in [old, new] {
        assert!(matches!(client.read(&mut [0]), Ok(0) | Err(_)));
    }
    assert!(answers(connect(&proxy)));
}

#[test]
fn all_connections_together_get_so_many_bytes() {
    let (_fleet, proxy) = before(source(1_000));
    spoil(&proxy, "limit_data", r#"{"bytes": 2500, "shared": true}"#);
    let read = |_| {
        let mut bytes = Vec::new();
        let _ = connect(&proxy).read_to_end(&mut bytes);
        bytes.len()
    };
    let lengths: Vec<_> = (0..4).map(read).collect();
    assert_eq!(lengths, [1_000, 1_000, 500, 0]);
}

#[test]
fn only_so_many_connections_are_open_at_once() {
    let (_fleet, proxy) = before(echo());
    let mut old = connect(&proxy);
    ask(&mut old, "x").unwrap();
    spoil(&proxy, "max_connections", r#"{"connections": 2}"#);
    // A connection that is heard of again knows of the toxic.
    ask(&mut old, "x").unwrap();
    let mut second = connect(&proxy);
    ask(&mut second, "x").unwrap();
    assert!(!answers(connect(&proxy)));
    drop(second);
    assert!(comes_true(|| proxy.counts().open == 1));
    assert!(answers(connect(&proxy)));
    assert!(comes_true(|| proxy.counts().open == 1));

    let attributes = serde_json::from_str(r#"{"connections": 1, "wait": true}"#).unwrap();
    proxy
        .change("max_connections_downstream", None, &attributes)
        .unwrap();
    ask(&mut old, "x").unwrap();
    let mut waiting: Vec<_> = (0..3).map(|_| connect(&proxy)).collect();
    for client in &mut waiting {
        client.write_all(b"y").unwrap();
    }
    assert!(comes_true(|| proxy.counts().open == 4));
    let sent = proxy.counts().downstream_sent;
    assert_eq!(sent, proxy.counts().upstream_received);
    drop(old);
    // Whose turn it is goes when it was answered, which makes room for the next.
    let answered = |mut client: TcpStream| client.read_exact(&mut [0]).is_ok();
    let threads: Vec<_> = waiting
        .into_iter()
        .map(|client| std::thread::spawn(move || answered(client)))
        .collect();
    for thread in threads {
        assert!(thread.join().unwrap());
    }
}

#[test]
fn a_change_of_some_attributes_leaves_the_others() {
    let (_fleet, proxy) = before(echo());
    for (kind, given, change, expected) in [
        (
            "stall",
            r#"{"loss": 0.5, "rto": 10}"#,
            r#"{"rto": 20}"#,
            r#"{"loss": 0.5, "segment": 1460, "rto": 20, "max_rto": 60000}"#,
        ),
        (
            "max_connections",
            r#"{"connections": 3, "wait": true}"#,
            r#"{"connections": 4}"#,
            r#"{"connections": 4, "wait": true}"#,
        ),
        (
            "http",
            r#"{"path": "/a", "status": 503, "body": "busy"}"#,
            r#"{"status": 504, "body": null, "delay": 5}"#,
            r#"{"path": "/a", "percentage": 100.0, "status": 504, "delay": 5, "jitter": 0}"#,
        ),
    ] {
        spoil(&proxy, kind, given);
        let name = format!("{kind}_downstream");
        let change = serde_json::from_str(change).unwrap();
        let changed = proxy.change(&name, None, &change).unwrap();
        let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
        assert_eq!(
            serde_json::Value::from(changed.toxic.attributes()),
            expected
        );
    }
    // What contradicts the attributes that stay changes nothing.
    let change = serde_json::from_str(r#"{"abort": true}"#).unwrap();
    let error = proxy.change("http_downstream", None, &change).unwrap_err();
    assert!(
        error.to_string().contains("cannot go with `status`"),
        "{error}"
    );
    let toxic = proxy.toxic("http_downstream").unwrap();
    assert_eq!(toxic.toxic.attributes().get("abort"), None);
}
