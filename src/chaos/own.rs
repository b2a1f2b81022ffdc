//! rhaid itself, as a program to start.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The program that the guardian, burners and launchers are parts of.
#[derive(Debug, Clone)]
pub struct Own(PathBuf);

impl Own {
    /// The program at this path, for who is not rhaid: a test.
    pub fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// A command line of it.
    pub fn command(&self, word: &str) -> Command {
        let mut command = Command::new(&self.0);
        command.arg(word);
        command
    }
}

impl Default for Own {
    /// The program that runs now, also if its file has been replaced since.
    fn default() -> Self {
        let path = std::env::current_exe().ok().filter(|path| path.exists());
        Self(path.unwrap_or_else(|| PathBuf::from("/proc/self/exe")))
    }
}
