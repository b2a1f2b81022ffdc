//! The proxy's own answer to a request.

use bytes::Bytes;
use http::StatusCode;

/// A response that needs no server.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub body: String,
    pub headers: Vec<(String, String)>,
}

impl Answer {
    /// Statuses that never have a body.
    pub fn is_bodiless(status: StatusCode) -> bool {
        matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
    }

    /// As it is sent; without its body to a HEAD request.
    pub fn bytes(&self, is_head: bool, is_last: bool) -> Bytes {
        let reason = self.status.canonical_reason().unwrap_or("Fault");
        let mut out = format!("HTTP/1.1 {} {reason}\r\n", self.status.as_u16());
        let has = |name: &str| {
            self.headers
                .iter()
                .any(|(own, _)| own.eq_ignore_ascii_case(name))
        };
        let mut add = |name: &str, value: &str| {
            for part in [name, ": ", value, "\r\n"] {
                out.push_str(part);
            }
        };
        for (name, value) in &self.headers {
            add(name, value);
        }
        if !self.body.is_empty() && !has("content-type") {
            add("content-type", self.content_type());
        }
        if !Self::is_bodiless(self.status) {
            add("content-length", &self.body.len().to_string());
        }
        if is_last {
            add("connection", "close");
        }
        out.push_str("\r\n");
        if !is_head {
            out.push_str(&self.body);
        }
        out.into()
    }

    fn content_type(&self) -> &'static str {
        let begins = self.body.trim_start().starts_with(['{', '[']);
        if begins && serde_json::from_str::<serde::de::IgnoredAny>(&self.body).is_ok() {
            "application/json"
        } else {
            "text/plain; charset=utf-8"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str, headers: &[(&str, &str)]) -> Answer {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            body: body.to_owned(),
            headers: headers.iter().map(owned).collect(),
        }
    }

    #[test]
    fn an_answer_says_how_long_and_what_it_is() {
        assert_eq!(
            answer(503, "busy", &[("Retry-After", "1")]).bytes(false, false),
            "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\ncontent-type: text/plain; charset=utf-8\r\n\
             content-length: 4\r\n\r\nbusy"
        );
        assert_eq!(
            answer(599, "{}", &[]).bytes(true, true),
            "HTTP/1.1 599 Fault\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n"
        );
        assert_eq!(
            answer(204, "", &[]).bytes(false, false),
            "HTTP/1.1 204 No Content\r\n\r\n"
        );
    }
}
