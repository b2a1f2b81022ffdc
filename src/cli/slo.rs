//! `rhaid slo`: what can be made of a file of objectives.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::outputs::Files;
use super::{Failure, print};
use crate::alerting::{Windows, rules};
use crate::exit;
use crate::result;
use crate::slo::{Objective, file};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rhaid slo rules --slo slo.toml --out rules.yml        burn-rate alerts of the objectives that gate a pipeline")]
pub struct SloArguments {
    #[command(subcommand)]
    command: SloCommand,
}

#[derive(Debug, Subcommand)]
enum SloCommand {
    /// Make alerting rules for Prometheus of a file of SLOs: how fast each error budget burns.
    Rules(RulesArguments),
}

#[derive(Debug, Args)]
#[command(
    override_usage = "rhaid slo rules --slo <FILE> [OPTIONS]",
    after_help = "\
Examples:
  rhaid slo rules --slo slo.toml                             to standard output
  rhaid slo rules --slo slo.toml --out rules/rhaid.yml && promtool check rules rules/rhaid.yml
  rhaid slo rules --slo slo.toml --windows run               for a run of minutes

The file is the one that `rhaid run --slo` and `rhaid validate --slo` judge by. docs/alerting.md tells the rest of the way to an alert."
)]
struct RulesArguments {
    /// The file of SLOs.
    #[arg(long, value_name = "FILE")]
    slo: PathBuf,
    /// Over which windows a budget burns: those of a month, or of a run of minutes.
    #[arg(long, value_enum, default_value = "month")]
    windows: Windows,
    /// Where the rules go [default: standard output].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Rules of two objectives with one name could not be told apart, and Prometheus takes none that are there twice.
fn refuse_two_alike(file: &Path, objectives: &[Objective]) -> Result<(), Failure> {
    let mut known = BTreeSet::new();
    for objective in objectives {
        let label = objective.label();
        if !known.insert(label.clone()) {
            let file = file.display();
            return Err(Failure::new(
                exit::CONFIG,
                format!(
                    "error: {file}: two objectives are called `{label}`\nhelp: give one of them another `name`: alerts are told apart by it"
                ),
            ));
        }
    }
    Ok(())
}

/// Does what the subcommand says.
pub fn run(arguments: SloArguments) -> Result<u8, Failure> {
    let SloCommand::Rules(arguments) = arguments.command;
    let objectives = file::read(&arguments.slo)?;
    refuse_two_alike(&arguments.slo, &objectives)?;
    let made = rules(
        &arguments.slo.display().to_string(),
        &objectives,
        arguments.windows,
    );
    let Some(out) = &arguments.out else {
        print(&made)?;
        return Ok(exit::PASS);
    };
    let mut files = Files::default();
    files.reads("the file of `--slo`", &arguments.slo);
    files.keeps_project(Path::new(""), None);
    files.writes("`--out`", out);
    files.check()?;
    result::write_report(out, &made)
        .map_err(|error| Failure::new(exit::CANNOT_WRITE, format!("error: {error}")))?;
    Ok(exit::PASS)
}
