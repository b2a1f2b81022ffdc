//! `rhaid compare`: what changed between two runs.

use std::path::Path;

use clap::Args;

use super::baselines::{
    GateArguments, PREFIX, branch_of, count, find, missing, read_result, regressions,
};
use super::outputs::same_file;
use super::values::{Format, margin};
use super::{Failure, complain, print};
use crate::baseline::{Store, turn};
use crate::compare::{Comparison, Labelled, Variation, Verdict, compare};
use crate::exit;
use crate::report::{Look, render_comparison};
use crate::result::{Outcome, RunResult};

#[derive(Debug, Args)]
#[command(
    override_usage = "rhaid compare <BEFORE> <AFTER> [OPTIONS]",
    after_help = "\
Examples:
  rhaid compare results/old.json results/new.json
  rhaid compare baseline:smoke results/new.json --fail-on-regression 5%
  rhaid compare smoke results/new.json --all                a baseline, where no file is called so
  rhaid compare old.json new.json --quiet --format json | jq .verdict

Each is a result file, of rhaid or of another tool that `rhaid validate` reads, or a baseline. Each figure is worse, better, the same, or there is too little to tell; what is real is told by a block bootstrap over the runs' intervals (docs/compare.md). The exit code is 0, or with --fail-on-regression 1 where something is worse by more than that, or where the second run did not come to its end (2 with --strict)."
)]
pub struct CompareArguments {
    /// The run that is held to be normal: a result file, or baseline:NAME.
    pub before: String,
    /// The run that is judged by it.
    pub after: String,
    /// The smallest relative change that matters.
    #[arg(long, value_name = "SHARE", default_value = "2%", value_parser = margin)]
    pub margin: f64,
    /// Exit with 2 where it would be 1.
    #[arg(
        long,
        env = "RHAID_STRICT",
        hide_env_values = true,
        value_parser = clap::builder::FalseyValueParser::new()
    )]
    pub strict: bool,
    #[command(flatten)]
    pub gate: GateArguments,
    /// Show every figure, not only what changed and the main ones.
    #[arg(short, long)]
    pub all: bool,
    /// Show only what --fail-on-regression finds.
    #[arg(short, long)]
    pub quiet: bool,
    /// How the comparison is written.
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// A run that is compared: what the user calls it, and the baseline's name if it is one.
struct Chosen {
    label: String,
    result: RunResult,
    baseline: Option<String>,
    /// How much its runs differ, where it is a baseline of several.
    variation: Variation,
}

impl Chosen {
    fn labelled(&self) -> Labelled<'_> {
        Labelled {
            label: &self.label,
            result: &self.result,
        }
    }
}

/// Compares two runs; 0 unless something is worse by more than it may be.
pub fn run(arguments: CompareArguments) -> Result<u8, Failure> {
    let mut store = None;
    // Which baseline is meant depends on the branch of the other run, so that one is read first.
    let after = choose(&arguments.after, &arguments, None, &mut store)?;
    let branch = branch_of(&after.result).map(str::to_owned);
    let before = choose(&arguments.before, &arguments, branch.as_deref(), &mut store)?;
    if arguments.gate.promote_after.is_some() && before.baseline.is_none() {
        return Err(Failure::new(
            exit::USAGE,
            format!(
                "error: `{}` is no baseline, so nothing can be promoted\nhelp: compare with {PREFIX}NAME, or leave --promote-after away",
                before.label
            ),
        ));
    }
    let comparison = compare(
        before.labelled(),
        after.labelled(),
        arguments.margin,
        &before.variation,
    );
    let one_file = before.baseline.is_none()
        && after.baseline.is_none()
        && same_file(Path::new(&before.label), Path::new(&after.label));
    let comparison = match one_file {
        true => comparison.of_same_run(),
        false => comparison,
    };
    show(&comparison, &arguments)?;
    let mut reasons = regressions(&comparison, arguments.gate.fail_on_regression);
    for reason in &reasons {
        complain(&format!("regression: {reason}"));
    }
    if arguments.gate.fail_on_regression.is_some() {
        if let Some(why) = unfinished(&after) {
            complain(&format!("regression: {why}"));
            reasons.push(why);
        } else if comparison.verdict == Verdict::CannotTell {
            complain(
                "note: nothing is worse for certain, but there is too little to tell of the main figures that nothing is: no proof of a good run (help: longer runs, or more requests)",
            );
        }
    }
    if let (Some(needed), Some(name), Some(store)) =
        (arguments.gate.promote_after, &before.baseline, &mut store)
    {
        let path = store.path().to_owned();
        let _turn = turn(&path);
        *store = Store::open(&path)?;
        let said = count(store, name, &after.result, Some(&comparison), needed)?;
        if !arguments.quiet {
            complain(&format!("note: {said}"));
        }
    }
    Ok(match reasons.is_empty() {
        true => exit::PASS,
        false if arguments.strict => exit::BLOCKED,
        false => exit::REVIEW,
    })
}

