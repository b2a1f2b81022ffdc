//! `rhaid record`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::convert::{rhaid, runs_green, script};
use crate::support::bin::{Rhaid, Running};
use crate::support::ports;

/// The demo, and where it listens.
fn demo() -> (Running, String) {
    let mut demo = rhaid(["demo", "--listen", "127.0.0.1:0"]).spawn();
    demo.wait_for_output("Ctrl-C");
    let address = address(&demo.stdout(), "hotel API on http://");
    (demo, address)
}

/// The proxy before a service, and where it listens.
fn recorder(target: &str, more: &[&str]) -> (Running, String) {
    let target = format!("http://{target}");
    let mut proxy = Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .args([
            "record",
            "--listen",
            "127.0.0.1:0",
            "--target",
            &target,
            "-o",
            "out.rhai",
        ])
        .args(more)
        .spawn();
    proxy.wait_for_output("Ctrl-C");
    let address = address(&proxy.stdout(), "open http://");
    (proxy, address)
}

fn address(text: &str, before: &str) -> String {
    let rest = text.split_once(before).unwrap().1;
    rest.split_whitespace().next().unwrap().to_owned()
}

fn ask(address: &str, method: &str, path: &str, headers: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn token(answer: &str) -> &str {
    answer
        .split("\"token\":\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap()
}

const JSON: &str = "content-type: application/json\r\n";

#[test]
fn what_passes_becomes_a_script_that_runs() {
    let (_demo, service) = demo();
    let (mut proxy, here) = recorder(&service, &[]);
    let login = ask(
        &here,
        "POST",
        "/api/v1/admin/login",
        JSON,
        "{\"user\":\"qa\"}",
    );
    let token = token(&login).to_owned();
    let bearer = format!("authorization: Bearer {token}\r\n");
    let stats = ask(&here, "GET", "/api/v1/admin/stats", &bearer, "");
    assert!(stats.starts_with("HTTP/1.1 200"), "{stats}");
    // A client that hangs up before the answer.
    let mut gone = TcpStream::connect(&here).unwrap();
    gone.write_all(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    drop(gone);
    let rooms = ask(&here, "GET", "/api/v1/pms/room-types", "", "");
    assert!(rooms.contains("room_types"), "{rooms}");
    proxy.wait_for_output("GET /api/v1/pms/room-types  200");
    proxy.signal("TERM");
    let output = proxy.wait();
    let script = script(&output);
    assert!(
        script.contains("authorization: `Bearer ${token}`"),
        "{script}"
    );
    assert!(!script.contains(&token), "{script}");
    assert!(!output.stderr.contains(&token), "{}", output.stderr);
    runs_green(&script);
}

#[test]
fn a_recording_ends_by_ctrl_c_and_by_its_length() {
    let (_demo, service) = demo();
    let (mut proxy, here) = recorder(&service, &[]);
    ask(&here, "GET", "/health/live", "", "");
    proxy.wait_for_output("/health/live  200");
    proxy.interrupt();
    assert!(script(&proxy.wait()).contains("/health/live"));

    let (proxy, here) = recorder(&service, &["--for", "2s"]);
    ask(&here, "GET", "/health/live", "", "");
    assert!(script(&proxy.wait()).contains("/health/live"));
}

#[test]
fn a_service_that_is_down_is_told_to_the_browser() {
    let service = ports::refused_addr().to_string();
    let (mut proxy, here) = recorder(&service, &[]);
    let answer = ask(&here, "GET", "/x?token=hidden123", "", "");
    assert!(answer.starts_with("HTTP/1.1 502"), "{answer}");
    proxy.wait_for_output("failed");
    proxy.interrupt();
    let output = proxy.wait();
    output.expect_code(65).expect_text("without a response");
    // What helps is no option of another command.
    assert!(!output.stderr.contains("--domain"), "{output}");
    output.expect_text("the address that the recorder names");
    assert!(!output.stderr.contains("hidden123"), "{}", output.stderr);
}

#[test]
fn web_sockets_are_refused() {
    let (_demo, service) = demo();
    let (proxy, here) = recorder(&service, &[]);
    let mut stream = TcpStream::connect(&here).unwrap();
    stream
        .write_all(
            b"GET /live HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
        )
        .unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 501");
    drop(stream);
    proxy.interrupt();
    proxy.wait().expect_code(65);
}

#[test]
fn what_cannot_be_recorded_is_told_at_once() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let record = |listen: &str, target: &str| {
        rhaid([
            "record", "-o", "out.rhai", "--listen", listen, "--target", target,
        ])
    };
    record(&address, "http://127.0.0.1:1")
        .run()
        .expect_code(64)
        .expect_text("--listen 127.0.0.1:0 picks a free port");
    record("127.0.0.1:0", "ftp://h.test").run().expect_code(64);
    record("127.0.0.1:0", "http://127.0.0.1:1")
        .file("out.rhai", "mine")
        .run()
        .expect_code(74)
        .expect_text("--force");
}

/// A name of somebody else's that leads to this machine, and a proxy's CONNECT, are refused.
#[test]
fn it_is_no_proxy_for_others() {
    let (_demo, service) = demo();
    let (proxy, here) = recorder(&service, &[]);
    let raw = |text: &str| {
        let mut stream = TcpStream::connect(&here).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let end = "connection: close\r\n\r\n";
    let rebound = raw(&format!(
        "GET /health/live HTTP/1.1\r\nhost: evil.test\r\n{end}"
    ));
    assert!(rebound.starts_with("HTTP/1.1 421"), "{rebound}");
    let tunnel = raw(&format!(
        "CONNECT h.test:443 HTTP/1.1\r\nhost: h.test:443\r\n{end}"
    ));
    assert!(tunnel.starts_with("HTTP/1.1 405"), "{tunnel}");
    let absolute = raw(&format!(
        "GET http://evil.test/health/live HTTP/1.1\r\nhost: localhost\r\n{end}"
    ));
    assert!(absolute.starts_with("HTTP/1.1 200"), "{absolute}");
    let smuggled = raw(&format!(
        "POST /x HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ncontent-length: 6\r\n{end}hello"
    ));
    assert!(smuggled.starts_with("HTTP/1.1 400"), "{smuggled}");
    proxy.interrupt();
    let output = proxy.wait();
    let script = script(&output);
    assert!(
        script.contains("/health/live") && !script.contains("evil.test"),
        "{script}"
    );
}
