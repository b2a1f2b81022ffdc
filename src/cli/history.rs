//! `rhaid history`: what earlier runs came to, and how it went on from run to run.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::outputs::Files;
use super::values::{Format, duration};
use super::{Failure, complain, print, print_bytes, print_plain};
use crate::exit;
use crate::history::table::{self, TableError};
use crate::history::{self, Filter, HistoryError, Kind, Line, Point, Recorded, Store, trend};
use crate::metrics::{Builtin, Contains};
use crate::project::Project;
use crate::report::format::{latency, measured, per_second, percent, span, thousands};
use crate::report::{Look, lines_of};
use crate::result::{RunResult, write_table};
use crate::suggest::did_you_mean;

#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  rhaid history                                       the latest runs, and how they went
  rhaid history --script load --branch main --since 30d --status failed
  rhaid history trend http_req_duration --statistic p95 --script load
  rhaid history trend rooms_booked                    an own metric
  rhaid history trend http_req_duration --endpoint \"GET rooms\"
  rhaid history export --csv runs.csv --since 90d
  rhaid history export --parquet runs.parquet
  rhaid history prune --keep 500

Every run is recorded at its end in .rhaid/history.db in the project's folder; `rhaid run --no-history` leaves it out."
)]
pub struct HistoryArguments {
    #[command(subcommand)]
    pub command: Option<HistoryCommand>,
    #[command(flatten)]
    pub list: ListArguments,
}

#[derive(Debug, Subcommand)]
pub enum HistoryCommand {
    /// Show a figure over the runs: its level, where it changed, what stands out.
    Trend(TrendArguments),
    /// Forget runs.
    Prune(PruneArguments),
    /// Write every figure of the runs as a table.
    Export(ExportArguments),
}

/// Where the history is, and which runs of it are meant.
#[derive(Debug, Args)]
pub struct WhichArguments {
    /// The history [default: .rhaid/history.db in the project's folder].
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Runs of scripts whose path contains this.
    #[arg(long, value_name = "TEXT")]
    pub script: Option<String>,
    /// Runs of this branch.
    #[arg(long)]
    pub branch: Option<String>,
    /// Runs that ended so.
    #[arg(long, value_enum)]
    pub status: Option<Status>,
    /// Runs of the last 12h, 30d, or since a day: 2026-03-01.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub since: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Status {
    Pass,
    Warning,
    Failed,
    Interrupted,
    Error,
}

