//! `rhaid report`: documents about a run that is over, from its result. What `rhaid run --report` asks for is made here too.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::builder::PathBufValueParser;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use super::outputs::Files;
use super::{Failure, print, print_plain};
use crate::exit;
use crate::import;
use crate::judge::doubts;
use crate::judge::{Terms, finished};
use crate::report::template::{self, Markup};
use crate::report::{self, Look, Report};
use crate::result::{self, RunResult};
use crate::suggest::did_you_mean;

/// What stands for standard output where a file is named.
const STANDARD_OUTPUT: &str = "-";
/// The kind that goes to standard output unless told otherwise, and that is made where none is asked for.
const CONSOLE: &str = "console";
/// The kind that is the result itself.
const JSON: &str = "json";
/// The kind that consists of commands for whoever reads the log.
const GITHUB: &str = "github";
/// Where GitHub Actions wants the page of a step.
const STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";
/// Of a template, in bytes.
const MAX_TEMPLATE: u64 = 4 << 20;
/// Columns of a summary that goes to no terminal.
const PAGE: usize = 100;

#[derive(Debug, Args)]
#[command(
    override_usage = "rhaid report <FILE> [OPTIONS]",
    after_help = "\
Examples:
  rhaid report results/run.json                      the summary again
  rhaid report results/run.json --html               results/run.html: one file with charts
  rhaid report results/run.json --html out.html --json -
  rhaid report results/run.json --to html=out.html
  rhaid report results/run.json --md - --junit results/load.xml --csv
  rhaid report results/run.json --journal             results/run.journal.json, as the Chaos Toolkit writes it
  rhaid report results/run.json --github              annotations, and the step's summary
  rhaid report results/run.json --template slack.json.hbs
  rhaid report samples.jtl --html page.html          another tool's run

What `rhaid validate` reads can be reported, unjudged as it is. Several kinds may be asked for at once. Without a file a report goes beside the result, under the same name; `-` is standard output. The exit code is 0 when all were written, whatever the verdict on the run."
)]
pub struct ReportArguments {
    /// The result of a run, of rhaid or another tool.
    pub file: PathBuf,
    #[command(flatten)]
    kinds: Kinds,
    /// Write a report of this kind; may be given several times.
    #[arg(long, value_name = "KIND[=FILE]", value_parser = wanted)]
    to: Vec<Wanted>,
    /// Fill in a Handlebars template of your own, to standard output or to a file; may be given several times.
    #[arg(long, value_name = "TEMPLATE[=FILE]")]
    template: Vec<String>,
}

/// A report that is asked for.
#[derive(Clone)]
pub struct Wanted {
    kind: &'static dyn Report,
    /// `None` for the kind's own place.
    path: Option<PathBuf>,
}

impl fmt::Debug for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={:?}", self.kind.name(), self.path)
    }
}

/// Where a report goes.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Output,
    File(PathBuf),
    /// It would be the result, which is there already.
    Result,
    /// Commands to who reads the log, which is standard error as well, and the page of the step.
    Log,
}

impl Wanted {
    /// The journal, to a file or to standard output.
    pub fn journal(path: &Path) -> Self {
        Self {
            kind: report::journal(),
            path: Some(path.to_owned()),
        }
    }

    /// Whether it is the journal that goes to this place.
    pub fn is_journal(&self, path: &Path) -> bool {
        self.kind.name() == report::journal().name() && self.path.as_deref() == Some(path)
    }

    /// Whether it goes to standard output.
    pub fn is_printed(&self) -> bool {
        match &self.path {
            Some(path) => path == Path::new(STANDARD_OUTPUT),
            None => self.kind.name() == CONSOLE,
        }
    }

    /// Adds the file that it goes to, if it does; `flag` stands before the kind where it is asked for.
    pub fn tell(&self, files: &mut Files, flag: &str, result: &Path) {
        if let Place::File(path) = self.place(result) {
            files.writes(&format!("`{flag}{}`", self.kind.name()), &path);
        }
    }

