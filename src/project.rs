//! The files that a script may use: those of its project, and only real files of a bearable size.
//!
//! A script comes from a repository, often somebody else's, and runs where credentials lie about; so it reads what
//! was put beside it and nothing else of the machine.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

/// A folder that holds one of these is a project.
const OWN_MARK: &str = "rhaid.toml";
const REPOSITORY: &str = ".git";

/// Where a script stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The script's folder as it was given: relative paths begin here.
    pub folder: PathBuf,
    /// Nothing outside this folder is read. Canonical, so that links lead nowhere else.
    root: PathBuf,
}

/// A path leads out of the project.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{path}` lies outside `{root}`, and a script uses only files of its project\nhelp: move it there, or put an empty `rhaid.toml` into the folder that holds both: that makes it the project"
)]
pub struct Outside {
    pub path: String,
    pub root: String,
}

impl Project {
    /// The project of a script in `folder`: the nearest folder above it with a `rhaid.toml` or a `.git`, else the folder
    /// itself. A repository in a home folder is none, though many keep their settings in one there.
    pub fn of(folder: &Path) -> Self {
        let home = std::env::home_dir().and_then(|home| home.canonicalize().ok());
        let own = canonical(folder);
        let is_project = |folder: &&Path| {
            let everything = folder.parent().is_none() || Some(*folder) == home.as_deref();
            folder.join(OWN_MARK).exists() || !everything && folder.join(REPOSITORY).exists()
        };
        let root = own.ancestors().find(is_project).unwrap_or(&own).to_owned();
        Self {
            folder: folder.to_owned(),
            root,
        }
    }

    /// The folder that the whole project lies in.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where `path` leads from `base`, written as shortly as it can be: one file has one name.
    ///
    /// # Errors
    /// When that is outside the project, by `..` or by a link.
    pub fn find(&self, base: &Path, path: &str) -> Result<PathBuf, Outside> {
        let full = base.join(path);
        let real = canonical(&full);
        if !real.starts_with(&self.root) {
            return Err(Outside {
                path: path.to_owned(),
                root: self.root.display().to_string(),
            });
        }
        let short = without_detours(&full);
        Ok(if canonical(&short) == real {
            short
        } else {
            real
        })
    }
}

/// The path without links and detours. What is not there is taken as it would be if it were.
fn canonical(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    for above in path.ancestors() {
        let there = if above.as_os_str().is_empty() {
            Path::new(".")
        } else {
            above
        };
        if let Ok(real) = there.canonicalize() {
            let rest = path.strip_prefix(above).unwrap_or(Path::new(""));
            return without_detours(&real.join(rest));
        }
    }
    path.to_owned()
}

/// The path without `.`, and without `..` after a name.
fn without_detours(path: &Path) -> PathBuf {
    let mut short = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => match short.components().next_back() {
                Some(Component::Normal(_)) => {
                    short.pop();
                }
                Some(Component::RootDir) => {}
                _ => short.push(part),
            },
            other => short.push(other),
        }
    }
    short
}

/// Reads a file whole. A named pipe or a device would hold the reader, perhaps for ever.
///
/// # Errors
/// When it cannot be read, is no regular file, or has more than `most` bytes.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    // Looked at before it is opened, since that alone may wait.
    let found = fs::metadata(path)?;
    if found.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !found.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is no regular file but a pipe, a socket or a device",
        ));
    }
    read_stream(File::open(path)?, most)
}

/// Reads anything to its end.
///
/// # Errors
/// When it cannot be read, or has more than `most` bytes.
pub fn read_stream(from: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is larger than {} MiB", most >> 20),
        ));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A project `shop` with `load/main.rhai` and `lib/x.rhai`, and a file beside it.
    fn shop(mark: &str) -> (tempfile::TempDir, Project) {
        let folder = tempfile::tempdir().unwrap();
        let shop = folder.path().join("shop");
        for file in ["load/main.rhai", "lib/x.rhai", "../secret.rhai"] {
            let path = shop.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "1").unwrap();
        }
        if !mark.is_empty() {
            fs::write(shop.join(mark), "").unwrap();
        }
        let project = Project::of(&shop.join("load"));
        (folder, project)
    }

    fn find(project: &Project, path: &str) -> Option<PathBuf> {
        project.find(&project.folder, path).ok()
    }

    #[test]
    fn a_script_uses_the_files_of_its_project_and_no_others() {
        for mark in [OWN_MARK, REPOSITORY] {
            let (folder, project) = shop(mark);
            let lib = folder.path().join("shop/lib/x.rhai");
            assert_eq!(find(&project, "../lib/x.rhai").as_ref(), Some(&lib));
            assert_eq!(find(&project, lib.to_str().unwrap()), Some(lib));
            let error = project
                .find(&project.folder, "../../secret.rhai")
                .unwrap_err()
                .to_string();
            assert!(error.contains("put an empty `rhaid.toml`"), "{error}");
            for outside in ["/etc/hostname", "../../not/there", "../../shopping/x.rhai"] {
                assert_eq!(find(&project, outside), None, "{outside}");
            }
        }
    }

    #[test]
    fn without_a_mark_the_scripts_folder_is_the_project() {
        let (_folder, project) = shop("");
        assert!(find(&project, "main.rhai").is_some());
        assert!(find(&project, "deeper/not_yet.rhai").is_some());
        assert_eq!(find(&project, "../lib/x.rhai"), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_leads_out_of_the_project_no_more_than_dots_do() {
        let (folder, project) = shop("rhaid.toml");
        let link = folder.path().join("shop/load/link");
        std::os::unix::fs::symlink("../..", link).unwrap();
        assert_eq!(find(&project, "link/secret.rhai"), None);
        let through = find(&project, "link/shop/lib/x.rhai").unwrap();
        assert_eq!(fs::read(through).unwrap(), b"1");
        // `link/..` is not where the link stands.
        assert_eq!(find(&project, "link/../shop/lib/x.rhai"), None);
    }

    #[test]
    fn one_file_has_one_name() {
        let (_folder, project) = shop("rhaid.toml");
        assert_eq!(
            find(&project, "../lib/x.rhai"),
            find(&project, "./../load/../lib/./x.rhai")
        );
        assert_eq!(without_detours(Path::new("../a/../b")), Path::new("../b"));
        assert_eq!(without_detours(Path::new("/../a")), Path::new("/a"));
    }

    #[test]
    fn only_real_files_of_a_bearable_size_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, vec![0; (1 << 20) + 1]).unwrap();
        assert_eq!(read(&path, 2 << 20).unwrap().len(), (1 << 20) + 1);
        let error = read(&path, 1 << 20).unwrap_err();
        assert_eq!(error.to_string(), "it is larger than 1 MiB");
        assert!(read(folder.path(), 1).is_err());
        #[cfg(unix)]
        assert!(read(Path::new("/dev/zero"), 1).is_err());
    }
}
