//! Requests of a traced run: each tells the target where it stands, and those of traces that are recorded are noted.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Instant;

use super::http::Ready;
use super::http_shown::explain;
use crate::http::{Exchange, Observer, Request, Response, Target};
use crate::trace::{Mark, Tracing};
use crate::vu::traced::{self, Context, Hop};
use crate::vu::{RequestObserver, Vu};

/// Has the request tell the target where it stands. Gives the place if the trace is recorded.
pub fn mark(vu: &Vu, tracing: &Tracing, request: &mut Request) -> Option<Context> {
    let context = vu.trace.as_ref()?.borrow_mut().context();
    request.mark = Some(Mark {
        format: tracing.settings.propagation,
        trace: context.trace,
        span: context.span,
        sampled: context.sampled,
    });
    context.sampled.then_some(context)
}

/// Notes each exchange, beside the one who records it.
struct Follower<'a> {
    recorder: RequestObserver<'a>,
    hops: RefCell<Vec<Hop>>,
    expected: Cell<bool>,
}

impl Observer for Follower<'_> {
    fn exchanged(&self, exchange: &Exchange<'_>) {
        let ended = Instant::now();
        let series = self.recorder.record(exchange);
        self.hops.borrow_mut().push(Hop {
            ended,
            timings: exchange.timings,
            late: self.recorder.late(&exchange.timings),
            series,
        });
        self.expected.set(exchange.expected);
    }

    fn abandoned(&self, bytes_sent: u64, bytes_received: u64) {
        self.recorder.abandoned(bytes_sent, bytes_received);
    }
}

/// A request that is under way; one that is cut off is noted as well.
struct UnderWay<'a> {
    vu: &'a Vu,
    context: Context,
    note: Option<traced::Request>,
}

impl UnderWay<'_> {
    fn end(&mut self, change: impl FnOnce(&mut traced::Request)) {
        let (Some(mut note), Some(trace)) = (self.note.take(), &self.vu.trace) else {
            return;
        };
        note.ended = Instant::now();
        change(&mut note);
        let is_slow = !note.hops.is_empty() && {
            let mut basket = self.vu.worker.basket.borrow_mut();
            basket.is_slow(note.duration())
        };
        trace.borrow_mut().request(&self.context, note, is_slow);
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.end(|_| {});
    }
}

/// Sends a request as [`super::http::send`] does, and notes how it went.
pub async fn send(vu: &Vu, ready: Ready, context: Context) -> Response {
    let Ready {
        mut request,
        recording,
    } = ready;
    let began = Instant::now();
    let target: Rc<Target> = request.target.clone();
    let mut under_way = UnderWay {
        vu,
        context,
        note: Some(traced::Request {
            id: context.span,
            parent: context.parent,
            began,
            ended: began,
            method: request.method.clone(),
            last: target.clone(),
            target,
            name: recording.name.clone(),
            status: 0,
            protocol: Default::default(),
            error: None,
            expected: false,
            hops: Vec::new(),
        }),
    };
    let follower = Follower {
        recorder: RequestObserver {
            vu,
            name: recording.name,
            tags: recording.tags,
            unexplained: RefCell::default(),
        },
        hops: RefCell::default(),
        expected: Cell::new(false),
    };
    let response = vu
        .session
        .send(&vu.worker.client, &mut request, &follower)
        .await;
    if let Some(key) = follower.recorder.unexplained.take() {
        explain(vu, &key, &request, &response);
    }
    under_way.end(|note| {
        note.last = response.target.clone();
        note.status = response.status;
        note.protocol = response.protocol;
        note.error.clone_from(&response.error);
        note.expected = follower.expected.get();
        note.hops = follower.hops.take();
    });
    response
}
