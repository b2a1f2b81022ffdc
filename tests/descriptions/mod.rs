//! `rhaid convert openapi` and `rhaid convert postman`: scripts held against golden files, checked, and run against the demo
//! target; and documents that are wrong.
//!
//! Golden scripts lie in `tests/golden/descriptions`.

mod openapi;
mod postman;
mod secrets;
mod wrong;

use std::path::{Path, PathBuf};

use crate::support::bin::{Output, Rhaid};
use crate::support::golden;

/// The binary.
fn rhaid() -> Rhaid {
    Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/descriptions/fixtures")
        .join(name)
}

/// Converts a file; the script goes to standard output.
fn convert(format: &str, file: &Path) -> Output {
    rhaid().args(["convert", format]).arg(file).run()
}

/// Converts a text.
fn convert_text(format: &str, text: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("document");
    std::fs::write(&file, text).unwrap();
    convert(format, &file)
}

/// The script of a conversion, which `rhaid check` has nothing to say about but what the environment must set.
fn checked(output: &Output) -> String {
    output.expect_code(0);
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script.rhai");
    std::fs::write(&script, &output.stdout).unwrap();
    let check = rhaid().arg("check").arg(&script).run();
    check.expect_code(0);
    let told = ["Warning", "Error", "error"];
    let mut told = check.stderr.lines().filter(|line| {
        told.iter().any(|word| line.starts_with(word)) && !line.contains("is not set")
    });
    assert_eq!(told.next(), None, "{check}\n{}", output.stdout);
    output.stdout.clone()
}

/// The same, with what was told of it held against a golden file.
#[track_caller]
fn held(name: &str, output: &Output) -> String {
    let script = checked(output);
    golden::hold(
        "descriptions",
        name,
        &format!("{}\n---\n{script}", output.stderr),
    );
    script
}

/// Runs a script against the demo target: everything once, and then a little load. Nothing may fail.
fn run(script: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("script.rhai");
    std::fs::write(&path, script).unwrap();
    let output = rhaid()
        .args([
            "run",
            "--demo",
            "--scale",
            "0.01",
            "--env",
            "THINK_SPEED=20",
            "--env",
            "API_PASSWORD=correct-horse",
            "--env",
            "PASSWORD=correct-horse",
        ])
        .arg(&path)
        .arg("--result")
        .arg(folder.path().join("result.json"))
        .run();
    output.expect_code(0);
}
