//! Picking from JSON: plain paths and JSONPath.

use serde_json::Value;
use serde_json_path::JsonPath;

/// Follows a plain path such as `rooms[0].id`; `None` where nothing is.
///
/// # Errors
/// A sentence when the path itself is malformed.
pub fn pick<'a>(value: &'a Value, path: &str) -> Result<Option<&'a Value>, String> {
    let mut current = value;
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('[') {
            let (index, after) = after
                .split_once(']')
                .ok_or_else(|| format!("`{path}` has a `[` without its `]`"))?;
            let index = index.trim();
            let found = match index.parse::<usize>() {
                Ok(index) => current.get(index),
                Err(_) => match index
                    .strip_prefix('-')
                    .and_then(|n| n.parse::<usize>().ok())
                {
                    Some(back) => current
                        .as_array()
                        .and_then(|list| list.len().checked_sub(back).and_then(|at| list.get(at))),
                    None => current.get(index.trim_matches(['"', '\''])),
                },
            };
            let Some(found) = found else { return Ok(None) };
            current = found;
            rest = after.strip_prefix('.').unwrap_or(after);
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (key, after) = rest.split_at(end);
            if key.is_empty() {
                return Err(format!(
                    "`{path}` has an empty part; write it like `rooms[0].id`"
                ));
            }
            // `a.0.b`, as k6's users write it, means the same as `a[0].b`.
            let found = match current {
                Value::Array(list) => key.parse::<usize>().ok().and_then(|index| list.get(index)),
                other => other.get(key),
            };
            let Some(found) = found else { return Ok(None) };
            current = found;
            rest = after.strip_prefix('.').unwrap_or(after);
        }
    }
    Ok(Some(current))
}

/// Brackets within brackets in a JSONPath; the parser goes as deep as they do.
const MAX_DEPTH: usize = 32;

/// The deepest nesting of brackets in a path, those in quotes included: they do no harm either.
fn depth(path: &str) -> usize {
    let mut open = 0_usize;
    let mut deepest = 0;
    let mut characters = path.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '!' if characters.peek() == Some(&'=') => {}
            // A chain of negations nests as well, without ever closing.
            '[' | '(' | '!' => open += 1,
            ']' | ')' => open = open.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest
}

/// All values that a JSONPath (RFC 9535) selects.
///
/// # Errors
/// A sentence when the path is malformed.
pub fn query<'a>(value: &'a Value, path: &str) -> Result<Vec<&'a Value>, String> {
    Ok(parse(path)?.query(value).all())
}

/// A JSONPath, to be asked of many values.
///
/// # Errors
/// A sentence when the path is malformed.
pub fn parse(path: &str) -> Result<JsonPath, String> {
    if depth(path) > MAX_DEPTH {
        return Err(format!(
            "the JSONPath nests its brackets more than {MAX_DEPTH} levels deep"
        ));
    }
    JsonPath::parse(path).map_err(|error| format!("`{path}` is not a JSONPath: {error}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plain_paths_go_through_maps_and_lists() {
        let value = json!({ "rooms": [ { "id": "r1" }, { "id": "r2" } ], "a.b": 1 });
        assert_eq!(pick(&value, "rooms[1].id"), Ok(Some(&json!("r2"))));
        assert_eq!(pick(&value, "rooms.0.id"), Ok(Some(&json!("r1"))));
        assert_eq!(pick(&value, "rooms[-1].id"), Ok(Some(&json!("r2"))));
        assert_eq!(pick(&value, "[\"a.b\"]"), Ok(Some(&json!(1))));
        assert_eq!(pick(&value, "rooms[7].id"), Ok(None));
        assert!(pick(&value, "rooms[0").is_err());
        assert!(pick(&value, "rooms..id").is_err());
    }

    #[test]
    fn a_jsonpath_selects_several_values() {
        let value = json!({ "rooms": [ { "rate": 80 }, { "rate": 120 } ] });
        assert_eq!(
            query(&value, "$.rooms[?@.rate > 100].rate"),
            Ok(vec![&json!(120)])
        );
        assert!(query(&value, "$.rooms[").is_err());
        let clauses = vec!["@.rate != 80"; 100].join(" && ");
        assert_eq!(
            query(&value, &format!("$.rooms[?{clauses}].rate")).map(|found| found.len()),
            Ok(1)
        );
        let deep = format!("$[?{}@{}]", "(".repeat(30_000), ")".repeat(30_000));
        assert!(query(&value, &deep).unwrap_err().contains("32 levels"));
        let negated = format!("$[?{}@]", "!".repeat(30_000));
        assert!(query(&value, &negated).unwrap_err().contains("32 levels"));
    }
}
