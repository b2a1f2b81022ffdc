//! `encoding`: bytes and texts in the forms that travel.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use rhai::plugin::*;
use rhai::{Dynamic, EvalAltResult, Map};
use url::form_urlencoded;

use super::bytes::{bytes_of, decoded, from_base64, from_hex, in_form};
use super::error;

/// What RFC 3986 calls unreserved stays as it is.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

#[export_module(manifest)]
pub mod encoding_module {
    /// A text or blob in Base64, padded.
    #[rhai_fn(return_raw)]
    pub fn base64(data: Dynamic) -> Result<Dynamic, Box<EvalAltResult>> {
        in_form(&bytes_of(&data, "what is encoded")?, "base64")
    }

    /// A text or blob in the Base64 of URLs and tokens, not padded.
    #[rhai_fn(return_raw)]
    pub fn base64url(data: Dynamic) -> Result<Dynamic, Box<EvalAltResult>> {
        in_form(&bytes_of(&data, "what is encoded")?, "base64url")
    }

    /// The text behind Base64 of either kind, padded or not; with "bytes" as `form`, what it is as a blob.
    #[rhai_fn(name = "from_base64", return_raw)]
    pub fn decode_base64(text: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        decoded(from_base64(text), "Base64", None)
    }

    #[rhai_fn(name = "from_base64", return_raw)]
    pub fn decode_base64_as(text: &str, form: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        decoded(from_base64(text), "Base64", Some(form))
    }

    /// A text or blob in lower-case hexadecimal.
    #[rhai_fn(return_raw)]
    pub fn hex(data: Dynamic) -> Result<Dynamic, Box<EvalAltResult>> {
        in_form(&bytes_of(&data, "what is encoded")?, "hex")
    }

    /// The text behind hexadecimal; with "bytes" as `form`, what it is as a blob.
    #[rhai_fn(name = "from_hex", return_raw)]
    pub fn decode_hex(text: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        decoded(from_hex(text), "hexadecimal", None)
    }

    #[rhai_fn(name = "from_hex", return_raw)]
    pub fn decode_hex_as(text: &str, form: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        decoded(from_hex(text), "hexadecimal", Some(form))
    }

    /// A text as a part of a URL's path or query: `encoding::url("a b&c")` is "a%20b%26c".
    pub fn url(text: &str) -> String {
        utf8_percent_encode(text, COMPONENT).to_string()
    }

    /// The text behind a part of a URL.
    #[rhai_fn(return_raw)]
    pub fn from_url(text: &str) -> Result<String, Box<EvalAltResult>> {
        match percent_decode_str(text).decode_utf8() {
            Ok(text) => Ok(text.into_owned()),
            Err(_) => error("what this stands for is not a text"),
        }
    }

    /// A map as an HTML form sends it: "a=1&b=x+y". (`http::form` makes a body of one.)
    pub fn form(fields: Map) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (name, value) in &fields {
            form.append_pair(name, &value.to_string());
        }
        form.finish()
    }

    /// The fields of a form or a query as a map of texts; of several with the same name the last one.
    pub fn from_form(text: &str) -> Map {
        let text = text.strip_prefix('?').unwrap_or(text);
        form_urlencoded::parse(text.as_bytes())
            .map(|(name, value)| (name.as_ref().into(), value.into_owned().into()))
            .collect()
    }
}
