//! How an expression is laid out: on one line if it fits, else with an item on each.

use std::collections::HashMap;

use super::words;
use crate::convert::text::Value;

/// Columns of a line.
const WIDTH: usize = 120;
/// Columns of a step inwards.
const STEP: usize = 4;
/// Values that are nested deeper than this are written as JSON: Rhai bounds how deep an expression is.
pub const DEEPEST: usize = 12;

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

    /// A value of a script.
    pub fn value(value: &Value) -> Self {
        if value.depth() > DEEPEST {
            return Self::Call(
                "parse_json".to_owned(),
                vec![Self::atom(words::quoted(&as_json(value).to_string()))],
            );
        }
        match value {
            Value::Unit => Self::atom("()"),
            Value::Bool(flag) => Self::atom(flag.to_string()),
            Value::Number(number) => Self::atom(words::number(number)),
            Value::Text(text) => Self::atom(words::text(text)),
            Value::Code(code) => Self::atom(code.clone()),
            Value::List(items) => Self::List(items.iter().map(Self::value).collect()),
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
                        .map(|(_, (key, value))| Self::entry(key, Self::value(value)))
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

/// A value as JSON, for what is nested too deeply to be written; expressions are their source.
fn as_json(value: &Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match value {
        Value::Unit => Json::Null,
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Number(number) => Json::Number(number.clone()),
        Value::Text(text) => Json::String(
            text.as_literal()
                .map_or_else(|| text.outline(), str::to_owned),
        ),
        Value::Code(code) => Json::String(code.clone()),
        Value::List(items) => items.iter().map(as_json).collect(),
        Value::Map(entries) => Json::Object(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), as_json(value)))
                .collect(),
        ),
    }
}
