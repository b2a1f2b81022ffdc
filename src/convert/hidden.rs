//! Secrets within a text that is sent as it is: JSON that calls itself plain text, XML, forms that could not be taken apart, queries of
//! GraphQL.
//!
//! In: the text and its content type. Out: where the secrets stand, by the names beside them. The text is looked at as it
//! is written, not parsed: nothing else of it may change.

use std::ops::Range;
use std::sync::LazyLock;

use percent_encoding::percent_decode_str;
use regex::{Captures, Regex};

use crate::convert::text::{Part, Text};
use crate::secrets::is_secret_name;

/// A secret within a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// What is replaced, in bytes of the text.
    pub place: Range<usize>,
    pub name: String,
    /// Without escapes.
    pub value: String,
    language: Language,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    Json,
    Xml,
    Form,
    GraphQl,
}

/// What a query of GraphQL is called where a content type is asked for.
pub const GRAPHQL: &str = "application/graphql";

/// Whether a text is a query of GraphQL: it begins as one.
pub fn is_graphql(text: &str) -> bool {
    let text = text.trim_start();
    ["mutation", "query", "subscription"]
        .iter()
        .any(|word| text.starts_with(word) && text.contains('{'))
        || text.starts_with('{')
            && !text
                .trim_start_matches(['{', ' ', '\n'])
                .starts_with(['"', '}'])
}

impl Secret {
    /// What stands in its place, with the escapes of the language.
    pub fn written(&self, value: &Text) -> Text {
        match (self.language, value.parts()) {
            (Language::Form, _) => value.in_url(),
            (Language::Xml, _) => value.clone(),
            (Language::Json | Language::GraphQl, [Part::Code(code)]) => {
                Text::code(format!("json_text({code})"))
            }
            (Language::Json | Language::GraphQl, _) => {
                let mut quoted = Text::from("\"");
                quoted.extend(value);
                quoted.push("\"");
                quoted
            }
        }
    }
}

static JSON: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"("(?:[^"\\]|\\.)*")\s*:\s*("(?:[^"\\]|\\.)+")"#).ok());
static XML: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"<(?:[\w.-]+:)?([\w.-]+)(?:\s[^<>]*)?>([^<>]+)</").ok());
static FORM: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:^|&)([^=&]+)=([^&]+)").ok());

static GRAPHQL_ARGUMENT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"([A-Za-z_]\w*)\s*:\s*("(?:[^"\\]|\\.)+")"#).ok());

/// The secrets of a text, in order.
pub fn secrets(text: &str, content_type: &str) -> Vec<Secret> {
    let start = text.trim_start();
    let (language, pattern) = if content_type == GRAPHQL {
        (Language::GraphQl, &*GRAPHQL_ARGUMENT)
    } else if content_type.contains("form-urlencoded") && !start.starts_with('{') {
        (Language::Form, &*FORM)
    } else if start.starts_with(['{', '[']) {
        (Language::Json, &*JSON)
    } else if start.starts_with('<') {
        (Language::Xml, &*XML)
    } else {
        return Vec::new();
    };
    let found = pattern
        .iter()
        .flat_map(|pattern| pattern.captures_iter(text));
    found
        .filter_map(|captures| secret(&captures, language))
        .collect()
}

fn secret(captures: &Captures<'_>, language: Language) -> Option<Secret> {
    let (name, value) = (captures.get(1)?, captures.get(2)?);
    let plain = |text: &str| match language {
        Language::GraphQl if !text.starts_with('"') => Some(text.to_owned()),
        Language::Json | Language::GraphQl => serde_json::from_str::<String>(text).ok(),
        Language::Xml => Some(text.to_owned()),
        Language::Form => {
            let text = text.replace('+', " ");
            let plain = percent_decode_str(&text).decode_utf8_lossy();
            Some(plain.into_owned())
        }
    };
    let (name, place) = (plain(name.as_str())?, value.range());
    let value = plain(value.as_str())?;
    (is_secret_name(&name) && !value.trim().is_empty()).then_some(Secret {
        place,
        name,
        value,
        language,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str, kind: &str) -> Vec<(String, String)> {
        secrets(text, kind)
            .into_iter()
            .map(|secret| (secret.name, secret.value))
            .collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn secrets_are_found_by_the_names_beside_them() {
        assert_eq!(
            found(
                r#"{"a":"b","password" : "x\"y","n":["token", "c"]}"#,
                "text/plain"
            ),
            [pair("password", "x\"y")]
        );
        assert_eq!(
            found(
                "<a><s:password type='x'>pw</s:password><b>c</b></a>",
                "text/xml"
            ),
            [pair("password", "pw")]
        );
        let form = "application/x-www-form-urlencoded";
        assert_eq!(
            found("a=%FF&password=p+w&b=c", form),
            [pair("password", "p w")]
        );
        assert_eq!(found("{\"password\":\"x\"}", form), [pair("password", "x")]);
        assert_eq!(found("password=x", "text/plain"), []);
        let query = r#"mutation($pin: Int!) { login(user: "ada", password: "p\"w") { token } }"#;
        assert!(is_graphql(query) && is_graphql("{ rooms }") && !is_graphql("{\"a\":1}"));
        assert_eq!(found(query, GRAPHQL), [pair("password", "p\"w")]);
    }

    proptest! {
        #[test]
        fn places_are_in_order_and_within(text in r#"[\{<]?["\\:<>/=&a password]{0,60}"#) {
            let mut at = 0;
            for secret in secrets(&text, "application/x-www-form-urlencoded") {
                prop_assert!(secret.place.start >= at);
                at = secret.place.end;
                prop_assert!(text.get(secret.place).is_some());
            }
        }
    }
}
