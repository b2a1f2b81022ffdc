//! Files that nobody else sees, and files that are known before they are seen.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rand::RngExt;

const OWNER_ONLY: u32 = 0o600;

/// A file without a name: it is gone when it is closed, however that comes about.
pub fn nameless(dir: &Path) -> io::Result<File> {
    if let Some(opened) = unlinked(dir)? {
        return Ok(opened);
    }
    let (file, path) = named(dir)?;
    std::fs::remove_file(path)?;
    Ok(file)
}

/// A file without a name, where the file system has such.
#[cfg(target_os = "linux")]
pub fn unlinked(dir: &Path) -> io::Result<Option<File>> {
    let opened = OpenOptions::new()
        .read(true)
        .write(true)
        .mode(OWNER_ONLY)
        .custom_flags(libc::O_TMPFILE)
        .open(dir);
    match opened {
        Ok(file) => Ok(Some(file)),
        // What the kernels and file systems say that do not know it.
        Err(error)
            if matches!(
                error.raw_os_error(),
                Some(libc::EOPNOTSUPP | libc::EISDIR | libc::EINVAL)
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

#[cfg(not(target_os = "linux"))]
pub fn unlinked(_dir: &Path) -> io::Result<Option<File>> {
    Ok(None)
}

/// Gives it a name after all.
#[cfg(target_os = "linux")]
pub fn link(file: &File, path: &Path) -> io::Result<()> {
    use std::os::fd::AsRawFd;

    use nix::fcntl::{AT_FDCWD, AtFlags};

    let own = format!("/proc/self/fd/{}", file.as_raw_fd());
    nix::unistd::linkat(
        AT_FDCWD,
        own.as_str(),
        AT_FDCWD,
        path,
        AtFlags::AT_SYMLINK_FOLLOW,
    )?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
pub fn link(_file: &File, _path: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// A new file, and its name, which is nobody else's.
pub fn named(dir: &Path) -> io::Result<(File, PathBuf)> {
    let path = name_in(dir);
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(OWNER_ONLY)
        .open(&path)?;
    Ok((file, path))
}

/// A name that tells a person what the file is.
pub fn name_in(dir: &Path) -> PathBuf {
    let number: u64 = rand::rng().random();
    dir.join(format!("rhaid-disk-fill-{number:016x}"))
}
