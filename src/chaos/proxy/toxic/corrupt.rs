//! Bits are flipped.

use bytes::{Bytes, BytesMut};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::{Attributes, Fit, Fitting, Kind, Toxic};
use crate::chaos::proxy::draw::Draw;
use crate::chaos::proxy::error::ProxyError;
use crate::chaos::proxy::flow::{Out, Stage};

pub(super) const KIND: Kind = Kind {
    name: "corrupt",
    about: "flips a bit of each byte with probability `share`, after the first `skip` bytes of a connection",
    attributes: &["share", "skip"],
    make,
};

#[derive(Debug, Clone, Copy)]
struct Corrupt {
    share: f64,
    skip: u64,
}

fn make(attributes: &mut Attributes) -> Result<Box<dyn Toxic>, ProxyError> {
    Ok(Box::new(Corrupt {
        share: attributes.share("share", 0.0)?,
        skip: attributes.count("skip", 0)?,
    }))
}

impl Toxic for Corrupt {
    fn attributes(&self) -> Map<String, Value> {
        Map::from_iter([
            ("share".into(), json!(self.share)),
            ("skip".into(), json!(self.skip)),
        ])
    }

    fn fit(&self, mut fitting: Fitting) -> Fit {
        let first = fitting.draw.failures_before(self.share);
        Fit::One(Box::new(Flips {
            share: self.share,
            draw: fitting.draw,
            passed: fitting.carried,
            sound: self
                .skip
                .saturating_sub(fitting.carried)
                .saturating_add(first),
        }))
    }
}

struct Flips {
    share: f64,
    draw: Draw,
    passed: u64,
    /// Bytes before the next that is spoilt.
    sound: u64,
}

impl Stage for Flips {
    fn bytes(&mut self, at: Instant, bytes: Bytes, out: &mut Out) {
        let length = bytes.len() as u64;
        self.passed += length;
        if self.sound >= length {
            self.sound -= length;
            return out.bytes(at, bytes);
        }
        let mut spoilt = BytesMut::from(bytes);
        let mut next = self.sound;
        while let Some(byte) = usize::try_from(next)
            .ok()
            .and_then(|next| spoilt.get_mut(next))
        {
            *byte ^= 1 << self.draw.up_to(7);
            let gap = self.draw.failures_before(self.share);
            next = next.saturating_add(gap).saturating_add(1);
        }
        self.sound = next.saturating_sub(length);
        out.bytes(at, spoilt.freeze());
    }

    fn carried(&self) -> u64 {
        self.passed
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{at, stage};
    use super::*;
    use crate::chaos::proxy::flow::Item;

    /// What becomes of so many zeros, read in pieces of some bytes.
    fn zeros(attributes: &str, count: usize, step: usize) -> Vec<u8> {
        let mut stage = stage("corrupt", attributes);
        let mut out = Out::default();
        for start in (0..count).step_by(step) {
            let piece = vec![0; step.min(count - start)];
            stage.bytes(at(0), piece.into(), &mut out);
        }
        let bytes = |item: &(Instant, Item)| match &item.1 {
            Item::Bytes(bytes) => bytes.clone(),
            _ => panic!("an end"),
        };
        out.items().iter().flat_map(bytes).collect()
    }

    #[test]
    fn a_share_of_the_bytes_has_one_bit_flipped_however_they_are_read() {
        let spoilt = zeros(r#"{"share": 0.01}"#, 100_000, 1_000);
        assert_eq!(spoilt.len(), 100_000);
        let flipped = spoilt.iter().filter(|byte| **byte != 0).count();
        assert!((850..1_150).contains(&flipped), "{flipped}");
        assert!(spoilt.iter().all(|byte| byte.count_ones() <= 1));
        for step in [1, 7, 100_000] {
            assert!(zeros(r#"{"share": 0.01}"#, 100_000, step) == spoilt);
        }
    }

    #[test]
    fn the_first_bytes_can_be_spared() {
        let spoilt = zeros(r#"{"share": 1, "skip": 10}"#, 30, 4);
        let flipped: Vec<_> = spoilt.iter().map(|byte| byte.count_ones()).collect();
        assert_eq!(flipped, [vec![0; 10], vec![1; 20]].concat());
    }

    #[test]
    fn without_a_share_nothing_happens() {
        assert_eq!(zeros("{}", 5_000, 500), vec![0; 5_000]);
    }
}
