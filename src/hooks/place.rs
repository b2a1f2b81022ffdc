//! Where a call has something: in its body, a header, or its query.

use std::cell::OnceCell;
use std::fmt;
use std::str::FromStr;

use http::HeaderName;
use serde_json::Value;
use serde_json_path::JsonPath;

use super::call::Call;
use crate::jsonpath;

/// A place in a call, such as `$.order.id`, `header:x-request-id` or `query:id`.
#[derive(Debug, Clone)]
pub struct Place {
    text: String,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Json(JsonPath),
    Header(HeaderName),
    Query(String),
}

/// The text names no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct WrongPlace {
    pub message: String,
    pub help: String,
}

/// A call that is looked at in several places; its body is parsed once, if at all.
pub struct Looked<'a> {
    pub call: &'a Call,
    json: OnceCell<Option<Value>>,
}

impl<'a> Looked<'a> {
    pub fn new(call: &'a Call) -> Self {
        Self {
            call,
            json: OnceCell::new(),
        }
    }

    fn json(&self) -> Option<&Value> {
        let parse = || serde_json::from_slice(&self.call.body).ok();
        self.json.get_or_init(parse).as_ref()
    }
}

impl Place {
    /// What stands there, as a text: the first value that a JSONPath finds, a number as it is written. Lists, maps and `null` are
    /// no keys.
    pub fn find(&self, looked: &Looked<'_>) -> Option<String> {
        match &self.kind {
            Kind::Json(path) => path
                .query(looked.json()?)
                .all()
                .into_iter()
                .find_map(key_text),
            Kind::Header(name) => looked.call.header(name).map(str::to_owned),
            Kind::Query(name) => {
                let query = looked.call.query.as_deref()?;
                let mut pairs = url::form_urlencoded::parse(query.as_bytes());
                pairs
                    .find(|(key, _)| key == name)
                    .map(|(_, value)| value.into_owned())
            }
        }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

fn key_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Place {
    type Err = WrongPlace;

    fn from_str(text: &str) -> Result<Self, WrongPlace> {
        let wrong = |message: String, help: &str| WrongPlace {
            message,
            help: help.to_owned(),
        };
        let kind = if text.starts_with('$') {
            let path = jsonpath::parse(text)
                .map_err(|message| wrong(message, "write a JSONPath such as \"$.order.id\""))?;
            Kind::Json(path)
        } else if let Some(name) = text.strip_prefix("header:") {
            let name = HeaderName::try_from(name.trim()).map_err(|_| {
                wrong(
                    format!("`{}` is not a header name", name.trim()),
                    "write \"header:x-request-id\"",
                )
            })?;
            Kind::Header(name)
        } else if let Some(name) = text.strip_prefix("query:").filter(|name| !name.is_empty()) {
            Kind::Query(name.to_owned())
        } else {
            let plain = !text.is_empty()
                && text
                    .chars()
                    .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '[' | ']'));
            let help = if plain {
                format!(
                    "write \"$.{text}\" for a value in the body, \"header:{text}\" for a header"
                )
            } else {
                "a JSONPath into the body begins with `$`; others are \"header:NAME\" and \"query:NAME\"".to_owned()
            };
            return Err(wrong(format!("`{text}` is no place in a call"), &help));
        };
        Ok(Self {
            text: text.to_owned(),
            kind,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::call::testing::call;
    use super::*;

    fn find(place: &str, call: &Call) -> Option<String> {
        place.parse::<Place>().unwrap().find(&Looked::new(call))
    }

    #[test]
    fn a_key_is_found_in_the_body_a_header_or_the_query() {
        let mut call = call(
            r#"{"a": [{"id": 7}, {"id": "x"}], "n": null}"#,
            &[("x-request-id", "r-1")],
        );
        call.query = Some("id=a%20b&id=c".to_owned());
        assert_eq!(find("$.a[0].id", &call).as_deref(), Some("7"));
        assert_eq!(find("$.a[*].id", &call).as_deref(), Some("7"));
        assert_eq!(find("$.n", &call), None);
        assert_eq!(find("header:X-Request-Id", &call).as_deref(), Some("r-1"));
        assert_eq!(find("query:id", &call).as_deref(), Some("a b"));
        call.body = "no json".into();
        assert_eq!(find("$.a[0].id", &call), None);
    }

    #[test]
    fn what_names_no_place_says_what_was_meant() {
        let wrong = |text: &str| text.parse::<Place>().unwrap_err();
        assert_eq!(
            wrong("order.id").help,
            "write \"$.order.id\" for a value in the body, \"header:order.id\" for a header"
        );
        assert!(wrong("$.a[").message.contains("is not a JSONPath"));
        assert!(wrong("header:a b").message.contains("not a header name"));
        assert!(wrong("").help.contains("query:NAME"));
        assert!(wrong("query:").message.contains("no place"));
    }

    proptest! {
        #[test]
        fn any_text_is_a_place_or_a_mistake(text in "\\PC*") {
            match text.parse::<Place>() {
                Ok(place) => prop_assert_eq!(place.as_str(), &text),
                Err(wrong) => prop_assert!(!wrong.help.is_empty()),
            }
        }
    }
}
