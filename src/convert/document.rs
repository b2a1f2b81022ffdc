//! Documents that descriptions of services come in: JSON, and YAML where its format allows it.
//!
//! In comes the text of a file, out comes one [`Value`] or the place where the text is wrong. YAML's anchors are expanded
//! here, so what they may expand to is bounded.

use serde_json::Value;

use super::Error;
use crate::lengths::shorten;

/// Characters of a line that an error shows.
const LONGEST_LINE: usize = 100;

/// Events of a YAML document at most; one of 10 MB has about a million.
const YAML_EVENTS: usize = 12_000_000;

/// Events that aliases may repeat: a few thousand schemas shared by anchors, but no bomb.
const YAML_REPEATED: usize = 2_000_000;

/// How deep lists and maps may be nested: the reader's stack grows with it.
const YAML_DEPTH: usize = 64;

/// Why a text is no document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DocumentError {
    /// Counted from 1; `None` where the reader cannot tell.
    pub line: Option<usize>,
    /// Counted from 1, in characters.
    pub column: Option<usize>,
    pub message: String,
}

impl DocumentError {
    /// The error as it is told: with the document's name, and the line that it is in.
    pub fn of(&self, name: &str, text: &str) -> Error {
        let place = match (self.line, self.column) {
            (Some(line), Some(column)) => format!("{name}: line {line} column {column}"),
            (Some(line), None) => format!("{name}: line {line}"),
            _ => name.to_owned(),
        };
        let mut message = format!("{place}: {}", self.message);
        let source = self
            .line
            .and_then(|line| text.lines().nth(line.checked_sub(1)?));
        if let Some(source) = source.filter(|source| !source.trim().is_empty()) {
            let mut source = source.trim().to_owned();
            shorten(&mut source, LONGEST_LINE);
            message.push_str(&format!("\n  | {source}"));
        }
        Error::plain(message)
    }
}

/// Reads JSON.
///
/// # Errors
/// Where and why the text is none.
pub fn json(text: &str) -> Result<Value, DocumentError> {
    serde_json::from_str(text).map_err(|error| {
        let whole = error.to_string();
        let at = format!(" at line {} column {}", error.line(), error.column());
        DocumentError {
            line: Some(error.line().max(1)),
            column: Some(error.column().max(1)),
            message: format!("this is no JSON: {}", whole.replace(&at, "")),
        }
    })
}

/// Reads JSON or YAML, whichever it is.
///
/// # Errors
/// Where and why the text is neither.
pub fn json_or_yaml(text: &str) -> Result<Value, DocumentError> {
    if !text.trim_start().starts_with('{') {
        return yaml(text);
    }
    // A map in braces is YAML too, with keys that need no quotes; the error of JSON is the one that helps, though.
    json(text).or_else(|error| yaml(text).map_err(|_| error))
}

fn yaml(text: &str) -> Result<Value, DocumentError> {
    let options = serde_saphyr::options! {
        with_snippet: false,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        strict_booleans: true,
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: YAML_REPEATED,
        },
        budget: serde_saphyr::budget! {
            max_events: YAML_EVENTS,
            max_nodes: YAML_EVENTS,
            max_total_scalar_bytes: 512 * 1024 * 1024,
            max_depth: YAML_DEPTH,
            flow_nesting_limit: YAML_DEPTH,
            max_documents: 1,
        },
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let place = error.location();
        let number = |number: u64| usize::try_from(number).ok().filter(|number| *number > 0);
        DocumentError {
            line: place.and_then(|place| number(place.line())),
            column: place.and_then(|place| number(place.column())),
            message: format!("this is no YAML that can be read: {}", first_line(&error)),
        }
    })
}

/// What an error says, without the place that is shown beside it.
fn first_line(error: &serde_saphyr::Error) -> String {
    let whole = error.without_snippet().to_string();
    let line = whole.lines().next().unwrap_or_default();
    let line = line.strip_prefix("error: ").unwrap_or(line);
    match line.split_once(": ") {
        Some((place, rest)) if place.starts_with("line ") => rest.to_owned(),
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use serde_json::json;

    use super::*;

    #[test]
    fn both_languages_give_the_same() {
        let expected =
            json!({"openapi": "3.1.0", "paths": {"/a": {"get": {"responses": {"200": {}}}}}});
        let yaml = "openapi: 3.1.0\npaths:\n  /a:\n    get:\n      responses:\n        200: {}\n";
        assert_eq!(json_or_yaml(yaml), Ok(expected.clone()));
        assert_eq!(json_or_yaml(&expected.to_string()), Ok(expected));
        assert_eq!(
            json_or_yaml("{openapi: 3.1.0}"),
            Ok(json!({"openapi": "3.1.0"}))
        );
        // Texts stay texts: a postal code, a country, a day.
        assert_eq!(
            json_or_yaml("zip: 01067\ncountry: NO\nday: 2026-01-31\n"),
            Ok(json!({"zip": "01067", "country": "NO", "day": "2026-01-31"}))
        );
    }

    #[test]
    fn an_error_has_its_place() {
        let error = json("{\n  \"a\": 1,,\n}").unwrap_err();
        assert_eq!((error.line, error.column), (Some(2), Some(10)));
        assert!(!error.message.contains("line"), "{error}");
        let error = json_or_yaml("a: 1\nb: [1, 2\nc: 3\n").unwrap_err();
        assert!(error.line.is_some_and(|line| line >= 2), "{error:?}");
        assert!(json("").is_err());
    }

    #[test]
    fn anchors_are_expanded_and_bombs_are_not() {
        assert_eq!(
            json_or_yaml("a: &x {b: 1}\nc: *x\nd: {<<: *x, e: 2}\n"),
            Ok(json!({"a": {"b": 1}, "c": {"b": 1}, "d": {"b": 1, "e": 2}}))
        );
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let _ = writeln!(
                bomb,
                "a{level}: &a{level} [{}]",
                vec![format!("*a{}", level - 1); 10].join(", ")
            );
        }
        assert!(json_or_yaml(&bomb).is_err());
        assert!(json_or_yaml(&"[".repeat(100_000)).is_err());
        assert!(json_or_yaml(&"- ".repeat(100_000)).is_err());
        assert!(json(&"[".repeat(100_000)).is_err());
    }
}
