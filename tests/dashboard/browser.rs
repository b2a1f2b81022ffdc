//! The page in Chromium. What is tried stands in `tests/browser/dashboard.mjs`.

use std::path::Path;
use std::process::Command;

use rhaid::result::{ColumnSpec, Combine, SeriesBuilder};

use crate::dashboard::Shown;

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

#[test]
fn a_page_that_is_open_for_a_day_keeps_as_much_as_the_server_does() {
    const DAY: u64 = 24 * 3_600 + 1_234;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/history.mjs");
    let output = Command::new("node")
        .arg(script)
        .arg(DAY.to_string())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let kept: serde_json::Value = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));

    let combines = [Combine::Sum, Combine::Max, Combine::Mean];
    let specs = combines.map(|combine| ColumnSpec::new("one", "", combine));
    let mut server = SeriesBuilder::new(specs.to_vec(), 0.0);
    for second in 0..DAY {
        let value = (second % 7 != 0).then_some((second % 100) as f64);
        server.push(&[value; 3]);
    }
    let server = server.snapshot();
    assert_eq!(kept["step"], server.interval_seconds);
    assert_eq!(kept["seconds"], server.covered_seconds);
    let column = |at: usize| -> Vec<Option<f64>> {
        let values = kept["columns"][at].as_array().unwrap().iter();
        values.map(serde_json::Value::as_f64).collect()
    };
    assert_eq!(column(0), server.columns[0].values);
    assert_eq!(column(1), server.columns[1].values);
    // Means are weighed a little more coarsely in the page.
    let means = column(2);
    assert!(means.len() <= 3_600 && means.len() == server.columns[2].values.len());
    for (page, server) in means.iter().zip(&server.columns[2].values) {
        let (page, server) = (page.unwrap(), server.unwrap());
        assert!((page - server).abs() < 20.0, "{page} {server}");
    }
}
