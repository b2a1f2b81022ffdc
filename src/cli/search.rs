//! `rhaid search`: the highest arrival rate at which all objectives hold.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::command_args::ScriptArguments;
use super::hosted::start_demo;
use super::outputs::Files;
use super::signals::Signals;
use super::values::{Format, duration, narrow, vus, workers};
use super::{Failure, config, limits, print, print_plain};
use crate::options::Arrival;
use crate::result::{self, MetricValues, Outcome, RunResult, ratio};
use crate::run::{Blueprint, Handle, Observer, Progress, Settings, conduct};
use crate::search::{Answer, Plan, Search, Trial, curve};
use crate::units::{self, format_fraction, format_millis, format_rate};
use crate::{exit, hints};

/// Why a trial says nothing about the target.
const GENERATOR: &str = "the load generator did not keep up";

/// A rate counts as reached if this share of the iterations was done.
const REACHED: f64 = 0.98;

#[derive(Debug, Args)]
#[command(
    override_usage = "rhaid search <SCRIPT> [OPTIONS]",
    after_help = "\
Examples:
  rhaid search journey.rhai --slo \"http_req_duration: p(95) < 300ms\"
  rhaid search journey.rhai --scenario guests --from 10 --to 500 --each 30s
  rhaid search journey.rhai --rounds 5 --precision 2% --format json
  rhaid search journey.rhai --at-least 200/s                  exit 1 when it is less

Runs the chosen scenario again and again, each time as constant arrivals at another rate: doubled until an objective is missed or the rate is not reached, then halved in between. --rounds finds it several times over, and says how far apart they are. The exit code is 0 when a rate was found, and 1 when not even the lowest holds or it is below --at-least."
)]
pub struct SearchArguments {
    #[command(flatten)]
    pub script: ScriptArguments,
    /// Start the built-in hotel API on a free port, and set BASE_URL to it.
    #[arg(long, help_heading = "Search")]
    pub demo: bool,
    /// The lowest rate, tried first: 10 (a second), 10/s or 300/m.
    #[arg(long, value_name = "RATE", default_value = "10", value_parser = a_rate, help_heading = "Search")]
    pub from: f64,
    /// The highest rate that is tried.
    #[arg(long, value_name = "RATE", default_value = "10000", value_parser = a_rate, help_heading = "Search")]
    pub to: f64,
    /// How long each trial lasts.
    #[arg(long, value_name = "DURATION", default_value = "20s", value_parser = trial_length, help_heading = "Search")]
    pub each: Duration,
    /// How long the target is warmed up at the same rate before each trial, without being judged.
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration, help_heading = "Search")]
    pub warm_up: Duration,
    /// How closely the rate is found.
    #[arg(long, value_name = "SHARE", default_value = "5%", value_parser = narrow, help_heading = "Search")]
    pub precision: f64,
    /// How often it is found, for a confidence interval.
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u8).range(1..=50), help_heading = "Search")]
    pub rounds: u8,
    /// Virtual users at most.
    #[arg(long, value_name = "N", default_value = "1000", value_parser = vus, help_heading = "Search")]
    pub max_vus: u32,
    /// Exit with 1 when the rate found is lower than this.
    #[arg(long, value_name = "RATE", value_parser = a_rate, help_heading = "Search")]
    pub at_least: Option<f64>,
    /// Threads that run virtual users [default: one per processor].
    #[arg(long, value_name = "N", value_parser = workers, help_heading = "Search")]
    pub workers: Option<u16>,
    /// Show no progress, only what was found.
    #[arg(short, long, help_heading = "Output")]
    pub quiet: bool,
    /// Where the trials and what was found go as JSON, too.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub out: Option<PathBuf>,
    /// What goes to standard output.
    #[arg(long, value_enum, default_value = "text", help_heading = "Output")]
    pub format: Format,
}

/// A shorter trial measures the start of users and connections, and its seconds tell no rate.
const SHORTEST: Duration = Duration::from_secs(1);

fn trial_length(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        each if each >= SHORTEST => Ok(each),
        _ => Err(
            "write a second or more, such as 20s: in less than that no rate can be told".to_owned(),
        ),
    }
}

fn a_rate(text: &str) -> Result<f64, String> {
    let rate: units::Rate = text
        .parse()
        .map_err(|error: units::UnitError| error.to_string())?;
    match rate.per_second() {
        rate if rate > 0.0 && rate <= 1e6 => Ok(rate),
        _ => Err("write a rate above 0 and up to 1,000,000/s".to_owned()),
    }
}

/// All that a search found, as JSON has it.
#[derive(Serialize)]
struct Document<'a> {
    answer: Answer,
    interrupted: bool,
    trials: &'a [Trial],
}

