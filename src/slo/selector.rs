//! Selectors: which samples an objective is about, by metric name and tags.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use super::SloError;
use crate::lengths;

const EXAMPLE: &str = "http_req_duration{name:reserve,status:200}";

/// A metric and conditions on tags, all of which must hold: `http_req_duration{name:reserve,status:!5*}`.
/// Reads from text, and is written so that it reads back the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Selector {
    metric: String,
    conditions: Vec<Condition>,
}

/// What must hold of one tag.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Condition {
    pub key: String,
    /// The value must not match; a missing tag does not match, so it keeps to a negated condition.
    pub negated: bool,
    pub pattern: Pattern,
}

/// What a tag's value is compared with. A `*` stands for any text, at the start or the end of an unquoted
/// value; quoted text is taken as it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Pattern {
    Exact(String),
    Prefix(String),
    Suffix(String),
    Contains(String),
    /// Any value, as long as there is the tag.
    Any,
}

impl Pattern {
    /// Whether the value, or the absence of one, matches.
    pub fn matches(&self, value: Option<&str>) -> bool {
        let Some(value) = value else { return false };
        match self {
            Self::Exact(text) => value == text,
            Self::Prefix(text) => value.starts_with(text.as_str()),
            Self::Suffix(text) => value.ends_with(text.as_str()),
            Self::Contains(text) => value.contains(text.as_str()),
            Self::Any => true,
        }
    }
}

impl Condition {
    /// Whether a tag with this value, or without one, fulfils it.
    pub fn accepts(&self, value: Option<&str>) -> bool {
        self.pattern.matches(value) != self.negated
    }
}

impl Selector {
    /// The metric's name.
    pub fn metric(&self) -> &str {
        &self.metric
    }

    /// The conditions on tags, as they were written.
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// Whether a sample with these tags of the selector's metric is meant; `lookup` finds a tag's value.
    pub fn matches_tags<'t>(&self, lookup: impl Fn(&str) -> Option<&'t str>) -> bool {
        self.conditions
            .iter()
            .all(|condition| condition.accepts(lookup(&condition.key)))
    }

    /// Whether a series of this metric with these tags is meant.
    pub fn matches(&self, metric: &str, tags: &BTreeMap<String, String>) -> bool {
        self.metric == metric && self.matches_tags(|key| tags.get(key).map(String::as_str))
    }
}

impl FromStr for Selector {
    type Err = SloError;

