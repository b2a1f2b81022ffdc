//! A way back that another process can go too.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

#[cfg(feature = "kubernetes")]
use super::kubernetes::{ClusterError, ScaleBack};
use super::process::{Identity, end_family};
use super::service::{Docker, ServiceError, Systemd};
use super::undo::Undo;

/// What puts one thing right again, in words that the guardian understands. Each may be done twice, and harms nothing that has
/// taken the place of what it was meant for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Deed {
    /// Lets a stopped process go on.
    Continue { process: Identity, name: String },
    /// Ends a process that rhaid started, with its group.
    Kill {
        process: Identity,
        name: String,
        /// It is asked to end first, and has so long for it. Zero: it is not asked.
        grace_ms: u64,
        /// What those have in their environment who descend from it and have left its group.
        mark: Option<String>,
    },
    /// Removes a file that rhaid made.
    Remove { file: OwnFile },
    /// Starts a unit of systemd.
    StartUnit { systemctl: PathBuf, unit: String },
    /// Starts a container.
    StartContainer {
        socket: PathBuf,
        id: String,
        name: String,
        /// It has ended. Otherwise it may still be on its way to that.
        #[serde(default)]
        is_settled: bool,
    },
    /// Lets a paused container go on.
    UnpauseContainer {
        socket: PathBuf,
        id: String,
        name: String,
    },
    /// Gives a deployment its replicas again.
    #[cfg(feature = "kubernetes")]
    ScaleBack(ScaleBack),
}

/// A file that rhaid made, as opposed to one that has its name by now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnFile {
    pub path: PathBuf,
    device: u64,
    inode: u64,
}

impl OwnFile {
    /// The file that will have this name, or has it. The path is to be absolute, as the guardian stands elsewhere.
    pub fn new(path: &Path, data: &std::fs::Metadata) -> Self {
        Self {
            path: path.to_owned(),
            device: data.dev(),
            inode: data.ino(),
        }
    }

    fn remove(&self) -> io::Result<()> {
        let gone = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(()),
            _ => Err(error),
        };
        match std::fs::symlink_metadata(&self.path) {
            Ok(data) if data.dev() == self.device && data.ino() == self.inode => {
                std::fs::remove_file(&self.path).or_else(gone)
            }
            Ok(_) => Ok(()),
            Err(error) => gone(error),
        }
    }
}

/// Why a thing is still broken.
#[derive(Debug, thiserror::Error)]
pub enum DeedError {
    #[error(transparent)]
    System(#[from] io::Error),
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[cfg(feature = "kubernetes")]
    #[error(transparent)]
    Cluster(#[from] ClusterError),
}

impl Deed {
    /// Whether it may have to wait for what it puts right to come about first.
    pub fn may_wait(&self) -> bool {
        match self {
            Self::StartContainer { is_settled, .. } => !is_settled,
            #[cfg(feature = "kubernetes")]
            Self::ScaleBack(back) => !back.is_settled,
            _ => false,
        }
    }

    /// Does it.
    ///
    /// # Errors
    /// Why the thing is still broken.
    pub fn carry_out(&self) -> Result<(), DeedError> {
        match self {
            Self::Continue { process, .. } => {
                process.signal(Signal::SIGCONT)?;
            }
            Self::Kill {
                process,
                grace_ms,
                mark,
                ..
            } => end_family(*process, mark.as_deref(), Duration::from_millis(*grace_ms))?,
            Self::Remove { file } => file.remove()?,
            Self::StartUnit { systemctl, unit } => Systemd::at(systemctl).start(unit)?,
            Self::StartContainer {
                socket,
                id,
                name,
                is_settled,
            } => Docker::at(socket).start(id, name, *is_settled)?,
            Self::UnpauseContainer { socket, id, name } => Docker::at(socket).unpause(id, name)?,
            #[cfg(feature = "kubernetes")]
            Self::ScaleBack(back) => back.carry_out()?,
        }
        Ok(())
    }
}

impl Undo for Deed {
    fn about(&self) -> String {
        match self {
            Self::Continue { process, name } => {
                format!("continue process {} (`{name}`)", process.pid)
            }
            Self::Kill { process, name, .. } => format!("end process {} (`{name}`)", process.pid),
            Self::Remove { file } => format!("remove `{}`", file.path.display()),
            Self::StartUnit { unit, .. } => format!("start the unit `{unit}`"),
            Self::StartContainer { name, .. } => format!("start the container `{name}`"),
            Self::UnpauseContainer { name, .. } => format!("let the container `{name}` go on"),
            #[cfg(feature = "kubernetes")]
            Self::ScaleBack(back) => back.about(),
        }
    }

    fn undo(&mut self) -> Result<(), String> {
        // What is told of it stands within a line.
        let told = |error: DeedError| error.to_string().replace("\nhelp: ", "; ");
        self.carry_out().map_err(told)
    }

    fn settle(&mut self) {
        match self {
            Self::StartContainer { is_settled, .. } => *is_settled = true,
            #[cfg(feature = "kubernetes")]
            Self::ScaleBack(back) => back.is_settled = true,
            _ => {}
        }
    }

    fn deed(&self) -> Option<&Deed> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deed_is_one_line() {
        let deed = Deed::Continue {
            process: Identity {
                pid: 12,
                started: 345,
            },
            name: "a\nb".to_owned(),
        };
        let line = serde_json::to_string(&deed).unwrap();
        assert_eq!(
            line,
            r#"{"do":"continue","process":{"pid":12,"started":345},"name":"a\nb"}"#
        );
        assert_eq!(serde_json::from_str::<Deed>(&line).unwrap(), deed);
    }

    #[test]
    fn only_the_file_that_was_made_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("fill");
        std::fs::write(&path, "ours").unwrap();
        let file = OwnFile::new(&path, &std::fs::metadata(&path).unwrap());
        // Kept open, so that its inode is not given to the next.
        let held = std::fs::File::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "another's").unwrap();
        let mut deed = Deed::Remove { file };
        deed.undo().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "another's");
        drop(held);

        let file = OwnFile::new(&path, &std::fs::metadata(&path).unwrap());
        let mut deed = Deed::Remove { file };
        deed.undo().unwrap();
        assert!(!path.exists());
        deed.undo().unwrap();
    }
}
