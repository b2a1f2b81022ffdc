//! Clients that people have: Toxiproxy's own for Node and Python, and the Chaos Toolkit's extension. `tests/prepare` installs them.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::api_client::Server;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// Runs a client's tests against a server of their own.
fn pass(program: &Path, arguments: &[&str], folder: &Path) -> String {
    let server = Server::start(&[]);
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("RHAID_PROXY_API", format!("http://{}", server.api))
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}; run tests/prepare", program.display()));
    let said = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    let said = said.join("\n");
    assert!(output.status.success(), "{said}\n{}", server.stderr());
    said
}

#[test]
fn the_client_for_node_works_unchanged() {
    let folder = root().join("target/proxy-clients/node");
    let test = root().join("tests/chaos/clients/node/client.test.mjs");
    std::fs::copy(test, folder.join("client.test.mjs")).expect("run tests/prepare");
    let said = pass(Path::new("node"), &["--test", "client.test.mjs"], &folder);
    assert!(said.contains("fail 0"), "{said}");
}

#[test]
fn the_clients_for_python_work_unchanged() {
    let python = root().join("target/proxy-clients/python/bin/python3");
    let folder = root().join("tests/chaos/clients/python");
    let said = pass(&python, &["-B", "test_client.py"], &folder);
    assert!(said.contains("\nOK"), "{said}");
    assert!(!said.contains("skipped"), "{said}");
}
