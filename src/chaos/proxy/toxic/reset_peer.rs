//! The connection is reset.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::{Attributes, Fit, Fitting, Kind, Toxic};
use crate::chaos::proxy::error::ProxyError;
use crate::chaos::proxy::flow::{Close, Out, Stage, after};

pub(super) const KIND: Kind = Kind {
    name: "reset_peer",
    about: "resets the connection `timeout` milliseconds after the first data reaches it",
    attributes: &["timeout"],
    make,
};

#[derive(Debug, Clone, Copy)]
struct ResetPeer {
    timeout: Duration,
}

fn make(attributes: &mut Attributes) -> Result<Box<dyn Toxic>, ProxyError> {
    Ok(Box::new(ResetPeer {
        timeout: attributes.millis("timeout")?,
    }))
}

impl Toxic for ResetPeer {
    fn attributes(&self) -> Map<String, Value> {
        Map::from_iter([("timeout".into(), json!(self.timeout.as_millis() as u64))])
    }

    fn fit(&self, _: Fitting) -> Fit {
        Fit::One(Box::new(*self))
    }
}

impl Stage for ResetPeer {
    fn bytes(&mut self, at: Instant, _: Bytes, out: &mut Out) {
        out.close(after(at, self.timeout), Close::Reset);
    }

    fn end(&mut self, at: Instant, out: &mut Out) {
        out.close(after(at, self.timeout), Close::Reset);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{at, stage};
    use super::*;

    #[test]
    fn the_first_data_starts_the_clock() {
        let mut stage = stage("reset_peer", r#"{"timeout": 30}"#);
        let mut out = Out::default();
        stage.begin(at(0), &mut out);
        assert_eq!(out.closing(), None);
        stage.bytes(at(10), "x".into(), &mut out);
        stage.bytes(at(20), "y".into(), &mut out);
        assert_eq!(
            (out.items(), out.closing()),
            (&[][..], Some((at(40), Close::Reset)))
        );
    }
}
