//! Proxies and toxics as documents.

use serde_json::{Map, Value, json};

use crate::chaos::proxy::{Counts, Proxy, Stream, Worn};

/// A proxy, with its toxics.
pub fn proxy(proxy: &Proxy, has_own_seed: bool) -> Value {
    let spec = proxy.spec();
    let mut shown = json!({
        "name": spec.name,
        "listen": spec.listen,
        "upstream": spec.upstream,
        "enabled": spec.enabled,
        "toxics": toxics(proxy),
    });
    if has_own_seed && let Some(fields) = shown.as_object_mut() {
        fields.insert("seed".into(), proxy.seed().into());
    }
    shown
}

/// Its toxics: those of the way up, then those of the way down, each in the order in which data passes them.
pub fn toxics(proxy: &Proxy) -> Value {
    let worn = proxy.toxics();
    let of = |stream| worn.iter().filter(move |worn| worn.stream == stream);
    let all = Stream::ALL.into_iter().flat_map(of);
    all.map(|worn| toxic(worn)).collect()
}

pub fn toxic(worn: &Worn) -> Value {
    json!({
        "attributes": worn.toxic.attributes(),
        "name": worn.name,
        "type": worn.kind,
        "stream": worn.written,
        "toxicity": number(worn.toxicity.share()),
    })
}

/// A whole number has no fraction.
fn number(share: f64) -> Value {
    if share.fract() == 0.0 && share.abs() < 1e15 {
        return Value::from(share as i64);
    }
    Value::from(share)
}

/// What passed through a proxy.
pub fn counts(proxy: &Proxy) -> Value {
    let Counts {
        connections,
        open,
        refused,
        unreachable,
        upstream_received,
        upstream_sent,
        downstream_received,
        downstream_sent,
        requests,
    } = proxy.counts();
    Value::Object(Map::from_iter([
        ("name".into(), proxy.name().into()),
        ("seed".into(), proxy.seed().into()),
        ("connections".into(), connections.into()),
        ("open".into(), open.into()),
        ("refused".into(), refused.into()),
        ("unreachable".into(), unreachable.into()),
        (
            "upstream".into(),
            json!({ "received": upstream_received, "sent": upstream_sent }),
        ),
        (
            "downstream".into(),
            json!({ "received": downstream_received, "sent": downstream_sent }),
        ),
        ("requests".into(), requests.into()),
    ]))
}
