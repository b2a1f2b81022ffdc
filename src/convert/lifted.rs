//! Secrets of a request that a document holds: what stands beside a name that tells a secret becomes a variable.
//!
//! In: a request as the document describes it, and who keeps secrets. Out: the same request without a secret in it. What is
//! an expression already stays one.

use percent_encoding::percent_decode_str;

use super::hidden;
use super::journey::{Body, Field, Request};
use super::text::{Part, Text, Value};
use crate::secrets::is_secret_name;

/// Who keeps secrets: takes a value, the name beside it and what it is, and gives the expression that stands for it.
pub type Keeper<'k> = dyn FnMut(&str, &str, &str) -> String + 'k;

/// Schemes of `authorization` that are no secret themselves.
const SCHEMES: [&str; 6] = ["bearer", "basic", "digest", "token", "apikey", "key"];

/// Words of a name that make its number one that is counted, or measured: `max_tokens` is no secret.
const COUNTS: [&str; 14] = [
    "max", "min", "count", "limit", "length", "size", "ttl", "expiry", "expires", "lifetime",
    "budget", "per", "total", "used",
];

/// What a name ends in that only says which kind of secret another field has: `token_type` is `bearer`.
const KINDS: [&str; 2] = ["type", "hint"];

/// Markers of expressions within a text that is searched: no document has them.
const OPEN: char = '\u{f8f2}';
const CLOSE: char = '\u{f8f3}';

/// A token that says itself what it is, whatever it is called.
pub fn is_jwt(value: &str) -> bool {
    value.starts_with("eyJ") && value.matches('.').count() == 2 && value.len() > 40
}

/// Whether a number of that name is a secret.
pub fn is_secret_number(name: &str) -> bool {
    is_secret_name(name)
        && !words(name)
            .iter()
            .any(|word| COUNTS.contains(&word.as_str()))
}

/// The words of a name in lower case: `maxTokens` is `max`, `tokens`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for character in name.chars() {
        if !character.is_alphanumeric() || character.is_uppercase() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| character.is_alphanumeric()) {
            word.extend(character.to_lowercase());
        }
    }
    words
}

/// What a field holds as it is sent, if that is a secret: the expression for it.
pub fn field(value: &str, name: &str, keep: &mut Keeper<'_>) -> Option<String> {
    let lower = name.to_lowercase();
    let is_kind = KINDS.iter().any(|kind| lower.ends_with(kind));
    let is_secret = !value.trim().is_empty() && (is_secret_name(name) && !is_kind || is_jwt(value));
    is_secret.then(|| keep(value, name, &format!("the field {name}")))
}

/// Lifts the secrets of a request.
pub fn lift(request: &mut Request, keep: &mut Keeper<'_>) {
    for (name, value) in &mut request.url.query {
        let name = decoded(&name.outline());
        if let Some(value) = value
            && let Some(given) = value
                .as_literal()
                .map(|value| decoded(&value.replace('+', " ")))
        {
            if let Some(code) = field(&given, &name, keep) {
                *value = Text::code(code).in_url();
            }
        } else if let Some(value) = value {
            mixed_in_url(value, &name, keep);
        }
    }
    for (name, value) in &mut request.headers {
        header(name, value, keep);
    }
    for (name, value) in &mut request.parameters {
        // All others are rhaid's own words.
        if name == "cookies" {
            walk(value, "", keep);
        }
    }
    let kind = request
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        .and_then(|(_, kind)| kind.as_literal())
        .unwrap_or_default()
        .to_lowercase();
    match &mut request.body {
        Body::Json(value) => walk(value, "", keep),
        Body::Form(fields) => {
            for (name, value) in fields {
                literal(value, name, keep);
            }
        }
        Body::Multipart(fields) => {
            for (name, given) in fields {
                if let Field::Text(value) = given {
                    literal(value, name, keep);
                }
            }
        }
        Body::Text(content) => *content = within(content, &kind, keep),
        Body::None | Body::Bytes(_) | Body::File(_) | Body::Code(_) => {}
    }
}

