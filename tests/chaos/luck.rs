//! Bad luck: all at once, in the middle, and from those who dawdle.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use super::api_client::{Server, connect};
use super::servers::{ask, comes_true, echo};

/// Lets this process open as many files as it may; gives how many.
fn raise_limit() -> u64 {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    let wanted = hard.min(20_000);
    setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).unwrap();
    wanted
}

/// Takes every connection and says nothing.
fn silent() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let _held: Vec<_> = listener.incoming().collect();
    });
    address
}

fn files_of(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd"))
        .unwrap()
        .count()
}

#[test]
fn an_upstream_that_is_gone_ends_the_client_and_is_counted() {
    let gone = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let server = Server::start(&[]);
    let listen = server.proxy("p", gone);
    assert_eq!(connect(&listen).read(&mut [0]).unwrap(), 0);
    let counts = server.done("GET", "/proxies/p/counts", "");
    assert_eq!(
        (&counts["unreachable"], &counts["open"]),
        (&1.into(), &0.into())
    );
}

#[test]
fn toxics_come_and_go_from_eight_sides_under_traffic() {
    let server = Server::start(&[]);
    let listen = server.proxy("p", echo());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let hammers: Vec<_> = (0..8)
            .map(|number| {
                let server = &server;
                scope.spawn(move || {
                    let mut added = 0;
                    for round in 0..60 {
                        let kind = ["latency", "slicer", "bandwidth"][(number + round) % 3];
                        let body = format!(
                            r#"{{"type": "{kind}", "name": "same", "attributes": {{"latency": 3, "rate": 9000, "average_size": 50}}}}"#
                        );
                        let reply = server.call("POST", "/proxies/p/toxics", &body);
                        assert!(matches!(reply.status, 200 | 409), "{}", reply.text);
                        added += usize::from(reply.status == 200);
                        let reply = server.call("PATCH", "/proxies/p/toxics/same", r#"{"toxicity": 0.5}"#);
                        assert!(matches!(reply.status, 200 | 404), "{}", reply.text);
                        let reply = server.call("DELETE", "/proxies/p/toxics/same", "");
                        assert!(matches!(reply.status, 204 | 404), "{}", reply.text);
                    }
                    added
                })
            })
            .collect();
        let talker = scope.spawn(|| {
            let mut client = connect(&listen);
            let text = "what goes in comes out, whole and in order. ".repeat(20);
            let mut rounds = 0;
            while !done.load(Relaxed) || rounds == 0 {
                assert_eq!(ask(&mut client, &text).unwrap(), text);
                rounds += 1;
            }
        });
        let added: usize = hammers
            .into_iter()
            .map(|hammer| hammer.join().unwrap())
            .sum();
        done.store(true, Relaxed);
        talker.join().unwrap();
        assert!(added >= 60, "{added}");
    });
    assert_eq!(
        server.done("GET", "/proxies/p/toxics", ""),
        serde_json::json!([])
    );
    assert_eq!(ask(&mut connect(&listen), "clean").unwrap(), "clean");
}

#[test]
fn two_thousand_connections_end_with_their_proxy_and_leave_nothing() {
    let count = (raise_limit().saturating_sub(200) / 2).min(2_000);
    let server = Server::start(&[]);
    let before = files_of(server.pid());
    let listen = server.proxy("p", silent());
    let clients: Vec<TcpStream> = (0..count).map(|_| connect(&listen)).collect();
    assert!(comes_true(|| server.open("p") == count));
    server.call("DELETE", "/proxies/p", "");
    for mut client in clients {
        assert!(matches!(client.read(&mut [0]), Ok(0) | Err(_)));
    }
    assert!(comes_true(|| files_of(server.pid()) <= before));
    assert!(TcpStream::connect(&listen).is_err());
}

#[test]
fn a_proxy_deleted_under_traffic_is_gone_and_can_be_made_again() {
    let server = Server::start(&[]);
    let upstream = echo();
    let listen = server.proxy("p", upstream);
    for _ in 0..5 {
        let talkers: Vec<_> = (0..8)
            .map(|_| {
                let mut client = connect(&listen);
                assert_eq!(ask(&mut client, "begin").unwrap(), "begin");
                std::thread::spawn(move || while ask(&mut client, &"x".repeat(3_000)).is_ok() {})
            })
            .collect();
        let reply = server.call("DELETE", "/proxies/p", "");
        assert_eq!(reply.status, 204);
        // A client that waits for ever would be waited for by its read timeout, and told by the time it took.
        let started = Instant::now();
        talkers
            .into_iter()
            .for_each(|talker| talker.join().unwrap());
        assert!(started.elapsed() < Duration::from_secs(15));
        assert_eq!(server.call("GET", "/proxies/p", "").status, 404);
        let body = format!(r#"{{"name": "p", "listen": "{listen}", "upstream": "{upstream}"}}"#);
        server.done("POST", "/proxies", &body);
    }
}

#[test]
fn clients_that_dawdle_keep_nobody_waiting() {
    raise_limit();
    let server = Server::start(&[]);
    let beginnings: [&[u8]; 3] = [
        b"",
        b"POST /proxies HTTP/1.1\r\nhost: x\r\n",
        b"POST /proxies HTTP/1.1\r\nhost: x\r\ncontent-length: 500\r\n\r\n{\"name\":",
    ];
    let dawdlers: Vec<TcpStream> = (0..600)
        .map(|number| {
            let mut stream = connect(&server.api);
            stream.write_all(beginnings[number % 3]).unwrap();
            stream
        })
        .collect();
    let started = Instant::now();
    let listen = server.proxy("p", echo());
    assert_eq!(ask(&mut connect(&listen), "through").unwrap(), "through");
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(dawdlers.len(), 600);
    // And they do not keep it from ending.
    let started = Instant::now();
    server.stop("TERM").expect_code(0);
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_body_that_never_ends_is_refused() {
    let server = Server::start(&[]);
    let mut stream = connect(&server.api);
    let head = "POST /populate HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let chunk = format!("100000\r\n{}\r\n", " ".repeat(1 << 20));
    for _ in 0..64 {
        if stream.write_all(chunk.as_bytes()).is_err() {
            break;
        }
    }
    let mut answer = [0; 12];
    // Where the rest was not read, the system may reset the connection before the answer is.
    if stream.read_exact(&mut answer).is_ok() {
        assert_eq!(&answer, b"HTTP/1.1 413");
    }
    assert_eq!(server.call("GET", "/proxies", "").text, "{}");
}
