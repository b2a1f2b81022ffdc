//! What an importer reads: a file, standard input, or words of the command line.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::Error;

/// A document that is no stream of records has at most this many bytes.
const LARGEST_TEXT: u64 = 64 << 20;

/// A document to convert.
pub struct Input<'a> {
    /// What messages call it: its path, `standard input`, `the command`.
    pub name: String,
    /// Its path, if it is a file: what it refers to lies beside it.
    pub path: Option<PathBuf>,
    reader: Box<dyn Read + 'a>,
}

impl<'a> Input<'a> {
    /// Opens a file.
    ///
    /// # Errors
    /// Those of the system; a folder is one too.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = std::fs::File::open(path)?;
        if file.metadata()?.is_dir() {
            return Err(io::Error::new(
                io::ErrorKind::IsADirectory,
                "it is a folder",
            ));
        }
        Ok(Self {
            name: path.display().to_string(),
            path: Some(path.to_owned()),
            reader: Box::new(file),
        })
    }

    /// What is read from elsewhere.
    pub fn reading(name: impl Into<String>, reader: impl Read + 'a) -> Self {
        Self {
            name: name.into(),
            path: None,
            reader: Box::new(reader),
        }
    }

    /// The first bytes, which are read again by whoever reads it.
    ///
    /// # Errors
    /// Those of the system.
    pub fn peek(&mut self, most: usize) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        self.reader
            .by_ref()
            .take(most as u64)
            .read_to_end(&mut head)?;
        let rest = std::mem::replace(&mut self.reader, Box::new(io::empty()));
        self.reader = Box::new(io::Cursor::new(head.clone()).chain(rest));
        Ok(head)
    }

    /// The document as a stream, for those too large to be held at once.
    pub fn into_reader(self) -> Box<dyn Read + 'a> {
        self.reader
    }

    /// The whole document, without a byte order mark.
    ///
    /// # Errors
    /// When it cannot be read, is larger than 64 MiB or is not UTF-8.
    pub fn into_text(self) -> Result<String, Error> {
        let name = self.name;
        let mut bytes = Vec::new();
        self.reader
            .take(LARGEST_TEXT + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| Error::plain(format!("{name}: cannot read it: {error}")))?;
        if bytes.len() as u64 > LARGEST_TEXT {
            return Err(Error::plain(format!("{name}: it is larger than 64 MiB")));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let before = error.as_bytes().get(..at).unwrap_or_default();
            let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
            Error::new(
                format!("{name}: line {line}: it is not UTF-8 text"),
                "save it as UTF-8",
            )
        })?;
        Ok(match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        })
    }
}
