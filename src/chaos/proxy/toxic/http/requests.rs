//! The direction of requests: which are meant, which go on, which are swallowed.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::time::Instant;

use super::body::Body;
use super::head::{self, MAX_HEAD, RequestHead};
use super::rule::{Abort, Rule};
use super::run::Run;
use super::talk::{Expected, Fault, Mode, Own, Shared, Talk};
use crate::chaos::proxy::counts::Tally;
use crate::chaos::proxy::draw::Draw;
use crate::chaos::proxy::flow::{Close, Out, Stage, after};
use crate::chaos::proxy::toxic::jittered;

/// With it a connection of TLS begins.
const TLS_HANDSHAKE: u8 = 0x16;

pub struct Requests {
    rule: Arc<Rule>,
    talk: Shared,
    draw: Draw,
    tally: Tally,
    part: Part,
    /// Nothing has come yet.
    is_first: bool,
    /// The beginning of a head.
    held: BytesMut,
}

/// What comes next, where that is known.
enum Part {
    Head,
    Body {
        body: Body,
        is_swallowed: bool,
        /// Nobody knows what follows it.
        is_upgrade: bool,
    },
    /// The connection is about to be reset.
    Gone,
}

impl Requests {
    pub fn new(rule: Arc<Rule>, talk: Shared, draw: Draw, tally: Tally) -> Self {
        Self {
            rule,
            talk,
            draw,
            tally,
            part: Part::Head,
            is_first: true,
            held: BytesMut::new(),
        }
    }

    /// Goes through what can be gone through. Whether all else has to wait.
    fn advance(&mut self, talk: &mut Talk, run: &mut Run, at: Instant, out: &mut Out) -> bool {
        match talk.mode {
            Mode::Opaque => run.pass_all(),
            Mode::Guessing { asked } => {
                if !asked && talk.waiting.is_empty() && head::begins_request(run.rest()) {
                    talk.mode = Mode::Known;
                    self.part = Part::Head;
                } else {
                    lose(talk, run);
                }
            }
            Mode::Known => match &self.part {
                Part::Gone => drop(run.take_all(at, out)),
                Part::Body { .. } => self.body(talk, run, at, out),
                Part::Head => return self.head(talk, run, at, out),
            },
        }
        false
    }

    fn head(&mut self, talk: &mut Talk, run: &mut Run, at: Instant, out: &mut Out) -> bool {
        if std::mem::take(&mut self.is_first) && run.rest().first() == Some(&TLS_HANDSHAKE) {
            talk.mode = Mode::Opaque;
            return false;
        }
        match head::request(&run.peek(MAX_HEAD)) {
            Ok(Some(head)) => self.request(head, talk, run, at, out),
            Ok(None) if run.rest().len() <= MAX_HEAD => return true,
            _ => lose(talk, run),
        }
        false
    }

    fn request(
        &mut self,
        head: RequestHead<'_>,
        talk: &mut Talk,
        run: &mut Run,
        at: Instant,
        out: &mut Out,
    ) {
        self.tally.request();
        let rule = Arc::clone(&self.rule);
        let fault = (rule.means(&head) && self.draw.happens(rule.share)).then(|| Fault {
            delay: jittered(&mut self.draw, rule.delay, rule.jitter),
        });
        let mut own = None;
        match fault {
            Some(Fault { delay }) if rule.abort == Some(Abort::Request) => {
                drop(run.take_all(at, out));
                self.part = Part::Gone;
                return out.close(after(at, delay), Close::Reset);
            }
            Some(_) if rule.answer.is_some() => {
                drop(run.take(head.length, at, out));
                own = Some(Own {
                    asked: None,
                    expects: head.expects.then_some(at),
                    is_last: !head.keep_alive,
                });
            }
            Some(_) if !rule.request_headers.is_empty() => {
                let whole = run.take(head.length, at, out);
                out.bytes(at, rule.request_headers.edit(&whole, None));
            }
            _ => run.pass(head.length),
        }
        let is_swallowed = own.is_some();
        let is_connect = head.method == "CONNECT" && !is_swallowed;
        talk.waiting.push_back(Expected {
            is_head: head.method == "HEAD",
            is_connect,
            fault,
            own,
        });
        if is_connect {
            // Only the answer tells what follows.
            talk.mode = Mode::Guessing { asked: true };
            return;
        }
        self.part = Part::Body {
            body: head.body,
            is_swallowed,
            is_upgrade: head.upgrade && !is_swallowed,
        };
        self.end_body(talk, at);
    }

    fn body(&mut self, talk: &mut Talk, run: &mut Run, at: Instant, out: &mut Out) {
        let Part::Body {
            body, is_swallowed, ..
        } = &mut self.part
        else {
            return;
        };
        match body.step(run.rest()) {
            Ok(step) if *is_swallowed => drop(run.take(step.length, at, out)),
            Ok(step) => run.pass(step.length),
            Err(_) if *is_swallowed => {
                drop(run.take_all(at, out));
                out.close(at, Close::Orderly);
            }
            Err(_) => lose(talk, run),
        }
        self.end_body(talk, at);
    }

    /// Looks whether the body is complete.
    fn end_body(&mut self, talk: &mut Talk, at: Instant) {
        let Part::Body {
            body,
            is_swallowed,
            is_upgrade,
        } = &self.part
        else {
            return;
        };
        if !body.is_done() || talk.mode != Mode::Known {
            return;
        }
        let last = talk.waiting.back_mut();
        if *is_swallowed && let Some(own) = last.and_then(|last| last.own.as_mut()) {
            own.asked = Some(at);
        }
        if *is_upgrade {
            talk.mode = Mode::Guessing { asked: true };
        }
        self.part = Part::Head;
    }

    fn let_go(&mut self, at: Instant, out: &mut Out) {
        out.bytes(at, self.held.split().freeze());
    }
}

/// What comes is not understood: all of it passes.
fn lose(talk: &mut Talk, run: &mut Run) {
    talk.mode = Mode::Guessing { asked: true };
    run.pass_all();
}

impl Stage for Requests {
    fn bytes(&mut self, at: Instant, mut bytes: Bytes, out: &mut Out) {
        let shared = self.talk.clone();
        let talk = &mut *shared.lock();
        if !self.held.is_empty() {
            // Without the end of a line there is nothing new to be learnt.
            let learns = bytes.contains(&b'\n') || talk.mode != Mode::Known;
            self.held.extend_from_slice(&bytes);
            if !learns && self.held.len() <= MAX_HEAD {
                return;
            }
            bytes = self.held.split().freeze();
        }
        let mut run = Run::new(bytes);
        while !run.is_empty() {
            if self.advance(talk, &mut run, at, out) {
                self.held = BytesMut::from(run.take_all(at, out));
            }
        }
        run.flush(at, out);
    }

    fn end(&mut self, at: Instant, out: &mut Out) {
        self.let_go(at, out);
        if !matches!(self.part, Part::Gone) {
            out.end(at);
        }
    }

    fn poke(&mut self, now: Instant, out: &mut Out) {
        if !self.held.is_empty() && self.talk.lock().mode != Mode::Known {
            self.let_go(now, out);
        }
    }

    fn removed(&mut self, now: Instant, out: &mut Out) {
        self.let_go(now, out);
    }
}
