//! What is wrong with a quantity, and how to write it.

use std::fmt;

/// Why a text is not the quantity it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitError {
    /// What was asked for: "duration", "rate".
    pub quantity: &'static str,
    /// What stood there.
    pub input: String,
    /// What is wrong with it.
    pub problem: String,
    /// How such a quantity is written.
    pub expected: &'static str,
    /// The nearest text that would have been right.
    pub suggestion: Option<String>,
}

impl UnitError {
    /// How to fix it: the suggestion if there is one, else how such a quantity is written.
    pub fn fix(&self) -> String {
        match &self.suggestion {
            Some(suggestion) => format!("did you mean `{suggestion}`?"),
            None => format!("write {}", self.expected),
        }
    }
}

impl fmt::Display for UnitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            quantity,
            input,
            problem,
            expected,
            suggestion,
        } = self;
        write!(
            f,
            "`{input}` is not a {quantity}: {problem}; write {expected}"
        )?;
        match suggestion {
            Some(suggestion) => write!(f, " (did you mean `{suggestion}`?)"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for UnitError {}
