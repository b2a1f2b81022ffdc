//! Everything vanishes, as behind a firewall that drops packets.

use bytes::Bytes;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::{Arrival, Attributes, Fit, Fitting, Gate, Kind, Toxic};
use crate::chaos::proxy::error::ProxyError;
use crate::chaos::proxy::flow::{Close, Out, Stage};

pub(super) const KIND: Kind = Kind {
    name: "blackhole",
    about: "lets nothing through in either direction and nobody in; connections that it had end when the toxic is removed",
    attributes: &[],
    make,
};

#[derive(Debug, Clone, Copy)]
struct Blackhole;

fn make(_: &mut Attributes) -> Result<Box<dyn Toxic>, ProxyError> {
    Ok(Box::new(Blackhole))
}

impl Toxic for Blackhole {
    fn attributes(&self) -> Map<String, Value> {
        Map::new()
    }

    fn gate(&self, _: &mut Arrival) -> Gate {
        Gate::Hold
    }

    fn fit(&self, _: Fitting) -> Fit {
        Fit::Both(Box::new(*self), Box::new(*self))
    }
}

impl Stage for Blackhole {
    fn bytes(&mut self, _: Instant, _: Bytes, _: &mut Out) {}

    fn end(&mut self, _: Instant, _: &mut Out) {}

    /// Data may be lost: a connection that went on without it would be of no use.
    fn removed(&mut self, now: Instant, out: &mut Out) {
        out.close(now, Close::Orderly);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{at, fitting, gate, made};
    use super::*;

    #[test]
    fn nothing_passes_either_way_until_the_connection_ends_with_the_toxic() {
        let toxic = made("blackhole", "{}");
        assert!(matches!(gate(toxic.as_ref()), Gate::Hold));
        let Fit::Both(up, down) = toxic.fit(fitting()) else {
            panic!("not both directions");
        };
        for mut stage in [up, down] {
            let mut out = Out::default();
            stage.begin(at(0), &mut out);
            stage.bytes(at(1), "x".into(), &mut out);
            stage.end(at(2), &mut out);
            assert_eq!((out.items(), out.closing()), (&[][..], None));
            stage.removed(at(9), &mut out);
            assert_eq!(out.closing(), Some((at(9), Close::Orderly)));
        }
    }
}
