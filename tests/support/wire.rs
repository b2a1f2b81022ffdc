//! HTTP/1.1 on a socket, byte by byte, so that a test can send what no library would.

use std::io;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::routes::Answer;

const MAX_HEAD: usize = 4 << 20;
/// Room for the usual number of headers first: clearing more for every request would cost a load test time.
const HEADER_ROOM: [usize; 2] = [64, 1024];

/// A stream with a TCP socket underneath: plain or TLS.
pub trait Wire: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    fn tcp(&self) -> &TcpStream;
}

impl Wire for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Wire for tokio_rustls::server::TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// Whether a connection goes on after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    KeepAlive,
    Close,
    /// End with a TCP reset instead of an orderly close.
    Reset,
}

/// The head of a request.
#[derive(Clone, Debug)]
pub struct Head {
    pub method: String,
    pub target: String,
    pub http_version: &'static str,
    /// Lowercase names, in order.
    pub headers: Vec<(String, String)>,
}

impl Head {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    fn says(&self, name: &str, token: &str) -> bool {
        self.headers
            .iter()
            .filter(|(n, _)| n == name)
            .flat_map(|(_, value)| value.split(','))
            .any(|part| part.trim().eq_ignore_ascii_case(token))
    }

    /// What the client asked for: HTTP/1.1 stays open unless told, HTTP/1.0 closes unless told.
    pub fn next(&self) -> Next {
        let stays = if self.http_version == "1.0" {
            self.says("connection", "keep-alive")
        } else {
            !self.says("connection", "close")
        };
        if stays { Next::KeepAlive } else { Next::Close }
    }

    pub fn expects_continue(&self) -> bool {
        self.says("expect", "100-continue")
    }
}

/// One side of a connection, with what was read ahead.
pub struct Conn<W> {
    io: W,
    ahead: BytesMut,
    /// The request was a HEAD: bodies are announced and not sent.
    head_only: bool,
}

impl<W: Wire> Conn<W> {
    pub fn new(io: W) -> Self {
        Self {
            io,
            ahead: BytesMut::with_capacity(4096),
            head_only: false,
        }
    }

    /// The stream, and the bytes that were read from it and not consumed.
    pub fn into_parts(self) -> (W, BytesMut) {
        (self.io, self.ahead)
    }

    /// The next request head, or `None` when the client closed between requests.
    pub async fn read_head(&mut self) -> io::Result<Option<Head>> {
        loop {
            if let Some((head, length)) = parse_head(&self.ahead)? {
                self.ahead.advance(length);
                self.head_only = head.method == "HEAD";
                return Ok(Some(head));
            }
            if self.ahead.len() > MAX_HEAD {
                return Err(invalid("the request head is too large"));
            }
            if self.io.read_buf(&mut self.ahead).await? == 0 {
                return if self.ahead.is_empty() {
                    Ok(None)
                } else {
                    Err(io::ErrorKind::UnexpectedEof.into())
                };
            }
        }
    }

    /// The body that `head` announces, decoded from chunks.
    pub async fn read_body(&mut self, head: &Head) -> io::Result<Vec<u8>> {
        if head.says("transfer-encoding", "chunked") {
            return self.read_chunks().await;
        }
        match head.header("content-length") {
            None => Ok(Vec::new()),
            Some(length) => {
                let length = length
                    .parse()
                    .map_err(|_| invalid("not a content length"))?;
                self.take(length).await
            }
        }
    }

