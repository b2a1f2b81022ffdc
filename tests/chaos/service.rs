//! Services that stop and start again: against a stand-in for Docker's socket and one for `systemctl`.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rhaid::chaos::service::{Docker, ServiceError, Systemd};
use rhaid::chaos::{Deed, FaultId, Guardian, Ledger};
use tempfile::TempDir;

use crate::chaos::guardian::own;

const FAULT: FaultId = FaultId(1);
const ID: &str = "4f1c0ffee0ddba11c0de";

fn ledger() -> Ledger {
    Ledger::guarded_by(Guardian::new(own(), None))
}

/// One container, `hotel-db`, as Docker tells of it.
struct FakeDocker {
    socket: PathBuf,
    state: Arc<Mutex<&'static str>>,
    asked: Arc<Mutex<Vec<String>>>,
    _dir: TempDir,
}

impl FakeDocker {
    fn start(removes_itself: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("docker.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let state = Arc::new(Mutex::new("running"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (shared, log) = (Arc::clone(&state), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(stream);
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                let mut words = line.split(' ');
                let asked = format!("{} {}", words.next().unwrap(), words.next().unwrap());
                let answer = answer(&asked, &mut shared.lock().unwrap(), removes_itself);
                log.lock().unwrap().push(asked);
                let (status, body) = answer;
                let text = format!("HTTP/1.0 {status} Words\r\nApi-Version: 1.43\r\n\r\n{body}");
                reader.get_mut().write_all(text.as_bytes()).unwrap();
            }
        });
        Self {
            socket,
            state,
            asked,
            _dir: dir,
        }
    }

    fn docker(&self) -> Docker {
        Docker::at(&self.socket)
    }

    fn state(&self) -> &'static str {
        *self.state.lock().unwrap()
    }
}

fn answer(asked: &str, state: &mut &'static str, removes_itself: bool) -> (u16, String) {
    let begun = format!("POST /containers/{ID}/");
    let (path, _) = asked.split_once('?').unwrap_or((asked, ""));
    match path.strip_prefix(&begun) {
        Some("stop" | "kill") => *state = "exited",
        Some("start") if *state == "running" => return (304, String::new()),
        Some("start" | "unpause" | "restart") => *state = "running",
        Some("pause") => *state = "paused",
        Some(other) => return (500, format!("{{\"message\":\"no {other}\"}}")),
        None if path == "GET /containers/json" => {
            return (200, r#"[{"Names":["/hotel-db"]}]"#.to_owned());
        }
        // Names are written with what a URL needs.
        None if path == "GET /containers/hotel%2Ddb/json"
            || path == format!("GET /containers/{ID}/json") =>
        {
            let rm = format!(r#""HostConfig":{{"AutoRemove":{removes_itself}}}"#);
            let body = format!(r#"{{"Id":"{ID}","State":{{"Status":"{state}"}},{rm}}}"#);
            return (200, body);
        }
        None => return (404, r#"{"message":"No such container"}"#.to_owned()),
    }
    (204, String::new())
}

#[test]
fn a_container_is_stopped_killed_or_paused_and_runs_again() {
    let fake = FakeDocker::start(false);
    let docker = fake.docker();
    let ledger = ledger();
    docker.stop(&ledger, FAULT, "hotel-db").unwrap();
    assert_eq!(fake.state(), "exited");
    let error = docker.pause(&ledger, FAULT, "hotel-db").unwrap_err();
    assert!(
        matches!(error, ServiceError::ContainerNotRunning { .. }),
        "{error}"
    );
    assert_eq!(ledger.undo_all(), (1, vec![]));
    assert_eq!(fake.state(), "running");

    docker.kill(&ledger, FAULT, "hotel-db", "sigterm").unwrap();
    assert_eq!(fake.state(), "exited");
    let asked = fake.asked.lock().unwrap().join("\n");
    assert!(asked.contains("/kill?signal=TERM"), "{asked}");
    ledger.undo_all();

    docker.pause(&ledger, FAULT, "hotel-db").unwrap();
    assert_eq!(fake.state(), "paused");
    // Somebody did it already.
    *fake.state.lock().unwrap() = "running";
    assert_eq!(ledger.undo_all(), (1, vec![]));
    docker.restart("hotel-db").unwrap();
}

#[test]
fn the_guardian_lets_containers_and_units_run_again() {
    let (stopped, paused, unit) = (
        FakeDocker::start(false),
        FakeDocker::start(false),
        FakeSystemd::new(),
    );
    let guardian = Guardian::new(own(), None);
    let name = || "hotel-db".to_owned();
    let start = Deed::StartContainer {
        is_settled: true,
        socket: stopped.socket.clone(),
        id: ID.to_owned(),
        name: name(),
    };
    let unpause = Deed::UnpauseContainer {
        socket: paused.socket.clone(),
        id: ID.to_owned(),
        name: name(),
    };
    let start_unit = Deed::StartUnit {
        systemctl: unit.dir.path().join("systemctl"),
        unit: "hotel.service".to_owned(),
    };
    for deed in [start, unpause, start_unit] {
        guardian.enter(deed).unwrap();
    }
    *stopped.state.lock().unwrap() = "exited";
    *paused.state.lock().unwrap() = "paused";
    std::fs::write(unit.dir.path().join("state"), "inactive").unwrap();
    // As if this process were gone.
    drop(guardian);
    let states = (stopped.state(), paused.state(), unit.state());
    assert_eq!(states, ("running", "running", "active".to_owned()));
}

#[test]
fn what_cannot_be_started_again_is_not_stopped() {
    let fake = FakeDocker::start(true);
    let docker = fake.docker();
    let ledger = ledger();
    let error = docker.stop(&ledger, FAULT, "hotel-db").unwrap_err();
    assert!(matches!(error, ServiceError::RemovesItself(_)), "{error}");
    docker.pause(&ledger, FAULT, "hotel-db").unwrap();
}

#[test]
fn a_wrong_container_or_socket_is_told() {
    let fake = FakeDocker::start(false);
    let ledger = ledger();
    let error = fake.docker().stop(&ledger, FAULT, "hotel_db").unwrap_err();
    assert!(
        error.to_string().contains("did you mean `hotel-db`?"),
        "{error}"
    );
    for name in ["", "../x", "a b", "a?b", "-a"] {
        let error = fake.docker().stop(&ledger, FAULT, name).unwrap_err();
        assert!(matches!(error, ServiceError::ContainerName(_)), "{error}");
    }
    let error = fake
        .docker()
        .kill(&ledger, FAULT, "hotel-db", "KILL&x=1")
        .unwrap_err();
    assert!(matches!(error, ServiceError::Signal(_)), "{error}");
    let nowhere = Docker::at(Path::new("/nonexistent/docker.sock"));
    let error = nowhere.stop(&ledger, FAULT, "hotel-db").unwrap_err();
    assert!(matches!(error, ServiceError::Socket { .. }), "{error}");
    assert!(ledger.broken().is_empty());
}

/// A `systemctl` that knows one unit.
struct FakeSystemd {
    dir: TempDir,
}

impl FakeSystemd {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        std::fs::write(&state, "active").unwrap();
        let script = format!(
            r#"#!/bin/sh
state='{}'
verb="$2"
for unit; do :; done
case "$verb $unit" in
    list-units*) echo 'hotel.service loaded active running The hotel' ;;
    is-active\ hotel.service) cat "$state"; grep -q '^active' "$state" ;;
    is-active*) echo inactive; exit 3 ;;
    *\ broken.service) echo 'Job failed.' >&2; exit 1 ;;
    stop*|kill*) echo inactive > "$state" ;;
    start*|restart*) echo active > "$state" ;;
