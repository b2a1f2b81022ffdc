//! The heads of requests and responses: what is needed of them, and changing them.

use bytes::Bytes;

use super::body::Body;

/// A longer head is not looked at: it passes as it is.
pub const MAX_HEAD: usize = 64 << 10;
const USUAL_HEADERS: usize = 64;
const MAX_HEADERS: usize = 1_000;

/// It is none, or one whose body has no known end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotHttp;

/// What a request's head says.
#[derive(Debug)]
pub struct RequestHead<'a> {
    /// Bytes of the head.
    pub length: usize,
    pub method: &'a str,
    /// As in the request line.
    pub target: &'a str,
    pub headers: Vec<(&'a str, &'a [u8])>,
    pub body: Body,
    /// The client waits for `100 Continue` before it sends the body.
    pub expects: bool,
    /// The client wants to speak something else from then on.
    pub upgrade: bool,
    pub keep_alive: bool,
}

/// What a response's head says.
#[derive(Debug)]
pub struct ResponseHead {
    /// Bytes of the head.
    pub length: usize,
    pub status: u16,
    pub body: Body,
}

/// What is in a head's lines, whichever way it goes.
#[derive(Debug, Default)]
struct Lines<'a> {
    headers: Vec<(&'a str, &'a [u8])>,
    content_length: Option<u64>,
    /// There is a transfer coding, and perhaps chunked is the last.
    coding: Option<bool>,
    expects: bool,
    upgrade: bool,
    close: bool,
    keep_alive: bool,
}

fn tokens(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

fn lines<'a>(headers: &[httparse::Header<'a>]) -> Result<Lines<'a>, NotHttp> {
    let mut lines = Lines::default();
    for header in headers {
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        if is("content-length") {
            let digits = header.value.trim_ascii();
            let length = std::str::from_utf8(digits)
                .ok()
                .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
                .and_then(|text| text.parse().ok())
                .ok_or(NotHttp)?;
            if lines.content_length.is_some_and(|other| other != length) {
                return Err(NotHttp);
            }
            lines.content_length = Some(length);
        } else if is("transfer-encoding") {
            for token in tokens(header.value) {
                lines.coding = Some(token.eq_ignore_ascii_case(b"chunked"));
            }
        } else if is("expect") {
            lines.expects = header
                .value
                .trim_ascii()
                .eq_ignore_ascii_case(b"100-continue");
        } else if is("upgrade") {
            lines.upgrade = true;
        } else if is("connection") {
            for token in tokens(header.value) {
                lines.close |= token.eq_ignore_ascii_case(b"close");
                lines.keep_alive |= token.eq_ignore_ascii_case(b"keep-alive");
            }
        }
        lines.headers.push((header.name, header.value));
    }
    Ok(lines)
}

/// The head of a request that the bytes begin with, or nothing if it is not complete.
pub fn request(input: &[u8]) -> Result<Option<RequestHead<'_>>, NotHttp> {
    with_headers(|headers| {
        let mut request = httparse::Request::new(headers);
        let length = match request.parse(input)? {
            httparse::Status::Complete(length) => length,
            httparse::Status::Partial => return Ok(Ok(None)),
        };
        let (Some(method), Some(target)) = (request.method, request.path) else {
            return Ok(Err(NotHttp));
        };
        let is_1_1 = request.version == Some(1);
        Ok(lines(request.headers).and_then(|lines| {
            let body = match (lines.coding, lines.content_length) {
                (Some(true), _) => Body::chunked(),
                // Nobody knows where it ends.
                (Some(false), _) => return Err(NotHttp),
                (None, length) => Body::Length(length.unwrap_or(0)),
            };
            Ok(Some(RequestHead {
                length,
                method,
                target,
                body,
                expects: lines.expects && is_1_1,
                upgrade: lines.upgrade,
                keep_alive: !lines.close && (is_1_1 || lines.keep_alive),
                headers: lines.headers,
            }))
        }))
    })
}

/// The head of a response that the bytes begin with, or nothing if it is not complete.
pub fn response(input: &[u8], answers_head: bool) -> Result<Option<ResponseHead>, NotHttp> {
    with_headers(|headers| {
        let mut response = httparse::Response::new(headers);
        let length = match response.parse(input)? {
            httparse::Status::Complete(length) => length,
            httparse::Status::Partial => return Ok(Ok(None)),
        };
        let Some(status) = response.code else {
            return Ok(Err(NotHttp));
        };
        let is_bodiless = answers_head || matches!(status, 100..200 | 204 | 304);
        let body = if is_bodiless {
            Ok(Body::Length(0))
        } else {
            lines(response.headers).map(|lines| match (lines.coding, lines.content_length) {
                (Some(true), _) => Body::chunked(),
                (None, Some(length)) => Body::Length(length),
                (Some(false), _) | (None, None) => Body::UntilClose,
            })
        };
        Ok(body.map(|body| {
            Some(ResponseHead {
                length,
                status,
                body,
            })
        }))
    })
}

