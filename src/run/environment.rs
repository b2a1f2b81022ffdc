//! Where a run happens: the machine, the repository, what the process used.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::result::{Generator, Git, Machine};

/// The machine, as far as it tells.
pub fn machine(workers: usize) -> Machine {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let memory = read("/proc/meminfo")
        .lines()
        .find_map(|line| {
            line.strip_prefix("MemTotal:")?
                .trim()
                .strip_suffix("kB")?
                .trim()
                .parse::<u64>()
                .ok()
        })
        .unwrap_or_default();
    Machine {
        os: std::env::consts::OS.to_owned(),
        kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        arch: std::env::consts::ARCH.to_owned(),
        cpus: cpus(),
        memory_bytes: memory * 1024,
        workers: u32::try_from(workers).unwrap_or(u32::MAX),
    }
}

/// Processors that this process may use; honours affinity and container limits.
pub fn cpus() -> u32 {
    std::thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(u32::MAX))
}

/// The commit in which a folder stands, if it is in a repository and git is there.
pub fn git(folder: &Path) -> Option<Git> {
    // A script without a folder in its path lies in the current one.
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let ask = |arguments: &[&str]| {
        let output = Command::new("git")
            .current_dir(folder)
            .args(arguments)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()?;
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = ask(&["rev-parse", "HEAD"])?;
    let branch = ask(&["rev-parse", "--abbrev-ref", "HEAD"]).filter(|name| name != "HEAD");
    // Results of earlier runs are no change of the code.
    let dirty = ask(&["status", "--porcelain", "--untracked-files=no"])
        .is_some_and(|changes| !changes.is_empty());
    Some(Git {
        commit,
        branch,
        dirty,
    })
}

/// What this process used so far.
#[cfg(unix)]
pub fn usage(workers: usize) -> Generator {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike;
    let workers = u32::try_from(workers).unwrap_or(u32::MAX);
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else {
        return Generator {
            workers,
            ..Generator::default()
        };
    };
    // Linux counts in KiB, macOS in bytes.
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    Generator {
        cpu_user_seconds: usage.user_time().num_microseconds() as f64 / 1e6,
        cpu_system_seconds: usage.system_time().num_microseconds() as f64 / 1e6,
        peak_rss_bytes: u64::try_from(usage.max_rss()).unwrap_or_default() * unit,
        workers,
    }
}

/// What this process used so far; not known on this system.
#[cfg(not(unix))]
pub fn usage(workers: usize) -> Generator {
    Generator {
        workers: u32::try_from(workers).unwrap_or(u32::MAX),
        ..Generator::default()
    }
}
