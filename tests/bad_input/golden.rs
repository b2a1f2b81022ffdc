//! Messages held against golden files.

use crate::support::bin::{Output, Rhaid};
use crate::support::golden;

/// The binary, without a script yet.
pub fn rhaid() -> Rhaid {
    Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
}

/// Compares `text` with the golden file called `name`.
#[track_caller]
pub fn hold(name: &str, text: &str) {
    golden::hold("bad_input", name, text);
}

/// A script that cannot be run: nothing is sent or written, and the message is the golden one.
#[track_caller]
pub fn rejected(name: &str, script: &str) -> Output {
    refused(name, rhaid().script(script), 65)
}

/// A command that cannot do its work: it ends with this code, and says on standard error what is in the golden file.
#[track_caller]
pub fn refused(name: &str, command: Rhaid, code: i32) -> Output {
    let output = command.run();
    output.expect_code(code);
    assert_eq!(output.stdout, "", "{output}");
    assert!(output.result.is_none(), "a result was written\n{output}");
    hold(name, &output.stderr);
    output
}
