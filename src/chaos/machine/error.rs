//! What can go wrong with pressure.

use std::io;
use std::path::PathBuf;

use crate::chaos::GuardianError;
use crate::units::format_bytes;

/// Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    #[error("a load is a percentage from 1 to 100, not {0}")]
    Load(u32),
    #[error("{0} workers are too many: at most 1024")]
    Workers(u32),
    #[error("a share is above 0 and at most 100%, not {}%", .0 * 100.0)]
    Share(f64),
    #[error("nothing can be taken of the {what}: {} are free, and {} are to be left; lower the reserve", format_bytes(*.free), format_bytes(*.reserve))]
    NoRoom {
        what: &'static str,
        free: u64,
        reserve: u64,
    },
    #[error("`{}` is no folder that can be written to: {source}", .dir.display())]
    Dir {
        dir: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("cannot fill `{}`: {source}", .dir.display())]
    Fill {
        dir: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("cannot find out how much is free: {0}")]
    System(#[source] io::Error),
    #[error("the burner did not start: {0}")]
    Burner(String),
    #[error(transparent)]
    Guardian(#[from] GuardianError),
}
