//! Data comes in small pieces.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::{Attributes, Fit, Fitting, Kind, Toxic};
use crate::chaos::proxy::draw::Draw;
use crate::chaos::proxy::error::ProxyError;
use crate::chaos::proxy::flow::{Out, Stage, after};

pub(super) const KIND: Kind = Kind {
    name: "slicer",
    about: "cuts data in halves until pieces have no more than `average_size` + `size_variation` bytes, sent `delay` microseconds apart",
    attributes: &["average_size", "size_variation", "delay"],
    make,
};

#[derive(Debug, Clone, Copy)]
struct Slicer {
    average_size: u64,
    size_variation: u64,
    delay: Duration,
}

fn make(attributes: &mut Attributes) -> Result<Box<dyn Toxic>, ProxyError> {
    Ok(Box::new(Slicer {
        average_size: attributes.count("average_size", 0)?,
        size_variation: attributes.count("size_variation", 0)?,
        delay: Duration::from_micros(attributes.count("delay", 0)?),
    }))
}

impl Toxic for Slicer {
    fn attributes(&self) -> Map<String, Value> {
        Map::from_iter([
            ("average_size".into(), json!(self.average_size)),
            ("size_variation".into(), json!(self.size_variation)),
            ("delay".into(), json!(self.delay.as_micros() as u64)),
        ])
    }

    fn fit(&self, fitting: Fitting) -> Fit {
        Fit::One(Box::new(Slices {
            toxic: *self,
            draw: fitting.draw,
            free: None,
        }))
    }
}

struct Slices {
    toxic: Slicer,
    draw: Draw,
    /// When the pause after the last piece is over.
    free: Option<Instant>,
}

impl Slices {
    /// Where a piece of this length is cut in two, if it is.
    fn cut(&mut self, length: usize) -> Option<usize> {
        let Slicer {
            average_size: average,
            size_variation: variation,
            ..
        } = self.toxic;
        let most = average.saturating_add(variation);
        if average == 0 || length < 2 || length as u64 <= most {
            return None;
        }
        let half = length as u64 / 2;
        let drawn = match variation {
            0 => 0,
            _ => self
                .draw
                .up_to(variation.saturating_mul(2).saturating_sub(1)),
        };
        let cut = half.saturating_add(drawn).saturating_sub(variation);
        Some(
            usize::try_from(cut)
                .unwrap_or(usize::MAX)
                .clamp(1, length - 1),
        )
    }

    fn slice(&mut self, at: Instant, bytes: Bytes, out: &mut Out) {
        // What is right of a cut waits here: a stack of its own, since a wild draw may cut off a byte at a time.
        let mut rest = vec![bytes];
        while let Some(mut piece) = rest.pop() {
            if let Some(cut) = self.cut(piece.len()) {
                rest.push(piece.split_off(cut));
                rest.push(piece);
                continue;
            }
            let goes = self.free.map_or(at, |free| free.max(at));
            out.bytes(goes, piece);
            self.free = Some(after(goes, self.toxic.delay));
        }
    }
}

impl Stage for Slices {
    fn bytes(&mut self, at: Instant, bytes: Bytes, out: &mut Out) {
        self.slice(at, bytes, out);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{at, stage, through};
    use super::*;
    use crate::chaos::proxy::flow::Item;

    #[test]
    fn pieces_have_a_size_and_a_pause() {
        let mut stage = stage("slicer", r#"{"average_size": 3, "delay": 10000}"#);
        let out = through(stage.as_mut(), &[(0, "abcdefgh")]);
        let expected = [(0, "ab"), (10, "cd"), (20, "ef"), (30, "gh")];
        assert_eq!(out, expected.map(|(time, piece)| (time, piece.to_owned())));
    }

    #[test]
    fn without_a_size_nothing_is_cut() {
        let mut stage = stage("slicer", r#"{"size_variation": 5}"#);
        assert_eq!(through(stage.as_mut(), &[(0, "abcdefgh")]).len(), 1);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_pieces_are_within_bounds(
            length in 1_usize..5_000, average in 1_u64..200, variation in 0_u64..300,
        ) {
            let attributes = format!(r#"{{"average_size": {average}, "size_variation": {variation}}}"#);
            let mut stage = stage("slicer", &attributes);
            let given: Vec<u8> = (0..length).map(|n| n as u8).collect();
            let mut out = Out::default();
            stage.bytes(at(0), Bytes::from(given.clone()), &mut out);
            let mut joined = Vec::new();
            for (_, item) in out.items() {
                let Item::Bytes(piece) = item else { panic!("an end") };
                prop_assert!(piece.len() as u64 <= average + variation);
                joined.extend_from_slice(piece);
            }
            prop_assert_eq!(joined, given);
        }
    }
}
