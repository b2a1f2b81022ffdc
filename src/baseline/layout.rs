//! JSON for eyes and for `git diff`: indented, but what holds only plain values stays in one line.

use serde_json::Value;

/// An object of plain values is written in one line up to this length.
const SHORT: usize = 110;

/// `value` as text that ends with a newline.
pub fn text(value: &Value) -> String {
    let mut out = String::new();
    write(value, 0, &mut out);
    out.push('\n');
    out
}

fn is_plain(value: &Value) -> bool {
    !matches!(value, Value::Array(_) | Value::Object(_))
}

/// Texts that would make a line that nobody reads, as histograms are.
fn is_long_text(items: &[Value]) -> bool {
    let length: usize = items.iter().filter_map(Value::as_str).map(str::len).sum();
    length > SHORT
}

fn write(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Array(items) if items.iter().all(is_plain) && !is_long_text(items) => {
            let items: Vec<String> = items.iter().map(Value::to_string).collect();
            out.push_str(&format!("[{}]", items.join(", ")));
        }
        Value::Array(items) => block(
            items.iter().map(|item| (None, item)),
            ['[', ']'],
            depth,
            out,
        ),
        Value::Object(map) => {
            if map.values().all(is_plain) {
                let pairs: Vec<String> = map
                    .iter()
                    .map(|(key, value)| format!("{}: {value}", Value::from(key.as_str())))
                    .collect();
                let line = match pairs.is_empty() {
                    true => "{}".to_owned(),
                    false => format!("{{ {} }}", pairs.join(", ")),
                };
                if line.len() <= SHORT {
                    out.push_str(&line);
                    return;
                }
            }
            block(
                map.iter().map(|(key, value)| (Some(key), value)),
                ['{', '}'],
                depth,
                out,
            );
        }
        plain => out.push_str(&plain.to_string()),
    }
}

fn block<'v>(
    items: impl Iterator<Item = (Option<&'v String>, &'v Value)>,
    [open, close]: [char; 2],
    depth: usize,
    out: &mut String,
) {
    out.push(open);
    for (at, (key, value)) in items.enumerate() {
        out.push_str(if at == 0 { "\n" } else { ",\n" });
        out.push_str(&"  ".repeat(depth + 1));
        if let Some(key) = key {
            out.push_str(&format!("{}: ", Value::from(key.as_str())));
        }
        write(value, depth + 1, out);
    }
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
    out.push(close);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_stay_in_one_line_and_what_holds_more_is_indented() {
        let value = json!({ "a": [1, 2.5, null], "b": { "c": "x\"y" }, "d": [{ "e": [] }, {}] });
        let expected = "{\n  \"a\": [1, 2.5, null],\n  \"b\": { \"c\": \"x\\\"y\" },\n  \"d\": [\n    {\n      \"e\": []\n    },\n    {}\n  ]\n}\n";
        assert_eq!(text(&value), expected);
    }

    #[test]
    fn long_texts_have_a_line_each() {
        let value = json!(["x".repeat(80), null, "y".repeat(80)]);
        assert_eq!(text(&value).lines().count(), 5);
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,60}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(".{0,8}", inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_is_the_same_json(value in any_value()) {
            prop_assert_eq!(serde_json::from_str::<Value>(&text(&value)).unwrap(), value);
        }
    }
}
