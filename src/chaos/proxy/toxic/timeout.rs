//! Nothing passes any more, and after a while the connection is closed.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::{Attributes, Fit, Fitting, Kind, Toxic};
use crate::chaos::proxy::error::ProxyError;
use crate::chaos::proxy::flow::{Close, Out, Stage, after};

pub(super) const KIND: Kind = Kind {
    name: "timeout",
    about: "stops all data, and closes the connection after `timeout` milliseconds (0: when the toxic is removed)",
    attributes: &["timeout"],
    make,
};

#[derive(Debug, Clone, Copy)]
struct Timeout {
    timeout: Duration,
}

fn make(attributes: &mut Attributes) -> Result<Box<dyn Toxic>, ProxyError> {
    Ok(Box::new(Timeout {
        timeout: attributes.millis("timeout")?,
    }))
}

impl Toxic for Timeout {
    fn attributes(&self) -> Map<String, Value> {
        Map::from_iter([("timeout".into(), json!(self.timeout.as_millis() as u64))])
    }

    fn fit(&self, _: Fitting) -> Fit {
        Fit::One(Box::new(*self))
    }
}

impl Stage for Timeout {
    fn begin(&mut self, now: Instant, out: &mut Out) {
        if !self.timeout.is_zero() {
            out.close(after(now, self.timeout), Close::Orderly);
        }
    }

    fn bytes(&mut self, _: Instant, _: Bytes, _: &mut Out) {}

    fn end(&mut self, _: Instant, _: &mut Out) {}

    /// Data was lost: a connection that went on without it would be of no use.
    fn removed(&mut self, now: Instant, out: &mut Out) {
        out.close(now, Close::Orderly);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{at, stage};
    use super::*;

    #[test]
    fn nothing_passes_and_the_connection_ends() {
        let mut stage = stage("timeout", r#"{"timeout": 250}"#);
        let mut out = Out::default();
        stage.begin(at(0), &mut out);
        stage.bytes(at(1), "x".into(), &mut out);
        stage.end(at(2), &mut out);
        assert_eq!(
            (out.items(), out.closing()),
            (&[][..], Some((at(250), Close::Orderly)))
        );
    }

    #[test]
    fn without_a_time_it_ends_when_the_toxic_is_gone() {
        let mut stage = stage("timeout", "{}");
        let mut out = Out::default();
        stage.begin(at(0), &mut out);
        assert_eq!(out.closing(), None);
        stage.removed(at(9), &mut out);
        assert_eq!(out.closing(), Some((at(9), Close::Orderly)));
    }
}
