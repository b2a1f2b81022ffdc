//! Open files.

use std::fs::File;
use std::io;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Left of what the whole machine can open: a tenth.
const LEFT: u64 = 10;
/// What the burner itself needs.
const OWN: u64 = 16;

/// Opens so many, or as many as its own limit and the machine's allow: how many.
pub fn begin(count: u64) -> io::Result<u64> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    let room = of_machine().unwrap_or(u64::MAX);
    let count = count.min(most.saturating_sub(OWN)).min(room);
    let mut held = Vec::new();
    for _ in 0..count {
        match File::open("/dev/null") {
            Ok(file) => held.push(file),
            Err(_) if !held.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    let opened = held.len() as u64;
    // They are closed with the process.
    std::mem::forget(held);
    Ok(opened)
}

/// How many the machine can open beside those that are, and the rest that is left to others.
fn of_machine() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/sys/fs/file-nr").ok()?;
    let mut numbers = text.split_whitespace().map(str::parse::<u64>);
    let (used, _, most) = (numbers.next()?.ok()?, numbers.next(), numbers.next()?.ok()?);
    Some((most - most / LEFT).saturating_sub(used))
}
