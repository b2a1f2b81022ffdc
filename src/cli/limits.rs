//! How many files the system lets this process open. Each connection is one, and the soft limit is often far below what
//! the hard one allows.

use super::Failure;
use crate::exit;

/// Open before any worker is: standard streams, the runtime, signals, and a few for reading scripts and writing results.
const BASE: u64 = 16;
/// Of a worker's runtime, and of the timers of a scenario.
const PER_WORKER: u64 = 6;
/// Of the demo target, without connections.
pub const DEMO: u64 = 6;

/// What a run needs before its first connection.
pub fn needed(workers: usize, demo: bool) -> u64 {
    let workers = u64::try_from(workers).unwrap_or(u64::MAX);
    let demo = if demo { DEMO } else { 0 };
    BASE.saturating_add(PER_WORKER.saturating_mul(workers))
        .saturating_add(demo)
}

/// Raises the limit as far as it goes. Gives how many files may be open.
///
/// # Errors
/// When that is less than `needed` for `what`: nothing would work, and each part would fail in its own way.
pub fn prepare(what: &str, needed: u64) -> Result<u64, Failure> {
    let limit = raise();
    if limit < needed {
        return Err(Failure::new(
            exit::CONFIG,
            format!(
                "error: the system lets this process open {limit} files, and {what} needs about {needed}, and one more for each connection\nhelp: raise the limit with `ulimit -n 65536`"
            ),
        ));
    }
    Ok(limit)
}

/// What to say when not every user may get a connection.
pub fn note(limit: u64, needed: u64, users: u64, demo: bool) -> Option<String> {
    let ends = if demo { 2 } else { 1 };
    let wanted = needed.saturating_add(users.saturating_mul(ends));
    (limit < wanted).then(|| {
        format!(
            "the system lets this process open {limit} files, but a connection for each of {users} users takes {wanted}; raise the limit with `ulimit -n {}`",
            wanted.saturating_mul(2).max(65_536)
        )
    })
}

#[cfg(unix)]
fn raise() -> u64 {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return u64::MAX;
    };
    if soft < hard && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok() {
        return hard;
    }
    soft
}

#[cfg(not(unix))]
fn raise() -> u64 {
    u64::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_that_may_lack_a_connection_are_told_of() {
        assert_eq!(note(1024, needed(2, false), 900, false), None);
        let text = note(1024, needed(2, false), 1000, false).unwrap();
        assert!(
            text.contains("1024 files") && text.contains("ulimit -n 65536"),
            "{text}"
        );
        assert!(note(1024, needed(2, true), 900, true).is_some());
        let text = note(1024, needed(2, false), 100_000, false).unwrap();
        assert!(text.contains("ulimit -n 200056"), "{text}");
    }
}