    /// Where it goes, beside the result at `result` unless it has a path of its own.
    fn place(&self, result: &Path) -> Place {
        if self.is_printed() {
            return Place::Output;
        }
        let path = match &self.path {
            Some(path) => path.clone(),
            None if self.kind.name() == GITHUB => return Place::Log,
            None => result.with_extension(self.kind.extension()),
        };
        if path == result && self.kind.name() == JSON {
            Place::Result
        } else {
            Place::File(path)
        }
    }
}

/// Reads `KIND` or `KIND=FILE`.
pub fn wanted(text: &str) -> Result<Wanted, String> {
    let (name, path) = match text.split_once('=') {
        Some((name, path)) => (name, Some(path)),
        None => (text, None),
    };
    if path.is_some_and(str::is_empty) {
        return Err(format!("there is no file after the `=`: write {name}=FILE"));
    }
    let kind = report::by_name(name).ok_or_else(|| {
        let kinds: Vec<&str> = report::all().iter().map(|kind| kind.name()).collect();
        let near = did_you_mean(name, kinds.iter().copied());
        let kinds = kinds.join(", ");
        match near {
            Some(near) => format!("there is no such report; {near} There are {kinds}"),
            None => format!("there is no such report; there are {kinds}"),
        }
    })?;
    Ok(Wanted {
        kind,
        path: path.map(PathBuf::from),
    })
}

/// A flag for each kind of report there is: `--html FILE` and so on.
#[derive(Debug)]
struct Kinds(Vec<Wanted>);

