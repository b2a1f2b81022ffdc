//! Segments get lost, and what comes after them waits until they were sent again.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::{Attributes, Fit, Fitting, Kind, Toxic};
use crate::chaos::proxy::draw::Draw;
use crate::chaos::proxy::error::ProxyError;
use crate::chaos::proxy::flow::{Out, Stage, after};

pub(super) const KIND: Kind = Kind {
    name: "stall",
    about: "loses segments of `segment` bytes with probability `loss`: all that follows waits `rto` milliseconds, doubled for each \
            loss in a row up to `max_rto`",
    attributes: &["loss", "segment", "rto", "max_rto"],
    make,
};

/// What fits into a packet of Ethernet.
const SEGMENT: u64 = 1_460;
/// The least that Linux waits before it sends again.
const RTO_MILLIS: u64 = 200;
/// The most that RFC 6298 (2.5) lets a sender settle for.
const MAX_RTO_MILLIS: u64 = 60_000;
/// Losses in a row after which a segment arrives all the same, as many as Linux tries by default.
const RETRIES: u32 = 15;

#[derive(Debug, Clone, Copy)]
struct Stall {
    loss: f64,
    segment: u64,
    rto: Duration,
    max_rto: Duration,
}

fn make(attributes: &mut Attributes) -> Result<Box<dyn Toxic>, ProxyError> {
    let millis = |name, default| attributes.count(name, default).map(Duration::from_millis);
    let segment = attributes.count("segment", SEGMENT)?;
    if segment == 0 {
        return Err(attributes.wrong("segment", "a segment has one byte at least"));
    }
    Ok(Box::new(Stall {
        loss: attributes.share("loss", 0.0)?,
        segment,
        rto: millis("rto", RTO_MILLIS)?,
        max_rto: millis("max_rto", MAX_RTO_MILLIS)?,
    }))
}

impl Toxic for Stall {
    fn attributes(&self) -> Map<String, Value> {
        Map::from_iter([
            ("loss".into(), json!(self.loss)),
            ("segment".into(), json!(self.segment)),
            ("rto".into(), json!(self.rto.as_millis() as u64)),
            ("max_rto".into(), json!(self.max_rto.as_millis() as u64)),
        ])
    }

    fn fit(&self, fitting: Fitting) -> Fit {
        Fit::One(Box::new(Lossy {
            toxic: *self,
            draw: fitting.draw,
            free: fitting.now,
        }))
    }
}

struct Lossy {
    toxic: Stall,
    draw: Draw,
    /// When the last segment arrives. Nothing arrives before it.
    free: Instant,
}

impl Lossy {
    /// How long one segment is sent again and again.
    fn delay(&mut self) -> Duration {
        let mut delay = Duration::ZERO;
        let mut rto = self.toxic.rto;
        for _ in 0..RETRIES {
            if !self.draw.happens(self.toxic.loss) {
                break;
            }
            rto = rto.min(self.toxic.max_rto);
            delay = delay.saturating_add(rto);
            rto = rto.saturating_mul(2);
        }
        delay
    }
}

impl Stage for Lossy {
    fn bytes(&mut self, at: Instant, mut bytes: Bytes, out: &mut Out) {
        let most = usize::try_from(self.toxic.segment).unwrap_or(usize::MAX);
        // Segments that go together leave together: cut is only where one is late.
        let mut together = 0;
        self.free = self.free.max(at);
        while together < bytes.len() {
            let delay = self.delay();
            if !delay.is_zero() {
                out.bytes(self.free, bytes.split_to(together));
                self.free = after(self.free, delay);
                together = 0;
            }
            together = together.saturating_add(most).min(bytes.len());
        }
        out.bytes(self.free, bytes);
    }

    fn end(&mut self, at: Instant, out: &mut Out) {
        out.end(self.free.max(at));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{at, made, stage, through};
    use super::*;
    use crate::chaos::proxy::flow::Item;

    #[test]
    fn without_loss_nothing_is_late_or_cut() {
        let mut stage = stage("stall", r#"{"segment": 3}"#);
        let out = through(stage.as_mut(), &[(5, "abcdefgh"), (6, "i")]);
        assert_eq!(out, [(5, "abcdefgh".to_owned()), (6, "i".to_owned())]);
    }

    #[test]
    fn each_loss_in_a_row_doubles_the_wait_up_to_a_cap() {
        let mut stage = stage("stall", r#"{"loss": 1, "rto": 100, "max_rto": 400}"#);
        let out = through(stage.as_mut(), &[(0, "late")]);
        // Fifteen losses: 100, 200, and thirteen times 400.
        assert_eq!(out, [(5_500, "late".to_owned())]);
    }

    #[test]
    fn what_follows_a_lost_segment_queues_behind_it_with_the_end() {
        let toxic = r#"{"loss": 0.4, "segment": 2, "rto": 200}"#;
        let mut stage = stage("stall", toxic);
        let mut out = Out::default();
        for millis in 0..50 {
            stage.bytes(at(millis), "abcd".into(), &mut out);
        }
        stage.end(at(50), &mut out);
        let times: Vec<_> = out.items().iter().map(|(time, _)| *time).collect();
        assert!(times.is_sorted());
        // Forty of a hundred segments are lost, once at least.
        let last = *times.last().unwrap() - at(50);
        assert!(last > Duration::from_millis(20 * 200), "{last:?}");
        assert_eq!(out.items().last().unwrap().1, Item::End);
    }

    #[test]
    fn a_segment_has_bytes() {
        let attributes = serde_json::from_str(r#"{"segment": 0}"#).unwrap();
        let error = KIND.make(&attributes).unwrap_err();
        assert!(error.to_string().contains("one byte at least"), "{error}");
        assert_eq!(made("stall", "{}").attributes()["segment"], 1_460);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_for_good(
            reads in prop::collection::vec(1_usize..5_000, 1..20), segment in 1_u64..3_000, loss in 0.0..1.0,
        ) {
            let mut stage = stage("stall", &format!(r#"{{"loss": {loss}, "segment": {segment}}}"#));
            let mut out = Out::default();
            let (mut given, mut taken) = (Vec::new(), Vec::new());
            for (millis, read) in reads.iter().enumerate() {
                let bytes: Vec<u8> = (0..*read).map(|n| (n * 7 + millis) as u8).collect();
                given.extend_from_slice(&bytes);
                stage.bytes(at(millis as u64), bytes.into(), &mut out);
            }
            for (_, item) in out.items() {
                let Item::Bytes(piece) = item else { panic!("an end") };
                taken.extend_from_slice(piece);
            }
            prop_assert!(out.items().is_sorted_by_key(|(time, _)| *time));
            prop_assert_eq!(taken, given);
        }
    }
}
