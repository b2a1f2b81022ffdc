//! Converters and the recorder as people use them: the real binary, recordings of a real browser, and input that is wrong.
//!
//! Converted scripts are held against golden files; each passes `rhaid check`, which the command does after writing.
//! `chromium.py` made the recording of a real browser.

mod chaostoolkit;
mod curl;
mod guess;
mod har;
mod record;

use crate::support::bin::{Output, Rhaid};

/// The binary with arguments.
fn rhaid<const N: usize>(args: [&str; N]) -> Rhaid {
    Rhaid::at(env!("CARGO_BIN_EXE_rhaid")).args(args)
}

/// The script that was written as `out.rhai`.
#[track_caller]
fn script(output: &Output) -> String {
    output.expect_code(0);
    std::fs::read_to_string(output.path("out.rhai")).unwrap()
}

/// Runs a converted script against the demo; every request and check must go well.
#[track_caller]
fn runs_green(script: &str) {
    let output = rhaid([
        "run",
        "script.rhai",
        "--demo",
        "--env",
        "THINK_SPEED=50",
        "--result",
        "result.json",
        "--quiet",
    ])
    .file("script.rhai", script);
    let output = if script.contains("constant-vus") {
        output.args(["--duration", "1s"])
    } else {
        output
    };
    let output = output.run();
    output.expect_code(0);
    let result = output.expect_result();
    assert_eq!(result["verdict"]["status"], "pass", "{}", result["verdict"]);
}
