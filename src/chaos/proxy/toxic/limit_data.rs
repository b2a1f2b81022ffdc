//! The connection is closed once so much has passed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::{Attributes, Fit, Fitting, Kind, Toxic};
use crate::chaos::proxy::error::ProxyError;
use crate::chaos::proxy::flow::{Close, Out, Stage};

pub(super) const KIND: Kind = Kind {
    name: "limit_data",
    about: "closes the connection once `bytes` have passed, or all connections once so many have passed on all together if `shared`",
    attributes: &["bytes", "shared"],
    make,
};

/// Bytes that have passed.
type Passed = Arc<AtomicU64>;

#[derive(Debug)]
struct LimitData {
    bytes: u64,
    /// What has passed on all connections since the toxic was laid on or changed, if they share the limit.
    shared: Option<Passed>,
}

fn make(attributes: &mut Attributes) -> Result<Box<dyn Toxic>, ProxyError> {
    Ok(Box::new(LimitData {
        bytes: attributes.count("bytes", 0)?,
        shared: attributes.truth("shared")?.then(Passed::default),
    }))
}

impl Toxic for LimitData {
    fn attributes(&self) -> Map<String, Value> {
        let mut attributes = Map::from_iter([("bytes".into(), json!(self.bytes))]);
        if self.shared.is_some() {
            attributes.insert("shared".into(), json!(true));
        }
        attributes
    }

    fn fit(&self, fitting: Fitting) -> Fit {
        let alone = || Arc::new(AtomicU64::new(fitting.carried));
        Fit::One(Box::new(Limited {
            limit: self.bytes,
            is_shared: self.shared.is_some(),
            passed: self.shared.clone().unwrap_or_else(alone),
        }))
    }
}

struct Limited {
    limit: u64,
    is_shared: bool,
    passed: Passed,
}

impl Limited {
    /// How many of so many bytes may still pass, which they do.
    fn take(&self, wanted: u64) -> u64 {
        let take = |passed: u64| Some(passed.saturating_add(wanted).min(self.limit.max(passed)));
        let before = self.passed.fetch_update(Relaxed, Relaxed, take);
        let before = before.unwrap_or_else(|passed| passed);
        wanted.min(self.limit.saturating_sub(before))
    }
}

impl Stage for Limited {
    fn bytes(&mut self, at: Instant, bytes: Bytes, out: &mut Out) {
        let goes = self.take(bytes.len() as u64);
        let goes = usize::try_from(goes).map_or(bytes.len(), |goes| goes.min(bytes.len()));
        out.bytes(at, bytes.slice(..goes));
        if self.passed.load(Relaxed) >= self.limit {
            out.finish(at, Close::Orderly);
        }
    }

    fn carried(&self) -> u64 {
        // What all have passed is nothing that one could begin with.
        if self.is_shared {
            0
        } else {
            self.passed.load(Relaxed)
        }
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

    #[test]
    fn connections_can_share_a_limit() {
        let toxic = made("limit_data", r#"{"bytes": 5, "shared": true}"#);
        assert_eq!(toxic.attributes()["shared"], true);
        let mut stages = [0, 1].map(|_| super::super::testing::one(toxic.as_ref()));
        let mut out = Out::default();
        stages[0].bytes(at(0), "abcd".into(), &mut out);
        stages[1].bytes(at(0), "efgh".into(), &mut out);
        stages[0].bytes(at(0), "i".into(), &mut out);
        let expected = [
            Item::Bytes("abcd".into()),
            Item::Bytes("e".into()),
            Item::Close(Close::Orderly),
            Item::Close(Close::Orderly),
        ];
        assert!(out.items().iter().map(|(_, item)| item).eq(expected.iter()));
    }
}
