//! A busy disk.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use super::Noise;
use crate::chaos::machine::files::nameless;

const BLOCK: u64 = 1 << 20;

pub fn begin(dir: &Path, workers: u32, bytes: u64) -> io::Result<u64> {
    for number in 0..workers {
        let file = nameless(dir)?;
        let mut noise = Noise::new(u64::from(number) << 32 | 12_345);
        std::thread::Builder::new().spawn(move || {
            // A disk that is full meanwhile is busy enough with others.
            while round(&file, bytes, &mut noise).is_ok() {}
        })?;
    }
    Ok(bytes.saturating_mul(workers.into()))
}

/// Writes the file down to the disk and reads it from there.
fn round(mut file: &File, bytes: u64, noise: &mut Noise) -> io::Result<()> {
    let mut block = vec![0; usize::try_from(BLOCK.min(bytes)).map_err(io::Error::other)?];
    let blocks = bytes.div_ceil(BLOCK);
    file.rewind()?;
    for _ in 0..blocks {
        noise.fill(&mut block);
        file.write_all(&block)?;
    }
    file.sync_data()?;
    forget(file)?;
    file.rewind()?;
    for _ in 0..blocks {
        file.read_exact(&mut block)?;
    }
    Ok(())
}

/// Has the system read it from the disk again.
#[cfg(target_os = "linux")]
fn forget(file: &File) -> io::Result<()> {
    use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
    posix_fadvise(file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED)?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn forget(_file: &File) -> io::Result<()> {
    Ok(())
}
