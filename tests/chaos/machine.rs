//! Pressure on this machine, a little of it, and that it is gone afterwards.

use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use rhaid::chaos::machine::{
    Amount, MachineError, Tool, cpu, disk_free, fill, io, memory, memory_available, open_files,
};
use rhaid::chaos::process::Identity;
use rhaid::chaos::{FaultId, Guardian, Ledger};

use crate::chaos::guardian::{own, until};

const FAULT: FaultId = FaultId(1);
const LONGEST: Duration = Duration::from_secs(600);
const MIB: u64 = 1 << 20;

fn ledger() -> Ledger {
    Ledger::guarded_by(Guardian::new(own(), None))
}

/// Ticks of processors that a process and those that it started have used.
fn ticks(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = text.rsplit_once(") ").unwrap().1.split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

fn resident(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes: u64 = line
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    kilobytes * 1024
}

#[test]
fn processors_are_busy_and_idle_again() {
    let ledger = ledger();
    let pressure = cpu(&ledger, FAULT, Some(1), 50, LONGEST, Some(Tool::Own)).unwrap();
    until("it burns", || ticks(pressure.pid) >= 10);
    let process = Identity::of(pressure.pid).unwrap();
    ledger.undo(pressure.entry).unwrap();
    assert!(process.stat().unwrap().is_none());
}

#[test]
fn stress_ng_and_all_that_it_starts_are_ended() {
    let ledger = ledger();
    let pressure = cpu(&ledger, FAULT, Some(2), 10, LONGEST, Some(Tool::StressNg)).unwrap();
    let process = Identity::of(pressure.pid).unwrap();
    let children = || {
        let file = format!("/proc/{0}/task/{0}/children", pressure.pid);
        let text = std::fs::read_to_string(file).unwrap_or_default();
        text.split_whitespace().count()
    };
    until("it has started workers", || children() >= 2);
    ledger.undo(pressure.entry).unwrap();
    assert!(!process.group_is_there().unwrap());
}

#[test]
fn memory_is_taken_and_given_back() {
    let ledger = ledger();
    let pressure = memory(&ledger, FAULT, Amount::Bytes(100 * MIB), MIB, LONGEST).unwrap();
    assert_eq!(pressure.taken, 100 * MIB);
    assert!(resident(pressure.pid) >= 100 * MIB);
    ledger.undo_all();
    assert!(Identity::of(pressure.pid).is_err());
}

#[test]
fn a_reserve_of_memory_is_left() {
    let ledger = ledger();
    let free = memory_available().unwrap();
    let error = memory(&ledger, FAULT, Amount::Share(0.5), free * 2, LONGEST).unwrap_err();
    assert!(matches!(error, MachineError::NoRoom { .. }), "{error}");
}

#[test]
fn what_others_need_of_the_reserve_is_given_back() {
    let ledger = ledger();
    let take = |bytes, reserve| memory(&ledger, FAULT, Amount::Bytes(bytes), reserve, LONGEST);
    let reserve = memory_available().unwrap() - 192 * MIB;
    let polite = take(128 * MIB, reserve).unwrap();
    let before = resident(polite.pid);
    // Others of this machine give and take, too: until the reserve is really missed.
    for _ in 0..10 {
        if resident(polite.pid) < before - 16 * MIB {
            return;
        }
        let left = memory_available().unwrap().saturating_sub(reserve);
        take(left + 64 * MIB, 1024 * MIB).unwrap();
        std::thread::sleep(Duration::from_millis(500));
    }
    panic!("{} of {before} bytes are still held", resident(polite.pid));
}

#[test]
fn files_are_opened_up_to_the_limit() {
    let ledger = ledger();
    let pressure = open_files(&ledger, FAULT, 500, LONGEST).unwrap();
    assert_eq!(pressure.taken, 500);
    let open = std::fs::read_dir(format!("/proc/{}/fd", pressure.pid)).unwrap();
    assert!(open.count() >= 500);
    ledger.undo_all();
    assert!(Identity::of(pressure.pid).is_err());
}

#[test]
fn a_disk_is_busy_and_nothing_is_left_in_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = ledger();
    let pressure = io(&ledger, FAULT, dir.path(), 1, MIB, LONGEST).unwrap();
    let written = || {
        let text = std::fs::read_to_string(format!("/proc/{}/io", pressure.pid)).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("wchar: "));
        line.unwrap().parse::<u64>().unwrap()
    };
    until("it writes", || written() > 8 * MIB);
    ledger.undo_all();
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_burner_ends_by_itself_when_its_time_is_over_or_rhaid_is_gone() {
    let ledger = ledger();
    let short = Duration::from_millis(50);
    let pressure = open_files(&ledger, FAULT, 1, short).unwrap();
    let process = Identity::of(pressure.pid).unwrap();
    until("it ends", || process.stat().unwrap().is_none());

    // Nobody is left to end it: not even the guardian.
    let mut burner = own()
        .command("burner")
        .args(["--longest-ms=600000", "files", "--count=1"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = burner.stdin.take().unwrap();
    std::io::Write::write_all(&mut pipe, b"go\n").unwrap();
    let mut answer = String::new();
    let output = burner.stdout.take().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut answer).unwrap();
    assert_eq!(answer, "ok 1\n");
    assert!(burner.try_wait().unwrap().is_none());
    drop(pipe);
    assert!(burner.wait().unwrap().success());
}

#[test]
fn a_disk_is_filled_by_a_file_that_the_way_back_removes() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = ledger();
    let filled = fill(&ledger, FAULT, dir.path(), Amount::Bytes(20 * MIB), MIB).unwrap();
    assert_eq!(filled.bytes, 20 * MIB);
    let data = std::fs::metadata(&filled.file).unwrap();
    assert_eq!(data.len(), 20 * MIB);
    assert!(std::os::unix::fs::MetadataExt::blocks(&data) * 512 >= 20 * MIB);
    ledger.undo_all();
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_reserve_of_the_disk_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = ledger();
    let free = disk_free(dir.path()).unwrap();
    let reserve = free.saturating_sub(64 * MIB);
    let filled = fill(&ledger, FAULT, dir.path(), Amount::Share(1.0), reserve).unwrap();
    // Others write to this disk too.
    assert!(filled.bytes <= 80 * MIB, "{filled:?}");
    ledger.undo_all();
    let error = fill(&ledger, FAULT, dir.path(), Amount::Bytes(1), u64::MAX).unwrap_err();
    assert!(matches!(error, MachineError::NoRoom { .. }), "{error}");
    let nowhere = Path::new("/nonexistent/folder");
    let error = fill(&ledger, FAULT, nowhere, Amount::Bytes(1), 0).unwrap_err();
    assert!(matches!(error, MachineError::Dir { .. }), "{error}");
}

#[test]
fn a_burner_that_somebody_killed_is_no_failure() {
    let ledger = ledger();
    let pressure = open_files(&ledger, FAULT, 1, LONGEST).unwrap();
    let process = Identity::of(pressure.pid).unwrap();
    process.signal(Signal::SIGKILL).unwrap();
    assert_eq!(ledger.undo_all(), (1, vec![]));
}
