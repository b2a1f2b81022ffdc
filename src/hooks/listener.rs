//! The thread that listens: HTTP/1.1, one thread with a runtime of its own, away from those of the virtual users.
//!
//! A sender that is slow holds a connection and nothing else: heads and bodies have a time limit, bodies a length, and there are
//! so many connections at once.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use axum::body::{Body, to_bytes};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Socket, Type};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};

use super::answer::Answer;
use super::call::Call;
use super::desk::Desk;

/// Connections that wait to be taken while the thread is busy.
const BACKLOG: i32 = 4_096;
/// Connections at once; more wait.
const MAX_CONNECTIONS: usize = 8_192;
/// For a request's head, and for the next one on a kept connection.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// For a request's body.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// After a connection could not be taken, for want of files perhaps.
const PAUSE: Duration = Duration::from_millis(20);

/// The address cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen for webhooks on {address}: {source}{}", if source.kind() == io::ErrorKind::AddrInUse { "\nhelp: another program listens there; port 0 picks a free one" } else { "" })]
pub struct CannotListen {
    pub address: SocketAddr,
    #[source]
    pub source: io::Error,
}

/// A thread that listens; it ends when this is dropped.
#[derive(Debug)]
pub struct Listener {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Listens from now on. `max_body`: bytes of a body at most.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub fn start(
        address: SocketAddr,
        max_body: usize,
        desk: &Arc<Desk>,
    ) -> Result<Self, CannotListen> {
        let failed = |source| CannotListen { address, source };
        let listener = bind(address).map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let desk = desk.clone();
        let serve = move || {
            runtime.block_on(async move {
                tokio::select! {
                    () = serve(listener, max_body, desk) => {}
                    // Also when the sender is dropped.
                    _ = stopped => {}
                }
            });
        };
        let thread = std::thread::Builder::new()
            .name("hooks".to_owned())
            .spawn(serve)
            .map_err(failed)?;
        Ok(Self {
            address: bound,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}

/// Bound here and not on the thread, so that whoever asked is told of a failure.
fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

async fn serve(listener: std::net::TcpListener, max_body: usize, desk: Arc<Desk>) {
    let Ok(listener) = TcpListener::from_std(listener) else {
        return;
    };
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        let (stream, remote) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(_) => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        // Without it an answer may wait for an acknowledgement; then it is slower, not wrong.
        let _ = stream.set_nodelay(true);
        let desk = desk.clone();
        tokio::spawn(async move {
            let service =
                service_fn(move |request| answer(request, remote.ip(), max_body, desk.clone()));
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .serve_connection(TokioIo::new(stream), service);
            // A sender that goes away in the middle is its own affair.
            let _ = connection.await;
            drop(place);
        });
    }
}

/// Closes the connection.
#[derive(Debug, thiserror::Error)]
#[error("hung up, as the script asked for")]
struct HangUp;

async fn answer(
    request: Request<Incoming>,
    remote: IpAddr,
    max_body: usize,
    desk: Arc<Desk>,
) -> Result<Response<Body>, HangUp> {
    let answer = receive(request, remote, max_body, &desk).await;
    if !answer.delay.is_zero() {
        tokio::time::sleep(answer.delay).await;
    }
    if answer.hang_up {
        return Err(HangUp);
    }
    let mut response = Response::new(Body::from(answer.body.clone()));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers.clone();
    if !answer.body.is_empty() {
        let headers = response.headers_mut();
        headers
            .entry(header::CONTENT_TYPE)
            .or_insert(HeaderValue::from_static("text/plain; charset=utf-8"));
    }
    Ok(response)
}

async fn receive(
    request: Request<Incoming>,
    remote: IpAddr,
    max_body: usize,
    desk: &Desk,
) -> Arc<Answer> {
    let Some(to) = desk.find(request.uri().path()) else {
        let why = "no virtual user has this URL";
        return Arc::new(Answer::saying(StatusCode::NOT_FOUND, why));
    };
    let say = |status, why| {
        desk.turned_away(&to);
        Arc::new(Answer::saying(status, why))
    };
    let (head, body) = request.into_parts();
    let read = tokio::time::timeout(BODY_TIMEOUT, to_bytes(Body::new(body), max_body));
    let body: Bytes = match read.await {
        Ok(Ok(body)) => body,
        Ok(Err(error)) if is_too_long(&error) => {
            return say(
                StatusCode::PAYLOAD_TOO_LARGE,
                "the body is longer than `max_body` of the option `hooks` allows",
            );
        }
        Ok(Err(_)) => return say(StatusCode::BAD_REQUEST, "the body could not be read"),
        Err(_) => return say(StatusCode::REQUEST_TIMEOUT, "the body took too long"),
    };
    let call = Call {
        method: head.method,
        path: to.rest.clone(),
        query: head.uri.query().map(str::to_owned),
        headers: head.headers,
        body,
        arrived: Instant::now(),
        arrived_at: SystemTime::now(),
        remote,
        attempt: 1,
        duplicate: false,
        out_of_order: false,
        refused: None,
        held: None,
    };
    desk.receive(&to, call)
}

/// Whether reading a body ended at the limit. The limit's own error is behind the reader's.
fn is_too_long(error: &axum::Error) -> bool {
    let source = std::error::Error::source(error);
    source.is_some_and(|source| source.to_string().contains("length limit exceeded"))
}
