//! A page that says whether all is well, by its status and perhaps by its words.

use std::time::Duration;

use http::{HeaderName, HeaderValue};

use super::{Answer, Probe};
use crate::http::StatusSet;

/// A URL and what it must answer.
#[derive(Debug, Clone)]
pub struct Health {
    pub url: String,
    pub status: StatusSet,
    /// As it was written.
    pub status_told: String,
    /// What the body must have in it.
    pub contains: Option<String>,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub timeout: Duration,
}

impl Probe for Health {
    fn label(&self) -> String {
        let words = self
            .contains
            .as_ref()
            .map_or_else(String::new, |text| format!(" with \"{text}\""));
        format!("{} answers {}{words}", self.url, self.status_told)
    }

    fn url(&self) -> &str {
        &self.url
    }

    fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }

    fn judge(&self, answer: &Answer<'_>) -> Result<(), String> {
        if !self.status.contains(answer.status) {
            return Err(format!("it answered {}", answer.status));
        }
        let is_there = |text: &String| {
            let text = text.as_bytes();
            text.is_empty() || answer.body.windows(text.len()).any(|part| part == text)
        };
        match &self.contains {
            Some(text) if !is_there(text) => Err(format!("its answer had no \"{text}\"")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_and_words_are_looked_for() {
        let mut health = Health {
            url: "http://127.0.0.1:1/health".into(),
            status: StatusSet::new(vec![(200, 204)]),
            status_told: "200-204".into(),
            contains: None,
            headers: Vec::new(),
            timeout: Duration::from_secs(1),
        };
        let judged = |health: &Health, status, body: &str| {
            let body = body.as_bytes();
            health.judge(&Answer { status, body })
        };
        assert_eq!(judged(&health, 204, ""), Ok(()));
        assert_eq!(judged(&health, 503, "UP"), Err("it answered 503".into()));
        health.contains = Some("UP".into());
        assert_eq!(judged(&health, 200, "{\"status\":\"UP\"}"), Ok(()));
        assert_eq!(
            judged(&health, 200, "DOWN"),
            Err("its answer had no \"UP\"".into())
        );
        assert_eq!(
            health.label(),
            "http://127.0.0.1:1/health answers 200-204 with \"UP\""
        );
    }
}
