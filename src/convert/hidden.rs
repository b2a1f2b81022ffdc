//! Secrets within a text that is sent as it is: JSON that calls itself plain text, XML, forms that could not be taken apart, queries of
//! GraphQL.
//!
//! In: the text and its content type. Out: where the secrets stand, by the names beside them. The text is looked at as it
//! is written, not parsed: nothing else of it may change.

use std::ops::Range;
use std::sync::LazyLock;

use percent_encoding::percent_decode_str;
use regex::{Captures, Regex};

use super::emit::words;
use super::lifted::is_secret_number;
use super::tokens::{self, Token};
use crate::convert::text::Text;
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
    /// It stands between quotes, where the language has any.
    quoted: bool,
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
        match self.language {
            Language::Form => value.in_url(),
            Language::Json | Language::GraphQl if self.quoted => match value.as_literal() {
                Some(literal) => serde_json::Value::from(literal).to_string().into(),
                None => Text::code(format!("json_text({})", words::text(value))),
            },
            Language::Xml | Language::Json | Language::GraphQl => value.clone(),
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
    let mut found = match language {
        Language::Json | Language::GraphQl => beside_names(text, language),
        Language::Xml | Language::Form => Vec::new(),
    };
    // A text whose quotes do not match is read wrongly word for word; pairs in it are found all the same.
    let pairs = pattern
        .iter()
        .flat_map(|pattern| pattern.captures_iter(text));
    let known: Vec<Range<usize>> = found.iter().map(|secret| secret.place.clone()).collect();
    let overlaps = |place: &Range<usize>| {
        let mut known = known.iter();
        known.any(|known| place.start < known.end && known.start < place.end)
    };
    found.extend(
        pairs
            .filter_map(|captures| secret(&captures, language))
            .filter(|secret| !overlaps(&secret.place)),
    );
    found.sort_by_key(|secret| secret.place.start);
    found
}

/// What stands beside the names of secrets in a text that is JSON or nearly so, or a query of GraphQL: texts, numbers, and lists of them.
fn beside_names(text: &str, language: Language) -> Vec<Secret> {
    let mut found = Vec::new();
    // For each list or map that is open: the name of the list.
    let mut open: Vec<Option<String>> = Vec::new();
    let mut named: Option<String> = None;
    let mut word: Option<String> = None;
    for (token, place) in tokens::of(text) {
        let before = word.take();
        match token {
            Token::Mark(':') => {
                named = before;
                continue;
            }
            Token::Mark('[') => open.push(named.take().or_else(|| open.last().cloned().flatten())),
            Token::Mark('{' | '(') => open.push(None),
            Token::Mark(']' | '}' | ')') => {
                open.pop();
            }
            Token::Text(value) => {
                let name = named.clone().or_else(|| open.last().cloned().flatten());
                if let Some(name) = name.filter(|name| is_secret_name(name))
                    && !value.trim().is_empty()
                {
                    let value = value.clone();
                    found.push(Secret {
                        place,
                        name,
                        value,
                        language,
                        quoted: true,
                    });
                }
                word = Some(value);
            }
            Token::Number(value) => {
                let name = named.clone().or_else(|| open.last().cloned().flatten());
                if let Some(name) = name.filter(|name| is_secret_number(name)) {
                    found.push(Secret {
                        place,
                        name,
                        value,
                        language,
                        quoted: false,
                    });
                }
            }
            Token::Word(value) => word = Some(value),
            Token::Mark(_) | Token::Other => {}
        }
        named = None;
    }
    found
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
        quoted: true,
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
        // No JSON, but nearly.
        assert_eq!(
            found(
                r#"{"pin": 1234, 'token': 'a\'b', password: "x", "secrets": ["s1", ["s2", 7], {"a": "b", "pin": 5}], "max_tokens": 9, "n": [1],}"#,
                "text/plain"
            ),
            [
                pair("pin", "1234"),
                pair("token", "a'b"),
                pair("password", "x"),
                pair("secrets", "s1"),
                pair("secrets", "s2"),
                pair("secrets", "7"),
                pair("pin", "5"),
            ]
        );
        // A quote too many.
        assert_eq!(
            found(
                "{\"a\": \"b, \"c\": 1,\n\"pin\": 1234, \"password\": \"x\"",
                "text/plain"
            ),
            [pair("pin", "1234"), pair("password", "x")]
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
        let query = r#"{ login(pin: 1234, codes: [1], tokens: ["a", "b"]) { token } }"#;
        assert_eq!(
            found(query, GRAPHQL),
            [
                pair("pin", "1234"),
                pair("tokens", "a"),
                pair("tokens", "b")
            ]
        );
    }

    proptest! {
        #[test]
        fn places_are_in_order_and_within(text in r#"[\{<]?["'\\:<>/=&a password\n1,\[\]]{0,60}"#) {
            let mut at = 0;
            for secret in secrets(&text, "application/x-www-form-urlencoded") {
                prop_assert!(secret.place.start >= at, "{text:?}");
                at = secret.place.end;
                prop_assert!(text.get(secret.place).is_some());
            }
        }
    }
}
