//! A full disk.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::burn::Noise;
use super::error::MachineError;
use super::files::{link, name_in, named, unlinked};
use super::room::{Amount, disk_free};
use crate::chaos::{Deed, EntryId, FaultId, Ledger, OwnFile};

const BLOCK: usize = 1 << 20;

/// A file that takes the room.
#[derive(Debug, Clone)]
pub struct Filled {
    pub entry: EntryId,
    pub file: PathBuf,
    /// What it takes: less than was asked for if the reserve would not be left.
    pub bytes: u64,
}

/// Fills the disk of a folder by a file in it, and leaves a reserve of free bytes. The way back removes the file. Where the file system can
/// reserve room this is quick, else it takes as long as writing does.
///
/// # Errors
/// When the folder cannot be written to, nothing is free beyond the reserve, or there is no guardian.
pub fn fill(
    ledger: &Ledger,
    fault: FaultId,
    dir: &Path,
    amount: Amount,
    reserve: u64,
) -> Result<Filled, MachineError> {
    let wrong = |source| MachineError::Dir {
        dir: dir.to_owned(),
        source,
    };
    let dir = dir.canonicalize().map_err(wrong)?;
    let free = disk_free(&dir).map_err(MachineError::System)?;
    let bytes = amount.capped("disk", free, reserve)?;

    // The file gets its name after the guardian knows it, where that can be had.
    let (file, path, has_name) = match unlinked(&dir).map_err(wrong)? {
        Some(file) => (file, name_in(&dir), false),
        None => {
            let (file, path) = named(&dir).map_err(wrong)?;
            (file, path, true)
        }
    };
    let data = file.metadata().map_err(wrong)?;
    let way_back = Deed::Remove {
        file: OwnFile::new(&path, &data),
    };
    let entry = ledger.enter_deed(fault, way_back).inspect_err(|_| {
        if has_name {
            let _ = std::fs::remove_file(&path);
        }
    })?;
    let linked = if has_name { Ok(()) } else { link(&file, &path) };
    let filled = linked.and_then(|()| take(&file, &dir, bytes, reserve));
    match filled {
        Ok(bytes) => Ok(Filled {
            entry,
            file: path,
            bytes,
        }),
        Err(source) => {
            // What fails here is among the ledger's failed ones.
            let _ = ledger.undo(entry);
            Err(MachineError::Fill { dir, source })
        }
    }
}

fn take(file: &File, dir: &Path, bytes: u64, reserve: u64) -> io::Result<u64> {
    if reserved(file, bytes)? {
        return Ok(bytes);
    }
    let mut noise = Noise::new(bytes);
    let mut block = vec![0; BLOCK];
    let mut taken = 0;
    // Others write too.
    while taken < bytes && disk_free(dir)? > reserve.saturating_add(BLOCK as u64) {
        noise.fill(&mut block);
        let length = usize::try_from(bytes - taken).unwrap_or(BLOCK).min(BLOCK);
        let mut file = file;
        file.write_all(block.get(..length).unwrap_or(&block))?;
        taken += length as u64;
    }
    file.sync_data()?;
    Ok(taken)
}

/// Whether the file system keeps so much room for the file.
#[cfg(target_os = "linux")]
fn reserved(file: &File, bytes: u64) -> io::Result<bool> {
    use nix::errno::Errno;
    use nix::fcntl::{FallocateFlags, fallocate};

    let length = i64::try_from(bytes).map_err(io::Error::other)?;
    loop {
        match fallocate(file, FallocateFlags::empty(), 0, length) {
            Ok(()) => return Ok(true),
            Err(Errno::EINTR) => {}
            Err(Errno::EOPNOTSUPP | Errno::ENOSYS) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn reserved(_file: &File, _bytes: u64) -> io::Result<bool> {
    Ok(false)
}
