//! A response's header: what the exchange needs from it, and recognising one that came before.
//!
//! A server under load answers the same request with the same header again and again; only its date moves
//! on, once a second. So a target remembers the last header it was answered with, and bytes that begin
//! exactly so are not parsed again: parsing looks at nothing after a header's end, so equal bytes mean
//! an equal header.

use std::cell::RefCell;
use std::rc::Rc;

use super::super::HttpError;

/// A response's header: its bytes, and what the exchange itself needs from them.
#[derive(Debug)]
pub struct Head {
    pub status: u16,
    /// 0 or 1.
    pub minor_version: u8,
    /// As it came, status line included; parsed again only when a script looks.
    pub raw: Box<[u8]>,
    pub framing: Framing,
    /// Whether the header lets the connection carry another request.
    pub keep_alive: bool,
    pub has_cookies: bool,
    pub has_encoding: bool,
    /// It answers a HEAD request.
    head_request: bool,
}

/// Where the body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    Empty,
    Length(u64),
    Chunked,
    UntilClose,
}

const USUAL_HEADERS: usize = 64;
const MAX_HEADERS: usize = 2_000;

/// A longer header is not remembered: thousands of targets may each remember one.
const MAX_REMEMBERED: usize = 1 << 10;

/// The last header that a target answered with.
#[derive(Debug, Default)]
pub struct KnownHead(RefCell<Option<Rc<Head>>>);

impl KnownHead {
    /// The remembered header, if `input` begins with exactly its bytes.
    fn recall(&self, input: &[u8], head_request: bool) -> Option<Rc<Head>> {
        let known = self.0.borrow();
        let head = known.as_ref()?;
        (head.head_request == head_request && input.starts_with(&head.raw)).then(|| head.clone())
    }

    fn remember(&self, head: &Rc<Head>) {
        if head.raw.len() <= MAX_REMEMBERED {
            *self.0.borrow_mut() = Some(head.clone());
        }
    }

    /// The header that `input` begins with; `None` when it is not complete.
    ///
    /// # Errors
    /// When it is not one.
    pub fn read(&self, input: &[u8], head_request: bool) -> Result<Option<Rc<Head>>, HttpError> {
        if let Some(head) = self.recall(input, head_request) {
            return Ok(Some(head));
        }
        let head = parse(input, head_request)?.map(Rc::new);
        if let Some(head) = &head {
            self.remember(head);
        }
        Ok(head)
    }
}

/// The error for what no HTTP server should send.
pub fn malformed(why: impl std::fmt::Display) -> HttpError {
    HttpError::new(
        HttpError::MALFORMED,
        format!("the server's answer is not valid HTTP: {why}"),
    )
}

fn parse(input: &[u8], head_request: bool) -> Result<Option<Head>, HttpError> {
    let mut usual = [httparse::EMPTY_HEADER; USUAL_HEADERS];
    let mut response = httparse::Response::new(&mut usual);
    match response.parse(input) {
        Ok(httparse::Status::Complete(length)) => {
            interpret(&response, &input[..length], head_request).map(Some)
        }
        Ok(httparse::Status::Partial) => Ok(None),
        Err(httparse::Error::TooManyHeaders) => {
            let mut many = vec![httparse::EMPTY_HEADER; MAX_HEADERS];
            let mut response = httparse::Response::new(&mut many);
            match response.parse(input) {
                Ok(httparse::Status::Complete(length)) => {
                    interpret(&response, &input[..length], head_request).map(Some)
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
    raw: &[u8],
    head_request: bool,
) -> Result<Head, HttpError> {
    let status = response.code.unwrap_or_default();
    if status < 100 {
        return Err(malformed(format_args!(
            "its status is {status:03}, and they begin at 100"
        )));
    }
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
    Ok(Head {
        status,
        minor_version,
        raw: raw.into(),
        framing,
        keep_alive,
        has_cookies,
        has_encoding,
        head_request,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";

    #[test]
    fn a_header_that_comes_again_is_recognised() {
        let known = KnownHead::default();
        let first = known.read(OK, false).unwrap().unwrap();
        let mut longer = OK.to_vec();
        longer.extend_from_slice(b"hello");
        let again = known.read(&longer, false).unwrap().unwrap();
        assert!(Rc::ptr_eq(&first, &again));
    }

    #[test]
    fn a_header_that_differs_is_read_anew() {
        let known = KnownHead::default();
        known.read(OK, false).unwrap().unwrap();
        let other = b"HTTP/1.1 404 No\r\nContent-Length: 7\r\n\r\n";
        let head = known.read(other, false).unwrap().unwrap();
        assert_eq!((head.status, head.framing), (404, Framing::Length(7)));
        assert!(known.read(&OK[..20], false).unwrap().is_none());
        assert_eq!(known.read(OK, false).unwrap().unwrap().status, 200);
    }

    #[test]
    fn the_same_bytes_mean_another_body_after_a_head_request() {
        let known = KnownHead::default();
        let get = known.read(OK, false).unwrap().unwrap();
        let head = known.read(OK, true).unwrap().unwrap();
        assert_eq!(
            (get.framing, head.framing),
            (Framing::Length(5), Framing::Empty)
        );
    }

    #[test]
    fn a_status_below_100_is_none() {
        for status in ["000", "099"] {
            let wire = format!("HTTP/1.1 {status} What\r\nContent-Length: 0\r\n\r\n");
            let error = KnownHead::default()
                .read(wire.as_bytes(), false)
                .unwrap_err();
            assert_eq!(error.code(), HttpError::MALFORMED);
            assert!(error.message().contains(status), "{error}");
        }
    }

    #[test]
    fn a_large_header_is_not_remembered() {
        let known = KnownHead::default();
        let wire = format!(
            "HTTP/1.1 204 No Content\r\nX: {}\r\n\r\n",
            "a".repeat(MAX_REMEMBERED)
        );
        assert!(known.read(wire.as_bytes(), false).unwrap().is_some());
        assert!(known.0.borrow().is_none());
    }
}
