//! Guards and steady states that are asked for beside the run: a page, and Prometheus.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::chaos::guardian::until;
use crate::chaos::process::free_port;
use crate::chaos::runs::run_of;
use crate::support::bin::Output;

/// A server that says the first things first, and the last one for ever. Gives its address and what it was asked.
fn server(answers: &'static [(u16, &'static str)]) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (seen, at) = (asked.clone(), AtomicUsize::new(0));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten().take(200) {
            let mut reader = BufReader::new(stream);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap_or(0) > 0 {}
            seen.lock().unwrap().push(head);
            let turn = at.fetch_add(1, Ordering::Relaxed).min(answers.len() - 1);
            let (status, body) = answers[turn];
            let answer = format!(
                "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            let _ = reader.get_mut().write_all(answer.as_bytes());
        }
    });
    (address, asked)
}

fn held(seconds: u32, more: &str) -> Output {
    run_of(
        seconds,
        &format!(
            r#"faults: [ #{{ name: "slow", exec: "slow", start: "3s", duration: "20s", steady_for: "1s", {more} }} ],"#
        ),
        r#"fn slow(fault) { fault.proxy("pms").latency("20ms"); }"#,
    )
    .arg("--allow-faults")
    .run()
}

fn fault(output: &Output) -> Value {
    output.expect_result()["faults"][0].clone()
}

#[test]
fn a_page_that_says_no_undoes_the_fault_and_is_no_load() {
    const UP: (u16, &str) = (200, "UP");
    let (address, asked) = server(&[UP, UP, UP, UP, UP, UP, UP, (200, "DOWN")]);
    let probe = format!(r#"#{{ probe: "http://{address}/health", status: 200, contains: "UP" }}"#);
    let output = held(12, &format!("steady: {probe}, guard: {probe}"));
    let fault = fault(&output);
    assert_eq!(fault["status"], "guarded", "{fault:#}");
    let reason = fault["reason"].as_str().unwrap();
    assert!(
        reason.contains("/health answers 200 with \"UP\": its answer had no \"UP\""),
        "{reason}"
    );
    let asked = asked.lock().unwrap();
    assert!(asked.len() >= 8 && asked.len() <= 16, "{}", asked.len());
    // None of it is measured.
    let endpoints = output.expect_result()["endpoints"].as_array().unwrap();
    let names: Vec<_> = endpoints.iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["live"]);
}

#[test]
fn a_probe_that_does_not_answer_is_not_steady_and_not_waited_for() {
    // It listens and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let output = held(
        5,
        &format!(r#"steady: #{{ probe: "http://{address}/", timeout: "30s" }}"#),
    );
    let fault = fault(&output);
    assert_eq!(fault["status"], "skipped", "{fault:#}");
    assert!(
        fault["reason"].as_str().unwrap().contains("no answer yet"),
        "{fault:#}"
    );
    let requests = output.expect_result()["endpoints"][0]["requests"].as_u64();
    assert!(
        requests.unwrap() > 100,
        "the load stood still: {requests:?}"
    );
    output.expect_code(2);
}

#[test]
fn a_query_of_prometheus_guards_a_fault() {
    const HOLDS: (u16, &str) = (
        200,
        r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"0"]}]}}"#,
    );
    const NOT: (u16, &str) = (
        200,
        r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#,
    );
    let (address, asked) = server(&[HOLDS, HOLDS, HOLDS, HOLDS, HOLDS, HOLDS, HOLDS, NOT]);
    let output = held(
        12,
        &format!(
            r#"guard: #{{ promql: "sum(rate(errors[1m])) < 5", url: "http://{address}", headers: #{{ authorization: "Bearer t0k3n" }} }}"#
        ),
    );
    let fault = fault(&output);
    assert_eq!(fault["status"], "guarded", "{fault:#}");
    assert_eq!(
        fault["reason"],
        "sum(rate(errors[1m])) < 5: it held of nothing"
    );
    let head = asked.lock().unwrap()[0].to_lowercase();
    assert!(
        head.starts_with(
            "get /api/v1/query?query=sum%28rate%28errors%5b1m%5d%29%29+%3c+5 http/1.1"
        ),
        "{head}"
    );
    assert!(head.contains("authorization: bearer t0k3n"), "{head}");
}

/// A Prometheus that looks at itself. It is killed when dropped.
struct Prometheus {
    child: Child,
    port: u16,
    _dir: tempfile::TempDir,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One that has scraped itself; nothing where it is not installed.
fn prometheus() -> Option<Prometheus> {
    let binary = "/usr/bin/prometheus";
    if !std::path::Path::new(binary).exists() {
        eprintln!("left out: apt-get install prometheus");
        return None;
    }
    let (dir, port) = (tempfile::tempdir().unwrap(), free_port());
    let config = format!(
        "scrape_configs:\n- job_name: self\n  scrape_interval: 1s\n  static_configs:\n  - targets: ['127.0.0.1:{port}']\n"
    );
    std::fs::write(dir.path().join("p.yml"), config).unwrap();
    let child = Command::new(binary)
        .arg("--config.file=p.yml")
        .arg("--storage.tsdb.path=data")
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .current_dir(dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let prometheus = Prometheus {
        child,
        port,
        _dir: dir,
    };
    until("it has scraped itself", || {
        let asked = std::net::TcpStream::connect(("127.0.0.1", port)).and_then(|mut stream| {
            stream.write_all(b"GET /api/v1/query?query=up HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
            std::io::read_to_string(stream)
        });
        asked.is_ok_and(|answer| answer.contains("\"1\"]"))
    });
    Some(prometheus)
}

#[test]
fn a_real_prometheus_answers_what_is_asked() {
    let Some(prometheus) = prometheus() else {
        return;
    };
    let url = format!("http://127.0.0.1:{}", prometheus.port);
    let guarded = |query: &str| {
        let output = held(
            7,
            &format!(
                r#"steady: #{{ promql: "up == 1", url: "{url}" }}, guard: #{{ promql: "{query}", url: "{url}" }}"#
            ),
        );
        fault(&output)
    };
    let well = guarded("sum(up) > bool 0");
    assert_eq!(well["status"], "cut", "{well:#}");
    let crossed = guarded("up < 1");
    assert_eq!(crossed["status"], "guarded", "{crossed:#}");
    let refused = guarded("sum(up < 1");
    assert!(
        refused["reason"]
            .as_str()
            .unwrap()
            .contains("Prometheus refused the query"),
        "{refused:#}"
    );
}
