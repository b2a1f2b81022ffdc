//! About how much memory a value takes.

use serde_json::Value;

/// What a value takes beside its texts.
const NODE: usize = 32;

/// In bytes, roughly.
pub fn weight(value: &Value) -> usize {
    NODE + match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(map) => map
            .iter()
            .map(|(key, item)| NODE + key.len() + weight(item))
            .sum(),
    }
}
