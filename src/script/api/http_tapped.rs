//! Requests that someone looks on at: with their headers and bodies, which nobody else needs.

use std::cell::Cell;

use super::http::Ready;
use crate::http::{Exchange, Observer, Request, Response};
use crate::secrets::{MASK, is_secret_name, mask_urls};
use crate::vu::tap::{Body, Exchanged, Headers, What};
use crate::vu::{RequestObserver, Vu};

/// Counts what goes over the wire, beside the one who records it.
struct Onlooker<'a> {
    recorder: RequestObserver<'a>,
    hops: Cell<u32>,
    bytes: Cell<(u64, u64)>,
    expected: Cell<bool>,
}

impl Onlooker<'_> {
    fn add(&self, sent: u64, received: u64) {
        let (all_sent, all_received) = self.bytes.get();
        self.bytes.set((all_sent + sent, all_received + received));
    }
}

impl Observer for Onlooker<'_> {
    fn exchanged(&self, exchange: &Exchange<'_>) {
        self.hops.set(self.hops.get() + 1);
        self.add(exchange.bytes_sent, exchange.bytes_received);
        self.expected.set(exchange.expected);
        self.recorder.exchanged(exchange);
    }

    fn abandoned(&self, bytes_sent: u64, bytes_received: u64) {
        self.add(bytes_sent, bytes_received);
        self.recorder.abandoned(bytes_sent, bytes_received);
    }
}

/// Sends a request as [`super::http::send`] does, and tells of it.
pub async fn send(vu: &Vu, ready: Ready) -> Response {
    let Ready {
        mut request,
        recording,
    } = ready;
    let name = recording.name.as_ref().map(ToString::to_string);
    let url = shown_url(&request.target.url);
    let (method, body) = (
        request.method.to_string(),
        Body::of(&request.body.to_bytes()),
    );
    let mut headers: Headers = request
        .headers
        .iter()
        .map(|(name, value)| shown(name.as_str(), value.as_bytes()))
        .collect();
    if let Some(kind) = request.body.content_type()
        && !request.has_header(&http::header::CONTENT_TYPE)
    {
        headers.push(("content-type".to_owned(), kind.to_owned()));
    }
    if request.auth.is_some() {
        headers.push(("authorization".to_owned(), MASK.to_owned()));
    }
    if has_cookies(vu, &request) {
        headers.push(("cookie".to_owned(), MASK.to_owned()));
    }
    let onlooker = Onlooker {
        recorder: RequestObserver {
            vu,
            name: recording.name,
            tags: recording.tags,
        },
        hops: Cell::new(0),
        bytes: Cell::new((0, 0)),
        expected: Cell::new(false),
    };
    let response = vu
        .session
        .send(&vu.worker.client, &mut request, &onlooker)
        .await;
    let (bytes_sent, bytes_received) = onlooker.bytes.get();
    vu.tell(|| {
        let mut response_headers = Headers::new();
        response
            .headers
            .for_each(|name, value| response_headers.push(shown(name, value)));
        let final_url = shown_url(&response.target.url);
        What::Request(Box::new(Exchanged {
            name,
            method,
            final_url: (final_url != url).then_some(final_url),
            url,
            request_headers: headers,
            request_body: body,
            status: response.status,
            protocol: response.protocol.as_str(),
            timings: response.timings,
            bytes_sent,
            bytes_received,
            hops: onlooker.hops.get(),
            response_headers,
            response_body: Body::of(&response.body),
            error: response
                .error
                .as_ref()
                .map(|error| error.message().to_owned()),
            expected: onlooker.expected.get(),
        }))
    });
    response
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

fn shown_url(url: &url::Url) -> String {
    crate::vu::redact(url)
}
