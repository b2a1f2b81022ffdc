//! Requests and answers as people see them: with headers and bodies, and without what must not be seen.

use crate::http::{Request, Response};
use crate::secrets::{MASK, Secrets, is_secret_name, mask_urls};
use crate::vu::tap::{Body, Headers};
use crate::vu::{Seen, SeenExchange, TallyKey, Vu};

/// Of a body that is shown with an error, in bytes.
const BODY: usize = 8 << 10;

/// The headers that the script and the session put into a request's head.
pub fn request_headers(vu: &Vu, request: &Request) -> Headers {
    let mut headers: Headers = request
        .headers
        .iter()
        .map(|(name, value)| shown(name.as_str(), value.as_bytes()))
        .collect();
    let defaults = &vu.worker.client.settings().headers;
    request.marks(defaults, |name, value| headers.push(shown(name, value)));
    if let Some(kind) = request.body.content_type()
        && !request.has_header(&http::header::CONTENT_TYPE)
    {
        headers.push(("content-type".to_owned(), kind.to_owned()));
    }
    if request.auth.is_some() {
        headers.push(("authorization".to_owned(), MASK.to_owned()));
    }
    if has_cookies(vu, request) {
        headers.push(("cookie".to_owned(), MASK.to_owned()));
    }
    headers
}

/// The headers of an answer.
pub fn response_headers(response: &Response) -> Headers {
    let mut headers = Headers::new();
    response
        .headers
        .for_each(|name, value| headers.push(shown(name, value)));
    headers
}

/// Says with the first failure of its kind what was sent and what came back. Not on the path of requests that succeed.
#[cold]
pub fn explain(vu: &Vu, key: &TallyKey, request: &Request, response: &Response) {
    let seen = |start: String, headers: Headers, body: &bytes::Bytes| {
        let kind = headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
            .map_or("", |(_, value)| value);
        let body = Body::beginning(body, BODY).readable(kind, &Secrets::default());
        Seen {
            start,
            headers,
            body,
        }
    };
    let exchange = SeenExchange {
        request: seen(
            format!("{} {}", request.method, request.target.shown()),
            request_headers(vu, request),
            &request.body.to_bytes(),
        ),
        response: (response.status > 0).then(|| {
            seen(
                format!("{} {}", response.protocol.as_str(), response.status),
                response_headers(response),
                &response.body,
            )
        }),
    };
    vu.worker.errors.borrow_mut().explain(key, exchange);
}

fn has_cookies(vu: &Vu, request: &Request) -> bool {
    let jar = vu.session.jar().borrow();
    jar.header(&request.target.url, &request.cookies).is_some()
}

/// A header without what must not be seen.
fn shown(name: &str, value: &[u8]) -> (String, String) {
    let value = if is_secret_name(name) {
        MASK.to_owned()
    } else {
        let text = String::from_utf8_lossy(value);
        mask_urls(&text).into_owned()
    };
    (name.to_owned(), value)
}
