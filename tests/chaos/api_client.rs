//! `rhaid proxy` as a process, and requests to its API.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::support::bin::{Output, Rhaid, Running};

/// No answer takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A process whose API listens on a free port.
pub struct Server {
    running: Running,
    /// `127.0.0.1:41000`.
    pub api: String,
}

impl Server {
    pub fn start(arguments: &[&str]) -> Self {
        Self::with(|command| command.args(["--listen", "127.0.0.1:0"]).args(arguments))
    }

    /// `more` adds to the command line and its folder.
    pub fn with(more: impl FnOnce(Rhaid) -> Rhaid) -> Self {
        let command = Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
            .arg("proxy")
            .timeout(Duration::from_secs(240));
        let mut running = more(command).spawn();
        running.wait_for_output("Ctrl-C stops it");
        let said = running.stdout();
        let api = said.split("API on http://").nth(1).unwrap();
        let api = api.split(',').next().unwrap().to_owned();
        Self { running, api }
    }

    pub fn stdout(&self) -> String {
        self.running.stdout()
    }

    pub fn stderr(&self) -> String {
        self.running.stderr()
    }

    pub fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// Ends it as a terminal or a supervisor does.
    pub fn stop(self, signal: &str) -> Output {
        self.running.signal(signal);
        self.running.wait()
    }

    pub fn call(&self, method: &str, path: &str, body: &str) -> Reply {
        call(&self.api, method, path, &[], body)
    }

    /// A call that succeeds; its document.
    #[track_caller]
    pub fn done(&self, method: &str, path: &str, body: &str) -> Value {
        let reply = self.call(method, path, body);
        assert!(
            (200..300).contains(&reply.status),
            "{method} {path}: {} {}",
            reply.status,
            reply.text
        );
        serde_json::from_str(&reply.text).unwrap_or_default()
    }

    /// A proxy on a free port; where it listens.
    pub fn proxy(&self, name: &str, upstream: impl std::fmt::Display) -> String {
        let body =
            format!(r#"{{"name": "{name}", "listen": "127.0.0.1:0", "upstream": "{upstream}"}}"#);
        let made = self.done("POST", "/proxies", &body);
        made["listen"].as_str().unwrap().to_owned()
    }

    /// Connections of a proxy that are open.
    pub fn open(&self, name: &str) -> u64 {
        let counts = self.done("GET", &format!("/proxies/{name}/counts"), "");
        counts["open"].as_u64().unwrap()
    }
}

/// An answer.
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub text: String,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        let line = |line: &'_ str| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim().len())
        };
        self.head.lines().find_map(|text| {
            let length = line(text)?;
            Some(text.trim_end().split_at(text.trim_end().len() - length).1)
        })
    }
}

/// One request over one connection.
pub fn call(
    api: &str,
    method: &str,
    path: &str,
    headers: &[(String, String)],
    body: &str,
) -> Reply {
    let mut stream = connect(api);
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {api}\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream
        .write_all(format!("{head}\r\n{body}").as_bytes())
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, text) = answer.split_once("\r\n\r\n").unwrap();
    Reply {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_owned(),
        text: text.to_owned(),
    }
}

/// A connection with a time limit.
pub fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}
