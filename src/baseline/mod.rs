//! Baselines: runs that are held to be normal, kept in one file that fits in git.
//!
//! - **In**: results to keep, the file as it was.
//! - **Out**: the file anew, whole or not at all; and for a name and a branch the run to compare with.
//!
//! The file ([`FILE`] in the project's folder) is JSON: a version, and an entry for each name and branch, sorted, its keys in a fixed order and
//! each list of numbers in one line, so that a change of it can be read in a review. An entry holds the run's result without
//! what a comparison does not need (`trim`): targets, options and scenarios, totals with their histograms, intervals, machine and commit stay.

use std::fs::File;
use std::path::Path;

mod layout;
mod store;
mod trim;

pub use store::{Baseline, BaselineError, CleanRun, Found, Store};

/// Where baselines are kept, from the project's folder.
pub const FILE: &str = ".performance/baseline.json";

/// Waits until nobody else changes the file at `path`, and keeps others from it until what is given back is dropped: who reads, changes
/// and writes it must not undo what another wrote in between. The folder is locked, so that no further file lies about; where
/// it cannot be, nothing is.
pub fn turn(path: &Path) -> Option<File> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).ok()?;
    let folder = File::open(folder).ok()?;
    folder.lock().ok()?;
    Some(folder)
}

/// The version of the file that this program writes and reads.
pub const VERSION: u32 = 1;