esac
"#,
            state.display()
        );
        let program = dir.path().join("systemctl");
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { dir }
    }

    fn systemd(&self) -> Systemd {
        Systemd::at(&self.dir.path().join("systemctl"))
    }

    fn state(&self) -> String {
        let text = std::fs::read_to_string(self.dir.path().join("state")).unwrap();
        text.trim().to_owned()
    }
}

#[test]
fn a_unit_is_stopped_or_killed_and_runs_again() {
    let fake = FakeSystemd::new();
    let systemd = fake.systemd();
    let ledger = ledger();
    systemd.stop(&ledger, FAULT, "hotel.service").unwrap();
    assert_eq!(fake.state(), "inactive");
    assert_eq!(ledger.undo_all(), (1, vec![]));
    assert_eq!(fake.state(), "active");
    systemd
        .kill(&ledger, FAULT, "hotel.service", "KILL")
        .unwrap();
    assert_eq!(fake.state(), "inactive");
    drop(ledger);
    assert_eq!(fake.state(), "active");
    systemd.restart("hotel.service").unwrap();
}

#[test]
fn a_wrong_unit_is_told() {
    let fake = FakeSystemd::new();
    let ledger = ledger();
    let error = fake
        .systemd()
        .stop(&ledger, FAULT, "hotell.service")
        .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("did you mean `hotel.service`?"), "{text}");
    for name in ["", "--version", "a b", "a/b"] {
        let error = fake.systemd().stop(&ledger, FAULT, name).unwrap_err();
        assert!(matches!(error, ServiceError::UnitName(_)), "{error}");
    }
    let error = Systemd::at(Path::new("/nonexistent/systemctl"))
        .stop(&ledger, FAULT, "hotel.service")
        .unwrap_err();
    assert!(matches!(error, ServiceError::Systemctl { .. }), "{error}");
    assert!(ledger.broken().is_empty());
}