    fn from_str(text: &str) -> Result<Self, SloError> {
        Parser { text, at: 0 }.selector()
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Tags may have dots and dashes in their names, metrics may not.
fn is_key(c: char) -> bool {
    is_word(c) || matches!(c, '.' | '-')
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn skip_spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.rest().starts_with(wanted);
        self.at += if found { wanted.len_utf8() } else { 0 };
        found
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn error(
        &self,
        span: Range<usize>,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) -> SloError {
        SloError::new(self.text, span, what, fix)
    }

    /// The next character's place, empty at the end.
    fn here(&self) -> Range<usize> {
        self.at..self.at + self.rest().chars().next().map_or(0, char::len_utf8)
    }

    fn selector(mut self) -> Result<Selector, SloError> {
        self.skip_spaces();
        let metric = self.take_while(is_word).to_owned();
        if !metric.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let fix =
                "begin with a metric's name: letters, digits and `_`, beginning with a letter";
            return Err(self.error(self.here(), "there is no metric name", fix));
        }
        self.skip_spaces();
        let mut conditions = Vec::new();
        if self.eat('{') {
            let open = self.at - 1;
            loop {
                self.skip_spaces();
                if self.rest().is_empty() {
                    return Err(self.error(
                        open..open + 1,
                        "the `{` is not closed",
                        "add a `}` at the end",
                    ));
                }
                if self.eat('}') {
                    break;
                }
                conditions.push(self.condition()?);
                self.skip_spaces();
                if !self.eat(',') && !self.rest().is_empty() && !self.rest().starts_with('}') {
                    let what = "there is text after the value";
                    return Err(self.error(
                        self.here(),
                        what,
                        "put a `,` between conditions, a `}` after the last",
                    ));
                }
            }
            self.skip_spaces();
        }
        if self.rest().is_empty() {
            return Ok(Selector { metric, conditions });
        }
        let span = self.at..self.text.trim_end().len();
        Err(self.error(
            span,
            "there is text after the selector",
            format!("write it like `{EXAMPLE}`"),
        ))
    }

    fn condition(&mut self) -> Result<Condition, SloError> {
        let start = self.at;
        let key = lengths::name(self.take_while(is_key)).into_owned();
        if key.is_empty() {
            return Err(self.error(
                self.here(),
                "there is no tag name",
                format!("write conditions like `{EXAMPLE}`"),
            ));
        }
        self.skip_spaces();
        let operator = self.at;
        if !self.eat(':') {
            let written = self.take_while(|c| matches!(c, '=' | '!' | '~'));
            let what = format!("there is no `:` after the tag `{key}`");
            let fix = "write `tag:value`, or `tag:!value` for any other value";
            let negation = if written.starts_with('!') { ":!" } else { ":" };
            let value = self
                .rest()
                .find([',', '}'])
                .map(|end| self.rest()[..end].trim());
            let suggestion = value
                .filter(|_| !written.is_empty())
                .map(|value| format!("{key}{negation}{value}"));
            let span = match (&suggestion, value) {
                (Some(_), Some(value)) => {
                    start
                        ..self.at
                            + (self.rest().len() - self.rest().trim_start().len())
                            + value.len()
                }
                _ if written.is_empty() => self.here(),
                _ => operator..self.at,
            };
            return Err(self.error(span, what, fix).suggest(suggestion));
        }
        self.skip_spaces();
        let negated = self.eat('!');
        self.skip_spaces();
        Ok(Condition {
            pattern: self.pattern(&key)?,
            key,
            negated,
        })
    }

    fn pattern(&mut self, key: &str) -> Result<Pattern, SloError> {
        let start = self.at;
        let leading = self.eat('*');
        let quoted = self.rest().starts_with(['"', '\'']);
        let (body, trailing) = if quoted {
            let body = self.quoted()?;
            (body, self.eat('*'))
        } else {
            let bare = self
                .take_while(|c| !matches!(c, ',' | '}' | '{' | '"' | '\''))
                .trim_end();
            match bare.strip_suffix('*') {
                Some(body) => (body.to_owned(), true),
                None => (bare.to_owned(), false),
            }
        };
        if !quoted && body.contains('*') {
            let fix = "move it to an end, or quote the value if the `*` is part of it";
            return Err(self.error(
                start..self.at,
                "a `*` stands at the start or the end of a value",
                fix,
            ));
        }
        if !quoted && self.rest().starts_with(['{', '"', '\'']) {
            let what = "a value with braces or quotes in it must be quoted";
            return Err(self.error(
                self.here(),
                what,
                format!("write `{key}:\"…\"` around the whole value"),
            ));
        }
        match (leading, body.is_empty(), trailing) {
            (false, true, false) if !quoted => {
                let fix = format!(
                    "write one, or `{key}:*` for any value, or `{key}:\"\"` for an empty one"
                );
                Err(self.error(
                    start..start,
                    format!("there is no value for the tag `{key}`"),
                    fix,
                ))
            }
            // Samples carry the shortened form of what is too long.
            (false, _, false) => Ok(Pattern::Exact(lengths::name(&body).into_owned())),
            (_, true, _) => Ok(Pattern::Any),
            (true, _, true) => Ok(Pattern::Contains(body)),
            (true, _, false) => Ok(Pattern::Suffix(body)),
            (false, _, true) => Ok(Pattern::Prefix(body)),
        }
    }

    /// A value in quotes of either kind; a backslash takes the next character as it is.
    fn quoted(&mut self) -> Result<String, SloError> {
        let open = self.here();
        let mut characters = self.rest().char_indices();
        let quote = characters.next().map(|(_, quote)| quote);
        let mut value = String::new();
        while let Some((at, character)) = characters.next() {
            if Some(character) == quote {
                self.at += at + character.len_utf8();
                return Ok(value);
            }
            match character {
                '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
                plain => value.push(plain),
            }
        }
        Err(self.error(
            open,
            "the quote is not closed",
            "add the closing quote after the value",
        ))
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.metric)?;
        for (at, condition) in self.conditions.iter().enumerate() {
            f.write_str(if at == 0 { "{" } else { "," })?;
            write!(f, "{condition}")?;
        }
        f.write_str(if self.conditions.is_empty() { "" } else { "}" })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}{}",
            self.key,
            if self.negated { "!" } else { "" },
            self.pattern
        )
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(text) => f.write_str(&quote(text)),
            Self::Prefix(text) => write!(f, "{}*", quote(text)),
            Self::Suffix(text) => write!(f, "*{}", quote(text)),
            Self::Contains(text) => write!(f, "*{}*", quote(text)),
            Self::Any => f.write_str("*"),
        }
    }
}

/// The text as it stands, or in quotes where it would be read as something else.
fn quote(text: &str) -> String {
    let special = |c| matches!(c, ',' | '{' | '}' | '"' | '\'' | '*' | '!' | '\\');
    if text.is_empty() || text.trim() != text || text.contains(special) {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
#[path = "selector_tests.rs"]
mod tests;
