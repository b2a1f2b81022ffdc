//! The direction of responses: what they suffer, and the proxy's own among them.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::time::Instant;

use super::body::Body;
use super::head::{self, MAX_HEAD, ResponseHead};
use super::rule::{Abort, Rule};
use super::run::Run;
use super::talk::{Fault, Mode, Shared, Talk};
use crate::chaos::proxy::flow::{Close, Out, Stage, after};

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
/// One byte of so many is garbled.
const GARBLED: u64 = 8;
/// No value of JSON begins with it.
const GARBAGE: u8 = b'}';

pub struct Responses {
    rule: Arc<Rule>,
    talk: Shared,
    part: Part,
    /// The beginning of a head.
    held: BytesMut,
    /// Nothing leaves before.
    free: Instant,
}

/// What comes next.
enum Part {
    Head,
    Body {
        body: Body,
        is_faulty: bool,
        /// Bytes of the body itself that have come.
        passed: u64,
    },
    /// The connection ends once what was let through has gone.
    Gone,
}

impl Responses {
    pub fn new(rule: Arc<Rule>, talk: Shared, now: Instant) -> Self {
        Self {
            rule,
            talk,
            part: Part::Head,
            held: BytesMut::new(),
            free: now,
        }
    }

    fn finish(&mut self, how: Close, out: &mut Out) {
        out.finish(self.free, how);
        self.part = Part::Gone;
    }

    /// Goes through what can be gone through. Whether all else has to wait.
    fn advance(&mut self, talk: &mut Talk, run: &mut Run, out: &mut Out) -> bool {
        match &self.part {
            Part::Gone => drop(run.take_all(self.free, out)),
            Part::Body { .. } => self.body(talk, run, out),
            Part::Head => return self.head(talk, run, out),
        }
        false
    }

    fn head(&mut self, talk: &mut Talk, run: &mut Run, out: &mut Out) -> bool {
        let Some(front) = talk.waiting.front().cloned() else {
            // Nobody has asked, as far as is known.
            if talk.mode != Mode::Opaque {
                talk.mode = Mode::Guessing { asked: false };
            }
            run.pass_all();
            return false;
        };
        let bytes = run.rest();
        let bytes = bytes.get(..MAX_HEAD).unwrap_or(bytes);
        match head::response(bytes, front.is_head) {
            // The server speaks although the request did not go there.
            _ if front.own.is_some() => self.lose(talk, run, out),
            Ok(Some(head)) if head.status == 101 => tunnel(talk, run),
            Ok(Some(head)) if head.status < 200 => run.pass(head.length),
            Ok(Some(head)) if front.is_connect && head.status < 300 => tunnel(talk, run),
            Ok(Some(head)) => self.response(head, front.fault, talk, run, out),
            Ok(None) if run.rest().len() <= MAX_HEAD => return true,
            _ => self.lose(talk, run, out),
        }
        false
    }

    /// What comes is not understood: all of it passes, unless there is something else to be said.
    fn lose(&mut self, talk: &mut Talk, run: &mut Run, out: &mut Out) {
        run.pass_all();
        if owes(talk) {
            run.flush(self.free, out);
            self.finish(Close::Orderly, out);
        }
        talk.waiting.clear();
        talk.mode = Mode::Guessing { asked: false };
    }

    fn response(
        &mut self,
        head: ResponseHead,
        fault: Option<Fault>,
        talk: &mut Talk,
        run: &mut Run,
        out: &mut Out,
    ) {
        if let Some(Fault { delay }) = fault {
            let whole = run.take(head.length, self.free, out);
            self.free = after(self.free, delay);
            let length = match head.body {
                Body::Length(length) if self.rule.wrong_length != 0 => {
                    Some(length.saturating_add_signed(self.rule.wrong_length))
                }
                _ => None,
            };
            out.bytes(self.free, self.rule.response_headers.edit(&whole, length));
            if self.rule.abort == Some(Abort::Response) {
                return self.finish(Close::Reset, out);
            }
        } else {
            run.pass(head.length);
        }
        self.part = Part::Body {
            body: head.body,
            is_faulty: fault.is_some(),
            passed: 0,
        };
        self.end_body(talk, out);
    }

    fn body(&mut self, talk: &mut Talk, run: &mut Run, out: &mut Out) {
        let Part::Body {
            body,
            is_faulty,
            passed,
        } = &mut self.part
        else {
            return;
        };
        let Ok(step) = body.step(run.rest()) else {
            self.part = Part::Head;
            return self.lose(talk, run, out);
        };
        if !*is_faulty || !step.is_data {
            run.pass(step.length);
            return self.end_body(talk, out);
        }
        let before = *passed;
        *passed += step.length as u64;
        let left = self.rule.truncate.map(|most| most.saturating_sub(before));
        let goes = left.map_or(step.length, |left| {
            usize::try_from(left).map_or(step.length, |left| left.min(step.length))
        });
        if self.rule.malform {
            let data = run.take(goes, self.free, out);
            out.bytes(self.free, garbled(&data, before));
        } else {
            run.pass(goes);
        }
        if self.rule.truncate.is_some() {
            run.flush(self.free, out);
        }
        if goes < step.length {
            return self.finish(Close::Orderly, out);
        }
        self.end_body(talk, out);
    }

