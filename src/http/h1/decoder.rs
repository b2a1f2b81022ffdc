//! A response's bytes, taken apart as they arrive.

use std::io;

use bytes::Bytes;

use super::super::HttpError;
use super::chunked::Chunked;

/// What is known of the response before it arrives.
#[derive(Debug, Clone, Copy)]
pub struct Expect {
    /// It answers a HEAD request, so it has no body whatever its header says.
    pub head_request: bool,
    /// Count the body's bytes but keep none.
    pub discard: bool,
    /// A longer body is an error, in bytes.
    pub max_body: u64,
}

/// A response header's bytes and what the exchange itself needs from them.
#[derive(Debug, Clone)]
pub struct Head {
    pub status: u16,
    /// 0 or 1.
    pub minor_version: u8,
    /// The header as it came, status line included; parsed again only when a script looks.
    pub raw: Bytes,
    pub has_cookies: bool,
    pub has_encoding: bool,
}

/// A complete response.
#[derive(Debug)]
pub struct Message {
    pub head: Head,
    pub body: Bytes,
    pub keep_alive: bool,
}

const MAX_HEAD: usize = 256 << 10;
const USUAL_HEADERS: usize = 64;
const MAX_HEADERS: usize = 2_000;

#[derive(Debug)]
enum Framing {
    Empty,
    Length(u64),
    Chunked,
    UntilClose,
}

#[derive(Debug)]
enum State {
    /// Bytes of a header that is not complete.
    Head(Vec<u8>),
    Body {
        head: Head,
        keep_alive: bool,
        body: Vec<u8>,
        left: Left,
    },
    Finished,
}

#[derive(Debug)]
enum Left {
    Length(u64),
    Chunked(Chunked),
    UntilClose,
}

/// Takes one response apart.
#[derive(Debug)]
pub struct Decoder {
    expect: Expect,
    state: State,
    received: u64,
}

/// A header's meaning for the exchange.
struct Parsed {
    status: u16,
    minor_version: u8,
    length: usize,
    framing: Framing,
    keep_alive: bool,
    has_cookies: bool,
    has_encoding: bool,
}

fn malformed(why: impl std::fmt::Display) -> HttpError {
    HttpError::new(
        HttpError::MALFORMED,
        format!("the server's answer is not valid HTTP: {why}"),
    )
}

impl Decoder {
    pub fn new(expect: Expect) -> Self {
        Self {
            expect,
            state: State::Head(Vec::new()),
            received: 0,
        }
    }

    /// Takes in bytes; gives the response once it is complete.
    pub fn feed(&mut self, input: &[u8]) -> Result<Option<Message>, HttpError> {
        match std::mem::replace(&mut self.state, State::Finished) {
            State::Head(buffered) if buffered.is_empty() => self.feed_head(input),
            State::Head(mut buffered) => {
                buffered.extend_from_slice(input);
                self.feed_head(&buffered)
            }
            State::Body {
                head,
                keep_alive,
                body,
                left,
            } => self.feed_body(head, keep_alive, body, left, input),
            State::Finished => Err(malformed("bytes after its end")),
        }
    }

    fn feed_head(&mut self, mut input: &[u8]) -> Result<Option<Message>, HttpError> {
        loop {
            let Some(parsed) = parse_head(input, self.expect.head_request)? else {
                if input.len() > MAX_HEAD {
                    return Err(HttpError::new(
                        HttpError::HEADER_TOO_LARGE,
                        format!("the response header is larger than {} KB", MAX_HEAD >> 10),
                    ));
                }
                self.state = State::Head(input.to_vec());
                return Ok(None);
            };
            // Interim answers (100 Continue, 103 Early Hints) precede the real one.
            if (100..200).contains(&parsed.status) && parsed.status != 101 {
                input = &input[parsed.length..];
                continue;
            }
            let rest = &input[parsed.length..];
            let Parsed {
                status,
                minor_version,
                framing,
                mut keep_alive,
                has_cookies,
                has_encoding,
                length,
            } = parsed;
            let head = |raw| Head {
                status,
                minor_version,
                raw,
                has_cookies,
                has_encoding,
            };
            let left = match framing {
                Framing::Empty => {
                    keep_alive &= rest.is_empty();
                    let raw = Bytes::copy_from_slice(&input[..length]);
                    return Ok(Some(Message {
                        head: head(raw),
                        body: Bytes::new(),
                        keep_alive,
                    }));
                }
                Framing::Length(body) if body <= rest.len() as u64 => {
                    self.count(body)?;
                    // The usual case: everything is here; header and body share one allocation.
                    let body = body as usize;
                    keep_alive &= rest.len() == body;
                    let kept = if self.expect.discard { 0 } else { body };
                    let mut raw = Bytes::copy_from_slice(&input[..length + kept]);
                    let body = raw.split_off(length);
                    return Ok(Some(Message {
                        head: head(raw),
                        body,
                        keep_alive,
                    }));
                }
                Framing::Length(body) => Left::Length(body),
                Framing::Chunked => Left::Chunked(Chunked::new()),
                Framing::UntilClose => Left::UntilClose,
            };
            let head = head(Bytes::copy_from_slice(&input[..length]));
            return self.feed_body(head, keep_alive, Vec::new(), left, rest);
        }
    }

