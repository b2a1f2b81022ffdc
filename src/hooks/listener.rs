//! The thread that listens: HTTP/1.1, one thread with a runtime of its own, away from those of the virtual users.
//!
//! A sender that is slow holds a connection and nothing else: heads and bodies have a time limit, bodies a length, and there are
//! so many connections at once.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Socket, Type};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};

use super::answer::Answer;
use super::call::Call;
use super::desk::Desk;
use crate::listening::accept;

/// Connections that wait to be taken while the thread is busy.
const BACKLOG: i32 = 4_096;
/// Connections at once; more wait.
const MAX_CONNECTIONS: usize = 8_192;
/// Bytes of a request's head at most.
const MAX_HEAD: usize = 64 << 10;

/// What one call may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of a body at most.
    pub max_body: usize,
    /// For a request's head, and for the next one on a kept connection.
    pub head: Duration,
    /// For a request's body.
    pub body: Duration,
}

impl Limits {
    /// The usual times, and bodies of so many bytes at most.
    pub const fn new(max_body: usize) -> Self {
        Self {
            max_body,
            head: Duration::from_secs(30),
            body: Duration::from_secs(30),
        }
    }
}

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
    /// Listens from now on.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub fn start(
        address: SocketAddr,
        limits: Limits,
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
                    () = serve(listener, limits, desk) => {}
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

async fn serve(listener: std::net::TcpListener, limits: Limits, desk: Arc<Desk>) {
    let Ok(listener) = TcpListener::from_std(listener) else {
        return;
    };
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        let (stream, remote) = accept(&listener).await;
        let desk = desk.clone();
        tokio::spawn(async move {
            let service =
                service_fn(move |request| answer(request, remote.ip(), limits, desk.clone()));
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(limits.head)
                .max_buf_size(MAX_HEAD)
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
    limits: Limits,
    desk: Arc<Desk>,
) -> Result<Response<Body>, HangUp> {
    let answer = receive(request, remote, limits, &desk).await;
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
    limits: Limits,
    desk: &Desk,
) -> Arc<Answer> {
    let Some(to) = desk.find(request.uri().path()) else {
        let why = "no virtual user has this URL";
        return Arc::new(Answer::saying(StatusCode::NOT_FOUND, why));
    };
    let say = |unread: Unread| {
        desk.turned_away(&to);
        let (status, why) = unread.answer();
        Arc::new(Answer::saying(status, why))
    };
    let (head, body) = request.into_parts();
    let mut held = desk.room();
    let reading = read(body, limits.max_body, |bytes| {
        held.as_mut().is_some_and(|held| held.grow(bytes))
    });
    let read = tokio::time::timeout(limits.body, reading).await;
    let body = match read.unwrap_or(Err(Unread::TooSlow)) {
        Ok(body) => body,
        Err(why) => return say(why),
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
    // Its body has its room; the rest needs some as well.
    let rest = call.weight().saturating_sub(call.body.len());
    if !held.as_mut().is_some_and(|held| held.grow(rest)) {
        return say(Unread::NoRoom);
    }
    desk.receive(&to, Call { held, ..call })
}

/// Why a call was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unread {
    TooLong,
    TooSlow,
    Broken,
    NoRoom,
}

impl Unread {
    fn answer(self) -> (StatusCode, &'static str) {
        match self {
            Self::TooLong => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "the body is longer than `max_body` of the option `hooks` allows",
            ),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "the body took too long"),
            Self::Broken => (StatusCode::BAD_REQUEST, "the body could not be read"),
            Self::NoRoom => (
                StatusCode::SERVICE_UNAVAILABLE,
                "the calls that nobody has looked at fill the memory there is for them",
            ),
        }
    }
}

/// Reads a body of `most` bytes at most. `take`: asked for room before bytes are kept, so that many slow senders together hold no
/// more than the calls of a run may.
async fn read(
    body: Incoming,
    most: usize,
    mut take: impl FnMut(usize) -> bool,
) -> Result<Bytes, Unread> {
    if body.size_hint().lower() > most as u64 {
        return Err(Unread::TooLong);
    }
    let mut chunks = Body::new(body).into_data_stream();
    let mut whole = BytesMut::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Unread::Broken)?;
        if whole.len() + chunk.len() > most {
            return Err(Unread::TooLong);
        }
        if !take(chunk.len()) {
            return Err(Unread::NoRoom);
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use super::super::Settings;
    use super::super::tally::Event;
    use super::*;

    const SHORT: Limits = Limits {
        max_body: 10,
        head: Duration::from_millis(200),
        body: Duration::from_millis(200),
    };

    /// What is answered to these bytes by the time the listener closes the connection, and what was marked.
    fn said(request: impl Fn(&str) -> String) -> (String, Vec<(Event, u64)>) {
        let desk = Arc::new(Desk::new(&Settings::default()));
        let listener = Listener::start(([127, 0, 0, 1], 0).into(), SHORT, &desk).unwrap();
        let mut stream = TcpStream::connect(listener.address()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream
            .write_all(request(&desk.board_path()).as_bytes())
            .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let marks = desk.tally.take();
        (
            String::from_utf8(answer).unwrap(),
            marks.into_iter().map(|(event, _, n)| (event, n)).collect(),
        )
    }

    #[test]
    fn who_is_slow_loses_the_connection() {
        let (answer, marks) = said(|path| format!("POST {path} HTTP/1.1\r\nhost: a\r\n"));
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 408"),
            "{answer}"
        );
        assert_eq!(marks, []);
        let (answer, marks) = said(|path| {
            format!("POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nhalf")
        });
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert_eq!(marks, [(Event::Received, 1), (Event::Dropped, 1)]);
    }

    #[test]
    fn a_body_is_taken_up_to_its_limit_however_it_is_sent() {
        let taken = [(Event::Received, 1)];
        let lost = [(Event::Received, 1), (Event::Dropped, 1)];
        for (length, status, expected) in [(10, "200", &taken[..]), (11, "413", &lost[..])] {
            let body = "b".repeat(length);
            for version in ["1.0", "1.1"] {
                let (answer, marks) = said(|path| {
                    format!(
                        "POST {path} HTTP/{version}\r\nhost: a\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
                    )
                });
                assert_eq!(answer.get(9..12), Some(status), "{answer}");
                assert_eq!(marks, expected);
            }
            let (answer, marks) = said(|path| {
                format!(
                    "POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n1\r\nb\r\n{:x}\r\n{}\r\n0\r\n\r\n",
                    length - 1,
                    "b".repeat(length - 1)
                )
            });
            assert_eq!(answer.get(9..12), Some(status), "{answer}");
            assert_eq!(marks, expected);
        }
    }

    #[test]
    fn many_halves_of_bodies_hold_no_more_than_calls_may() {
        let desk = Arc::new(Desk::new(&Settings::default()));
        let limits = Limits::new(200 << 20);
        let listener = Listener::start(([127, 0, 0, 1], 0).into(), limits, &desk).unwrap();
        let half = vec![b'x'; 100 << 20];
        let send = |path: String| {
            let mut stream = TcpStream::connect(listener.address()).unwrap();
            let head =
                format!("POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: 209715200\r\n\r\n");
            // The third is cut off on its way.
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(&half);
            stream
        };
        let streams: Vec<TcpStream> = (0..3).map(|_| send(desk.board_path())).collect();
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut marks = Vec::new();
        while marks.is_empty() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
            marks = desk.tally.take();
        }
        assert!(
            marks.contains(&(Event::Dropped, None, 1)),
            "while {} are open: {marks:?}",
            streams.len()
        );
    }
}
