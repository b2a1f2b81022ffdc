//! Pressure on this machine: processors, memory, disks, files.
//!
//! In: how much of what. Out: a burner that takes it, or a file that fills a disk, and the way back. Everything is capped: a reserve of
//! memory and of disk space is always left.
//!
//! A burner is a process of its own (`rhaid burner`, the rooms in [`burn`]), so that what it takes is gone with it: killed by the way back, by the
//! guardian, by itself when its time is over or when rhaid is gone. For processors `stress-ng` is used where it is
//! installed. For the rest it is not: it knows no reserve of memory, and leaves files when it is killed.

pub mod burn;
mod burner;
mod disk;
mod error;
mod files;
mod room;

pub use burner::{Pressure, Tool, cpu, files as open_files, io, memory};
pub use disk::{Filled, fill};
pub use error::MachineError;
pub use room::{Amount, disk_free, memory_available};
