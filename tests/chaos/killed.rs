//! rhaid is killed at any moment: whatever it had broken is put right.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rhaid::chaos::machine::{Amount, Tool, cpu, fill, open_files};
use rhaid::chaos::process::{CommandSpec, Commands, Which, stop};
use rhaid::chaos::{FaultId, Guardian, Ledger};

use crate::chaos::guardian::{Victim, own, until};

const ROUNDS: u64 = 200;
/// The killed one and all that come from it have it in their environment.
const MARK: &str = "RHAID_KILL_TEST";
const VICTIMS: &str = "RHAID_KILL_TEST_VICTIMS";
const FOLDER: &str = "RHAID_KILL_TEST_FOLDER";

#[test]
fn nothing_stays_broken_when_rhaid_is_killed_at_200_moments() {
    let victims = [Victim::start(), Victim::start(), Victim::start()];
    let pids = victims
        .each_ref()
        .map(|victim| victim.identity.pid.to_string());
    let dir = tempfile::tempdir().unwrap();
    let mut moment = 0x9E37_79B9_u64 ^ u64::from(std::process::id());
    let (mut stopped, mut filled, mut slowest) = (0, 0, Duration::ZERO);
    for round in 0..ROUNDS {
        let mark = format!("{}-{round}", std::process::id());
        let mut rhaid = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "chaos::killed::the_one_that_is_killed",
                "--ignored",
            ])
            .env(MARK, &mark)
            .env(VICTIMS, pids.join(" "))
            .env(FOLDER, dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // Spread over its first third of a second, in which it breaks and mends many times.
        moment = moment
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_micros((moment >> 33) % 330_000));
        rhaid.kill().unwrap();
        rhaid.wait().unwrap();
        stopped += usize::from(victims.iter().any(|victim| victim.state() == 'T'));
        filled += usize::from(files(dir.path()) > 0);
        let killed = Instant::now();
        until("nothing is left of it", || left(&mark) == 0);
        slowest = slowest.max(killed.elapsed());
        for victim in &victims {
            assert_ne!(victim.state(), 'T', "round {round}");
        }
        assert_eq!(files(dir.path()), 0, "round {round}");
    }
    println!(
        "{stopped} times something stood still, {filled} times a file was there; slowest way back {slowest:?}"
    );
    // Else it was never killed while something was broken.
    assert!(stopped > 0 && filled > 0, "{stopped} {filled}");
}

fn files(dir: &Path) -> usize {
    std::fs::read_dir(dir).unwrap().count()
}

/// How many processes are left that come from the killed one, its guardian among them.
fn left(mark: &str) -> usize {
    let wanted = format!("{MARK}={mark}");
    let own = std::process::id().to_string();
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_name().to_str() != Some(&own))
        .filter_map(|entry| std::fs::read(entry.path().join("environ")).ok())
        .filter(|text| {
            text.split(|byte| *byte == 0)
                .any(|one| one == wanted.as_bytes())
        })
        .count()
}

/// What a run with many faults does.
#[test]
#[ignore = "runs until it is killed; the test above starts it"]
fn the_one_that_is_killed() {
    let (Ok(victims), Ok(folder)) = (std::env::var(VICTIMS), std::env::var(FOLDER)) else {
        return;
    };
    let longest = Duration::from_secs(600);
    let guardian = Guardian::new(own(), None);
    let ledger = Ledger::guarded_by(guardian.clone());
    let commands = Commands::new(guardian);
    let spec = CommandSpec::new(["sleep", "600"].map(str::to_owned).into());
    commands.start("sleeper", spec).unwrap();
    for fault in 0.. {
        let fault = FaultId(fault);
        for pid in victims.split(' ') {
            // One may not have been let go on yet by an earlier round's guardian.
            let which = Which::pid(pid.parse().unwrap()).unwrap();
            let _ = stop(&ledger, fault, &which, false);
        }
        fill(
            &ledger,
            fault,
            Path::new(&folder),
            Amount::Bytes(1 << 16),
            0,
        )
        .unwrap();
        if fault.0.is_multiple_of(3) {
            cpu(&ledger, fault, Some(1), 1, longest, Some(Tool::Own)).unwrap();
            open_files(&ledger, fault, 10, longest).unwrap();
            commands.kill(&ledger, fault, "sleeper", false).unwrap();
        }
        let (_, failed) = ledger.undo_fault(fault);
        assert!(failed.is_empty(), "{failed:?}");
    }
}
