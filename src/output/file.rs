//! A file that grows while the run goes.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::LocalBoxFuture;

use super::OutputError;
use super::courier::{Carrier, Parcel, Refusal};

/// Appends parcels to a file. A disk that does not answer holds up a thread of its own, and nothing else.
pub struct Appender {
    file: Arc<Mutex<Growing>>,
}

struct Growing {
    file: Box<dyn Write + Send>,
    /// A piece broke off, perhaps in the middle of a line.
    is_cut: bool,
}

impl Growing {
    fn append(&mut self, piece: &[u8]) -> std::io::Result<()> {
        if self.is_cut {
            self.file.write_all(b"\n")?;
            self.is_cut = false;
        }
        let written = self.file.write_all(piece).and_then(|()| self.file.flush());
        self.is_cut = written.is_err();
        written
    }
}

impl Appender {
    /// Makes the file, in the place of an older one. A name that ends in `.gz` makes it a compressed one.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(path: &str) -> Result<Self, OutputError> {
        let problem = |why| OutputError::File {
            path: path.to_owned(),
            why,
        };
        if let Some(folder) = Path::new(path).parent() {
            std::fs::create_dir_all(folder).map_err(problem)?;
        }
        let file = File::create(path).map_err(problem)?;
        let is_compressed = Path::new(path)
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("gz"));
        let file: Box<dyn Write + Send> = if is_compressed {
            Box::new(Members(file))
        } else {
            Box::new(file)
        };
        Ok(Self {
            file: Arc::new(Mutex::new(Growing {
                file,
                is_cut: false,
            })),
        })
    }
}

impl Carrier for Appender {
    fn deliver<'a>(&'a mut self, parcel: &'a Parcel) -> LocalBoxFuture<'a, Result<(), Refusal>> {
        let (file, body) = (self.file.clone(), parcel.body.clone());
        Box::pin(async move {
            let write = move || {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.append(&body)
            };
            match tokio::task::spawn_blocking(write).await {
                Ok(Ok(())) => Ok(()),
                // A part of it may be there: written again it would be there twice.
                Ok(Err(why)) => Err(Refusal::Never {
                    why: format!("cannot write the file: {why}"),
                }),
                Err(_) => Err(Refusal::Never {
                    why: "the write was given up".to_owned(),
                }),
            }
        })
    }
}

/// Writes each piece as a gzip member of its own: what was written is whole, whatever happens next.
struct Members(File);

impl Write for Members {
    fn write(&mut self, piece: &[u8]) -> std::io::Result<usize> {
        let mut member = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        member.write_all(piece)?;
        self.0.write_all(&member.finish()?)?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Has room for so many bytes, and later for any number.
    struct Disk {
        room: usize,
        kept: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Disk {
        fn write(&mut self, piece: &[u8]) -> std::io::Result<usize> {
            if self.room == 0 {
                self.room = usize::MAX;
                return Err(std::io::ErrorKind::StorageFull.into());
            }
            let taken = piece.len().min(self.room);
            self.room -= taken;
            self.kept.lock().unwrap().extend_from_slice(&piece[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_that_broke_off_is_not_glued_to_the_next() {
        let kept: Arc<Mutex<Vec<u8>>> = Arc::default();
        let mut growing = Growing {
            file: Box::new(Disk {
                room: 5,
                kept: kept.clone(),
            }),
            is_cut: false,
        };
        assert!(growing.append(b"one\ntwo\n").is_err());
        growing.append(b"three\n").unwrap();
        assert_eq!(kept.lock().unwrap().as_slice(), b"one\nt\nthree\n");
    }
}
