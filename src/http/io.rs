//! A connection's byte stream: plain or TLS, with the bytes on the wire counted.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// Bytes (read, written) of connections that ended before anyone took their counts: handshakes that failed,
/// requests that were cut short.
#[derive(Debug, Default)]
pub struct Leftovers(Cell<(u64, u64)>);

impl Leftovers {
    /// The bytes since the last call.
    pub fn take(&self) -> (u64, u64) {
        self.0.take()
    }

    /// Adds bytes (read, written).
    pub fn add(&self, (read, written): (u64, u64)) {
        let (before_read, before_written) = self.0.get();
        self.0.set((before_read + read, before_written + written));
    }
}

/// A TCP stream that counts what passes.
#[derive(Debug)]
pub struct Counted {
    stream: TcpStream,
    read: u64,
    written: u64,
    leftovers: Rc<Leftovers>,
}

impl Counted {
    /// Counts from now on; what nobody takes goes to `leftovers` in the end.
    pub fn new(stream: TcpStream, leftovers: Rc<Leftovers>) -> Self {
        Self {
            stream,
            read: 0,
            written: 0,
            leftovers,
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.leftovers.add((self.read, self.written));
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.read += (buf.filled().len() - before) as u64;
        result
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, buf);
        if let Poll::Ready(Ok(n)) = &result {
            self.written += *n as u64;
        }
        result
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// What HTTP is spoken over.
#[derive(Debug)]
pub enum Io {
    Plain(Counted),
    Tls(Box<TlsStream<Counted>>),
}

impl Io {
    fn counted(&mut self) -> &mut Counted {
        match self {
            Self::Plain(counted) => counted,
            Self::Tls(tls) => tls.get_mut().0,
        }
    }

    /// Bytes (read, written) on the wire since the last call.
    pub fn take_counts(&mut self) -> (u64, u64) {
        let counted = self.counted();
        (
            std::mem::take(&mut counted.read),
            std::mem::take(&mut counted.written),
        )
    }

    /// Whether an idle connection is still good: neither closed nor holding bytes that no request asked
    /// for. Costs no system call while nothing has happened on it.
    pub fn is_idle_and_open(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        let mut byte = [0_u8; 1];
        match self {
            Self::Plain(counted) => {
                matches!(counted.stream.try_read(&mut byte), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
            }
            // Session tickets arrive as bytes that carry no data, so TLS has to look for itself.
            Self::Tls(tls) => Pin::new(&mut **tls)
                .poll_read(&mut cx, &mut ReadBuf::new(&mut byte))
                .is_pending(),
        }
    }
}

impl AsyncRead for Io {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(counted) => Pin::new(counted).poll_read(cx, buf),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Plain(counted) => Pin::new(counted).poll_write(cx, buf),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_write(cx, buf),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(counted) => Pin::new(counted).poll_flush(cx),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(counted) => Pin::new(counted).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_shutdown(cx),
        }
    }
}
