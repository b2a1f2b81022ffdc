//! Documents of JSON: read whole, with errors that tell a cut-off file from a broken one.

use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use serde_json::{Map, Value};

use super::Source;
use super::error::Flaw;
use crate::result::bounded;

/// Of a summary that another tool wrote, in bytes.
const LARGEST: u64 = 64 << 20;

/// A document that is an object.
///
/// # Errors
/// When it cannot be read, or is none.
pub fn object(source: Source<'_>) -> Result<Map<String, Value>, Flaw> {
    let bytes = source.whole(LARGEST)?;
    let Slim(value) = serde_json::from_slice(&bytes).map_err(|error| flaw(&error))?;
    match value {
        Value::Object(map) => Ok(map),
        _ => Err(Flaw::new("it is JSON, but no object")),
    }
}

/// A document of bounded size, without what no importer looks at.
#[derive(Deserialize)]
struct Slim(#[serde(deserialize_with = "bounded::slim")] Value);

/// The same of a part of a document.
///
/// # Errors
/// When it is no JSON, or too large.
pub fn slim<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    bounded::slim(deserializer).map(Some)
}

/// What is wrong with a document.
pub fn flaw(error: &serde_json::Error) -> Flaw {
    let whole = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let what = whole.replace(&place, "");
    let line = error.line().max(1) as u64;
    match error.classify() {
        Category::Eof => Flaw::at(line, "it is cut off: it ends in the middle of the document")
            .help("copy or download it again"),
        Category::Syntax if what.starts_with("recursion limit") => {
            Flaw::at(line, "it is nested deeper than any result")
        }
        Category::Syntax | Category::Io => Flaw::at(
            line,
            format!("this is no JSON: {what}, in column {}", error.column()),
        ),
        Category::Data => Flaw::at(line, what),
    }
}

/// The object at a key.
///
/// # Errors
/// When there is none.
pub fn inner<'v>(map: &'v Map<String, Value>, key: &str) -> Result<&'v Map<String, Value>, Flaw> {
    map.get(key)
        .and_then(Value::as_object)
        .ok_or_else(|| Flaw::new(format!("it has no object `{key}`")))
}

/// A number, or none where another value or nothing stands.
pub fn number(map: &Map<String, Value>, key: &str) -> Option<f64> {
    map.get(key).and_then(Value::as_f64)
}

/// A number that must be there and not be negative.
///
/// # Errors
/// When it is not so.
pub fn amount(map: &Map<String, Value>, key: &str, of: &str) -> Result<f64, Flaw> {
    match map.get(key) {
        Some(value) => not_negative(value.as_f64(), key, of, value),
        None => Err(Flaw::new(format!("{of} has no `{key}`"))),
    }
}

fn not_negative(number: Option<f64>, key: &str, of: &str, value: &Value) -> Result<f64, Flaw> {
    match number {
        Some(number) if number >= 0.0 && number.is_finite() => Ok(number),
        Some(number) => Err(Flaw::new(format!(
            "`{key}` of {of} is {number}: it cannot be negative"
        ))),
        None => Err(Flaw::new(format!(
            "`{key}` of {of} is {}, and no number",
            kind(value)
        ))),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// What is wrong with a line that is a document of its own, and whether it is the last one and ends too early.
pub fn flaw_of_line(error: &serde_json::Error, number: u64, whole: bool) -> Flaw {
    if error.is_eof() {
        let flaw = Flaw::at(number, "this line ends in the middle of its object");
        return if whole {
            flaw
        } else {
            flaw.help(
                "the file is cut off: whatever wrote it was stopped, or it was not copied whole",
            )
        };
    }
    Flaw {
        line: Some(number),
        ..flaw(error)
    }
}
