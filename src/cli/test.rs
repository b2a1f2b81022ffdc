//! `rhaid test`: runs the tests of scripts against mock servers that they describe.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::Value;

use super::outputs::Files;
use super::signals::Signals;
use super::values::{Format, duration, pair, seed, workers};
use super::{Failure, check, complain, config, print};
use crate::exit;
use crate::secrets::Secrets;
use crate::suggest::did_you_mean;
use crate::trial::report::{self, Counts};
use crate::trial::{End, FindError, Finished, Settings, Suite, Test, files, run_all};

#[derive(Debug, Args)]
#[command(
    override_usage = "rhaid test [PATH]... [OPTIONS]",
    after_help = "\
Examples:
  rhaid test                                  all *_test.rhai below this folder
  rhaid test checkout_test.rhai scripts/      one script, and those of a folder
  rhaid test --filter refund                  the tests with that in their name
  rhaid test --junit tests.xml --quiet        in a pipeline

A test is a function whose name begins with `test_`. It describes a server with `mock::on`, calls the functions of the script that it imports, and says with `assert_eq` and its like what must come of it. A check that fails makes it fail too, and so does a request that the mock does not answer. A sleep is over at once.

The exit code is 0 when all tests passed, 2 when one failed, 64 when --filter fits none, 65 when a script is wrong (the others are run), 66 when there is no test or no such file."
)]
pub struct TestArguments {
    /// Scripts, and folders to search for `*_test.rhai` [default: this folder].
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Run only tests whose name contains this; may be given several times.
    #[arg(long = "filter", value_name = "TEXT")]
    pub filters: Vec<String>,
    /// Run only tests whose whole name is that of a --filter.
    #[arg(long, requires = "filters")]
    pub exact: bool,
    /// Run the tests marked `@ignore` too.
    #[arg(long)]
    pub include_ignored: bool,
    /// Print the names of the tests and run none.
    #[arg(long)]
    pub list: bool,
    /// Start no test after one that failed.
    #[arg(long)]
    pub fail_fast: bool,
    /// How long a test may take.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = limit, allow_negative_numbers = true)]
    pub timeout: Duration,
    /// Let sleeps and think times take their time.
    #[arg(long)]
    pub real_time: bool,
    /// Tests at once [default: one per processor].
    #[arg(short, long, value_name = "N", value_parser = workers, allow_negative_numbers = true)]
    pub jobs: Option<u16>,
    /// Seed of everything random; the same for each test.
    #[arg(long, value_name = "N", default_value = "0", value_parser = seed, allow_negative_numbers = true)]
    pub seed: u64,
    /// Set a variable that `env()` reads; may be given several times.
    #[arg(short, long = "env", value_name = "K=V", value_parser = pair)]
    pub env: Vec<(String, String)>,
    /// Write the outcome as JUnit XML as well.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// What goes to standard output: text as the tests end, or one JSON document.
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
    /// Show only what failed, and the last line.
    #[arg(short, long)]
    pub quiet: bool,
}

fn limit(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        limit if limit.is_zero() => Err("write a duration above zero".to_owned()),
        limit => Ok(limit),
    }
}

/// A script that could not be used: its path, what is wrong, and which code that is.
struct Broken {
    path: String,
    failure: Failure,
    findings: Vec<Value>,
}

/// Runs tests; 0 if all passed.
pub fn run(arguments: TestArguments) -> Result<u8, Failure> {
    let began = Instant::now();
    let here = [PathBuf::from(".")];
    let paths = match arguments.paths.as_slice() {
        [] => &here[..],
        paths => paths,
    };
    let paths = files(paths).map_err(|error| {
        let code = match error {
            FindError::Missing { .. } | FindError::None { .. } => exit::NO_INPUT,
            FindError::Unreadable { .. } => exit::SCRIPT,
        };
        Failure::new(code, format!("error: {error}"))
    })?;
    let (mut suites, broken) = read(&paths, &arguments)?;
    if let Some(junit) = &arguments.junit {
        let mut written = Files::default();
        for path in &paths {
            written.reads("a script", path);
        }
        let sources = suites.iter().flat_map(|suite| suite.sources.files());
        sources.for_each(|path| written.reads("a module or a data file of a script", &path));
        written.writes("`--junit`", junit);
        written.check()?;
    }
    for broken in &broken {
        super::complain_drawn(broken.failure.message.trim_end());
    }
    if arguments.include_ignored {
        let tests = suites.iter_mut().flat_map(|suite| &mut suite.tests);
        tests.for_each(|test| test.ignored = None);
    }
    let all: Vec<(&Suite, &Test)> = suites
        .iter()
        .flat_map(|suite| suite.tests.iter().map(move |test| (suite, test)))
        .collect();
    if all.is_empty() && broken.is_empty() {
        let paths: Vec<String> = paths
            .iter()
            .map(|path| format!("`{}`", path.display()))
            .collect();
        let message = format!(
            "error: there is no test in {}\nhelp: a test is a function whose name begins with `test_`",
            paths.join(", ")
        );
        return Err(Failure::new(exit::NO_INPUT, message));
    }
    let chosen: Vec<(&Suite, &Test)> = all
        .iter()
        .filter(|(_, test)| is_chosen(&test.name, &arguments))
        .copied()
        .collect();
    if chosen.is_empty() && broken.is_empty() {
        return Err(none_chosen(&all, &arguments));
    }
    if arguments.list {
        let tests: Vec<&Test> = chosen.iter().map(|(_, test)| *test).collect();
        print(&report::listing(&tests))?;
        return Ok(code_of_broken(&broken).unwrap_or(exit::PASS));
    }
    let (finished, end) = perform(&chosen, &arguments)?;
    let counts = Counts {
        filtered_out: all.len() - chosen.len(),
        not_run: chosen.len() - finished.len(),
        broken: broken.len(),
        ..Counts::of(&finished)
    };
    conclude(&finished, &broken, &counts, began.elapsed(), &arguments)?;
    Ok(match end {
        End::Interrupted => exit::INTERRUPTED,
        End::Complete | End::FailedFast => code_of_broken(&broken).unwrap_or({
            match counts.is_ok() {
                true => exit::PASS,
                false => exit::BLOCKED,
            }
        }),
    })
}

