//! Faults of a real Redis.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rhaid::chaos::database::DatabaseError;
use rhaid::chaos::database::redis::{exhaust, pause, slow};
use rhaid::chaos::{FaultId, Ledger};
use tempfile::TempDir;

use crate::chaos::guardian::until;
use crate::chaos::process::free_port;

const FAULT: FaultId = FaultId(1);
const LONGEST: Duration = Duration::from_secs(600);
const PASSWORD: &str = "se/cret@pw";

/// A Redis of its own. It is killed when dropped.
struct Redis {
    child: Child,
    port: u16,
    _dir: TempDir,
}

impl Redis {
    fn start(options: &[&str]) -> Self {
        let binary = "/usr/bin/redis-server";
        assert!(
            Path::new(binary).exists(),
            "Redis is missing: apt-get install redis-server"
        );
        let dir = tempfile::tempdir().unwrap();
        let port = free_port();
        let child = Command::new(binary)
            .args([
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--requirepass",
                PASSWORD,
            ])
            .args(["--port", &port.to_string()])
            .arg("--dir")
            .arg(dir.path())
            .args(options)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let redis = Self {
            child,
            port,
            _dir: dir,
        };
        until("it listens", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        redis
    }

    fn url(&self) -> String {
        format!("redis://:se%2Fcret%40pw@127.0.0.1:{}", self.port)
    }

    fn client(&self) -> Other {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let mut other = Other(BufReader::new(stream));
        assert_eq!(other.call(&format!("AUTH {PASSWORD}")), Some("+OK".into()));
        other
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One who uses it.
struct Other(BufReader<TcpStream>);

impl Other {
    /// The first line of the answer; nothing within the time, or at the end of the connection.
    fn answer(&mut self, within: Duration) -> Option<String> {
        self.0.get_ref().set_read_timeout(Some(within)).unwrap();
        let mut line = String::new();
        match self.0.read_line(&mut line) {
            Ok(1..) => Some(line.trim_end().to_owned()),
            _ => None,
        }
    }

    fn send(&mut self, command: &str) {
        self.0
            .get_mut()
            .write_all(format!("{command}\r\n").as_bytes())
            .unwrap();
    }

    fn call(&mut self, command: &str) -> Option<String> {
        self.send(command);
        self.answer(Duration::from_secs(20))
    }
}

#[test]
fn a_paused_redis_answers_nobody_until_it_is_undone() {
    let redis = Redis::start(&[]);
    let mut others: Vec<Other> = (0..3).map(|_| redis.client()).collect();
    let ledger = Ledger::default();
    pause(&ledger, FAULT, &redis.url(), false, LONGEST).unwrap();
    for other in &mut others {
        other.send("PING");
    }
    // Longer than a few of the pauses that it is made of: there is no turn between two of them.
    let waited = Duration::from_millis(1_500);
    assert_eq!(others[0].answer(waited), None);
    for other in &mut others[1..] {
        assert_eq!(other.answer(Duration::from_millis(1)), None);
    }
    assert_eq!(ledger.undo_all(), (1, vec![]));
    for other in &mut others {
        let answered = other.answer(Duration::from_secs(20));
        assert_eq!(answered.as_deref(), Some("+PONG"));
    }
}

#[test]
fn only_writes_are_paused_if_so_asked() {
    let redis = Redis::start(&[]);
    let (mut reader, mut writer) = (redis.client(), redis.client());
    let ledger = Ledger::default();
    pause(&ledger, FAULT, &redis.url(), true, LONGEST).unwrap();
    writer.send("SET guest Ada");
    assert_eq!(writer.answer(Duration::from_millis(700)), None);
    assert_eq!(reader.call("PING").as_deref(), Some("+PONG"));
    ledger.undo_all();
    let written = writer.answer(Duration::from_secs(20));
    assert_eq!(written.as_deref(), Some("+OK"));
}

#[test]
fn a_pause_ends_by_itself() {
    let redis = Redis::start(&[]);
    let mut other = redis.client();
    let ledger = Ledger::default();
    pause(
        &ledger,
        FAULT,
        &redis.url(),
        false,
        Duration::from_millis(100),
    )
    .unwrap();
    assert_eq!(other.call("PING").as_deref(), Some("+PONG"));
    assert_eq!(ledger.undo_all(), (1, vec![]));
}

#[test]
fn a_redis_that_is_restarted_while_it_is_paused_is_no_failure() {
    let mut redis = Redis::start(&[]);
    let ledger = Ledger::default();
    pause(&ledger, FAULT, &redis.url(), false, LONGEST).unwrap();
    redis.child.kill().unwrap();
    redis.child.wait().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(ledger.undo_all(), (1, vec![]));
}

#[test]
fn a_slow_redis_needs_leave_to_sleep() {
    let redis = Redis::start(&[]);
    let ledger = Ledger::default();
    let nap = Duration::from_millis(150);
    let error = slow(&ledger, FAULT, &redis.url(), nap, LONGEST)
        .unwrap_err()
        .to_string();
    assert!(error.contains("enable-debug-command"), "{error}");

    let redis = Redis::start(&["--enable-debug-command", "local"]);
    slow(&ledger, FAULT, &redis.url(), nap, LONGEST).unwrap();
    let mut other = redis.client();
    until("somebody meets it asleep", || {
        let began = std::time::Instant::now();
        assert_eq!(other.call("PING").as_deref(), Some("+PONG"));
        began.elapsed() > nap / 2
    });
    assert_eq!(ledger.undo_all(), (1, vec![]));
}

#[test]
fn all_connections_are_taken_and_given_back() {
    let redis = Redis::start(&["--maxclients", "20"]);
    let ledger = Ledger::default();
    let holding = exhaust(&ledger, FAULT, &redis.url(), 1_000, LONGEST).unwrap();
    assert!((10..=20).contains(&holding.count), "{holding:?}");
    let stream = TcpStream::connect(("127.0.0.1", redis.port)).unwrap();
    let answer = Other(BufReader::new(stream)).answer(Duration::from_secs(20));
    assert!(answer.unwrap().contains("max number of clients"));
    ledger.undo_all();
    until("others get one again", || {
        let stream = TcpStream::connect(("127.0.0.1", redis.port)).unwrap();
        let mut other = Other(BufReader::new(stream));
        other.call(&format!("AUTH {PASSWORD}")).as_deref() == Some("+OK")
    });
}

#[test]
fn what_is_wrong_with_a_redis_is_said_without_its_password() {
    let redis = Redis::start(&[]);
    let ledger = Ledger::default();
    let refused = |url: &str| {
        let error = exhaust(&ledger, FAULT, url, 1, LONGEST).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
        error
    };
    let port = redis.port;
    let error = refused(&format!("redis://:hunter2@127.0.0.1:{port}"));
    assert!(matches!(&error, DatabaseError::Refused { .. }), "{error}");
    let error = refused(&format!("redis://127.0.0.1:{port}")).to_string();
    assert!(error.contains("write the password into the URL"), "{error}");
    let error = refused(&format!("redis://:hunter2@127.0.0.1:{}", free_port()));
    assert!(matches!(&error, DatabaseError::Connect { .. }), "{error}");
    let error = refused("postgres://:hunter2@127.0.0.1/");
    assert!(matches!(&error, DatabaseError::Url { .. }), "{error}");
    assert!(ledger.broken().is_empty());
}
