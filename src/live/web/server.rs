//! The thread that listens: HTTP/1.1, with a runtime of its own, away from those of the virtual users.
//!
//! A client that is slow holds a connection and nothing else: there are so many connections at once, heads have a time limit, bodies a
//! length, and what an open page does not take in time is left out.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper::{Request, rt};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, broadcast, mpsc, watch};

use super::board::Board;
use super::guard::Guard;
use super::routes::{Shared, router};
use super::{CannotServe, Message, PATIENCE, Settings};

/// Connections at once. An open page holds one.
const MAX_CONNECTIONS: usize = 256;
/// Messages that wait for a page: it may be so many seconds late.
const WAITING: usize = 8;
/// A request's head has to come within this time.
const HEAD: Duration = Duration::from_secs(15);
/// Bytes of a head at most.
const MAX_HEAD: usize = 32 << 10;
/// After a connection could not be taken, for want of files perhaps.
const PAUSE: Duration = Duration::from_millis(20);
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\nretry-after: 5\r\n\r\n";

/// Listens from now on: where, and the thread.
///
/// # Errors
/// When the address cannot be had.
pub fn start(
    settings: Settings,
    incoming: mpsc::Receiver<Message>,
) -> Result<(String, JoinHandle<()>), CannotServe> {
    let Settings {
        listen: address,
        any_port,
        token,
        script,
    } = settings;
    let failed = |source| CannotServe { address, source };
    let listener = match bind(address) {
        Err(error) if any_port && error.kind() == io::ErrorKind::AddrInUse => {
            bind(SocketAddr::new(address.ip(), 0))
        }
        bound => bound,
    };
    let listener = listener.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let mut url = format!("http://{}/", reachable(bound));
    if let Some(token) = &token {
        // What stands behind the `#` is sent nowhere.
        url = format!("{url}#token={}", token.text());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    let shared = Arc::new(Shared {
        board: Mutex::new(Board::new(script)),
        steering: Mutex::default(),
        messages: broadcast::Sender::new(WAITING),
        open: watch::Sender::new(0),
        guard: Guard::new(bound.port(), token),
    });
    let serve = move || {
        runtime.block_on(async move {
            tokio::select! {
                () = serve(listener, shared.clone()) => {}
                () = attend(shared, incoming) => {}
            }
        });
    };
    let thread = std::thread::Builder::new()
        .name("dashboard".to_owned())
        .spawn(serve)
        .map_err(failed)?;
    Ok((url, thread))
}

/// Bound here and not on the thread, so that whoever asked is told of a failure.
fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// An address that leads to where everything is listened to.
fn reachable(mut bound: SocketAddr) -> SocketAddr {
    if bound.ip().is_unspecified() {
        bound.set_ip(match bound.ip() {
            IpAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    bound
}

/// Takes in what the run tells, until its end.
async fn attend(shared: Arc<Shared>, mut incoming: mpsc::Receiver<Message>) {
    while let Some(message) = incoming.recv().await {
        // Looked at and sent under one lock: who opens a page meanwhile gets each message once.
        let mut board = shared.board();
        let bytes = match message {
            Message::Begin(steering) => {
                steer(&shared, Some(steering));
                board.begin();
                board.snapshot()
            }
            Message::Progress(progress) => board.take(*progress),
            Message::Idle(why) => board.idle(why),
            Message::Over(result) => {
                steer(&shared, None);
                board.over(result)
            }
            Message::End => break,
        };
        // Without an open page nobody gets it.
        let _ = shared.messages.send(bytes);
    }
    steer(&shared, None);
    if shared.board().status.over {
        // Pages fetch the result, then they go.
        let mut open = shared.open.subscribe();
        let _ = tokio::time::timeout(PATIENCE, open.wait_for(|open| *open == 0)).await;
    }
}

fn steer(shared: &Shared, steering: Option<Arc<dyn super::Steering>>) {
    *shared
        .steering
        .lock()
        .unwrap_or_else(PoisonError::into_inner) = steering;
}

async fn serve(listener: std::net::TcpListener, shared: Arc<Shared>) {
    let Ok(listener) = TcpListener::from_std(listener) else {
        return;
    };
    let router = router(shared);
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let (stream, remote) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(_) => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        // Without it an answer may wait for an acknowledgement; then it is slower, not wrong.
        let _ = stream.set_nodelay(true);
        let Ok(place) = places.clone().try_acquire_owned() else {
            tokio::spawn(turn_away(stream));
            continue;
        };
        let router = router.clone();
        tokio::spawn(async move {
            // A client that goes away in the middle is its own affair.
            let _ = connection(TokioIo::new(stream), remote.ip(), router).await;
            drop(place);
        });
    }
}

async fn connection(
    stream: impl rt::Read + rt::Write + Unpin + Send + 'static,
    from: IpAddr,
    router: Router,
) -> hyper::Result<()> {
    let inner = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(from));
        inner.call(request)
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(MAX_HEAD)
        .serve_connection(stream, service)
        .await
}

async fn turn_away(mut stream: TcpStream) {
    let say = async {
        let _ = stream.write_all(FULL).await;
        let _ = stream.shutdown().await;
    };
    // Who does not even take this is let go.
    let _ = tokio::time::timeout(Duration::from_secs(1), say).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_leads_somewhere() {
        let shown = |text: &str| reachable(text.parse().unwrap()).to_string();
        assert_eq!(shown("0.0.0.0:80"), "127.0.0.1:80");
        assert_eq!(shown("[::]:80"), "[::1]:80");
        assert_eq!(shown("192.168.1.2:80"), "192.168.1.2:80");
    }
}
