//! Toxiproxy's HTTP API over a [`Fleet`], so that its clients work unchanged.
//!
//! In: requests. Out: answers that are Toxiproxy 2.12's byte for byte, but for the empty `Logger` of its proxies, which no client reads, and for
//! requests at which it crashes or hangs. A request is a `route`, its body an `input` in `json`; `handle` serves it.

mod answer;
mod handle;
mod input;
mod json;
mod metrics;
mod route;
mod shown;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::body::{Bytes, Incoming};
use hyper::header::{HOST, HeaderValue, ORIGIN, USER_AGENT};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

use self::answer::{Answer, Refusal};
use self::route::Way;
use super::proxy::{Fleet, Proxy};

/// A request's head and its body have to come within this time.
const PATIENCE: Duration = Duration::from_secs(15);
/// The largest body. Ten thousand proxies fit.
const LARGEST: usize = 16 << 20;
/// After a connection could not be accepted, for want of files perhaps.
const PAUSE: Duration = Duration::from_millis(20);

/// What `/metrics` tells. Without any, there is no such place.
#[derive(Debug, Clone, Copy, Default)]
pub struct Metrics {
    pub proxies: bool,
    pub process: bool,
}

impl Metrics {
    fn any(self) -> bool {
        self.proxies || self.process
    }
}

/// What a file of proxies says that cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{text}")]
    Malformed { offset: usize, text: String },
    #[error("{0}")]
    Refused(String),
}

/// Makes the proxies of a file, which is written as the body of `/populate`.
///
/// # Errors
/// When the file is wrong: nothing was made. When a proxy cannot be: those before it are.
pub fn configure(fleet: &Fleet, text: &[u8]) -> Result<Vec<Arc<Proxy>>, ConfigError> {
    let inputs = input::proxies(text).map_err(|malformed| ConfigError::Malformed {
        offset: malformed.offset,
        text: malformed.text,
    })?;
    let mut made = Vec::new();
    handle::wanted(inputs)
        .and_then(handle::without_slips)
        .and_then(|wanted| handle::provide(fleet, wanted, |proxy| made.push(proxy)))
        .map_err(|refusal| ConfigError::Refused(refusal.text))?;
    Ok(made)
}

/// Serves until `stop` comes back. Connections that are open then are dropped.
pub async fn serve(
    fleet: Arc<Fleet>,
    listener: TcpListener,
    metrics: Metrics,
    stop: impl Future<Output = ()>,
) {
    let accepting = async {
        let mut connections = tokio::task::JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                Some(_) = connections.join_next() => continue,
            };
            let Ok((stream, _)) = accepted else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            // Without it an answer may wait for an acknowledgement; then it is slower, not wrong.
            let _ = stream.set_nodelay(true);
            let fleet = Arc::clone(&fleet);
            connections.spawn(async move {
                let service =
                    service_fn(move |request| receive(request, Arc::clone(&fleet), metrics));
                // A client that goes away in the middle is its own affair.
                let _ = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(PATIENCE)
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    };
    tokio::select! {
        () = accepting => {}
        () = stop => {}
    }
}

/// Whether a request names its host as who means this service does: by an address, as `localhost`, or by a name without dots as
/// containers have. A page whose own name was made to lead here names that.
fn names_this_machine(request: &Request<Incoming>) -> bool {
    let Some(host) = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok())
    else {
        return true;
    };
    let bare = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    bare.parse::<std::net::IpAddr>().is_ok() || !bare.contains('.')
}

async fn receive(
    request: Request<Incoming>,
    fleet: Arc<Fleet>,
    metrics: Metrics,
) -> Result<Response<Body>, Infallible> {
    let uri = request.uri();
    let way = route::find(request.method(), uri.path(), uri.query(), metrics.any());
    let route = match way {
        Way::To(route) => route,
        Way::Nowhere => {
            let answer = Answer::words(StatusCode::NOT_FOUND, "404 page not found");
            return Ok(answer.response());
        }
        Way::NotSo => return Ok(Answer::empty(StatusCode::METHOD_NOT_ALLOWED).response()),
        Way::Elsewhere(location) => return Ok(Answer::elsewhere(location).response()),
    };
    let agent = request.headers().get(USER_AGENT);
    let is_page = request.headers().contains_key(ORIGIN) || !names_this_machine(&request);
    let answer = if is_page {
        Answer::words(
            StatusCode::FORBIDDEN,
            "Requests of web pages are not allowed",
        )
    } else if agent.is_some_and(|agent| agent.as_bytes().starts_with(b"Mozilla/")) {
        // A page must not reach what only this machine can.
        Answer::words(StatusCode::FORBIDDEN, "User agent not allowed")
    } else {
        match read(request.into_body()).await {
            Ok(body) => {
                let handled = tokio::task::spawn_blocking(move || {
                    handle::handle(&fleet, metrics, route, &body)
                });
                handled.await.unwrap_or_else(|_| {
                    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error").answer()
                })
            }
            Err(refusal) => refusal.answer(),
        }
    };
    let mut response = answer.response();
    if let Ok(id) = HeaderValue::from_str(&request_id()) {
        response.headers_mut().insert("x-toxiproxy-request-id", id);
    }
    Ok(response)
}

async fn read(body: Incoming) -> Result<Bytes, Refusal> {
    let whole = axum::body::to_bytes(Body::new(body), LARGEST);
    match tokio::time::timeout(PATIENCE, whole).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) => {
            let source = std::error::Error::source(&error);
            let is_large = source.is_some_and(|source| source.to_string().contains("length limit"));
            Err(if is_large {
                Refusal::new(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "bad request body: http: request body too large",
                )
            } else {
                Refusal::bad("bad request body: unexpected EOF")
            })
        }
        Err(_) => Err(Refusal::bad("bad request body: i/o timeout")),
    }
}

/// Twenty small letters and digits.
fn request_id() -> String {
    const LETTERS: &[u8] = b"0123456789abcdefghijklmnopqrstuv";
    let drawn: u128 = rand::random();
    let letter = |place: u32| LETTERS.get((drawn >> (place * 5)) as usize & 31);
    (0..20)
        .filter_map(letter)
        .map(|byte| char::from(*byte))
        .collect()
}
