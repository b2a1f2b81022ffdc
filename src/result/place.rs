//! What kind of place a path is for a result, and whether one can be written there.
//!
//! A run looks before it starts: what was measured for an hour must not fail on a folder that is not there, nor
//! hang at its end on a pipe that nobody reads.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Where a result goes.
#[derive(Debug, PartialEq, Eq)]
pub enum Place {
    Output,
    Errors,
    /// A device or an inherited pipe: written to as it stands, and never replaced.
    Stream(PathBuf),
    /// A file that is there or can be made; links are followed, so that they stay.
    File(PathBuf),
}

impl Place {
    /// What `path` is.
    ///
    /// # Errors
    /// When a result does not belong there: a folder, a named pipe, a socket, a disk.
    pub fn of(path: &Path) -> io::Result<Self> {
        match path.to_str() {
            Some("/dev/stdout") => return Ok(Self::Output),
            Some("/dev/stderr") => return Ok(Self::Errors),
            _ => {}
        }
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        match fs::metadata(&target).or_else(|_| fs::metadata(path)) {
            Ok(found) if found.is_dir() => Err(ErrorKind::IsADirectory.into()),
            Ok(found) if found.is_file() => Ok(Self::File(target)),
            Ok(found) if can_stream(path, &found) => Ok(Self::Stream(path.to_owned())),
            Ok(_) => Err(io::Error::new(
                ErrorKind::InvalidInput,
                "it is a named pipe, a socket or a disk",
            )),
            Err(_) => Ok(Self::File(target)),
        }
    }
}

/// Devices such as `/dev/null`, and pipes that the shell has already opened, as `--result >(gzip > run.json.gz)` does.
/// A named pipe would hold whoever opens it until somebody reads.
#[cfg(unix)]
fn can_stream(path: &Path, found: &fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    let kind = found.file_type();
    let inherited = path.starts_with("/dev/fd") || path.starts_with("/proc/self/fd");
    kind.is_char_device() || kind.is_fifo() && inherited
}

#[cfg(not(unix))]
fn can_stream(_: &Path, _: &fs::Metadata) -> bool {
    true
}

/// Writes to a stream. A pipe whose reader is gone is an error, where opening it would wait for another one.
pub fn stream(path: &Path, data: &[u8]) -> io::Result<()> {
    open_stream(path)?.write_all(data)
}

#[cfg(unix)]
fn open_stream(path: &Path) -> io::Result<File> {
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    use std::os::unix::fs::OpenOptionsExt;
    let file = OpenOptions::new()
        .write(true)
        .custom_flags(OFlag::O_NONBLOCK.bits())
        .open(path)?;
    // From here on a slow reader is waited for.
    fcntl(&file, FcntlArg::F_SETFL(OFlag::empty()))?;
    Ok(file)
}

#[cfg(not(unix))]
fn open_stream(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).open(path)
}

/// Makes the folder that a path lies in.
pub fn make_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => fs::create_dir_all(parent),
        _ => Ok(()),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn devices_and_inherited_pipes_are_streams() {
        let stream = |path: &str| Place::Stream(path.into());
        assert_eq!(
            Place::of(Path::new("/dev/null")).unwrap(),
            stream("/dev/null")
        );
        assert_eq!(Place::of(Path::new("/dev/stdout")).unwrap(), Place::Output);
        let (reader, writer) = io::pipe().unwrap();
        let inherited = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&writer));
        assert_eq!(
            Place::of(Path::new(&inherited)).unwrap(),
            stream(&inherited)
        );
        super::stream(Path::new(&inherited), b"{}").unwrap();
        drop(reader);
        super::stream(Path::new(&inherited), b"{}").unwrap_err();
    }

    #[test]
    fn a_socket_is_no_place_for_a_result() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let error = Place::of(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }

    #[test]
    fn a_link_leads_to_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        fs::write(folder.join("file"), "").unwrap();
        std::os::unix::fs::symlink("file", folder.join("link")).unwrap();
        let place = Place::of(&folder.join("link")).unwrap();
        assert_eq!(place, Place::File(folder.join("file")));
    }
}
