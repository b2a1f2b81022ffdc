//! Faults of a real PostgreSQL.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rhaid::chaos::database::DatabaseError;
use rhaid::chaos::database::postgres::{exhaust, lock_table, slow, terminate, terminate_every};
use rhaid::chaos::{FaultId, Ledger};
use tempfile::TempDir;

use crate::chaos::guardian::until;
use crate::chaos::process::free_port;

const FAULT: FaultId = FaultId(1);
const LONGEST: Duration = Duration::from_secs(600);
const PASSWORD: &str = "se/cret@pw";

/// Where Debian has its programs, the newest version's.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql");
    let folders = versions.into_iter().flatten().flatten();
    folders
        .map(|entry| entry.path().join("bin"))
        .filter(|path| path.join("postgres").exists())
        .max()
        .expect("PostgreSQL is missing: apt-get install postgresql")
}

/// A PostgreSQL of its own. It ends when dropped.
struct Postgres {
    child: Child,
    port: u16,
    dir: TempDir,
}

fn is_root() -> bool {
    std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap()) == 0
}

/// PostgreSQL refuses to be root: it is the one whom Debian's package made.
fn as_its_user(program: &Path, dir: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command
            .args([
                "--reuid=postgres",
                "--regid=postgres",
                "--clear-groups",
                "--",
            ])
            .arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir(dir).stdin(Stdio::null());
    command
}

