//! The texts of a script and its modules, read once per run, so that all workers run the same.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::stdlib;
use crate::data::Store;
use crate::project::{self, Outside, Project};

/// A script or module could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    #[error("cannot find {what} `{path}`{}", help.as_ref().map(|h| format!("\nhelp: {h}")).unwrap_or_default())]
    Missing {
        what: &'static str,
        path: String,
        help: Option<String>,
    },
    #[error("cannot read `{path}`: {reason}")]
    Unreadable { path: String, reason: String },
    #[error(transparent)]
    Outside(#[from] Outside),
}

/// A script and every module it has imported so far, by the name under which messages speak of them.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The script's path as it was given: the name of its source.
    pub main: String,
    pub project: Project,
    /// Data files that the script reads.
    pub data: Store,
    texts: Arc<Mutex<HashMap<String, Arc<str>>>>,
    overlay: Overlay,
}

/// Texts that stand for files as long as an editor has them open, by the files' canonical paths.
pub type Overlay = Arc<HashMap<PathBuf, Arc<str>>>;

/// Refuses a named pipe, a socket or a device: to read one may never end. What a shell opens for a command, as in
/// `rhaid run <(generate)`, has a writer.
fn refuse_what_never_ends(path: &Path) -> Result<(), SourceError> {
    let is_opened = ["/dev/fd", "/dev/stdin", "/proc"]
        .iter()
        .any(|folder| path.starts_with(folder));
    match std::fs::metadata(path) {
        Ok(found) if !found.is_file() && !found.is_dir() && !is_opened => {
            Err(SourceError::Unreadable {
                path: path.display().to_string(),
                reason: "it is no regular file: scripts are read from files".to_owned(),
            })
        }
        _ => Ok(()),
    }
}

impl Sources {
    /// Reads a script.
    ///
    /// # Errors
    /// When it is not there or is not readable text.
    pub fn read(path: &Path) -> Result<Self, SourceError> {
        refuse_what_never_ends(path)?;
        let extension = path.extension().and_then(|extension| extension.to_str());
        if let Some(reason) = extension.and_then(super::foreign::data_file)
            && path.is_file()
        {
            let path = path.display().to_string();
            return Err(SourceError::Unreadable { path, reason });
        }
        let text = read_text(path, "the script", |path| {
            // What a user names may be a pipe: `rhaid run <(generate)`.
            project::read_stream(std::fs::File::open(path)?, MAX_SOURCE)
        })?;
        if let Some(reason) = extension.and_then(super::foreign::script_file) {
            let path = path.display().to_string();
            return Err(SourceError::Unreadable { path, reason });
        }
        Ok(Self::from_text(path, &text))
    }

    /// A script whose text is already known; `path` need not exist.
    pub fn from_text(path: &Path, text: &str) -> Self {
        let main = path.display().to_string();
        let project = Project::of(path.parent().unwrap_or(Path::new("")));
        let texts = HashMap::from([(main.clone(), Arc::from(text))]);
        Self {
            main,
            project,
            data: Store::default(),
            texts: Arc::new(Mutex::new(texts)),
            overlay: Overlay::default(),
        }
    }

    /// The same, but with these texts in place of what the files of modules hold.
    #[must_use]
    pub fn with_overlay(mut self, overlay: Overlay) -> Self {
        self.overlay = overlay;
        self
    }

    /// What stands for a file, if anything does.
    fn laid_over(&self, file: &Path) -> Option<Arc<str>> {
        if self.overlay.is_empty() {
            return None;
        }
        let real = file.canonicalize().unwrap_or_else(|_| file.to_owned());
        self.overlay.get(&real).cloned()
    }

    /// The script's own text.
    pub fn main_text(&self) -> Arc<str> {
        self.text(&self.main).unwrap_or_default()
    }

    /// The text of a source by its name.
    pub fn text(&self, name: &str) -> Option<Arc<str>> {
        self.texts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned()
    }

    /// The files that were read: the script, its modules but for the standard library, its data files.
    pub fn files(&self) -> Vec<PathBuf> {
        let texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let names = texts.keys().filter(|name| !name.starts_with("std/"));
        names.map(PathBuf::from).chain(self.data.files()).collect()
    }

    /// What all imported modules say, in the order of their names.
    pub fn module_texts(&self) -> String {
        let texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut modules: Vec<_> = texts
            .iter()
            .filter(|(name, _)| **name != self.main)
            .collect();
        modules.sort_unstable();
        modules.iter().map(|(_, text)| &***text).collect()
    }

