//! What a virtual user of a traced run notes of its iteration, and what becomes of it at the end.
//!
//! - **In**: the iteration's beginning and end ([`begin`], [`finish`]), groups, and requests with their phases.
//! - **Out**: headers for requests ([`Trace::context`]), and in the worker's [`Basket`] the spans of iterations that are kept, and requests
//!   of them as examples of what was recorded.
//!
//! While the iteration goes on only notes are taken, of what is there anyway; spans are made of them when it is kept. A user of a run
//! that is not traced has no [`Trace`], and pays a look at an empty field.

mod basket;
mod notes;

use std::rc::Rc;
use std::time::Instant;

pub use basket::{Basket, Gathered};
use notes::{Group, Note, Root};
pub use notes::{Hop, Request};

use super::context::Vu;
use super::life::Outcome;
use crate::trace::{Ids, Sampling, SpanId, TraceId, Tracing};

/// Notes of one iteration; the rest is counted.
const MOST: usize = 1_000;

/// One virtual user's trace: of its present iteration, or of the last.
#[derive(Debug)]
pub struct Trace {
    ids: Ids,
    id: TraceId,
    root: SpanId,
    /// What the target is told.
    sampled: bool,
    /// Whether a part of the script is running.
    is_on: bool,
    /// Groups that were entered and not left, by their places among the notes.
    open: Vec<(SpanId, Option<usize>)>,
    notes: Vec<Note>,
    left_out: u64,
    /// In tail mode: a request failed or was slow.
    is_worthy: bool,
    began: Instant,
}

/// Where a request stands in its trace.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    pub trace: TraceId,
    pub span: SpanId,
    pub parent: SpanId,
    pub sampled: bool,
}

impl Trace {
    /// For a virtual user of a run that is traced.
    pub fn new(mut ids: Ids) -> Self {
        Self {
            id: ids.trace(),
            root: ids.span(),
            ids,
            sampled: false,
            is_on: false,
            open: Vec::new(),
            notes: Vec::new(),
            left_out: 0,
            is_worthy: false,
            began: Instant::now(),
        }
    }

    fn begin(&mut self, sampling: Sampling, now: Instant) {
        self.id = self.ids.trace();
        self.root = self.ids.span();
        self.sampled = sampling.takes(self.id);
        self.is_on = true;
        self.open.clear();
        self.notes.clear();
        self.left_out = 0;
        self.is_worthy = false;
        self.began = now;
    }

    /// Where a request that begins now stands.
    pub fn context(&mut self) -> Context {
        Context {
            trace: self.id,
            span: self.ids.span(),
            parent: self.parent(),
            sampled: self.sampled,
        }
    }

    /// The trace and the innermost span, if someone will see them.
    pub fn seen(&self) -> Option<(TraceId, SpanId)> {
        self.sampled.then(|| (self.id, self.parent()))
    }

    fn parent(&self) -> SpanId {
        self.open.last().map_or(self.root, |(id, _)| *id)
    }

    fn note(&mut self, note: Note) -> Option<usize> {
        if self.notes.len() >= MOST {
            self.left_out += 1;
            return None;
        }
        self.notes.push(note);
        Some(self.notes.len() - 1)
    }

    /// A group is entered.
    pub fn enter(&mut self, path: &str) {
        if !(self.is_on && self.sampled) {
            return;
        }
        let (id, parent) = (self.ids.span(), self.parent());
        let place = self.note(Note::Group(Group {
            id,
            parent,
            path: path.to_owned(),
            began: Instant::now(),
            ended: None,
        }));
        self.open.push((id, place));
    }

    /// The innermost group is left.
    pub fn leave(&mut self) {
        let Some((_, Some(place))) = self.open.pop() else {
            return;
        };
        if let Some(Note::Group(group)) = self.notes.get_mut(place) {
            group.ended = Some(Instant::now());
        }
    }

    /// A request is over. One that outlives its iteration belongs to nothing any more.
    pub fn request(&mut self, context: &Context, request: Request, is_slow: bool) {
        if !self.is_on || context.trace != self.id {
            return;
        }
        // What was cut off says nothing about the target.
        let answered = request.status > 0 || request.error.is_some();
        self.is_worthy |= is_slow || (answered && !request.expected);
        self.note(Note::Request(Box::new(request)));
    }
}

/// A part of the script begins now: an iteration, `setup` or another.
pub fn begin(vu: &Vu, now: Instant) {
    if let (Some(trace), Some(tracing)) = (&vu.trace, &vu.worker.run.tracing) {
        trace.borrow_mut().begin(tracing.settings.sampling, now);
    }
}

/// It is over: what was noted is kept, or forgotten. `part` is the function that ran.
pub fn finish(vu: &Vu, part: &str, outcome: &Outcome) {
    if let (Some(trace), Some(tracing)) = (&vu.trace, &vu.worker.run.tracing) {
        let mut trace = trace.borrow_mut();
        trace.is_on = false;
        if trace.sampled {
            settle(vu, &mut trace, tracing, part, outcome);
        }
    }
}

#[cold]
fn settle(vu: &Vu, trace: &mut Trace, tracing: &Tracing, part: &str, outcome: &Outcome) {
    let failure = match outcome {
        Outcome::Failed(failure) => Some(failure.message.clone()),
        Outcome::Abort(reason) => Some(reason.clone()),
        Outcome::Interrupted(_) => Some("it was cut off".to_owned()),
        Outcome::Done => None,
    };
    let is_kept = match tracing.settings.sampling {
        Sampling::Tail => trace.is_worthy || matches!(outcome, Outcome::Failed(_)),
        Sampling::Ratio(_) => true,
        Sampling::Off => false,
    };
    let notes = std::mem::take(&mut trace.notes);
    if is_kept {
        let mut basket = vu.worker.basket.borrow_mut();
        let mut is_whole = true;
        if tracing.exports {
            let root = Root {
                trace: trace.id,
                id: trace.root,
                part: part.to_owned(),
                scenario: &vu.scenario.name,
                vu: vu.id,
                iteration: vu.iteration.get(),
                began: trace.began,
                ended: Instant::now(),
                failure,
                left_out: trace.left_out,
            };
            let ids = &mut trace.ids;
            is_whole = basket.put(|spans| root.spans(&notes, tracing, ids, spans));
        }
        // What is thrown away leads nowhere.
        if is_whole {
            for note in &notes {
                if let Note::Request(request) = note {
                    tell_of(request, vu, trace.id, tracing, &mut basket);
                }
            }
        }
    }
    // Its room serves the next iteration.
    trace.notes = notes;
    trace.notes.clear();
}

/// A request of a trace that is kept is among the slowest perhaps, and an example of what was recorded.
fn tell_of(request: &Request, vu: &Vu, trace: TraceId, tracing: &Tracing, basket: &mut Basket) {
    let since = request.ended.saturating_duration_since(vu.worker.run.epoch);
    request.offer(&mut basket.slow, trace, since.as_secs_f64());
    if let Some(exemplars) = &mut basket.exemplars {
        for (series, exemplar) in request.examples(trace, tracing) {
            exemplars.add(series, exemplar);
        }
    }
}

/// What metrics call a request.
pub(super) fn name_of(name: Option<&Rc<str>>, target: &crate::http::Target) -> Rc<str> {
    name.unwrap_or(&target.name).clone()
}
