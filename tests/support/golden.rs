//! Texts held against golden files. `UPDATE_GOLDEN=1 cargo test` writes them anew, for the difference to be read.

use std::fs;
use std::path::PathBuf;

/// Compares `text` with the file called `name` in a folder of `tests/golden`.
#[track_caller]
pub fn hold(folder: &str, name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(folder)
        .join(format!("{name}.txt"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).unwrap();
        }
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
