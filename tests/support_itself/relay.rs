//! The relay that counts.

use std::io::{Read, Write};

use crate::support::relay::Relay;
use crate::support::server::HttpServer;
use crate::support_itself::client::{connect, get, request};

#[test]
fn a_relay_counts_the_bytes_of_both_directions() {
    let server = HttpServer::start();
    let relay = Relay::before(&server);
    let asked = request("GET", "/bytes/100000", &[], b"");
    let mut stream = connect(relay.addr());
    stream.write_all(&asked).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    drop(stream);
    assert!(answer.len() > 100_000);
    assert_eq!(relay.bytes(), (asked.len() as u64, answer.len() as u64));
    assert_eq!(server.requests()[0].path(), "/bytes/100000");
}

#[test]
fn connections_are_relayed_one_by_one() {
    let server = HttpServer::start();
    let relay = Relay::before(&server);
    for _ in 0..3 {
        assert_eq!(get(relay.addr(), "/hello").text(), "hello\n");
    }
    assert_eq!((relay.connections(), server.connections()), (3, 3));
}
