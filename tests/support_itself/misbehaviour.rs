//! The routes that stall, lie, reset or never end.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use crate::support::server::HttpServer;
use crate::support_itself::client::{connect, get, parse, read_to_end, request};

#[test]
fn a_reset_is_a_reset_and_a_close_is_an_end() {
    let server = HttpServer::start();
    let mut stream = connect(server.addr());
    stream
        .write_all(&request("GET", "/reset", &[], b""))
        .unwrap();
    assert_eq!(
        read_to_end(&mut stream).unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
    let mut stream = connect(server.addr());
    stream
        .write_all(&request("GET", "/close", &[], b""))
        .unwrap();
    assert_eq!(read_to_end(&mut stream).unwrap(), b"");
}

#[test]
fn half_an_answer_promises_twice_what_it_sends() {
    let server = HttpServer::start();
    let answer = get(server.addr(), "/half");
    assert_eq!(
        (answer.header("content-length").as_str(), answer.body.len()),
        ("1000", 500)
    );
}

#[test]
fn waits_are_at_least_as_long_as_asked() {
    let server = HttpServer::start();
    let start = Instant::now();
    assert_eq!(get(server.addr(), "/slow/50").text(), "slow\n");
    assert_eq!(get(server.addr(), "/drip/3/20").text(), "...");
    assert!(start.elapsed() >= Duration::from_millis(110));
}

#[test]
fn a_stalled_body_stops_half_way_and_the_connection_stays() {
    let server = HttpServer::start();
    let mut stream = connect(server.addr());
    stream
        .write_all(&request("GET", "/stall/body", &[], b""))
        .unwrap();
    let mut bytes = Vec::new();
    while !bytes.ends_with(&[b'.'; 500]) {
        let mut block = [0; 1024];
        let length = stream.read(&mut block).unwrap();
        assert!(length > 0);
        bytes.extend_from_slice(&block[..length]);
    }
    stream
        .set_read_timeout(Some(Duration::from_millis(30)))
        .unwrap();
    assert_eq!(
        stream.read(&mut [0]).unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
}

#[test]
fn chunks_come_with_trailers_or_broken() {
    let server = HttpServer::start();
    let whole = get(server.addr(), "/chunked").text();
    assert!(whole.ends_with("0\r\nx-checksum: 42\r\n\r\n"));
    assert!(
        get(server.addr(), "/chunked/bad")
            .text()
            .contains("\r\nzz\r\n")
    );
    assert!(
        get(server.addr(), "/chunked/cut")
            .text()
            .ends_with("first \r\n")
    );
}

#[test]
fn heads_can_be_huge_and_lengths_can_lie() {
    let server = HttpServer::start();
    assert_eq!(
        get(server.addr(), "/hugeheader").header("x-huge").len(),
        1 << 20
    );
    assert_eq!(
        get(server.addr(), "/manyheaders")
            .head
            .matches("x-header-")
            .count(),
        500
    );
    assert_eq!(
        get(server.addr(), "/badlength").header("content-length"),
        "six"
    );
    assert_eq!(
        get(server.addr(), "/badlength/conflict").headers("content-length"),
        ["5", "6"]
    );
    assert_eq!(
        get(server.addr(), "/nolength").headers("content-length"),
        [""; 0]
    );
    assert!(
        get(server.addr(), "/http10")
            .head
            .starts_with("HTTP/1.0 200")
    );
    let mut stream = connect(server.addr());
    stream
        .write_all(&request("GET", "/garbage", &[], b""))
        .unwrap();
    assert!(!read_to_end(&mut stream).unwrap().starts_with(b"HTTP"));
}

#[test]
fn an_endless_body_goes_on_until_the_client_leaves() {
    let server = HttpServer::start();
    let mut stream = connect(server.addr());
    stream
        .write_all(&request("GET", "/endless", &[], b""))
        .unwrap();
    let mut much = vec![0; 8 << 20];
    stream.read_exact(&mut much).unwrap();
    drop(stream);
    crate::support::background::wait_until("it stops", Duration::from_secs(10), || {
        server.traffic().open_connections() == 0
    });
}

#[test]
fn a_connection_closes_unannounced_after_its_last_answer() {
    let server = HttpServer::start();
    let mut stream = connect(server.addr());
    let line = b"GET /keepalive/close-after/2 HTTP/1.1\r\n\r\n";
    stream.write_all(&[&line[..], &line[..]].concat()).unwrap();
    let text = String::from_utf8(read_to_end(&mut stream).unwrap()).unwrap();
    assert_eq!(text.matches("still\n").count(), 2);
    assert!(!text.to_lowercase().contains("connection: close"));
}

#[test]
fn interim_answers_come_before_the_final_one() {
    let server = HttpServer::start();
    let mut stream = connect(server.addr());
    stream
        .write_all(&request("GET", "/continue", &[], b""))
        .unwrap();
    let text = String::from_utf8(read_to_end(&mut stream).unwrap()).unwrap();
    assert!(text.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"));

    let mut stream = connect(server.addr());
    stream
        .write_all(b"POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 2\r\n\r\n")
        .unwrap();
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"hi").unwrap();
    assert_eq!(
        parse(&read_to_end(&mut stream).unwrap()).json()["body"],
        "hi"
    );
}

#[test]
fn an_early_answer_does_not_wait_for_the_body() {
    let server = HttpServer::start();
    let mut stream = connect(server.addr());
    stream
        .write_all(b"POST /early?status=413 HTTP/1.1\r\nContent-Length: 1000\r\n\r\n")
        .unwrap();
    assert_eq!(parse(&read_to_end(&mut stream).unwrap()).status, 413);
    assert!(server.requests()[0].body.is_empty());
}
