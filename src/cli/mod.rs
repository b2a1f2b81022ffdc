//! The command line: one file per command, one place where errors become exit codes.

mod against;
mod args;
mod baseline;
mod baselines;
mod burner;
mod check;
mod command_args;
mod compare;
mod config;
mod convert;
mod convert_args;
mod dashboard;
mod definitions;
mod demo;
mod dev;
mod dry_run;
mod guardian;
mod history;
mod hosted;
mod inspect;
mod launch;
mod limits;
mod lsp;
mod mistakes;
mod new;
mod notify;
mod outputs;
mod proxy;
mod proxy_args;
mod record;
mod reference;
mod reload;
mod report;
mod run;
mod scripts;
mod search;
mod signals;
mod slo;
mod slos;
mod streams;
mod test;
mod validate;
mod values;
mod watch;

use std::ffi::OsString;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{CommandFactory, Parser};

use crate::exit;
use crate::harmless;
use crate::run::BlueprintError;
use crate::script::{Diagnostic, SourceError};
use crate::slo::file::FileError;

/// A command that could not do its work: what to say, and with which code to end.
#[derive(Debug)]
pub struct Failure {
    pub code: u8,
    pub message: String,
}

impl Failure {
    /// Whatever names and texts of files are in the message, none of them is a command to the terminal.
    fn new(code: u8, message: impl AsRef<str>) -> Self {
        Self {
            code,
            message: harmless::text(message.as_ref()).into_owned(),
        }
    }
}

impl From<BlueprintError> for Failure {
    fn from(error: BlueprintError) -> Self {
        let code = match &error {
            BlueprintError::Source(SourceError::Missing { .. }) => exit::NO_INPUT,
            BlueprintError::Script(script) if script.is_of_missing_files() => exit::NO_INPUT,
            BlueprintError::Source(SourceError::Unreadable { .. } | SourceError::Outside(_))
            | BlueprintError::Script(_) => exit::SCRIPT,
            BlueprintError::Override(_) => exit::USAGE,
            BlueprintError::Config { .. } => exit::CONFIG,
        };
        let colour = console::colors_enabled_stderr();
        let message = match &error {
            BlueprintError::Script(script) => script
                .0
                .iter()
                .map(|diagnostic| diagnostic.render_within(colour, columns()))
                .collect::<Vec<_>>()
                .join("\n"),
            BlueprintError::Config { file, errors } => errors
                .iter()
                .map(|error| {
                    let help = error.help.iter().map(|help| format!("\nhelp: {help}"));
                    let path = error.path.join(".");
                    let help: String = help.collect();
                    let line = format!("error: {file}: {path}: {}{help}", error.message);
                    harmless::text(&line).into_owned()
                })
                .collect::<Vec<_>>()
                .join("\n"),
            // Names of scenarios are a script's.
            other => harmless::text(&format!("error: {other}")).into_owned(),
        };
        Self { code, message }
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        let code = match &error {
            FileError::Missing(_) => exit::NO_INPUT,
            _ => exit::CONFIG,
        };
        let message = match &error {
            FileError::Wrong(mistakes) => mistakes
                .iter()
                .map(|mistake| format!("error: {mistake}"))
                .collect::<Vec<_>>()
                .join("\n"),
            other => format!("error: {other}"),
        };
        Self::new(code, message)
    }
}

/// The whole command line, for whoever writes or checks documentation of it.
pub fn command() -> clap::Command {
    args::Arguments::command()
}

/// Runs the command that the arguments name; its exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let given: Vec<OsString> = arguments.into_iter().collect();
    let arguments = match args::Arguments::try_parse_from(&given) {
        Ok(arguments) => arguments,
        Err(error) => {
            let error = mistakes::advise(error, &given, &command());
            let written = error.print().and_then(|()| io::stdout().flush());
            return match said(written) {
                // Nothing can be done about a closed standard error.
                _ if error.use_stderr() => exit::USAGE,
                Ok(()) => exit::PASS,
                Err(failure) => {
                    complain(&failure.message);
                    failure.code
                }
            };
        }
    };
    crate::vu::coroutine::explain_overflows(exit::INTERNAL);
    // NO_COLOR wins over everything (https://no-color.org).
    if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        console::set_colors_enabled(false);
        console::set_colors_enabled_stderr(false);
    }
    let outcome = match arguments.command {
        args::Command::Run(options) => run::run(*options),
        args::Command::Dev(options) => dev::run(*options),
        args::Command::Baseline(options) => baseline::run(options),
        args::Command::Compare(options) => compare::run(options),
        args::Command::History(options) => history::run(options),
        args::Command::Check(options) => check::run(options),
        args::Command::Inspect(options) => inspect::run(options),
        args::Command::Demo(options) => demo::run(options),
        args::Command::Convert(options) => convert::run(options),
        args::Command::Proxy(options) => proxy::run(options),
        args::Command::Record(options) => record::run(options),
        args::Command::Reference(options) => reference::run(options),
        args::Command::Report(options) => report::run(options),
        args::Command::Test(options) => test::run(options),
        args::Command::Definitions(options) => definitions::run(options),
        args::Command::Lsp(options) => lsp::run(options),
        args::Command::New(options) => new::run(options),
        args::Command::Search(options) => search::run(&options),
        args::Command::Slo(options) => slo::run(options),
        args::Command::Validate(options) => validate::run(options),
        args::Command::Burner(options) => burner::run(options),
        args::Command::Guardian(options) => guardian::run(options),
        args::Command::Launch(options) => launch::run(options),
    };
    match outcome {
        Ok(code) => code,
        Err(failure) => {
            complain_drawn(failure.message.trim_end());
            failure.code
        }
    }
}

/// Columns of standard error, if it is a terminal.
fn columns() -> Option<usize> {
    let terminal = console::Term::stderr();
    let (_, columns) = terminal.size_checked()?;
    terminal.is_term().then_some(usize::from(columns))
}

/// Says what a script can run with but hardly means.
fn warn(warnings: &[Diagnostic]) {
    let colour = console::colors_enabled_stderr();
    for warning in warnings {
        complain_drawn(warning.render_within(colour, columns()).trim_end());
    }
}

/// Writes a line to standard error; where nobody reads it, nothing can be said about that either.
pub fn complain(text: &str) {
    complain_drawn(&harmless::text(text));
}

/// Standard error is read by a program: `--progress ndjson`.
static IS_FOR_PROGRAMS: AtomicBool = AtomicBool::new(false);

/// From now on standard error has a JSON object a line, whatever is said.
pub fn speak_to_programs() {
    IS_FOR_PROGRAMS.store(true, Ordering::Relaxed);
}

/// Writes what was drawn for a terminal, with its colours, to standard error.
pub fn complain_drawn(text: &str) {
    if IS_FOR_PROGRAMS.load(Ordering::Relaxed) {
        crate::live::message(&console::strip_ansi_codes(text));
    } else {
        let _ = writeln!(io::stderr(), "{text}");
    }
}

/// Writes to standard output; a reader that went away (`| head`) is no error, anything else is.
pub fn print(text: &str) -> Result<(), Failure> {
    print_bytes(text.as_bytes())
}

/// Writes a document that need not be text to standard output.
pub fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    said(out.write_all(bytes).and_then(|()| out.flush()))
}

/// Writes sentences and tables with names of files, scripts and servers in them to standard output.
pub fn print_plain(text: &str) -> Result<(), Failure> {
    print(&harmless::text(text))
}

fn said(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(
            exit::CANNOT_WRITE,
            format!("error: cannot write to standard output: {error}"),
        )),
        Ok(()) | Err(_) => Ok(()),
    }
}
