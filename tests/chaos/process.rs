//! Processes that stand still or are killed, and the way back.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rhaid::chaos::process::{
    CommandError, CommandSpec, Commands, Identity, ProcessError, Ready, Stat, Which, find, stop,
};
use rhaid::chaos::{FaultId, Guardian, Ledger};
use tempfile::TempDir;

use crate::chaos::guardian::{own, until};

const FAULT: FaultId = FaultId(1);

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A program under a name that nothing else has, longer than the kernel keeps.
struct Sleeper {
    dir: TempDir,
    name: String,
    children: Vec<Child>,
}

impl Sleeper {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let unique = dir.path().file_name().unwrap().to_str().unwrap();
        let name = format!("rhaid-test-sleeper{unique}");
        std::fs::copy("/bin/sleep", dir.path().join(&name)).unwrap();
        Self {
            dir,
            name,
            children: Vec::new(),
        }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join(&self.name)
    }

    fn start(&mut self, seconds: &str) -> u32 {
        let child = Command::new(self.path())
            .arg(seconds)
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let pid = child.id();
        self.children.push(child);
        pid
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn ledger() -> Ledger {
    Ledger::guarded_by(Guardian::new(own(), None))
}

fn state(pid: u32) -> char {
    Stat::of(pid).unwrap().unwrap().state
}

#[test]
fn a_process_is_found_by_number_name_and_command_line() {
    let mut sleeper = Sleeper::new();
    let pid = sleeper.start("601");
    let by_pattern = Which::pattern(&format!("{} 60[1]$", sleeper.name)).unwrap();
    for which in [
        Which::pid(pid.into()).unwrap(),
        Which::name(&sleeper.name),
        by_pattern,
    ] {
        let found = find(&which, false).unwrap();
        assert_eq!(found.len(), 1, "{which}");
        assert_eq!(found[0].identity.pid, pid, "{which}");
    }
    let slip = sleeper.name.replace("sleeper", "sleepr");
    let error = find(&Which::name(&slip), false).unwrap_err().to_string();
    assert!(
        error.contains(&format!("did you mean `{}`?", sleeper.name)),
        "{error}"
    );
}

#[test]
fn of_several_none_is_stopped_unless_all_are_meant() {
    let mut sleeper = Sleeper::new();
    let pids = [sleeper.start("602"), sleeper.start("603")];
    let which = Which::name(&sleeper.name);
    let ledger = ledger();
    let error = stop(&ledger, FAULT, &which, false).unwrap_err();
    assert!(
        matches!(error, ProcessError::Several { count: 2, .. }),
        "{error}"
    );
    assert!(ledger.broken().is_empty());
    let stopped = stop(&ledger, FAULT, &which, true).unwrap();
    assert_eq!(stopped.processes.len(), 2);
    for pid in pids {
        until("it stands still", || state(pid) == 'T');
    }
    assert_eq!(ledger.undo_fault(FAULT), (2, vec![]));
    for pid in pids {
        until("it goes on", || state(pid) != 'T');
    }
}

#[test]
fn what_somebody_else_stopped_is_left_alone() {
    let mut sleeper = Sleeper::new();
    let pid = sleeper.start("604");
    let which = Which::pid(pid.into()).unwrap();
    let others = ledger();
    stop(&others, FAULT, &which, false).unwrap();
    until("it stands still", || state(pid) == 'T');
    let error = stop(&ledger(), FAULT, &which, false).unwrap_err();
    assert!(matches!(error, ProcessError::Still { .. }), "{error}");
    assert_eq!(state(pid), 'T');
}

#[test]
fn a_process_that_ends_while_it_stands_still_is_no_failure() {
    let mut sleeper = Sleeper::new();
    let pid = sleeper.start("605");
    let ledger = ledger();
    stop(&ledger, FAULT, &Which::pid(pid.into()).unwrap(), false).unwrap();
    sleeper.children[0].kill().unwrap();
    sleeper.children[0].wait().unwrap();
    assert_eq!(ledger.undo_all(), (1, vec![]));
}

/// The hotel API as a command.
fn hotel(port: u16, dir: &Path) -> CommandSpec {
    let address = format!("127.0.0.1:{port}");
    let argv = [env!("CARGO_BIN_EXE_rhaid"), "demo", "--listen", &address];
    CommandSpec {
        log: Some(dir.join("log")),
        ready: Some(Ready {
            address: address.clone(),
            within: Duration::from_secs(30),
        }),
        ..CommandSpec::new(argv.map(str::to_owned).into())
    }
}

#[test]
fn a_command_is_killed_and_started_again_and_ends_with_the_run() {
    let dir = tempfile::tempdir().unwrap();
    let guardian = Guardian::new(own(), None);
    let ledger = Ledger::guarded_by(guardian.clone());
    let commands = Commands::new(guardian);
    let port = free_port();
    let first = commands.start("hotel", hotel(port, dir.path())).unwrap();
    assert_eq!(commands.pid("hotel").unwrap(), Some(first));

    commands.kill(&ledger, FAULT, "hotel", false).unwrap();
    assert_eq!(commands.pid("hotel").unwrap(), None);
    let again = commands.kill(&ledger, FAULT, "hotel", false).unwrap_err();
    assert!(matches!(again, CommandError::NotRunning(_)), "{again}");
    assert_eq!(ledger.undo_all(), (1, vec![]));
    let second = commands.pid("hotel").unwrap().unwrap();
    assert_ne!(first, second);

    commands.restart(&ledger, FAULT, "hotel", true).unwrap();
    let third = Identity::of(commands.pid("hotel").unwrap().unwrap()).unwrap();
    assert_ne!(third.pid, second);

    let taken = commands
        .start("another", hotel(port, dir.path()))
        .unwrap_err();
    assert!(matches!(taken, CommandError::Taken { .. }), "{taken}");
    let unknown = commands.pid("hotl").unwrap_err().to_string();
    assert!(unknown.contains("did you mean `hotel`?"), "{unknown}");

    drop(commands);
    assert!(third.stat().unwrap().is_none());
}

#[test]
fn a_command_that_cannot_start_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let commands = Commands::new(Guardian::new(own(), None));
    let spec = |argv: &[&str]| CommandSpec::new(argv.iter().map(|&word| word.into()).collect());

    let error = commands
        .start("no", spec(&["/nonexistent/program"]))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("there is no program `/nonexistent/program`"),
        "{error}"
    );
    let error = commands.start("no", spec(&[])).unwrap_err();
    assert!(matches!(error, CommandError::Empty(_)), "{error}");
    let nowhere = CommandSpec {
        dir: Some(dir.path().join("nowhere")),
        ..spec(&["true"])
    };
    let error = commands.start("no", nowhere).unwrap_err();
    assert!(matches!(error, CommandError::Dir { .. }), "{error}");

    let ready = Some(Ready {
        address: format!("127.0.0.1:{}", free_port()),
        within: Duration::from_secs(30),
    });
    let ends = CommandSpec {
        ready: ready.clone(),
        ..spec(&["false"])
    };
    let error = commands.start("no", ends).unwrap_err();
    assert!(matches!(error, CommandError::Ended { .. }), "{error}");
    let deaf = CommandSpec {
        ready: ready.map(|ready| Ready {
            within: Duration::from_millis(50),
            ..ready
        }),
        ..spec(&["sleep", "600"])
    };
    let error = commands.start("no", deaf).unwrap_err();
    assert!(matches!(error, CommandError::NotReady { .. }), "{error}");
    // What did not start does not take the name.
    commands.start("no", spec(&["sleep", "600"])).unwrap();
}

