//! Faults of HTTP/1.1: answers that no server gave, late, cut or garbled responses, changed headers.
//!
//! In: the bytes of both directions, however they are cut. Out: the same bytes, but for the requests that a [`Rule`] means, and
//! their responses. `requests` reads heads and bodies of requests, draws the faults and tells `responses` by what both share
//! (`talk`) which responses are outstanding, in their order. The proxy's own answers wait there for their turn and leave in the
//! direction of responses, which is poked after each request.
//!
//! What is not understood passes untouched: TLS, HTTP/2, tunnels, heads beyond 64 KB, anything else. On a connection that was
//! open before, nothing is known of what is under way, so it begins with the next bytes that look like a request while no answer
//! is outstanding.

mod answer;
mod body;
mod edits;
mod glob;
mod head;
mod requests;
mod responses;
mod rule;
mod run;
mod talk;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{Map, Value};

use requests::Requests;
use responses::Responses;
use rule::Rule;
use talk::{Mode, Shared};

use super::{Attributes, Fit, Fitting, Kind, Toxic};
use crate::chaos::proxy::error::ProxyError;
use crate::chaos::proxy::worn::Stream;

pub(super) const KIND: Kind = Kind {
    name: "http",
    about: "spoils requests of HTTP/1.1 that match `method`, `path` and `header`, and their responses",
    attributes: &[
        "method",
        "path",
        "header",
        "percentage",
        "status",
        "body",
        "headers",
        "delay",
        "jitter",
        "abort",
        "truncate",
        "malform",
        "wrong_length",
        "set_headers",
        "remove_headers",
        "set_request_headers",
        "remove_request_headers",
    ],
    make,
};

#[derive(Debug)]
struct Http {
    rule: Arc<Rule>,
}

fn make(attributes: &mut Attributes) -> Result<Box<dyn Toxic>, ProxyError> {
    Ok(Box::new(Http {
        rule: Arc::new(Rule::read(attributes)?),
    }))
}

impl Toxic for Http {
    fn attributes(&self) -> Map<String, Value> {
        self.rule.attributes()
    }

    fn fit(&self, fitting: Fitting) -> Fit {
        let talk = Shared::new(match fitting.spoke {
            None => Mode::Known,
            Some(spoke) => Mode::Guessing {
                asked: spoke == Stream::Upstream,
            },
        });
        let rule = || Arc::clone(&self.rule);
        let requests = Requests::new(rule(), talk.clone(), fitting.draw, fitting.tally);
        let responses = Responses::new(rule(), talk, fitting.now);
        Fit::Both(Box::new(requests), Box::new(responses))
    }
}
