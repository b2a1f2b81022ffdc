//! The thread and runtime behind each server, and waiting for a condition instead of sleeping.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::traffic::{ConnId, OpenConnection, Traffic};

/// Connections the kernel queues while the server is busy: a load test opens thousands at once.
const BACKLOG: i32 = 4096;

/// A server on its own thread with its own runtime. Dropping it ends every connection and joins the thread.
pub struct Background {
    addr: SocketAddr,
    traffic: Arc<Traffic>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// One accepted connection.
pub struct Accepted {
    stream: TcpStream,
    peer: Peer,
}

impl Accepted {
    /// The socket, and who is at its other end; the connection counts as open until the latter is dropped.
    pub fn split(self) -> (TcpStream, Peer) {
        (self.stream, self.peer)
    }
}

/// The other end of a connection, and where its requests are recorded.
pub struct Peer {
    pub remote: SocketAddr,
    pub id: ConnId,
    pub traffic: Arc<Traffic>,
    _open: OpenConnection,
}

impl Background {
    /// Listens on a free loopback port and runs `serve` for every connection, each in its own task.
    pub fn start<F, Fut>(name: &str, serve: F) -> Self
    where
        F: Fn(Accepted) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let listener = listen();
        let addr = listener.local_addr().unwrap();
        let traffic = Arc::new(Traffic::default());
        let (stop, stopped) = oneshot::channel();
        let seen = Arc::clone(&traffic);
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                runtime.block_on(async {
                    let listener = TcpListener::from_std(listener).unwrap();
                    tokio::select! {
                        () = accept(&listener, &seen, &serve) => {}
                        _ = stopped => {}
                    }
                });
            })
            .unwrap();
        Self {
            addr,
            traffic,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub fn traffic(&self) -> &Arc<Traffic> {
        &self.traffic
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            // A panic of the server has been printed; panicking again here could abort the test run.
            let _ = thread.join();
        }
    }
}

async fn accept<F, Fut>(listener: &TcpListener, traffic: &Arc<Traffic>, serve: &F)
where
    F: Fn(Accepted) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    loop {
        let Ok((stream, remote)) = listener.accept().await else {
            // Out of file descriptors or a connection gone before it was accepted: neither ends the server.
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (id, open) = traffic.connection_opened();
        let traffic = Arc::clone(traffic);
        tokio::spawn(serve(Accepted {
            stream,
            peer: Peer {
                remote,
                id,
                traffic,
                _open: open,
            },
        }));
    }
}

fn listen() -> std::net::TcpListener {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket
        .bind(&SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).into())
        .unwrap();
    socket.listen(BACKLOG).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket.into()
}

/// Waits until `condition` holds. Panics with `what` when it has not held within `limit`.
#[track_caller]
pub fn wait_until(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(
            start.elapsed() < limit,
            "waited {limit:?} in vain until {what}"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}
