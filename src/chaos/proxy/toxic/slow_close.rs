//! The end comes later than the data.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::{Attributes, Fit, Fitting, Kind, Toxic};
use crate::chaos::proxy::error::ProxyError;
use crate::chaos::proxy::flow::{Out, Stage, after};

pub(super) const KIND: Kind = Kind {
    name: "slow_close",
    about: "delays the end of a connection by `delay` milliseconds",
    attributes: &["delay"],
    make,
};

#[derive(Debug, Clone, Copy)]
struct SlowClose {
    delay: Duration,
}

fn make(attributes: &mut Attributes) -> Result<Box<dyn Toxic>, ProxyError> {
    Ok(Box::new(SlowClose {
        delay: attributes.millis("delay")?,
    }))
}

impl Toxic for SlowClose {
    fn attributes(&self) -> Map<String, Value> {
        Map::from_iter([("delay".into(), json!(self.delay.as_millis() as u64))])
    }

    fn fit(&self, _: Fitting) -> Fit {
        Fit::One(Box::new(*self))
    }
}

impl Stage for SlowClose {
    fn bytes(&mut self, at: Instant, bytes: Bytes, out: &mut Out) {
        out.bytes(at, bytes);
    }

    fn end(&mut self, at: Instant, out: &mut Out) {
        out.end(after(at, self.delay));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{at, stage};
    use super::*;
    use crate::chaos::proxy::flow::Item;

    #[test]
    fn only_the_end_is_late() {
        let mut stage = stage("slow_close", r#"{"delay": 1000}"#);
        let mut out = Out::default();
        stage.bytes(at(5), "x".into(), &mut out);
        stage.end(at(6), &mut out);
        assert_eq!(
            out.items(),
            [(at(5), Item::Bytes("x".into())), (at(1_006), Item::End)]
        );
    }
}
