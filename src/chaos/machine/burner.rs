//! Burners: started, and ended again.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::burn::{Job, OK};
use super::error::MachineError;
use super::room::{Amount, disk_free, memory_available};
use crate::chaos::process::{Launch, LaunchError, Ours, launch};
use crate::chaos::{EntryId, FaultId, Guardian, Ledger, Undo};

/// More would be a mistake in a script.
const MOST_WORKERS: u32 = 1024;
/// A thread's file, for the disk to be busy with.
const IO_BYTES: u64 = 64 << 20;
/// So long `stress-ng` has to clear up.
const GRACE: Duration = Duration::from_secs(1);

/// What burns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// A part of rhaid.
    Own,
    StressNg,
}

/// Something that is being taken.
#[derive(Debug, Clone)]
pub struct Pressure {
    pub entry: EntryId,
    pub pid: u32,
    /// What is taken, in threads, bytes or files: less than was asked for where a cap is.
    pub taken: u64,
    pub tool: Tool,
}

/// Keeps processors busy: so many threads, each for `load` percent of the time. No number: one for each processor. It ends by itself after
/// `longest`.
///
/// # Errors
/// When it cannot be started, or there is no guardian.
pub fn cpu(
    ledger: &Ledger,
    fault: FaultId,
    workers: Option<u32>,
    load: u32,
    longest: Duration,
    tool: Option<Tool>,
) -> Result<Pressure, MachineError> {
    let workers = checked(workers.unwrap_or_else(processors))?;
    if !(1..=100).contains(&load) {
        return Err(MachineError::Load(load));
    }
    let tool = tool.unwrap_or_else(|| match stress_ng() {
        Some(_) => Tool::StressNg,
        None => Tool::Own,
    });
    match tool {
        Tool::Own => start(ledger, fault, &Job::Cpu { workers, load }, longest),
        Tool::StressNg => with_stress_ng(ledger, fault, workers, load, longest),
    }
}

/// Takes memory, as long as the reserve is left: what others take of the reserve meanwhile is given back to them. It ends by itself
/// after `longest`.
///
/// # Errors
/// When nothing is free beyond the reserve, it cannot be started, or there is no guardian.
pub fn memory(
    ledger: &Ledger,
    fault: FaultId,
    amount: Amount,
    reserve: u64,
    longest: Duration,
) -> Result<Pressure, MachineError> {
    let free = memory_available().map_err(MachineError::System)?;
    let bytes = amount.capped("memory", free, reserve)?;
    start(ledger, fault, &Job::Memory { bytes, reserve }, longest)
}

/// Opens so many files, or as many as can be. It ends by itself after `longest`.
///
/// # Errors
/// When it cannot be started, or there is no guardian.
pub fn files(
    ledger: &Ledger,
    fault: FaultId,
    count: u64,
    longest: Duration,
) -> Result<Pressure, MachineError> {
    start(ledger, fault, &Job::Files { count }, longest)
}

/// Keeps the disk of a folder busy with writing and reading files that nobody sees, and leaves a reserve of free bytes. It ends by itself
/// after `longest`.
///
/// # Errors
/// When the folder cannot be written to, nothing is free beyond the reserve, it cannot be started, or there is no guardian.
pub fn io(
    ledger: &Ledger,
    fault: FaultId,
    dir: &Path,
    workers: u32,
    reserve: u64,
    longest: Duration,
) -> Result<Pressure, MachineError> {
    let workers = checked(workers)?;
    let dir = dir.canonicalize().map_err(|source| MachineError::Dir {
        dir: dir.to_owned(),
        source,
    })?;
    let free = disk_free(&dir).map_err(MachineError::System)?;
    let wanted = Amount::Bytes(IO_BYTES * u64::from(workers));
    let bytes = wanted.capped("disk", free, reserve)? / u64::from(workers);
    let job = Job::Io {
        dir,
        workers,
        bytes: bytes.max(1),
    };
    start(ledger, fault, &job, longest)
}

fn processors() -> u32 {
    let count = std::thread::available_parallelism();
    count.map_or(1, |count| {
        u32::try_from(count.get()).unwrap_or(MOST_WORKERS)
    })
}

fn checked(workers: u32) -> Result<u32, MachineError> {
    if workers > MOST_WORKERS {
        return Err(MachineError::Workers(workers));
    }
    Ok(workers.max(1))
}

