//! Baselines: runs that are held to be normal, kept in one file that fits in git.
//!
//! - **In**: results to keep, the file as it was.
//! - **Out**: the file anew, whole or not at all; and for a name and a branch the run to compare with.
//!
//! The file ([`FILE`] in the project's folder) is JSON: a version, and an entry for each name and branch, sorted, its keys in a fixed order and
//! each list of numbers in one line, so that a change of it can be read in a review. An entry holds the run's result without
//! what a comparison does not need (`trim`): targets, options and scenarios, totals with their histograms, intervals, machine and commit stay.

mod layout;
mod store;
mod trim;

pub use store::{Baseline, BaselineError, CleanRun, Found, Store};

/// Where baselines are kept, from the project's folder.
pub const FILE: &str = ".performance/baseline.json";

/// The version of the file that this program writes and reads.
pub const VERSION: u32 = 1;
