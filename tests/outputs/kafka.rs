//! `--out kafka=…`, to a broker that the test plays, to ones that misbehave, and to that of librdkafka.

use std::collections::BTreeSet;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::outputs::broker::{
    Broker, MESSAGE_TOO_LARGE, Manner, PARTITIONS, TOPIC_REFUSED, UNKNOWN_TOPIC,
};
use crate::support::background::wait_until;
use crate::support::bin::{Output, Rhaid};
use crate::support::certs::Authority;
use crate::support::ports::{free_port, refused_addr};
use crate::support::reading::{Reading, run_of};
use crate::support::server::HttpServer;
use crate::support::tls::{TlsConfig, server_config};

const TOPIC: &str = "load.tests";

fn journey(server: &HttpServer, seconds: u32, brokers: &str) -> Rhaid {
    run_of(
        r#"
        export const options = #{ slos: #{ http_req_failed: [#{ target: "rate < 1%" }] } };
        fn iteration() {
            log::info("two\nlines");
            http::get(env("TARGET") + "/json");
            sleep(0.05);
        }
        "#,
    )
    .env("TARGET", server.url(""))
    .args(["--vus", "2", "--duration", &format!("{seconds}s")])
    .args(["--out", &format!("kafka={brokers}/{TOPIC}")])
    .timeout(Duration::from_secs(120))
}

