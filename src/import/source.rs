//! The file that is read: its beginning, to tell what it is, and all of it, whole or line by line.
//!
//! A gzip file is unpacked on the way. Nothing here keeps more than was asked for: documents have a greatest size, lines a greatest
//! length.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, ErrorKind, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::error::{Flaw, ImportError, Kind};

/// Of the beginning by which a file is known, in bytes.
pub const HEAD: usize = 64 << 10;
/// Of a line, in bytes.
const LONGEST_LINE: usize = 16 << 20;
/// What is read at once.
const BUFFER: usize = 256 << 10;

/// A file that is being read.
pub struct Source<'a> {
    name: String,
    head: Vec<u8>,
    rest: Box<dyn BufRead + 'a>,
}

impl Source<'static> {
    /// Opens a file; `-` is standard input.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn open(path: &Path) -> Result<Self, ImportError> {
        if path == Path::new("-") {
            return Source::reading("standard input", io::stdin());
        }
        let name = path.display().to_string();
        let file = File::open(path).map_err(|error| {
            let missing = error.kind() == ErrorKind::NotFound;
            ImportError {
                kind: if missing { Kind::Missing } else { Kind::Wrong },
                ..Flaw::new(if missing {
                    "there is no such file".to_owned()
                } else {
                    format!("cannot open it: {error}")
                })
                .of(&name)
            }
        })?;
        if file.metadata().is_ok_and(|found| found.is_dir()) {
            let flaw =
                Flaw::new("it is a folder").help("name the file in it that holds the result");
            return Err(flaw.of(&name));
        }
        Source::reading(name, file)
    }
}

impl<'a> Source<'a> {
    /// What comes from elsewhere.
    ///
    /// # Errors
    /// When its beginning cannot be read.
    pub fn reading(name: impl Into<String>, from: impl Read + 'a) -> Result<Self, ImportError> {
        let name = name.into();
        let mut rest: Box<dyn BufRead + 'a> = Box::new(BufReader::with_capacity(BUFFER, from));
        let packed = rest
            .fill_buf()
            .map_err(|error| Flaw::from(error).of(&name))?
            .starts_with(&[0x1f, 0x8b]);
        if packed {
            rest = Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(rest)));
        }
        let mut head = Vec::new();
        rest.by_ref()
            .take(HEAD as u64)
            .read_to_end(&mut head)
            .map_err(|error| Flaw::from(error).of(&name))?;
        Ok(Self { name, head, rest })
    }

    /// What messages call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its beginning.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// All of it, as a stream.
    pub fn stream(self) -> impl BufRead + 'a {
        Cursor::new(self.head).chain(self.rest)
    }

    /// All of it, in memory: at most so many bytes.
    ///
    /// # Errors
    /// When it cannot be read, or is too large to be what it seems.
    pub fn whole(self, most: u64) -> Result<Vec<u8>, Flaw> {
        let mut bytes = Vec::new();
        self.stream().take(most + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > most {
            return Err(Flaw::new(format!("it is larger than {} MiB", most >> 20))
                .help("no tool writes a summary of that size; is it the right file?"));
        }
        if bytes.starts_with(b"\xef\xbb\xbf") {
            bytes.drain(..3);
        }
        Ok(bytes)
    }

    /// All of it as text.
    ///
    /// # Errors
    /// As [`whole`](Self::whole), and when it is not UTF-8.
    pub fn text(self, most: u64) -> Result<String, Flaw> {
        String::from_utf8(self.whole(most)?)
            .map_err(|error| crate::data::not_utf8_line(error.as_bytes(), 1).into())
    }

    /// All of it, line by line.
    pub fn lines(self) -> Lines<impl BufRead + 'a> {
        Lines {
            reader: self.stream(),
            line: Vec::new(),
            number: 0,
        }
    }
}

/// Lines, one after the other, in one buffer.
pub struct Lines<R> {
    reader: R,
    line: Vec<u8>,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    /// The next line without its end, and its number; empty ones are left out.
    ///
    /// # Errors
    /// When it cannot be read, or is far too long.
    pub fn advance(&mut self) -> Result<Option<(u64, &[u8])>, Flaw> {
        loop {
            self.line.clear();
            self.number += 1;
            let read = self
                .reader
                .by_ref()
                .take(LONGEST_LINE as u64 + 1)
                .read_until(b'\n', &mut self.line)
                .map_err(|error| Flaw {
                    line: Some(self.number),
                    ..Flaw::from(error)
                })?;
            if read == 0 {
                return Ok(None);
            }
            if read > LONGEST_LINE {
                let what = format!("the line is longer than {} MiB", LONGEST_LINE >> 20);
                return Err(Flaw::at(self.number, what)
                    .help("a file of samples has one on each line; is it the right file?"));
            }
            if self.number == 1 && self.line.starts_with(b"\xef\xbb\xbf") {
                self.line.drain(..3);
            }
            if !self.line.trim_ascii().is_empty() {
                break;
            }
        }
        Ok(Some((self.number, self.line.trim_ascii_end())))
    }

    /// Whether the last line ended as lines do; the last one of a file may not.
    pub fn was_whole(&self) -> bool {
        self.line.ends_with(b"\n")
    }
}
