//! A program in a process that the guardian knows before the program begins.
//!
//! The process is rhaid at first (`rhaid launch`), waits for a line, and then becomes the program: same number, same start. If rhaid
//! is killed before it wrote that line, the pipe ends, and so does the process.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::ours::Ours;
use super::strays;
use crate::chaos::{Guardian, GuardianError};

/// What to start.
#[derive(Debug)]
pub struct Launch<'a> {
    pub name: &'a str,
    /// The program and its arguments.
    pub argv: &'a [String],
    /// Beside the variables of rhaid itself.
    pub env: &'a BTreeMap<String, String>,
    pub dir: Option<&'a Path>,
    /// Where its output goes; nowhere if there is none.
    pub log: Option<File>,
    /// It is asked to end, and has so long for it, if the guardian has to end it.
    pub grace: Duration,
}

/// Why it did not start.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    #[error("{0}")]
    Start(String),
    #[error(transparent)]
    Guardian(#[from] GuardianError),
}

/// Starts a program: it runs when this returns.
///
/// # Errors
/// When it cannot be started, or nobody would end it.
pub fn launch(guardian: &Guardian, what: Launch<'_>) -> Result<Ours, LaunchError> {
    let failed = |error: io::Error| LaunchError::Start(error.to_string());
    let mut command = guardian.own().command("launch");
    let mark = mark();
    command
        .arg("--")
        .args(what.argv)
        .envs(what.env)
        .env(strays::VARIABLE, &mark)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(what.log.map_or_else(Stdio::null, Stdio::from))
        .process_group(0);
    if let Some(dir) = what.dir {
        command.current_dir(dir);
    }
    let child = command.spawn().map_err(failed)?;
    let mut ours = Ours::take(child, what.name, what.grace, Some(&mark), guardian)?;
    let mut told = String::new();
    let begun = match (ours.child().stdin.take(), ours.child().stdout.take()) {
        (Some(mut go), Some(mut answer)) => go
            .write_all(b"go\n")
            // The program does not have this pipe: it ends when the program begins, or says why it does not.
            .and_then(|()| answer.read_to_string(&mut told)),
        _ => Err(io::Error::other("it has no pipes")),
    };
    let told = match begun {
        Ok(_) => told.trim().to_owned(),
        Err(error) => error.to_string(),
    };
    if told.is_empty() {
        return Ok(ours);
    }
    Err(LaunchError::Start(told))
}

/// What no other program that rhaid starts, or has started, is marked with.
fn mark() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    format!(
        "{}-{}-{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed),
        since.unwrap_or_default().as_nanos()
    )
}

/// The other side: waits for the line, then becomes the program. Returns only if that was not to be, after it has told rhaid why.
pub fn become_program(argv: &[OsString]) {
    let mut go = [0; 3];
    if io::stdin().read_exact(&mut go).is_err() {
        return;
    }
    // The program does not inherit this one.
    let Ok(answer) = io::stdout().as_fd().try_clone_to_owned() else {
        return;
    };
    let why = turn_into(argv);
    // Who does not read it is gone.
    let _ = writeln!(File::from(answer), "{why}");
}

fn turn_into(argv: &[OsString]) -> io::Error {
    let Some((program, arguments)) = argv.split_first() else {
        return io::Error::other("there is no program");
    };
    // Both streams go where only errors went so far.
    let output = match io::stderr().as_fd().try_clone_to_owned() {
        Ok(output) => output,
        Err(error) => return error,
    };
    let error = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(output)
        .exec();
    let name = program.to_string_lossy();
    match error.kind() {
        io::ErrorKind::NotFound => io::Error::other(format!("there is no program `{name}`")),
        _ => io::Error::other(format!("`{name}`: {error}")),
    }
}
