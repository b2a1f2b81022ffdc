//! `rhaid validate`: judges a finished run, of our own or of another tool.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::json;

use super::outputs::Files;
use super::values::Format;
use super::{Failure, print, report, slos};
use crate::exit;
use crate::import::{self, ImportError, Imported, Kind};
use crate::judge::{Judged, Terms, finished, standard};
use crate::metrics::Builtin;
use crate::options::{OptionError, objectives};
use crate::report::{Look, render_brief, render_judged};
use crate::result::{self, RunResult};
use crate::slo::Objective;
use crate::suggest::did_you_mean;

#[derive(Debug, Args)]
#[command(
    override_usage = "rhaid validate <FILE> [OPTIONS]",
    after_help = "\
Examples:
  rhaid validate results/load.json                   by the SLOs of the run
  rhaid validate results/load.json --slo slo.toml    by others
  rhaid validate samples.jtl --slo \"http_req_duration: p(95) < 300ms\" --slo \"http_req_failed: rate < 1%\"
  k6 run --summary-export s.json t.js; rhaid validate s.json
  jmeter -n -t plan.jmx -l samples.jtl; rhaid validate samples.jtl --slo slo.toml
  wrk --latency -d 30 http://127.0.0.1:8080 | rhaid validate -
  rhaid validate points.json.gz --out k6.json        the same run as a result of rhaid, for reports and comparisons

What is read: results of rhaid; k6's --summary-export, handleSummary data, machine-readable summary and --out json; JMeter's JTL as CSV and XML; Locust's _stats.csv; Gatling's stats.json; JSON of oha and vegeta; the output of wrk; HdrHistogram logs. The format is known by the content; files may be compressed by gzip.

SLOs are those of --slo, or else of the run itself, or else the standard six. Thresholds in a file of k6 are judged too, as P1.

Exit codes: 0 every SLO met; 1 a warning, or a P1 or P2 SLO missed; 2 a P0 SLO missed, or the run failed; 65 the file cannot be used; 66 it is missing; 78 the file of SLOs is wrong."
)]
pub struct ValidateArguments {
    /// The result; `-` is standard input.
    pub file: PathBuf,
    /// What the file is [default: what it looks like].
    #[arg(long, value_name = "FORMAT", value_parser = formats())]
    pub from: Option<String>,
    /// An SLO to judge by, or a file of them: "http_req_duration: p(95) < 300ms", or slo.toml; may be given several times.
    #[arg(long = "slo", value_name = "SLO")]
    pub slos: Vec<String>,
    /// Exit with 2 where it would be 1: warnings and missed P1 and P2 SLOs block too.
    #[arg(
        long,
        env = "RHAID_STRICT",
        hide_env_values = true,
        value_parser = clap::builder::FalseyValueParser::new()
    )]
    pub strict: bool,
    /// Also write the judged run as a result of rhaid.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Say nothing unless something went wrong.
    #[arg(short, long)]
    pub quiet: bool,
    /// What goes to standard output: a table, or JSON.
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

fn formats() -> PossibleValuesParser {
    PossibleValuesParser::new(import::all().iter().map(|importer| importer.name()))
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        let code = match error.kind {
            Kind::Missing => exit::NO_INPUT,
            Kind::Wrong => exit::SCRIPT,
        };
        Self::new(code, format!("error: {error}"))
    }
}

/// Judges a file; the exit code of the contract.
pub fn run(arguments: ValidateArguments) -> Result<u8, Failure> {
    // What is asked is read before what may be gigabytes.
    let asked = asked(&arguments.slos)?;
    if let Some(out) = &arguments.out {
        let mut files = Files::default();
        files.reads("the file that is judged", &arguments.file);
        for path in slos::files(&arguments.slos) {
            files.reads("the file of `--slo`", path);
        }
        files.keeps_project(Path::new(""), None);
        files.writes("`--out`", out);
        files.check()?;
        writable(out)?;
    }
    let from = arguments.from.as_deref().and_then(import::by_name);
    let Imported { format, result } = import::read(&arguments.file, from)?;
    refuse_misspelt(
        &arguments.file,
        &result,
        asked.as_deref().unwrap_or_default(),
    )?;
    // Objectives of a result of ours give way to those that are asked for; thresholds of another tool stand beside them.
    let is_own = format.name() == "rhaid";
    let standard_too = asked.is_none() && result.slos.is_empty();
    let terms = Terms {
        own: asked.is_none() || !is_own,
        standard: standard_too,
        asked: asked.unwrap_or_else(|| if standard_too { standard() } else { Vec::new() }),
        strict: arguments.strict,
    };
    let judged = finished(result, &terms).map_err(|error| {
        Failure::new(
            exit::SCRIPT,
            format!("error: {}: {error}", arguments.file.display()),
        )
    })?;
    if let Some(out) = &arguments.out {
        result::write(out, &judged.result)
            .map_err(|error| Failure::new(exit::CANNOT_WRITE, out_error(&error.to_string())))?;
    }
    show(&arguments, format.name(), &judged)?;
    Ok(judged.result.verdict.exit_code)
}

