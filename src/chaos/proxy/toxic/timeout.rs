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
    about: "stops all data, and closes the connection `timeout` milliseconds after the last (0: when the toxic is removed)",
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
        Fit::One(Box::new(Dark {
            timeout: self.timeout,
            end: None,
        }))
    }
}

struct Dark {
    timeout: Duration,
    end: Option<Instant>,
}

impl Dark {
    /// Each piece that is lost starts the time anew.
    fn wait(&mut self, now: Instant) {
        self.end = (!self.timeout.is_zero()).then(|| after(now, self.timeout));
    }
}

impl Stage for Dark {
    fn begin(&mut self, now: Instant, _: &mut Out) {
        self.wait(now);
    }

    fn bytes(&mut self, at: Instant, _: Bytes, _: &mut Out) {
        self.wait(at);
    }

    /// Who has finished is not kept waiting.
    fn end(&mut self, at: Instant, out: &mut Out) {
        out.close(at, Close::Orderly);
    }

    /// Data was lost: a connection that went on without it would be of no use.
    fn removed(&mut self, now: Instant, out: &mut Out) {
        out.close(now, Close::Orderly);
    }

    fn changed(&mut self, _: Instant, _: &mut Out) {}

    fn closing(&self) -> Option<(Instant, Close)> {
        self.end.map(|end| (end, Close::Orderly))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{at, stage};
    use super::*;

    #[test]
    fn nothing_passes_and_the_connection_ends_after_the_last_data() {
        let mut stage = stage("timeout", r#"{"timeout": 250}"#);
        let mut out = Out::default();
        stage.begin(at(0), &mut out);
        assert_eq!(stage.closing(), Some((at(250), Close::Orderly)));
        stage.bytes(at(100), "x".into(), &mut out);
        assert_eq!(stage.closing(), Some((at(350), Close::Orderly)));
        assert_eq!((out.items(), out.closing()), (&[][..], None));
        stage.end(at(200), &mut out);
        assert_eq!(out.closing(), Some((at(200), Close::Orderly)));
    }

    #[test]
    fn without_a_time_it_ends_when_the_toxic_is_gone_but_not_when_it_is_changed() {
        let mut stage = stage("timeout", "{}");
        let mut out = Out::default();
        stage.begin(at(0), &mut out);
        stage.changed(at(8), &mut out);
        assert_eq!((stage.closing(), out.closing()), (None, None));
        stage.removed(at(9), &mut out);
        assert_eq!(out.closing(), Some((at(9), Close::Orderly)));
    }
}
