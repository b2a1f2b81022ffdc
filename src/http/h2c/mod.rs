//! HTTP/2 on one connection, by the `h2` crate: streams share the connection, the connection is driven by
//! a task of its own.

mod head;

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use h2::client::SendRequest;
use http::{HeaderMap, Request};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::HttpError;
use super::flight::Marks;
use super::io::Io;

pub use head::head;

/// Windows large enough that flow control does not shape an ordinary response.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;
const MAX_HEADER_LIST: u32 = 256 << 10;

/// What the task that drives a connection knows of it, shared with those who use it.
#[derive(Debug, Default)]
struct Life {
    /// Bytes since they were last taken.
    read: Cell<u64>,
    written: Cell<u64>,
    ended: Cell<bool>,
    /// What ended it in disorder. Streams only learn that the bytes stopped.
    cause: RefCell<Option<HttpError>>,
}

/// Reports to a [`Life`] what passes through an [`Io`].
struct Reporting {
    io: Io,
    life: Rc<Life>,
    /// Someone waits for bytes, so an end will be noticed.
    reading: bool,
}

impl Reporting {
    fn report(&mut self) {
        let (read, written) = self.io.take_counts();
        self.life.read.set(self.life.read.get() + read);
        self.life.written.set(self.life.written.get() + written);
    }

    /// A server that hangs up may have said why in what is not read yet, such as a TLS alert; so the end is left
    /// to the reading side to find.
    fn written<T>(&mut self, result: Poll<std::io::Result<T>>) -> Poll<std::io::Result<T>> {
        use std::io::ErrorKind as Kind;
        self.report();
        match &result {
            Poll::Ready(Err(error))
                if self.reading
                    && matches!(error.kind(), Kind::BrokenPipe | Kind::ConnectionReset) =>
            {
                Poll::Pending
            }
            _ => result,
        }
    }
}

impl AsyncRead for Reporting {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let result = Pin::new(&mut self.io).poll_read(cx, buf);
        self.report();
        self.reading = true;
        if let Poll::Ready(Err(error)) = &result {
            let cause = HttpError::from_io(error, "waiting for the response");
            self.life.cause.replace(Some(cause));
        }
        result
    }
}

