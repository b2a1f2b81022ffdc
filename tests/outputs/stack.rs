//! `observability/`: the files of the stack are what their programs take, and it starts without containers.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::outputs::dashboards::{content, root};
use crate::outputs::server::get;
use crate::support::background::wait_until;
use crate::support::ports::{free_port, refused_addr};
use crate::support::reading::run_of;

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn promtool_and_amtool_take_the_files_and_the_recording_rules_are_right() {
    content(
        "promtool",
        &[
            "check",
            "config",
            "observability/prometheus/prometheus.yaml",
        ],
    );
    content(
        "promtool",
        &[
            "test",
            "rules",
            "observability/prometheus/recording.tests.yaml",
        ],
    );
    content(
        "amtool",
        &[
            "check-config",
            "observability/alertmanager/alertmanager.yml",
        ],
    );
}

#[test]
fn the_compose_file_fits_its_specification_and_what_it_mounts_is_there() {
    content(
        "target/lint/bin/check-jsonschema",
        &[
            "--builtin-schema",
            "vendor.compose-spec",
            "observability/compose.yaml",
        ],
    );
    let text = read("observability/compose.yaml");
    let mounts: BTreeSet<_> = text
        .split(['"', ' ', '\n'])
        .filter_map(|word| word.strip_prefix("./")?.split_once(":/"))
        .map(|(host, _)| host)
        .collect();
    assert!(mounts.len() >= 7, "{mounts:?}");
    for host in mounts {
        let path = root().join("observability").join(host);
        assert!(path.exists(), "{}", path.display());
    }
    // Nothing is published to others than this machine, and no image changes by itself.
    for line in text.lines() {
        let line = line.trim();
        if let Some(ports) = line.strip_prefix("ports: [") {
            for port in ports.trim_end_matches(']').split(", ") {
                assert!(port.starts_with("\"127.0.0.1:"), "{line}");
            }
        }
        if let Some(image) = line.strip_prefix("image: ") {
            let (_, version) = image.split_once(':').unwrap_or_else(|| panic!("{line}"));
            assert!(version.contains('.'), "{line}");
        }
    }
}

/// `observability/start`, which is interrupted when dropped.
struct Started(Child);

impl Started {
    fn interrupt(&mut self) -> Option<i32> {
        let _ = Command::new("kill")
            .args(["-INT", &self.0.id().to_string()])
            .status();
        self.0.wait().unwrap().code()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if self.0.try_wait().is_ok_and(|status| status.is_none()) {
            self.interrupt();
        }
    }
}

#[test]
fn it_starts_without_containers_takes_a_run_and_ends_together() {
    let folder = tempfile::tempdir().unwrap();
    let [prometheus, alertmanager, rhaid] = [(); 3].map(|()| free_port());
    let mut started = Started(
        Command::new(root().join("observability/start"))
            .env("PROMETHEUS_PORT", prometheus.to_string())
            .env("ALERTMANAGER_PORT", alertmanager.to_string())
            .env("RHAID_PORT", rhaid.to_string())
            .env("OBSERVABILITY_DATA", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut said = BufReader::new(started.0.stdout.take().unwrap()).lines();
    let first = said.next().expect("it starts").unwrap();
    assert!(
        first.contains(&format!("127.0.0.1:{prometheus}")),
        "{first}"
    );
    let prometheus = SocketAddr::from((Ipv4Addr::LOCALHOST, prometheus));
    let alertmanager = SocketAddr::from((Ipv4Addr::LOCALHOST, alertmanager));
    let ready = get(alertmanager, "/-/ready").unwrap();
    assert!(ready.starts_with("HTTP/1.0 200"), "{ready}");
    wait_until(
        "prometheus knows alertmanager",
        Duration::from_secs(30),
        || {
            get(prometheus, "/api/v1/alertmanagers")
                .unwrap()
                .contains(&alertmanager.to_string())
        },
    );
    let rules = get(prometheus, "/api/v1/rules").unwrap();
    assert!(rules.contains("rhaid-endpoints"), "{rules}");

    // What is pushed is there.
    run_of("fn iteration() { sleep(\"100ms\"); }")
        .args(["--duration", "2s", "--out"])
        .arg(format!("remote-write=http://{prometheus}/api/v1/write"))
        .run()
        .expect_code(0);
    let found = get(
        prometheus,
        "/api/v1/query?query=max_over_time(rhaid_iterations_total%5B1m%5D)",
    )
    .unwrap();
    assert!(found.contains("testid"), "{found}");

    assert_eq!(started.interrupt(), Some(0));
    for server in [prometheus, alertmanager] {
        assert!(get(server, "/-/ready").is_err(), "{server} still answers");
    }
}

#[test]
fn a_port_that_is_taken_is_told() {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(root().join("observability/start"))
        .env("PROMETHEUS_PORT", refused_addr().port().to_string())
        .env("ALERTMANAGER_PORT", &port)
        .env("OBSERVABILITY_DATA", folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(69), "{said}");
    assert!(
        said.contains(&format!("127.0.0.1:{port} already")),
        "{said}"
    );
}
