//! What must not be shown: values that scripts read with `secret()`, and fields whose names say that they hold one.

mod forms;
mod names;
mod texts;
mod urls;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::lengths::CUT;

pub use names::{hide_named, is_secret_name};
pub use texts::mask_named;
pub use urls::mask_urls;

/// What stands in a secret's place.
pub const MASK: &str = "***";

/// Fewer characters occur everywhere by chance: masking them would leave nothing readable, and hide nothing.
pub const SHORTEST: usize = 4;

/// The secrets of one run, shared by all who show something of it.
#[derive(Debug, Clone, Default)]
pub struct Secrets(Arc<Mutex<BTreeSet<String>>>);

impl Secrets {
    /// Keeps a value from being shown from now on, also in the [forms](forms::of) that it takes in URLs, headers and documents. Values shorter
    /// than [`SHORTEST`] are not kept.
    pub fn keep(&self, value: &str) {
        if value.chars().count() < SHORTEST {
            return;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains(value) {
            return;
        }
        known.extend(forms::of(value));
        known.insert(value.to_owned());
    }

    /// A text without secrets.
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut masked = Cow::Borrowed(text);
        // A secret may be the beginning of another one: the longest first.
        let mut found: Vec<&String> = known.iter().filter(|value| text.contains(*value)).collect();
        found.sort_by_key(|value| std::cmp::Reverse(value.len()));
        for value in found {
            masked = Cow::Owned(masked.replace(value.as_str(), MASK));
        }
        if let Some(uncut) = mask_cut(&masked, &known) {
            masked = Cow::Owned(uncut);
        }
        masked
    }

    /// The same in place.
    pub fn mask_text(&self, text: &mut String) {
        if let Cow::Owned(masked) = self.mask(text) {
            *text = masked;
        }
    }

    /// The same for every text of a JSON value, names included.
    pub fn mask_json(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.mask_text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.mask_json(item)),
            Value::Object(map) => {
                *map = std::mem::take(map)
                    .into_iter()
                    .map(|(key, mut value)| {
                        self.mask_json(&mut value);
                        (self.mask(&key).into_owned(), value)
                    })
                    .collect();
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// A text that was cut may end in the beginning of a secret. `None` if it does not.
fn mask_cut(text: &str, known: &BTreeSet<String>) -> Option<String> {
    if known.is_empty() || !text.contains(CUT) {
        return None;
    }
    let mut masked = String::new();
    let mut changed = false;
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(CUT) {
        let begun = known.iter().filter_map(|secret| begun(before, secret));
        let kept = before.len() - begun.max().unwrap_or(0);
        masked.push_str(before.get(..kept).unwrap_or_default());
        if kept < before.len() {
            masked.push_str(MASK);
            changed = true;
        }
        masked.push(CUT);
        rest = after;
    }
    masked.push_str(rest);
    changed.then_some(masked)
}

/// How many bytes at the end of a text are the beginning of a secret.
fn begun(text: &str, secret: &str) -> Option<usize> {
    let ends = secret.char_indices().map(|(at, _)| at).skip(SHORTEST);
    ends.filter(|end| secret.get(..*end).is_some_and(|part| text.ends_with(part)))
        .last()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn keeping(values: &[&str]) -> Secrets {
        let secrets = Secrets::default();
        values.iter().for_each(|value| secrets.keep(value));
        secrets
    }

    #[test]
    fn a_secret_is_masked_wherever_it_stands() {
        let secrets = keeping(&["hunter2", "hunter2-long"]);
        assert_eq!(secrets.mask("a hunter2, hunter2-long!"), "a ***, ***!");
        assert!(matches!(secrets.mask("nothing"), Cow::Borrowed("nothing")));
    }

    #[test]
    fn a_secret_is_known_again_in_a_url() {
        let secrets = keeping(&["p ss/wörd"]);
        let url = url::Url::parse_with_params("http://host/", [("q", "p ss/wörd")]).unwrap();
        for text in [
            url.as_str(),
            "http://host/p%20ss/w%C3%B6rd/x",
            "p%20ss%2Fw%C3%B6rd",
        ] {
            assert!(secrets.mask(text).contains(MASK), "{}", secrets.mask(text));
        }
    }

    #[test]
    fn what_is_made_of_a_secret_is_known_again() {
        use base64::Engine;
        use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
        let secret = "hunter2-\"lóng\"";
        let secrets = keeping(&[secret]);
        for before in ["", "a", "ab", "ada:", "user:"] {
            for after in ["", "!", ":x", "xyz"] {
                let whole = format!("{before}{secret}{after}");
                for text in [
                    STANDARD.encode(&whole),
                    URL_SAFE_NO_PAD.encode(&whole),
                    crate::hex::encode(whole.as_bytes()),
                    crate::hex::encode(whole.as_bytes()).to_uppercase(),
                    json!({ "x": whole }).to_string(),
                ] {
                    let masked = secrets.mask(&text);
                    // What is left of the secret's first and last bytes shares a digit with its neighbours.
                    assert!(masked.contains(MASK), "{whole}: {masked}");
                    assert!(
                        masked.len() <= text.len() - secret.len() + 8,
                        "{text}: {masked}"
                    );
                }
            }
        }
        let encoded = STANDARD.encode(secret);
        assert_eq!(secrets.mask(&encoded), MASK);
        assert_eq!(secrets.mask("Basic aHVudGVy"), "Basic aHVudGVy");
    }

    #[test]
    fn what_is_too_short_to_hide_is_left_alone() {
        let secrets = keeping(&["a", ""]);
        assert_eq!(secrets.mask("a banana"), "a banana");
    }

    #[test]
    fn a_document_is_masked_names_and_all() {
        let mut value = json!({ "x hunter2": ["hunter2", 1, null, { "y": "hunter2!" }] });
        keeping(&["hunter2"]).mask_json(&mut value);
        assert_eq!(value, json!({ "x ***": ["***", 1, null, { "y": "***!" }] }));
    }

    #[test]
    fn the_beginning_of_a_secret_where_a_text_was_cut_is_masked() {
        let secrets = keeping(&["hunter2-long"]);
        assert_eq!(secrets.mask("it is hunter2…, yes"), "it is ***…, yes");
        assert_eq!(secrets.mask("it is hunter2, yes…"), "it is hunter2, yes…");
        assert_eq!(secrets.mask("the hunt…"), "the ***…");
        assert_eq!(secrets.mask("the hun…"), "the hun…");
    }
}
