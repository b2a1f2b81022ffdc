//! Servers that a proxy can stand before, each on a free port, and clients with a time limit.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rhaid::chaos::proxy::toxic::kind;
use rhaid::chaos::proxy::{Fleet, Proxy, Spec, Stream, Toxicity};

/// No test waits longer for one read.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server that hands every connection to a thread. It goes on as long as the test's process.
pub fn server(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = Arc::clone(&serve);
            std::thread::spawn(move || serve(stream));
        }
    });
    address
}

/// Sends everything back, and closes when the client has finished.
pub fn echo() -> SocketAddr {
    server(|mut stream| {
        let mut copy = stream.try_clone().unwrap();
        let _ = std::io::copy(&mut stream, &mut copy);
    })
}

/// Sends so many bytes to everybody, and closes.
pub fn source(bytes: usize) -> SocketAddr {
    server(move |mut stream| {
        let _ = stream.write_all(&vec![b'x'; bytes]);
    })
}

/// A fleet with one proxy in front of a server.
pub fn before(upstream: SocketAddr) -> (Fleet, Arc<Proxy>) {
    let fleet = Fleet::new(2, 1).unwrap();
    let proxy = fleet
        .create(Spec {
            name: "p".into(),
            listen: "127.0.0.1:0".into(),
            upstream: upstream.to_string(),
            enabled: true,
        })
        .unwrap();
    (fleet, proxy)
}

/// A client of a proxy.
pub fn connect(proxy: &Proxy) -> TcpStream {
    let stream = TcpStream::connect(proxy.spec().listen).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Lays a toxic on every connection, downstream.
pub fn spoil(proxy: &Proxy, name: &str, attributes: &str) {
    spoil_stream(proxy, name, Stream::Downstream, attributes);
}

pub fn spoil_stream(proxy: &Proxy, name: &str, stream: Stream, attributes: &str) {
    let attributes = serde_json::from_str(attributes).unwrap();
    let kind = kind(name).unwrap();
    proxy
        .add(None, kind, stream, Toxicity::ALWAYS, &attributes)
        .unwrap();
}

/// Says something and reads as much back.
pub fn ask(stream: &mut TcpStream, text: &str) -> std::io::Result<String> {
    stream.write_all(text.as_bytes())?;
    let mut answer = vec![0; text.len()];
    stream.read_exact(&mut answer)?;
    Ok(String::from_utf8(answer).unwrap())
}

/// Waits until something holds; whether it ever did.
pub fn comes_true(holds: impl Fn() -> bool) -> bool {
    (0..1_000).any(|_| {
        let held = holds();
        if !held {
            std::thread::sleep(Duration::from_millis(10));
        }
        held
    })
}
