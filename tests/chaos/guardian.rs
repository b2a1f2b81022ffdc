//! The guardian as a process: it outlives rhaid, and puts right what was broken.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use rhaid::chaos::process::{Identity, Stat};
use rhaid::chaos::{Deed, FaultId, Guardian, GuardianError, Ledger, Own, OwnFile};

pub fn own() -> Own {
    Own::at(Path::new(env!("CARGO_BIN_EXE_rhaid")))
}

fn guardian() -> Guardian {
    Guardian::new(own(), None)
}

/// A process to break. It is killed when dropped.
pub struct Victim {
    child: Child,
    pub identity: Identity,
}

impl Victim {
    pub fn start() -> Self {
        let child = Command::new("sleep")
            .arg("600")
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let identity = Identity::of(child.id()).unwrap();
        Self { child, identity }
    }

    pub fn state(&self) -> char {
        Stat::of(self.child.id()).unwrap().unwrap().state
    }

    pub fn stop(&self) {
        assert!(self.identity.signal(Signal::SIGSTOP).unwrap());
        until("it stands still", || self.state() == 'T');
    }

    pub fn way_back(&self) -> Deed {
        Deed::Continue {
            process: self.identity,
            name: "sleep".to_owned(),
        }
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[track_caller]
pub fn until(what: &str, mut so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < Duration::from_secs(30), "not so: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn what_the_owner_leaves_is_undone_by_the_guardian() {
    let guardian = guardian();
    let (left, done) = (Victim::start(), Victim::start());
    assert_eq!(
        guardian.pid(),
        None,
        "it is not started before it is needed"
    );
    guardian.enter(left.way_back()).unwrap();
    let number = guardian.enter(done.way_back()).unwrap();
    left.stop();
    done.stop();
    guardian.done(number);
    // As if rhaid had died: the pipe ends.
    drop(guardian);
    assert_ne!(left.state(), 'T');
    assert_eq!(done.state(), 'T');
}

#[test]
fn signals_do_not_end_it() {
    let guardian = guardian();
    let victim = Victim::start();
    guardian.enter(victim.way_back()).unwrap();
    victim.stop();
    let pid = guardian.pid().unwrap();
    let process = Identity::of(pid).unwrap();
    for signal in [
        Signal::SIGINT,
        Signal::SIGTERM,
        Signal::SIGHUP,
        Signal::SIGQUIT,
        Signal::SIGTSTP,
    ] {
        assert!(process.signal(signal).unwrap());
    }
    guardian.enter(victim.way_back()).unwrap();
    assert_eq!(guardian.pid(), Some(pid));
    drop(guardian);
    assert_ne!(victim.state(), 'T');
}

#[test]
fn one_that_was_killed_is_replaced_by_one_that_knows_all() {
    let guardian = guardian();
    let (first, second) = (Victim::start(), Victim::start());
    guardian.enter(first.way_back()).unwrap();
    first.stop();
    let pid = guardian.pid().unwrap();
    Identity::of(pid).unwrap().signal(Signal::SIGKILL).unwrap();
    until("another one is there by itself", || {
        guardian.pid().is_some_and(|now| now != pid)
    });
    assert!(guardian.lost().is_none());
    assert_eq!(first.state(), 'T', "nothing was undone on the way");

    // Killed just before it is needed.
    let last = Identity::of(guardian.pid().unwrap()).unwrap();
    last.signal(Signal::SIGKILL).unwrap();
    // On another processor it may go on for a moment, and confirm.
    until("it is dead", || last.stat().unwrap().is_none());
    guardian.enter(second.way_back()).unwrap();
    second.stop();
    drop(guardian);
    assert_ne!(first.state(), 'T');
    assert_ne!(second.state(), 'T');
}

#[test]
fn without_a_guardian_nothing_is_entered() {
    for (program, starts) in [("/nonexistent/rhaid", false), ("/bin/true", true)] {
        let ledger = Ledger::guarded_by(Guardian::new(Own::at(Path::new(program)), None));
        let victim = Victim::start();
        let error = ledger
            .enter_deed(FaultId(1), victim.way_back())
            .unwrap_err();
        assert_eq!(matches!(error, GuardianError::Lost(_)), starts, "{error}");
        assert!(ledger.broken().is_empty());
        assert!(ledger.guardian().lost().is_some());
    }
}

#[test]
fn what_cannot_be_undone_is_written_to_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let failures = dir.path().join("failures");
    // A folder is not removed as a file is.
    let path = dir.path().join("folder");
    std::fs::create_dir(&path).unwrap();
    let file = OwnFile::new(&path, &std::fs::metadata(&path).unwrap());
    let guardian = Guardian::new(own(), Some(failures.clone()));
    guardian.enter(Deed::Remove { file }).unwrap();
    drop(guardian);
    let text = std::fs::read_to_string(&failures).unwrap();
    assert!(text.contains("cannot remove `"), "{text}");
}

#[test]
fn a_ledger_tells_the_guardian_what_it_has_undone() {
    let ledger = Ledger::guarded_by(guardian());
    let victim = Victim::start();
    let entry = ledger.enter_deed(FaultId(1), victim.way_back()).unwrap();
    victim.stop();
    ledger.undo(entry).unwrap();
    until("it goes on", || victim.state() != 'T');
    // Stopped by somebody else: that is not rhaid's to undo.
    victim.stop();
    drop(ledger);
    assert_eq!(victim.state(), 'T');
}
