//! Texts and values of a script, some parts of which are known only when it runs.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What needs no escape in a part of a URL.
const PLAIN_IN_URL: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// A part of a [`Text`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Part {
    /// As it stands.
    Literal(String),
    /// A Rhai expression: `id`, `global::BASE`, `encoding::url(name)`.
    Code(String),
}

/// A text with expressions in it. Two literals never follow each other.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Text(Vec<Part>);

impl Text {
    /// One that is nothing but an expression.
    pub fn code(expression: impl Into<String>) -> Self {
        Self(vec![Part::Code(expression.into())])
    }

    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text, if no part of it is an expression.
    pub fn as_literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    pub fn push(&mut self, literal: &str) {
        match self.0.last_mut() {
            _ if literal.is_empty() => {}
            Some(Part::Literal(last)) => last.push_str(literal),
            _ => self.0.push(Part::Literal(literal.to_owned())),
        }
    }

    pub fn push_code(&mut self, expression: impl Into<String>) {
        self.0.push(Part::Code(expression.into()));
    }

    pub fn extend(&mut self, other: &Text) {
        for part in &other.0 {
            match part {
                Part::Literal(text) => self.push(text),
                Part::Code(code) => self.push_code(code.clone()),
            }
        }
    }

    /// Puts an expression in the place of every `needle` in the literals; whether there was one.
    pub fn replace(&mut self, needle: &str, expression: &str) -> bool {
        if needle.is_empty() {
            return false;
        }
        let mut replaced = Text::default();
        let mut found = false;
        for part in std::mem::take(&mut self.0) {
            match part {
                Part::Code(code) => replaced.push_code(code),
                Part::Literal(text) => {
                    for (at, piece) in text.split(needle).enumerate() {
                        if at > 0 {
                            replaced.push_code(expression);
                            found = true;
                        }
                        replaced.push(piece);
                    }
                }
            }
        }
        *self = replaced;
        found
    }

    /// The text as a part of a URL's path or query: literals escaped, expressions escaped when they are known.
    pub fn in_url(&self) -> Text {
        let mut escaped = Text::default();
        for part in &self.0 {
            match part {
                Part::Literal(text) => escaped.push(&escape_url(text)),
                Part::Code(code) => escaped.push_code(format!("encoding::url({code})")),
            }
        }
        escaped
    }

    /// With `…` where expressions are: for names and comments.
    pub fn outline(&self) -> String {
        let mut outline = String::new();
        for part in &self.0 {
            let _ = match part {
                Part::Literal(text) => outline.write_str(text),
                Part::Code(_) => outline.write_str("…"),
            };
        }
        outline
    }
}

/// A text as a part of a URL's path or query.
pub fn escape_url(text: &str) -> String {
    utf8_percent_encode(text, PLAIN_IN_URL).to_string()
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        let mut made = Self::default();
        made.push(text);
        made
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

/// A value of a script.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `()`, which JSON calls null.
    Unit,
    Bool(bool),
    /// Any number of JSON.
    Number(serde_json::Number),
    Text(Text),
    List(Vec<Value>),
    /// In this order.
    Map(Vec<(String, Value)>),
    /// A Rhai expression.
    Code(String),
}

impl Value {
    /// A map of values by their names.
    pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Value)>) -> Self {
        Self::Map(
            entries
                .into_iter()
                .map(|(key, value)| (key.into(), value))
                .collect(),
        )
    }

    /// How many lists and maps stand in each other.
    pub fn depth(&self) -> usize {
        match self {
            Self::List(items) => 1 + items.iter().map(Value::depth).max().unwrap_or(0),
            Self::Map(entries) => 1 + entries.iter().map(|(_, v)| v.depth()).max().unwrap_or(0),
            _ => 0,
        }
    }

    /// Calls `change` for every value in it, itself included, the outer before the inner.
    pub fn walk(&mut self, change: &mut dyn FnMut(&mut Value)) {
        change(self);
        match self {
            Self::List(items) => items.iter_mut().for_each(|item| item.walk(change)),
            Self::Map(entries) => entries.iter_mut().for_each(|(_, item)| item.walk(change)),
            _ => {}
        }
    }
}

impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match value {
            Json::Null => Self::Unit,
            Json::Bool(flag) => Self::Bool(flag),
            Json::Number(number) => Self::Number(number),
            Json::String(text) => Self::Text(text.into()),
            Json::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Json::Object(map) => Self::map(map.into_iter().map(|(k, v)| (k, Self::from(v)))),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<Text> for Value {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number.into())
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_takes_the_place_of_every_needle() {
        let mut text = Text::from("/a/17/b/17");
        assert!(text.replace("17", "id"));
        assert!(!text.replace("id", "other"));
        assert_eq!(text.outline(), "/a/…/b/…");
        assert_eq!(text.parts().len(), 4);
        assert_eq!(text.as_literal(), None);
    }

    #[test]
    fn a_part_of_a_url_is_escaped() {
        let mut text = Text::from("a b&c");
        text.push_code("x");
        assert_eq!(
            text.in_url().parts(),
            [
                Part::Literal("a%20b%26c".to_owned()),
                Part::Code("encoding::url(x)".to_owned())
            ]
        );
    }
}
