//! `--notify`: who is told of the end of a run, and when.

use std::path::Path;

use clap::{Args, ValueEnum};

use super::{Failure, complain, history};
use crate::exit;
use crate::history::{Filter, Store};
use crate::notify::{Link, News, Target, Wanted, deliver};
use crate::result::RunResult;

#[derive(Clone, Args)]
pub struct NotifyArguments {
    /// Tell of the end of the run: slack=URL, teams=URL, webhook=URL or email=smtp://…; env:NAME takes a secret from the environment; may be given several times.
    #[arg(
        long = "notify",
        value_name = "KIND=TARGET",
        env = "RHAID_NOTIFY",
        hide_env_values = true,
        value_delimiter = ' ',
        help_heading = "Notifications"
    )]
    // Read later: a mistake must not repeat the target.
    wanted: Vec<String>,
    /// When to tell: if the exit code is not 0, always, or if the verdict is another than that of the script's last run.
    #[arg(
        long = "notify-on",
        value_name = "WHEN",
        env = "RHAID_NOTIFY_ON",
        hide_env_values = true,
        value_enum,
        default_value = "failure",
        help_heading = "Notifications"
    )]
    on: When,
}

impl std::fmt::Debug for NotifyArguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} targets, on {:?}", self.wanted.len(), self.on)
    }
}

/// When a run's end is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum When {
    Failure,
    Change,
    Always,
}

/// Who is to be told, and whether.
#[derive(Debug)]
pub struct Notices {
    targets: Vec<Target>,
    on: When,
    /// How the script's last run ended, if there was one.
    before: Option<String>,
}

impl Notices {
    /// Reads all targets before the run, so that a mistake is told before an hour has passed.
    ///
    /// # Errors
    /// When a target cannot be used.
    pub fn begin(arguments: &NotifyArguments, script: &Path) -> Result<Self, Failure> {
        let wanted = arguments.wanted.iter().filter(|text| !text.is_empty());
        let targets: Result<Vec<_>, _> = wanted
            .map(|text| {
                text.parse::<Wanted>()?
                    .resolve(|name| std::env::var(name).ok())
            })
            .collect();
        let targets = targets
            .map_err(|error| Failure::new(exit::USAGE, format!("error: --notify: {error}")))?;
        let before = match arguments.on {
            When::Change if !targets.is_empty() => last_status(script),
            _ => None,
        };
        Ok(Self {
            targets,
            on: arguments.on,
            before,
        })
    }

    /// Tells of a run that is over. What goes wrong is only told: it changes nothing about the run.
    pub fn send(&self, result: &RunResult, exit_code: u8, result_path: Option<&Path>) {
        if self.targets.is_empty() || !self.is_due(result, exit_code) {
            return;
        }
        let news = News::of(
            result,
            result_path.map(|path| path.display().to_string()),
            links(|name| std::env::var(name).ok()),
        );
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        match runtime {
            Ok(runtime) => {
                let lost = runtime.block_on(deliver(&self.targets, &news));
                // A mail server that does not answer is not waited for.
                runtime.shutdown_background();
                for undelivered in lost {
                    complain(&format!("warning: {undelivered}"));
                }
            }
            Err(error) => complain(&format!("warning: nobody was notified: {error}")),
        }
    }

    fn is_due(&self, result: &RunResult, exit_code: u8) -> bool {
        match self.on {
            When::Always => true,
            When::Failure => exit_code != exit::PASS,
            // The first run changes something only if it does not pass.
            When::Change => match &self.before {
                Some(before) => *before != status(result),
                None => exit_code != exit::PASS,
            },
        }
    }
}

/// The verdict's status, as the history writes it.
fn status(result: &RunResult) -> String {
    serde_json::to_value(result.verdict.status)
        .ok()
        .and_then(|status| status.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// How the script's last run ended.
fn last_status(script: &Path) -> Option<String> {
    let folder = script.parent().unwrap_or(Path::new(""));
    let store = Store::open_if_there(&history::place(None, folder)).ok()??;
    let filter = Filter {
        script: Some(script.display().to_string()),
        limit: Some(1),
        ..Filter::default()
    };
    store.runs(&filter).ok()?.pop().map(|run| run.status)
}

/// Where the pipeline of this run is, by the variables that pipelines set.
fn links(variable: impl Fn(&str) -> Option<String>) -> Vec<Link> {
    let github = || {
        let (server, repository) = (
            variable("GITHUB_SERVER_URL")?,
            variable("GITHUB_REPOSITORY")?,
        );
        Some(format!(
            "{server}/{repository}/actions/runs/{}",
            variable("GITHUB_RUN_ID")?
        ))
    };
    // GitLab's, Jenkins'.
    let url = github()
        .or_else(|| variable("CI_JOB_URL"))
        .or_else(|| variable("BUILD_URL"));
    url.map(|url| Link {
        name: "Pipeline".to_owned(),
        url,
    })
    .into_iter()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::sample;

    #[test]
    fn by_default_only_what_is_not_a_pass_is_told() {
        let due = |on, before: Option<&str>, code| {
            let notices = Notices {
                targets: Vec::new(),
                on,
                before: before.map(str::to_owned),
            };
            notices.is_due(&sample::passing(), code)
        };
        assert!(due(When::Failure, None, 1) && !due(When::Failure, None, 0));
        assert!(due(When::Always, None, 0));
        assert!(!due(When::Change, Some("pass"), 0) && due(When::Change, Some("failed"), 0));
        assert!(!due(When::Change, None, 0) && due(When::Change, None, 2));
    }

    #[test]
    fn the_pipeline_is_linked() {
        let github = |name: &str| {
            Some(match name {
                "GITHUB_SERVER_URL" => "https://github.com".to_owned(),
                "GITHUB_REPOSITORY" => "a/b".to_owned(),
                "GITHUB_RUN_ID" => "7".to_owned(),
                _ => return None,
            })
        };
        assert_eq!(
            links(github)[0].url,
            "https://github.com/a/b/actions/runs/7"
        );
        assert!(links(|_| None).is_empty());
    }
}
