//! What a program that rhaid started has started in turn, and that has left its group, as `setsid` does and as daemons do.
//!
//! Two traces lead to it: its parents, as long as they live, and a mark in its environment, which every program hands on to those
//! that it starts. Who has lost his parents and wiped his environment is not found.

use std::io;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::identity::{Identity, LOOK, Stat, everybody};

/// The variable of the environment that holds the mark.
pub const VARIABLE: &str = "RHAID_LAUNCH";
/// Who starts others while he is ended is looked for again so often.
const ROUNDS: usize = 8;

/// Ends a process and its group, and if it was given a `mark` those whom they have started and who have left the group: first asked to, if
/// there is a `grace`, then without asking.
///
/// # Errors
/// When the system does not tell or forbids it, or somebody is still there.
pub fn end_family(leader: Identity, mark: Option<&str>, grace: Duration) -> io::Result<()> {
    let Some(mark) = mark else {
        return leader.end_group(grace);
    };
    // Afterwards nobody knows any more whose children they were.
    let known = descendants(leader)?;
    leader.end_group(grace)?;
    end(&known, mark, grace)
}

/// A leader's descendants, wherever they are: those whose parents live.
///
/// # Errors
/// When the system does not tell.
fn descendants(leader: Identity) -> io::Result<Vec<Identity>> {
    let all = everybody()?;
    let mut found: Vec<&Stat> = all.iter().filter(|stat| stat.identity == leader).collect();
    let mut at = 0;
    while let Some(parent) = found.get(at).map(|stat| stat.identity.pid) {
        found.extend(all.iter().filter(|stat| stat.parent == parent));
        at += 1;
    }
    let own = found.iter().skip(1).map(|stat| stat.identity);
    Ok(own.collect())
}

/// Ends these and all that carry the mark: first asked to, if there is a `grace`, then without asking.
///
/// # Errors
/// When the system does not tell or forbids it, or somebody is still there.
fn end(known: &[Identity], mark: &str, grace: Duration) -> io::Result<()> {
    let mut known = known.to_vec();
    if !grace.is_zero() {
        known = there(&known, mark)?;
        for stray in &known {
            stray.signal(Signal::SIGTERM)?;
            // One that stands still hears nothing.
            stray.signal(Signal::SIGCONT)?;
        }
        let asked = Instant::now();
        while !known.is_empty() && asked.elapsed() < grace {
            std::thread::sleep(LOOK);
            known = alive(&known)?;
        }
    }
    for _ in 0..ROUNDS {
        known = there(&known, mark)?;
        if known.is_empty() {
            return Ok(());
        }
        for stray in &known {
            stray.signal(Signal::SIGKILL)?;
        }
        std::thread::sleep(LOOK);
    }
    let Some(stray) = known.first() else {
        return Ok(());
    };
    Err(io::Error::new(
        io::ErrorKind::TimedOut,
        format!("process {} does not end", stray.pid),
    ))
}

fn there(known: &[Identity], mark: &str) -> io::Result<Vec<Identity>> {
    let mut there = alive(known)?;
    for stat in everybody()? {
        let is_new = !stat.is_dead() && !there.contains(&stat.identity);
        if is_new && carries(stat.identity.pid, mark) {
            there.push(stat.identity);
        }
    }
    Ok(there)
}

fn alive(known: &[Identity]) -> io::Result<Vec<Identity>> {
    let mut alive = Vec::new();
    for identity in known {
        if identity.stat()?.is_some() {
            alive.push(*identity);
        }
    }
    Ok(alive)
}

/// Whether the mark stands in a process's environment. Those of other users are not ours to see, and not ours.
fn carries(pid: u32, mark: &str) -> bool {
    let Ok(environment) = std::fs::read(format!("/proc/{pid}/environ")) else {
        return false;
    };
    let wanted = format!("{VARIABLE}={mark}");
    environment
        .split(|byte| *byte == 0)
        .any(|entry| entry == wanted.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    use super::*;

    fn start(script: &str, mark: &str) -> std::process::Child {
        Command::new("sh")
            .args(["-c", script])
            .env(VARIABLE, mark)
            .process_group(0)
            .spawn()
            .unwrap()
    }

    fn marked(mark: &str) -> usize {
        there(&[], mark).unwrap().len()
    }

    fn wait_for(count: usize, mark: &str) {
        let began = Instant::now();
        while marked(mark) != count {
            assert!(
                began.elapsed() < Duration::from_secs(10),
                "{}",
                marked(mark)
            );
            std::thread::sleep(LOOK);
        }
    }

    #[test]
    fn who_has_left_his_group_and_lost_his_parent_is_found_by_the_mark() {
        let mark = format!("test-orphan-{}", std::process::id());
        let mut child = start("setsid sleep 61 & exit 0", &mark);
        child.wait().unwrap();
        wait_for(1, &mark);
        end(&[], "another mark", Duration::ZERO).unwrap();
        assert_eq!(marked(&mark), 1);
        end(&[], &mark, Duration::from_secs(5)).unwrap();
        assert_eq!(marked(&mark), 0);
    }

    #[test]
    fn who_has_wiped_his_environment_is_found_by_his_parents() {
        let mark = format!("test-wiped-{}", std::process::id());
        let mut child = start("setsid env -i sleep 62 & wait", &mark);
        let leader = Identity::of(child.id()).unwrap();
        let began = Instant::now();
        // The shell, whose child it is, and who forgets the mark.
        while descendants(leader).unwrap().is_empty() {
            assert!(began.elapsed() < Duration::from_secs(10));
            std::thread::sleep(LOOK);
        }
        let known = descendants(leader).unwrap();
        leader.end_group(Duration::ZERO).unwrap();
        child.wait().unwrap();
        end(&known, &mark, Duration::ZERO).unwrap();
        assert_eq!(alive(&known).unwrap(), []);
    }
}
