//! A mistake in an objective: where, what, how to fix it.

use std::fmt;
use std::ops::Range;

/// What is wrong with an expression, a selector or an objective.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SloError {
    /// The text that the span points into.
    pub text: String,
    /// Where in the text, in bytes; always on character boundaries.
    pub span: Range<usize>,
    /// What is wrong.
    pub what: String,
    /// How to fix it.
    pub fix: String,
    /// The nearest text that would have been right in place of the span.
    pub suggestion: Option<String>,
}

impl SloError {
    pub(super) fn new(
        text: &str,
        span: Range<usize>,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            text: text.to_owned(),
            span,
            what: what.into(),
            fix: fix.into(),
            suggestion: None,
        }
    }

    pub(super) fn suggest(mut self, suggestion: Option<impl Into<String>>) -> Self {
        self.suggestion = suggestion.map(Into::into);
        self
    }
}

impl fmt::Display for SloError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "in `{}`: {}; {}", self.text, self.what, self.fix)?;
        match &self.suggestion {
            Some(suggestion) => write!(f, " (did you mean `{suggestion}`?)"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for SloError {}
