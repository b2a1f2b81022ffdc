//! What the virtual users of one worker gathered since the last report.

use crate::metrics::SeriesId;
use crate::trace::{Exemplar, Exemplars, Sampling, SlowRequest, SlowRequests, Span, Tail, Tracing};

/// Spans a second and worker; the rest is counted.
const SPANS_PER_SECOND: usize = 10_000;

/// Kept traces of one worker.
#[derive(Debug)]
pub struct Basket {
    spans: Vec<Span>,
    lost: u64,
    pub slow: SlowRequests,
    /// If somebody takes them.
    pub exemplars: Option<Exemplars>,
    /// In tail mode.
    tail: Option<Tail>,
}

/// What was in it.
#[derive(Debug, Default)]
pub struct Gathered {
    pub spans: Vec<Span>,
    /// Spans that were too many.
    pub lost: u64,
    pub slow: Vec<SlowRequest>,
    /// With the series that each stands for.
    pub exemplars: Vec<(SeriesId, Exemplar)>,
}

impl Basket {
    /// An empty one.
    pub fn new(tracing: Option<&Tracing>) -> Self {
        let settings = tracing.map(|tracing| &tracing.settings);
        let tail = settings.filter(|settings| settings.sampling == Sampling::Tail);
        Self {
            spans: Vec::new(),
            lost: 0,
            slow: SlowRequests::default(),
            exemplars: tracing.and_then(|tracing| tracing.exemplars.clone().map(Exemplars::new)),
            tail: tail.map(|settings| Tail::new(settings.slowest)),
        }
    }

    /// Whether a request that took so many nanoseconds is among the slowest of this worker so far, which only tail mode asks.
    pub fn is_slow(&mut self, nanos: u64) -> bool {
        self.tail.as_mut().is_some_and(|tail| tail.is_slow(nanos))
    }

    /// Takes the trace that `add` adds, whole or not at all: a part of one would look as if the rest had not been. Says whether it did.
    pub fn put(&mut self, add: impl FnOnce(&mut Vec<Span>)) -> bool {
        let before = self.spans.len();
        add(&mut self.spans);
        let fits = self.spans.len() <= SPANS_PER_SECOND;
        if !fits {
            self.lost += (self.spans.len() - before) as u64;
            self.spans.truncate(before);
        }
        fits
    }

    /// What is in it; afterwards it is empty.
    pub fn take(&mut self) -> Gathered {
        // The next second will have about as many.
        let next = Vec::with_capacity(self.spans.len());
        Gathered {
            spans: std::mem::replace(&mut self.spans, next),
            lost: std::mem::take(&mut self.lost),
            slow: self.slow.take(),
            exemplars: self
                .exemplars
                .as_mut()
                .map(Exemplars::take)
                .unwrap_or_default(),
        }
    }
}

impl Gathered {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty() && self.lost == 0 && self.slow.is_empty() && self.exemplars.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{Kind, Settings};

    #[test]
    fn what_is_too_much_for_a_second_is_counted() {
        let tracing = Tracing::new(Settings::default(), 1, true);
        let mut ids = tracing.ids();
        let mut basket = Basket::new(Some(&tracing));
        let trace = |ids: &mut crate::trace::Ids| -> Vec<Span> {
            let id = ids.trace();
            let span = |_| Span {
                trace: id,
                id: ids.span(),
                parent: None,
                name: "".into(),
                kind: Kind::Internal,
                begin: 0,
                end: 0,
                attributes: Vec::new(),
                failure: None,
            };
            (0..3_000).map(span).collect()
        };
        for _ in 0..4 {
            basket.put(|spans| spans.extend(trace(&mut ids)));
        }
        let gathered = basket.take();
        assert_eq!((gathered.spans.len(), gathered.lost), (9_000, 3_000));
        assert!(basket.take().is_empty());
        basket.put(|spans| spans.extend(trace(&mut ids)));
        assert_eq!(basket.take().spans.len(), 3_000);
    }
}