    fn feed_body(
        &mut self,
        head: Head,
        mut keep_alive: bool,
        mut body: Vec<u8>,
        mut left: Left,
        input: &[u8],
    ) -> Result<Option<Message>, HttpError> {
        let keep = !self.expect.discard;
        let (used, done) = match &mut left {
            Left::Length(missing) => {
                let take = usize::try_from(*missing)
                    .unwrap_or(usize::MAX)
                    .min(input.len());
                self.count(take as u64)?;
                if keep {
                    body.extend_from_slice(&input[..take]);
                }
                *missing -= take as u64;
                (take, *missing == 0)
            }
            Left::Chunked(chunked) => {
                let mut data = 0;
                let result = chunked.feed(input, |piece| {
                    data += piece.len() as u64;
                    if keep {
                        body.extend_from_slice(piece);
                    }
                });
                self.count(data)?;
                result.map_err(|bad| malformed(bad.0))?
            }
            Left::UntilClose => {
                self.count(input.len() as u64)?;
                if keep {
                    body.extend_from_slice(input);
                }
                (input.len(), false)
            }
        };
        if done {
            keep_alive &= used == input.len();
            return Ok(Some(Message {
                head,
                body: body.into(),
                keep_alive,
            }));
        }
        self.state = State::Body {
            head,
            keep_alive,
            body,
            left,
        };
        Ok(None)
    }

    fn count(&mut self, bytes: u64) -> Result<(), HttpError> {
        self.received += bytes;
        if self.received > self.expect.max_body && !self.expect.discard {
            return Err(HttpError::new(
                HttpError::BODY_TOO_LARGE,
                format!(
                    "the response body is larger than {} bytes; raise `max_response_size`, or set `discard_bodies: true`",
                    self.expect.max_body
                ),
            ));
        }
        Ok(())
    }

    /// The stream ended in order.
    pub fn end_of_stream(&mut self) -> Result<Option<Message>, HttpError> {
        match std::mem::replace(&mut self.state, State::Finished) {
            State::Head(buffered) if buffered.is_empty() => Ok(None),
            State::Head(_) => Err(HttpError::new(
                HttpError::INCOMPLETE,
                "the server closed the connection in the middle of the response header",
            )),
            State::Body {
                head,
                body,
                left: Left::UntilClose,
                ..
            } => Ok(Some(Message {
                head,
                body: body.into(),
                keep_alive: false,
            })),
            State::Body { left, .. } => {
                Err(self.incomplete(&left, "the server closed the connection"))
            }
            State::Finished => Ok(None),
        }
    }

    /// The stream broke.
    pub fn broken(&mut self, error: &io::Error) -> Result<Option<Message>, HttpError> {
        match std::mem::replace(&mut self.state, State::Finished) {
            // rustls reports a peer that hung up without close_notify this way.
            state @ State::Body {
                left: Left::UntilClose,
                ..
            } if error.kind() == io::ErrorKind::UnexpectedEof => {
                self.state = state;
                self.end_of_stream()
            }
            State::Body { left, .. } if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(self.incomplete(&left, "the server closed the connection"))
            }
            State::Body { .. } => Err(HttpError::from_io(error, "receiving the response body")),
            State::Head(_) | State::Finished => {
                Err(HttpError::from_io(error, "waiting for the response"))
            }
        }
    }

    fn incomplete(&self, left: &Left, what: &str) -> HttpError {
        let missing = match left {
            Left::Length(missing) => format!("{missing} more bytes were announced"),
            _ => "the last chunk was missing".to_owned(),
        };
        HttpError::new(
            HttpError::INCOMPLETE,
            format!(
                "{what} after {} bytes of the body; {missing}",
                self.received
            ),
        )
    }
}

