//! The forward proxies.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::support::ports::refused_addr;
use crate::support::proxy::HttpProxy;
use crate::support::server::HttpServer;
use crate::support::socks::SocksProxy;
use crate::support_itself::client::{connect, parse, read_to_end, request, send};

#[test]
fn a_whole_url_is_passed_on_without_the_proxys_own_headers() {
    let (server, proxy) = (HttpServer::start(), HttpProxy::start());
    let url = server.url("/echo?a=1");
    let answer = send(
        proxy.addr(),
        "POST",
        &url,
        &[("Proxy-Connection", "close")],
        b"hi",
    );
    assert_eq!((answer.status, &answer.json()["body"]), (200, &"hi".into()));
    let seen = &server.requests()[0];
    assert_eq!(seen.target, "/echo?a=1");
    assert_eq!(
        (seen.header("via"), seen.header("proxy-connection")),
        (Some("1.1 test-proxy"), None)
    );
    assert_eq!(
        (proxy.forwarded(), proxy.tunnels(), proxy.uses()),
        (1, 0, 1)
    );
    assert_eq!(proxy.targets(), [server.addr().to_string()]);
}

#[test]
fn a_tunnel_carries_whatever_is_sent() {
    let (server, proxy) = (HttpServer::start(), HttpProxy::start());
    let mut stream = connect(proxy.addr());
    write!(
        stream,
        "CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n\r\n",
        server.addr()
    )
    .unwrap();
    let mut established = [0; 39];
    stream.read_exact(&mut established).unwrap();
    assert_eq!(&established, b"HTTP/1.1 200 Connection established\r\n\r\n");
    stream
        .write_all(&request("GET", "/hello", &[], b""))
        .unwrap();
    assert_eq!(parse(&read_to_end(&mut stream).unwrap()).text(), "hello\n");
    assert_eq!((proxy.forwarded(), proxy.tunnels()), (0, 1));
}

#[test]
fn a_proxy_with_credentials_refuses_others_and_says_when_the_target_is_gone() {
    let server = HttpServer::start();
    let proxy = HttpProxy::start_with_auth("ann", "pw");
    let refused = send(proxy.addr(), "GET", &server.url("/hello"), &[], b"");
    assert_eq!(refused.status, 407);
    assert!(refused.header("proxy-authenticate").starts_with("Basic "));
    let right = [("Proxy-Authorization", "Basic YW5uOnB3")];
    assert_eq!(
        send(proxy.addr(), "GET", &server.url("/hello"), &right, b"").status,
        200
    );
    let gone = format!("http://{}/", refused_addr());
    assert_eq!(send(proxy.addr(), "GET", &gone, &right, b"").status, 502);
    assert_eq!((proxy.refused(), server.requests().len()), (1, 1));
}

fn socks_connect(stream: &mut TcpStream, host: &str, port: u16) -> u8 {
    let mut ask = vec![5, 1, 0, 3, host.len() as u8];
    ask.extend_from_slice(host.as_bytes());
    ask.extend_from_slice(&port.to_be_bytes());
    stream.write_all(&ask).unwrap();
    let mut reply = [0; 10];
    stream.read_exact(&mut reply).unwrap();
    reply[1]
}

#[test]
fn socks_connects_by_name_and_remembers_it() {
    let (server, proxy) = (HttpServer::start(), SocksProxy::start());
    let mut stream = connect(proxy.addr());
    stream.write_all(&[5, 1, 0]).unwrap();
    let mut method = [0; 2];
    stream.read_exact(&mut method).unwrap();
    assert_eq!(method, [5, 0]);
    assert_eq!(
        socks_connect(&mut stream, "localhost", server.addr().port()),
        0
    );
    stream
        .write_all(&request("GET", "/hello", &[], b""))
        .unwrap();
    assert_eq!(parse(&read_to_end(&mut stream).unwrap()).text(), "hello\n");
    assert_eq!(
        proxy.targets(),
        [format!("localhost:{}", server.addr().port())]
    );
}

#[test]
fn socks_with_credentials_checks_them() {
    let (server, proxy) = (
        HttpServer::start(),
        SocksProxy::start_with_auth("ann", "pw"),
    );
    for (password, verdict) in [(b"pw", 0), (b"no", 1)] {
        let mut stream = connect(proxy.addr());
        stream.write_all(&[5, 1, 2]).unwrap();
        stream.read_exact(&mut [0; 2]).unwrap();
        stream
            .write_all(&[&[1, 3][..], b"ann", &[2], password].concat())
            .unwrap();
        let mut reply = [0; 2];
        stream.read_exact(&mut reply).unwrap();
        assert_eq!(reply[1], verdict);
        if verdict == 0 {
            assert_eq!(
                socks_connect(&mut stream, "127.0.0.1", server.addr().port()),
                0
            );
        } else {
            assert_eq!(read_to_end(&mut stream).unwrap(), b"");
        }
    }
    assert_eq!((proxy.uses(), proxy.refused()), (1, 1));
}
