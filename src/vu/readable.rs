//! Bodies as people read them: laid out, and without what must not be seen.

use serde_json::Value;

use super::tap::Body;
use crate::secrets::{MASK, Secrets, hide_named, is_secret_name, mask_named};
use crate::units::format_bytes;

impl Body {
    /// A body for reading: JSON with one value a line, other texts as they are, a number of bytes for what is no text.
    pub fn readable(&self, kind: &str, secrets: &Secrets) -> String {
        let part = &self.part;
        let looks_like_json =
            kind.contains("json") || part.starts_with(b"{") || part.starts_with(b"[");
        if looks_like_json
            && self.missing() == 0
            && let Ok(mut value) = serde_json::from_slice::<Value>(part)
        {
            hide_named(&mut value);
            secrets.mask_json(&mut value);
            return serde_json::to_string_pretty(&value).unwrap_or_default();
        }
        // The end may have cut a character in two.
        let text = match std::str::from_utf8(part) {
            Ok(text) => text,
            Err(error) if error.error_len().is_none() => {
                let whole = part.get(..error.valid_up_to()).unwrap_or_default();
                std::str::from_utf8(whole).unwrap_or_default()
            }
            Err(_) => return format!("{} that are no text", format_bytes(self.length as u64)),
        };
        let mut text = if kind.contains("form-urlencoded") {
            form(text)
        } else {
            mask_named(text).into_owned()
        };
        if self.missing() > 0 {
            text.push_str(&format!("\n… {} more", format_bytes(self.missing() as u64)));
        }
        text
    }
}

/// The fields of a form, a line each.
fn form(text: &str) -> String {
    let fields = url::form_urlencoded::parse(text.as_bytes());
    let shown = fields.map(|(name, value)| {
        let value = if is_secret_name(&name) {
            MASK.into()
        } else {
            value
        };
        format!("{name} = {value}")
    });
    shown.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vu::tap::BODY;

    fn body(text: &str, kind: &str) -> String {
        let secrets = Secrets::default();
        Body::of(&text.to_owned().into()).readable(kind, &secrets)
    }

    #[test]
    fn json_is_one_value_a_line_and_what_is_secret_is_hidden() {
        assert_eq!(
            body(
                "{\"user\":\"qa\",\"password\":\"hunter2\",\"n\":[1]}",
                "application/json"
            ),
            "{\n  \"user\": \"qa\",\n  \"password\": \"***\",\n  \"n\": [\n    1\n  ]\n}"
        );
        assert_eq!(body("{half", "application/json"), "{half");
    }

    #[test]
    fn json_that_is_too_long_or_broken_shows_no_secret_either() {
        let long = format!(
            "{{\"password\":\"hunter2\",\"rows\":\"{}\"}}",
            "x".repeat(BODY)
        );
        for text in [
            &long,
            "{\"access_token\": \"hunter2",
            "user=qa&password=hunter2",
        ] {
            let shown = body(text, "application/json");
            assert!(!shown.contains("hunter2") && shown.contains(MASK));
        }
    }

    #[test]
    fn forms_and_other_bytes_are_told_in_words() {
        let form = body("a=1&password=x+y", "application/x-www-form-urlencoded");
        assert_eq!(form, "a = 1\npassword = ***");
        let bytes = Body::of(&vec![0xff, 0xfe, 0xfd].into());
        assert_eq!(
            bytes.readable("image/png", &Secrets::default()),
            "3B that are no text"
        );
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let long = "ä".repeat(BODY);
        let shown = body(&format!("x{long}"), "text/plain");
        assert!(
            shown.starts_with("xä") && shown.ends_with("more"),
            "{}",
            shown.len()
        );
    }
}
