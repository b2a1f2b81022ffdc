//! What a route answers.

use std::time::Duration;

use bytes::Bytes;

/// One answer of a route's sequence.
#[derive(Debug, Clone)]
pub struct Reply {
    pub answer: Answer,
    /// How often it is given before the next one's turn; `None` for ever if it is the last, once if not.
    pub times: Option<u64>,
}

/// What goes back for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// From 200 to 599; 0 to drop the connection without a word.
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    pub delay: Duration,
}

impl Answer {
    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
            delay: Duration::ZERO,
        }
    }

    /// The connection is closed, and nothing is sent.
    pub fn dropped() -> Self {
        Self::empty(0)
    }

    /// An answer with a text.
    pub fn text(status: u16, text: String) -> Self {
        let kind = "text/plain; charset=utf-8".to_owned();
        Self {
            headers: vec![("content-type".to_owned(), kind)],
            body: text.into(),
            ..Self::empty(status)
        }
    }
}
