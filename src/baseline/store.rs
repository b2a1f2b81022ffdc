//! The file of baselines: read, searched, changed, and put back in one step.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::error::Category;

use super::{VERSION, layout, trim::trim};
use crate::compare::{Variation, same_plan};
use crate::project;
use crate::result::{RunResult, WriteError, write_baseline};

/// A file that is larger was not made for a repository.
const MOST_BYTES: u64 = 256 << 20;

/// Branches that others begin from, where a branch has no baseline of its own.
const TRUNKS: [&str; 4] = ["main", "master", "trunk", "develop"];

/// A run that is held to be normal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// What it is called; one name for each script or scenario that is compared.
    pub name: String,
    /// The branch that it is of; absent where there was none.
    #[serde(default)]
    pub branch: Option<String>,
    /// When it was kept (RFC 3339).
    pub saved_at: String,
    /// What a person wanted to say about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Clean runs in a row since, counted by `--promote-after`.
    #[serde(default)]
    pub clean_runs: u32,
    /// The last run that was counted, so that none is counted twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_counted: Option<String>,
    /// What it and the clean runs before and since came to: how much whole runs differ.
    #[serde(default, skip_serializing_if = "Variation::is_empty")]
    pub variation: Variation,
    /// The run: its targets are in `slos`, its scenarios in `options` and `scenarios`, its environment in `run`.
    pub result: RunResult,
}

impl Baseline {
    /// The run as a baseline, trimmed.
    pub fn new(name: &str, branch: Option<&str>, result: &RunResult, saved_at: String) -> Self {
        Self {
            name: name.to_owned(),
            branch: branch.map(str::to_owned),
            saved_at,
            note: None,
            clean_runs: 0,
            last_counted: None,
            variation: Variation::default(),
            result: trim(result),
        }
    }

    /// Remembers what another run of the same thing came to. One of another plan says nothing about how much runs differ.
    ///
    /// Gives back whether it is one of the same.
    pub fn remember(&mut self, run: &RunResult) -> bool {
        if !same_plan(&self.result, run) {
            return false;
        }
        if self.variation.is_empty() {
            self.variation.add(&self.result);
        }
        self.variation.add(run);
        true
    }

    /// As it is named in a sentence: `` `smoke` of branch main ``.
    pub fn title(&self) -> String {
        match &self.branch {
            Some(branch) => format!("`{}` of branch {branch}", self.name),
            None => format!("`{}`", self.name),
        }
    }
}

/// The file of baselines could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BaselineError {
    /// It could not be read.
    #[error("could not read the baselines in `{}`: {source}. Check the path and its permissions", path.display())]
    Io { path: PathBuf, source: io::Error },
    /// It ends in the middle.
    #[error("the file of baselines `{}` is cut off in line {line}. Take it from git again: `git checkout -- {}`", path.display(), path.display())]
    Truncated { path: PathBuf, line: usize },
    /// It is no file of baselines.
    #[error("`{}` is no file of baselines: {message}. `rhaid baseline save RESULT` makes one", path.display())]
    Wrong { path: PathBuf, message: String },
    /// It is of a version that this program does not know.
    #[error("the file of baselines `{}` has version {found}, and this rhaid reads version {VERSION}. Use the rhaid that wrote it, or a newer one", path.display())]
    UnknownVersion { path: PathBuf, found: String },
    /// It could not be written.
    #[error("{0}")]
    Write(#[from] WriteError),
}

/// The file's content.
#[derive(Serialize, Deserialize)]
struct Document {
    version: u32,
    baselines: Vec<Baseline>,
}

/// All baselines of a project.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    baselines: Vec<Baseline>,
}

/// A baseline, and whether it is of the branch that was asked for.
#[derive(Debug)]
pub struct Found<'a> {
    pub baseline: &'a Baseline,
    pub own_branch: bool,
}

/// What a clean run, or one that was not, has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CleanRun {
    /// So many in a row by now.
    Counted(u32),
    /// It was the last one needed, and is the baseline now.
    Promoted,
    /// The row begins anew.
    Reset,
    /// It had been counted before, or there was nothing to begin anew.
    Nothing,
}

