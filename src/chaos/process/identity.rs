//! Which process it is, beyond doubt.

use std::io;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

/// Between two looks whether a process has gone.
pub(super) const LOOK: Duration = Duration::from_millis(5);
/// A process that was killed is gone when the kernel has cleared up, which takes longer the more memory it had.
const GONE_WITHIN: Duration = Duration::from_secs(5);

/// A process: its number, and when it started, since numbers are given again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identity {
    pub pid: u32,
    /// In ticks since the machine started: no clock that is set changes it.
    pub started: u64,
}

/// What the system says of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stat {
    pub identity: Identity,
    /// At most fifteen bytes of the program's name.
    pub name: String,
    pub state: char,
    pub parent: u32,
    pub group: u32,
    pub kernel: bool,
}

impl Stat {
    /// Reads it; nothing if there is no such process.
    ///
    /// # Errors
    /// When the system does not tell, as where there is no `/proc`.
    pub fn of(pid: u32) -> io::Result<Option<Self>> {
        if !cfg!(target_os = "linux") {
            let why = "processes are told apart by Linux's /proc, which this system has not";
            return Err(io::Error::new(io::ErrorKind::Unsupported, why));
        }
        match std::fs::read(format!("/proc/{pid}/stat")) {
            Ok(text) => Self::parse(&String::from_utf8_lossy(&text))
                .map(Some)
                .ok_or_else(|| io::Error::other(format!("cannot read /proc/{pid}/stat"))),
            // A process that ends while it is read.
            Err(error) if error.raw_os_error() == Some(Errno::ESRCH as i32) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// See proc_pid_stat(5). The name may hold anything, brackets and blanks too.
    fn parse(text: &str) -> Option<Self> {
        const OF_KERNEL: u64 = 0x0020_0000;
        let (pid, rest) = text.split_once(" (")?;
        let (name, rest) = rest.rsplit_once(") ")?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        let small = |at: usize| u32::try_from(number(at)?).ok();
        Some(Self {
            identity: Identity {
                pid: pid.parse().ok()?,
                started: number(19)?,
            },
            name: name.to_owned(),
            state: fields.first()?.chars().next()?,
            parent: small(1)?,
            group: small(2)?,
            kernel: number(6)? & OF_KERNEL != 0,
        })
    }

    /// Ended, and only waiting for its parent to take note.
    pub fn is_dead(&self) -> bool {
        matches!(self.state, 'Z' | 'X' | 'x')
    }

    pub fn is_stopped(&self) -> bool {
        self.state == 'T'
    }
}

impl Identity {
    /// The process that has this number now.
    ///
    /// # Errors
    /// When there is none, or the system does not tell.
    pub fn of(pid: u32) -> io::Result<Self> {
        let stat = Stat::of(pid)?;
        stat.map(|stat| stat.identity).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::NotFound,
                format!("there is no process {pid}"),
            )
        })
    }

    /// What the system says of it; nothing if it has ended.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn stat(self) -> io::Result<Option<Stat>> {
        let stat = Stat::of(self.pid)?;
        Ok(stat.filter(|stat| stat.identity == self && !stat.is_dead()))
    }

    /// Signals it, if it has not ended: whether it was still there.
    ///
    /// # Errors
    /// When the system forbids it.
    pub fn signal(self, signal: Signal) -> io::Result<bool> {
        if self.stat()?.is_none() {
            return Ok(false);
        }
        sent(kill(self.raw()?, signal))
    }

    /// Signals it and all of the group that it leads: whether anybody was there. When it has ended, those of its group that are
    /// left get the signal, unless its number is another process's by now.
    ///
    /// # Errors
    /// When the system forbids it.
    pub fn signal_group(self, signal: Signal) -> io::Result<bool> {
        match Stat::of(self.pid)? {
            Some(stat) if stat.identity != self => Ok(false),
            _ => sent(killpg(self.raw()?, signal)),
        }
    }

    /// Whether it, or one of the group that it leads, is alive.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn group_is_there(self) -> io::Result<bool> {
        match Stat::of(self.pid)? {
            Some(stat) if stat.identity != self => Ok(false),
            Some(stat) if !stat.is_dead() => Ok(true),
            _ => Ok(everybody()?
                .iter()
                .any(|stat| stat.group == self.pid && !stat.is_dead())),
        }
    }

    /// Ends it and its group: first asked to, if there is a `grace`, then without asking.
    ///
    /// # Errors
    /// When the system forbids it, or somebody is still there.
    pub fn end_group(self, grace: Duration) -> io::Result<()> {
        if !grace.is_zero() {
            if !self.signal_group(Signal::SIGTERM)? {
                return Ok(());
            }
            // One that stands still hears nothing.
            self.signal_group(Signal::SIGCONT)?;
            if self.gone_within(grace)? {
                return Ok(());
            }
        }
        if !self.signal_group(Signal::SIGKILL)? || self.gone_within(GONE_WITHIN)? {
            return Ok(());
        }
        Err(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("process {} does not end", self.pid),
        ))
    }

    fn gone_within(self, limit: Duration) -> io::Result<bool> {
        let asked = Instant::now();
        while self.group_is_there()? {
            if asked.elapsed() >= limit {
                return Ok(false);
            }
            std::thread::sleep(LOOK);
        }
        Ok(true)
    }

    fn raw(self) -> io::Result<Pid> {
        // Zero would be our own group, a negative number a group, one everything's parent.
        i32::try_from(self.pid)
            .ok()
            .filter(|pid| *pid > 1)
            .map(Pid::from_raw)
            .ok_or_else(|| io::Error::other(format!("process {} is not signalled", self.pid)))
    }
}

