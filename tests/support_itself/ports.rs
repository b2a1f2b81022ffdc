//! Addresses that refuse, are free, or never answer.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use crate::support::ports::{Blackhole, free_port, refused_addr};

#[test]
fn a_refused_address_refuses_again_and_again() {
    for _ in 0..3 {
        let error = TcpStream::connect(refused_addr()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }
}

#[test]
fn a_free_port_can_be_bound() {
    TcpListener::bind(("127.0.0.1", free_port())).unwrap();
}

#[test]
fn connecting_to_a_blackhole_only_ever_times_out() {
    let blackhole = Blackhole::start();
    for _ in 0..2 {
        let error =
            TcpStream::connect_timeout(&blackhole.addr(), Duration::from_millis(100)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }
}
