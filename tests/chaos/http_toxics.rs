//! Faults of HTTP against a real server and real clients' bytes.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use rhaid::chaos::proxy::toxic::kind;
use rhaid::chaos::proxy::{Proxy, Stream, Toxicity};

use super::servers::{before, comes_true, connect, server, spoil};

/// A server that answers each request with its path, as JSON.
fn paths() -> SocketAddr {
    server(|mut stream| {
        let mut text = String::new();
        let mut buffer = [0; 4_096];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            text.push_str(&String::from_utf8_lossy(&buffer[..count]));
            while let Some(end) = text.find("\r\n\r\n") {
                let path = text.split(' ').nth(1).unwrap_or_default();
                let body = format!("{{\"path\": \"{path}\"}}");
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                if stream
                    .write_all(format!("{head}{body}").as_bytes())
                    .is_err()
                {
                    return;
                }
                text.drain(..end + 4);
            }
        }
    })
}

/// Sends a request and reads its response: status and body.
fn get(stream: &mut TcpStream, path: &str) -> std::io::Result<(u16, String)> {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes())?;
    response(stream)
}

fn response(stream: &mut TcpStream) -> std::io::Result<(u16, String)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok((
        head[9..12].parse().unwrap(),
        String::from_utf8(body).unwrap(),
    ))
}

fn lay(proxy: &Proxy, name: &str, attributes: &str) {
    let attributes = serde_json::from_str(attributes).unwrap();
    proxy
        .add(
            Some(name),
            kind("http").unwrap(),
            Stream::Downstream,
            Toxicity::ALWAYS,
            &attributes,
        )
        .unwrap();
}

fn told(path: &str) -> (u16, String) {
    (200, format!("{{\"path\": \"{path}\"}}"))
}

#[test]
fn the_proxy_answers_in_place_of_the_server_and_the_connection_goes_on() {
    let (_fleet, proxy) = before(paths());
    let mut client = connect(&proxy);
    assert_eq!(get(&mut client, "/rooms").unwrap(), told("/rooms"));
    lay(
        &proxy,
        "busy",
        r#"{"path": "/rooms", "status": 503, "body": "busy"}"#,
    );
    for _ in 0..3 {
        assert_eq!(get(&mut client, "/rooms/7").unwrap(), (503, "busy".into()));
        assert_eq!(get(&mut client, "/guests").unwrap(), told("/guests"));
    }
    assert_eq!(proxy.counts().requests, 6);
    proxy.remove("busy").unwrap();
    assert_eq!(get(&mut client, "/rooms").unwrap(), told("/rooms"));
    assert_eq!(proxy.counts().requests, 6);
}

