//! `rhaid new`: a project, or a script, to begin with.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::new_args::NewArguments;
use super::{Failure, print};
use crate::template::{self, File, Naming, Template};
use crate::{exit, suggest};

/// Names of files longer than this are not allowed by most file systems.
const LONGEST_NAME: usize = 100;

/// Writes a template's files, and says what to type next.
pub fn run(arguments: NewArguments) -> Result<u8, Failure> {
    if arguments.list {
        print(&list())?;
        return Ok(exit::PASS);
    }
    let template = named(&arguments.template)?;
    let given = arguments.name.unwrap_or_default();
    let place = Place::of(&given, arguments.file)?;
    let files = template.files(place.naming());
    let replaced = look(&place, &files, arguments.force)?;
    for file in &files {
        write(&place.folder.join(&file.name), &file.text, arguments.force)?;
    }
    print(&place.report(template, &files, &replaced))?;
    Ok(exit::PASS)
}

fn list() -> String {
    let width = template::ALL
        .iter()
        .map(|template| template.name.len())
        .max();
    template::ALL
        .iter()
        .map(|template| {
            let width = width.unwrap_or(0);
            format!("{:width$}  {}\n", template.name, template.sentence)
        })
        .collect()
}

fn named(name: &str) -> Result<&'static Template, Failure> {
    Template::named(name).ok_or_else(|| {
        let known: Vec<&str> = template::ALL.iter().map(|template| template.name).collect();
        let help = suggest::did_you_mean(name, known.iter().copied())
            .unwrap_or_else(|| format!("there are {}", known.join(", ")));
        usage(format!(
            "there is no template `{name}`\nhelp: {help}; `rhaid new --list` says what each is for"
        ))
    })
}

fn usage(message: impl std::fmt::Display) -> Failure {
    Failure::new(exit::USAGE, format!("error: {message}"))
}

/// Where the files go, and what they are called after.
struct Place {
    /// The folder that the files are written to, as it was given.
    folder: PathBuf,
    name: String,
    /// Only a script, in a folder that is there already.
    alone: bool,
}

impl Place {
    fn of(given: &Path, alone: bool) -> Result<Self, Failure> {
        let is_script = given.extension().is_some_and(|end| end == "rhai");
        if alone || is_script {
            let name = match given.file_stem() {
                Some(stem) if is_script => stem,
                _ => given.file_name().unwrap_or_default(),
            };
            let folder = given.parent().unwrap_or(Path::new("")).to_owned();
            return Ok(Self {
                folder,
                name: checked(&name.to_string_lossy())?,
                alone: true,
            });
        }
        let name = match given.file_name() {
            Some(name) => checked(&name.to_string_lossy())?,
            // `.`, `..` and the like: a folder that is there, whatever it is called.
            None if given.is_dir() => after_folder(given),
            None => checked("")?,
        };
        Ok(Self {
            folder: given.to_owned(),
            name,
            alone: false,
        })
    }

    fn naming(&self) -> Naming<'_> {
        if self.alone {
            Naming::Script(&self.name)
        } else {
            Naming::Project(&self.name)
        }
    }

    fn report(&self, template: &Template, files: &[File], replaced: &[String]) -> String {
        let shown = |name: &str| self.folder.join(name).display().to_string();
        let mut text = format!("{} from the template `{}`:\n", self.name, template.name);
        for file in files {
            let note = if replaced.contains(&file.name) {
                "  (replaced)"
            } else {
                ""
            };
            text += &format!("  {}{note}\n", shown(&file.name));
        }
        let script = files.first().map_or("", |file| file.name.as_str());
        let elsewhere = !self.alone && self.folder != Path::new(".");
        text += "\nNext:\n";
        let (script, definitions) = if elsewhere {
            text += &format!("  cd {}\n", quoted(&self.folder.display().to_string()));
            (script.to_owned(), ".rhai/definitions".to_owned())
        } else {
            (shown(script), shown(".rhai/definitions"))
        };
        let script = quoted(&script);
        text += &format!(
            "  rhaid check {script}\n  rhaid run {script} --demo --scale {}\n  rhaid definitions {}    completion and hover in editors\n",
            template.scale,
            quoted(&definitions)
        );
        text
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./".contains(c);
    if word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A name that is good in a path, a comment and a header.
fn checked(name: &str) -> Result<String, Failure> {
    let example = "such as `checkout` or `load-test`";
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let problem = if name.is_empty() {
        Some("there is no name".to_owned())
    } else if let Some(bad) = name.chars().find(|c| !allowed(*c)) {
        Some(format!(
            "the name `{}` has `{}` in it",
            name.escape_debug(),
            bad.escape_debug()
        ))
    } else if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        Some(format!(
            "the name `{name}` does not begin with a letter or digit"
        ))
    } else if name.len() > LONGEST_NAME {
        Some(format!("the name has {} characters", name.len()))
    } else {
        None
    };
    match problem {
        None => Ok(name.to_owned()),
        Some(problem) => Err(usage(format!(
            "{problem}\nhelp: write at most {LONGEST_NAME} letters, digits, `-`, `_` or `.`, beginning with a letter or digit, {example}"
        ))),
    }
}