/// Parses with room for as many headers as there usually are, and with more if that is not enough.
fn with_headers<'a, T>(
    parse: impl Fn(&mut [httparse::Header<'a>]) -> Result<Result<T, NotHttp>, httparse::Error>,
) -> Result<T, NotHttp> {
    let mut usual = [httparse::EMPTY_HEADER; USUAL_HEADERS];
    match parse(&mut usual) {
        Err(httparse::Error::TooManyHeaders) => {
            let mut many = vec![httparse::EMPTY_HEADER; MAX_HEADERS];
            parse(&mut many).unwrap_or(Err(NotHttp))
        }
        Err(_) => Err(NotHttp),
        Ok(parsed) => parsed,
    }
}

/// Whether bytes of which nobody knows what came before begin with a request: the whole first line is there.
pub fn begins_request(input: &[u8]) -> bool {
    let mut headers = [httparse::EMPTY_HEADER; 1];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(input) {
        Ok(_) | Err(httparse::Error::TooManyHeaders) => request.version.is_some(),
        Err(_) => false,
    }
}

/// A head without the headers of some names, and with others in the end. All other bytes stay.
pub fn edited<'a>(
    head: &[u8],
    removed: impl Fn(&[u8]) -> bool,
    set: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Bytes {
    let mut out = Vec::with_capacity(head.len() + 128);
    let mut lines = head.split_inclusive(|byte| *byte == b'\n');
    // Empty lines may come before the first.
    for line in lines.by_ref() {
        out.extend_from_slice(line);
        if !line.trim_ascii().is_empty() {
            break;
        }
    }
    let mut last = &b"\r\n"[..];
    for line in lines {
        if line.trim_ascii().is_empty() {
            last = line;
            break;
        }
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        if !removed(name.trim_ascii()) {
            out.extend_from_slice(line);
        }
    }
    for (name, value) in set {
        for part in [name, ": ", value, "\r\n"] {
            out.extend_from_slice(part.as_bytes());
        }
    }
    out.extend_from_slice(last);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_tells_where_its_body_ends() {
        let head = |text: &'static str| request(text.as_bytes());
        let body = |lines: &str| {
            let text = format!("POST / HTTP/1.1\r\n{lines}\r\n");
            request(text.as_bytes()).map(|head| head.unwrap().body)
        };
        assert_eq!(body("").unwrap(), Body::Length(0));
        assert_eq!(body("Content-Length: 7\r\n").unwrap(), Body::Length(7));
        assert!(matches!(
            body("Transfer-Encoding: gzip, chunked\r\nContent-Length: 7\r\n").unwrap(),
            Body::Chunked(_)
        ));
        assert_eq!(body("Transfer-Encoding: gzip\r\n").unwrap_err(), NotHttp);
        assert_eq!(body("Content-Length: x\r\n").unwrap_err(), NotHttp);
        assert_eq!(
            body("Content-Length: 1\r\nContent-Length: 2\r\n").unwrap_err(),
            NotHttp
        );
        assert!(head("POST / HTTP/1.1\r\nA: b\r\n").unwrap().is_none());
        assert!(head("PRI * HTTP/2.0\r\n\r\n").is_err());
        assert!(head("*1\r\n$4\r\nPING\r\n").is_err());
    }

    #[test]
    fn a_request_tells_how_it_goes_on() {
        let head = |text: &'static str| request(text.as_bytes()).unwrap().unwrap();
        assert!(head("GET / HTTP/1.1\r\n\r\n").keep_alive);
        assert!(!head("GET / HTTP/1.1\r\nConnection: a, Close\r\n\r\n").keep_alive);
        assert!(!head("GET / HTTP/1.0\r\n\r\n").keep_alive);
        assert!(head("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
        assert!(head("GET / HTTP/1.1\r\nExpect: 100-Continue\r\n\r\n").expects);
        assert!(head("GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n").upgrade);
    }

    #[test]
    fn a_response_tells_where_its_body_ends() {
        let body = |start: &str, answers_head| {
            let text = format!("HTTP/1.1 {start}\r\n\r\n");
            let head = response(text.as_bytes(), answers_head).unwrap().unwrap();
            assert_eq!(head.length, text.len());
            head.body
        };
        assert_eq!(body("200 OK", false), Body::UntilClose);
        assert_eq!(body("200 OK\r\nContent-Length: 3", false), Body::Length(3));
        assert_eq!(body("200 OK\r\nContent-Length: 3", true), Body::Length(0));
        for status in ["100 Continue", "204 None", "304 Same"] {
            let start = format!("{status}\r\nContent-Length: 3");
            assert_eq!(body(&start, false), Body::Length(0));
        }
    }

    #[test]
    fn many_headers_are_read_and_too_many_are_not() {
        let text = |count| {
            let lines: String = (0..count).map(|n| format!("h{n}: v\r\n")).collect();
            format!("GET / HTTP/1.1\r\n{lines}\r\n")
        };
        let text_of = text(500);
        let head = request(text_of.as_bytes()).unwrap().unwrap();
        assert_eq!(head.headers.len(), 500);
        assert!(request(text(1_001).as_bytes()).is_err());
    }

    #[test]
    fn headers_are_taken_out_and_put_in_and_the_rest_stays() {
        let head = b"\r\nGET / HTTP/1.1\r\nHost:  a\r\nX-Old: 1\r\nx-OLD: 2\nB: c\r\n\r\n";
        let is_old = |name: &[u8]| name.eq_ignore_ascii_case(b"x-old");
        assert_eq!(
            edited(head, is_old, [("X-New", "n")]),
            "\r\nGET / HTTP/1.1\r\nHost:  a\r\nB: c\r\nX-New: n\r\n\r\n"
        );
        assert_eq!(edited(head, |_| false, []), &head[..]);
    }

    #[test]
    fn a_request_line_in_the_middle_of_things_is_recognised() {
        assert!(begins_request(b"GET /a HTTP/1.1\r\n"));
        assert!(begins_request(
            b"GET /a HTTP/1.1\r\nHost: a\r\nB: c\r\n\r\nbody"
        ));
        for other in [
            "GET /a HT",
            "{\"a\": 1}",
            "",
            "\x16\x03\x01",
            "GET /a HTTP/2.0\r\n",
        ] {
            assert!(!begins_request(other.as_bytes()), "{other}");
        }
    }
}