fn parse_head(input: &[u8], head_request: bool) -> Result<Option<Parsed>, HttpError> {
    let mut usual = [httparse::EMPTY_HEADER; USUAL_HEADERS];
    let mut response = httparse::Response::new(&mut usual);
    match response.parse(input) {
        Ok(httparse::Status::Complete(length)) => {
            interpret(&response, length, head_request).map(Some)
        }
        Ok(httparse::Status::Partial) => Ok(None),
        Err(httparse::Error::TooManyHeaders) => {
            let mut many = vec![httparse::EMPTY_HEADER; MAX_HEADERS];
            let mut response = httparse::Response::new(&mut many);
            match response.parse(input) {
                Ok(httparse::Status::Complete(length)) => {
                    interpret(&response, length, head_request).map(Some)
                }
                Ok(httparse::Status::Partial) => Ok(None),
                Err(error) => Err(malformed(error)),
            }
        }
        Err(error) => Err(malformed(error)),
    }
}

fn interpret(
    response: &httparse::Response<'_, '_>,
    length: usize,
    head_request: bool,
) -> Result<Parsed, HttpError> {
    let status = response.code.unwrap_or_default();
    let minor_version = response.version.unwrap_or(1);
    let mut content_length: Option<u64> = None;
    let mut chunked = false;
    let mut other_coding = false;
    let mut keep_alive = minor_version == 1;
    let (mut has_cookies, mut has_encoding) = (false, false);
    for header in response.headers.iter() {
        // Lengths first: nearly every header is ruled out by one comparison.
        match header.name.len() {
            10 if header.name.eq_ignore_ascii_case("connection") => {
                for token in header.value.split(|&byte| byte == b',') {
                    let token = token.trim_ascii();
                    if token.eq_ignore_ascii_case(b"close") {
                        keep_alive = false;
                    } else if token.eq_ignore_ascii_case(b"keep-alive") {
                        keep_alive = true;
                    }
                }
            }
            10 if header.name.eq_ignore_ascii_case("set-cookie") => has_cookies = true,
            14 if header.name.eq_ignore_ascii_case("content-length") => {
                let value = std::str::from_utf8(header.value)
                    .ok()
                    .map(str::trim)
                    .filter(|text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
                    .and_then(|text| text.parse().ok())
                    .ok_or_else(|| malformed("its Content-Length is not a number"))?;
                if content_length.is_some_and(|earlier| earlier != value) {
                    return Err(malformed("it has two different Content-Length headers"));
                }
                content_length = Some(value);
            }
            16 if header.name.eq_ignore_ascii_case("content-encoding") => has_encoding = true,
            17 if header.name.eq_ignore_ascii_case("transfer-encoding") => {
                for token in header.value.split(|&byte| byte == b',') {
                    if token.trim_ascii().eq_ignore_ascii_case(b"chunked") {
                        chunked = true;
                    } else {
                        other_coding = true;
                    }
                }
            }
            _ => {}
        }
    }
    if other_coding {
        return Err(malformed("it uses a transfer coding other than chunked"));
    }
    let framing = if head_request || status == 204 || status == 304 || (100..200).contains(&status)
    {
        Framing::Empty
    } else if chunked {
        // RFC 9112, section 6.3: with both, chunked wins and the connection is suspect.
        keep_alive &= content_length.is_none();
        Framing::Chunked
    } else {
        match content_length {
            Some(0) => Framing::Empty,
            Some(length) => Framing::Length(length),
            None => {
                keep_alive = false;
                Framing::UntilClose
            }
        }
    };
    Ok(Parsed {
        status,
        minor_version,
        length,
        framing,
        keep_alive,
        has_cookies,
        has_encoding,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ANY: Expect = Expect {
        head_request: false,
        discard: false,
        max_body: 1 << 20,
    };

    fn decode(wire: &[u8], step: usize, expect: Expect) -> Result<Option<Message>, HttpError> {
        let mut decoder = Decoder::new(expect);
        for piece in wire.chunks(step) {
            if let Some(message) = decoder.feed(piece)? {
                return Ok(Some(message));
            }
        }
        decoder.end_of_stream()
    }

    #[test]
    fn every_split_of_a_response_reads_the_same() {
        let wire = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nSet-Cookie: a=b\r\n\r\nhello";
        for step in 1..=wire.len() {
            let message = decode(wire, step, ANY).unwrap().unwrap();
            assert_eq!(
                (message.head.status, &message.body[..]),
                (200, &b"hello"[..])
            );
            assert!(message.keep_alive && message.head.has_cookies && !message.head.has_encoding);
        }
    }

    #[test]
    fn interim_answers_are_passed_over() {
        let wire = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";
        for step in 1..=wire.len() {
            assert_eq!(decode(wire, step, ANY).unwrap().unwrap().head.status, 204);
        }
    }

    #[test]
    fn a_head_request_gets_no_body() {
        let wire = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n";
        let message = decode(
            wire,
            99,
            Expect {
                head_request: true,
                ..ANY
            },
        )
        .unwrap()
        .unwrap();
        assert!(message.body.is_empty() && message.keep_alive);
    }

    #[test]
    fn without_a_length_the_body_ends_with_the_connection() {
        let message = decode(b"HTTP/1.0 200 OK\r\n\r\nabc", 4, ANY)
            .unwrap()
            .unwrap();
        assert_eq!(&message.body[..], b"abc");
        assert!(!message.keep_alive);
    }

    #[test]
    fn bytes_after_the_body_spoil_the_connection() {
        let message = decode(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab", 99, ANY)
            .unwrap()
            .unwrap();
        assert!(!message.keep_alive);
    }

    #[test]
    fn a_discarded_body_is_counted_but_not_kept() {
        let expect = Expect {
            discard: true,
            max_body: 1,
            ..ANY
        };
        let message = decode(
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
            2,
            expect,
        )
        .unwrap()
        .unwrap();
        assert!(message.body.is_empty() && message.keep_alive);
    }

    #[test]
    fn what_goes_wrong_is_said() {
        let cases: [(&[u8], u16, &str); 8] = [
            (
                b"SSH-2.0-OpenSSH\r\n",
                HttpError::MALFORMED,
                "not valid HTTP",
            ),
            (
                b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
                HttpError::MALFORMED,
                "Content-Length",
            ),
            (
                b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                HttpError::MALFORMED,
                "two different",
            ),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
                HttpError::MALFORMED,
                "transfer coding",
            ),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
                HttpError::MALFORMED,
                "hexadecimal",
            ),
            (
                b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
                HttpError::INCOMPLETE,
                "7 more bytes",
            ),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
                HttpError::INCOMPLETE,
                "last chunk",
            ),
            (b"HTTP/1.1 200 O", HttpError::INCOMPLETE, "header"),
        ];
        for (wire, code, part) in cases {
            let error = decode(wire, 7, ANY).unwrap_err();
            assert_eq!(error.code(), code, "{error}");
            assert!(error.message().contains(part), "{error}");
        }
    }

    #[test]
    fn headers_and_bodies_have_limits() {
        let mut huge = b"HTTP/1.1 200 OK\r\nX: ".to_vec();
        huge.extend(vec![b'a'; 1 << 20]);
        assert_eq!(
            decode(&huge, 16 << 10, ANY).unwrap_err().code(),
            HttpError::HEADER_TOO_LARGE
        );
        let mut endless = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        endless.extend(vec![b'a'; 2 << 20]);
        assert_eq!(
            decode(&endless, 16 << 10, ANY).unwrap_err().code(),
            HttpError::BODY_TOO_LARGE
        );
    }

    #[test]
    fn many_headers_are_read() {
        let mut wire = b"HTTP/1.1 200 OK\r\n".to_vec();
        for number in 0..500 {
            wire.extend(format!("X-{number}: {number}\r\n").as_bytes());
        }
        wire.extend(b"Content-Length: 0\r\n\r\n");
        assert_eq!(decode(&wire, 1000, ANY).unwrap().unwrap().head.status, 200);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), step in 1_usize..50) {
            let _ = decode(&bytes, step, ANY);
            let mut framed = b"HTTP/1.1 200 OK\r\n".to_vec();
            framed.extend_from_slice(&bytes);
            let _ = decode(&framed, step, ANY);
        }
    }
}
