//! The real Prometheus, and a receiver that answers as it is told.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::ports::free_port;

/// How a Prometheus is set up.
#[derive(Default)]
struct Setup<'a> {
    /// Who is scraped each second.
    target: Option<SocketAddr>,
    /// A file of rules.
    rules: Option<&'a Path>,
    classic: bool,
}

/// A running Prometheus that takes remote writes, exemplars and native histograms. Ends when dropped.
pub struct Prometheus {
    child: Child,
    addr: SocketAddr,
    _dir: TempDir,
}

impl Prometheus {
    /// Starts it, scraping `target` each second if there is one.
    pub fn start(target: Option<SocketAddr>) -> Self {
        Self::with(&Setup {
            target,
            ..Setup::default()
        })
    }

    /// Starts it as `observability/` does: with classic histograms, and recording by these rules, each second.
    pub fn recording(target: SocketAddr, rules: &Path) -> Self {
        Self::with(&Setup {
            target: Some(target),
            rules: Some(rules),
            classic: true,
        })
    }

    /// Starts it, scraping text of `target` each second.
    pub fn reading_text(target: SocketAddr) -> Self {
        Self::with(&Setup {
            target: Some(target),
            classic: true,
            ..Setup::default()
        })
    }

    fn with(setup: &Setup<'_>) -> Self {
        for _ in 0..5 {
            if let Some(server) = Self::attempt(setup) {
                return server;
            }
        }
        panic!(
            "prometheus did not start in five attempts; is it installed (apt-get install prometheus)?"
        );
    }

    fn attempt(setup: &Setup<'_>) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let scrape = setup.target.map_or(String::new(), |target| {
            format!(
                "scrape_configs: [{{job_name: rhaid, static_configs: [{{targets: ['{target}']}}]}}]"
            )
        });
        let rules = setup.rules.map_or(String::new(), |rules| {
            format!("rule_files: ['{}']", rules.display())
        });
        let config = dir.path().join("prometheus.yml");
        std::fs::write(
            &config,
            format!(
                "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\n{scrape}\n{rules}\n"
            ),
        )
        .unwrap();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", dir.path().display()))
            .arg(format!("--web.listen-address={addr}"))
            .arg("--web.enable-remote-write-receiver")
            .arg(match setup.classic {
                true => "--enable-feature=exemplar-storage",
                false => "--enable-feature=exemplar-storage,native-histograms",
            })
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus is installed");
        let mut server = Self {
            child,
            addr,
            _dir: dir,
        };
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(30) {
            if get(addr, "/-/ready").is_ok_and(|answer| answer.starts_with("HTTP/1.0 200")) {
                return Some(server);
            }
            if server.child.try_wait().unwrap().is_some() {
                return None;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        None
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// What the API answers a query with.
    fn data(&self, path: &str, promql: &str, rest: &str) -> Value {
        let encoded: String = promql.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let answer = get(self.addr, &format!("/api/v1/{path}?query={encoded}{rest}")).unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["status"], "success", "{promql}: {body}");
        body["data"].clone()
    }

    /// The rows that it answers with.
    fn ask(&self, path: &str, promql: &str, rest: &str) -> Vec<Value> {
        let data = self.data(path, promql, rest);
        data["result"].as_array().unwrap().clone()
    }

    /// The exemplars of the last five minutes of what a query is made of: labels of the series, and each with its labels, value and time.
    pub fn exemplars(&self, promql: &str) -> Vec<(Value, Value)> {
        let now = now();
        let span = format!("&start={:.3}&end={now:.3}", now - 300.0);
        let data = self.data("query_exemplars", promql, &span);
        let series = data.as_array().unwrap().iter();
        series
            .flat_map(|series| {
                let exemplars = series["exemplars"].as_array().unwrap().iter();
                exemplars.map(|exemplar| (series["seriesLabels"].clone(), exemplar.clone()))
            })
            .collect()
    }

    /// The last value of the only series of a query within the last ten seconds, however short it was there.
    #[track_caller]
    pub fn last(&self, promql: &str) -> f64 {
        let now = now();
        let span = format!("&start={:.3}&end={now:.3}&step=0.001", now - 10.0);
        let rows = self.ask("query_range", promql, &span);
        assert_eq!(rows.len(), 1, "{promql}: {rows:?}");
        let values = rows[0]["values"].as_array().unwrap();
        values.last().unwrap()[1].as_str().unwrap().parse().unwrap()
    }

    /// What a query gives now: labels and the value of each series.
    pub fn query(&self, promql: &str) -> Vec<(Value, f64)> {
        self.ask("query", promql, "")
            .iter()
            .map(|row| {
                let value = row["value"][1].as_str().unwrap().parse().unwrap();
                (row["metric"].clone(), value)
            })
            .collect()
    }

    /// The only value of a query.
    #[track_caller]
    pub fn value(&self, promql: &str) -> f64 {
        let rows = self.query(promql);
        assert_eq!(rows.len(), 1, "{promql}: {rows:?}");
        rows[0].1
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap().as_secs_f64()
}

/// A whole answer, head and body.
pub fn get(addr: SocketAddr, path: &str) -> std::io::Result<String> {
    get_as(addr, path, "*/*")
}

/// The same, to one who accepts these types.
pub fn get_as(addr: SocketAddr, path: &str, accept: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(
        stream,
        "GET {path} HTTP/1.0\r\nHost: {addr}\r\nAccept: {accept}\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// A request that a receiver got.
#[derive(Debug, Clone)]
pub struct Got {
    pub line: String,
    pub headers: String,
    pub body: Vec<u8>,
    pub answered: String,
}

/// A receiver that gives each request the next answer of a list, and `204` when the list is at its end. An answer is a status line's rest with
/// headers, such as `429 Too Many\r\nRetry-After: 1`, and with a body after an empty line; an empty one closes the connection without a word.
pub struct Receiver {
    addr: SocketAddr,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Receiver {
    pub fn start(answers: &[&str]) -> Self {
        Self::at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), answers)
    }

    pub fn at(addr: SocketAddr, answers: &[&str]) -> Self {
        let listener = TcpListener::bind(addr).unwrap();
        let addr = listener.local_addr().unwrap();
        let got: Arc<Mutex<Vec<Got>>> = Arc::default();
        let answers: VecDeque<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
        let answers = Arc::new(Mutex::new(answers));
        let keeps = got.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answers, got) = (answers.clone(), keeps.clone());
                std::thread::spawn(move || serve(stream, &answers, &got));
            }
        });
        Self { addr, got }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    pub fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
}

/// Answers the requests of one connection.
fn serve(stream: TcpStream, answers: &Mutex<VecDeque<String>>, got: &Mutex<Vec<Got>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let mut headers = String::new();
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header).unwrap_or(0) <= 2 {
                break;
            }
            headers.push_str(&header.to_lowercase());
        }
        let length = headers
            .lines()
            .find_map(|header| header.strip_prefix("content-length:"))
            .map_or(0, |length| length.trim().parse().unwrap());
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let answer = answers.lock().unwrap().pop_front();
        let answer = answer.unwrap_or_else(|| "204 No Content".to_owned());
        got.lock().unwrap().push(Got {
            line: line.trim().to_owned(),
            headers,
            body,
            answered: answer.clone(),
        });
        if answer.is_empty() {
            return;
        }
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let length = body.len();
        let _ = write!(
            writer,
            "HTTP/1.1 {head}\r\nContent-Length: {length}\r\n\r\n{body}"
        );
    }
}
