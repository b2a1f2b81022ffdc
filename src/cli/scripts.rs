//! Scripts as a command line names them: files, and folders with all that is in them.

use std::fs;
use std::path::{Path, PathBuf};

use super::Failure;
use crate::exit;

/// Folders below a named one that are looked into.
const DEPTH: usize = 32;

/// The files that are meant: each one as it is, of a folder every `.rhai` file in it and below, sorted. Hidden folders, links to
/// folders and definition files (`.d.rhai`) are passed over.
pub fn expand(named: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in named {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let mut found = Vec::new();
        walk(path, DEPTH, &mut found)?;
        if found.is_empty() {
            let message = format!(
                "error: there is no script in `{}`\nhelp: scripts are files that end in .rhai",
                path.display()
            );
            return Err(Failure::new(exit::NO_INPUT, message));
        }
        found.sort();
        files.extend(found);
    }
    let mut seen = std::collections::BTreeSet::new();
    files.retain(|file| seen.insert(file.clone()));
    Ok(files)
}

fn walk(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let unreadable = |error: std::io::Error| {
        let message = format!("error: cannot read `{}`: {error}", folder.display());
        Failure::new(exit::NO_INPUT, message)
    };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_dir() {
            if depth > 0 && !name.starts_with('.') && name != "node_modules" && name != "target" {
                walk(&entry.path(), depth - 1, found)?;
            }
        } else if name.ends_with(".rhai") && !name.ends_with(".d.rhai") && entry.path().is_file() {
            let path = entry.path();
            found.push(path.strip_prefix(".").map(Path::to_owned).unwrap_or(path));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_stands_for_the_scripts_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in [
            "b.rhai",
            "lib/a.rhai",
            ".git/x.rhai",
            "a.d.rhai",
            "notes.md",
            "empty/x.md",
        ] {
            fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            fs::write(at(name), "").unwrap();
        }
        std::os::unix::fs::symlink(folder.path(), at("lib/circle")).unwrap();
        let files = expand(&[at("lib/a.rhai"), folder.path().to_owned()]).unwrap();
        assert_eq!(files, [at("lib/a.rhai"), at("b.rhai")]);
        assert_eq!(expand(&[at("missing.rhai")]).unwrap(), [at("missing.rhai")]);
        assert_eq!(expand(&[at("empty")]).unwrap_err().code, exit::NO_INPUT);
    }
}
