//! Messages held against golden files. `UPDATE_GOLDEN=1 cargo test` writes them anew, for the difference to be read.

use std::fs;
use std::path::PathBuf;

use crate::support::bin::{Output, Rhaid};

/// The binary, without a script yet.
pub fn rhaid() -> Rhaid {
    Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
}

/// Compares `text` with the golden file called `name`.
#[track_caller]
pub fn hold(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden/bad_input")
        .join(format!("{name}.txt"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        return;
    }
    let expected = fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; run with UPDATE_GOLDEN=1", path.display()));
    assert!(
        text == expected,
        "{} differs. Found:\n{text}\nIf that is right, run with UPDATE_GOLDEN=1",
        path.display()
    );
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
