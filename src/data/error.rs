//! What is wrong with a data file, and where.

use std::path::Path;

/// A data file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    #[error("cannot read `{path}`: {why}{}", hint(help))]
    Unreadable {
        path: String,
        why: String,
        help: Option<String>,
        /// There is no such file.
        missing: bool,
    },
    #[error("{path}:{line}: {what}{}", hint(help))]
    Wrong {
        path: String,
        line: u64,
        what: String,
        help: Option<String>,
    },
    #[error("`{path}` has no rows: {why}")]
    Empty { path: String, why: &'static str },
}

impl DataError {
    /// `shown`: what the script calls the file.
    pub fn unreadable(path: &Path, shown: &str, error: &std::io::Error) -> Self {
        let is_missing = error.kind() == std::io::ErrorKind::NotFound;
        Self::Unreadable {
            path: shown.to_owned(),
            why: error.to_string(),
            help: is_missing.then(|| neighbours(path)).flatten(),
            missing: is_missing,
        }
    }

    /// Whether the file is not there at all.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Unreadable { missing: true, .. })
    }

    /// What is wrong, without how to mend it.
    pub fn message(&self) -> String {
        let text = self.to_string();
        let message = text.split_once("\nhelp: ").map(|(message, _)| message);
        message.unwrap_or(&text).to_owned()
    }
}

fn hint(help: &Option<String>) -> String {
    help.as_ref()
        .map_or_else(String::new, |help| format!("\nhelp: {help}"))
}

/// A mistake in a file whose name is known further up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// From 1.
    pub line: u64,
    pub what: String,
    pub help: Option<String>,
}

impl Mistake {
    pub fn new(line: u64, what: impl Into<String>) -> Self {
        Self {
            line,
            what: what.into(),
            help: None,
        }
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub fn of_file(self, path: &str) -> DataError {
        DataError::Wrong {
            path: path.to_owned(),
            line: self.line,
            what: self.what,
            help: self.help,
        }
    }
}

/// A text that is not UTF-8: which line, and what to do.
pub fn not_utf8(bytes: &[u8], first_line: u64) -> Mistake {
    let (valid, odd) = match std::str::from_utf8(bytes) {
        Ok(_) => (bytes.len(), None),
        Err(error) => (error.valid_up_to(), bytes.get(error.valid_up_to())),
    };
    let before = bytes.get(..valid).unwrap_or_default();
    let line = first_line + newlines(before);
    let byte = odd.map_or_else(String::new, |byte| format!(" (byte 0x{byte:02X})"));
    Mistake::new(line, format!("this is not UTF-8 text{byte}"))
        .help("save it as UTF-8, or convert it: iconv -f WINDOWS-1252 -t UTF-8")
}

/// A row that is longer than `most` bytes.
pub fn too_long(line: u64, most: usize) -> Mistake {
    Mistake::new(line, format!("a row has more than {} MiB", most >> 20))
}

/// The same of a whole file.
pub fn not_utf8_file(bytes: &[u8], path: &str) -> DataError {
    not_utf8(bytes, 1).of_file(path)
}

/// How many lines end in these bytes.
pub fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// Files beside a missing one that may be meant.
fn neighbours(path: &Path) -> Option<String> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    if !folder.exists() {
        return Some(format!("there is no folder `{}`", folder.display()));
    }
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort_unstable();
    crate::suggest::did_you_mean(
        path.file_name()?.to_str()?,
        names.iter().map(String::as_str),
    )
}