/// The lines of a file that `ndjson` wrote.
fn written(output: &Output) -> Vec<String> {
    let text = std::fs::read_to_string(output.path("run.ndjson")).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn warnings(output: &Output) -> usize {
    let lines = output.stderr.lines();
    lines
        .filter(|line| line.contains("warning: `--out kafka`:"))
        .count()
}

#[test]
fn every_record_is_a_message_and_all_of_a_run_are_in_one_partition_in_order() {
    let server = HttpServer::start();
    let broker = Broker::start(TOPIC, Manner::default());
    let output = journey(&server, 3, &broker.addr().to_string())
        .args(["--out", "ndjson=run.ndjson"])
        .run();
    output.expect_code(0);
    assert!(!output.stderr.contains("warning"), "{output}");
    let taken = broker.taken();
    let values: Vec<_> = taken.iter().map(|message| message.value.clone()).collect();
    assert_eq!(values, written(&output));
    let run = output.expect_result()["run"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(taken.iter().all(|message| message.key == run));
    let partitions: BTreeSet<i32> = taken.iter().map(|message| message.partition).collect();
    assert_eq!(partitions.len(), 1);
    assert!(
        partitions
            .iter()
            .all(|number| (0..PARTITIONS).contains(number))
    );
    // When each was measured, to the second in which it was told.
    let first = taken[0].at;
    assert!(
        taken
            .iter()
            .all(|message| (0..30_000).contains(&(message.at - first)))
    );
}

#[test]
fn a_broker_that_hangs_slows_nothing_and_what_it_missed_is_counted() {
    let server = HttpServer::start();
    let hangs = Manner {
        hangs: true,
        ..Manner::default()
    };
    let broker = Broker::start(TOPIC, hangs);
    let output = journey(&server, 4, &broker.addr().to_string()).run();
    output
        .expect_code(0)
        .expect_text("did not get")
        .expect_text("samples");
    // Two users with a pause of a twentieth of a second: the load went on.
    let iterations = output.count("iterations");
    assert!(iterations > 60, "{iterations}");
}

#[test]
fn a_broker_that_comes_later_gets_everything_and_its_absence_is_told_once() {
    let server = HttpServer::start();
    let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    let running = journey(&server, 8, &format!("{},{addr}", refused_addr()))
        .args(["--out", "ndjson=run.ndjson"])
        .spawn();
    wait_until("the first refusal", Duration::from_secs(30), || {
        running.stderr().contains("is tried again")
    });
    let broker = Broker::at(addr, TOPIC, Manner::default());
    let output = running.wait();
    output.expect_code(0).expect_text("refused");
    assert_eq!(warnings(&output), 1, "{output}");
    assert!(!output.stderr.contains("did not get"), "{output}");
    let values: Vec<_> = broker
        .taken()
        .into_iter()
        .map(|message| message.value)
        .collect();
    assert_eq!(values, written(&output));
}

#[test]
fn what_a_broker_refuses_is_told_once_and_counted() {
    let server = HttpServer::start();
    for (of_topic, to_messages, told) in [
        (
            TOPIC_REFUSED,
            0,
            "nothing may be written to the topic `load.tests`",
        ),
        (
            0,
            TOPIC_REFUSED,
            "nothing may be written to the topic `load.tests`",
        ),
        (0, MESSAGE_TOO_LARGE, "larger than the broker takes"),
    ] {
        let manner = Manner {
            of_topic,
            to_messages,
            ..Manner::default()
        };
        let broker = Broker::start(TOPIC, manner);
        let since = Instant::now();
        let output = journey(&server, 2, &broker.addr().to_string()).run();
        output
            .expect_code(0)
            .expect_text(told)
            .expect_text("did not get");
        assert_eq!(warnings(&output), 1, "{output}");
        assert!(since.elapsed() < Duration::from_secs(30));
        assert_eq!(broker.taken(), []);
    }
}

#[test]
fn a_topic_that_is_not_there_is_waited_for() {
    let server = HttpServer::start();
    let manner = Manner {
        of_topic: UNKNOWN_TOPIC,
        ..Manner::default()
    };
    let broker = Broker::start(TOPIC, manner);
    let mut running = journey(&server, 1, &broker.addr().to_string()).spawn();
    running.wait_for_output("waiting for outputs");
    running.interrupt();
    running
        .wait()
        .expect_code(0)
        .expect_text("the topic `load.tests` is not there")
        .expect_text("is tried again")
        .expect_text("did not get");
}

#[test]
fn credentials_come_from_the_environment_and_are_never_shown() {
    let server = HttpServer::start();
    let authority = Authority::new();
    let manner = Manner {
        login: Some(("me", "s3cret")),
        ..Manner::default()
    };
    let config = server_config(&authority, TlsConfig::default());
    let broker = Broker::behind_tls(config, TOPIC, manner);
    let journey = |password: &str| {
        journey(&server, 2, &format!("tls://{}", broker.addr()))
            .env("RHAID_KAFKA_CA", authority.ca_pem_path())
            .env("RHAID_KAFKA_USERNAME", "me")
            .env("RHAID_KAFKA_PASSWORD", password)
    };
    let output = journey("s3cret").args(["--out", "ndjson=run.ndjson"]).run();
    output.expect_code(0);
    let values: Vec<_> = broker
        .taken()
        .into_iter()
        .map(|message| message.value)
        .collect();
    assert_eq!(values, written(&output));
    assert!(!output.stderr.contains("warning"), "{output}");

    let refused = |run: Rhaid, told: &str| {
        let mut running = run.spawn();
        running.wait_for_output("is tried again");
        running.wait_for_output("waiting for outputs");
        running.interrupt();
        let output = running.wait();
        output
            .expect_code(0)
            .expect_text(told)
            .expect_text("did not get");
        assert!(!output.to_string().contains("hunter2"), "{output}");
    };
    refused(journey("hunter2"), "Sasl");
    refused(journey("s3cret").env("RHAID_KAFKA_CA", ""), "certificate");
    assert_eq!(broker.taken().len(), values.len());
}

/// kcat with brokers of librdkafka within it, which reads from them what comes, until it is dropped.
struct Mock {
    child: Child,
    dir: TempDir,
}

impl Mock {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str| File::create(dir.path().join(name)).unwrap();
        let child = Command::new("kcat")
            .args(["-C", "-u", "-q", "-b", "none", "-t", TOPIC, "-f", "%k %s\n"])
            .args([
                "-X",
                "test.mock.num.brokers=2",
                "-X",
                "check.crcs=true",
                "-d",
                "mock",
            ])
            .stdin(Stdio::null())
            .stdout(file("consumed"))
            .stderr(file("told"))
            .spawn()
            .unwrap_or_else(|error| panic!("kcat: {error}; tests/prepare installs it"));
        Self { child, dir }
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.dir.path().join(name)).unwrap()
    }

    /// Where its brokers listen, separated by commas.
    fn brokers(&self) -> String {
        let brokers = || {
            let told = self.read("told");
            let (_, rest) = told.split_once("bootstrap.servers=")?;
            let (brokers, _) = rest.split_once('\n')?;
            Some(brokers.to_owned())
        };
        wait_until("brokers of kcat", Duration::from_secs(20), || {
            brokers().is_some()
        });
        brokers().unwrap()
    }

    /// Key and value of each message that it has read.
    fn consumed(&self) -> Vec<String> {
        self.read("consumed").lines().map(str::to_owned).collect()
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn librdkafka_takes_it_and_reads_it() {
    let server = HttpServer::start();
    let mock = Mock::start();
    let output = journey(&server, 3, &mock.brokers())
        .args(["--out", "ndjson=run.ndjson"])
        .run();
    output.expect_code(0);
    assert!(!output.stderr.contains("did not get"), "{output}");
    let run = output.expect_result()["run"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let expected: Vec<_> = written(&output)
        .iter()
        .map(|line| format!("{run} {line}"))
        .collect();
    wait_until("kcat to read it all", Duration::from_secs(20), || {
        mock.consumed().len() >= expected.len()
    });
    assert_eq!(mock.consumed(), expected);
    let last = expected.last().unwrap().split_once(' ').unwrap().1;
    let last: Value = serde_json::from_str(last).unwrap();
    assert_eq!(last["what"], "end");
}
