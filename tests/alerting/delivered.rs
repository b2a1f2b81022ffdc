//! The whole way: a run whose requests fail, rules made of its objective, Alertmanager by the example's routes, and somebody who is called and told when it is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::receiver::Receiver;
use super::{repository, rhaid, servers};

const LIMIT: Duration = Duration::from_secs(120);

/// What a run tells Prometheus, whatever it is asked when: a hundred requests a second, of which some fail.
struct Run {
    start: Instant,
    /// Milliseconds from the start in which requests failed.
    failed_ms: AtomicU64,
    is_failing: AtomicU64,
    has_fault: AtomicU64,
}

impl Run {
    fn metrics(&self) -> String {
        let elapsed = self.start.elapsed().as_millis() as u64;
        let failed = match self.is_failing.load(Ordering::SeqCst) {
            0 => self.failed_ms.load(Ordering::SeqCst),
            since => self.failed_ms.load(Ordering::SeqCst) + elapsed.saturating_sub(since),
        };
        format!(
            "# TYPE rhaid_http_reqs_total counter\nrhaid_http_reqs_total{{testid=\"t1\",name=\"rooms\"}} {}\n\
             # TYPE rhaid_http_req_failed_total counter\nrhaid_http_req_failed_total{{testid=\"t1\",name=\"rooms\"}} {}\n\
             # TYPE rhaid_fault_active gauge\nrhaid_fault_active{{testid=\"t1\",fault=\"outage\"}} {}\n",
            elapsed / 10,
            failed / 10,
            self.has_fault.load(Ordering::SeqCst)
        )
    }

    fn fail(&self) {
        self.is_failing.store(
            (self.start.elapsed().as_millis() as u64).max(1),
            Ordering::SeqCst,
        );
    }

    fn recover(&self) {
        let since = self.is_failing.swap(0, Ordering::SeqCst);
        let lasted = self.start.elapsed().as_millis() as u64 - since;
        self.failed_ms.fetch_add(lasted, Ordering::SeqCst);
    }
}

/// Everything from the run to the one who is called.
struct Way {
    run: Arc<Run>,
    people: Receiver,
    prometheus: servers::Server,
    _alertmanager: servers::Server,
    _exporter: Receiver,
}

fn way(has_fault: bool) -> Way {
    let made = rhaid(["slo", "rules", "--slo", "slo.toml", "--windows", "run", "--out", "rules.yml"])
        .file("slo.toml", "[slos]\nhttp_req_failed = [{ target = \"rate < 1%\", priority = \"P0\", name = \"availability\" }]\n")
        .run();
    made.expect_code(0);
    // As made, but evaluated as often as it is scraped.
    let rules = made.path("rules.yml");
    let text = std::fs::read_to_string(&rules)
        .unwrap()
        .replace("interval: 5s", "interval: 1s");
    std::fs::write(&rules, text).unwrap();

    let run = Arc::new(Run {
        start: Instant::now(),
        failed_ms: AtomicU64::new(0),
        is_failing: AtomicU64::new(0),
        has_fault: AtomicU64::new(u64::from(has_fault)),
    });
    let told = run.clone();
    let exporter = Receiver::start(move |_| ("200 OK".to_owned(), told.metrics()));
    let people = Receiver::start(|_| ("200 OK".to_owned(), String::new()));
    let config =
        std::fs::read_to_string(repository("observability/alertmanager/alertmanager.yml")).unwrap();
    let config = config
        .replace("127.0.0.1:9095", &format!("127.0.0.1:{}", people.port))
        .replace("group_wait: 10s", "group_wait: 1s")
        .replace("group_interval: 1m", "group_interval: 1s");
    let alertmanager = servers::alertmanager(&config);
    let config =
        std::fs::read_to_string(repository("observability/prometheus/prometheus.yaml")).unwrap();
    let config = config
        .replace("_interval: 5s", "_interval: 1s")
        .replace("  - \"*.rules.yaml\"\n", "")
        .replace("*.rules.yml", "rules.yml")
        // Addresses that stand in files beside it.
        .replace("file_sd_configs", "static_configs")
        .replace(
            "files: [targets/alertmanager.yaml]",
            &format!("targets: [127.0.0.1:{}]", alertmanager.port),
        )
        .replace(
            "files: [targets/rhaid.yaml]",
            &format!("targets: [127.0.0.1:{}]", exporter.port),
        );
    let prometheus = servers::prometheus(&config, &rules);
    Way {
        run,
        people,
        prometheus,
        _alertmanager: alertmanager,
        _exporter: exporter,
    }
}

#[test]
fn a_failing_run_calls_somebody_and_recovery_tells_that_it_is_over() {
    let way = way(false);
    std::thread::sleep(Duration::from_secs(5));
    assert!(
        way.people.received().is_empty(),
        "{:?}",
        way.people.received()
    );
    way.run.fail();
    let called = way.people.wait("the page", LIMIT, |received| {
        received.path == "/on-call" && received.body.contains("\"status\":\"firing\"")
    });
    let body: serde_json::Value = serde_json::from_str(&called.body).unwrap();
    assert_eq!(body["commonLabels"]["slo"], "availability", "{body:#}");
    assert_eq!(body["commonLabels"]["testid"], "t1", "{body:#}");
    assert_eq!(body["commonLabels"]["priority"], "P0", "{body:#}");
    way.run.recover();
    way.people.wait("the end", LIMIT, |received| {
        received.path == "/on-call"
            && received
                .body
                .contains("\"status\":\"resolved\",\"labels\":{\"alertname\":\"RhaidSloBurn\"")
    });
}

#[test]
fn what_a_declared_fault_breaks_calls_nobody() {
    let way = way(true);
    std::thread::sleep(Duration::from_secs(3));
    way.run.fail();
    // It burns, and Prometheus says so; but nobody is called for it.
    let start = Instant::now();
    loop {
        let firing = firing(way.prometheus.port);
        if firing.contains("RhaidSloBurn") && firing.contains("RhaidFaultActive") {
            break;
        }
        assert!(start.elapsed() < LIMIT, "it does not burn: {firing}");
        std::thread::sleep(Duration::from_millis(200));
    }
    std::thread::sleep(Duration::from_secs(5));
    assert!(
        way.people.received().is_empty(),
        "{:?}",
        way.people.received()
    );
    // The fault is over, and what it broke is broken still: now somebody is.
    way.run.has_fault.store(0, Ordering::SeqCst);
    way.people
        .wait("the page", LIMIT, |received| received.path == "/on-call");
}

/// The alerts of a Prometheus, as it tells them.
fn firing(port: u16) -> String {
    use std::io::{Read, Write};
    let ask = || -> std::io::Result<String> {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port))?;
        stream.write_all(b"GET /api/v1/alerts HTTP/1.0\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    };
    ask().unwrap_or_default()
}
