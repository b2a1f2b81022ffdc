//! Texts and blobs as bytes, and bytes as scripts want them.

use base64::Engine as _;
use base64::alphabet::{STANDARD as ALPHABET, URL_SAFE};
use base64::engine::general_purpose::{NO_PAD, STANDARD, URL_SAFE_NO_PAD};
use base64::engine::{DecodePaddingMode, GeneralPurpose};
use rhai::{Blob, Dynamic, ImmutableString};

use super::{Fallible, error};
pub use crate::hex::{decode as from_hex, encode as hex};
use crate::script::library::readable_type;
use crate::suggest::did_you_mean;

/// What a script gives as bytes: a text's are those of UTF-8.
pub fn bytes_of(value: &Dynamic, what: &str) -> Fallible<Vec<u8>> {
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return Ok(text.as_bytes().to_vec());
    }
    if let Some(blob) = value.read_lock::<Blob>() {
        return Ok(blob.clone());
    }
    error(format!(
        "{what} must be a text or a blob, not {}",
        readable_type(value.type_name())
    ))
}

const FORMS: [&str; 4] = ["hex", "base64", "base64url", "bytes"];

/// Bytes in a form that a script names.
pub fn in_form(bytes: &[u8], form: &str) -> Fallible<Dynamic> {
    match form {
        "hex" => Ok(hex(bytes).into()),
        "base64" => Ok(STANDARD.encode(bytes).into()),
        "base64url" => Ok(URL_SAFE_NO_PAD.encode(bytes).into()),
        "bytes" => Ok(Dynamic::from_blob(bytes.to_vec())),
        other => {
            let help = did_you_mean(other, FORMS)
                .unwrap_or_else(|| format!("there are: {}", FORMS.join(", ")));
            error(format!("there is no form `{other}`\nhelp: {help}"))
        }
    }
}

/// The bytes behind Base64 of either alphabet, padded or not: what services send varies.
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    let lenient = NO_PAD.with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let is_url = text.contains(['-', '_']);
    let alphabet = if is_url { &URL_SAFE } else { &ALPHABET };
    GeneralPurpose::new(alphabet, lenient)
        .decode(text.trim())
        .ok()
}

/// Decoded bytes as text, or with `"bytes"` as they are.
pub fn decoded(bytes: Option<Vec<u8>>, what: &str, form: Option<&str>) -> Fallible<Dynamic> {
    let Some(bytes) = bytes else {
        return error(format!("this is not {what}"));
    };
    match form {
        None => match String::from_utf8(bytes) {
            Ok(text) => Ok(text.into()),
            Err(_) => error(format!(
                "what this {what} stands for is not a text\nhelp: \"bytes\" as the second argument gives it as a blob"
            )),
        },
        Some("bytes") => Ok(Dynamic::from_blob(bytes)),
        Some(other) => error(format!(
            "there is no form `{other}`\nhelp: it is a text, or with \"bytes\" a blob"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_in_all_its_kinds() {
        for text in ["_-8=", "_-8", "/+8=", "/+8", " /+8=\n"] {
            assert_eq!(from_base64(text), Some(vec![0xff, 0xef]), "{text}");
        }
        assert_eq!(from_base64("a*"), None);
    }
}
