//! What a script asked for, ready to be sent.

use std::rc::Rc;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};

use super::body::Body;
use super::target::Target;
use crate::trace::Mark;

/// How to prove who is asking.
#[derive(Debug, Clone)]
pub enum Auth {
    Basic { user: String, password: String },
    Bearer(String),
    Digest { user: String, password: String },
}

/// One request. What is `None` is taken from the run's settings.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: Method,
    pub target: Rc<Target>,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Body,
    pub auth: Option<Rc<Auth>>,
    pub timeout: Option<Duration>,
    pub redirects: Option<u32>,
    /// Cookies for this request only, over those of the jar.
    pub cookies: Vec<(String, String)>,
    pub expected: Option<Rc<StatusSet>>,
    pub discard_body: Option<bool>,
    /// Where it stands in its trace, in a run that is traced.
    pub mark: Option<Mark>,
}

impl Request {
    /// A request without anything special.
    pub fn new(method: Method, target: Rc<Target>) -> Self {
        Self {
            method,
            target,
            headers: Vec::new(),
            body: Body::Empty,
            auth: None,
            timeout: None,
            redirects: None,
            cookies: Vec::new(),
            expected: None,
            discard_body: None,
            mark: None,
        }
    }

    /// Whether the header was set by the script.
    pub fn has_header(&self, name: &HeaderName) -> bool {
        self.headers.iter().any(|(other, _)| other == name)
    }

    /// Calls `add` with each header that tells where the request stands in its trace. None if the script sets one of them itself, for this
    /// request or among the `defaults`: it then knows better, and halves of two places are none.
    pub fn marks(
        &self,
        defaults: &[(HeaderName, HeaderValue)],
        add: impl FnMut(&'static str, &[u8]),
    ) {
        if let Some(mark) = &self.mark {
            let names = mark.format.header_names();
            let mut set = self.headers.iter().chain(defaults);
            if !set.any(|(own, _)| names.contains(&own.as_str())) {
                mark.headers(add);
            }
        }
    }

    /// Whether repeating it cannot do harm (RFC 9110, section 9.2.2).
    pub fn is_idempotent(&self) -> bool {
        self.method.is_idempotent()
    }
}

/// A set of statuses: single ones and ranges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusSet(Vec<(u16, u16)>);

impl Default for StatusSet {
    /// What counts as a success unless a script says otherwise: 200 to 399.
    fn default() -> Self {
        Self(vec![(200, 399)])
    }
}

impl StatusSet {
    /// From inclusive ranges.
    pub fn new(ranges: Vec<(u16, u16)>) -> Self {
        Self(ranges)
    }

    /// Reads `"200"`, `"2xx"` or `"200-299"`.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn parse_item(text: &str) -> Result<(u16, u16), String> {
        let wrong = || format!("`{text}` is not a status: write 200, \"2xx\" or \"200-299\"");
        let text = text.trim();
        if let Some(class) = text.strip_suffix("xx").or_else(|| text.strip_suffix("XX")) {
            return match class.parse::<u16>() {
                Ok(class @ 1..=5) => Ok((class * 100, class * 100 + 99)),
                _ => Err(wrong()),
            };
        }
        let number = |part: &str| {
            part.trim()
                .parse::<u16>()
                .ok()
                .filter(|n| (100..=999).contains(n))
                .ok_or_else(wrong)
        };
        match text.split_once('-') {
            Some((low, high)) => {
                let (low, high) = (number(low)?, number(high)?);
                if low <= high {
                    Ok((low, high))
                } else {
                    Err(wrong())
                }
            }
            None => number(text).map(|status| (status, status)),
        }
    }

    /// Whether the status is in the set.
    pub fn contains(&self, status: u16) -> bool {
        self.0
            .iter()
            .any(|&(low, high)| (low..=high).contains(&status))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_written_singly_by_class_and_as_ranges() {
        assert_eq!(StatusSet::parse_item("200"), Ok((200, 200)));
        assert_eq!(StatusSet::parse_item("4xx"), Ok((400, 499)));
        assert_eq!(StatusSet::parse_item("200-204"), Ok((200, 204)));
        for wrong in ["", "2x", "9xx", "204-200", "20", "abc", "70000"] {
            assert!(StatusSet::parse_item(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn success_is_200_to_399_unless_told_otherwise() {
        let set = StatusSet::default();
        assert!(set.contains(200) && set.contains(304) && !set.contains(400) && !set.contains(0));
    }
}
