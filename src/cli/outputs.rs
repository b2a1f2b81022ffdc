//! What a command reads and what it writes: no output may take the place of an input, or of another output.
//!
//! - **In**: every file by the words that the user knows it by, such as a flag.
//! - **Out**: nothing, or the two that are one file, before anything has started.
//!
//! Files are the same when they are one on the disk, whatever their paths say. What already stands in an output's place may be an older
//! output; a script, a history or a file of baselines is none.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::baselines::StoreArguments;
use super::command_args::ScriptArguments;
use super::{Failure, config, history, slos};
use crate::exit;
use crate::harmless;
use crate::run::Blueprint;

/// What a file of SQLite begins with.
const SQLITE: &[u8] = b"SQLite format 3\0";
/// What SQLite keeps beside its file.
const BESIDE_SQLITE: [&str; 2] = ["-wal", "-shm"];
/// So much of a file tells what it is.
const LOOKED_AT: u64 = 256;
/// Options of `tls` that name files.
const TLS_FILES: [&str; 3] = ["ca", "cert", "key"];

/// A file, and what the user calls it.
struct Named {
    what: String,
    path: PathBuf,
    /// Whether a script, a history or a file of baselines may be in its place.
    freely: bool,
}

/// The files of one command.
#[derive(Default)]
pub struct Files {
    read: Vec<Named>,
    written: Vec<Named>,
}

impl Files {
    /// A file that is read, or must stay as it is: `the script`.
    pub fn reads(&mut self, what: &str, path: &Path) {
        push(&mut self.read, what, path, false);
    }

    /// A file that is written: `--result`. Streams are nobody's place.
    pub fn writes(&mut self, what: &str, path: &Path) {
        push(&mut self.written, what, path, false);
    }

    /// A file that is written, and may be in the place of what no document may replace: a script where a script is made.
    pub fn replaces(&mut self, what: &str, path: &Path) {
        push(&mut self.written, what, path, true);
    }

    /// What a script is made of, what is given with it, and what its project keeps.
    pub fn reads_run_of(&mut self, blueprint: &Blueprint, arguments: &ScriptArguments) {
        self.reads("the script", &arguments.script);
        for path in blueprint.sources.files() {
            self.reads("a module or a data file of the script", &path);
        }
        for path in tls_files(blueprint) {
            self.reads("a file of the option `tls`", Path::new(path));
        }
        for path in slos::files(&arguments.slos) {
            self.reads("the file of `--slo`", path);
        }
        let defaults = config::defaults_path(arguments.config.as_ref());
        self.reads("the file of `--config`", &defaults);
        let folder = arguments.script.parent().unwrap_or(Path::new(""));
        self.keeps_project(folder, None);
    }

    /// What the project around `folder` keeps.
    pub fn keeps_project(&mut self, folder: &Path, store: Option<&StoreArguments>) {
        self.keeps_history(&history::place(None, folder));
        let own = StoreArguments {
            baseline_file: None,
        };
        self.reads("the file of baselines", &own.path(folder));
        if let Some(store) = store {
            self.reads("the file of baselines", &store.path(folder));
        }
    }

    /// A history, and what lies beside it.
    pub fn keeps_history(&mut self, path: &Path) {
        self.reads("the history", path);
        for end in BESIDE_SQLITE {
            let mut name = path.as_os_str().to_owned();
            name.push(end);
            self.reads("a part of the history", Path::new(&name));
        }
    }

    /// Refuses outputs that would take the place of something.
    ///
    /// # Errors
    /// With the names of both.
    pub fn check(&self) -> Result<(), Failure> {
        let outputs: Vec<(&Named, Identity)> = self
            .written
            .iter()
            .map(|file| (file, Identity::of(&file.path)))
            .collect();
        let inputs: Vec<(&Named, Identity)> = self
            .read
            .iter()
            .map(|file| (file, Identity::of(&file.path)))
            .collect();
        for (at, (output, place)) in outputs.iter().enumerate() {
            let taken = inputs.iter().find(|(_, other)| other.is(place));
            if let Some((input, _)) = taken {
                return Err(refused(output, &input.what));
            }
            let mut earlier = outputs.iter().take(at);
            if let Some((other, _)) = earlier.find(|(_, other)| other.is(place)) {
                return Err(usage(&format!(
                    "error: {} and {} would be the same file, `{}`\nhelp: give each a file of its own",
                    other.what,
                    output.what,
                    output.path.display()
                )));
            }
            if !output.freely
                && let Some(what) = stands_there(&output.path)
            {
                return Err(refused(output, what));
            }
        }
        Ok(())
    }
}

fn push(files: &mut Vec<Named>, what: &str, path: &Path, freely: bool) {
    if !is_stream(path) {
        files.push(Named {
            what: what.to_owned(),
            path: path.to_owned(),
            freely,
        });
    }
}

fn usage(message: &str) -> Failure {
    Failure::new(exit::USAGE, harmless::text(message))
}

fn refused(output: &Named, what: &str) -> Failure {
    usage(&format!(
        "error: {} would write over `{}`, which is {what}\nhelp: name another file",
        output.what,
        output.path.display()
    ))
}

