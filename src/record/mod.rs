//! Recording: a proxy between a browser and a service, which writes down what they say.
//!
//! In: a listener and the address of the service. A browser opens the proxy as if it were the service; requests go on to
//! it, responses come back, changed only where the browser would leave the proxy otherwise ([`rewrite`]). Out: the
//! [`Recording`], the same that a HAR file becomes.
//!
//! HTTP/1.1 towards the browser, whatever the service speaks behind; no web sockets. A body is held whole while it passes,
//! up to [`LARGEST_BODY`] each.

mod rewrite;
mod upstream;

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, oneshot};
use url::Url;

use crate::convert::recording::{Exchange, Recording};
use rewrite::Places;

/// Bytes of a request's or response's body at most.
pub const LARGEST_BODY: usize = 64 << 20;
/// Requests that wait for their turn.
const WAITING: usize = 64;
/// Requests with a body that are under way at once; further ones wait.
const BODIES: usize = 16;
/// How long requests under way may take once recording ends.
const DRAIN: Duration = Duration::from_secs(2);

/// A request of the browser, on its way to the service.
struct Passing {
    parts: http::request::Parts,
    body: bytes::Bytes,
    /// Where the browser believes the service to be: `127.0.0.1:8888`.
    here: String,
    answer: oneshot::Sender<Response>,
}

/// What the handlers share.
#[derive(Clone)]
struct Shared {
    passing: mpsc::Sender<Passing>,
    here: Arc<str>,
    /// Nobody but this machine can reach the listener.
    is_local: bool,
    /// Bodies that may be held at once.
    bodies: Arc<Semaphore>,
}

/// Serves until `stop`, and gives back the recording. `show` is told of every exchange: a line for people.
///
/// # Errors
/// When the listener fails.
pub async fn record(
    listener: TcpListener,
    target: Url,
    recording: Recording,
    show: impl Fn(&str) + 'static,
    stop: impl Future<Output = ()> + Send + 'static,
) -> (Recording, io::Result<()>) {
    let address = listener.local_addr().ok();
    let here = address.map(|address| address.to_string());
    let (passing, received) = mpsc::channel(WAITING);
    let shared = Shared {
        passing,
        here: here.unwrap_or_default().into(),
        is_local: address.is_some_and(|address| address.ip().is_loopback()),
        bodies: Arc::new(Semaphore::new(BODIES)),
    };
    let places = Rc::new(Places::new(target));
    let service = tokio::task::LocalSet::new();
    let (told, exchanges) = mpsc::unbounded_channel();
    service.spawn_local(upstream::serve(received, places, told));
    let router = axum::Router::new().fallback(pass).with_state(shared);
    let (stopping, stopped) = oneshot::channel::<()>();
    let signal = async move {
        stop.await;
        drop(stopping);
    };
    let server = axum::serve(listener, router).with_graceful_shutdown(signal);
    let served = service.run_until(async {
        let mut book = Book { recording, show };
        let mut exchanges = exchanges;
        let ended = {
            let mut server = std::pin::pin!(server.into_future());
            let mut end = std::pin::pin!(async {
                let _ = stopped.await;
                tokio::time::sleep(DRAIN).await;
            });
            loop {
                tokio::select! {
                    // What came first is written down first.
                    biased;
                    Some(told) = exchanges.recv() => book.enter(told),
                    result = &mut server => break result,
                    () = &mut end => break Ok(()),
                }
            }
        };
        while let Ok(told) = exchanges.try_recv() {
            book.enter(told);
        }
        (book.recording, ended)
    });
    served.await
}

/// An exchange as it is told of: with why there was no response, if there was none.
struct Told {
    exchange: Exchange,
    line: String,
}

struct Book<F> {
    recording: Recording,
    show: F,
}

impl<F: Fn(&str)> Book<F> {
    fn enter(&mut self, told: Told) {
        (self.show)(&told.line);
        self.recording.push(told.exchange);
    }
}

/// Hands a request to the service's side and waits for its answer.
async fn pass(State(shared): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if parts.method == http::Method::CONNECT {
        return refusal(
            StatusCode::METHOD_NOT_ALLOWED,
            "rhaid record is no proxy for other hosts: open it instead of the service",
        );
    }
    let host = parts.headers.get(http::header::HOST);
    let host = host.and_then(|host| host.to_str().ok());
    // A page of another site whose name leads here would speak to the service as if it were the service's own.
    if shared.is_local && host.is_some_and(|host| !rewrite::is_local(host)) {
        return refusal(
            StatusCode::MISDIRECTED_REQUEST,
            "rhaid record is opened as localhost, 127.0.0.1 or [::1]",
        );
    }
    if parts.headers.contains_key(http::header::UPGRADE) {
        return refusal(
            StatusCode::NOT_IMPLEMENTED,
            "rhaid record passes no web sockets",
        );
    }
    let has_body = [
        http::header::CONTENT_LENGTH,
        http::header::TRANSFER_ENCODING,
    ]
    .iter()
    .any(|name| parts.headers.contains_key(name));
    let permit = match has_body {
        true => shared.bodies.clone().acquire_owned().await.ok(),
        false => None,
    };
    let Ok(body) = axum::body::to_bytes(body, LARGEST_BODY).await else {
        return refusal(
            StatusCode::PAYLOAD_TOO_LARGE,
            "rhaid record passes bodies of 64 MiB at most",
        );
    };
    let here = host.unwrap_or(&shared.here).to_owned();
    let (answer, answered) = oneshot::channel();
    let passing = Passing {
        parts,
        body,
        here,
        answer,
    };
    if shared.passing.send(passing).await.is_err() {
        return refusal(StatusCode::BAD_GATEWAY, "rhaid record is ending");
    }
    let answer = answered.await;
    drop(permit);
    answer.unwrap_or_else(|_| refusal(StatusCode::BAD_GATEWAY, "rhaid record is ending"))
}

fn refusal(status: StatusCode, why: &str) -> Response {
    let mut response = Response::new(Body::from(format!("{why}\n")));
    *response.status_mut() = status;
    response
}