#[derive(Debug, Args)]
pub struct ListArguments {
    #[command(flatten)]
    pub which: WhichArguments,
    /// The latest so many.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// How it is written.
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct TrendArguments {
    /// The metric.
    pub metric: String,
    /// avg, med, p90, p95, p99, max, rate, count, per_second or value [default: what the metric is mostly read by].
    #[arg(long, value_name = "NAME")]
    pub statistic: Option<String>,
    /// Of the requests of one method and name: "GET rooms".
    #[arg(long, value_name = "NAME")]
    pub endpoint: Option<String>,
    #[command(flatten)]
    pub which: WhichArguments,
    /// The latest so many runs.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// How it is written.
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct PruneArguments {
    /// The history [default: .rhaid/history.db in the project's folder].
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Keep the latest so many runs.
    #[arg(long, value_name = "N", required_unless_present = "older_than")]
    pub keep: Option<u32>,
    /// Forget runs that are older than this: 90d.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub older_than: Option<Duration>,
}

#[derive(Debug, Args)]
pub struct ExportArguments {
    /// Write comma-separated values to this file; - is standard output.
    #[arg(long, value_name = "FILE", required_unless_present = "parquet")]
    pub csv: Option<PathBuf>,
    /// Write Apache Parquet to this file, if rhaid was built with `--features parquet`; - is standard output.
    #[arg(long, value_name = "FILE")]
    pub parquet: Option<PathBuf>,
    #[command(flatten)]
    pub which: WhichArguments,
}

impl From<HistoryError> for Failure {
    fn from(error: HistoryError) -> Self {
        let code = match error {
            HistoryError::Open { .. } | HistoryError::Locked { .. } => exit::CANNOT_WRITE,
            _ => exit::SCRIPT,
        };
        Self::new(code, format!("error: {error}"))
    }
}

impl From<TableError> for Failure {
    fn from(error: TableError) -> Self {
        let code = match error {
            TableError::NoParquet => exit::USAGE,
            _ => exit::INTERNAL,
        };
        Self::new(code, format!("error: {error}"))
    }
}

/// A moment in seconds since 1970: a day, or as long ago as a duration says.
fn moment(text: &str) -> Result<i64, String> {
    if let Ok(day) = OffsetDateTime::parse(&format!("{text}T00:00:00Z"), &Rfc3339) {
        return Ok(day.unix_timestamp());
    }
    if let Ok(moment) = OffsetDateTime::parse(text, &Rfc3339) {
        return Ok(moment.unix_timestamp());
    }
    let ago = duration(text)
        .map_err(|_| "write a duration such as 30d, or a day such as 2026-03-01".to_owned())?;
    let ago = i64::try_from(ago.as_secs()).map_err(|error| error.to_string())?;
    Ok(OffsetDateTime::now_utc()
        .unix_timestamp()
        .saturating_sub(ago))
}

impl WhichArguments {
    fn filter(&self, limit: Option<u32>) -> Filter {
        Filter {
            script: self.script.clone(),
            branch: self.branch.clone(),
            status: self.status.and_then(|status| {
                status
                    .to_possible_value()
                    .map(|value| value.get_name().to_owned())
            }),
            since: self.since,
            limit,
        }
    }
}

/// The history of the project around a folder.
pub fn place(file: Option<&Path>, folder: &Path) -> PathBuf {
    match file {
        Some(file) => file.to_owned(),
        None => Project::of(folder).root().join(history::FILE),
    }
}

/// An existing history.
fn open(file: Option<&Path>) -> Result<Store, Failure> {
    let path = place(file, Path::new("."));
    Store::open_if_there(&path)?.ok_or_else(|| {
        Failure::new(
            exit::NO_INPUT,
            format!(
                "error: there is no history at `{}`\nhelp: `rhaid run` records each run there",
                path.display()
            ),
        )
    })
}

/// Records a run at its end. The result is safe by then, so what goes wrong here is only told.
pub fn record(result: &RunResult, script: &Path, result_path: Option<&Path>) {
    let folder = script.parent().unwrap_or(Path::new(""));
    let full =
        result_path.map(|path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned()));
    let recorded = Store::open(&place(None, folder))
        .and_then(|mut store| store.record(result, full.as_deref()));
    if let Err(error) = recorded {
        complain(&format!("warning: this run is not in the history: {error}"));
    }
}

/// Runs one of its commands.
pub fn run(arguments: HistoryArguments) -> Result<u8, Failure> {
    match arguments.command {
        None => list(&arguments.list),
        Some(HistoryCommand::Trend(arguments)) => show_trend(&arguments),
        Some(HistoryCommand::Prune(arguments)) => prune(&arguments),
        Some(HistoryCommand::Export(arguments)) => export(&arguments),
    }?;
    Ok(exit::PASS)
}

fn json_text(value: &impl serde::Serialize) -> String {
    format!(
        "{}\n",
        serde_json::to_string_pretty(value).unwrap_or_default()
    )
}

/// A moment to the second, as it is in UTC.
fn second(moment: &str) -> String {
    moment.get(..19).unwrap_or(moment).replace('T', " ")
}

/// What tells a run from those of the same second: the last part of its id, which names its result file.
fn mark(id: &str) -> String {
    id.rsplit('-').next().unwrap_or(id).to_owned()
}

/// A status, its exit code, and what a pipeline makes of it where the status alone does not tell.
fn status_of(run: &Recorded) -> String {
    let meaning = match (run.status.as_str(), run.exit_code) {
        ("failed", 1) => ", to review",
        ("failed", 2) => ", blocks",
        _ => "",
    };
    format!("{} ({}{meaning})", run.status, run.exit_code)
}

fn list(arguments: &ListArguments) -> Result<(), Failure> {
    let store = open(arguments.which.file.as_deref())?;
    let runs = store.runs(&arguments.which.filter(Some(arguments.limit)))?;
    if arguments.format == Format::Json {
        return print(&json_text(&runs));
    }
    if runs.is_empty() {
        return print("there is no such run in the history\n");
    }
    let headings = [
        "STARTED (UTC)",
        "RUN",
        "SCRIPT",
        "BRANCH",
        "COMMIT",
        "LASTED",
        "REQUESTS",
        "FAILED",
        "P95",
        "STATUS",
    ];
    let none = || "-".to_owned();
    let rows = runs.iter().map(|run| {
        vec![
            second(&run.started_at),
            mark(&run.id),
            run.script.clone(),
            run.branch.clone().unwrap_or_else(none),
            run.commit
                .as_ref()
                .map_or_else(none, |commit| commit.get(..8).unwrap_or(commit).to_owned()),
            span(run.duration_seconds, true),
            run.requests
                .map_or_else(none, |requests| thousands(requests.max(0.0) as u64)),
            run.failed.map_or_else(none, percent),
            run.p95.map_or_else(none, |p95| latency(p95, true)),
            status_of(run),
        ]
    });
    let look = Look {
        width: 140,
        ..Look::default()
    };
    let mut text = lines_of(&headings, rows, &look);
    text.push_str(&courses(&runs));
    print_plain(&text)
}

/// Bars for the figures of the runs that are listed, the latest at the right, with what the lowest and the highest of them stand for.
fn courses(runs: &[Recorded]) -> String {
    type Figure = fn(&Recorded) -> Option<f64>;
    type Words = fn(f64) -> String;
    let rows: [(&str, Figure, Words); 3] = [
        ("p95", |run| run.p95, |p95| latency(p95, true)),
        ("failed", |run| run.failed, percent),
        (
            "requests/s",
            |run| Some(run.requests? / run.duration_seconds).filter(|rate| rate.is_finite()),
            per_second,
        ),
    ];
    let mut text = String::new();
    for (name, figure, words) in rows {
        let values: Vec<f64> = runs.iter().filter_map(figure).collect();
        let [_, .., latest] = values.as_slice() else {
            continue;
        };
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        text.push_str(&format!(
            "\n{name:<10}  {}  {} to {}, latest {}",
            trend::sparkline(&values, 60),
            words(least),
            words(most),
            words(*latest),
        ));
    }
    if text.is_empty() {
        text
    } else {
        format!("{text}\n")
    }
}

fn show_trend(arguments: &TrendArguments) -> Result<(), Failure> {
    let store = open(arguments.which.file.as_deref())?;
    let known = store.metrics()?;
    let Some((metric, kinds)) = known.iter().find(|(name, _)| *name == arguments.metric) else {
        let names = known.iter().map(|(name, _)| name.as_str());
        let help = did_you_mean(&arguments.metric, names.clone())
            .unwrap_or_else(|| format!("there are: {}", names.collect::<Vec<_>>().join(", ")));
        return Err(Failure::new(
            exit::USAGE,
            format!(
                "error: no run in the history has a metric `{}`\nhelp: {help}",
                arguments.metric
            ),
        ));
    };
    let kind = kind_of(arguments.statistic.as_deref(), kinds, metric)?;
    let endpoint = arguments.endpoint.as_deref().unwrap_or_default();
    let filter = arguments.which.filter(Some(arguments.limit));
    let points = store.course(metric, endpoint, kind.name(), &filter)?;
    let values: Vec<f64> = points.iter().map(|point| point.value).collect();
    let changes = trend::change_points(&values);
    let outliers = trend::outliers(&values, &changes);
    if arguments.format == Format::Json {
        return print(&json_text(&json!({
            "metric": metric,
            "endpoint": endpoint,
            "statistic": kind.name(),
            "points": points,
            "change_points": changes,
            "outliers": outliers,
        })));
    }
    if points.is_empty() {
        return print("there is no such run in the history\n");
    }
    let text = |value: f64| amount(metric, kind, value);
    let mut out = format!("{metric} {}", kind.name());
    if !endpoint.is_empty() {
        out.push_str(&format!(" of {endpoint}"));
    }
    out.push_str(&format!(
        " over {} runs\n\n  {}\n\n",
        values.len(),
        trend::sparkline(&values, 60)
    ));
    let extreme = |f: fn(f64, f64) -> f64| {
        values
            .iter()
            .copied()
            .reduce(f)
            .map(&text)
            .unwrap_or_default()
    };
    out.push_str(&format!(
        "  latest {}, median {}, least {}, most {}\n",
        values.last().copied().map(&text).unwrap_or_default(),
        text(trend::median(&values)),
        extreme(f64::min),
        extreme(f64::max),
    ));
    let place = |at: usize| points.get(at).map(described).unwrap_or_default();
    for change in &changes {
        out.push_str(&format!(
            "\n  changed  from {} to {} with the run of {}",
            text(change.before),
            text(change.after),
            place(change.at),
        ));
    }
    for at in outliers {
        out.push_str(&format!(
            "\n  stands out  {} in the run of {}",
            points
                .get(at)
                .map(|point| text(point.value))
                .unwrap_or_default(),
            place(at),
        ));
    }
    print_plain(&format!("{}\n", out.trim_end()))
}

fn described(point: &Point) -> String {
    let commit = point
        .commit
        .as_ref()
        .map(|commit| format!(", commit {}", commit.get(..8).unwrap_or(commit)));
    format!(
        "{} ({}){}",
        second(&point.started_at),
        mark(&point.id),
        commit.unwrap_or_default()
    )
}

/// The statistic that was asked for, or the one that such a metric is mostly read by.
fn kind_of(wanted: Option<&str>, kinds: &[Kind], metric: &str) -> Result<Kind, Failure> {
    let Some(wanted) = wanted else {
        let first = [Kind::P95, Kind::Rate, Kind::PerSecond, Kind::Value];
        let usual = first.into_iter().find(|kind| kinds.contains(kind));
        return Ok(usual.or(kinds.first().copied()).unwrap_or(Kind::Value));
    };
    let found = kinds.iter().copied().find(|kind| kind.name() == wanted);
    found.ok_or_else(|| {
        let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
        let help = did_you_mean(wanted, names.iter().copied())
            .unwrap_or_else(|| format!("it has: {}", names.join(", ")));
        Failure::new(
            exit::USAGE,
            format!("error: `{metric}` has no statistic `{wanted}`\nhelp: {help}"),
        )
    })
}

fn amount(metric: &str, kind: Kind, value: f64) -> String {
    let contains =
        Builtin::by_name(metric).map_or(Contains::Default, |metric| metric.definition().contains);
    match kind {
        Kind::Rate => percent(value),
        Kind::PerSecond => format!("{}/s", measured(value, contains, true)),
        _ => measured(value, contains, true),
    }
}

fn prune(arguments: &PruneArguments) -> Result<(), Failure> {
    let mut store = open(arguments.file.as_deref())?;
    let before = arguments.older_than.map(|age| {
        let age = i64::try_from(age.as_secs()).unwrap_or(i64::MAX);
        OffsetDateTime::now_utc()
            .unix_timestamp()
            .saturating_sub(age)
    });
    let gone = store.prune(before, arguments.keep)?;
    print(&format!(
        "{} forgotten\n",
        crate::report::format::plural(gone as u64, "run", "runs")
    ))
}

fn export(arguments: &ExportArguments) -> Result<(), Failure> {
    type Make = fn(&[Line]) -> Result<Vec<u8>, TableError>;
    let wanted: [(&str, &Option<PathBuf>, Make); 2] = [
        ("`--csv`", &arguments.csv, table::csv),
        ("`--parquet`", &arguments.parquet, table::parquet),
    ];
    let mut files = Files::default();
    files.keeps_history(&place(arguments.which.file.as_deref(), Path::new(".")));
    files.keeps_project(Path::new(""), None);
    for (what, path, _) in &wanted {
        if let Some(path) = path {
            files.writes(what, path);
        }
    }
    files.check()?;
    let store = open(arguments.which.file.as_deref())?;
    let lines = store.lines(&arguments.which.filter(None))?;
    for (_, path, make) in wanted {
        let Some(path) = path else { continue };
        let table = make(&lines)?;
        match path.as_os_str() == "-" {
            true => print_bytes(&table)?,
            false => write_table(path, &table)
                .map_err(|error| Failure::new(exit::CANNOT_WRITE, format!("error: {error}")))?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_day_or_so_long_ago() {
        assert_eq!(moment("2026-03-01"), Ok(1_772_323_200));
        let ago = OffsetDateTime::now_utc().unix_timestamp() - moment("1h").unwrap();
        assert!((3_600..3_700).contains(&ago), "{ago}");
        assert!(moment("yesterday").unwrap_err().contains("30d"));
    }
}