/// A run that did not come to its end cannot be shown to be no worse: what it would have come to, nobody knows.
fn unfinished(after: &Chosen) -> Option<String> {
    let how = match &after.result.run.outcome {
        Outcome::Completed => return None,
        Outcome::Interrupted => "was interrupted".to_owned(),
        Outcome::Aborted { reason, .. } => format!("was aborted: {reason}"),
        Outcome::SetupFailed { reason } => format!("failed in its setup: {reason}"),
    };
    Some(format!(
        "`{}` {how}; that nothing is worse cannot be said of a run that did not come to its end",
        after.label
    ))
}

fn show(comparison: &Comparison, arguments: &CompareArguments) -> Result<(), Failure> {
    match arguments.format {
        Format::Json => {
            let text = serde_json::to_string_pretty(comparison)
                .map_err(|error| Failure::new(exit::INTERNAL, format!("error: {error}")))?;
            print(&format!("{text}\n"))
        }
        Format::Text if arguments.quiet => Ok(()),
        Format::Text => {
            let term = console::Term::stdout();
            let look = Look {
                width: match term.is_term() {
                    true => usize::from(term.size().1),
                    false => 100,
                },
                colour: console::colors_enabled(),
                ..Look::default()
            };
            print(&render_comparison(comparison, &look, arguments.all))?;
            if comparison.verdict == Verdict::CannotTell && comparison.method.intervals == 0 {
                complain(
                    "note: a summary does not tell how much a run varied; results of rhaid do, and other tools' files of samples",
                );
            }
            Ok(())
        }
    }
}

/// The result file or baseline that `text` names.
fn choose(
    text: &str,
    arguments: &CompareArguments,
    branch: Option<&str>,
    store: &mut Option<Store>,
) -> Result<Chosen, Failure> {
    let path = Path::new(text);
    let named = text.strip_prefix(PREFIX);
    if named.is_none() && (path.exists() || text.contains(['/', '\\']) || text.ends_with(".json")) {
        return Ok(Chosen {
            label: text.to_owned(),
            result: read_result(path)?,
            baseline: None,
            variation: Variation::default(),
        });
    }
    let name = named.unwrap_or(text);
    let store = match store {
        Some(store) => store,
        None => store.insert(Store::open(&arguments.gate.store.path(Path::new(".")))?),
    };
    if named.is_none() && store.find(name, branch).is_none() {
        let failure = missing(store, name);
        return Err(Failure::new(
            failure.code,
            format!(
                "error: `{text}` is neither a file nor a baseline\n{}",
                failure.message
            ),
        ));
    }
    let baseline = find(store, name, branch)?;
    Ok(Chosen {
        label: format!("baseline {}", baseline.title()),
        result: baseline.result.clone(),
        baseline: Some(name.to_owned()),
        variation: baseline.variation.clone(),
    })
}
