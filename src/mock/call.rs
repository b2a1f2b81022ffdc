//! A request that came.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use bytes::Bytes;
use serde_json::Value;

use super::pattern::pairs;

/// A request that came, whether something answered it or not.
#[derive(Debug, Default)]
pub struct Call {
    /// In capitals.
    pub method: String,
    /// As it was sent, without the query.
    pub path: String,
    /// Without its `?`; empty if there was none.
    pub query_text: String,
    /// Names in lower case, in the order in which they came.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    /// What stood in the open places of the route's path.
    pub params: BTreeMap<String, String>,
    /// The status that it was answered with; 0 where the connection was dropped.
    pub status: u16,
    pub(super) json: OnceLock<Option<Value>>,
}

impl Call {
    /// Names and values of the query, decoded, in their order.
    pub fn query(&self) -> Vec<(String, String)> {
        pairs(&self.query_text)
    }

    /// Values of a header by its lower-case name, joined by ", ".
    pub fn header(&self, name: &str) -> Option<String> {
        let values: Vec<&str> = self
            .headers
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    /// The body as JSON; nothing if it is none.
    pub fn json(&self) -> Option<&Value> {
        self.json
            .get_or_init(|| serde_json::from_slice(&self.body).ok())
            .as_ref()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// `POST /rooms?nights=2`.
    pub fn label(&self) -> String {
        let mark = if self.query_text.is_empty() { "" } else { "?" };
        format!("{} {}{mark}{}", self.method, self.path, self.query_text)
    }
}