/// A part of a URL without its escapes.
pub fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The same in a part of a URL, which is escaped already.
pub fn mixed_in_url(value: &mut Text, name: &str, keep: &mut Keeper<'_>) {
    let mut escaped = |given: &str, name: &str, meaning: &str| {
        format!("encoding::url({})", keep(&decoded(given), name, meaning))
    };
    mixed(value, name, &mut escaped);
}

/// Lifts a value of that name, or what of it is no expression.
pub fn literal(value: &mut Text, name: &str, keep: &mut Keeper<'_>) {
    match value.as_literal() {
        Some(given) => {
            if let Some(code) = field(given, name, keep) {
                *value = Text::code(code);
            }
        }
        None => mixed(value, name, keep),
    }
}

/// Lifts what stands beside expressions in the value of a secret name, `abc` of `abc{{number}}`: known, it gives most of the secret away.
fn mixed(value: &mut Text, name: &str, keep: &mut Keeper<'_>) {
    let mut made = Text::default();
    for part in value.parts() {
        match part {
            Part::Literal(literal) if literal.contains(char::is_alphanumeric) => {
                match field(literal, name, keep) {
                    Some(code) => made.push_code(code),
                    None => made.push(literal),
                }
            }
            Part::Literal(literal) => made.push(literal),
            Part::Code(code) => made.push_code(code.clone()),
        }
    }
    *value = made;
}

/// A header that has expressions in it: its scheme stays, and so do the names of cookies.
fn mixed_header(name: &str, value: &mut Text, keep: &mut Keeper<'_>) {
    if !is_secret_name(name) {
        return;
    }
    let is_cookie = name.eq_ignore_ascii_case("cookie");
    let mut made = Text::default();
    // The end of a name, which the value of a cookie follows.
    let mut at_value = !is_cookie;
    for (at, part) in value.parts().iter().enumerate() {
        let literal = match part {
            Part::Code(code) => {
                made.push_code(code.clone());
                continue;
            }
            Part::Literal(literal) => literal.as_str(),
        };
        let scheme = literal.split_once(' ').filter(|(scheme, _)| {
            at == 0 && SCHEMES.contains(&scheme.to_ascii_lowercase().as_str())
        });
        let rest = match scheme {
            Some((scheme, rest)) => {
                made.push(&format!("{scheme} "));
                rest
            }
            None => literal,
        };
        for piece in rest.split_inclusive(if is_cookie { [';', '='] } else { ['\0', '\0'] }) {
            let is_value = at_value;
            at_value = !is_cookie || piece.ends_with('=') || at_value && !piece.ends_with(';');
            let text = piece.trim_end_matches(';');
            if is_value && text.contains(char::is_alphanumeric) {
                let called = match name.eq_ignore_ascii_case("authorization") {
                    true => "token",
                    false => name,
                };
                made.push_code(keep(text, called, &format!("of the header {name}")));
                made.push(piece.get(text.len()..).unwrap_or_default());
            } else {
                made.push(piece);
            }
        }
    }
    *value = made;
}

fn header(name: &str, value: &mut Text, keep: &mut Keeper<'_>) {
    let Some(given) = value.as_literal() else {
        return mixed_header(name, value, keep);
    };
    if given.trim().is_empty() || !(is_secret_name(name) || is_jwt(given)) {
        return;
    }
    let scheme = given.split_once(' ').filter(|(scheme, credentials)| {
        SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()) && !credentials.trim().is_empty()
    });
    *value = match scheme {
        Some((scheme, credentials)) => {
            let is_known = name.eq_ignore_ascii_case("authorization");
            let called = if is_known { "token" } else { name };
            let mut text = Text::from(format!("{scheme} "));
            text.push_code(keep(credentials, called, &format!("of the header {name}")));
            text
        }
        None => Text::code(keep(given, name, &format!("the header {name}"))),
    };
}