/// All processes there are.
///
/// # Errors
/// When the system does not tell.
pub fn everybody() -> io::Result<Vec<Stat>> {
    // What is no Linux says so in its own words.
    Stat::of(std::process::id())?;
    let mut all = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let Some(pid) = entry?
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        // Some end meanwhile, some are not ours to see.
        all.extend(Stat::of(pid).ok().flatten());
    }
    Ok(all)
}

fn sent(outcome: nix::Result<()>) -> io::Result<bool> {
    match outcome {
        Ok(()) => Ok(true),
        Err(Errno::ESRCH) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    use super::*;

    #[test]
    fn a_name_may_look_like_the_rest_of_the_line() {
        let text =
            "12 (a) S 1 (b) T 7 12 12 0 -1 4194304 99 0 0 0 0 0 0 0 20 0 1 0 205547 3133440 383";
        let stat = Stat::parse(text).unwrap();
        assert_eq!(stat.name, "a) S 1 (b");
        assert_eq!((stat.state, stat.parent, stat.group), ('T', 7, 12));
        assert_eq!(stat.identity.started, 205_547);
        assert!(!stat.kernel);
    }

    #[test]
    fn a_number_that_is_anothers_by_now_is_not_signalled() {
        let mut child = Command::new("sleep")
            .arg("60")
            .process_group(0)
            .spawn()
            .unwrap();
        let now = Identity::of(child.id()).unwrap();
        let earlier = Identity {
            started: now.started - 1,
            ..now
        };
        assert!(!earlier.signal(Signal::SIGKILL).unwrap());
        assert!(!earlier.signal_group(Signal::SIGKILL).unwrap());
        earlier.end_group(Duration::from_millis(1)).unwrap();
        assert!(now.stat().unwrap().is_some());
        now.end_group(Duration::ZERO).unwrap();
        assert!(now.stat().unwrap().is_none());
        child.wait().unwrap();
    }

    #[test]
    fn what_a_leader_left_behind_is_ended_too() {
        let mut child = Command::new("sh")
            .args(["-c", "trap '' TERM; sleep 60 & exit 0"])
            .process_group(0)
            .spawn()
            .unwrap();
        let leader = Identity::of(child.id()).unwrap();
        child.wait().unwrap();
        assert!(leader.group_is_there().unwrap());
        leader.end_group(Duration::from_millis(20)).unwrap();
        assert!(!leader.group_is_there().unwrap());
    }
}
