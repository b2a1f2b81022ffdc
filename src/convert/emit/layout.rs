//! How an expression is laid out: on one line if it fits, else with an item on each.

use std::collections::HashMap;

use super::words;
use crate::convert::text::{Text, Value};

/// Columns of a line.
const WIDTH: usize = 120;
/// Columns of a step inwards.
const STEP: usize = 4;
/// How deep a value may be nested that stands within so many groups; a deeper one is written as JSON, since Rhai bounds how
/// deep an expression is.
pub const fn deepest(groups: usize) -> usize {
    12_usize.saturating_sub(2 * groups)
}

/// An expression that can be laid out in more than one way.
#[derive(Debug, Clone)]
pub enum Layout {
    Atom(String),
    /// A map's entry.
    Entry(String, Box<Layout>),
    Map(Vec<Layout>),
    List(Vec<Layout>),
    /// What comes before the parenthesis, and the arguments.
    Call(String, Vec<Layout>),
}

impl Layout {
    pub fn atom(text: impl Into<String>) -> Self {
        Self::Atom(text.into())
    }

    pub fn entry(key: &str, value: Layout) -> Self {
        Self::Entry(words::key(key), Box::new(value))
    }

    /// A value of a script, nested so deep at most.
    pub fn value(value: &Value, deepest: usize) -> Self {
        if value.depth() > deepest {
            let mut json = Text::default();
            write_json(value, &mut json);
            let json = Self::atom(words::text(&json));
            return Self::Call("parse_json".to_owned(), vec![json]);
        }
        match value {
            Value::Unit => Self::atom("()"),
            Value::Bool(flag) => Self::atom(flag.to_string()),
            Value::Number(number) => Self::atom(words::number(number)),
            Value::Text(text) => Self::atom(words::text(text)),
            Value::Code(code) => Self::atom(code.clone()),
            Value::List(items) => {
                let items = items.iter().map(|item| Self::value(item, deepest));
                Self::List(items.collect())
            }
            Value::Map(entries) => {
                // A key stands once in a map of Rhai; the last one counts, as in JSON.
                let last: HashMap<&str, usize> = entries
                    .iter()
                    .enumerate()
                    .map(|(at, (key, _))| (key.as_str(), at))
                    .collect();
                Self::Map(
                    entries
                        .iter()
                        .enumerate()
                        .filter(|(at, (key, _))| last.get(key.as_str()) == Some(at))
                        .map(|(_, (key, value))| Self::entry(key, Self::value(value, deepest)))
                        .collect(),
                )
            }
        }
    }

    /// The expression as lines, the first of which begins `column` columns in and the rest of which are indented by
    /// `indent`. `after` is how much follows on the last line.
    pub fn lay_out(&self, column: usize, indent: usize, after: usize) -> String {
        let flat = self.flat();
        if !flat.contains('\n') && column + flat.chars().count() + after <= WIDTH {
            return flat;
        }
        match self {
            Self::Atom(text) => text.clone(),
            Self::Entry(key, value) => {
                let laid = value.lay_out(column + key.chars().count() + 2, indent, after);
                format!("{key}: {laid}")
            }
            Self::Map(items) if items.is_empty() => "#{}".to_owned(),
            Self::Map(items) => broken("#{", items, "}", indent),
            Self::List(items) if items.is_empty() => "[]".to_owned(),
            Self::List(items) => broken("[", items, "]", indent),
            Self::Call(name, arguments) => call(name, arguments, column, indent, after),
        }
    }

    fn flat(&self) -> String {
        let join = |items: &[Layout]| items.iter().map(Self::flat).collect::<Vec<_>>().join(", ");
        match self {
            Self::Atom(text) => text.clone(),
            Self::Entry(key, value) => format!("{key}: {}", value.flat()),
            Self::Map(items) if items.is_empty() => "#{}".to_owned(),
            Self::Map(items) => format!("#{{ {} }}", join(items)),
            Self::List(items) => format!("[{}]", join(items)),
            Self::Call(name, arguments) => format!("{name}({})", join(arguments)),
        }
    }
}

/// An item on each line.
fn broken(open: &str, items: &[Layout], close: &str, indent: usize) -> String {
    let inner = indent + STEP;
    let mut text = format!("{open}\n");
    for item in items {
        text.push_str(&" ".repeat(inner));
        text.push_str(&item.lay_out(inner, inner, 1));
        text.push_str(",\n");
    }
    text.push_str(&" ".repeat(indent));
    text.push_str(close);
    text
}

/// A call that does not fit: what comes before a map or list at the end stays on the line if it can.
fn call(name: &str, arguments: &[Layout], column: usize, indent: usize, after: usize) -> String {
    let Some((last, before)) = arguments.split_last() else {
        return format!("{name}()");
    };
    let mut head = format!("{name}(");
    for argument in before {
        head.push_str(&argument.flat());
        head.push_str(", ");
    }
    let opens = matches!(last, Layout::Map(items) | Layout::List(items) if !items.is_empty());
    let fits = column + head.chars().count() + 2 <= WIDTH && !head.contains('\n');
    if fits && (opens || before.is_empty()) {
        let laid = last.lay_out(column + head.chars().count(), indent, after + 1);
        return format!("{head}{laid})");
    }
    // The first argument, an address as a rule, stays; the rest is on lines of their own.
    let inner = indent + STEP;
    let mut text = format!("{name}(");
    for (at, argument) in arguments.iter().enumerate() {
        if at == 0 {
            let start = column + name.chars().count() + 1;
            text.push_str(&argument.lay_out(start, indent, 1));
        } else {
            text.push_str(",\n");
            text.push_str(&" ".repeat(inner));
            text.push_str(&argument.lay_out(inner, inner, after + 1));
        }
    }
    text.push(')');
    text
}

/// A value as JSON, for what is nested too deeply to be written; its expressions are put in when they are known.
fn write_json(value: &Value, json: &mut Text) {
    use serde_json::Value as Json;
    match value {
        Value::Unit => json.push("null"),
        Value::Bool(flag) => json.push(&flag.to_string()),
        Value::Number(number) => json.push(&number.to_string()),
        Value::Text(text) => match text.as_literal() {
            Some(literal) => json.push(&Json::from(literal).to_string()),
            None => json.push_code(format!("json_text({})", words::text(text))),
        },
        Value::Code(code) => json.push_code(format!("json_text({code})")),
        Value::List(items) => {
            json.push("[");
            for (at, item) in items.iter().enumerate() {
                json.push(if at == 0 { "" } else { "," });
                write_json(item, json);
            }
            json.push("]");
        }
        Value::Map(entries) => {
            json.push("{");
            for (at, (key, value)) in entries.iter().enumerate() {
                json.push(if at == 0 { "" } else { "," });
                json.push(&Json::from(key.as_str()).to_string());
                json.push(":");
                write_json(value, json);
            }
            json.push("}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_deep_is_json_with_its_expressions() {
        let mut value = Value::map([("id", Value::Code("id".to_owned()))]);
        for _ in 0..3 {
            value = Value::List(vec![value, Value::Unit]);
        }
        assert_eq!(value.depth(), 4);
        assert_eq!(
            Layout::value(&value, 4).flat(),
            "[[[#{ id: id }, ()], ()], ()]"
        );
        assert_eq!(
            Layout::value(&value, 3).flat(),
            "parse_json(`[[[{\"id\":${json_text(id)}},null],null],null]`)"
        );
    }
}
