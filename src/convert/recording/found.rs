//! Values in responses that a later request may carry: of JSON, of forms in HTML, of headers and cookies.

use std::collections::{HashMap, HashSet};

use scraper::{Html, Selector};
use serde_json::Value;

use super::exchange::Exchange;
use crate::convert::journey::Source;

/// Values that are looked at in one response; what comes after is not.
const MOST: usize = 5_000;
/// Longer values are none that a client would send back.
const LONGEST: usize = 4_096;
/// Shorter ones say nothing.
const SHORTEST: usize = 2;
/// HTML documents larger than this are not taken apart.
const LARGEST_PAGE: usize = 4 << 20;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub struct Found {
    pub value: String,
    pub source: Source,
    /// What it is called there: the last word of its path, with that of what holds it if it is but an `id`.
    pub name: String,
    /// Whether it stands nowhere else in this response.
    pub unique: bool,
}

/// All of a response.
pub fn values(exchange: &Exchange) -> Vec<Found> {
    let mut found = Vec::new();
    for (name, value) in &exchange.response_headers {
        match name.as_str() {
            "set-cookie" => cookie(value, &mut found),
            "location" => location(exchange, value, &mut found),
            "etag" | "x-request-id" | "date" | "last-modified" | "expires" | "content-length"
            | "content-type" | "server" | "vary" | "cache-control" => {}
            _ => push(
                &mut found,
                value,
                Source::Header(name.clone()),
                name.trim_start_matches("x-"),
            ),
        }
    }
    let content = exchange.content.trim_start_matches('\u{feff}');
    if exchange.content_type.contains("json") {
        if let Ok(value) = serde_json::from_str(content) {
            json(&value, &mut Path::default(), "", "", &mut found);
        }
    } else if exchange.content_type.contains("html") && content.len() <= LARGEST_PAGE {
        html(content, &mut found);
    }
    let mut times: HashMap<String, usize> = HashMap::new();
    for value in &found {
        *times.entry(value.value.clone()).or_default() += 1;
    }
    for value in &mut found {
        value.unique = times.get(&value.value) == Some(&1);
    }
    found
}

fn push(found: &mut Vec<Found>, value: &str, source: Source, name: &str) {
    let length = value.chars().count();
    if !(SHORTEST..=LONGEST).contains(&length) || found.len() >= MOST {
        return;
    }
    found.push(Found {
        value: value.to_owned(),
        source,
        name: name.to_owned(),
        unique: true,
    });
}

fn cookie(header: &str, found: &mut Vec<Found>) {
    let pair = header.split(';').next().unwrap_or_default();
    let Some((name, value)) = pair.split_once('=') else {
        return;
    };
    let (name, value) = (name.trim(), value.trim());
    push(found, value, Source::Cookie(name.to_owned()), name);
    let decoded = percent_encoding::percent_decode_str(value).decode_utf8_lossy();
    if decoded != value {
        let code = format!(
            "encoding::from_url({{}}.cookies[{}] ?? \"\")",
            crate::convert::emit::words::quoted(name)
        );
        push(found, &decoded, Source::Code(code), name);
    }
}

/// The last part of the path that a new thing got, or that a form led to.
fn location(exchange: &Exchange, header: &str, found: &mut Vec<Found>) {
    let path = header.split(['?', '#']).next().unwrap_or_default();
    let Some((before, last)) = path.trim_end_matches('/').rsplit_once('/') else {
        return;
    };
    let holder = before.rsplit('/').next().unwrap_or_default();
    let pattern = format!("{}/([^/?#]+)", regex::escape(holder));
    let name = format!("{}_id", singular(holder));
    let source = if exchange.redirect().is_some() {
        // The redirect is followed; what is left of it is where it led to.
        Source::Code(format!(
            "regex::captures({{}}.url, {})?[1]",
            crate::convert::emit::words::quoted(&pattern)
        ))
    } else {
        Source::HeaderRegex {
            header: "location".to_owned(),
            pattern,
        }
    };
    push(found, last, source, &name);
}

/// Where a value stands in JSON.
#[derive(Default)]
struct Path {
    /// `rooms[0].id`
    plain: String,
    /// `$['rooms'][0]['id']`, without the `$`: for keys that have dots or quotes in them.
    quoted: String,
    /// How many such keys there are.
    odd: usize,
}

impl Path {
    fn source(&self) -> Source {
        Source::Json(match self.odd {
            0 => self.plain.clone(),
            _ => format!("${}", self.quoted),
        })
    }

    /// Calls with a key or place added.
    fn within(&mut self, plain: &str, quoted: &str, is_odd: bool, look: impl FnOnce(&mut Self)) {
        let (length, quoted_length) = (self.plain.len(), self.quoted.len());
        self.plain.push_str(plain);
        self.quoted.push_str(quoted);
        self.odd += usize::from(is_odd);
        look(self);
        self.plain.truncate(length);
        self.quoted.truncate(quoted_length);
        self.odd -= usize::from(is_odd);
    }
}

