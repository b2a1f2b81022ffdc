//! Changes of a head.

use bytes::Bytes;

use super::head;
use crate::chaos::proxy::error::ProxyError;
use crate::chaos::proxy::toxic::Attributes;

const CONTENT_LENGTH: &str = "content-length";

/// Headers that are taken out, and others that take the place of those of their names.
#[derive(Debug, Default)]
pub struct Edits {
    set: Vec<(String, String)>,
    remove: Vec<String>,
}

impl Edits {
    /// # Errors
    /// When a name or a value is none that a head could have.
    pub fn read(attributes: &Attributes, set: &str, remove: &str) -> Result<Self, ProxyError> {
        let edits = Self {
            set: headers(attributes, set)?,
            remove: attributes.list(remove)?,
        };
        for name in &edits.remove {
            check_name(attributes, remove, name)?;
        }
        Ok(edits)
    }

    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.remove.is_empty()
    }

    pub fn sets(&self, name: &str) -> bool {
        self.set
            .iter()
            .any(|(set, _)| set.eq_ignore_ascii_case(name))
    }

    pub fn set(&self) -> &[(String, String)] {
        &self.set
    }

    pub fn removed(&self) -> &[String] {
        &self.remove
    }

    /// A head with these changes, and perhaps with another length.
    pub fn edit(&self, head: &Bytes, length: Option<u64>) -> Bytes {
        if self.is_empty() && length.is_none() {
            return head.clone();
        }
        let length = length.map(|length| length.to_string());
        let is_gone = |name: &[u8]| {
            let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
            self.remove.iter().any(|removed| is(removed))
                || self.set.iter().any(|(set, _)| is(set))
                || (length.is_some() && is(CONTENT_LENGTH))
        };
        let set = self
            .set
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let lie = length.as_deref().map(|length| (CONTENT_LENGTH, length));
        head::edited(head, is_gone, set.chain(lie))
    }
}

/// Headers from a map.
///
/// # Errors
/// When a name or a value is none that a head could have.
pub fn headers(
    attributes: &Attributes,
    attribute: &str,
) -> Result<Vec<(String, String)>, ProxyError> {
    let headers = attributes.texts(attribute)?;
    for (name, value) in &headers {
        check_name(attributes, attribute, name)?;
        if http::HeaderValue::from_str(value).is_err() {
            let wrong = format!("`{name}` has a value with characters that no header has");
            return Err(attributes.wrong(attribute, wrong));
        }
    }
    Ok(headers)
}

fn check_name(attributes: &Attributes, attribute: &str, name: &str) -> Result<(), ProxyError> {
    match http::HeaderName::from_bytes(name.as_bytes()) {
        Ok(_) => Ok(()),
        Err(_) => Err(attributes.wrong(attribute, format!("`{name}` is no name of a header"))),
    }
}
