//! A response's bytes, taken apart as they arrive.

use std::io;
use std::rc::Rc;

use bytes::Bytes;

use super::super::HttpError;
use super::chunked::Chunked;
use super::head::{Framing, Head, KnownHead, malformed};

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

/// A complete response.
#[derive(Debug)]
pub struct Message {
    pub head: Rc<Head>,
    pub body: Bytes,
    pub keep_alive: bool,
}

const MAX_HEAD: usize = 256 << 10;

#[derive(Debug)]
enum State {
    /// Bytes of a header that is not complete.
    Head(Vec<u8>),
    Body {
        head: Rc<Head>,
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
pub struct Decoder<'a> {
    expect: Expect,
    known: &'a KnownHead,
    state: State,
    received: u64,
}

impl<'a> Decoder<'a> {
    /// A decoder of the next response; `known` remembers headers of the same target.
    pub fn new(expect: Expect, known: &'a KnownHead) -> Self {
        Self {
            expect,
            known,
            state: State::Head(Vec::new()),
            received: 0,
        }
    }

    /// Takes in bytes; gives the response once it is complete.
    pub fn feed(&mut self, input: &[u8]) -> Result<Option<Message>, HttpError> {
        match &mut self.state {
            State::Head(buffered) if buffered.is_empty() => self.feed_head(input),
            State::Head(buffered) => {
                let mut buffered = std::mem::take(buffered);
                buffered.extend_from_slice(input);
                self.feed_head(&buffered)
            }
            State::Body { .. } | State::Finished => self.feed_rest(input),
        }
    }

    fn feed_head(&mut self, mut input: &[u8]) -> Result<Option<Message>, HttpError> {
        loop {
            let Some(head) = self.known.read(input, self.expect.head_request)? else {
                if input.len() > MAX_HEAD {
                    return Err(HttpError::new(
                        HttpError::HEADER_TOO_LARGE,
                        format!("the response header is larger than {} KB", MAX_HEAD >> 10),
                    ));
                }
                self.state = State::Head(input.to_vec());
                return Ok(None);
            };
            let rest = &input[head.raw.len()..];
            // Interim answers (100 Continue, 103 Early Hints) precede the real one.
            if (100..200).contains(&head.status) && head.status != 101 {
                input = rest;
                continue;
            }
            let left = match head.framing {
                Framing::Empty => {
                    return Ok(Some(Message {
                        keep_alive: head.keep_alive && rest.is_empty(),
                        head,
                        body: Bytes::new(),
                    }));
                }
                // The usual case: everything is here.
                Framing::Length(length) if length <= rest.len() as u64 => {
                    self.count(length)?;
                    let length = length as usize;
                    let body = if self.expect.discard {
                        Bytes::new()
                    } else {
                        Bytes::copy_from_slice(&rest[..length])
                    };
                    return Ok(Some(Message {
                        keep_alive: head.keep_alive && rest.len() == length,
                        head,
                        body,
                    }));
                }
                Framing::Length(length) => Left::Length(length),
                Framing::Chunked => Left::Chunked(Chunked::new()),
                Framing::UntilClose => Left::UntilClose,
            };
            let keep_alive = head.keep_alive;
            return self.feed_body(head, keep_alive, Vec::new(), left, rest);
        }
    }

    fn feed_rest(&mut self, input: &[u8]) -> Result<Option<Message>, HttpError> {
        match std::mem::replace(&mut self.state, State::Finished) {
            State::Body {
                head,
                keep_alive,
                body,
                left,
            } => self.feed_body(head, keep_alive, body, left, input),
            State::Head(_) | State::Finished => Err(malformed("bytes after its end")),
        }
    }

    fn feed_body(
        &mut self,
        head: Rc<Head>,
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
        let known = KnownHead::default();
        let mut decoder = Decoder::new(expect, &known);
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