/// Searches; the exit code of the contract.
pub fn run(arguments: &SearchArguments) -> Result<u8, Failure> {
    if arguments.from > arguments.to {
        return Err(Failure::new(
            exit::USAGE,
            format!(
                "error: `--from {}` is above `--to {}`\nhelp: --from is the lowest rate and is tried first",
                arguments.from, arguments.to
            ),
        ));
    }
    let workers = arguments.workers.map_or_else(
        || std::thread::available_parallelism().map_or(1, usize::from),
        usize::from,
    );
    let needed = limits::needed(workers, arguments.demo);
    limits::prepare("a search", needed)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(exit::INTERNAL, format!("error: cannot start: {error}")))?;
    let mut request = config::request(&arguments.script)?;
    let _demo = match arguments.demo {
        true => Some(start_demo(&mut request.env)?),
        false => None,
    };
    let draw = |rate: f64, each: Duration| {
        let mut request = request.clone();
        request.overrides.arrival = Some(Arrival {
            rate,
            seconds: each.as_secs_f64(),
            max_vus: arguments.max_vus,
        });
        Blueprint::draw_up(request)
    };
    let first = draw(arguments.from, arguments.each)?;
    super::warn(&first.warnings);
    if let Some(out) = &arguments.out {
        let mut files = Files::default();
        files.reads_run_of(&first, &arguments.script);
        let folder = arguments.script.script.parent().unwrap_or(Path::new(""));
        files.keeps_project(folder, None);
        files.writes("`--out`", out);
        files.check()?;
        result::probe_report(out).map_err(|error| {
            let message =
                format!("error: {error}\nThat was tried before the start: nothing was sent.");
            Failure::new(exit::CANNOT_WRITE, message)
        })?;
    }
    if first.options.slos.is_empty() {
        return Err(Failure::new(
            exit::USAGE,
            "error: a search needs an objective that can be missed, and this script has none\nhelp: give it `slos`, or --slo \"http_req_duration: p(95) < 300ms\"",
        ));
    }
    let mut search = Search::new(Plan {
        from: arguments.from,
        to: arguments.to,
        precision: arguments.precision,
        rounds: usize::from(arguments.rounds),
    });
    let settings = Settings {
        workers,
        strict: false,
        execution_segment: None,
        notes: Vec::new(),
        given: None,
        until_stable: None,
        faults: None,
        leaves_faults_out: false,
        looking: None,
        feed: None,
        detail: false,
    };
    let is_shown = !arguments.quiet;
    let mut trials: Vec<Trial> = Vec::new();
    let stopper = Stopper::default();
    let mut round = 0;
    while let Some(rate) = search.next_rate() {
        if is_shown && round != search.round() {
            round = search.round();
            super::complain(&format!("round {round} of {}", arguments.rounds));
        }
        let conducted = |each: Duration| -> Result<RunResult, Failure> {
            let blueprint = draw(rate, each)?;
            let mut quiet = stopper.clone();
            runtime
                .block_on(conduct(&blueprint, &settings, &mut quiet))
                .map_err(|error| Failure::new(exit::INTERNAL, format!("error: {error}")))
        };
        if !arguments.warm_up.is_zero() {
            let warm = conducted(arguments.warm_up)?;
            if stopper.is_stopped() {
                break;
            }
            refused(&warm)?;
        }
        let result = conducted(arguments.each)?;
        if stopper.is_stopped() {
            break;
        }
        refused(&result)?;
        let trial = judged(rate, arguments.each, &result);
        if is_shown {
            super::complain(&format!("  {}", line(&trial)));
        }
        search.tell(trial.held);
        trials.push(trial);
    }
    finish(arguments, &search, &trials, stopper.is_stopped())
}

/// A trial that says nothing about its rate ends the search: the script threw, or `setup` failed.
fn refused(result: &RunResult) -> Result<(), Failure> {
    let why = match &result.run.outcome {
        Outcome::SetupFailed { reason } => reason.clone(),
        _ => {
            let thrown = result.counter("iteration_errors").unwrap_or_default();
            let done = result.counter("iterations").unwrap_or_default();
            if thrown == 0.0 || thrown < done / 2.0 {
                return Ok(());
            }
            result.errors.first().map_or_else(
                || "the script threw".to_owned(),
                |error| error.message.clone(),
            )
        }
    };
    Err(Failure::new(
        exit::BLOCKED,
        format!(
            "error: a trial could not be carried out: {}\nhelp: try it with `rhaid run` first",
            why
        ),
    ))
}