impl Args for Kinds {
    fn augment_args(command: Command) -> Command {
        report::all().iter().fold(command, |command, kind| {
            command.arg(
                Arg::new(kind.name())
                    .long(kind.name())
                    .value_name("FILE")
                    .num_args(0..=1)
                    .value_parser(PathBufValueParser::new())
                    .help(format!("Write {}", kind.about())),
            )
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Kinds {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = report::all()
            .iter()
            .filter(|kind| matches.contains_id(kind.name()));
        Ok(Self(
            given
                .map(|kind| Wanted {
                    kind: *kind,
                    path: matches.get_one::<PathBuf>(kind.name()).cloned(),
                })
                .collect(),
        ))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Makes reports of a result that is in a file.
pub fn run(arguments: ReportArguments) -> Result<u8, Failure> {
    let mut asked = arguments.kinds.0;
    asked.extend(arguments.to);
    if asked.is_empty() && arguments.template.is_empty() {
        asked.extend(report::by_name(CONSOLE).map(|kind| Wanted { kind, path: None }));
    }
    refuse_two_on_output(&asked, false)?;
    let templates: Vec<Filled<'_>> = arguments
        .template
        .iter()
        .map(|asked| Filled::of(asked))
        .collect();
    files_of(&arguments.file, &asked, &templates).check()?;
    let import::Imported { format, mut result } = import::read(&arguments.file, None)?;
    if format.name() != "rhaid" {
        result.run.notes.extend(doubts(&result));
        result = with_its_thresholds(&arguments.file, result)?;
    }
    let written = deliver(&asked, &result, None, &arguments.file)?;
    for template in &templates {
        template.fill_in(&result)?;
    }
    for path in written {
        super::complain(&format!("wrote {}", path.display()));
    }
    Ok(exit::PASS)
}

/// Judges another tool's run by the thresholds that its file brings along, as `rhaid validate` does.
fn with_its_thresholds(file: &Path, result: RunResult) -> Result<RunResult, Failure> {
    if result.slos.is_empty() {
        return Ok(result);
    }
    let terms = Terms {
        asked: Vec::new(),
        own: true,
        standard: false,
        strict: false,
    };
    let judged = finished(result, &terms).map_err(|error| {
        Failure::new(exit::SCRIPT, format!("error: {}: {error}", file.display()))
    })?;
    Ok(judged.result)
}

/// What is read and written for reports of the result in `file`.
fn files_of(file: &Path, asked: &[Wanted], templates: &[Filled<'_>]) -> Files {
    let mut files = Files::default();
    files.reads("the result itself", file);
    files.keeps_project(Path::new(""), None);
    for wanted in asked {
        wanted.tell(&mut files, "--", file);
        if wanted.place(file) == Place::Result {
            files.writes(&format!("`--{}`", wanted.kind.name()), file);
        }
    }
    for template in templates {
        files.reads("a template", template.path());
        if let Some(out) = template.out {
            files.writes(&format!("`--template {}`", template.name), out);
        }
    }
    files
}

/// Standard output holds one document: a reader could not tell two apart.
pub fn refuse_two_on_output(asked: &[Wanted], is_taken: bool) -> Result<(), Failure> {
    let printed = asked.iter().filter(|wanted| wanted.is_printed()).count();
    if printed + usize::from(is_taken) > 1 {
        return Err(Failure::new(
            exit::USAGE,
            "error: two documents would go to standard output\nhelp: give all but one of them a file: KIND=FILE",
        ));
    }
    Ok(())
}

/// Tries before a run whether its reports can be written where they are to go.
pub fn probe(asked: &[Wanted], result: &Path) -> Result<(), Failure> {
    for wanted in asked {
        if let Place::File(path) = wanted.place(result) {
            result::probe_report(&path).map_err(|error| {
                let message =
                    format!("error: {error}\nThat was tried before the start: nothing was sent.");
                Failure::new(exit::CANNOT_WRITE, message)
            })?;
        }
    }
    Ok(())
}

/// Makes the reports and puts each in its place, beside the result at `path` unless it has one of its own. The files
/// that were written; those after one that could not be are written all the same.
pub fn deliver(
    asked: &[Wanted],
    result: &RunResult,
    against: Option<&report::Against<'_>>,
    path: &Path,
) -> Result<Vec<PathBuf>, Failure> {
    let mut written = Vec::new();
    let mut wrong = None;
    for wanted in asked {
        match deliver_one(wanted, result, against, path) {
            Ok(file) => written.extend(file),
            Err(failure) => wrong = wrong.or(Some(failure)),
        }
    }
    wrong.map_or(Ok(written), Err)
}

fn deliver_one(
    wanted: &Wanted,
    result: &RunResult,
    against: Option<&report::Against<'_>>,
    path: &Path,
) -> Result<Option<PathBuf>, Failure> {
    let look = match wanted.is_printed() {
        true => look_of_output(),
        false => Look {
            width: PAGE,
            ..Look::default()
        },
    };
    let look = Look {
        result_path: Some(path.to_owned()),
        ..look
    };
    let cannot =
        |error: &dyn fmt::Display| Failure::new(exit::CANNOT_WRITE, format!("error: {error}"));
    let render = || {
        match against {
            Some(against) => wanted.kind.render_against(result, &look, against),
            None => wanted.kind.render(result, &look),
        }
        .map_err(|error| cannot(&error))
    };
    match wanted.place(path) {
        Place::Output => print(&render()?).map(|()| None),
        Place::Result => Ok(None),
        Place::Log => {
            super::complain(render()?.trim_end());
            step_summary(result, against).map(|()| None)
        }
        Place::File(file) => {
            result::write_report(&file, &render()?).map_err(|error| cannot(&error))?;
            Ok(Some(file))
        }
    }
}

/// Adds the Markdown report to the page of the step, where there is one.
fn step_summary(result: &RunResult, against: Option<&report::Against<'_>>) -> Result<(), Failure> {
    let Some(path) = std::env::var_os(STEP_SUMMARY).filter(|path| !path.is_empty()) else {
        return Ok(());
    };
    let cannot = |error: &dyn fmt::Display| {
        let path = Path::new(&path).display();
        let message = format!("error: cannot write the step's summary to `{path}`: {error}");
        Failure::new(exit::CANNOT_WRITE, message)
    };
    let look = Look::default();
    let markdown = report::by_name("md").map(|kind| match against {
        Some(against) => kind.render_against(result, &look, against),
        None => kind.render(result, &look),
    });
    let text = markdown.transpose().map_err(|error| cannot(&error))?;
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .and_then(|mut file| file.write_all(text.unwrap_or_default().as_bytes()))
        .map_err(|error| cannot(&error))
}

/// A template of one's own that is asked for: `FILE`, or `FILE=OUT`.
struct Filled<'a> {
    name: &'a str,
    out: Option<&'a Path>,
}

impl<'a> Filled<'a> {
    fn of(asked: &'a str) -> Self {
        match asked.split_once('=') {
            Some((name, out)) => Self {
                name,
                out: (out != STANDARD_OUTPUT).then_some(Path::new(out)),
            },
            None => Self {
                name: asked,
                out: None,
            },
        }
    }

    fn path(&self) -> &'a Path {
        Path::new(self.name)
    }

    /// Fills it in, to its file or to standard output.
    fn fill_in(&self, result: &RunResult) -> Result<(), Failure> {
        let name = self.name;
        let text = read_template(self.path())
            .and_then(|bytes| String::from_utf8(bytes).map_err(std::io::Error::other))
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => Failure::new(
                    exit::NO_INPUT,
                    format!("error: cannot find the template `{name}`"),
                ),
                _ => Failure::new(
                    exit::SCRIPT,
                    format!("error: cannot read the template `{name}`: {error}"),
                ),
            })?;
        let filled = template::fill(name, &text, Markup::of(name), result, None)
            .map_err(|error| Failure::new(exit::SCRIPT, format!("error: {error}")))?;
        match self.out {
            Some(out) => result::write_report(out, &filled)
                .map_err(|error| Failure::new(exit::CANNOT_WRITE, format!("error: {error}"))),
            // A template may make anything; only where it is read at once must it be harmless.
            None if console::Term::stdout().is_term() => print_plain(&filled),
            None => print(&filled),
        }
    }
}

/// A template's bytes. A named pipe would hold the reader for ever; one that the shell has opened, as `<(…)` does, has a writer.
fn read_template(path: &Path) -> std::io::Result<Vec<u8>> {
    let inherited = path.starts_with("/dev/fd") || path.starts_with("/proc/self/fd");
    match inherited {
        true => crate::project::read_stream(std::fs::File::open(path)?, MAX_TEMPLATE),
        false => crate::project::read(path, MAX_TEMPLATE),
    }
}

/// What a text on standard output may look like.
pub fn look_of_output() -> Look {
    let output = console::Term::stdout();
    Look {
        width: match output.is_term() {
            true => usize::from(output.size().1).max(40),
            false => PAGE,
        },
        colour: console::colors_enabled(),
        ..Look::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_goes_to_standard_output_or_to_a_file() {
        assert_eq!(Filled::of("page.html.hbs=-").out, None);
        assert_eq!(Filled::of("page.html.hbs").out, None);
        let file = Filled::of("page.html.hbs=out.html");
        assert_eq!(file.out, Some(Path::new("out.html")));
    }

    #[test]
    fn a_kind_has_a_path_or_lies_beside_the_result() {
        let result = Path::new("results/run.json");
        let place = |text| wanted(text).unwrap().place(result);
        assert_eq!(place("html"), Place::File("results/run.html".into()));
        assert_eq!(place("html=a=b.html"), Place::File("a=b.html".into()));
        assert_eq!(place("html=-"), Place::Output);
        assert_eq!(place("console"), Place::Output);
        assert_eq!(place("json"), Place::Result);
    }

    #[test]
    fn a_misspelt_kind_gets_the_nearest_one() {
        let error = wanted("htm=x").unwrap_err();
        assert!(error.contains("did you mean `html`?"), "{error}");
        assert!(wanted("html=").unwrap_err().contains("html=FILE"));
    }
}
