//! Prometheus and Alertmanager on free loopback ports, with their data in a folder that goes with them.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::support::ports::free_port;

/// A server. Dropping it kills it.
pub struct Server {
    child: Child,
    pub port: u16,
    _folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(program: &str, port: u16, folder: TempDir, args: &[String]) -> Server {
    let log = std::fs::File::create(folder.path().join("log")).unwrap();
    let child = Command::new(program)
        .args(args)
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}; tests/prepare installs it"));
    Server {
        child,
        port,
        _folder: folder,
    }
}

/// Alertmanager with this configuration.
pub fn alertmanager(config: &str) -> Server {
    let (folder, port) = (TempDir::new().unwrap(), free_port());
    std::fs::write(folder.path().join("alertmanager.yml"), config).unwrap();
    let args = [
        "--config.file=alertmanager.yml".to_owned(),
        "--storage.path=data".to_owned(),
        format!("--web.listen-address=127.0.0.1:{port}"),
        // No cluster.
        "--cluster.listen-address=".to_owned(),
    ];
    start("prometheus-alertmanager", port, folder, &args)
}

/// Prometheus with this configuration and these rules.
pub fn prometheus(config: &str, rules: &Path) -> Server {
    let (folder, port) = (TempDir::new().unwrap(), free_port());
    std::fs::write(folder.path().join("prometheus.yml"), config).unwrap();
    std::fs::copy(rules, folder.path().join("rules.yml")).unwrap();
    let args = [
        "--config.file=prometheus.yml".to_owned(),
        "--storage.tsdb.path=data".to_owned(),
        format!("--web.listen-address=127.0.0.1:{port}"),
    ];
    start("prometheus", port, folder, &args)
}