/// What came of a trial.
fn judged(rate: f64, each: Duration, result: &RunResult) -> Trial {
    let done = result.counter("iterations").unwrap_or_default();
    let dropped = result.counter("dropped_iterations").unwrap_or_default();
    let planned = rate * each.as_secs_f64();
    let reached = ratio(done, result.run.duration_seconds.max(each.as_secs_f64()));
    let missed = result.slos.iter().find(|slo| !slo.is_met());
    let why = match missed {
        Some(slo) => format!(
            "{} {}: it was {}",
            slo.label(),
            slo.target,
            if slo.actual_text.is_empty() {
                "without data"
            } else {
                &slo.actual_text
            }
        ),
        None if dropped > (1.0 - REACHED) * planned => format!(
            "{dropped:.0} of {planned:.0} iterations found no free virtual user (`--max-vus`)"
        ),
        None => match hints::trust(result).doubts.first() {
            Some(doubt) => format!("{GENERATOR}: {doubt}"),
            None => String::new(),
        },
    };
    let failed = match result.metric("http_req_failed") {
        Some(MetricValues::Rate { rate, .. }) => *rate,
        _ => 0.0,
    };
    Trial {
        rate,
        reached,
        held: why.is_empty(),
        why,
        p95: result.trend("http_req_duration").map(|trend| trend.p95),
        failed,
    }
}

fn line(trial: &Trial) -> String {
    let verdict = match trial.held {
        true => "held".to_owned(),
        false => format!("missed: {}", trial.why),
    };
    let p95 = trial.p95.map_or_else(|| "-".to_owned(), format_millis);
    format!(
        "{:>9}  p95 {p95:>8}  failed {:>6}  {verdict}",
        format_rate(trial.rate),
        format_fraction(trial.failed)
    )
}

fn finish(
    arguments: &SearchArguments,
    search: &Search,
    trials: &[Trial],
    interrupted: bool,
) -> Result<u8, Failure> {
    let answer = search.answer();
    let document = Document {
        answer: answer.clone(),
        interrupted,
        trials,
    };
    let json = serde_json::to_string_pretty(&document)
        .map_err(|error| Failure::new(exit::INTERNAL, format!("error: {error}")))?;
    match arguments.format {
        Format::Json => print(&format!("{json}\n"))?,
        Format::Text if interrupted && trials.is_empty() => {
            print("Nothing was measured: interrupted before the first trial was over.\n")?;
        }
        Format::Text => print_plain(&told(arguments, &answer, trials))?,
    }
    if let Some(path) = &arguments.out {
        result::write_report(path, &format!("{json}\n"))
            .map_err(|error| Failure::new(exit::CANNOT_WRITE, format!("error: {error}")))?;
    }
    if interrupted {
        return Ok(exit::INTERRUPTED);
    }
    Ok(match answer {
        Answer::Found { rate, .. } if arguments.at_least.is_none_or(|least| rate >= least) => {
            exit::PASS
        }
        _ => exit::REVIEW,
    })
}

/// What was found, for people: the answer first, then the curve.
fn told(arguments: &SearchArguments, answer: &Answer, trials: &[Trial]) -> String {
    let mut lines = vec![match answer {
        Answer::None => format!("Not even {} holds.", format_rate(arguments.from)),
        Answer::Found {
            rate, capped: true, ..
        } => format!(
            "All objectives hold up to {}, the highest rate that was allowed (--to).",
            format_rate(*rate)
        ),
        Answer::Found {
            rate, low, high, ..
        } => format!(
            "All objectives hold up to about {} ({} {} to {}).",
            format_rate(*rate),
            if arguments.rounds > 1 {
                "95% interval"
            } else {
                "from"
            },
            format_rate(*low),
            format_rate(*high)
        ),
    }];
    if let (Answer::Found { rate, .. }, Some(least)) = (answer, arguments.at_least)
        && *rate < least
    {
        lines.push(format!(
            "That is below the {} that were asked for.",
            format_rate(least)
        ));
    }
    let breaks = trials
        .iter()
        .filter(|trial| !trial.held)
        .min_by(|a, b| a.rate.total_cmp(&b.rate));
    if let Some(trial) = breaks {
        lines.push(format!("Beyond it: {}.", trial.why));
        if trial.why.starts_with(GENERATOR) {
            lines.push(
                "That is what the load generator can make, not what the target can take: run it on a larger or quieter machine.".to_owned(),
            );
        }
    }
    if !trials.is_empty() {
        lines.push(String::new());
        lines.push("       RATE       P95  FAILED".to_owned());
        lines.extend(curve(trials, true));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// Lets Ctrl-C end a trial, and the search with it.
#[derive(Clone, Default)]
struct Stopper(Arc<Mutex<bool>>);

impl Stopper {
    fn is_stopped(&self) -> bool {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Stopper {
    fn started(&mut self, handle: Handle) {
        let stopped = self.0.clone();
        tokio::task::spawn(async move {
            let Ok(mut signals) = Signals::listen() else {
                return;
            };
            while signals.next().await {
                *stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
                handle.stop();
            }
        });
    }

    fn progress(&mut self, _progress: &Progress) {}
}
