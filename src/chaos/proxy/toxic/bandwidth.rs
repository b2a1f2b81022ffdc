//! Only so much passes in a second.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::{Attributes, Fit, Fitting, Kind, Toxic};
use crate::chaos::proxy::error::ProxyError;
use crate::chaos::proxy::flow::{Out, Stage, after};

pub(super) const KIND: Kind = Kind {
    name: "bandwidth",
    about: "lets `rate` KB a second through, of each connection or, if `shared`, of all together",
    attributes: &["rate", "shared"],
    make,
};

/// Data goes on in pieces of this time, so that a slow line trickles.
const PIECE_MILLIS: u64 = 100;

/// When the line is free again.
type Line = Arc<Mutex<Option<Instant>>>;

#[derive(Debug)]
struct Bandwidth {
    /// Thousands of bytes a second, which is bytes a millisecond. With 0 nothing passes.
    rate: u64,
    /// The line of all connections, if they share one.
    shared: Option<Line>,
}

fn make(attributes: &mut Attributes) -> Result<Box<dyn Toxic>, ProxyError> {
    Ok(Box::new(Bandwidth {
        rate: attributes.count("rate", 0)?,
        shared: attributes.truth("shared")?.then(Line::default),
    }))
}

impl Toxic for Bandwidth {
    fn attributes(&self) -> Map<String, Value> {
        let mut attributes = Map::from_iter([("rate".into(), json!(self.rate))]);
        if self.shared.is_some() {
            attributes.insert("shared".into(), json!(true));
        }
        attributes
    }

    fn fit(&self, _: Fitting) -> Fit {
        Fit::One(Box::new(Narrow {
            rate: self.rate,
            line: self.shared.clone().unwrap_or_default(),
        }))
    }
}

struct Narrow {
    rate: u64,
    line: Line,
}

impl Stage for Narrow {
    fn bytes(&mut self, at: Instant, mut bytes: Bytes, out: &mut Out) {
        const NEVER: Duration = Duration::MAX;
        if self.rate == 0 {
            return out.bytes(after(at, NEVER), bytes);
        }
        let most = usize::try_from(self.rate.saturating_mul(PIECE_MILLIS)).unwrap_or(usize::MAX);
        let mut free = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        while !bytes.is_empty() {
            let piece = bytes.split_to(bytes.len().min(most));
            let nanos = piece.len() as u64 * 1_000_000 / self.rate;
            let done = after(
                free.map_or(at, |free| free.max(at)),
                Duration::from_nanos(nanos),
            );
            *free = Some(done);
            out.bytes(done, piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{at, made, stage, through};
    use super::*;
    use crate::chaos::proxy::flow::Item;

    #[test]
    fn four_hundred_and_eighty_thousand_bytes_at_a_thousand_a_millisecond_take_480() {
        let mut stage = stage("bandwidth", r#"{"rate": 1000}"#);
        let mut out = Out::default();
        for _ in 0..15 {
            stage.bytes(at(0), Bytes::from(vec![0; 32_000]), &mut out);
        }
        let (last, _) = out.items().last().unwrap();
        assert_eq!(*last, at(480));
    }

    #[test]
    fn a_slow_line_trickles() {
        let mut stage = stage("bandwidth", r#"{"rate": 1}"#);
        let mut out = Out::default();
        stage.bytes(at(0), Bytes::from(vec![0; 250]), &mut out);
        let pieces: Vec<_> = out.items().iter().map(|(time, _)| *time).collect();
        assert_eq!(pieces, [at(100), at(200), at(250)]);
    }

    #[test]
    fn a_line_that_was_quiet_owes_nothing() {
        let mut stage = stage("bandwidth", r#"{"rate": 1}"#);
        let out = through(stage.as_mut(), &[(0, "ten  bytes"), (500, "ten  bytes")]);
        assert_eq!(
            out.iter().map(|(time, _)| *time).collect::<Vec<_>>(),
            [10, 510]
        );
    }

    #[test]
    fn connections_that_share_a_line_wait_for_each_other() {
        let toxic = made("bandwidth", r#"{"rate": 1, "shared": true}"#);
        let mut stages = [0, 1].map(|_| super::super::testing::one(toxic.as_ref()));
        let mut out = Out::default();
        stages[0].bytes(at(0), Bytes::from(vec![0; 50]), &mut out);
        stages[1].bytes(at(0), Bytes::from(vec![0; 50]), &mut out);
        assert_eq!(
            out.items()[1],
            (at(100), Item::Bytes(Bytes::from(vec![0; 50])))
        );
        assert_eq!(toxic.attributes()["shared"], true);
    }
}
