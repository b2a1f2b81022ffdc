//! Writing a result: whole or not at all, and never over another run's file by accident.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use time::macros::format_description;

use super::RunResult;
use super::place::{Place, make_parent, stream};

/// The folder that results go to when no path was given.
const FOLDER: &str = "results";

/// A result, or what else is kept of one, could not be written: where, what happened, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("could not write the {what} to `{}`: {step}: {source}. {}", path.display(), self.fix())]
pub struct WriteError {
    /// The file that was to be written.
    pub path: PathBuf,
    what: What,
    step: Step,
    source: io::Error,
}

/// What was to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum What {
    #[error("result")]
    Result,
    #[error("report")]
    Report,
    #[error("baselines")]
    Baseline,
    #[error("table")]
    Table,
}

/// The step of writing that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Step {
    #[error("the folder could not be made")]
    Folder,
    #[error("the result could not be turned into JSON")]
    Encode,
    #[error("the file could not be created")]
    Create,
    #[error("the data could not be stored")]
    Store,
    #[error("the finished file could not be put in its place")]
    Rename,
}

impl WriteError {
    /// What the user can do about it, in a sentence.
    pub fn fix(&self) -> String {
        let elsewhere = match self.what {
            What::Result => "or give another path with `--result FILE`",
            What::Report => "or give another path",
            What::Baseline => "or give another path with `--baseline-file FILE`",
            What::Table => "or give another path",
        };
        match self.source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                format!("Free some space on that disk, {elsewhere}")
            }
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                format!("Allow writing to that folder, {elsewhere}")
            }
            ErrorKind::IsADirectory if self.what != What::Result => {
                "Name a file inside that folder".to_owned()
            }
            ErrorKind::IsADirectory => {
                "Name a file inside that folder: `--result FOLDER/run.json`".to_owned()
            }
            ErrorKind::InvalidInput if self.what == What::Report => {
                "Name a file, or `-` for standard output".to_owned()
            }
            ErrorKind::InvalidInput => {
                "Name a file with `--result FILE`, or `/dev/stdout` to pass the result on"
                    .to_owned()
            }
            ErrorKind::NotADirectory | ErrorKind::AlreadyExists if self.step == Step::Folder => {
                format!("A file stands where a folder is needed: move it away, {elsewhere}")
            }
            _ => format!("Check that the path is right and the disk in order, {elsewhere}"),
        }
    }
}

/// The document as it is written: indented JSON with a newline at its end.
///
/// # Errors
/// When a value of `options` cannot be written as JSON.
pub fn to_json(result: &RunResult) -> serde_json::Result<String> {
    let mut text = serde_json::to_string_pretty(result)?;
    text.push('\n');
    Ok(text)
}

/// Writes `result` to `path`, making the folders above it, and replacing what was there.
///
/// The data goes to a temporary file beside the target, which then takes the target's place: a reader sees the old file or
/// the new one, never half of one. A path that is no regular file (`/dev/stdout`, a device) is written to as it stands, and never
/// replaced.
///
/// # Errors
/// [`WriteError`], with the file that was there before left untouched.
pub fn write(path: &Path, result: &RunResult) -> Result<(), WriteError> {
    let text = to_json(result).map_err(|error| WriteError {
        path: path.to_owned(),
        what: What::Result,
        step: Step::Encode,
        source: io::Error::other(error),
    })?;
    put(path, What::Result, text.as_bytes())
}

/// Writes a report to `path` as [`write`] does a result: whole or not at all.
///
/// # Errors
/// [`WriteError`], with the file that was there before left untouched.
pub fn write_report(path: &Path, text: &str) -> Result<(), WriteError> {
    put(path, What::Report, text.as_bytes())
}

/// Writes the file of baselines to `path` as [`write`] does a result: whole or not at all.
///
/// # Errors
/// [`WriteError`], with the file that was there before left untouched.
pub fn write_baseline(path: &Path, text: &str) -> Result<(), WriteError> {
    put(path, What::Baseline, text.as_bytes())
}

/// Writes a table of figures to `path` as [`write`] does a result: whole or not at all.
///
/// # Errors
/// [`WriteError`], with the file that was there before left untouched.
pub fn write_table(path: &Path, table: &[u8]) -> Result<(), WriteError> {
    put(path, What::Table, table)
}

