//! Where baselines are, and how the commands that compare with one find it.

use std::path::{Path, PathBuf};

use clap::Args;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::values::{clean_runs, fraction};
use super::{Failure, complain};
use crate::baseline::{self, Baseline, BaselineError, CleanRun, Found, Store};
use crate::compare::{Comparison, Verdict};
use crate::exit;
use crate::import;
use crate::project::Project;
use crate::report::regression;
use crate::result::{self, RunResult, VerdictStatus};
use crate::suggest::did_you_mean;

/// Before the name of a baseline, where a file could be meant as well.
pub const PREFIX: &str = "baseline:";

/// Where baselines are kept.
#[derive(Debug, Clone, Args)]
pub struct StoreArguments {
    /// The file of baselines [default: .performance/baseline.json in the project's folder].
    #[arg(
        long,
        value_name = "FILE",
        env = "RHAID_BASELINE_FILE",
        hide_env_values = true,
        help_heading = "Baseline"
    )]
    pub baseline_file: Option<PathBuf>,
}

/// How a run is held against another one, alike in each command that compares.
#[derive(Debug, Clone, Args)]
pub struct GateArguments {
    /// Exit with 1 when a figure is really worse than before by more than this: 5%.
    #[arg(long, value_name = "SHARE", value_parser = fraction, help_heading = "Baseline")]
    pub fail_on_regression: Option<f64>,
    /// After so many clean runs in a row, the last of them takes the baseline's place.
    #[arg(long, value_name = "N", value_parser = clean_runs, help_heading = "Baseline")]
    pub promote_after: Option<u32>,
    #[command(flatten)]
    pub store: StoreArguments,
}

impl GateArguments {
    /// A command without anything to compare with has nothing for these to say.
    ///
    /// # Errors
    /// Names the flag that was given all the same.
    pub fn says_nothing(&self) -> Result<(), Failure> {
        let given = [
            ("--fail-on-regression", self.fail_on_regression.is_some()),
            ("--promote-after", self.promote_after.is_some()),
        ];
        match given.iter().find(|(_, given)| *given) {
            None => Ok(()),
            Some((flag, _)) => Err(Failure::new(
                exit::USAGE,
                format!(
                    "error: {flag} needs something to compare with\nhelp: name a baseline: --baseline NAME"
                ),
            )),
        }
    }
}

impl StoreArguments {
    /// The file, for a script or a result in `folder`.
    pub fn path(&self, folder: &Path) -> PathBuf {
        match &self.baseline_file {
            Some(path) => path.clone(),
            None => default_path(folder),
        }
    }
}

/// The file in the project around `folder`, written as shortly as it can be.
fn default_path(folder: &Path) -> PathBuf {
    let path = Project::of(folder).root().join(baseline::FILE);
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    match here
        .ok()
        .and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned))
    {
        Some(short) => short,
        None => path,
    }
}

impl From<BaselineError> for Failure {
    fn from(error: BaselineError) -> Self {
        let code = match error {
            BaselineError::Write(_) => exit::CANNOT_WRITE,
            _ => exit::SCRIPT,
        };
        Self::new(code, format!("error: {error}"))
    }
}

/// The result in a file, of whatever tool.
pub fn read_result(path: &Path) -> Result<RunResult, Failure> {
    Ok(import::read(path, None)?.result)
}

/// The baseline called `name` that fits the branch, and a word about it if it is of another.
pub fn find<'a>(
    store: &'a Store,
    name: &str,
    branch: Option<&str>,
) -> Result<&'a Baseline, Failure> {
    let Some(Found {
        baseline,
        own_branch,
    }) = store.find(name, branch)
    else {
        return Err(missing(store, name));
    };
    if !own_branch && let Some(branch) = branch {
        let other = baseline.branch.as_deref().unwrap_or("none");
        complain(&format!(
            "note: there is no baseline `{name}` of branch {branch}; that of branch {other} is taken"
        ));
    }
    Ok(baseline)
}

/// There is no baseline of that name.
pub fn missing(store: &Store, name: &str) -> Failure {
    let mut names: Vec<&str> = store
        .all()
        .iter()
        .map(|baseline| baseline.name.as_str())
        .collect();
    names.dedup();
    let file = store.path().display();
    let help = match (did_you_mean(name, names.iter().copied()), names.as_slice()) {
        (Some(meant), _) => meant,
        (None, []) => format!("keep one with `rhaid baseline save RESULT --name {name}`"),
        (None, names) => format!("there are: {}", names.join(", ")),
    };
    Failure::new(
        exit::NO_INPUT,
        format!("error: there is no baseline `{name}` in `{file}`\nhelp: {help}"),
    )
}