#[test]
fn pipelined_requests_keep_their_order() {
    let (_fleet, proxy) = before(paths());
    lay(&proxy, "busy", r#"{"path": "/busy", "status": 503}"#);
    let mut client = connect(&proxy);
    let paths = ["/1", "/busy", "/2", "/busy", "/busy", "/3"];
    let request = |path: &&str| format!("GET {path} HTTP/1.1\r\n\r\n");
    let all: String = paths.iter().map(request).collect();
    client.write_all(all.as_bytes()).unwrap();
    for path in paths {
        let expected = if path == "/busy" {
            (503, String::new())
        } else {
            told(path)
        };
        assert_eq!(response(&mut client).unwrap(), expected);
    }
}

#[test]
fn faults_around_each_other_do_not_confuse_each_other() {
    for names in [["late", "busy"], ["busy", "late"]] {
        let (_fleet, proxy) = before(paths());
        for name in names {
            let rule = match name {
                "late" => r#"{"path": "/late", "delay": 200}"#,
                _ => r#"{"path": "/busy", "status": 503}"#,
            };
            lay(&proxy, name, rule);
        }
        let mut client = connect(&proxy);
        for _ in 0..2 {
            assert_eq!(get(&mut client, "/busy").unwrap().0, 503);
            let started = Instant::now();
            assert_eq!(get(&mut client, "/late").unwrap(), told("/late"));
            assert!(started.elapsed() >= Duration::from_millis(200));
        }
        assert_eq!(proxy.counts().requests, 4);
    }
}

#[test]
fn a_late_response_comes_at_once_when_the_toxic_is_gone() {
    let (_fleet, proxy) = before(paths());
    lay(&proxy, "late", r#"{"delay": 3600000}"#);
    let mut client = connect(&proxy);
    client.write_all(b"GET /1 HTTP/1.1\r\n\r\n").unwrap();
    assert!(comes_true(|| proxy.counts().downstream_received > 0));
    assert_eq!(proxy.counts().downstream_sent, 0);
    proxy.remove("late").unwrap();
    assert_eq!(response(&mut client).unwrap(), told("/1"));
    assert_eq!(get(&mut client, "/2").unwrap(), told("/2"));
}

#[test]
fn requests_and_responses_are_reset() {
    let (_fleet, proxy) = before(paths());
    spoil(&proxy, "http", r#"{"path": "/bad", "abort": true}"#);
    let mut client = connect(&proxy);
    assert_eq!(get(&mut client, "/good").unwrap(), told("/good"));
    let error = get(&mut client, "/bad").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);

    let attributes = serde_json::from_str(r#"{"abort": "response"}"#).unwrap();
    proxy.change("http_downstream", None, &attributes).unwrap();
    let mut client = connect(&proxy);
    client.write_all(b"GET /bad HTTP/1.1\r\n\r\n").unwrap();
    let mut heard = Vec::new();
    let error = client.read_to_end(&mut heard).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert!(String::from_utf8(heard).unwrap().ends_with("\r\n\r\n"));
}

#[test]
fn a_body_ends_before_its_length_or_is_garbled() {
    let (_fleet, proxy) = before(paths());
    lay(&proxy, "cut", r#"{"path": "/cut", "truncate": 5}"#);
    lay(
        &proxy,
        "garbled",
        r#"{"path": "/garbled", "malform": true}"#,
    );
    let mut client = connect(&proxy);
    let (status, body) = get(&mut client, "/garbled").unwrap();
    assert_eq!((status, body.len()), (200, told("/garbled").1.len()));
    assert!(serde_json::from_str::<serde_json::Value>(&body).is_err());
    client.write_all(b"GET /cut HTTP/1.1\r\n\r\n").unwrap();
    let mut heard = String::new();
    client.read_to_string(&mut heard).unwrap();
    assert!(
        heard.ends_with("content-length: 16\r\n\r\n{\"pat"),
        "{heard}"
    );
}

#[test]
fn a_toxic_that_goes_while_it_swallows_a_request_ends_the_connection() {
    let (_fleet, proxy) = before(paths());
    lay(&proxy, "busy", r#"{"status": 503}"#);
    let mut client = connect(&proxy);
    client
        .write_all(b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf")
        .unwrap();
    assert!(comes_true(|| proxy.counts().requests == 1));
    proxy.remove("busy").unwrap();
    assert!(matches!(client.read(&mut [0]), Ok(0) | Err(_)));
    assert_eq!(proxy.counts().upstream_sent, 0);
}

#[test]
fn faults_that_come_and_go_under_traffic_lose_no_response() {
    let (_fleet, proxy) = before(paths());
    let mut client = connect(&proxy);
    let done = &std::sync::atomic::AtomicBool::new(false);
    let proxy = &proxy;
    let (mut own, mut passed) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                lay(proxy, "headers", r#"{"set_headers": {"x": "y"}}"#);
                lay(proxy, "busy", r#"{"status": 503, "percentage": 50}"#);
                std::thread::sleep(Duration::from_millis(1));
                proxy.remove("headers").unwrap();
                proxy.remove("busy").unwrap();
            }
        });
        // A connection ends if a toxic goes while it owes an answer, so each request may need another.
        for round in 0..500 {
            let path = format!("/{round}");
            match get(&mut client, &path) {
                Ok((503, _)) => own += 1,
                Ok(response) => {
                    assert_eq!(response, told(&path));
                    passed += 1;
                }
                Err(_) => client = connect(proxy),
            }
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert!(own + passed > 400, "{own} and {passed}");
    assert!(own > 0 && passed > 0, "{own} and {passed}");
}
