//! It takes long until a connection is one.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Arrival, Attributes, Fit, Fitting, Gate, Kind, Toxic, jittered};
use crate::chaos::proxy::error::ProxyError;

pub(super) const KIND: Kind = Kind {
    name: "handshake_delay",
    about: "connects to the upstream `delay` ± `jitter` milliseconds after the client came",
    attributes: &["delay", "jitter"],
    make,
};

#[derive(Debug, Clone, Copy)]
struct HandshakeDelay {
    delay: Duration,
    jitter: Duration,
}

fn make(attributes: &mut Attributes) -> Result<Box<dyn Toxic>, ProxyError> {
    Ok(Box::new(HandshakeDelay {
        delay: attributes.millis("delay")?,
        jitter: attributes.millis("jitter")?,
    }))
}

impl Toxic for HandshakeDelay {
    fn attributes(&self) -> Map<String, Value> {
        Map::from_iter([
            ("delay".into(), json!(self.delay.as_millis() as u64)),
            ("jitter".into(), json!(self.jitter.as_millis() as u64)),
        ])
    }

    fn gate(&self, arrival: &mut Arrival) -> Gate {
        Gate::Wait(jittered(&mut arrival.draw, self.delay, self.jitter))
    }

    fn fit(&self, _: Fitting) -> Fit {
        Fit::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{arrive, made};
    use super::*;

    /// Milliseconds that the connection of that number waits.
    fn wait(attributes: &str, number: u64) -> u128 {
        match arrive(made("handshake_delay", attributes).as_ref(), number) {
            Gate::Wait(wait) => wait.as_millis(),
            _ => panic!("no wait"),
        }
    }

    #[test]
    fn a_connection_waits_before_it_is_one() {
        assert_eq!(wait(r#"{"delay": 250}"#, 0), 250);
    }

    #[test]
    fn jitter_lies_on_both_sides() {
        let attributes = r#"{"delay": 250, "jitter": 50}"#;
        let waits: Vec<_> = (0..200).map(|number| wait(attributes, number)).collect();
        assert!(waits.iter().all(|wait| (200..=300).contains(wait)));
        assert!(waits.iter().any(|wait| *wait < 220) && waits.iter().any(|wait| *wait > 280));
    }
}