impl Postgres {
    fn start(method: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let password = dir.path().join("password");
        std::fs::write(&password, PASSWORD).unwrap();
        if is_root() {
            let owned = Command::new("chown")
                .args(["-R", "postgres:postgres"])
                .arg(dir.path())
                .status();
            assert!(owned.unwrap().success());
        }
        let made = as_its_user(&programs().join("initdb"), dir.path())
            .args(["--username=postgres", "--no-sync", "--no-instructions"])
            .arg(format!("--auth={method}"))
            .arg(format!("--pwfile={}", password.display()))
            .arg(format!("--pgdata={}", data.display()))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&made.stderr).into_owned();
        assert!(made.status.success(), "{said}");
        let port = free_port();
        let child = as_its_user(&programs().join("postgres"), dir.path())
            .arg("-D")
            .arg(&data)
            .args(["-h", "127.0.0.1", "-F", "-p", &port.to_string()])
            .args([
                "-c",
                "max_connections=20",
                "-c",
                "superuser_reserved_connections=3",
            ])
            .arg("-c")
            .arg(format!("unix_socket_directories={}", dir.path().display()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let postgres = Self { child, port, dir };
        until("it is ready", || postgres.ask("select 1").is_ok());
        postgres
    }

    fn url(&self) -> String {
        let port = self.port;
        format!("postgres://postgres:se%2Fcret%40pw@127.0.0.1:{port}/postgres")
    }

    fn psql(&self, sql: &str) -> Command {
        let mut command = Command::new(programs().join("psql"));
        command
            .args(["-X", "-A", "-t", "-w", "-h", "127.0.0.1", "-U", "postgres"])
            .args(["-p", &self.port.to_string(), "-c", sql, "postgres"])
            .env("PGPASSWORD", PASSWORD)
            .current_dir(self.dir.path())
            .stdin(Stdio::null());
        command
    }

    /// What its own client is told.
    fn ask(&self, sql: &str) -> Result<String, String> {
        let output = self.psql(sql).output().unwrap();
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    /// A client that stays, and holds a connection.
    fn client(&self) -> Child {
        self.psql("select pg_sleep(600)")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    fn clients(&self) -> usize {
        let sql = "select count(*) from pg_stat_activity where query = 'select pg_sleep(600)'";
        self.ask(sql).unwrap().parse().unwrap()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Immediately, as nothing is to be kept.
        let _ = Command::new("kill")
            .args(["-s", "QUIT", &self.child.id().to_string()])
            .status();
        let _ = self.child.wait();
    }
}

#[test]
fn all_others_lose_their_connections_once_or_again_and_again() {
    let postgres = Postgres::start("scram-sha-256");
    let mut first = [postgres.client(), postgres.client()];
    until("they are there", || postgres.clients() == 2);
    assert!(terminate(&postgres.url()).unwrap() >= 2);
    for client in &mut first {
        assert!(!client.wait().unwrap().success());
    }
    let ledger = Ledger::default();
    let every = Duration::from_millis(20);
    terminate_every(&ledger, FAULT, &postgres.url(), every, LONGEST).unwrap();
    let mut later = postgres.client();
    assert!(!later.wait().unwrap().success());
    assert_eq!(ledger.undo_all(), (1, vec![]));
    let mut stays = postgres.client();
    until("it is there", || postgres.clients() == 1);
    assert!(stays.try_wait().unwrap().is_none());
    stays.kill().unwrap();
    stays.wait().unwrap();
}

#[test]
fn a_locked_table_cannot_be_read_until_it_is_undone() {
    // An older way to ask for a password, too.
    let postgres = Postgres::start("md5");
    let made = "create table rooms (id int); insert into rooms values (7)";
    postgres.ask(made).unwrap();
    let read = "set lock_timeout = '200ms'; select id from rooms";
    let ledger = Ledger::default();
    lock_table(&ledger, FAULT, &postgres.url(), "public.rooms", LONGEST).unwrap();
    assert!(postgres.ask(read).unwrap_err().contains("lock timeout"));
    // A second one does not wait for ever.
    let error = lock_table(&ledger, FAULT, &postgres.url(), "rooms", LONGEST).unwrap_err();
    assert!(error.to_string().contains("others hold it"), "{error}");
    assert_eq!(ledger.undo_all(), (1, vec![]));
    assert!(postgres.ask(read).unwrap().ends_with('7'));

    let short = Duration::from_millis(50);
    lock_table(&ledger, FAULT, &postgres.url(), "rooms", short).unwrap();
    until("it ends by itself", || postgres.ask(read).is_ok());
    let error = lock_table(&ledger, FAULT, &postgres.url(), "room", LONGEST).unwrap_err();
    assert!(error.to_string().contains("does not exist"), "{error}");
}

#[test]
fn all_connections_but_the_reserve_are_taken_and_given_back() {
    let postgres = Postgres::start("trust");
    postgres
        .ask("create role guest login password 'guest'")
        .unwrap();
    let ledger = Ledger::default();
    // The connection of who was asked last may not have ended yet.
    until("all but the reserve are free", || {
        let holding = exhaust(&ledger, FAULT, &postgres.url(), None, LONGEST).unwrap();
        let has_all = holding.count == 17;
        if !has_all {
            ledger.undo_all();
        }
        has_all
    });
    let as_guest = || {
        let mut command = postgres.psql("select 1");
        command.args(["-U", "guest"]).output().unwrap()
    };
    let refused = as_guest();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && said.contains("slots are reserved"),
        "{said}"
    );
    // Somebody can still look after it.
    assert_eq!(postgres.ask("select 1").unwrap(), "1");
    ledger.undo_all();
    until("others get one again", || as_guest().status.success());
    let few = exhaust(&ledger, FAULT, &postgres.url(), Some(3), LONGEST).unwrap();
    assert_eq!(few.count, 3);
}

#[test]
fn its_processes_are_busy_and_rest_again() {
    let postgres = Postgres::start("trust");
    let ledger = Ledger::default();
    slow(&ledger, FAULT, &postgres.url(), 2, LONGEST).unwrap();
    let counting = "select count(*) from pg_stat_activity where application_name = 'rhaid' \
        and state = 'active'";
    until("they count", || postgres.ask(counting).unwrap() == "2");
    assert_eq!(ledger.undo_all(), (1, vec![]));
    let any = "select count(*) from pg_stat_activity where application_name = 'rhaid'";
    until("they are gone", || postgres.ask(any).unwrap() == "0");
}

#[test]
fn what_is_wrong_with_a_postgres_is_said_without_its_password() {
    let postgres = Postgres::start("scram-sha-256");
    let port = postgres.port;
    let refused = |url: &str| {
        let error = terminate(url).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
        error
    };
    let error = refused(&format!(
        "postgres://postgres:hunter2@127.0.0.1:{port}/postgres"
    ));
    assert!(
        matches!(&error, DatabaseError::Refused { code, .. } if code == "28P01"),
        "{error}"
    );
    let error = refused(&format!("postgres://postgres@127.0.0.1:{port}/postgres")).to_string();
    assert!(error.contains("it asks for a password"), "{error}");
    let error = refused(&format!("{}x", postgres.url())).to_string();
    assert!(error.contains("does not exist"), "{error}");
    let error = refused("redis://:hunter2@127.0.0.1/");
    assert!(matches!(&error, DatabaseError::Url { .. }), "{error}");
    // What is no PostgreSQL at all.
    let web = crate::chaos::servers::server(|mut stream| {
        let answer = b"HTTP/1.1 400 Bad Request\r\n\r\n";
        let _ = std::io::Write::write_all(&mut stream, answer);
    });
    let error = refused(&format!("postgres://a:hunter2@{web}/a")).to_string();
    assert!(error.contains("is there a PostgreSQL?"), "{error}");
}