/// Standard output, devices and pipes hold nothing that could be lost.
fn is_stream(path: &Path) -> bool {
    path == Path::new("-")
        || fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

fn tls_files(blueprint: &Blueprint) -> Vec<&str> {
    let Some(tls) = blueprint.raw.get("tls") else {
        return Vec::new();
    };
    let named = TLS_FILES.iter().filter_map(|key| tls.get(key));
    named
        .flat_map(|value| match value.as_array() {
            Some(paths) => paths.iter().filter_map(|path| path.as_str()).collect(),
            None => value.as_str().into_iter().collect::<Vec<_>>(),
        })
        .collect()
}

/// What a file is on the disk.
struct Identity {
    /// Without links, and from the root.
    path: PathBuf,
    /// Device and number; none where there is no file yet.
    inode: Option<(u64, u64)>,
}

impl Identity {
    fn of(path: &Path) -> Self {
        Self {
            path: resolved(path),
            inode: inode(path),
        }
    }

    fn is(&self, other: &Self) -> bool {
        self.path == other.path || self.inode.is_some() && self.inode == other.inode
    }
}

/// Whether two paths are one file, which is there.
pub fn same_file(a: &Path, b: &Path) -> bool {
    a.exists() && Identity::of(a).is(&Identity::of(b))
}

#[cfg(unix)]
fn inode(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let found = fs::metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn inode(_: &Path) -> Option<(u64, u64)> {
    None
}

/// Links that lead to links are followed so often, as by Linux.
const MOST_LINKS: u32 = 40;

/// The path without links; of what is not there yet, as much as is.
fn resolved(path: &Path) -> PathBuf {
    followed(path, MOST_LINKS)
}

fn followed(path: &Path, links: u32) -> PathBuf {
    if let Ok(path) = path.canonicalize() {
        return path;
    }
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return path;
    };
    // A link to what is not there yet: it is made there.
    if links > 0
        && let Ok(target) = fs::read_link(&path)
    {
        return followed(&parent.join(target), links - 1);
    }
    followed(parent, links).join(name)
}

/// What is there already and is no older output.
fn stands_there(path: &Path) -> Option<&'static str> {
    let mut head = Vec::new();
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    if path.extension().is_some_and(|end| end == "rhai") {
        return Some("a script");
    }
    File::open(path)
        .ok()?
        .take(LOOKED_AT)
        .read_to_end(&mut head)
        .ok()?;
    if head.starts_with(SQLITE) {
        return Some("a history or another database");
    }
    let text = String::from_utf8_lossy(&head);
    text.contains("\"baselines\"")
        .then_some("a file of baselines")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(files: &Files) -> String {
        files
            .check()
            .map_err(|failure| failure.message)
            .unwrap_err()
    }

    #[test]
    fn an_output_in_the_place_of_an_input_is_refused_whatever_the_path_says() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("slo.toml"), "").unwrap();
        fs::create_dir(at("sub")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(at("slo.toml"), at("link")).unwrap();
        fs::hard_link(at("slo.toml"), at("hard")).unwrap();
        for output in ["slo.toml", "sub/../slo.toml", "link", "hard"] {
            let mut files = Files::default();
            files.reads("the file of `--slo`", &at("slo.toml"));
            files.writes("`--result`", &at(output));
            let told = refusal(&files);
            assert!(
                told.contains("`--result` would write over") && told.contains("`--slo`"),
                "{told}"
            );
        }
    }

    #[test]
    fn two_outputs_in_one_place_are_refused_even_where_there_is_no_folder_yet() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = Files::default();
        files.writes("`--result`", &folder.path().join("new/r"));
        files.writes("`--report html`", &folder.path().join("./new/r"));
        let told = refusal(&files);
        assert!(
            told.contains("`--result` and `--report html` would be the same file"),
            "{told}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_to_what_is_not_there_yet_are_followed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::os::unix::fs::symlink("later.json", at("one")).unwrap();
        std::os::unix::fs::symlink(at("one"), at("two")).unwrap();
        std::os::unix::fs::symlink("round", at("round")).unwrap();
        let mut files = Files::default();
        files.writes("`--result`", &at("one"));
        files.writes("`--report html`", &at("two"));
        assert!(files.check().is_err());
        let mut files = Files::default();
        files.writes("`--result`", &at("round"));
        files.writes("`--report html`", &at("later.json"));
        assert!(files.check().is_ok());
    }

    #[test]
    fn an_older_output_may_be_written_over_and_what_is_none_may_not() {
        let folder = tempfile::tempdir().unwrap();
        let over = |name: &str, content: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, content).unwrap();
            let mut files = Files::default();
            files.writes("`--out`", &path);
            files.check().map_err(|failure| failure.message)
        };
        over("old.json", b"{\"version\": 1}").unwrap();
        for (name, content, what) in [
            ("a.rhai", &b"fn iteration() {}"[..], "a script"),
            ("h", SQLITE, "a history"),
            (
                "b.json",
                b"{\n  \"version\": 1,\n  \"baselines\": []\n}",
                "a file of baselines",
            ),
        ] {
            let told = over(name, content).unwrap_err();
            assert!(told.contains(what), "{told}");
        }
    }

    #[test]
    fn streams_are_nobodys_place() {
        let mut files = Files::default();
        for path in ["-", "/dev/null"] {
            files.writes("`--result`", Path::new(path));
            files.writes("`--report html`", Path::new(path));
        }
        assert!(files.check().is_ok());
    }
}
