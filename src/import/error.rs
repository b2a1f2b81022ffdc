//! What is wrong with a file that was to be read.

use std::fmt;

use crate::secrets::mask_urls;

/// A file could not be read as a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportError {
    /// What messages call the file.
    pub file: String,
    pub kind: Kind,
    /// Where, counted from 1; absent where a line says nothing.
    pub line: Option<u64>,
    pub what: String,
    pub help: Option<String>,
}

/// What kind of trouble it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// There is no such file.
    Missing,
    /// It is there and cannot be used.
    Wrong,
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.what)?;
        match &self.help {
            Some(help) => write!(f, "\nhelp: {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ImportError {}

/// What is wrong, while the file's name is known further up only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    pub line: Option<u64>,
    pub what: String,
    pub help: Option<String>,
}

impl Flaw {
    /// Something about the file as a whole.
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            line: None,
            what: what.into(),
            help: None,
        }
    }

    /// Something in a line.
    pub fn at(line: u64, what: impl Into<String>) -> Self {
        Self {
            line: Some(line),
            ..Self::new(what)
        }
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Without secrets in URLs that it quotes.
    #[must_use]
    pub fn without_secrets(self) -> Self {
        Self {
            what: mask_urls(&self.what).into_owned(),
            ..self
        }
    }

    /// The same of the file called `file`.
    pub fn of(self, file: &str) -> ImportError {
        ImportError {
            file: file.to_owned(),
            kind: Kind::Wrong,
            line: self.line,
            what: self.what,
            help: self.help,
        }
    }
}

impl From<std::io::Error> for Flaw {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::UnexpectedEof => {
                Self::new("it is cut off: the compressed data ends before its end")
                    .help("copy or download it again")
            }
            _ => Self::new(format!("cannot read it: {error}")),
        }
    }
}

impl From<crate::data::Mistake> for Flaw {
    fn from(mistake: crate::data::Mistake) -> Self {
        Self {
            line: Some(mistake.line),
            what: mistake.what,
            help: mistake.help,
        }
    }
}