/// Where `stress-ng` is, if it is installed.
fn stress_ng() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join("stress-ng"))
        .find(|file| file.is_file())
}

fn command(guardian: &Guardian, job: &Job, longest: Duration) -> Command {
    let mut command = guardian.own().command("burner");
    // What it frees is to be the system's at once; the allocator would keep it until it is busy again.
    command.env("MIMALLOC_PURGE_DELAY", "0");
    let longest = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
    command.arg(format!("--longest-ms={longest}"));
    match job {
        Job::Cpu { workers, load } => command.args([
            "cpu".to_owned(),
            format!("--workers={workers}"),
            format!("--load={load}"),
        ]),
        Job::Memory { bytes, reserve } => command.args([
            "memory".to_owned(),
            format!("--bytes={bytes}"),
            format!("--reserve={reserve}"),
        ]),
        Job::Files { count } => command.args(["files".to_owned(), format!("--count={count}")]),
        Job::Io {
            dir,
            workers,
            bytes,
        } => command
            .args([
                "io".to_owned(),
                format!("--workers={workers}"),
                format!("--bytes={bytes}"),
                "--dir".to_owned(),
            ])
            .arg(dir),
    };
    command
}

fn start(
    ledger: &Ledger,
    fault: FaultId,
    job: &Job,
    longest: Duration,
) -> Result<Pressure, MachineError> {
    let guardian = ledger.guardian();
    let failed = |error: std::io::Error| MachineError::Burner(error.to_string());
    let child = command(guardian, job, longest)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(failed)?;
    let mut ours = Ours::take(child, "rhaid burner", Duration::ZERO, None, guardian)?;
    let answer = ours.child().stdout.take();
    let (Some(go), Some(answer)) = (&ours.child().stdin, answer) else {
        return Err(MachineError::Burner("it has no pipes".to_owned()));
    };
    // The process keeps the pipe itself: it burns as long as that is open.
    let go = go.as_fd().try_clone_to_owned().map_err(failed)?;
    let pid = ours.identity().pid;
    let entry = ledger.enter(fault, Box::new(EndBurner(ours)));
    let told = File::from(go).write_all(b"go\n");
    let mut answered = String::new();
    let read = told.and_then(|()| BufReader::new(answer).read_line(&mut answered));
    let taken = answered.trim().strip_prefix(OK).map(str::parse::<u64>);
    if let (Ok(_), Some(Ok(taken))) = (&read, taken) {
        return Ok(Pressure {
            entry,
            pid,
            taken,
            tool: Tool::Own,
        });
    }
    let _ = ledger.undo(entry);
    Err(MachineError::Burner(match read {
        Err(error) => error.to_string(),
        Ok(0) => "it ended".to_owned(),
        Ok(_) => answered.trim().to_owned(),
    }))
}

fn with_stress_ng(
    ledger: &Ledger,
    fault: FaultId,
    workers: u32,
    load: u32,
    longest: Duration,
) -> Result<Pressure, MachineError> {
    let longest = longest.as_secs().saturating_add(1);
    let argv: Vec<String> = [
        "stress-ng",
        "--quiet",
        "--cpu",
        &workers.to_string(),
        "--cpu-load",
        &load.to_string(),
        "--timeout",
        &format!("{longest}s"),
    ]
    .map(str::to_owned)
    .into();
    let what = Launch {
        name: "stress-ng",
        argv: &argv,
        env: &BTreeMap::new(),
        dir: None,
        log: None,
        grace: GRACE,
    };
    let ours = launch(ledger.guardian(), what).map_err(|error| match error {
        LaunchError::Start(why) => MachineError::Burner(why),
        LaunchError::Guardian(error) => error.into(),
    })?;
    let pid = ours.identity().pid;
    Ok(Pressure {
        entry: ledger.enter(fault, Box::new(EndBurner(ours))),
        pid,
        taken: workers.into(),
        tool: Tool::StressNg,
    })
}

/// The way back. The guardian has one of its own.
#[derive(Debug)]
struct EndBurner(Ours);

impl Undo for EndBurner {
    fn about(&self) -> String {
        format!("end burner {}", self.0.identity().pid)
    }

    fn undo(&mut self) -> Result<(), String> {
        self.0
            .end(Duration::ZERO)
            .map_err(|error| error.to_string())
    }
}