    async fn read_chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.read_line().await?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16).map_err(|_| invalid("not a chunk size"))?;
            if size == 0 {
                while !self.read_line().await?.is_empty() {}
                return Ok(body);
            }
            body.extend_from_slice(&self.take(size).await?);
            if !self.read_line().await?.is_empty() {
                return Err(invalid("a chunk is longer than it said"));
            }
        }
    }

    async fn read_line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.ahead.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.ahead.split_to(end);
                self.ahead.advance(2);
                return Ok(String::from_utf8_lossy(&line).into_owned());
            }
            self.read_more().await?;
        }
    }

    async fn take(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.ahead.len() < length {
            self.read_more().await?;
        }
        Ok(self.ahead.split_to(length).to_vec())
    }

    async fn read_more(&mut self) -> io::Result<()> {
        match self.io.read_buf(&mut self.ahead).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Sends `answer` with a `Content-Length`, and `Connection: close` when `next` says so.
    pub async fn send(&mut self, answer: &Answer, next: Next) -> io::Result<()> {
        let mut headers: Vec<(&str, &str)> = answer
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let length = answer.body.len().to_string();
        if answer.may_have_body() {
            headers.push(("content-length", &length));
        }
        if next == Next::Close {
            headers.push(("connection", "close"));
        }
        let mut bytes = head_bytes(answer.status, &headers);
        if answer.may_have_body() && !self.head_only {
            bytes.extend_from_slice(&answer.body);
        }
        self.raw(&bytes).await
    }

    /// Sends a response head with exactly these headers.
    pub async fn head(&mut self, status: u16, headers: &[(&str, &str)]) -> io::Result<()> {
        self.raw(&head_bytes(status, headers)).await
    }

    /// Sends bytes of a body; nothing when the request was a HEAD.
    pub async fn body(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.head_only {
            Ok(())
        } else {
            self.raw(bytes).await
        }
    }

    /// Sends bytes as they are.
    pub async fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.io.write_all(bytes).await?;
        self.io.flush().await
    }

    /// Reads and forgets until the client closes its side.
    pub async fn until_closed(&mut self) {
        loop {
            self.ahead.clear();
            if !matches!(self.io.read_buf(&mut self.ahead).await, Ok(length) if length > 0) {
                return;
            }
        }
    }

    /// Closes this side; the client may go on sending.
    pub async fn close_writing(&mut self) {
        let _ = self.io.shutdown().await;
    }

    /// Ends the connection with a TCP reset: closing a socket that may not linger sends one.
    pub fn reset(self) {
        let socket = socket2::SockRef::from(self.io.tcp());
        let _ = socket.set_linger(Some(std::time::Duration::ZERO));
    }

    pub fn is_head_only(&self) -> bool {
        self.head_only
    }
}

fn parse_head(bytes: &[u8]) -> io::Result<Option<(Head, usize)>> {
    let [usual, most] = HEADER_ROOM;
    match parse_head_with(bytes, usual) {
        Err(httparse::Error::TooManyHeaders) => parse_head_with(bytes, most),
        parsed => parsed,
    }
    .map_err(invalid)
}

fn parse_head_with(bytes: &[u8], room: usize) -> Result<Option<(Head, usize)>, httparse::Error> {
    let mut storage = vec![httparse::EMPTY_HEADER; room];
    let mut request = httparse::Request::new(&mut storage);
    let httparse::Status::Complete(length) = request.parse(bytes)? else {
        return Ok(None);
    };
    let headers = request
        .headers
        .iter()
        .map(|header| {
            let value = String::from_utf8_lossy(header.value).into_owned();
            (header.name.to_ascii_lowercase(), value)
        })
        .collect();
    let head = Head {
        method: request.method.unwrap_or_default().to_owned(),
        target: request.path.unwrap_or_default().to_owned(),
        http_version: if request.version == Some(0) {
            "1.0"
        } else {
            "1.1"
        },
        headers,
    };
    Ok(Some((head, length)))
}

fn head_bytes(status: u16, headers: &[(&str, &str)]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} {}\r\n", reason(status));
    for (name, value) in headers {
        head.extend([*name, ": ", *value, "\r\n"]);
    }
    head.push_str("\r\n");
    head.into_bytes()
}

fn invalid(what: impl ToString) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_string())
}

fn reason(status: u16) -> &'static str {
    http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Unnamed")
}
