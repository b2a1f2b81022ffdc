//! `rhaid baseline`: keeps runs that others are held against.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::baselines::{StoreArguments, branch_of, find, missing, now, read_result};
use super::outputs::Files;
use super::values::Format;
use super::{Failure, print, print_plain};
use crate::baseline::{Baseline, Store};
use crate::compare::{Variation, same_plan};
use crate::exit;
use crate::metrics::Builtin;
use crate::report::format::{latency, percent, plural, span};
use crate::report::{Look, lines_of};
use crate::result::RunResult;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rhaid baseline save results/smoke.json                      under the script's name
  rhaid baseline save results/load.json --name load --note \"before the new pool\"
  rhaid baseline save results/load-*.json                     the last one, and how much all of them differ
  rhaid baseline list
  rhaid baseline show load
  rhaid baseline promote results/load.json                    it takes the old one's place
  rhaid run load.rhai --baseline load --fail-on-regression 5%

Baselines are in .performance/baseline.json, one for each name and branch; put that file under version control.")]
pub struct BaselineArguments {
    #[command(subcommand)]
    pub command: BaselineCommand,
}

#[derive(Debug, Subcommand)]
pub enum BaselineCommand {
    /// Keep a run as a baseline; one that is there already stays.
    Save(KeepArguments),
    /// Make a run the baseline in the place of the one that is there.
    Promote(KeepArguments),
    /// List all baselines.
    List(ListArguments),
    /// Show one baseline.
    Show(ShowArguments),
}

#[derive(Debug, Args)]
pub struct KeepArguments {
    /// The run's result file; of several the last one is kept, and the others tell how much runs differ.
    #[arg(required = true, value_name = "RESULT")]
    pub results: Vec<PathBuf>,
    /// What the baseline is called [default: the script's name].
    #[arg(long)]
    pub name: Option<String>,
    /// The branch that it is of [default: the run's].
    #[arg(long)]
    pub branch: Option<String>,
    /// A word about it.
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// Keep it even if the run did not pass, and in the place of what is there.
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub store: StoreArguments,
}

