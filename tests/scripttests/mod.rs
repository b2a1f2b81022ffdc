//! `rhaid test` as a person and a pipeline meet it: the real binary, scripts that pass, fail, hang and are wrong.

mod choosing;
mod failing;
mod finding;
mod isolation;
mod mocking;
mod outputs;

use crate::support::bin::{Output, Rhaid};

/// The binary in a folder of its own.
fn rhaid() -> Rhaid {
    Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
}

/// Runs `rhaid test` on one file `a_test.rhai` with this text.
fn tested(text: &str) -> Output {
    rhaid().file("a_test.rhai", text).arg("test").run()
}