#[test]
fn a_command_sees_its_variables_and_arguments_and_no_input() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    let commands = Commands::new(Guardian::new(own(), None));
    let script = "echo \"$GUEST $1 $PWD\"; read line || echo nothing; exec sleep 600";
    let spec = CommandSpec {
        env: [("GUEST".to_owned(), "Ada".to_owned())].into(),
        dir: Some(dir.path().to_owned()),
        log: Some(log.clone()),
        ..CommandSpec::new(
            ["sh", "-c", script, "sh", "--two words"]
                .map(str::to_owned)
                .into(),
        )
    };
    commands.start("shell", spec).unwrap();
    let expected = format!(
        "Ada --two words {}\nnothing\n",
        dir.path().canonicalize().unwrap().display()
    );
    until("it has written", || {
        std::fs::read_to_string(&log).unwrap() == expected
    });
}

#[test]
fn what_a_command_has_started_ends_with_it_wherever_it_went() {
    let dir = tempfile::tempdir().unwrap();
    let (daemon, child) = (dir.path().join("daemon"), dir.path().join("child"));
    // One has lost its parent as daemons do, one has a session of its own.
    let script = format!(
        "(setsid sh -c 'echo $$ > {0}.new; mv {0}.new {0}; exec sleep 600' &); setsid sh -c 'echo $$ > {1}.new; mv {1}.new {1}; exec sleep 600' & wait",
        daemon.display(),
        child.display()
    );
    let commands = Commands::new(Guardian::new(own(), None));
    let spec = CommandSpec::new(["sh", "-c", &script].map(str::to_owned).into());
    commands.start("both", spec).unwrap();
    let started = [daemon, child].map(|file| {
        until("it has started", || file.exists());
        let pid = std::fs::read_to_string(&file).unwrap();
        Identity::of(pid.trim().parse().unwrap()).unwrap()
    });
    drop(commands);
    for process in started {
        assert!(process.stat().unwrap().is_none(), "{process:?}");
    }
}