    /// Looks whether the body is complete, or as long as it may become.
    fn end_body(&mut self, talk: &mut Talk, out: &mut Out) {
        let Part::Body {
            body,
            is_faulty,
            passed,
        } = &self.part
        else {
            return;
        };
        if body.is_done() {
            self.part = Part::Head;
            talk.waiting.pop_front();
            if talk.waiting.is_empty() && talk.mode != Mode::Known && talk.mode != Mode::Opaque {
                talk.mode = Mode::Guessing { asked: false };
            }
        } else if *is_faulty
            && matches!(body, Body::Length(_))
            && self.rule.truncate.is_some_and(|most| *passed >= most)
        {
            self.finish(Close::Orderly, out);
        }
    }

    /// Gives the proxy's own answers whose turn it is.
    fn answer(&mut self, talk: &mut Talk, out: &mut Out) {
        while matches!(self.part, Part::Head) && self.held.is_empty() {
            let Some(front) = talk.waiting.front_mut() else {
                return;
            };
            let (fault, is_head) = (front.fault, front.is_head);
            let Some(own) = &mut front.own else { return };
            if let Some(asked) = own.expects.take() {
                self.free = self.free.max(asked);
                out.bytes(self.free, Bytes::from_static(CONTINUE));
            }
            let (Some(asked), is_last) = (own.asked, own.is_last) else {
                return;
            };
            let Some(answer) = &self.rule.answer else {
                return;
            };
            self.free = self.free.max(asked);
            let bytes = answer.bytes(is_head, is_last);
            let Ok(Some(head)) = head::response(&bytes, is_head) else {
                return self.finish(Close::Orderly, out);
            };
            let mut run = Run::new(bytes);
            self.response(head, fault, talk, &mut run, out);
            while !run.is_empty() {
                match self.part {
                    Part::Body { .. } => self.body(talk, &mut run, out),
                    _ => drop(run.take_all(self.free, out)),
                }
            }
            run.flush(self.free, out);
            if is_last && !matches!(self.part, Part::Gone) {
                self.finish(Close::Orderly, out);
            }
        }
    }

    fn let_go(&mut self, at: Instant, out: &mut Out) {
        out.bytes(at, self.held.split().freeze());
    }
}

/// Whether there are answers that the proxy itself has to give.
fn owes(talk: &Talk) -> bool {
    talk.waiting.iter().any(|expected| expected.own.is_some())
}

/// From here on it is something else.
fn tunnel(talk: &mut Talk, run: &mut Run) {
    talk.mode = Mode::Opaque;
    talk.waiting.clear();
    run.pass_all();
}

fn garbled(data: &[u8], before: u64) -> Bytes {
    (before..)
        .zip(data)
        .map(|(at, byte)| {
            if at.is_multiple_of(GARBLED) {
                GARBAGE
            } else {
                *byte
            }
        })
        .collect()
}

impl Stage for Responses {
    fn bytes(&mut self, at: Instant, mut bytes: Bytes, out: &mut Out) {
        let shared = self.talk.clone();
        let talk = &mut *shared.lock();
        self.free = self.free.max(at);
        if !self.held.is_empty() {
            // Without the end of a line there is nothing new to be learnt.
            let learns = bytes.contains(&b'\n');
            self.held.extend_from_slice(&bytes);
            if !learns && self.held.len() <= MAX_HEAD {
                return;
            }
            bytes = self.held.split().freeze();
        }
        let mut run = Run::new(bytes);
        while !run.is_empty() {
            if self.advance(talk, &mut run, out) {
                self.held = BytesMut::from(run.take_all(self.free, out));
            } else {
                if talk
                    .waiting
                    .front()
                    .is_some_and(|front| front.own.is_some())
                {
                    run.flush(self.free, out);
                    self.answer(talk, out);
                }
            }
        }
        run.flush(self.free, out);
    }

    fn end(&mut self, at: Instant, out: &mut Out) {
        self.free = self.free.max(at);
        self.let_go(self.free, out);
        if !matches!(self.part, Part::Gone) {
            out.end(self.free);
        }
    }

    fn poke(&mut self, now: Instant, out: &mut Out) {
        let shared = self.talk.clone();
        self.free = self.free.max(now);
        self.answer(&mut shared.lock(), out);
    }

    /// Who asked and was not answered yet would wait for ever.
    fn removed(&mut self, now: Instant, out: &mut Out) {
        self.let_go(now, out);
        if owes(&self.talk.lock()) {
            out.finish(now, Close::Orderly);
        }
    }
}
