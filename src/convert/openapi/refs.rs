//! References within a document: `$ref: "#/components/schemas/Guest"`.

use std::collections::BTreeSet;
use std::fmt;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::suggest;

/// References that lead to references, at most.
const CHAIN: usize = 32;

/// Lost references for which a near name is looked for among all that there are.
const ADVISED: usize = 100;

/// A reference that leads to nothing that can be used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lost {
    /// It points into another file or to another service.
    Elsewhere(String),
    /// There is nothing.
    Nowhere(String),
    /// It leads back to itself.
    Circle(String),
}

impl fmt::Display for Lost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elsewhere(reference) => write!(
                formatter,
                "`$ref: {reference}` points out of the file; bundle the files into one first"
            ),
            Self::Nowhere(reference) => {
                write!(formatter, "`$ref: {reference}` leads nowhere")
            }
            Self::Circle(reference) => {
                write!(formatter, "`$ref: {reference}` leads back to itself")
            }
        }
    }
}

/// The document that references are followed in.
#[derive(Debug, Clone, Copy)]
pub struct Refs<'a> {
    root: &'a Value,
}

impl<'a> Refs<'a> {
    pub fn new(root: &'a Value) -> Self {
        Self { root }
    }

    /// What a reference points at.
    ///
    /// # Errors
    /// Why it points at nothing.
    pub fn find(&self, reference: &str) -> Result<&'a Value, Lost> {
        let Some(pointer) = reference.strip_prefix('#') else {
            return Err(Lost::Elsewhere(reference.to_owned()));
        };
        let pointer = percent_decode_str(pointer).decode_utf8_lossy();
        self.root
            .pointer(&pointer)
            .ok_or_else(|| Lost::Nowhere(reference.to_owned()))
    }

    /// The value itself, or what stands where its `$ref` points, and the references gone through.
    ///
    /// # Errors
    /// Why a reference points at nothing.
    pub fn resolve(&self, value: &'a Value) -> Result<&'a Value, Lost> {
        let mut value = value;
        for _ in 0..CHAIN {
            let Some(reference) = reference_of(value) else {
                return Ok(value);
            };
            value = self.find(reference)?;
        }
        let last = reference_of(value).unwrap_or_default();
        Err(Lost::Circle(last.to_owned()))
    }

    /// A line for each lost reference; the first ones with what may have been meant.
    pub fn tell(&self, lost: &BTreeSet<Lost>) -> Vec<String> {
        let tell =
            |(at, lost): (usize, &Lost)| match (at < ADVISED).then(|| self.near(lost)).flatten() {
                Some(near) => format!("{lost}; did you mean `{near}`?"),
                None => lost.to_string(),
            };
        lost.iter().enumerate().map(tell).collect()
    }

    /// The name that may have been meant, beside the first part of the pointer that does not exist.
    fn near(&self, lost: &Lost) -> Option<String> {
        let Lost::Nowhere(reference) = lost else {
            return None;
        };
        let pointer = percent_decode_str(reference.strip_prefix('#')?).decode_utf8_lossy();
        let mut here = self.root;
        let mut path = String::from("#");
        for part in pointer.split('/').skip(1) {
            let name = part.replace("~1", "/").replace("~0", "~");
            match here.get(&name) {
                Some(next) => {
                    here = next;
                    path.push('/');
                    path.push_str(part);
                }
                None => {
                    let known = here.as_object()?.keys().map(String::as_str);
                    let near = suggest::nearest(&name, known)?;
                    return Some(format!("{path}/{near}"));
                }
            }
        }
        None
    }
}

/// The reference of a value that is one.
pub fn reference_of(value: &Value) -> Option<&str> {
    value.get("$ref").and_then(Value::as_str)
}

/// What a reference is called: the last part of its path.
pub fn name_of(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_followed_to_what_they_name() {
        let root = json!({
            "components": {"schemas": {
                "a/b": {"type": "string"},
                "Guest": {"$ref": "#/components/schemas/a~1b"},
                "Loop": {"$ref": "#/components/schemas/Loop"},
            }},
        });
        let refs = Refs::new(&root);
        let to = |reference: &str| json!({ "$ref": reference });
        let text = json!({"type": "string"});
        for reference in [
            "#/components/schemas/Guest",
            "#/components/schemas/a~1b",
            "#/components/schemas/a%7E1b",
        ] {
            let value = to(reference);
            assert_eq!(
                refs.find(reference)
                    .and_then(|found| Refs::new(&root).resolve(found)),
                Ok(&text),
                "{value}"
            );
        }
        let lost = |reference: &str| {
            let lost = refs.find(reference).unwrap_err();
            refs.tell(&BTreeSet::from([lost])).concat()
        };
        assert_eq!(
            lost("#/components/schemas/Guets"),
            "`$ref: #/components/schemas/Guets` leads nowhere; did you mean `#/components/schemas/Guest`?"
        );
        assert_eq!(
            lost("#/component/schemas/Guest"),
            "`$ref: #/component/schemas/Guest` leads nowhere; did you mean `#/components`?"
        );
        assert_eq!(lost("#/x"), "`$ref: #/x` leads nowhere");
        assert!(lost("guest.yaml#/Guest").contains("points out of the file"));
        let circle = refs
            .find("#/components/schemas/Loop")
            .and_then(|found| refs.resolve(found));
        assert!(matches!(circle, Err(Lost::Circle(_))), "{circle:?}");
    }
}
