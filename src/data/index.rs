//! Where the rows of a file begin, and the bytes of one of them again later.

use std::fs::File;
use std::io;

/// Up to this size a file is kept in memory; a larger one is read piece by piece from the disk's cache.
const IN_MEMORY: u64 = 64 << 20;
/// In a large file only every so many rows are remembered, and those between are skipped over: a file of ten million rows
/// then costs 5 MB.
const STRIDE: u64 = 16;

/// The content of a file.
///
/// Not mapped into memory: were the file cut short meanwhile, that would kill the process, where a read just fails.
#[derive(Debug)]
pub enum Content {
    Memory(Vec<u8>),
    File(File, u64),
}

impl Content {
    /// Opens a regular file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(path: &std::path::Path) -> io::Result<Self> {
        let size = std::fs::metadata(path)?;
        if size.is_file() && size.len() > IN_MEMORY {
            return Ok(Self::File(File::open(path)?, size.len()));
        }
        crate::project::read(path, IN_MEMORY).map(Self::Memory)
    }

    pub fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File(_, size) => *size,
        }
    }

    /// Hands some of it to `look`.
    ///
    /// # Errors
    /// When it is no longer there.
    pub fn with<T>(&self, from: u64, to: u64, look: impl FnOnce(&[u8]) -> T) -> io::Result<T> {
        let gone = || io::Error::from(io::ErrorKind::UnexpectedEof);
        match self {
            Self::Memory(bytes) => {
                let piece = bytes.get(from as usize..to as usize).ok_or_else(gone)?;
                Ok(look(piece))
            }
            Self::File(file, _) => {
                let mut piece = vec![0; to.saturating_sub(from) as usize];
                std::os::unix::fs::FileExt::read_exact_at(file, &mut piece, from)?;
                Ok(look(&piece))
            }
        }
    }
}

/// The beginnings of rows.
#[derive(Debug)]
pub struct Index {
    starts: Vec<u64>,
    stride: u64,
    rows: u64,
    end: u64,
}

impl Index {
    /// For a content of this length; no row yet.
    pub fn new(content: &Content) -> Self {
        let stride = match content {
            Content::Memory(_) => 1,
            Content::File(..) => STRIDE,
        };
        Self::with_stride(content.len(), stride)
    }

    fn with_stride(end: u64, stride: u64) -> Self {
        Self {
            starts: Vec::new(),
            stride,
            rows: 0,
            end,
        }
    }

    /// Adds the row that begins here.
    pub fn push(&mut self, start: u64) {
        if self.rows.is_multiple_of(self.stride) {
            self.starts.push(start);
        }
        self.rows += 1;
    }

    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// From where to where a row is to be looked for, and how many rows before it to skip there.
    pub fn find(&self, row: u64) -> Option<(u64, u64, u64)> {
        if row >= self.rows {
            return None;
        }
        let block = (row / self.stride) as usize;
        let from = *self.starts.get(block)?;
        let to = self.starts.get(block + 1).copied().unwrap_or(self.end);
        Some((from, to, row % self.stride))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_found_by_the_remembered_one_before_it() {
        let mut index = Index::with_stride(70, 3);
        for start in [0, 10, 20, 30, 40, 50, 60] {
            index.push(start);
        }
        assert_eq!(index.rows(), 7);
        assert_eq!(index.find(0), Some((0, 30, 0)));
        assert_eq!(index.find(5), Some((30, 60, 2)));
        assert_eq!(index.find(6), Some((60, 70, 0)));
        assert_eq!(index.find(7), None);
    }
}
