//! The command line as a whole: its commands.

use clap::{Parser, Subcommand};

use super::baseline::BaselineArguments;
use super::burner::BurnerArguments;
use super::command_args::{
    CheckArguments, DefinitionsArguments, DemoArguments, InspectArguments, LspArguments,
    ReferenceArguments, RunArguments,
};
use super::compare::CompareArguments;
use super::convert_args::{ConvertArguments, RecordArguments};
use super::dev::DevArguments;
use super::guardian::GuardianArguments;
use super::history::HistoryArguments;
use super::launch::LaunchArguments;
use super::new::NewArguments;
use super::proxy_args::ProxyArguments;
use super::report::ReportArguments;

/// Load, SLO and chaos testing: journeys in Rhai, run by thousands of virtual users, judged by SLOs.
#[derive(Debug, Parser)]
#[command(
    name = "rhaid",
    bin_name = "rhaid",
    version,
    propagate_version = true,
    after_help = "\
Try it now:
  rhaid run scripts/smoke.rhai --demo      a first run against the built-in hotel API
  rhaid dev scripts/smoke.rhai --demo      the same while you write: save, and see
  rhaid check scripts/load.rhai            look for mistakes, send nothing
  rhaid test                               run the tests of scripts, against a mock server
  rhaid validate summary.json              judge a finished run, also one of k6, JMeter, Locust, …
  rhaid demo                               the hotel API alone, to test against
  rhaid proxy pms=9100=9000                a proxy that can be slow, narrow or broken

Exit codes:
    0  every SLO met                         66  a file is missing
    1  a warning, or a P1 or P2 SLO missed   69  `setup` could not reach the target
    2  a P0 SLO missed, the run aborted,     70  a mistake in rhaid itself
       or scripts threw                      74  the result could not be written
   64  wrong usage                           78  rhaid.toml is wrong
   65  the script is wrong; nothing ran     130  interrupted; results are written
   71  a fault could not be undone: something may still be broken

`rhaid COMMAND --help` has examples of each command."
)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a script as load, judge it, write the result.
    Run(Box<RunArguments>),
    /// Run a script while it is written: what is saved takes over at once.
    Dev(Box<DevArguments>),
    /// Look for mistakes in scripts; send nothing.
    Check(CheckArguments),
    /// Run the tests of scripts against mock servers that they describe.
    Test(super::test::TestArguments),
    /// Keep runs that later ones are held against.
    Baseline(BaselineArguments),
    /// Tell what changed between two runs, and what is chance.
    Compare(CompareArguments),
    /// List earlier runs, and show how a figure went on from run to run.
    History(HistoryArguments),
    /// Find the highest arrival rate at which all SLOs hold.
    Search(Box<super::search::SearchArguments>),
    /// Make alerting rules of the SLOs that gate a pipeline.
    Slo(super::slo::SloArguments),
    /// Print a script's resolved options and plan as JSON; send nothing.
    Inspect(InspectArguments),
    /// Begin a test: a small project, or a script, from a template.
    New(NewArguments),
    /// Make a script of what a browser or another tool recorded or described.
    Convert(ConvertArguments),
    /// Record what a browser does, through a proxy, into a script.
    Record(RecordArguments),
    /// Make reports of a run that is over, from its result.
    Report(ReportArguments),
    /// Stand between a client and a server and spoil what passes, as Toxiproxy does.
    Proxy(ProxyArguments),
    /// Serve the built-in hotel API, a target to try tests on.
    Demo(DemoArguments),
    /// Write what scripts can call as definition files for editors.
    Definitions(DefinitionsArguments),
    /// Serve an editor: diagnostics, completion and more, by the Language Server Protocol.
    Lsp(LspArguments),
    /// Print what scripts can call, or the schema of results.
    Reference(ReferenceArguments),
    /// Judge a finished run: a result of rhaid, or what another tool wrote.
    Validate(super::validate::ValidateArguments),
    /// Put right what is broken when rhaid was killed. rhaid starts it.
    #[command(hide = true)]
    Guardian(GuardianArguments),
    /// Take processors, memory, files or a disk for a while. rhaid starts it.
    #[command(hide = true)]
    Burner(BurnerArguments),
    /// Become another program when told to. rhaid starts it.
    #[command(hide = true)]
    Launch(LaunchArguments),
}
