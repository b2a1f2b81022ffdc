//! HTTP/1.1 on one connection: write a request, read its response.
//!
//! Both directions are driven at once, so a server that answers before it has read the whole request
//! is heard. Bytes are read into a buffer that all virtual users of the thread share; only a response
//! that does not arrive in one piece gets memory of its own before it is complete.

mod chunked;
mod decoder;
mod head;
mod request;

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Poll, ready};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

pub use chunked::{BadChunk, Chunked};
use decoder::Decoder;
pub use decoder::{Expect, Message};
pub use head::{Head, KnownHead};
pub use request::write as write_request;

use super::HttpError;
use super::flight::Marks;
use super::io::Io;

/// Buffers that are only used within one poll, shared by all virtual users of a thread.
#[derive(Debug)]
pub struct Scratch {
    pub read: RefCell<Vec<u8>>,
    pub write: RefCell<Vec<u8>>,
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            read: RefCell::new(vec![0; 64 << 10]),
            write: RefCell::new(Vec::with_capacity(4 << 10)),
        }
    }
}

/// A request's bytes on their way out.
#[derive(Debug)]
pub struct Outgoing {
    /// What the first write could not take.
    rest: Vec<u8>,
    written: usize,
}

/// A response and when it was complete.
#[derive(Debug)]
pub struct Received {
    pub message: Message,
    pub end: Instant,
    /// Whether the connection can carry another request.
    pub reusable: bool,
}

/// Why an exchange failed, and whether the server can have begun to answer.
#[derive(Debug)]
pub struct Failed {
    pub error: HttpError,
    /// No byte of a response came, and the connection closed: on a connection that was kept alive the
    /// server may just have hung up before it saw the request.
    pub unanswered: bool,
}

/// Writes a request and reads its response.
///
/// `known` remembers response headers of the target; `marks` is told of moments as they come; `serialize` appends the whole
/// request (head and body) to the buffer it is given; it runs once.
pub async fn exchange(
    io: &mut Io,
    scratch: &Scratch,
    known: &KnownHead,
    expect: Expect,
    marks: &mut Marks,
    serialize: impl FnOnce(&mut Vec<u8>),
) -> Result<Received, Failed> {
    let mut serialize = Some(serialize);
    let mut outgoing: Option<Outgoing> = None;
    let Marks { sent, first_byte } = marks;
    // Everything came with the first byte, so the end needs no look at the clock of its own.
    let mut at_once = false;
    let mut decoder = Decoder::new(expect, known);
    // A failed write is only reported if no response explains it.
    let mut write_error: Option<io::Error> = None;

    let result = std::future::poll_fn(|cx| {
        if sent.is_none() && write_error.is_none() {
            if let Some(serialize) = serialize.take() {
                let mut buffer = scratch.write.borrow_mut();
                buffer.clear();
                serialize(&mut buffer);
                let (written, failed) = write_some(io, cx, &buffer);
                write_error = failed;
                if write_error.is_none() && written < buffer.len() {
                    outgoing = Some(Outgoing {
                        rest: buffer[written..].to_vec(),
                        written: 0,
                    });
                }
                // One large upload must not pin its size on the whole thread.
                if buffer.capacity() > 1 << 20 {
                    *buffer = Vec::with_capacity(4 << 10);
                }
            } else if let Some(out) = &mut outgoing {
                let (written, failed) = write_some(io, cx, &out.rest[out.written..]);
                out.written += written;
                write_error = failed;
                if out.written == out.rest.len() {
                    outgoing = None;
                }
            }
            if outgoing.is_none() && write_error.is_none() {
                match Pin::new(&mut *io).poll_flush(cx) {
                    Poll::Ready(Ok(())) => *sent = Some(Instant::now()),
                    Poll::Ready(Err(error)) => write_error = Some(error),
                    // TLS holds bytes back; keep the empty remainder so that the flush is tried again.
                    Poll::Pending => {
                        outgoing = Some(Outgoing {
                            rest: Vec::new(),
                            written: 0,
                        })
                    }
                }
            }
        }
        loop {
            let mut read = scratch.read.borrow_mut();
            let mut buffer = ReadBuf::new(&mut read);
            match ready!(Pin::new(&mut *io).poll_read(cx, &mut buffer)) {
                Ok(()) if buffer.filled().is_empty() => {
                    return Poll::Ready(decoder.end_of_stream());
                }
                Ok(()) => {
                    at_once = first_byte.is_none();
                    first_byte.get_or_insert_with(Instant::now);
                    match decoder.feed(buffer.filled()) {
                        Ok(None) => {}
                        done => return Poll::Ready(done),
                    }
                }
                Err(error) => return Poll::Ready(decoder.broken(&error)),
            }
        }
    })
    .await;

    match result {
        Ok(Some(message)) => {
            let end = first_byte.filter(|_| at_once).unwrap_or_else(Instant::now);
            // An answer to a request that was not fully written leaves the connection out of step.
            let reusable = message.keep_alive && sent.is_some();
            Ok(Received {
                message,
                end,
                reusable,
            })
        }
        other => {
            let closed = HttpError::new(
                HttpError::CONNECTION_CLOSED,
                "the server closed the connection without answering",
            );
            let read_error = other.err().unwrap_or(closed);
            let unanswered = first_byte.is_none();
            // A TLS alert says why the server would not take the request.
            let explained = read_error.code() == HttpError::TLS;
            let error = match write_error {
                Some(error) if unanswered && !explained => {
                    HttpError::from_io(&error, "sending the request")
                }
                _ => read_error,
            };
            Err(Failed { error, unanswered })
        }
    }
}

/// Writes as much as goes without waiting.
fn write_some(
    io: &mut Io,
    cx: &mut std::task::Context<'_>,
    mut bytes: &[u8],
) -> (usize, Option<io::Error>) {
    let mut written = 0;
    while !bytes.is_empty() {
        match Pin::new(&mut *io).poll_write(cx, bytes) {
            Poll::Ready(Ok(0)) => return (written, Some(io::ErrorKind::WriteZero.into())),
            Poll::Ready(Ok(n)) => {
                written += n;
                bytes = &bytes[n..];
            }
            Poll::Ready(Err(error)) => return (written, Some(error)),
            Poll::Pending => break,
        }
    }
    (written, None)
}
