//! How much is free.

use std::io;
use std::path::{Path, PathBuf};

use nix::sys::statvfs::statvfs;

use super::error::MachineError;

/// How much is to be taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount {
    Bytes(u64),
    /// A part of what is free, from 0 to 1.
    Share(f64),
}

impl Amount {
    /// What it comes to if so much is free, so that the reserve is left.
    pub(super) fn capped(
        self,
        what: &'static str,
        free: u64,
        reserve: u64,
    ) -> Result<u64, MachineError> {
        let wanted = match self {
            Self::Bytes(bytes) => bytes,
            Self::Share(share) if share > 0.0 && share <= 1.0 => {
                // What is lost here is far less than a page.
                #[allow(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    clippy::cast_precision_loss
                )]
                let part = (free as f64 * share) as u64;
                part
            }
            Self::Share(share) => return Err(MachineError::Share(share)),
        };
        match wanted.min(free.saturating_sub(reserve)) {
            0 => Err(MachineError::NoRoom {
                what,
                free,
                reserve,
            }),
            bytes => Ok(bytes),
        }
    }
}

/// Bytes of memory that can be taken without anything being swapped out, or anybody killed: of the machine, or of the
/// control group that rhaid is in if that has less.
///
/// # Errors
/// When the system does not tell.
pub fn memory_available() -> io::Result<u64> {
    if !cfg!(target_os = "linux") {
        let why = "free memory is found in Linux's /proc, which this system has not";
        return Err(io::Error::new(io::ErrorKind::Unsupported, why));
    }
    let text = std::fs::read_to_string("/proc/meminfo")?;
    let of_machine = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok())
        .ok_or_else(|| io::Error::other("/proc/meminfo names no MemAvailable"))?
        * 1024;
    Ok(of_group().map_or(of_machine, |of_group| of_group.min(of_machine)))
}

/// What control groups leave, the narrowest of all that this process is in.
fn of_group() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = text.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let root = Path::new("/sys/fs/cgroup");
    let mut folder: PathBuf = root.join(own);
    let mut least: Option<u64> = None;
    loop {
        let number = |name: &str| -> Option<u64> {
            let text = std::fs::read_to_string(folder.join(name)).ok()?;
            text.trim().parse().ok()
        };
        if let (Some(most), Some(used)) = (number("memory.max"), number("memory.current")) {
            let left = most.saturating_sub(used);
            least = Some(least.map_or(left, |least| least.min(left)));
        }
        if folder == root || !folder.pop() {
            return least;
        }
    }
}

/// Bytes that can be written to the disk of this folder. What a file system in memory holds is memory.
///
/// # Errors
/// When the system does not tell.
pub fn disk_free(dir: &Path) -> io::Result<u64> {
    let stat = statvfs(dir)?;
    // Their widths differ between systems.
    #[allow(clippy::unnecessary_cast)]
    let free = (stat.blocks_available() as u64).saturating_mul(stat.fragment_size() as u64);
    if is_in_memory(dir)? {
        return Ok(free.min(memory_available()?));
    }
    Ok(free)
}

#[cfg(target_os = "linux")]
fn is_in_memory(dir: &Path) -> io::Result<bool> {
    use nix::sys::statfs::{FsType, TMPFS_MAGIC, statfs};
    const RAMFS: FsType = FsType(0x8584_58f6);
    let kind = statfs(dir)?.filesystem_type();
    Ok(kind == TMPFS_MAGIC || kind == RAMFS)
}

#[cfg(not(target_os = "linux"))]
fn is_in_memory(_dir: &Path) -> io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_always_left() {
        let capped = |amount: Amount, free, reserve| amount.capped("memory", free, reserve);
        assert_eq!(capped(Amount::Bytes(10), 100, 20).unwrap(), 10);
        assert_eq!(capped(Amount::Bytes(90), 100, 20).unwrap(), 80);
        assert_eq!(capped(Amount::Share(0.5), 100, 20).unwrap(), 50);
        assert_eq!(capped(Amount::Share(1.0), 100, 20).unwrap(), 80);
        for (amount, free) in [(Amount::Bytes(1), 20), (Amount::Share(0.5), 3)] {
            let error = capped(amount, free, 20).unwrap_err();
            assert!(matches!(error, MachineError::NoRoom { .. }), "{error}");
        }
        for share in [0.0, -0.5, 1.5, f64::NAN] {
            let error = capped(Amount::Share(share), 100, 20).unwrap_err();
            assert!(matches!(error, MachineError::Share(_)), "{error}");
        }
    }

    #[test]
    fn the_machine_says_what_is_free() {
        assert!(memory_available().unwrap() > 1 << 20);
        assert!(disk_free(Path::new("/")).unwrap() > 0);
    }
}
