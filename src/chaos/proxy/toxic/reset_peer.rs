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
        Fit::One(Box::new(Condemned {
            timeout: self.timeout,
            end: None,
        }))
    }
}

struct Condemned {
    timeout: Duration,
    end: Option<Instant>,
}

impl Stage for Condemned {
    fn bytes(&mut self, at: Instant, _: Bytes, _: &mut Out) {
        self.end.get_or_insert_with(|| after(at, self.timeout));
    }

    fn end(&mut self, at: Instant, _: &mut Out) {
        self.end.get_or_insert_with(|| after(at, self.timeout));
    }

    /// Data was lost: there is nothing left to wait for.
    fn removed(&mut self, now: Instant, out: &mut Out) {
        if self.end.is_some() {
            out.close(now, Close::Reset);
        }
    }

    fn changed(&mut self, _: Instant, out: &mut Out) {
        if let Some(end) = self.end {
            out.close(end, Close::Reset);
        }
    }

    fn closing(&self) -> Option<(Instant, Close)> {
        self.end.map(|end| (end, Close::Reset))
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
        assert_eq!(stage.closing(), None);
        stage.bytes(at(10), "x".into(), &mut out);
        stage.bytes(at(20), "y".into(), &mut out);
        assert_eq!(
            (out.items(), stage.closing()),
            (&[][..], Some((at(40), Close::Reset)))
        );
    }

    #[test]
    fn who_is_condemned_is_reset_when_the_toxic_is_gone() {
        let mut out = Out::default();
        stage("reset_peer", r#"{"timeout": 30}"#).removed(at(1), &mut out);
        assert_eq!(out.closing(), None);
        let mut stage = stage("reset_peer", r#"{"timeout": 60000}"#);
        stage.bytes(at(10), "x".into(), &mut out);
        stage.removed(at(20), &mut out);
        assert_eq!(out.closing(), Some((at(20), Close::Reset)));
    }
}
