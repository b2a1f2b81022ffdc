//! A secret in the forms in which it travels: in URLs, in JSON, in base64 and hexadecimal, alone or within something longer, such as the
//! `user:password` of basic authentication.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Digits of base64 or hexadecimal that are looked for; fewer occur by chance.
const FEWEST: usize = 8;

/// All forms of a value beside itself.
pub fn of(value: &str) -> Vec<String> {
    let mut forms = vec![
        utf8_percent_encode(value, NON_ALPHANUMERIC).to_string(),
        url::form_urlencoded::byte_serialize(value.as_bytes()).collect(),
        url_path(value),
    ];
    let json = serde_json::Value::from(value).to_string();
    forms.extend(json.get(1..json.len() - 1).map(str::to_owned));
    let hex = crate::hex::encode(value.as_bytes());
    let mut digits = vec![hex.to_uppercase(), hex];
    for alphabet in [STANDARD, URL_SAFE] {
        digits.push(alphabet.encode(value));
        digits.extend((0..3).map(|before| within(value, before, &alphabet)));
    }
    forms.extend(digits.into_iter().filter(|form| form.len() >= FEWEST));
    forms
}

/// What is sure to stand in base64 of a text that has the value in it, so many bytes behind a multiple of three: the digits of its
/// first and last bytes depend on their neighbours.
fn within(value: &str, before: usize, alphabet: &impl Engine) -> String {
    let mut bytes = vec![0; before];
    bytes.extend(value.bytes());
    let encoded = alphabet.encode(&bytes);
    let first = (before * 8).div_ceil(6);
    let last = bytes.len() * 8 / 6;
    encoded.get(first..last).unwrap_or_default().to_owned()
}

/// A value as it looks in the path of a URL.
fn url_path(value: &str) -> String {
    url::Url::parse("http://host/")
        .and_then(|base| base.join(&format!("./{value}")))
        .map_or_else(|_| value.to_owned(), |url| url.path()[1..].to_owned())
}