    /// Finds an imported module: its name and its text. `from` is the name of the importing source.
    ///
    /// # Errors
    /// When there is no such module.
    pub fn import(
        &self,
        path: &str,
        from: Option<&str>,
    ) -> Result<(String, Arc<str>), SourceError> {
        if let Some(module) = path.strip_prefix("std/") {
            let name = format!("std/{module}");
            return match stdlib::text(module) {
                Some(text) => {
                    self.texts
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .insert(name.clone(), text.into());
                    Ok((name, text.into()))
                }
                None => {
                    let near = crate::suggest::nearest(module, stdlib::names());
                    let help = match near {
                        Some(near) => format!("did you mean `std/{near}`?"),
                        None => format!(
                            "the standard library has: {}",
                            stdlib::names().collect::<Vec<_>>().join(", ")
                        ),
                    };
                    Err(SourceError::Missing {
                        what: "the module",
                        path: name,
                        help: Some(help),
                    })
                }
            };
        }
        if let Some(help) = super::foreign::k6_module(path) {
            return Err(SourceError::Missing {
                what: "the module",
                path: path.to_owned(),
                help: Some(help),
            });
        }
        let base = match from {
            Some(from) if from != self.main => Path::new(from).parent().unwrap_or(Path::new("")),
            _ => &self.project.folder,
        };
        let named = Path::new(path).extension();
        let file = if named.is_some_and(|extension| extension == "rhai") {
            self.project.find(base, path)?
        } else {
            self.project.find(base, &format!("{path}.rhai"))?
        };
        let name = file.display().to_string();
        if let Some(text) = self.text(&name) {
            return Ok((name, text));
        }
        let text: Arc<str> = match self.laid_over(&file) {
            Some(text) => text,
            None => read_text(&file, "the module", |path| project::read(path, MAX_SOURCE))?.into(),
        };
        self.texts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.clone(), text.clone());
        Ok((name, text))
    }
}

/// Of a script or module, in bytes.
const MAX_SOURCE: u64 = 16 << 20;

fn read_text(
    path: &Path,
    what: &'static str,
    read: impl Fn(&Path) -> std::io::Result<Vec<u8>>,
) -> Result<String, SourceError> {
    let shown = path.display().to_string();
    let unreadable = |reason: String| SourceError::Unreadable {
        path: shown.clone(),
        reason,
    };
    let bytes = read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => SourceError::Missing {
            what,
            path: shown.clone(),
            help: sibling(path),
        },
        std::io::ErrorKind::IsADirectory => {
            unreadable("it is a folder; name a script in it".to_owned())
        }
        _ => unreadable(error.to_string()),
    })?;
    let text =
        String::from_utf8(bytes).map_err(|_| unreadable("it is not UTF-8 text".to_owned()))?;
    // Editors on Windows write a byte order mark that the parser would trip over.
    Ok(text
        .strip_prefix('\u{feff}')
        .map(str::to_owned)
        .unwrap_or(text))
}

/// A file next to the missing one whose name is near enough to be meant.
fn sibling(path: &Path) -> Option<String> {
    let wanted = path.file_name()?.to_str()?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    if !folder.exists() {
        return Some(format!("there is no folder `{}`", folder.display()));
    }
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".rhai"))
        .collect();
    names.sort_unstable();
    crate::suggest::did_you_mean(wanted, names.iter().map(String::as_str)).or_else(|| {
        let few = (1..=12).contains(&names.len());
        few.then(|| format!("there are: {}", names.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_script_names_its_neighbour() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("smoke.rhai"), "").unwrap();
        let error = Sources::read(&folder.path().join("smok.rhai")).unwrap_err();
        assert!(
            error.to_string().contains("did you mean `smoke.rhai`"),
            "{error}"
        );
    }

    #[test]
    fn modules_are_found_next_to_who_imports_them() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("lib")).unwrap();
        std::fs::write(folder.path().join("lib/a.rhai"), "1").unwrap();
        std::fs::write(folder.path().join("lib/b.rhai"), "2").unwrap();
        let sources = Sources::from_text(&folder.path().join("main.rhai"), "");
        let (name, _) = sources
            .import("lib/a", Some(&sources.main.clone()))
            .unwrap();
        let (_, text) = sources.import("b", Some(&name)).unwrap();
        assert_eq!(&*text, "2");
    }

    #[test]
    fn a_byte_order_mark_is_not_part_of_the_script() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.rhai");
        std::fs::write(&path, "\u{feff}let x = 1;").unwrap();
        assert_eq!(&*Sources::read(&path).unwrap().main_text(), "let x = 1;");
    }
}
