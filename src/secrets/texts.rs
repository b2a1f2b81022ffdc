//! Secrets in a text that cannot be taken apart, such as a body that was cut or is no JSON: values beside names which tell that they
//! are one.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use super::{MASK, is_secret_name, mask_urls};

/// What stands before a value: `"name": `, `name = `, `name=`, or `<name>`.
static NAMES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r#"(?P<name>[\p{L}_][\p{L}\p{N}_.\-]*)\\?["']?\s*[:=]\s*"#,
        r"|<(?:[\w.\-]+:)?(?P<element>[\w.\-]+)(?:\s[^<>]*)?>",
    ))
    .ok()
});

/// A value that begins where the text does; one that was cut may lack its last quote.
static VALUE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r#"(?s)^(?:"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|\\"(?:[^"\\]|\\[^"])*(?:\\")?"#,
        r#"|(?i:bearer|basic|digest)\s+[^\s,;&<>"'}\]]+|[^\s,;&<>"'{}\[\]]+)"#,
    ))
    .ok()
});

/// A text without the values of secret names, and without secrets in its URLs.
pub fn mask_named(text: &str) -> Cow<'_, str> {
    let text = mask_urls(text);
    let (Some(names), Some(value)) = (NAMES.as_ref(), VALUE.as_ref()) else {
        return text;
    };
    let mut masked = String::new();
    // Where the search goes on, and up to where the text has been taken over.
    let (mut at, mut taken) = (0, 0);
    while let Some(found) = names.captures_at(&text, at) {
        let (Some(whole), Some(name)) = (
            found.get(0),
            found.name("name").or_else(|| found.name("element")),
        ) else {
            break;
        };
        // What looks like a value may be a name as well: `a=password=b`.
        at = name.end();
        if !is_secret_name(name.as_str()) {
            continue;
        }
        let rest = text.get(whole.end()..).unwrap_or_default();
        let length = match found.name("element") {
            Some(_) => rest.find('<').unwrap_or(rest.len()),
            None => value.find(rest).map_or(0, |value| value.len()),
        };
        let hidden = rest.get(..length).unwrap_or_default();
        if hidden.trim().is_empty() {
            continue;
        }
        masked.push_str(text.get(taken..whole.end()).unwrap_or_default());
        match hidden.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                masked.extend([&*quote.to_string(), MASK, &*quote.to_string()])
            }
            _ => masked.push_str(MASK),
        }
        taken = whole.end() + length;
        at = taken;
    }
    if taken == 0 {
        return text;
    }
    masked.push_str(text.get(taken..).unwrap_or_default());
    Cow::Owned(masked)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_beside_secret_names_are_masked_however_the_text_is_written() {
        for (text, shown) in [
            (
                r#"{"user":"qa","password": "hun\"ter2", "n": 1"#,
                r#"{"user":"qa","password": "***", "n": 1"#,
            ),
            (r#"{"access_token":"eyJ"#, r#"{"access_token":"***""#),
            ("'token': 'abc', x", "'token': '***', x"),
            ("pin: 1234, n: 5", "pin: ***, n: 5"),
            ("user=a&password=b&x=c", "user=a&password=***&x=c"),
            (
                "Authorization: Bearer abc\nHost: x",
                "Authorization: ***\nHost: x",
            ),
            (
                "<user>qa</user><ns:password a=\"1\">x y</ns:password>",
                "<user>qa</user><ns:password a=\"1\">***</ns:password>",
            ),
            ("see http://u:p@h/?token=1", "see http://u:***@h/?token=***"),
            (
                r#"text "{\"token\":\"abc\",\"n\":1}""#,
                r#"text "{\"token\":***,\"n\":1}""#,
            ),
        ] {
            assert_eq!(mask_named(text), shown);
        }
    }

    #[test]
    fn other_texts_stay_as_they_are() {
        for text in [
            "",
            "the token was refused",
            "{\"author\": \"x\", \"n\": [1, 2]}",
            "{\"tokens\": {\"n\": 1}}",
            "<p>a: b</p>",
        ] {
            assert_eq!(mask_named(text), text);
        }
    }

    proptest! {
        #[test]
        fn no_secret_is_seen_beside_its_name(
            before in "[a-z \"{,:=\n]{0,8}", sign in "\": \"|:|=|=\"", after in "[\",}\n &]{0,3}",
        ) {
            let text = format!("{before} password{sign}Xq7Zk{after}");
            prop_assert!(!mask_named(&text).contains("Xq7Zk"), "{}", mask_named(&text));
        }
    }
}