fn walk(value: &mut Value, name: &str, keep: &mut Keeper<'_>) {
    match value {
        Value::Text(text) if name == "query" && hidden::is_graphql(&text.outline()) => {
            *text = within(text, hidden::GRAPHQL, keep);
        }
        Value::Text(text) => literal(text, name, keep),
        Value::Number(number) if is_secret_number(name) => {
            let code = keep(&number.to_string(), name, &format!("the field {name}"));
            *value = Value::Code(format!("parse_json({code})"));
        }
        Value::List(items) => items.iter_mut().for_each(|item| walk(item, name, keep)),
        Value::Map(entries) => {
            for (name, item) in entries {
                walk(item, name, keep);
            }
        }
        Value::Unit | Value::Bool(_) | Value::Number(_) | Value::Code(_) => {}
    }
}

/// A text that is sent as it is, without the secrets that stand in it by name.
pub fn within(text: &Text, kind: &str, keep: &mut Keeper<'_>) -> Text {
    let mut codes = Vec::new();
    let mut plain = String::new();
    for part in text.parts() {
        match part {
            Part::Literal(literal) => plain.push_str(literal),
            Part::Code(code) => {
                plain.push_str(&format!("{OPEN}{}{CLOSE}", codes.len()));
                codes.push(code.as_str());
            }
        }
    }
    let mut made = Text::default();
    let mut at = 0;
    for secret in hidden::secrets(&plain, kind) {
        let meaning = format!("the field {}", secret.name);
        let value = if secret.value.contains(OPEN) {
            let mut given = Text::default();
            unmark(Some(&secret.value), &codes, &mut given);
            let mut lifted = given.clone();
            mixed(&mut lifted, &secret.name, keep);
            if lifted == given {
                // It is a variable already.
                continue;
            }
            lifted
        } else {
            Text::code(keep(&secret.value, &secret.name, &meaning))
        };
        unmark(plain.get(at..secret.place.start), &codes, &mut made);
        made.extend(&secret.written(&value));
        at = secret.place.end;
    }
    unmark(plain.get(at..), &codes, &mut made);
    made
}

