//! Addresses that refuse, are free, or never answer.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::sync::OnceLock;
use std::time::Duration;

use socket2::{Domain, Socket, Type};

/// How long a connection to loopback may take before the listener counts as deaf.
const DEAF_AFTER: Duration = Duration::from_millis(200);
/// More than any queue of length zero holds.
const MOST_FILLERS: usize = 64;

/// An address that refuses connections for as long as the process lives.
///
/// The port is bound and not listening, so nobody else can take it in the meantime.
pub fn refused_addr() -> SocketAddr {
    static BOUND: OnceLock<(Socket, SocketAddr)> = OnceLock::new();
    BOUND.get_or_init(bind).1
}

/// A port that was free a moment ago. Another process may take it first: retry when it matters.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// An address where connecting neither succeeds nor fails: nobody accepts and the queue is full.
pub struct Blackhole {
    addr: SocketAddr,
    _listener: Socket,
    _queued: Vec<TcpStream>,
}

impl Blackhole {
    /// Listens, and connects until the kernel no longer answers.
    pub fn start() -> Self {
        let (listener, addr) = bind();
        listener.listen(0).unwrap();
        let mut queued = Vec::new();
        for _ in 0..MOST_FILLERS {
            match TcpStream::connect_timeout(&addr, DEAF_AFTER) {
                Ok(stream) => queued.push(stream),
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    return Self {
                        addr,
                        _listener: listener,
                        _queued: queued,
                    };
                }
                Err(error) => panic!("filling the queue of {addr} failed: {error}"),
            }
        }
        panic!("{addr} still answers after {MOST_FILLERS} connections that nobody accepted");
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }
}

fn bind() -> (Socket, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket
        .bind(&SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).into())
        .unwrap();
    let addr = socket.local_addr().unwrap().as_socket().unwrap();
    (socket, addr)
}
