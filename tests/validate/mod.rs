//! `rhaid validate`: the real binary on files that the tools themselves wrote, and on files that are wrong.
//!
//! What it prints is held against `tests/golden/validate`. The files in `data` are from k6 2.2, wrk 4.1, Locust 2.47, JMeter 2.13 and
//! HdrHistogram 2.1 (Java) and 0.10 (Python), run for a second or two; those of vegeta, oha and Gatling are made up after what
//! these tools write.

mod formats;
mod mutated;
mod own;
mod slos;
mod wrong;

use crate::support::bin::{Output, Rhaid};
use crate::support::golden;
use serde_json::Value;

/// `rhaid validate` with these arguments, in a folder with a file of `data`.
fn validate<const N: usize>(file: &str, args: [&str; N]) -> Rhaid {
    let path = format!("{}/tests/validate/data/{file}", env!("CARGO_MANIFEST_DIR"));
    rhaid(["validate", file])
        .args(args)
        .file(file, std::fs::read(path).unwrap())
}

fn rhaid<const N: usize>(args: [&str; N]) -> Rhaid {
    Rhaid::at(env!("CARGO_BIN_EXE_rhaid")).args(args)
}

/// `rhaid validate` of a file with these contents.
fn of(contents: impl AsRef<[u8]>) -> Rhaid {
    rhaid(["validate", "file"]).file("file", contents)
}

/// The same in JSON.
#[track_caller]
fn json(command: Rhaid) -> (Value, Output) {
    let output = command.args(["--format", "json"]).run();
    let value = serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output}"));
    (value, output)
}

/// The row of an objective in a judgement in JSON.
#[track_caller]
fn slo<'v>(judged: &'v Value, metric: &str, target: &str) -> &'v Value {
    let rows = judged["slos"].as_array().unwrap();
    rows.iter()
        .find(|row| row["metric"] == metric && row["target"] == target)
        .unwrap_or_else(|| panic!("{metric} {target} in {judged:#}"))
}

/// Ends with this code, and prints what is in the golden file.
#[track_caller]
fn hold(name: &str, command: Rhaid, code: i32) -> Output {
    let output = command.run();
    output.expect_code(code);
    golden::hold(
        "validate",
        name,
        &format!("{}{}", output.stdout, output.stderr),
    );
    output
}