fn code_of_broken(broken: &[Broken]) -> Option<u8> {
    broken.first().map(|broken| broken.failure.code)
}

/// Compiles the scripts; those that are wrong keep no other from being run.
fn read(
    paths: &[PathBuf],
    arguments: &TestArguments,
) -> Result<(Vec<Suite>, Vec<Broken>), Failure> {
    let defaults = config::defaults(None)?;
    let mut env = config::environment(&[]);
    // That of a shell may be a real target; what is asked for on the command line is meant.
    env.remove("BASE_URL");
    env.extend(arguments.env.iter().cloned());
    let secrets = Secrets::default();
    let (mut suites, mut broken) = (Vec::new(), Vec::new());
    for path in paths {
        match Suite::draw_up(path, env.clone(), &secrets, defaults.clone()) {
            Ok(suite) => {
                super::warn(&suite.warnings);
                if suite.tests.is_empty() && paths.len() > 1 {
                    complain(&format!(
                        "warning: there is no test in `{}`",
                        path.display()
                    ));
                }
                suites.push(suite);
            }
            Err(error) => {
                let path = path.display().to_string();
                broken.push(Broken {
                    findings: check::as_json(&path, &error),
                    failure: error.into(),
                    path,
                });
            }
        }
    }
    Ok((suites, broken))
}

fn is_chosen(name: &str, arguments: &TestArguments) -> bool {
    let fits = |filter: &String| match arguments.exact {
        true => name == filter,
        false => name.contains(filter.as_str()),
    };
    arguments.filters.is_empty() || arguments.filters.iter().any(fits)
}

fn none_chosen(all: &[(&Suite, &Test)], arguments: &TestArguments) -> Failure {
    let filters = arguments.filters.join("`, `");
    let names = || {
        all.iter()
            .flat_map(|(_, test)| [test.name.as_str(), test.function.as_str()])
    };
    let near = arguments
        .filters
        .iter()
        .find_map(|filter| did_you_mean(filter, names()));
    let help = near.unwrap_or_else(|| "`rhaid test --list` names all tests".to_owned());
    let what = match arguments.exact {
        true => "is called",
        false => "has in its name",
    };
    let message = format!("error: no test {what} `{filters}`\nhelp: {help}");
    Failure::new(exit::USAGE, message)
}

fn perform(
    tests: &[(&Suite, &Test)],
    arguments: &TestArguments,
) -> Result<(Vec<Finished>, End), Failure> {
    let settings = Settings {
        jobs: arguments.jobs.map_or_else(
            || std::thread::available_parallelism().map_or(1, usize::from),
            usize::from,
        ),
        timeout: arguments.timeout,
        real_time: arguments.real_time,
        seed: arguments.seed,
        fail_fast: arguments.fail_fast,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(exit::INTERNAL, format!("error: cannot start: {error}")))?;
    let spoken = arguments.format == Format::Text && !arguments.quiet;
    if spoken {
        print(&format!("\nrunning {}\n", report::counted(tests.len())))?;
    }
    let mut all = Vec::new();
    let mut tell = |finished: Finished| {
        if spoken {
            print(&report::line(&finished))?;
        }
        all.push(finished);
        Ok::<(), Failure>(())
    };
    let end = runtime.block_on(async {
        // Listened to before the first test begins, and without a pause.
        let signals = Signals::listen();
        let interrupted = async {
            if let Ok(mut signals) = signals
                && signals.next().await
            {
                return;
            }
            std::future::pending().await
        };
        run_all(tests, &settings, interrupted, &mut tell).await
    })?;
    Ok((all, end))
}

/// Says how it went, everywhere where that was asked for.
fn conclude(
    finished: &[Finished],
    broken: &[Broken],
    counts: &Counts,
    took: Duration,
    arguments: &TestArguments,
) -> Result<(), Failure> {
    match arguments.format {
        Format::Text => {
            print(&report::failures(finished))?;
            print(&report::outcome(counts, took))?;
        }
        Format::Json => {
            let errors: Vec<Value> = broken
                .iter()
                .flat_map(|broken| broken.findings.clone())
                .collect();
            let document = report::json(finished, &errors, counts, took);
            let text = serde_json::to_string_pretty(&document).unwrap_or_default();
            print(&format!("{text}\n"))?;
        }
    }
    let Some(path) = &arguments.junit else {
        return Ok(());
    };
    let broken: Vec<(String, String)> = broken
        .iter()
        .map(|broken| (broken.path.clone(), broken.failure.message.clone()))
        .collect();
    let written = report::junit(finished, &broken, took)
        .map_err(std::io::Error::other)
        .and_then(|text| std::fs::write(path, text));
    written.map_err(|error| {
        let message = format!("error: cannot write `{}`: {error}", path.display());
        Failure::new(exit::CANNOT_WRITE, message)
    })
}