impl Store {
    /// The baselines in the file at `path`; none where there is no file.
    ///
    /// # Errors
    /// [`BaselineError`] when there is one that cannot be read.
    pub fn open(path: &Path) -> Result<Self, BaselineError> {
        let bytes = match project::read(path, MOST_BYTES) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::empty(path)),
            Err(source) => {
                return Err(BaselineError::Io {
                    path: path.to_owned(),
                    source,
                });
            }
        };
        Ok(Self {
            path: path.to_owned(),
            baselines: parse(path, &bytes)?,
        })
    }

    fn empty(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            baselines: Vec::new(),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All of them, by name and then by branch.
    pub fn all(&self) -> &[Baseline] {
        &self.baselines
    }

    /// The baseline called `name` that is nearest to `branch`: of that branch, of none, of the trunk, else the newest.
    pub fn find(&self, name: &str, branch: Option<&str>) -> Option<Found<'_>> {
        let named: Vec<&Baseline> = self
            .baselines
            .iter()
            .filter(|known| known.name == name)
            .collect();
        let of =
            |wanted: Option<&str>| named.iter().find(|known| known.branch.as_deref() == wanted);
        if let Some(baseline) = of(branch) {
            return Some(Found {
                baseline,
                own_branch: true,
            });
        }
        let trunk = || TRUNKS.iter().find_map(|trunk| of(Some(trunk)));
        let newest = || named.iter().max_by(|a, b| a.saved_at.cmp(&b.saved_at));
        let baseline = of(None).or_else(trunk).or_else(newest)?;
        Some(Found {
            baseline,
            own_branch: false,
        })
    }

    /// The baseline of exactly that name and branch.
    pub fn exact(&self, name: &str, branch: Option<&str>) -> Option<&Baseline> {
        self.baselines
            .iter()
            .find(|known| known.name == name && known.branch.as_deref() == branch)
    }

    /// Puts a baseline in; the one of the same name and branch, if there was one, comes out.
    pub fn put(&mut self, baseline: Baseline) -> Option<Baseline> {
        let key = |baseline: &Baseline| (baseline.name.clone(), baseline.branch.clone());
        match self.baselines.binary_search_by_key(&key(&baseline), key) {
            Ok(at) => self
                .baselines
                .get_mut(at)
                .map(|place| std::mem::replace(place, baseline)),
            Err(at) => {
                self.baselines.insert(at, baseline);
                None
            }
        }
    }

    /// Counts a run against the baseline of that name and branch: after `needed` clean ones in a row the last of them takes its place.
    pub fn count(
        &mut self,
        name: &str,
        branch: Option<&str>,
        result: &RunResult,
        clean: bool,
        needed: u32,
        now: String,
    ) -> CleanRun {
        let known = self
            .baselines
            .iter_mut()
            .find(|known| known.name == name && known.branch.as_deref() == branch);
        let Some(known) = known else {
            return CleanRun::Nothing;
        };
        let run = Some(result.run.id.clone());
        if known.last_counted == run {
            return CleanRun::Nothing;
        }
        if !clean {
            let had_some = known.clean_runs > 0;
            known.clean_runs = 0;
            known.last_counted = run.filter(|_| had_some);
            return if had_some {
                CleanRun::Reset
            } else {
                CleanRun::Nothing
            };
        }
        known.clean_runs = known.clean_runs.saturating_add(1);
        known.last_counted = run;
        let of_the_same = known.remember(result);
        if known.clean_runs < needed {
            return CleanRun::Counted(known.clean_runs);
        }
        known.result = trim(result);
        known.saved_at = now;
        known.clean_runs = 0;
        if !of_the_same {
            known.variation = Variation::default();
        }
        CleanRun::Promoted
    }

    /// Writes the file: whole or not at all.
    ///
    /// # Errors
    /// [`BaselineError::Write`], with the file that was there before left untouched.
    pub fn save(&self) -> Result<(), BaselineError> {
        let document = Document {
            version: VERSION,
            baselines: self.baselines.clone(),
        };
        let value = serde_json::to_value(&document).unwrap_or(Value::Null);
        Ok(write_baseline(&self.path, &layout::text(&value))?)
    }
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Vec<Baseline>, BaselineError> {
    let file = || path.to_owned();
    let wrong = |error: serde_json::Error| match error.classify() {
        Category::Eof => BaselineError::Truncated {
            path: file(),
            line: error.line(),
        },
        _ => BaselineError::Wrong {
            path: file(),
            message: error.to_string(),
        },
    };
    let value: Value = serde_json::from_slice(bytes).map_err(wrong)?;
    match value.get("version") {
        Some(version) if *version == VERSION => {}
        Some(version) => {
            return Err(BaselineError::UnknownVersion {
                path: file(),
                found: version.to_string(),
            });
        }
        None => {
            return Err(BaselineError::Wrong {
                path: file(),
                message: "it has no `version`".to_owned(),
            });
        }
    }
    let document: Document = serde_json::from_slice(bytes).map_err(wrong)?;
    let mut baselines = document.baselines;
    // Somebody may have put an entry in by hand, or merged two.
    baselines.sort_by(|a, b| (&a.name, &a.branch).cmp(&(&b.name, &b.branch)));
    if let Some([double, _]) = baselines
        .array_windows()
        .find(|[a, b]| (&a.name, &a.branch) == (&b.name, &b.branch))
    {
        return Err(BaselineError::Wrong {
            path: file(),
            message: format!("it has {} twice", double.title()),
        });
    }
    Ok(baselines)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::result::sample;

    fn baseline(name: &str, branch: Option<&str>, saved_at: &str) -> Baseline {
        Baseline::new(name, branch, &sample::passing(), saved_at.to_owned())
    }

    fn store(baselines: &[(&str, Option<&str>, &str)]) -> Store {
        let mut store = Store::empty(Path::new("baseline.json"));
        for (name, branch, saved_at) in baselines {
            store.put(baseline(name, *branch, saved_at));
        }
        store
    }

    #[test]
    fn what_was_saved_is_read_back_and_written_the_same_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".performance/baseline.json");
        let mut store = Store::open(&path).unwrap();
        store.put(baseline("soak", None, "2026-01-02"));
        store.put(baseline("load", Some("main"), "2026-01-01"));
        store.save().unwrap();
        let first = fs::read_to_string(&path).unwrap();
        let again = Store::open(&path).unwrap();
        let names: Vec<&str> = again
            .all()
            .iter()
            .map(|baseline| baseline.name.as_str())
            .collect();
        assert_eq!(names, ["load", "soak"]);
        again.save().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), first);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn the_nearest_branch_is_taken() {
        let store = store(&[
            ("load", Some("feature/a"), "2026-01-03"),
            ("load", Some("main"), "2026-01-01"),
            ("load", Some("feature/b"), "2026-01-02"),
            ("soak", Some("feature/a"), "2026-01-01"),
            ("soak", Some("feature/b"), "2026-01-02"),
        ]);
        let found = |name, branch| {
            let found = store.find(name, branch)?;
            Some((
                found.baseline.branch.clone().unwrap_or_default(),
                found.own_branch,
            ))
        };
        assert_eq!(
            found("load", Some("feature/b")),
            Some(("feature/b".to_owned(), true))
        );
        assert_eq!(
            found("load", Some("feature/c")),
            Some(("main".to_owned(), false))
        );
        assert_eq!(found("load", None), Some(("main".to_owned(), false)));
        assert_eq!(
            found("soak", Some("main")),
            Some(("feature/b".to_owned(), false))
        );
        assert_eq!(found("spike", None), None);
    }

    #[test]
    fn a_baseline_moves_on_after_so_many_clean_runs_in_a_row() {
        let mut store = store(&[("load", None, "2026-01-01")]);
        let mut run = sample::passing();
        let mut count = |id: &str, clean| {
            run.run.id = id.to_owned();
            store.count("load", None, &run, clean, 3, "2026-02-02".to_owned())
        };
        assert_eq!(count("1", true), CleanRun::Counted(1));
        assert_eq!(count("1", true), CleanRun::Nothing);
        assert_eq!(count("2", true), CleanRun::Counted(2));
        assert_eq!(count("3", false), CleanRun::Reset);
        assert_eq!(count("4", false), CleanRun::Nothing);
        assert_eq!(count("5", true), CleanRun::Counted(1));
        assert_eq!(count("6", true), CleanRun::Counted(2));
        assert_eq!(count("7", true), CleanRun::Promoted);
        let kept = store.exact("load", None).unwrap();
        assert_eq!(
            (kept.result.run.id.as_str(), kept.saved_at.as_str()),
            ("7", "2026-02-02")
        );
        assert_eq!(kept.clean_runs, 0);
    }

    #[test]
    fn a_file_that_is_broken_foreign_or_newer_is_told_apart() {
        let error = |text: &str| {
            parse(Path::new("b.json"), text.as_bytes())
                .unwrap_err()
                .to_string()
        };
        let whole = layout::text(&serde_json::json!({ "version": 1, "baselines": [] }));
        assert!(error(&whole[..12]).contains("is cut off"));
        assert!(error("[]").contains("it has no `version`"));
        assert!(error(r#"{"version": 9, "baselines": 3}"#).contains("has version 9"));
        assert!(error("x").contains("is no file of baselines"));
        let twice = Document {
            version: VERSION,
            baselines: vec![baseline("load", None, "1"), baseline("load", None, "2")],
        };
        let text = serde_json::to_string(&twice).unwrap();
        assert!(error(&text).contains("it has `load` twice"));
    }

    #[test]
    fn baselines_kept_at_once_are_all_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".performance/baseline.json");
        std::thread::scope(|scope| {
            for number in 0..8 {
                let path = &path;
                scope.spawn(move || {
                    let _turn = crate::baseline::turn(path);
                    let mut store = Store::open(path).unwrap();
                    let name = format!("run {number}");
                    store.put(baseline(&name, None, "2026-01-01T00:00:00Z"));
                    store.save().unwrap();
                });
            }
        });
        assert_eq!(Store::open(&path).unwrap().baselines.len(), 8);
    }
}
