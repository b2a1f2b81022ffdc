//! The first connections fail, and then it recovers; or each so-and-so-manieth fails.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde_json::{Map, Value, json};

use super::{Arrival, Attributes, Fit, Fitting, Gate, Kind, Toxic};
use crate::chaos::proxy::error::ProxyError;
use crate::chaos::proxy::flow::Close;

pub(super) const KIND: Kind = Kind {
    name: "fail_first",
    about: "resets the first `count` connections after it was laid on, and each `every`th",
    attributes: &["count", "every"],
    make,
};

#[derive(Debug)]
struct FailFirst {
    count: u64,
    /// With 0 only the first fail.
    every: u64,
    /// Connections that have come.
    seen: AtomicU64,
}

fn make(attributes: &mut Attributes) -> Result<Box<dyn Toxic>, ProxyError> {
    Ok(Box::new(FailFirst {
        count: attributes.count("count", 0)?,
        every: attributes.count("every", 0)?,
        seen: AtomicU64::new(0),
    }))
}

impl Toxic for FailFirst {
    fn attributes(&self) -> Map<String, Value> {
        Map::from_iter([
            ("count".into(), json!(self.count)),
            ("every".into(), json!(self.every)),
        ])
    }

    fn gate(&self, _: &mut Arrival) -> Gate {
        let before = self.seen.fetch_add(1, Relaxed);
        let is_nth = (before + 1).checked_rem(self.every) == Some(0);
        if before < self.count || is_nth {
            Gate::Away(Close::Reset)
        } else {
            Gate::Open
        }
    }

    fn fit(&self, _: Fitting) -> Fit {
        Fit::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{gate, made};
    use super::*;

    /// A cross for each connection that fails.
    fn fates(attributes: &str, connections: usize) -> String {
        let toxic = made("fail_first", attributes);
        let fate = |_| match gate(toxic.as_ref()) {
            Gate::Open => '.',
            Gate::Away(Close::Reset) => 'x',
            _ => panic!("neither let in nor reset"),
        };
        (0..connections).map(fate).collect()
    }

    #[test]
    fn the_first_fail_and_the_others_do_not() {
        assert_eq!(fates(r#"{"count": 3}"#, 6), "xxx...");
        assert_eq!(fates("{}", 3), "...");
    }

    #[test]
    fn each_nth_fails() {
        assert_eq!(fates(r#"{"every": 3}"#, 7), "..x..x.");
        assert_eq!(fates(r#"{"every": 3, "count": 1}"#, 7), "x.x..x.");
        assert_eq!(fates(r#"{"every": 1}"#, 3), "xxx");
    }

    #[test]
    fn the_attributes_are_those_that_were_given_whatever_has_come() {
        let toxic = made("fail_first", r#"{"count": 2}"#);
        gate(toxic.as_ref());
        assert_eq!(
            Value::from(toxic.attributes()),
            json!({"count": 2, "every": 0})
        );
    }
}
