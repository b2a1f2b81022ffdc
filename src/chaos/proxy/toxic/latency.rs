//! Everything comes later.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::{Attributes, Fit, Fitting, Kind, Toxic, jittered};
use crate::chaos::proxy::draw::Draw;
use crate::chaos::proxy::error::ProxyError;
use crate::chaos::proxy::flow::{Out, Stage, after};

pub(super) const KIND: Kind = Kind {
    name: "latency",
    about: "delays all data by `latency` ± `jitter` milliseconds",
    attributes: &["latency", "jitter"],
    make,
};

/// What may be under way: as much as 1,024 chunks of 32 KiB.
const UNDER_WAY: usize = 32 << 20;

#[derive(Debug, Clone, Copy)]
struct Latency {
    latency: Duration,
    jitter: Duration,
}

fn make(attributes: &mut Attributes) -> Result<Box<dyn Toxic>, ProxyError> {
    Ok(Box::new(Latency {
        latency: attributes.millis("latency")?,
        jitter: attributes.millis("jitter")?,
    }))
}

impl Toxic for Latency {
    fn attributes(&self) -> Map<String, Value> {
        Map::from_iter([
            ("latency".into(), json!(self.latency.as_millis() as u64)),
            ("jitter".into(), json!(self.jitter.as_millis() as u64)),
        ])
    }

    fn fit(&self, fitting: Fitting) -> Fit {
        Fit::One(Box::new(Later {
            toxic: *self,
            draw: fitting.draw,
        }))
    }

    fn holds(&self) -> usize {
        UNDER_WAY
    }
}

struct Later {
    toxic: Latency,
    draw: Draw,
}

impl Stage for Later {
    fn bytes(&mut self, at: Instant, bytes: Bytes, out: &mut Out) {
        let delay = jittered(&mut self.draw, self.toxic.latency, self.toxic.jitter);
        out.bytes(after(at, delay), bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{at, stage, through};

    #[test]
    fn bytes_come_as_much_later_as_is_said() {
        let mut stage = stage("latency", r#"{"latency": 200}"#);
        let out = through(stage.as_mut(), &[(0, "a"), (50, "b")]);
        assert_eq!(out, [(200, "a".to_owned()), (250, "b".to_owned())]);
    }

    #[test]
    fn jitter_lies_on_both_sides_and_never_before_now() {
        let mut stage = stage("latency", r#"{"latency": 10, "jitter": 30}"#);
        let mut out = crate::chaos::proxy::Out::default();
        for _ in 0..1_000 {
            stage.bytes(at(0), "x".into(), &mut out);
        }
        let times = out.items().iter().map(|(time, _)| *time);
        let (first, last) = (times.clone().min().unwrap(), times.max().unwrap());
        assert_eq!(first, at(0));
        assert!(last <= at(40) && last > at(35));
    }
}
