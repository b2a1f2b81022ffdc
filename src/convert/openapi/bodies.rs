//! What requests carry: which of several kinds of body, and an example of it.

use serde_json::Value as Json;

use super::api::{Api, Operation};
use super::example::{Endless, Made, Maker};
use super::schema::{Kind, Schema};
use crate::convert::journey::{Body, Field};
use crate::convert::text::Text;

/// A body, with what its request needs beside it.
#[derive(Debug, Default)]
pub struct Carried {
    pub body: Body,
    /// The kind of content, where the body does not imply it.
    pub content_type: Option<String>,
    /// What is left to do, as a comment.
    pub note: Option<String>,
}

/// The JSON among the kinds of content of a body or a response.
pub fn json_content(described: &Json) -> Option<&Json> {
    let content = described.get("content")?.as_object()?;
    content
        .iter()
        .find(|(kind, _)| is_json(kind))
        .map(|(_, content)| content)
}

fn is_json(kind: &str) -> bool {
    let kind = bare(kind);
    kind == "application/json"
        || kind.ends_with("+json")
        || kind == "*/*"
        || kind == "application/*"
}

/// A kind of content without its parameters, in lower case.
fn bare(kind: &str) -> String {
    kind.split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

/// The example that the document gives for a content or a parameter.
pub fn given<'a>(api: &mut Api<'a>, described: &'a Json) -> Option<&'a Json> {
    if let Some(example) = described.get("example") {
        return Some(example);
    }
    let examples = described.get("examples")?.as_object()?;
    examples
        .values()
        .find_map(|example| api.resolve(example)?.get("value"))
}

/// The example body of an operation.
pub fn make<'a>(api: &mut Api<'a>, maker: &mut Maker<'a>, operation: &Operation<'a>) -> Carried {
    let Some(contents) = operation
        .body
        .and_then(|body| body.get("content"))
        .and_then(Json::as_object)
    else {
        return Carried::default();
    };
    let rank = |kind: &str| match bare(kind).as_str() {
        "application/json" => 0,
        _ if is_json(kind) => 1,
        "application/x-www-form-urlencoded" => 2,
        "multipart/form-data" => 3,
        "text/plain" => 4,
        _ => 5,
    };
    let Some((kind, content)) = contents.iter().min_by_key(|(kind, _)| rank(kind)) else {
        return Carried::default();
    };
    let name = name_of(operation);
    let made = match given(api, content) {
        Some(example) => Ok(Made::Plain(example.clone())),
        None => match content.get("schema") {
            Some(schema) => maker.make(schema, &name),
            None => Ok(Made::Plain(Json::Null)),
        },
    };
    let mut note = None;
    let made = made.unwrap_or_else(|Endless| {
        note = Some(
            "TODO: the schema of the body contains itself without an end; write the body"
                .to_owned(),
        );
        Made::Map(Vec::new())
    });
    let written = bare(kind);
    let text = |note: Option<String>, made: Made| Carried {
        body: Body::Text(made.into_text()),
        content_type: Some(written.clone()),
        note,
    };
    match rank(kind) {
        0 | 1 => Carried {
            // Any kind will do for `*/*`, and JSON is what the map becomes.
            content_type: (written.ends_with("+json")).then_some(written),
            body: Body::Json(made.into_value()),
            note,
        },
        2 => Carried {
            body: Body::Form(form(made)),
            content_type: None,
            note,
        },
        3 => {
            let schema = content
                .get("schema")
                .map(|schema| api.schema(schema))
                .unwrap_or_default();
            Carried {
                body: Body::Multipart(multipart(api, &schema, content, made)),
                content_type: None,
                note,
            }
        }
        4 => text(note, made),
        _ => match made {
            // Only the document's own example can be right.
            Made::Plain(Json::String(example)) => text(note, Made::Plain(Json::String(example))),
            _ => text(
                Some(format!(
                    "TODO: the body is {written}, which is not made up; write it"
                )),
                Made::Plain(Json::String(String::new())),
            ),
        },
    }
}

/// What the body is about, for the names of people in it: the last word of the path.
fn name_of(operation: &Operation<'_>) -> String {
    let last = operation
        .path
        .split('/')
        .rfind(|part| !part.is_empty() && !part.contains('{'));
    super::feeds::singular(last.unwrap_or_default())
}

fn fields(made: Made) -> Vec<(String, Made)> {
    match made {
        Made::Map(fields) => fields,
        Made::Plain(Json::Object(fields)) => fields
            .into_iter()
            .map(|(name, value)| (name, Made::Plain(value)))
            .collect(),
        _ => Vec::new(),
    }
}

fn form(made: Made) -> Vec<(String, Text)> {
    let mut form = Vec::new();
    for (name, made) in fields(made) {
        match made {
            Made::List(items) => form.extend(
                items
                    .into_iter()
                    .map(|item| (name.clone(), item.into_text())),
            ),
            made => form.push((name, made.into_text())),
        }
    }
    form
}

fn multipart<'a>(
    api: &mut Api<'a>,
    schema: &Schema<'a>,
    content: &Json,
    made: Made,
) -> Vec<(String, Field)> {
    let mut parts = Vec::new();
    for (name, made) in fields(made) {
        let declared = schema.properties.iter().find(|(known, _)| *known == name);
        let mut property = declared
            .map(|(_, schemas)| Schema::of(api.refs, schemas, &mut api.lost))
            .unwrap_or_default();
        if property.kind() == Kind::Array
            && let Some(items) = property.word("items")
        {
            property = api.schema(items);
        }
        let encoding = content
            .get("encoding")
            .and_then(|encoding| encoding.get(&name));
        let kind = encoding
            .and_then(|encoding| encoding.get("contentType"))
            .and_then(Json::as_str)
            .or_else(|| property.text("contentMediaType"));
        let is_file = property.text("format") == Some("binary")
            || property.text("contentMediaType").is_some();
        let made = match made {
            Made::List(items) => items.into_iter().next().unwrap_or(Made::Plain(Json::Null)),
            made => made,
        };
        let field = if is_file {
            let kind = kind.map_or("application/octet-stream", |kinds| {
                kinds.split(',').next().unwrap_or(kinds).trim()
            });
            Field::Content {
                content: "example".into(),
                name: format!("{name}.bin"),
                content_type: kind.to_owned(),
            }
        } else {
            Field::Text(made.into_text())
        };
        parts.push((name, field));
    }
    parts
}