/// A name after a folder that may be called anything.
fn after_folder(folder: &Path) -> String {
    let real = folder.canonicalize().unwrap_or_default();
    let name = real.file_name().unwrap_or_default().to_string_lossy();
    let name: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(LONGEST_NAME)
        .collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "journey" } else { name }.to_owned()
}

/// Whether the files may be written, before any of them is; the names of those that will be replaced.
fn look(place: &Place, files: &[File], force: bool) -> Result<Vec<String>, Failure> {
    let folder = &place.folder;
    let shown = folder.display();
    if !place.alone {
        match fs::metadata(folder) {
            Ok(found) if !found.is_dir() => {
                return Err(usage(format!(
                    "`{shown}` is there already, and is no folder\nhelp: choose another name, or `{shown}.rhai` for a script alone"
                )));
            }
            Ok(_) if !force && !is_empty(folder)? => {
                return Err(usage(format!(
                    "the folder `{shown}` is not empty\nhelp: choose another name, or write into it with --force; files of the same name are replaced then"
                )));
            }
            _ => {}
        }
    }
    let mut replaced = Vec::new();
    for file in files {
        let path = folder.join(&file.name);
        match fs::read(&path) {
            Ok(there) if there == file.text.as_bytes() => {}
            Err(_) if path.symlink_metadata().is_err() => {}
            _ if path.is_dir() => {
                return Err(usage(format!("`{}` is a folder", path.display())));
            }
            _ if force => replaced.push(file.name.clone()),
            _ => {
                return Err(usage(format!(
                    "`{}` is there already\nhelp: choose another name, or replace it with --force",
                    path.display()
                )));
            }
        }
    }
    Ok(replaced)
}

fn is_empty(folder: &Path) -> Result<bool, Failure> {
    let mut entries = fs::read_dir(folder).map_err(|error| cannot("read", folder, &error))?;
    Ok(entries.next().is_none())
}

fn write(path: &Path, text: &str, force: bool) -> Result<(), Failure> {
    if fs::read(path).is_ok_and(|there| there == text.as_bytes()) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let written = fs::create_dir_all(folder).and_then(|()| {
        // Without --force, not even a file that came to be since it was looked for.
        OpenOptions::new()
            .write(true)
            .create(force)
            .create_new(!force)
            .truncate(force)
            .open(path)?
            .write_all(text.as_bytes())
    });
    written.map_err(|error| cannot("write", path, &error))
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        exit::CANNOT_WRITE,
        format!("error: cannot {what} `{}`: {error}", path.display()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_good_everywhere() {
        for good in ["shop", "load-test", "v1.2", "A_b"] {
            assert!(checked(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "-x",
            ".hidden",
            "a b",
            "a\"b",
            "ü",
            "a\nb",
            &"x".repeat(101),
        ] {
            assert!(checked(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_script_is_told_by_its_ending_or_the_flag() {
        let place = |given: &str, alone| {
            let place = Place::of(Path::new(given), alone).ok().unwrap();
            (place.folder.display().to_string(), place.name, place.alone)
        };
        let told = |folder: &str, name: &str, alone| (folder.to_owned(), name.to_owned(), alone);
        assert_eq!(place("a/shop", false), told("a/shop", "shop", false));
        assert_eq!(place("a/shop.rhai", false), told("a", "shop", true));
        assert_eq!(place("shop", true), told("", "shop", true));
        assert_eq!(place("v1.2", true), told("", "v1.2", true));
    }

    #[test]
    fn words_are_quoted_for_the_shell_where_they_must_be() {
        assert_eq!(quoted("a/b-c.rhai"), "a/b-c.rhai");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
