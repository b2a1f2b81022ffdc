//! Which scripts to look for tests in.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Ends the names of scripts that hold nothing but tests.
const SUFFIX: &str = "_test.rhai";
/// Folders that hold what others wrote.
const SKIPPED: [&str; 2] = ["target", "node_modules"];

/// No script to look into.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    #[error(
        "cannot find `{path}`\nhelp: name scripts or folders; to run the tests whose name has a part, write --filter {path}"
    )]
    Missing { path: String },
    #[error("cannot read `{path}`: {why}")]
    Unreadable { path: String, why: String },
    #[error(
        "there is no `*{SUFFIX}` in `{path}`\nhelp: write `fn test_it_pays() {{ … }}` into a file such as `checkout{SUFFIX}`, or name the script that holds such functions"
    )]
    None { path: String },
}

/// Whether a script's name says that it holds tests: it needs no function `iteration`.
pub fn is_test_file(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.ends_with(SUFFIX))
}

/// The scripts that `paths` name, and all `*_test.rhai` below the folders among them, each once and in their order. Hidden
/// folders, `target` and `node_modules` are left out; a link to a folder is not followed, one to a file only within the folder.
///
/// # Errors
/// When a path is not there, cannot be read, or is a folder without such a file.
pub fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, FindError> {
    let mut all = Vec::new();
    let mut seen = BTreeSet::new();
    for path in paths {
        let found = match fs::metadata(path) {
            Ok(found) => found,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let path = path.display().to_string();
                return Err(FindError::Missing { path });
            }
            Err(error) => return Err(unreadable(path, &error)),
        };
        let files = if found.is_dir() {
            below(path)?
        } else {
            vec![path.clone()]
        };
        for file in files {
            // One file under two names is run once.
            let real = file.canonicalize().unwrap_or_else(|_| file.clone());
            if seen.insert(real) {
                all.push(file);
            }
        }
    }
    Ok(all)
}

fn unreadable(path: &Path, error: &std::io::Error) -> FindError {
    FindError::Unreadable {
        path: path.display().to_string(),
        why: error.to_string(),
    }
}

fn below(root: &Path) -> Result<Vec<PathBuf>, FindError> {
    let real_root = root
        .canonicalize()
        .map_err(|error| unreadable(root, &error))?;
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).map_err(|error| unreadable(&folder, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| unreadable(&folder, &error))?;
            let kind = entry
                .file_type()
                .map_err(|error| unreadable(&entry.path(), &error))?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            // As short as it can be written: what the test's names begin with.
            let path = if folder == Path::new(".") {
                PathBuf::from(entry.file_name())
            } else {
                entry.path()
            };
            if kind.is_dir() {
                if !name.starts_with('.') && !SKIPPED.contains(&&*name) {
                    folders.push(path);
                }
                continue;
            }
            if !is_test_file(&path) || name.starts_with('.') {
                continue;
            }
            let is_within = !kind.is_symlink()
                || path.canonicalize().is_ok_and(|real| {
                    real.starts_with(&real_root) && real.metadata().is_ok_and(|m| m.is_file())
                });
            if is_within {
                found.push(path);
            }
        }
    }
    if found.is_empty() {
        let path = root.display().to_string();
        return Err(FindError::None { path });
    }
    found.sort_unstable();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_searched_but_for_what_is_hidden_or_built() {
        let folder = tempfile::tempdir().unwrap();
        for file in [
            "b_test.rhai",
            "a/x_test.rhai",
            "a/plain.rhai",
            "target/t_test.rhai",
            ".git/g_test.rhai",
            ".h_test.rhai",
        ] {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found = files(&[folder.path().to_owned(), folder.path().join("b_test.rhai")]).unwrap();
        let expected = ["a/x_test.rhai", "b_test.rhai"].map(|file| folder.path().join(file));
        assert_eq!(found, expected);
    }

    #[cfg(unix)]
    #[test]
    fn links_lead_neither_out_nor_round() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).unwrap();
        fs::write(folder.path().join("out_test.rhai"), "").unwrap();
        fs::write(inner.join("in_test.rhai"), "").unwrap();
        symlink("../out_test.rhai", inner.join("link_test.rhai")).unwrap();
        symlink("in_test.rhai", inner.join("again_test.rhai")).unwrap();
        symlink("nowhere", inner.join("broken_test.rhai")).unwrap();
        symlink("..", inner.join("round")).unwrap();
        let found = files(std::slice::from_ref(&inner)).unwrap();
        // The first name of one file stands for it.
        assert_eq!(found, [inner.join("again_test.rhai")]);
    }

    #[test]
    fn what_is_not_there_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let missing = files(&[folder.path().join("x")]).unwrap_err().to_string();
        assert!(missing.contains("--filter"), "{missing}");
        let none = files(&[folder.path().to_owned()]).unwrap_err().to_string();
        assert!(none.contains("checkout_test.rhai"), "{none}");
    }
}