impl AsyncWrite for Reporting {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let result = Pin::new(&mut self.io).poll_write(cx, buf);
        self.written(result)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        let result = Pin::new(&mut self.io).poll_flush(cx);
        self.written(result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// An open HTTP/2 connection; clones share it.
#[derive(Clone)]
pub struct Connection {
    send: SendRequest<Bytes>,
    life: Rc<Life>,
}

/// A response and when it was complete.
pub struct Received {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub end: Instant,
}

impl Connection {
    /// Performs the HTTP/2 handshake and starts driving the connection on the thread's local task set.
    pub async fn start(io: Io) -> Result<Self, HttpError> {
        let life = Rc::<Life>::default();
        let reporting = Reporting {
            io,
            life: life.clone(),
            reading: false,
        };
        let (send, connection) = h2::client::Builder::new()
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(MAX_HEADER_LIST)
            .enable_push(false)
            .handshake::<_, Bytes>(reporting)
            .await
            .map_err(|error| explain(&error, "beginning HTTP/2"))?;
        let seen = life.clone();
        tokio::task::spawn_local(async move {
            let ended = connection.await;
            seen.ended.set(true);
            if let Err(error) = ended
                && error.is_go_away()
            {
                let cause = explain(&error, "waiting for the response");
                seen.cause.replace(Some(cause));
            }
        });
        Ok(Self { send, life })
    }

    /// What a stream's failure means.
    fn explain(&self, error: &h2::Error, doing: &str) -> HttpError {
        match &*self.life.cause.borrow() {
            Some(cause) if error.is_io() => cause.clone(),
            _ => explain(error, doing),
        }
    }

    /// Whether a new stream can be tried.
    pub fn is_open(&self) -> bool {
        !self.life.ended.get()
    }

    /// Bytes (read, written) on the wire since the last call.
    pub fn take_counts(&self) -> (u64, u64) {
        (self.life.read.take(), self.life.written.take())
    }

    /// Sends one request on a stream of its own; `marks` is told of moments as they come.
    pub async fn exchange(
        &self,
        request: Request<()>,
        body: Bytes,
        discard: bool,
        max_body: u64,
        marks: &mut Marks,
    ) -> Result<Received, HttpError> {
        let fail = |error: h2::Error| self.explain(&error, "waiting for the response");
        let mut send = self.send.clone().ready().await.map_err(fail)?;
        let (response, mut stream) = send.send_request(request, body.is_empty()).map_err(fail)?;
        let mut response = std::pin::pin!(response);
        let mut early = None;
        if !body.is_empty() {
            let sending = send_body(&mut stream, body);
            let mut sending = std::pin::pin!(sending);
            // An answer that comes before the whole body was taken is an answer all the same.
            let result = std::future::poll_fn(|cx| {
                if early.is_none()
                    && let Poll::Ready(answer) = std::future::Future::poll(response.as_mut(), cx)
                {
                    early = Some((answer, Instant::now()));
                    return Poll::Ready(Ok(()));
                }
                std::future::Future::poll(sending.as_mut(), cx)
            })
            .await;
            if early.is_none() {
                result.map_err(fail)?;
            }
        }
        marks.sent = Some(Instant::now());
        let (answer, first_byte) = match early {
            Some(early) => early,
            None => (response.await, Instant::now()),
        };
        marks.first_byte = Some(first_byte);
        let (head, mut incoming) = answer.map_err(fail)?.into_parts();
        let mut received = 0_u64;
        let mut collected = BytesMut::new();
        while let Some(piece) = incoming.data().await {
            let piece =
                piece.map_err(|error| self.explain(&error, "receiving the response body"))?;
            let _ = incoming.flow_control().release_capacity(piece.len());
            received += piece.len() as u64;
            if !discard {
                if received > max_body {
                    return Err(HttpError::new(
                        HttpError::BODY_TOO_LARGE,
                        format!(
                            "the response body is larger than {max_body} bytes; raise `max_response_size`, or set `discard_bodies: true`"
                        ),
                    ));
                }
                collected.extend_from_slice(&piece);
            }
        }
        Ok(Received {
            status: head.status.as_u16(),
            headers: head.headers,
            body: collected.freeze(),
            end: Instant::now(),
        })
    }
}

async fn send_body(stream: &mut h2::SendStream<Bytes>, mut body: Bytes) -> Result<(), h2::Error> {
    while !body.is_empty() {
        stream.reserve_capacity(body.len());
        match std::future::poll_fn(|cx| stream.poll_capacity(cx)).await {
            Some(Ok(capacity)) => {
                let piece = body.split_to(capacity.min(body.len()));
                let last = body.is_empty();
                stream.send_data(piece, last)?;
            }
            Some(Err(error)) => return Err(error),
            None => return Ok(()),
        }
    }
    Ok(())
}

fn explain(error: &h2::Error, doing: &str) -> HttpError {
    if let Some(io) = error.get_io() {
        return HttpError::from_io(io, doing);
    }
    if error.is_go_away() && !error.is_remote() {
        return HttpError::new(
            HttpError::HTTP2,
            format!(
                "the server does not speak HTTP/2 as it should ({error}); `http2: \"off\"` speaks HTTP/1.1 with it"
            ),
        );
    }
    if error.is_go_away() {
        return HttpError::new(
            HttpError::HTTP2_GOAWAY,
            format!("the server ended the HTTP/2 connection (GOAWAY) while {doing}: {error}"),
        );
    }
    if error.is_reset() {
        return HttpError::new(
            HttpError::HTTP2_STREAM,
            format!("the server reset the HTTP/2 stream while {doing}: {error}"),
        );
    }
    HttpError::new(
        HttpError::HTTP2,
        format!("HTTP/2 error while {doing}: {error}"),
    )
}
