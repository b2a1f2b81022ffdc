//! Secrets in the URLs of a text: passwords before the host, and values of queries whose names tell that they are one.
//!
//! The text may be anything, and a URL in it may be wrong: it is looked at as it is written, not parsed.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::{MASK, is_secret_name};

/// The text without them.
pub fn mask_urls(text: &str) -> Cow<'_, str> {
    // Most texts have nothing with which either could begin.
    let begins = |byte| matches!(byte, b'/' | b'?' | b'&' | b'#');
    if !text.bytes().any(begins) {
        return Cow::Borrowed(text);
    }
    let mut hidden = passwords(text);
    hidden.extend(values(text));
    if hidden.is_empty() {
        return Cow::Borrowed(text);
    }
    hidden.sort_unstable();
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    for (start, end) in hidden {
        // What overlaps is hidden as one.
        if start >= at {
            masked.push_str(text.get(at..start).unwrap_or_default());
            masked.push_str(MASK);
        }
        at = at.max(end);
    }
    masked.push_str(text.get(at..).unwrap_or_default());
    Cow::Owned(masked)
}

fn ends_url(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>')
}

/// Of a URL that is looked at for a password, in characters: a text may be millions of slashes.
const LONGEST: u32 = 2_048;

/// Where passwords stand: between `//user:` and `@`.
fn passwords(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (slashes, _) in text.match_indices("//") {
        let start = slashes + 2;
        let rest = text.get(start..).unwrap_or_default();
        let end = rest
            .char_indices()
            .zip(0..)
            .find(|((_, c), number)| ends_url(*c) || *number >= LONGEST);
        let url = end.map_or(rest, |((end, _), _)| rest.get(..end).unwrap_or_default());
        let authority = url.split(['/', '?', '#', '\\']).next().unwrap_or_default();
        let Some(colon) = authority.find(':') else {
            continue;
        };
        // A password with a slash in it makes a URL wrong: what should be a port is no number.
        let port = authority.get(colon + 1..).unwrap_or_default();
        let is_port = port.bytes().all(|byte| byte.is_ascii_digit());
        let looked_at = if is_port || authority.contains(['@', '[']) {
            authority
        } else {
            url
        };
        if let Some(end) = looked_at.rfind('@')
            && end > colon + 1
        {
            found.push((start + colon + 1, start + end));
        }
    }
    found
}

/// Where values of secret names stand: in a query, or in a fragment that is made like one.
fn values(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(['?', '&', '#']) {
        let start = at + 1;
        let rest = text.get(start..).unwrap_or_default();
        let pair = rest
            .split(|c: char| ends_url(c) || matches!(c, '&' | '#' | '?'))
            .next()
            .unwrap_or_default();
        // In a text within JSON the quote after it has a backslash, which is the quote's.
        let pair = pair.strip_suffix('\\').unwrap_or(pair);
        if let Some((name, value)) = pair.split_once('=')
            && !value.is_empty()
            && (is_secret_name(&percent_decode_str(name).decode_utf8_lossy())
                || name == "p" && has_user(text, at))
        {
            found.push((start + name.len() + 1, start + pair.len()));
        }
    }
    found
}

/// Whether the query around this place has a user `u`, as that of InfluxDB 1 has: its `p` is the password then.
fn has_user(text: &str, at: usize) -> bool {
    let near = LONGEST as usize;
    let (before, after) = text.split_at(at);
    let start = before.char_indices().rev().take(near).last();
    let before = start.map_or("", |(start, _)| before.get(start..).unwrap_or_default());
    let end = after
        .char_indices()
        .nth(near)
        .map_or(after.len(), |(end, _)| end);
    let after = after.get(..end).unwrap_or_default();
    let before = before.rsplit(ends_url).next().unwrap_or_default();
    let after = after.split(ends_url).next().unwrap_or_default();
    [before, after]
        .iter()
        .any(|part| part.contains("?u=") || part.contains("&u="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_masked_within_json_stays_json() {
        let inner = r#"see "http://u:p1@h/?a=b&token=t0p" and go"#;
        let text = serde_json::json!({ "said": inner, "more": 1 }).to_string();
        let masked = mask_urls(&text);
        assert!(
            !masked.contains("t0p") && !masked.contains("p1"),
            "{masked}"
        );
        let read: serde_json::Value = serde_json::from_str(&masked).unwrap();
        assert_eq!(
            read["said"],
            r#"see "http://u:***@h/?a=b&token=***" and go"#
        );
    }

    #[test]
    fn long_texts_do_not_take_long() {
        let began = std::time::Instant::now();
        mask_urls(&"&p=a".repeat(25_000));
        assert!(began.elapsed().as_secs() < 20);
    }

    #[test]
    fn a_text_that_is_all_slashes_is_looked_at_once() {
        let text = "//a:b".repeat(1_000_000);
        let began = std::time::Instant::now();
        assert_eq!(mask_urls(&text[..100_000]), text[..100_000]);
        assert!(began.elapsed().as_secs() < 20);
    }

    #[test]
    fn passwords_and_secret_values_are_masked_and_nothing_else() {
        for (text, masked) in [
            ("http://u:pw@host/x", "http://u:***@host/x"),
            ("//u:p@w@host", "//u:***@host"),
            ("http://u:p/w@host/", "http://u:***@host/"),
            ("http://host:8080/a@b", "http://host:8080/a@b"),
            ("http://[::1]:80/a@b", "http://[::1]:80/a@b"),
            ("http://host/?q=1", "http://host/?q=1"),
            (
                "at \"http://h/?access_token=abc&n=2\", or http://a:b@c",
                "at \"http://h/?access_token=***&n=2\", or http://a:***@c",
            ),
            ("/cb#access%5Ftoken=a&x=1", "/cb#access%5Ftoken=***&x=1"),
            ("?pin=1234&api_key=", "?pin=***&api_key="),
            ("rate > 1 // 2: a @ b", "rate > 1 // 2: a @ b"),
            ("http://u:p?token=x@h", "http://u:***"),
            (
                "http://h/write?u=a&db=x&p=pw",
                "http://h/write?u=a&db=x&p=***",
            ),
            ("http://h/write?p=pw&u=a or", "http://h/write?p=***&u=a or"),
            ("http://h/search?p=2&q=1 u=a", "http://h/search?p=2&q=1 u=a"),
        ] {
            assert_eq!(mask_urls(text), masked);
        }
    }
}