/// The flag as it was written that holds the objective of this number about a metric, if that can be told.
fn flag(texts: &[String], metric: Option<&str>, at: usize) -> String {
    let about = |text: &&String| {
        metric.is_some_and(|metric| {
            let rest = text.trim_start().strip_prefix(metric);
            rest.is_some_and(|rest| rest.trim_start().starts_with(':'))
        })
    };
    match (texts, texts.iter().filter(about).nth(at)) {
        (_, Some(text)) | ([text], None) => format!("`--slo {text:?}`"),
        _ => "`--slo`".to_owned(),
    }
}

fn told(error: &OptionError) -> String {
    let help = error.help.as_ref().map(|help| format!("\nhelp: {help}"));
    format!("{}{}", error.message, help.unwrap_or_default())
}

/// The objectives that are asked for on the command line, if any are.
fn asked(texts: &[String]) -> Result<Option<Vec<Objective>>, Failure> {
    if texts.is_empty() {
        return Ok(None);
    }
    let mut errors = Vec::new();
    let found = objectives(&slos::wanted(texts)?, vec!["--slo".to_owned()], &mut errors);
    let misfits = found.iter().filter_map(|objective| {
        let definition = Builtin::by_name(objective.selector.metric())?.definition();
        let error = objective
            .check(definition.kind, definition.contains)
            .err()?;
        let metric = objective.selector.to_string();
        Some(format!("{}: {error}", flag(texts, Some(&metric), 0)))
    });
    let wrong: Vec<String> = errors
        .iter()
        .map(|error| {
            let [_, metric, at, ..] = error.path.as_slice() else {
                return format!("{}: {}", flag(texts, None, 0), told(error));
            };
            let at = at.parse().unwrap_or(0);
            format!("{}: {}", flag(texts, Some(metric), at), told(error))
        })
        .chain(misfits)
        .map(|error| format!("error: {error}"))
        .collect();
    // What stands in a file was looked at when it was read.
    if wrong.is_empty() {
        Ok(Some(found))
    } else {
        Err(Failure::new(exit::USAGE, wrong.join("\n")))
    }
}

/// Objectives about a metric that is neither one of rhaid nor one of the file, but almost: as for a run, that is a mistake. What is like
/// nothing that is known may be a metric that this file does not tell, and has no data.
fn refuse_misspelt(file: &Path, result: &RunResult, asked: &[Objective]) -> Result<(), Failure> {
    let of_file: BTreeSet<&str> = result
        .metrics
        .iter()
        .map(|metric| metric.name.split('{').next().unwrap_or(&metric.name))
        .collect();
    let built_in = Builtin::ALL.iter().map(|metric| metric.definition().name);
    let wrong: Vec<String> = asked
        .iter()
        .map(|objective| objective.selector.metric())
        .filter(|name| !of_file.contains(name) && Builtin::by_name(name).is_none())
        .filter_map(|name| {
            // Those of the file come first: they have data.
            let near = did_you_mean(name, of_file.iter().copied())
                .or_else(|| did_you_mean(name, built_in.clone()))?;
            let file = file.display();
            Some(format!(
                "error: --slo: {file} has no metric `{name}`\nhelp: {near}"
            ))
        })
        .collect();
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(Failure::new(exit::SCRIPT, wrong.join("\n"))),
    }
}

/// Whether a result can be written there.
fn writable(out: &Path) -> Result<(), Failure> {
    result::probe(Some(out))
        .map_err(|error| Failure::new(exit::CANNOT_WRITE, out_error(&error.to_string())))
}

fn out_error(text: &str) -> String {
    format!("error: {}", text.replace("--result FILE", "--out FILE"))
}

fn show(arguments: &ValidateArguments, format: &str, judged: &Judged) -> Result<(), Failure> {
    let result = &judged.result;
    let look = Look {
        result_path: arguments.out.clone(),
        ..report::look_of_output()
    };
    match arguments.format {
        Format::Json => print(&format!("{:#}\n", as_json(arguments, format, judged))),
        Format::Text if arguments.quiet => {
            let look = Look {
                width: 100,
                colour: console::colors_enabled_stderr(),
                ..look
            };
            let brief = render_brief(result, &look);
            if !brief.is_empty() {
                super::complain_drawn(brief.trim_end());
            }
            Ok(())
        }
        Format::Text => {
            let notes: Vec<Option<String>> = judged
                .grounds
                .iter()
                .map(|(_, note)| note.clone())
                .collect();
            print(&render_judged(result, &notes, &look))
        }
    }
}

fn as_json(arguments: &ValidateArguments, format: &str, judged: &Judged) -> serde_json::Value {
    let result = &judged.result;
    let slos: Vec<serde_json::Value> = result
        .slos
        .iter()
        .zip(&judged.grounds)
        .map(|(slo, (basis, note))| {
            let mut row = json!(slo);
            if let Some(row) = row.as_object_mut() {
                row.insert("basis".to_owned(), json!(basis));
                row.insert("note".to_owned(), json!(note));
            }
            row
        })
        .collect();
    json!({
        "file": arguments.file.display().to_string(),
        "format": format,
        "tool": result.tool,
        "started_at": result.run.started_at,
        "duration_seconds": result.run.duration_seconds,
        "verdict": result.verdict,
        "slos": slos,
        "notes": result.run.notes,
    })
}
