//! The real nginx, serving one small answer from its configuration: a target that is never the bottleneck.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::ports::free_port;

/// What `/hello` answers: 34 bytes, the size that the benchmarks use.
pub const HELLO: &str = r#"{"hotel":"Rhaid","status":"ready"}"#;

const BINARY: &str = "/usr/sbin/nginx";
const START_LIMIT: Duration = Duration::from_secs(10);
/// A port can be taken between finding it free and binding it.
const ATTEMPTS: usize = 5;

/// A running nginx with one worker and no log. Ends when dropped.
pub struct Nginx {
    child: Child,
    addr: SocketAddr,
    dir: TempDir,
}

impl Nginx {
    /// Starts nginx and waits until it answers.
    ///
    /// # Panics
    /// When nginx is not installed or does not answer.
    pub fn start() -> Self {
        assert!(
            Path::new(BINARY).exists(),
            "nginx is missing: apt-get install nginx-light"
        );
        let mut log = String::new();
        for _ in 0..ATTEMPTS {
            match Self::attempt() {
                Ok(nginx) => return nginx,
                Err(error) => log = error,
            }
        }
        panic!("nginx did not start in {ATTEMPTS} attempts; its last log:\n{log}");
    }

    fn attempt() -> Result<Self, String> {
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let dir = tempfile::Builder::new()
            .prefix("rhaid-test-nginx-")
            .tempdir()
            .unwrap();
        let config = dir.path().join("nginx.conf");
        // Answers only this nginx can give prove that no other process took the port.
        let token = dir
            .path()
            .file_name()
            .unwrap()
            .to_string_lossy()
            .into_owned();
        std::fs::write(&config, configuration(addr, &token)).unwrap();
        let child = Command::new(BINARY)
            .arg("-p")
            .arg(dir.path())
            .arg("-c")
            .arg(&config)
            .arg("-e")
            .arg(dir.path().join("error.log"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut nginx = Self { child, addr, dir };
        let start = Instant::now();
        while start.elapsed() < START_LIMIT {
            if get(addr, "/token").is_ok_and(|answer| answer.ends_with(&token)) {
                return Ok(nginx);
            }
            if nginx.child.try_wait().unwrap().is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Err(std::fs::read_to_string(nginx.dir.path().join("error.log")).unwrap_or_default())
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// The one process, for pinning it to a core or reading its CPU time.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Without a master process there is one process to end, and none that could be left behind.
fn configuration(addr: SocketAddr, token: &str) -> String {
    format!(
        "daemon off;
master_process off;
worker_processes 1;
pid nginx.pid;
events {{ worker_connections 20000; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 3600s;
    default_type application/json;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {{
        listen {addr} backlog=4096;
        location = /hello {{ return 200 '{HELLO}'; }}
        location = /token {{ return 200 '{token}'; }}
    }}
}}
"
    )
}

fn get(addr: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
