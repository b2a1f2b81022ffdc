//! The connection is closed once so much has passed.

use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::{Attributes, Fit, Fitting, Kind, Toxic};
use crate::chaos::proxy::error::ProxyError;
use crate::chaos::proxy::flow::{Close, Out, Stage};

pub(super) const KIND: Kind = Kind {
    name: "limit_data",
    about: "closes the connection once `bytes` have passed",
    attributes: &["bytes"],
    make,
};

#[derive(Debug, Clone, Copy)]
struct LimitData {
    bytes: u64,
}

fn make(attributes: &mut Attributes) -> Result<Box<dyn Toxic>, ProxyError> {
    Ok(Box::new(LimitData {
        bytes: attributes.count("bytes", 0)?,
    }))
}

impl Toxic for LimitData {
    fn attributes(&self) -> Map<String, Value> {
        Map::from_iter([("bytes".into(), json!(self.bytes))])
    }

    fn fit(&self, fitting: Fitting) -> Fit {
        Fit::One(Box::new(Limited {
            limit: self.bytes,
            passed: fitting.carried,
        }))
    }
}

struct Limited {
    limit: u64,
    passed: u64,
}

impl Stage for Limited {
    fn bytes(&mut self, at: Instant, bytes: Bytes, out: &mut Out) {
        let left = self.limit.saturating_sub(self.passed);
        let goes = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        out.bytes(at, bytes.slice(..goes));
        self.passed += goes as u64;
        if self.passed >= self.limit {
            out.finish(at, Close::Orderly);
        }
    }

    fn carried(&self) -> u64 {
        self.passed
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{at, made, stage};
    use super::*;
    use crate::chaos::proxy::flow::Item;

    #[test]
    fn so_many_bytes_pass_and_no_more() {
        let mut stage = stage("limit_data", r#"{"bytes": 5}"#);
        let mut out = Out::default();
        for _ in 0..2 {
            stage.bytes(at(0), "abcd".into(), &mut out);
        }
        let expected = [
            Item::Bytes("abcd".into()),
            Item::Bytes("a".into()),
            Item::Close(Close::Orderly),
        ];
        assert!(out.items().iter().map(|(_, item)| item).eq(expected.iter()));
    }

    #[test]
    fn a_changed_limit_counts_what_has_passed() {
        let mut first = stage("limit_data", r#"{"bytes": 100}"#);
        first.bytes(at(0), "abcd".into(), &mut Out::default());
        let mut fitting = super::super::testing::fitting();
        fitting.carried = first.carried();
        let Fit::One(mut second) = made("limit_data", r#"{"bytes": 4}"#).fit(fitting) else {
            panic!("no stage");
        };
        let mut out = Out::default();
        second.bytes(at(1), "e".into(), &mut out);
        assert_eq!(out.items(), [(at(1), Item::Close(Close::Orderly))]);
    }
}
