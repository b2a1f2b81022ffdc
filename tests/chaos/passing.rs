//! A proxy without toxics is as good as none; and how it comes and goes.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};

use rhaid::chaos::proxy::{ProxyError, Spec};

use super::servers::{ask, before, comes_true, connect, echo, server, source, spoil};

#[test]
fn everything_passes_and_is_counted() {
    let (_fleet, proxy) = before(echo());
    let mut client = connect(&proxy);
    assert_eq!(ask(&mut client, "hello").unwrap(), "hello");
    assert_eq!(proxy.counts().open, 1);
    drop(client);
    assert!(comes_true(|| proxy.counts().open == 0));
    let counts = proxy.counts();
    assert_eq!(counts.connections, 1);
    assert_eq!((counts.upstream_received, counts.upstream_sent), (5, 5));
    assert_eq!((counts.downstream_received, counts.downstream_sent), (5, 5));
}

#[test]
fn a_client_that_reads_slowly_gets_every_byte() {
    let (_fleet, proxy) = before(source(30 << 20));
    let mut client = connect(&proxy);
    std::thread::sleep(std::time::Duration::from_millis(200));
    let mut bytes = Vec::new();
    client.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes.len(), 30 << 20);
}

#[test]
fn half_a_connection_may_end_before_the_other() {
    // Answers only when the client has finished.
    let upstream = server(|mut stream| {
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        stream.write_all(text.to_uppercase().as_bytes()).unwrap();
    });
    let (_fleet, proxy) = before(upstream);
    let mut client = connect(&proxy);
    client.write_all(b"whisper").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "WHISPER");
}

#[test]
fn a_server_that_is_not_there_ends_the_connection() {
    let gone = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let (_fleet, proxy) = before(gone);
    let mut client = connect(&proxy);
    assert_eq!(client.read(&mut [0]).unwrap(), 0);
    assert_eq!(proxy.counts().unreachable, 1);
}

#[test]
fn a_disabled_proxy_refuses_at_once_ends_what_is_open_and_comes_back_at_its_port() {
    let (_fleet, proxy) = before(echo());
    let listen = proxy.spec().listen;
    let mut old = connect(&proxy);
    ask(&mut old, "x").unwrap();
    for _ in 0..20 {
        proxy.disable();
        let refused = TcpStream::connect(&listen).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        proxy.enable().unwrap();
        assert_eq!(proxy.spec().listen, listen);
        assert_eq!(ask(&mut connect(&proxy), "again").unwrap(), "again");
    }
    assert!(matches!(old.read(&mut [0]), Ok(0) | Err(_)));
}

#[test]
fn a_port_that_is_taken_is_told() {
    let (fleet, proxy) = before(echo());
    let spec = |name: &str, listen: String| Spec {
        name: name.into(),
        listen,
        upstream: "127.0.0.1:1".into(),
        enabled: true,
    };
    let error = fleet.create(spec("q", proxy.spec().listen)).unwrap_err();
    assert!(
        error.to_string().contains("cannot listen on 127.0.0.1:"),
        "{error}"
    );
    assert!(
        error.to_string().contains("port 0 picks a free one"),
        "{error}"
    );
    assert!(matches!(
        fleet.create(spec("p", "127.0.0.1:0".into())),
        Err(ProxyError::ProxyExists(_))
    ));
    assert!(matches!(
        fleet.create(spec("q", "nonsense".into())),
        Err(ProxyError::Address(_))
    ));
    assert_eq!(fleet.all().len(), 1);
}

#[test]
fn a_reset_on_one_side_is_one_on_the_other() {
    let upstream = server(|stream| {
        let _ = stream.peek(&mut [0]);
        // Bytes that were not read make the system reset the connection.
        drop(stream);
    });
    let (_fleet, proxy) = before(upstream);
    let mut client = connect(&proxy);
    client.write_all(b"never read").unwrap();
    assert_eq!(
        client.read(&mut [0]).unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
}

#[test]
fn hundreds_of_connections_closed_at_once_leave_nothing_behind() {
    let (_fleet, proxy) = before(echo());
    spoil(&proxy, "latency", r#"{"latency": 60000}"#);
    let mut clients: Vec<_> = (0..300).map(|_| connect(&proxy)).collect();
    for client in &mut clients {
        client.write_all(b"x").unwrap();
    }
    assert!(comes_true(|| proxy.counts().downstream_received == 300));
    proxy.disable();
    assert!(comes_true(|| proxy.counts().open == 0));
}