fn put(path: &Path, what: What, data: &[u8]) -> Result<(), WriteError> {
    let at = |step| {
        move |source| WriteError {
            path: path.to_owned(),
            what,
            step,
            source,
        }
    };
    make_parent(path).map_err(at(Step::Folder))?;
    match Place::of(path).map_err(at(Step::Create))? {
        Place::Output => all(io::stdout(), data).map_err(at(Step::Store)),
        Place::Errors => all(io::stderr(), data).map_err(at(Step::Store)),
        Place::Stream(target) => stream(&target, data).map_err(at(Step::Store)),
        Place::File(target) => replace(&target, data).map_err(|(step, source)| at(step)(source)),
    }
}

fn all(mut out: impl Write, data: &[u8]) -> io::Result<()> {
    out.write_all(data)?;
    out.flush()
}

/// Tries whether a result could be written now to `path`, or without one to the folder of [`write_default`]. Makes the
/// folders, and leaves nothing else behind.
///
/// # Errors
/// What [`write`] would say. A disk that is full by then is not foreseen.
pub fn probe(path: Option<&Path>) -> Result<(), WriteError> {
    let default = Path::new(FOLDER).join("result.json");
    try_out(path.unwrap_or(&default), What::Result)
}

/// Tries whether a report could be written now to `path`.
///
/// # Errors
/// What [`write_report`] would say.
pub fn probe_report(path: &Path) -> Result<(), WriteError> {
    try_out(path, What::Report)
}

/// Tries whether the file of baselines could be written now to `path`.
///
/// # Errors
/// What [`write_baseline`] would say.
pub fn probe_baseline(path: &Path) -> Result<(), WriteError> {
    try_out(path, What::Baseline)
}

fn try_out(path: &Path, what: What) -> Result<(), WriteError> {
    let at = |step| {
        move |source| WriteError {
            path: path.to_owned(),
            what,
            step,
            source,
        }
    };
    make_parent(path).map_err(at(Step::Folder))?;
    if let Place::File(target) = Place::of(path).map_err(at(Step::Create))? {
        let (temporary, _) = temporary_beside(&target).map_err(at(Step::Create))?;
        let _ = fs::remove_file(temporary);
    }
    Ok(())
}

/// Writes `result` to a new file in the folder `results`: `<YYYYMMDD-HHMMSS>-<script>.json`, with `-2`, `-3` … where that name
/// is taken. Returns the path. Two runs that begin in the same second do not meet in one file, since the name is
/// taken in the same step that finds it free.
///
/// # Errors
/// [`WriteError`]; no empty file is left behind.
pub fn write_default(
    started_at: OffsetDateTime,
    script: &Path,
    result: &RunResult,
) -> Result<PathBuf, WriteError> {
    write_new_in(Path::new(FOLDER), started_at, script, result)
}

/// The path that [`write_default`] would choose now.
pub fn default_path(started_at: OffsetDateTime, script: &Path) -> PathBuf {
    candidates(Path::new(FOLDER), started_at, script)
        .find(|path| fs::symlink_metadata(path).is_err())
        .unwrap_or_default()
}

fn write_new_in(
    folder: &Path,
    started_at: OffsetDateTime,
    script: &Path,
    result: &RunResult,
) -> Result<PathBuf, WriteError> {
    let mut path = PathBuf::new();
    for candidate in candidates(folder, started_at, script) {
        path = candidate;
        make_parent(&path).map_err(|source| WriteError {
            path: path.clone(),
            what: What::Result,
            step: Step::Folder,
            source,
        })?;
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(_) => break,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(source) => {
                return Err(WriteError {
                    path,
                    what: What::Result,
                    step: Step::Create,
                    source,
                });
            }
        }
    }
    write(&path, result).inspect_err(|_| {
        let _ = fs::remove_file(&path);
    })?;
    Ok(path)
}

/// The names to try, in order; without end.
fn candidates(
    folder: &Path,
    started_at: OffsetDateTime,
    script: &Path,
) -> impl Iterator<Item = PathBuf> {
    let stamp = started_at
        .format(format_description!(
            "[year][month][day]-[hour][minute][second]"
        ))
        .unwrap_or_else(|_| started_at.unix_timestamp().to_string());
    let base = format!("{stamp}-{}", plain_stem(script));
    let folder = folder.to_owned();
    (1u64..).map(move |n| match n {
        1 => folder.join(format!("{base}.json")),
        _ => folder.join(format!("{base}-{n}.json")),
    })
}