fn json(value: &Value, path: &mut Path, key: &str, holder: &str, found: &mut Vec<Found>) {
    if found.len() >= MOST {
        return;
    }
    match value {
        Value::Object(map) => {
            for (name, item) in map {
                if name.contains(char::is_control) {
                    continue;
                }
                let is_odd = name.is_empty()
                    || name.starts_with('$')
                    || name.contains(['.', '[', ']', '"', '\'']);
                let dot = if path.plain.is_empty() { "" } else { "." };
                let escaped = name.replace('\\', "\\\\").replace('\'', "\\'");
                path.within(
                    &format!("{dot}{name}"),
                    &format!("['{escaped}']"),
                    is_odd,
                    |path| json(item, path, name, key, found),
                );
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                let place = format!("[{at}]");
                // What is in a list is called as the list.
                path.within(&place, &place, false, |path| {
                    json(item, path, key, holder, found);
                });
            }
        }
        Value::String(text) => named(found, text, path, key, holder),
        Value::Number(number) => named(found, &number.to_string(), path, key, holder),
        Value::Null | Value::Bool(_) => {}
    }
}

fn named(found: &mut Vec<Found>, value: &str, path: &Path, key: &str, holder: &str) {
    let bare = matches!(
        key.to_ascii_lowercase().as_str(),
        "id" | "_id" | "uuid" | "key" | "code" | "number" | "ref" | "reference"
    );
    let name = if bare && !holder.is_empty() {
        format!("{}_{}", singular(holder), key.trim_start_matches('_'))
    } else {
        key.to_owned()
    };
    push(found, value, path.source(), &name);
}

/// One of what a list is called after: `rooms`, `room`.
pub fn singular(name: &str) -> String {
    if let Some(stem) = name.strip_suffix("ies") {
        return format!("{stem}y");
    }
    match name.strip_suffix('s') {
        Some(stem) if stem.len() > 2 && !stem.ends_with('s') => stem.to_owned(),
        _ => name.to_owned(),
    }
}

fn html(content: &str, found: &mut Vec<Found>) {
    let document = Html::parse_document(content);
    let mut seen: HashSet<String> = HashSet::new();
    for (look, by, attribute) in [
        ("input[type=hidden][name][value]", "name", "value"),
        ("meta[name][content]", "name", "content"),
    ] {
        let Ok(selector) = Selector::parse(look) else {
            continue;
        };
        for element in document.select(&selector) {
            let element = element.value();
            let (Some(name), Some(value)) = (element.attr(by), element.attr(attribute)) else {
                continue;
            };
            // A selector gives the first element only.
            let tag = element.name();
            let selector = format!("{tag}[{by}='{}']", name.replace('\'', "\\'"));
            if name.contains(|c: char| c == '\\' || c.is_control())
                || !seen.insert(selector.clone())
            {
                continue;
            }
            let source = Source::Html {
                selector,
                attribute: Some(attribute.to_owned()),
            };
            push(found, value, source, name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_where_they_stand() {
        let exchange = Exchange {
            content_type: "application/json".to_owned(),
            content: r#"{"rooms":[{"id":"room-1"},{"id":"room-2"}],"token":"abcdef","ok":true}"#
                .to_owned(),
            ..Exchange::default()
        };
        let found: Vec<(String, String)> = values(&exchange)
            .into_iter()
            .map(|found| (found.name, format!("{:?}", found.source)))
            .collect();
        assert_eq!(
            found,
            [
                ("room_id".to_owned(), "Json(\"rooms[0].id\")".to_owned()),
                ("room_id".to_owned(), "Json(\"rooms[1].id\")".to_owned()),
                ("token".to_owned(), "Json(\"token\")".to_owned()),
            ]
        );
    }

    #[test]
    fn odd_keys_are_quoted_and_lead_to_the_value() {
        let text = r#"{"a.b":{"it's":[{"x\\y":"v1"}],"$t":"v2","":"v3","p-q":"v4"},"p-q":"v5"}"#;
        let exchange = Exchange {
            content_type: "application/json".to_owned(),
            content: text.to_owned(),
            ..Exchange::default()
        };
        let body: Value = serde_json::from_str(text).unwrap();
        let found = values(&exchange);
        assert_eq!(found.len(), 5);
        for found in found {
            let Source::Json(path) = &found.source else {
                panic!("{found:?}");
            };
            let there = match path.starts_with('$') {
                true => crate::jsonpath::query(&body, path).unwrap()[0],
                false => crate::jsonpath::pick(&body, path).unwrap().unwrap(),
            };
            assert_eq!(there.as_str(), Some(found.value.as_str()), "{path}");
        }
    }

    #[test]
    fn hidden_fields_and_meta_tags_are_found() {
        let exchange = Exchange {
            content_type: "text/html".to_owned(),
            content: "<meta name=csrf-token content=abc123><form><input type=hidden name=_t value=xyz789></form>".to_owned(),
            ..Exchange::default()
        };
        let names: Vec<String> = values(&exchange).into_iter().map(|f| f.name).collect();
        assert_eq!(names, ["_t", "csrf-token"]);
    }
}