/// Puts expressions in the place of their markers.
fn unmark(piece: Option<&str>, codes: &[&str], made: &mut Text) {
    for part in piece.unwrap_or_default().split_inclusive(CLOSE) {
        let marked = part.split_once(OPEN).and_then(|(before, marker)| {
            let code = codes.get(marker.trim_end_matches(CLOSE).parse::<usize>().ok()?)?;
            Some((before, *code))
        });
        match marked {
            Some((before, code)) => {
                made.push(before);
                made.push_code(code);
            }
            None => made.push(part),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn lifted(request: &mut Request) -> Vec<(String, String)> {
        let mut kept = Vec::new();
        lift(request, &mut |value, name, _| {
            kept.push((name.to_owned(), value.to_owned()));
            format!("global::K{}", kept.len())
        });
        kept
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn secrets_are_lifted_wherever_they_have_a_name() {
        let mut request = Request::default();
        request.url.push_query("api_key", &"k 1".into());
        request.url.push_query("page", &"2".into());
        request.headers = vec![
            ("Authorization".to_owned(), "Bearer t0k3n".into()),
            ("x-api-key".to_owned(), "k-2".into()),
            ("accept".to_owned(), "*/*".into()),
        ];
        request.body = Body::Json(
            json!({"user": {"password": "p", "pin": 1234, "max_tokens": 7}, "maxTokens": 8, "adminPin": 5678, "secrets": ["a"]})
                .into(),
        );
        assert_eq!(
            lifted(&mut request),
            [
                pair("api_key", "k 1"),
                pair("token", "t0k3n"),
                pair("x-api-key", "k-2"),
                pair("password", "p"),
                pair("pin", "1234"),
                pair("adminPin", "5678"),
                pair("secrets", "a"),
            ]
        );
        let written = format!("{request:?}");
        assert!(written.contains("Bearer "), "{written}");
        assert!(written.contains("parse_json(global::K5)"), "{written}");
        assert!(
            written.contains("Number(7)") && written.contains("Number(8)"),
            "{written}"
        );
    }

    #[test]
    fn what_stands_beside_an_expression_in_a_secret_is_lifted() {
        let mix = |before: &str, after: &str| {
            let mut text = Text::from(before);
            text.push_code("x");
            text.push(after);
            text
        };
        let mut body = mix(r#"{"password": "abc"#, r#"-9", "a": "b"#);
        body.push_code("y");
        body.push(r#"", "token": ""#);
        body.push_code("z");
        body.push(r#""}"#);
        let mut request = Request {
            headers: vec![
                ("Authorization".to_owned(), mix("Bearer a.", ".b")),
                ("Cookie".to_owned(), mix("sid=", "; theme=dark; t=1")),
                ("X-Api-Key".to_owned(), mix("", "-")),
                ("accept".to_owned(), mix("a/", "")),
            ],
            body: Body::Text(body),
            ..Request::default()
        };
        request.url.query = vec![("api_key".into(), Some(mix("k%201", "")))];
        let kept = lifted(&mut request);
        assert_eq!(
            kept,
            [
                pair("api_key", "k 1"),
                pair("token", "a."),
                pair("token", ".b"),
                pair("Cookie", "dark"),
                pair("Cookie", "1"),
                pair("password", "abc"),
                pair("password", "-9"),
            ]
        );
        let code = |code: &str| Part::Code(code.to_owned());
        let literal = |text: &str| Part::Literal(text.to_owned());
        let query = request
            .url
            .query
            .first()
            .and_then(|(_, value)| value.clone());
        assert_eq!(
            query.unwrap_or_default().parts(),
            [code("encoding::url(global::K1)"), code("x")]
        );
        let cookie = request.headers.get(1).map(|(_, value)| value.parts());
        assert_eq!(
            cookie,
            Some(
                [
                    literal("sid="),
                    code("x"),
                    literal("; theme="),
                    code("global::K4"),
                    literal("; t="),
                    code("global::K5")
                ]
                .as_slice()
            )
        );
        let Body::Text(body) = &request.body else {
            panic!("{:?}", request.body);
        };
        assert_eq!(
            body.parts(),
            [
                literal(r#"{"password": "#),
                code("json_text(`${global::K6}${x}${global::K7}`)"),
                literal(r#", "a": "b"#),
                code("y"),
                literal(r#"", "token": ""#),
                code("z"),
                literal(r#""}"#),
            ]
        );
    }

    #[test]
    fn expressions_within_a_text_stay_where_they_are() {
        let mut text = Text::from(r#"{"user":""#);
        text.push_code("user");
        text.push(r#"","password":""#);
        text.push_code("password");
        text.push(r#"","secret":"s3cr3t"}"#);
        let made = within(&text, "", &mut |_, _, _| "global::SECRET".to_owned());
        let codes: Vec<&str> = made
            .parts()
            .iter()
            .filter_map(|part| match part {
                Part::Code(code) => Some(code.as_str()),
                Part::Literal(_) => None,
            })
            .collect();
        assert_eq!(codes, ["user", "password", "json_text(global::SECRET)"]);
        assert_eq!(made.outline(), r#"{"user":"…","password":"…","secret":…}"#);
    }

    proptest! {
        /// Whatever is written beside a secret name is in no part of the request afterwards.
        #[test]
        fn no_secret_is_left(
            secret in "[a-zA-Z0-9!#$ /?:@-]{4,20}",
            name in prop::sample::select(vec!["password", "api_key", "clientSecret", "X-Auth-Token", "pin"]),
        ) {
            let secret = format!("§{secret}§");
            let mut request = Request::default();
            request.url.push_query(name, &secret.as_str().into());
            request.headers.push((name.to_owned(), secret.as_str().into()));
            let json = json!({"a": [{name: secret, "b": {name: [secret]}}]});
            let text = Text::from(format!("{}, //", json!({"a": [{name: secret, "b": {name: [secret]}}]})));
            for body in [
                Body::Json(json.into()),
                Body::Form(vec![(name.to_owned(), secret.as_str().into())]),
                Body::Multipart(vec![(name.to_owned(), Field::Text(secret.as_str().into()))]),
                Body::Text(text),
            ] {
                let mut request = Request { body, ..request.clone() };
                let kept = lifted(&mut request);
                prop_assert!(kept.iter().all(|(_, value)| *value == secret), "{kept:?}");
                prop_assert!(!format!("{request:?}").contains('§'), "{request:?}");
            }
        }
    }
}
