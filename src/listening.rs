//! The HTTP server for what is no target: the dashboard, and metrics that are scraped.
//!
//! In comes a socket and routes; what goes out is an answer to each request. A client that is slow holds a connection and nothing else: there are so
//! many connections at once, heads and bodies have a time limit, bodies a length.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
#[cfg(target_os = "linux")]
use socket2::SockRef;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// A request's head has to come within this time, and its body within as much.
const PATIENCE: Duration = Duration::from_secs(15);
/// Some of an answer has to be taken within this time.
#[cfg(target_os = "linux")]
const READS: Duration = Duration::from_secs(15);
/// Bytes of a head at most.
const MAX_HEAD: usize = 32 << 10;
/// Bytes of a body at most: what is asked for is short.
pub const MAX_BODY: usize = 16 << 10;
/// After a connection could not be taken, for want of files perhaps.
const PAUSE: Duration = Duration::from_millis(20);
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\nretry-after: 5\r\n\r\n";

/// Who sent a request: one connection has one address.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// Serves HTTP/1.1 until it is dropped, to so many connections at once. Routes may ask for `ConnectInfo<IpAddr>`, and find the [`Peer`] among
/// the extensions of a request.
pub async fn serve(listener: TcpListener, router: Router, connections: usize) {
    let places = Arc::new(Semaphore::new(connections));
    loop {
        let (stream, remote) = accept(&listener).await;
        let Ok(place) = places.clone().try_acquire_owned() else {
            tokio::spawn(turn_away(stream));
            continue;
        };
        let router = router.clone();
        tokio::spawn(async move {
            // A client that goes away in the middle is its own affair.
            let _ = connection(stream, remote, router).await;
            drop(place);
        });
    }
}

/// The next connection. One that cannot be taken is passed over, after a pause.
pub async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        if let Ok((stream, remote)) = listener.accept().await {
            // Without it an answer may wait for an acknowledgement; then it is slower, not wrong.
            let _ = stream.set_nodelay(true);
            let_go_of_who_does_not_read(&stream);
            return (stream, remote);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Has the system end a connection whose other side takes nothing for a while: there are not so many.
#[cfg(target_os = "linux")]
fn let_go_of_who_does_not_read(stream: &TcpStream) {
    let _ = SockRef::from(stream).set_tcp_user_timeout(Some(READS));
}

#[cfg(not(target_os = "linux"))]
fn let_go_of_who_does_not_read(_: &TcpStream) {}

async fn connection(stream: TcpStream, remote: SocketAddr, router: Router) -> hyper::Result<()> {
    let inner = TowerToHyperService::new(router);
    let service = service_fn(move |request: Request<Incoming>| {
        let inner = inner.clone();
        async move {
            let (parts, body) = request.into_parts();
            let body = match whole(body).await {
                Ok(body) => body,
                Err((status, why)) => return Ok(refused(status, why)),
            };
            let mut request = Request::from_parts(parts, Full::new(body));
            request
                .extensions_mut()
                .insert(ConnectInfo::<IpAddr>(remote.ip()));
            request.extensions_mut().insert(Peer(remote));
            inner.call(request).await
        }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .await
}

/// A request's body, if it is short and comes soon.
async fn whole(body: Incoming) -> Result<Bytes, (StatusCode, &'static str)> {
    match tokio::time::timeout(PATIENCE, Limited::new(body, MAX_BODY).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err((
            StatusCode::PAYLOAD_TOO_LARGE,
            "the body is too long: 16 KB are enough for anything here",
        )),
        Ok(Err(_)) => Err((StatusCode::BAD_REQUEST, "the body broke off")),
        Err(_) => Err((
            StatusCode::REQUEST_TIMEOUT,
            "the body did not come within 15 seconds",
        )),
    }
}

fn refused(status: StatusCode, why: &str) -> Response<Body> {
    let body = serde_json::json!({ "error": why }).to_string();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let json = hyper::header::HeaderValue::from_static("application/json");
    let close = hyper::header::HeaderValue::from_static("close");
    let headers = response.headers_mut();
    headers.insert(hyper::header::CONTENT_TYPE, json);
    headers.insert(hyper::header::CONNECTION, close);
    response
}

async fn turn_away(mut stream: TcpStream) {
    let say = async {
        let _ = stream.write_all(FULL).await;
        let _ = stream.shutdown().await;
    };
    // Who does not even take this is let go.
    let _ = tokio::time::timeout(Duration::from_secs(1), say).await;
}