/// The branch that a result is of.
pub fn branch_of(result: &RunResult) -> Option<&str> {
    result.run.git.as_ref()?.branch.as_deref()
}

/// Now, as documents write it.
pub fn now() -> String {
    OffsetDateTime::now_utc()
        .replace_nanosecond(0)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
        .format(&Rfc3339)
        .unwrap_or_default()
}

/// What of a comparison is worse by more than `threshold`, in sentences.
pub fn regressions(comparison: &Comparison, threshold: Option<f64>) -> Vec<String> {
    let Some(threshold) = threshold else {
        return Vec::new();
    };
    let label = &comparison.before.label;
    comparison
        .regressions(threshold)
        .into_iter()
        .map(|row| regression(row, label))
        .collect()
}

/// More reasons than this are only counted.
const MOST_REASONS: usize = 10;

/// What a comparison makes of a run's own verdict: a regression asks for a review, which `strict` makes a block.
pub fn weigh(verdict: &mut result::Verdict, mut reasons: Vec<String>) {
    if reasons.is_empty() {
        return;
    }
    let left = reasons.len().saturating_sub(MOST_REASONS);
    reasons.truncate(MOST_REASONS);
    if left > 0 {
        reasons.push(format!("{left} other figures are worse, too"));
    }
    verdict.reasons.extend(reasons);
    if verdict.exit_code == exit::PASS {
        verdict.exit_code = if verdict.strict {
            exit::BLOCKED
        } else {
            exit::REVIEW
        };
    }
    if matches!(verdict.status, VerdictStatus::Pass | VerdictStatus::Warning) {
        verdict.status = VerdictStatus::Failed;
    }
}

/// Counts a run for `--promote-after`, and says what came of it. A run is clean that ended with 0 and is not worse.
pub fn count(
    store: &mut Store,
    name: &str,
    result: &RunResult,
    comparison: Option<&Comparison>,
    needed: u32,
) -> Result<String, Failure> {
    let branch = branch_of(result);
    let clean = result.verdict.exit_code == exit::PASS
        && comparison.is_none_or(|comparison| comparison.verdict != Verdict::Worse);
    if store.exact(name, branch).is_none() {
        if let Some(Found { baseline, .. }) = store.find(name, branch) {
            return Ok(format!(
                "baseline {} stays as it is: this run is of another branch. `rhaid baseline promote` makes it one of its own",
                baseline.title()
            ));
        }
        if !clean {
            return Ok(format!(
                "there is no baseline `{name}` yet, and this run is not clean, so it becomes none"
            ));
        }
        let baseline = Baseline::new(name, branch, result, now());
        let title = baseline.title();
        store.put(baseline);
        store.save()?;
        return Ok(format!("this run is the first baseline {title}"));
    }
    let outcome = store.count(name, branch, result, clean, needed, now());
    if outcome != CleanRun::Nothing {
        store.save()?;
    }
    Ok(match outcome {
        CleanRun::Counted(runs) => {
            format!("baseline `{name}`: {runs} of {needed} clean runs in a row")
        }
        CleanRun::Promoted => format!(
            "baseline `{name}`: this run takes its place, after {needed} clean runs in a row"
        ),
        CleanRun::Reset => format!("baseline `{name}`: not a clean run, so counting begins anew"),
        CleanRun::Nothing => format!("baseline `{name}` stays as it is"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::sample;

    #[test]
    fn a_regression_asks_for_a_review_and_never_makes_a_verdict_milder() {
        let weighed = |exit_code, status, strict| {
            let mut verdict = sample::passing().verdict;
            (verdict.exit_code, verdict.status, verdict.strict) = (exit_code, status, strict);
            weigh(&mut verdict, vec!["slower".to_owned()]);
            (verdict.exit_code, verdict.status)
        };
        let failed = VerdictStatus::Failed;
        assert_eq!(weighed(0, VerdictStatus::Pass, false), (1, failed));
        assert_eq!(weighed(0, VerdictStatus::Pass, true), (2, failed));
        assert_eq!(weighed(1, VerdictStatus::Warning, false), (1, failed));
        assert_eq!(weighed(2, failed, false), (2, failed));
        assert_eq!(
            weighed(130, VerdictStatus::Interrupted, true),
            (130, VerdictStatus::Interrupted)
        );
        let mut verdict = sample::passing().verdict;
        weigh(&mut verdict, Vec::new());
        assert_eq!(verdict, sample::passing().verdict);
    }
}
