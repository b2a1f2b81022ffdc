//! Texts and JSON with `{{name}}` in them.

use serde_json::Value as Json;

use super::variables::{Gives, Variables};
use crate::convert::document;
use crate::convert::emit::words;
use crate::convert::text::{Part, Text, Value, escape_url};

/// Characters that no document has; between them stands the number of an expression.
const OPEN: char = '\u{f8f0}';
const CLOSE: char = '\u{f8f1}';

/// A text, variables in it as expressions.
pub fn text(template: &str, variables: &mut Variables) -> Text {
    let mut text = Text::default();
    let mut rest = template;
    while let Some((before, (name, after))) = next(rest) {
        text.push(before);
        text.push_code(variables.expression(name).0);
        rest = after;
    }
    text.push(rest);
    text
}

/// The same as a part of a URL. What is escaped already is not escaped again.
pub fn in_url(template: &str, variables: &mut Variables) -> Text {
    let mut escaped = Text::default();
    for part in text(template, variables).parts() {
        match part {
            Part::Literal(literal) if is_escaped(literal) => escaped.push(literal),
            Part::Literal(literal) => escaped.push(&escape_url(literal)),
            // Numbers are no texts that could be escaped.
            Part::Code(code) if code.starts_with("global::") => {
                escaped.push_code(format!("encoding::url({code})"))
            }
            Part::Code(code) if code.starts_with("fake::") => {
                escaped.push_code(format!("encoding::url({code})"))
            }
            Part::Code(code) => escaped.push_code(code.clone()),
        }
    }
    escaped
}

fn is_escaped(text: &str) -> bool {
    let mut escapes = text.split('%').skip(1).peekable();
    escapes.peek().is_some()
        && escapes.all(|after| {
            after
                .get(..2)
                .is_some_and(|code| code.chars().all(|c| c.is_ascii_hexdigit()))
        })
        && !text.contains([' ', '&', '#'])
}

/// What comes before the next variable, its name, and what comes after.
fn next(text: &str) -> Option<(&str, (&str, &str))> {
    let (before, inner) = text.split_once("{{")?;
    Some((before, inner.split_once("}}")?))
}

/// A JSON document with variables in its texts, or in the place of values; `None` if it is none.
pub fn json(template: &str, variables: &mut Variables) -> Option<Value> {
    let mut codes: Vec<(String, Gives)> = Vec::new();
    let mut plain = String::with_capacity(template.len());
    let mut rest = template;
    let mut in_text = false;
    while let Some((before, (name, after))) = next(rest) {
        in_text = ends_in_text(before, in_text);
        plain.push_str(before);
        let marker = format!("{OPEN}{}{CLOSE}", codes.len());
        if in_text {
            plain.push_str(&marker);
        } else {
            plain.push_str(&format!("\"{OPEN}{marker}\""));
        }
        codes.push(variables.expression(name));
        rest = after;
    }
    plain.push_str(rest);
    let json = document::json(&plain).ok()?;
    Some(value(json, &codes))
}

fn ends_in_text(part: &str, mut in_text: bool) -> bool {
    let mut escaped = false;
    for character in part.chars() {
        match character {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            _ => {}
        }
    }
    in_text
}

fn value(json: Json, codes: &[(String, Gives)]) -> Value {
    match json {
        Json::Array(items) => {
            Value::List(items.into_iter().map(|item| value(item, codes)).collect())
        }
        Json::Object(fields) => Value::map(
            fields
                .into_iter()
                .map(|(name, field)| (unmarked(&name, codes), value(field, codes))),
        ),
        Json::String(text) if text.contains(OPEN) => marked(&text, codes),
        other => other.into(),
    }
}

/// A text with the expressions in the place of their markers.
fn marked(text: &str, codes: &[(String, Gives)]) -> Value {
    let stands_alone = text
        .strip_prefix(OPEN)
        .filter(|rest| rest.starts_with(OPEN));
    if let Some((code, gives)) = stands_alone.and_then(|marker| codes.get(number(marker)?)) {
        // The environment has nothing but texts, and here stands a value.
        return Value::Code(match gives {
            Gives::Text if code.starts_with("global::") => format!("parse_json({code})"),
            _ => code.clone(),
        });
    }
    let made = parts(text, codes);
    match made.parts() {
        // What is between quotes is a text, whatever a response had.
        [Part::Code(code)] if !is_text(code, codes) => Value::Code(format!("`${{{code}}}`")),
        _ => Value::Text(made),
    }
}

fn is_text(code: &str, codes: &[(String, Gives)]) -> bool {
    codes
        .iter()
        .any(|(known, gives)| known == code && *gives == Gives::Text)
}

fn number(marker: &str) -> Option<usize> {
    marker.trim_matches([OPEN, CLOSE]).parse().ok()
}

fn parts(text: &str, codes: &[(String, Gives)]) -> Text {
    let mut made = Text::default();
    for piece in text.split_inclusive(CLOSE) {
        let Some((before, marker)) = piece.split_once(OPEN) else {
            made.push(piece);
            continue;
        };
        made.push(before);
        match number(marker).and_then(|at| codes.get(at)) {
            Some((code, _)) => made.push_code(code.clone()),
            None => made.push(marker),
        }
    }
    made
}

/// A key of a map cannot be an expression.
fn unmarked(name: &str, codes: &[(String, Gives)]) -> String {
    if name.contains(OPEN) {
        words::text(&parts(name, codes))
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn variables() -> Variables {
        let collection = json!({"variable": [{"key": "room", "value": "double"}, {"key": "nights", "value": "2"}]});
        let mut variables = Variables::new(&collection, None);
        variables.set("id");
        variables
    }

    #[test]
    fn variables_of_json_keep_their_types() {
        let template = r#"{"a": "{{room}}", "b": {{nights}}, "c": "x-{{id}}", "d": "{{id}}", "e": {{id}}, "f": "{{$randomInt}}", "g": "\"{{room}}"}"#;
        let Some(Value::Map(fields)) = json(template, &mut variables()) else {
            panic!("no JSON");
        };
        let field = |name: &str| {
            fields
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.clone())
        };
        let code = |code: &str| Some(Value::Code(code.to_owned()));
        assert_eq!(field("a"), Some(Value::Text(Text::code("global::ROOM"))));
        assert_eq!(field("b"), code("parse_json(global::NIGHTS)"));
        assert_eq!(field("d"), code("`${id}`"));
        assert_eq!(field("e"), code("id"));
        assert_eq!(field("f"), code("`${random::int(0, 1000)}`"));
        assert!(matches!(field("g"), Some(Value::Text(text)) if text.parts().len() == 2));
        assert_eq!(json("{{room}} and more", &mut variables()), None);
        assert_eq!(json("{", &mut variables()), None);
    }

    #[test]
    fn texts_and_parts_of_urls() {
        let mut variables = variables();
        assert_eq!(
            text("a {{ room }} {{id}} {{", &mut variables).outline(),
            "a … … {{"
        );
        assert_eq!(in_url("a b", &mut variables).as_literal(), Some("a%20b"));
        assert_eq!(in_url("a%20b", &mut variables).as_literal(), Some("a%20b"));
        assert_eq!(in_url("100%", &mut variables).as_literal(), Some("100%25"));
    }
}
