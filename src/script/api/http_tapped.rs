//! Requests that someone looks on at: with their headers and bodies, which nobody else needs.

use std::cell::{Cell, RefCell};

use super::http::Ready;
use super::http_shown::{explain, request_headers, response_headers};
use crate::http::{Exchange, Observer, Response};
use crate::vu::tap::{Body, Exchanged, What};
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
    let url = request.target.shown().to_owned();
    let (method, body) = (
        request.method.to_string(),
        Body::of(&request.body.to_bytes()),
    );
    let headers = request_headers(vu, &request);
    let onlooker = Onlooker {
        recorder: RequestObserver {
            vu,
            name: recording.name,
            tags: recording.tags,
            unexplained: RefCell::default(),
        },
        hops: Cell::new(0),
        bytes: Cell::new((0, 0)),
        expected: Cell::new(false),
    };
    let response = vu
        .session
        .send(&vu.worker.client, &mut request, &onlooker)
        .await;
    if let Some(key) = onlooker.recorder.unexplained.take() {
        explain(vu, &key, &request, &response);
    }
    let (bytes_sent, bytes_received) = onlooker.bytes.get();
    vu.tell(|| {
        let final_url = response.target.shown().to_owned();
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
            response_headers: response_headers(&response),
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
