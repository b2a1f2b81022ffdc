//! What is different between two versions of a script, as far as a run has to know.

use serde_json::Value;

use super::blueprint::Blueprint;
use crate::secrets::{MASK, hide_named, is_secret_name};

/// More changed options than this are summed up.
const TOLD: usize = 12;

/// The difference between two versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edits {
    /// Changed options, one each: ``scenarios.guests.vus: 1 → 5``.
    pub options: Vec<String>,
    /// Scenarios whose load has changed: another executor, rate, number of users or length.
    pub replanned: Vec<String>,
    /// `setup`, or what it calls, has changed.
    pub setup: bool,
}

/// What `newer` changes.
pub fn between(older: &Blueprint, newer: &Blueprint) -> Edits {
    let (before, after) = (
        Value::Object(older.raw.clone()),
        Value::Object(newer.raw.clone()),
    );
    let mut options = Vec::new();
    compare("", &before, &after, &mut options);
    if options.len() > TOLD {
        let more = options.len() - TOLD;
        options.truncate(TOLD);
        options.push(format!("… and {more} more"));
    }
    let replanned = newer
        .options
        .scenarios
        .iter()
        .filter(|scenario| {
            let known = older
                .options
                .scenarios
                .iter()
                .find(|s| s.name == scenario.name);
            known.is_some_and(|known| known.executor.describe() != scenario.executor.describe())
        })
        .map(|scenario| scenario.name.clone())
        .collect();
    Edits {
        options,
        replanned,
        setup: older.setup != newer.setup,
    }
}

fn compare(path: &str, before: &Value, after: &Value, found: &mut Vec<String>) {
    let join = |key: &str| match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    };
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, value) in old {
                match new.get(key) {
                    Some(other) => compare(&join(key), value, other, found),
                    None => found.push(format!("{}: removed", join(key))),
                }
            }
            for (key, value) in new {
                if !old.contains_key(key) {
                    found.push(format!("{}: added, {}", join(key), brief(key, value)));
                }
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (at, (value, other)) in old.iter().zip(new).enumerate() {
                compare(&format!("{path}[{at}]"), value, other, found);
            }
        }
        _ if before == after => {}
        _ => {
            let key = path.rsplit('.').next().unwrap_or(path);
            let (before, after) = (brief(key, before), brief(key, after));
            found.push(format!("{path}: {before} → {after}"));
        }
    }
}

fn brief(key: &str, value: &Value) -> String {
    if is_secret_name(key) {
        return MASK.to_owned();
    }
    let mut text = match value {
        Value::String(text) => text.clone(),
        other => {
            let mut shown = other.clone();
            hide_named(&mut shown);
            shown.to_string()
        }
    };
    crate::lengths::shorten(&mut text, 80);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn changed_options_are_told_by_their_path() {
        let mut found = Vec::new();
        compare(
            "",
            &json!({ "vus": 1, "headers": { "authorization": "Bearer a" }, "slos": { "a": [1, 2], "b": 1 }, "tags": {} }),
            &json!({ "vus": 5, "headers": { "authorization": "Bearer b" }, "slos": { "a": [1, 3] }, "tags": { "x": "y" } }),
            &mut found,
        );
        assert_eq!(
            found,
            [
                "vus: 1 → 5",
                "headers.authorization: *** → ***",
                "slos.a[1]: 2 → 3",
                "slos.b: removed",
                "tags.x: added, y"
            ]
        );
    }
}