#[derive(Debug, Args)]
pub struct ListArguments {
    #[command(flatten)]
    pub store: StoreArguments,
    /// How the list is written.
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct ShowArguments {
    /// The baseline's name.
    pub name: String,
    /// The branch that it is of [default: the nearest to the trunk].
    #[arg(long)]
    pub branch: Option<String>,
    #[command(flatten)]
    pub store: StoreArguments,
    /// How it is written: as JSON it is a result.
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// Runs one of its commands.
pub fn run(arguments: BaselineArguments) -> Result<u8, Failure> {
    match arguments.command {
        BaselineCommand::Save(arguments) => keep(arguments, false),
        BaselineCommand::Promote(arguments) => keep(arguments, true),
        BaselineCommand::List(arguments) => list(&arguments),
        BaselineCommand::Show(arguments) => show(&arguments),
    }
}

fn usage(message: String) -> Failure {
    Failure::new(exit::USAGE, message)
}

fn keep(arguments: KeepArguments, replace: bool) -> Result<u8, Failure> {
    let path = arguments.store.path(Path::new("."));
    let Some((last, earlier)) = arguments.results.split_last() else {
        return Err(usage("error: which run is to be kept?".to_owned()));
    };
    let mut files = Files::default();
    for result in &arguments.results {
        files.reads("the result", result);
    }
    files.replaces("`--baseline-file`", &path);
    files.check()?;
    let result = read_good(last, arguments.force)?;
    let earlier = earlier.iter().map(|path| {
        let run = read_good(path, arguments.force)?;
        match same_plan(&result, &run) {
            true => Ok(run),
            false => Err(usage(format!(
                "error: the run in `{}` did something else than the one in `{}`, so how much they differ says nothing\nhelp: `rhaid compare` of the two tells in what; take runs with the same options",
                path.display(),
                last.display()
            ))),
        }
    });
    let earlier: Vec<RunResult> = earlier.collect::<Result<_, Failure>>()?;
    let _turn = crate::baseline::turn(&path);
    let mut store = Store::open(&path)?;
    let name = match arguments.name {
        Some(name) => name,
        None => script_name(&result.run.script),
    };
    if name.trim().is_empty() || name.contains(char::is_control) {
        return Err(usage(
            "error: a baseline needs a name\nhelp: give one with --name".to_owned(),
        ));
    }
    let branch = arguments.branch.as_deref().or(branch_of(&result));
    let old = store.exact(&name, branch);
    if let Some(old) = old.filter(|_| !replace && !arguments.force) {
        return Err(usage(format!(
            "error: there is a baseline {} already: {}\nhelp: `rhaid baseline promote {}` puts this run in its place; --name gives it another name",
            old.title(),
            summary(old),
            last.display()
        )));
    }
    let mut baseline = Baseline::new(&name, branch, &result, now());
    baseline.note = arguments.note;
    baseline.variation = earlier
        .iter()
        .fold(Variation::default(), |mut variation, run| {
            variation.add(run);
            variation
        });
    if !earlier.is_empty() {
        baseline.variation.add(&result);
    }
    let said = format!(
        "{} in `{}`: {}",
        baseline.title(),
        path.display(),
        summary(&baseline)
    );
    let replaced = store.put(baseline);
    store.save()?;
    let mut text = format!("kept baseline {said}\n");
    if let Some(old) = replaced {
        text.push_str(&format!("it takes the place of: {}\n", summary(&old)));
    }
    print_plain(&text)?;
    Ok(exit::PASS)
}

/// A result that is what later runs should be like.
fn read_good(path: &Path, force: bool) -> Result<RunResult, Failure> {
    let result = read_result(path)?;
    let code = result.verdict.exit_code;
    if code != exit::PASS && !force {
        return Err(usage(format!(
            "error: the run in `{}` ended with exit code {code}, so it is not what later runs should be like\nhelp: keep it all the same with --force",
            path.display()
        )));
    }
    Ok(result)
}

/// `scripts/load.rhai` is called `load`.
fn script_name(script: &str) -> String {
    Path::new(script)
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// When it was, on which commit, how much, how fast.
fn summary(baseline: &Baseline) -> String {
    let result = &baseline.result;
    let mut parts = vec![format!("saved {}", day(&baseline.saved_at))];
    if let Some(git) = &result.run.git {
        parts.push(format!(
            "commit {}",
            git.commit.get(..8).unwrap_or(&git.commit)
        ));
    }
    parts.extend(figures(result));
    parts.join(", ")
}

fn day(moment: &str) -> &str {
    moment.get(..10).unwrap_or(moment)
}

fn figures(result: &RunResult) -> Vec<String> {
    let mut parts = vec![span(result.run.duration_seconds, true)];
    if let Some(requests) = result.counter(Builtin::HttpReqs.definition().name) {
        parts.push(plural(requests.max(0.0) as u64, "request", "requests"));
    }
    if let Some(duration) = result.trend(Builtin::HttpReqDuration.definition().name) {
        parts.push(format!("p95 {}", latency(duration.p95, true)));
    }
    parts
}

fn facts(baseline: &Baseline) -> Value {
    let result = &baseline.result;
    json!({
        "name": baseline.name,
        "branch": baseline.branch,
        "saved_at": baseline.saved_at,
        "note": baseline.note,
        "clean_runs": baseline.clean_runs,
        "runs_remembered": baseline.variation.runs(),
        "script": result.run.script,
        "started_at": result.run.started_at,
        "commit": result.run.git.as_ref().map(|git| &git.commit),
        "duration_seconds": result.run.duration_seconds,
        "requests": result.counter(Builtin::HttpReqs.definition().name),
        "p95": result.trend(Builtin::HttpReqDuration.definition().name).map(|trend| trend.p95),
    })
}

fn list(arguments: &ListArguments) -> Result<u8, Failure> {
    let store = Store::open(&arguments.store.path(Path::new(".")))?;
    if arguments.format == Format::Json {
        let all: Vec<Value> = store.all().iter().map(facts).collect();
        print(&format!(
            "{}\n",
            serde_json::to_string_pretty(&all).unwrap_or_default()
        ))?;
        return Ok(exit::PASS);
    }
    if store.all().is_empty() {
        print_plain(&format!(
            "there is no baseline in `{}`; `rhaid baseline save RESULT` keeps one\n",
            store.path().display()
        ))?;
        return Ok(exit::PASS);
    }
    let headings = [
        "NAME", "BRANCH", "SAVED", "COMMIT", "LASTED", "REQUESTS", "P95", "NOTE",
    ];
    let rows = store.all().iter().map(|baseline| {
        let result = &baseline.result;
        let figures = figures(result);
        let figure = |at: usize| figures.get(at).cloned().unwrap_or_default();
        let commit = result
            .run
            .git
            .as_ref()
            .map(|git| git.commit.get(..8).unwrap_or(&git.commit));
        vec![
            baseline.name.clone(),
            baseline.branch.clone().unwrap_or_else(|| "-".to_owned()),
            day(&baseline.saved_at).to_owned(),
            commit.unwrap_or("-").to_owned(),
            figure(0),
            figure(1)
                .trim_end_matches(|c: char| !c.is_ascii_digit())
                .to_owned(),
            figure(2).trim_start_matches("p95 ").to_owned(),
            baseline.note.clone().unwrap_or_default(),
        ]
    });
    print_plain(&lines_of(
        &headings,
        rows,
        &Look {
            width: 120,
            ..Look::default()
        },
    ))?;
    Ok(exit::PASS)
}

fn show(arguments: &ShowArguments) -> Result<u8, Failure> {
    let store = Store::open(&arguments.store.path(Path::new(".")))?;
    let baseline = match &arguments.branch {
        Some(branch) => store
            .exact(&arguments.name, Some(branch))
            .ok_or_else(|| missing(&store, &format!("{}` of branch `{branch}", arguments.name)))?,
        None => find(&store, &arguments.name, None)?,
    };
    let result = &baseline.result;
    if arguments.format == Format::Json {
        print(&crate::result::to_json(result).unwrap_or_default())?;
        return Ok(exit::PASS);
    }
    let mut lines = vec![
        format!("baseline  {}", baseline.title()),
        format!("saved     {}", baseline.saved_at),
        format!("run       {} of {}", result.run.id, result.run.script),
        format!("figures   {}", figures(result).join(", ")),
    ];
    if let Some(note) = &baseline.note {
        lines.insert(1, format!("note      {note}"));
    }
    if let Some(git) = &result.run.git {
        let dirty = if git.dirty {
            ", with uncommitted changes"
        } else {
            ""
        };
        lines.push(format!("commit    {}{dirty}", git.commit));
    }
    let machine = &result.run.machine;
    lines.push(format!(
        "machine   {} {}, {}",
        machine.os,
        machine.arch,
        plural(u64::from(machine.cpus), "processor", "processors")
    ));
    if let Some(crate::result::MetricValues::Rate { rate, .. }) =
        result.metric(Builtin::HttpReqFailed.definition().name)
    {
        lines.push(format!("failed    {}", percent(*rate)));
    }
    for scenario in &result.scenarios {
        lines.push(format!(
            "scenario  {}: {}, {}",
            scenario.name, scenario.executor, scenario.description
        ));
    }
    for slo in &result.slos {
        lines.push(format!(
            "target    {} {} ({}): {}",
            slo.metric,
            slo.target,
            slo.priority.label(),
            slo.actual_text
        ));
    }
    if !baseline.variation.is_empty() {
        let runs = baseline.variation.runs() as u64;
        let few = match baseline.variation.is_known() {
            true => "",
            false => ": too few to tell how much runs differ",
        };
        lines.push(format!(
            "knows     what {} came to{few}",
            plural(runs, "run", "runs")
        ));
    }
    if baseline.clean_runs > 0 {
        lines.push(format!(
            "since     {} in a row",
            plural(u64::from(baseline.clean_runs), "clean run", "clean runs")
        ));
    }
    print_plain(&format!("{}\n", lines.join("\n")))?;
    Ok(exit::PASS)
}