/// The script's name without folder and extension, of characters that need no quoting anywhere.
fn plain_stem(script: &Path) -> String {
    let stem: String = script
        .file_stem()
        .map(|stem| stem.to_string_lossy())
        .unwrap_or_default()
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '-'
            }
        })
        .take(80)
        .collect();
    let stem = stem.trim_matches(['-', '.']);
    if stem.is_empty() {
        "run".to_owned()
    } else {
        stem.to_owned()
    }
}

/// Puts `data` in the place of `target` in one step.
fn replace(target: &Path, data: &[u8]) -> Result<(), (Step, io::Error)> {
    let (temporary, file) = temporary_beside(target).map_err(|error| (Step::Create, error))?;
    let stored = store(file, data).map_err(|error| (Step::Store, error));
    let placed =
        stored.and_then(|()| fs::rename(&temporary, target).map_err(|error| (Step::Rename, error)));
    if placed.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    placed
}

/// Nothing waits for the disk itself: on one that is busy that takes minutes, and a run must not hang at its end.
fn store(mut file: File, data: &[u8]) -> io::Result<()> {
    file.write_all(data)
}

/// A new hidden file in the target's folder, since a rename must not cross file systems.
fn temporary_beside(target: &Path) -> io::Result<(PathBuf, File)> {
    let Some(name) = target.file_name() else {
        return Err(ErrorKind::IsADirectory.into());
    };
    let mut last = ErrorKind::AlreadyExists.into();
    for attempt in 0..100 {
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}-{attempt}.tmp", std::process::id()));
        let path = target.with_file_name(hidden);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::{read, sample};
    use time::macros::datetime;

    const START: OffsetDateTime = datetime!(2026-03-01 09:05:07 UTC);

    fn names_in(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn folders_are_made_and_nothing_but_the_result_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/run.json");
        write(&path, &sample::passing()).unwrap();
        write(&path, &sample::failing()).unwrap();
        assert_eq!(names_in(path.parent().unwrap()), ["run.json"]);
        assert_eq!(read(&path).unwrap(), sample::failing());
    }

    #[test]
    fn a_default_name_is_made_of_start_and_script_and_never_taken_twice() {
        let folder = tempfile::tempdir().unwrap();
        let script = Path::new("scripts/my smoke.rhai");
        for _ in 0..3 {
            write_new_in(folder.path(), START, script, &sample::passing()).unwrap();
        }
        assert_eq!(
            names_in(folder.path()),
            [
                "20260301-090507-my-smoke-2.json",
                "20260301-090507-my-smoke-3.json",
                "20260301-090507-my-smoke.json"
            ]
        );
    }

    #[test]
    fn the_default_path_lies_in_the_results_folder() {
        let path = default_path(START, Path::new("-"));
        assert_eq!(path, Path::new("results/20260301-090507-run.json"));
    }

    #[test]
    fn a_probe_finds_what_would_go_wrong_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        probe(Some(&folder.path().join("new/run.json"))).unwrap();
        assert!(names_in(&folder.path().join("new")).is_empty());
        let error = probe(Some(folder.path())).unwrap_err().to_string();
        assert!(error.contains("--result FOLDER/run.json"), "{error}");
    }

    #[test]
    fn a_folder_in_the_place_of_the_file_is_refused_with_a_way_out() {
        let folder = tempfile::tempdir().unwrap();
        let error = write(folder.path(), &sample::passing())
            .unwrap_err()
            .to_string();
        assert!(error.contains("--result FOLDER/run.json"), "{error}");
        assert!(names_in(folder.path()).is_empty());
    }

    #[test]
    fn a_file_in_the_place_of_a_folder_is_refused_with_a_way_out() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("results"), "").unwrap();
        let path = folder.path().join("results/run.json");
        let error = write(&path, &sample::passing()).unwrap_err().to_string();
        assert!(
            error.contains("A file stands where a folder is needed"),
            "{error}"
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_named_and_the_device_is_not_replaced() {
        let error = write(Path::new("/dev/full"), &sample::passing()).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("`/dev/full`"), "{text}");
        assert!(text.contains("No space left on device"), "{text}");
        assert!(
            text.contains("Free some space on that disk, or give another path"),
            "{text}"
        );
        assert!(!fs::metadata("/dev/full").unwrap().is_file());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_the_file_behind_it_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (
            folder.path().join("file.json"),
            folder.path().join("latest.json"),
        );
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write(&link, &sample::passing()).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(read(&file).unwrap(), sample::passing());
    }
}
