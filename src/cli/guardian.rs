//! `rhaid guardian`: what rhaid starts beside itself, to put right what is broken if rhaid is killed.

use std::fs::OpenOptions;
use std::io::{self, BufReader, Write};
use std::path::PathBuf;

use clap::Args;

use super::{Failure, complain};
use crate::chaos::guardian::{serve, shield};
use crate::exit;

/// Where it says what it could not do.
#[derive(Debug, Args)]
pub struct GuardianArguments {
    /// Also write what could not be undone to this file.
    #[arg(long, value_name = "FILE")]
    pub failures: Option<PathBuf>,
}

/// Keeps the list on standard input, and undoes what is left of it when the input ends.
pub fn run(arguments: GuardianArguments) -> Result<u8, Failure> {
    shield().map_err(|error| {
        Failure::new(
            exit::CONFIG,
            format!("error: cannot be deaf to signals: {error}"),
        )
    })?;
    let file = arguments
        .failures
        .map(|path| std::path::absolute(&path).unwrap_or(path));
    // It may outlive the folder that it was started in, and is not to keep it from being unmounted.
    let _ = std::env::set_current_dir("/");
    let failed = serve(BufReader::new(io::stdin()), io::stdout());
    if failed.is_empty() {
        return Ok(exit::PASS);
    }
    let mut text = String::new();
    for failure in &failed {
        text.push_str(&format!("error: rhaid's guardian {failure}\n"));
    }
    complain(text.trim_end());
    if let Some(file) = file {
        let opened = OpenOptions::new().create(true).append(true).open(&file);
        let written = opened.and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|error| {
            Failure::new(
                exit::CANNOT_WRITE,
                format!("error: cannot write {}: {error}", file.display()),
            )
        })?;
    }
    Ok(exit::NOT_UNDONE)
}
