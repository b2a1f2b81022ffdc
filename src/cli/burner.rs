//! `rhaid burner`: what rhaid starts to take processors, memory, files or a disk for a while.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::Failure;
use crate::chaos::machine::burn::{Job, burn};
use crate::exit;

/// What is burnt, and for how long at most.
#[derive(Debug, Args)]
pub struct BurnerArguments {
    /// It ends by itself after so many milliseconds.
    #[arg(long, value_name = "N")]
    pub longest_ms: u64,
    #[command(subcommand)]
    pub what: What,
}

#[derive(Debug, Subcommand)]
pub enum What {
    /// Processors.
    Cpu {
        #[arg(long)]
        workers: u32,
        #[arg(long)]
        load: u32,
    },
    /// Memory.
    Memory {
        #[arg(long)]
        bytes: u64,
        #[arg(long)]
        reserve: u64,
    },
    /// Open files.
    Files {
        #[arg(long)]
        count: u64,
    },
    /// A disk.
    Io {
        #[arg(long)]
        dir: PathBuf,
        #[arg(long)]
        workers: u32,
        #[arg(long)]
        bytes: u64,
    },
}

/// Burns until it is told to end.
pub fn run(arguments: BurnerArguments) -> Result<u8, Failure> {
    let job = match arguments.what {
        What::Cpu { workers, load } => Job::Cpu { workers, load },
        What::Memory { bytes, reserve } => Job::Memory { bytes, reserve },
        What::Files { count } => Job::Files { count },
        What::Io {
            dir,
            workers,
            bytes,
        } => Job::Io {
            dir,
            workers,
            bytes,
        },
    };
    let longest = Duration::from_millis(arguments.longest_ms);
    if burn(&job, longest, io::stdout()) {
        Ok(exit::PASS)
    } else {
        Ok(exit::REVIEW)
    }
}
