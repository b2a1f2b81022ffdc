//! The page in Chromium. What is tried stands in `tests/browser/dashboard.mjs`.

use std::path::Path;
use std::process::Command;

use crate::Shown;

#[test]
fn the_page_works_in_a_browser() {
    let mut shown = Shown::start(&["--ui-listen", "127.0.0.1:0"]);
    shown.wait_until_it_runs();
    let token = shown.client.token.clone().unwrap();
    let url = format!("http://{}/#token={token}", shown.client.address);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/dashboard.mjs");
    let saved = shown.run.dir().join("saved.json");
    let mut command = Command::new("node");
    command.arg(script).arg(url).arg(&saved);
    if let Some(shots) = std::env::var_os("DASHBOARD_SHOTS") {
        command.arg("--shots").arg(shots);
    }
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("node: {error}; tests/prepare installs it"));
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{}{}\n{}\ntests/prepare installs Chromium and what else the browser tests need",
        said(&output.stdout),
        said(&output.stderr),
        shown.run.stderr()
    );
    // What was saved is the result of this run.
    let text = std::fs::read_to_string(&saved).unwrap();
    let result: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(result["verdict"]["exit_code"], 130);
    shown.run.wait_for_output("at the dashboard: stopping");
    shown.run.wait().expect_code(130);
}
