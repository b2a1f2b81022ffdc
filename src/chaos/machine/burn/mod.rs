//! What a burner does in its own process, `rhaid burner`.
//!
//! It waits for a line, begins, answers `ok` and how much it has taken, and burns until its time is over or its input ends: whoever
//! started it is gone then.

mod cpu;
mod files;
mod io;
mod memory;
mod noise;

use std::io::{BufRead, Read, Write};
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

pub use noise::Noise;

/// What is burnt.
#[derive(Debug, Clone)]
pub enum Job {
    /// Processors: so many threads, each busy for so many percent of the time.
    Cpu { workers: u32, load: u32 },
    /// Memory; given back as soon as less than the reserve is free.
    Memory { bytes: u64, reserve: u64 },
    /// Open files.
    Files { count: u64 },
    /// Writing and reading in a folder; each thread has a file of so many bytes.
    Io {
        dir: PathBuf,
        workers: u32,
        bytes: u64,
    },
}

impl Job {
    /// Begins: how much was taken.
    fn begin(&self) -> std::io::Result<u64> {
        match self {
            Self::Cpu { workers, load } => cpu::begin(*workers, *load),
            Self::Memory { bytes, reserve } => memory::begin(*bytes, *reserve),
            Self::Files { count } => files::begin(*count),
            Self::Io {
                dir,
                workers,
                bytes,
            } => io::begin(dir, *workers, *bytes),
        }
    }
}

/// What a burner answers when it burns.
pub const OK: &str = "ok ";

/// Burns. Whether it began.
pub fn burn(job: &Job, longest: Duration, mut output: impl Write) -> bool {
    // If somebody has to die for want of memory, let it be this one.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    let mut input = std::io::stdin().lock();
    let mut go = String::new();
    if input.read_line(&mut go).is_err() || !go.ends_with('\n') {
        return false;
    }
    drop(input);
    let (gone, over) = mpsc::channel();
    let waiting = std::thread::Builder::new().spawn(move || {
        let mut rest = [0; 16];
        while matches!(std::io::stdin().read(&mut rest), Ok(1..)) {}
        let _ = gone.send(());
    });
    let begun = waiting.and_then(|_| job.begin());
    let answer = match &begun {
        Ok(taken) => format!("{OK}{taken}"),
        Err(error) => error.to_string(),
    };
    // Who does not read it is gone, which the input tells.
    let _ = writeln!(output, "{answer}").and_then(|()| output.flush());
    if begun.is_ok() {
        let _ = over.recv_timeout(longest);
    }
    begun.is_ok()
}
