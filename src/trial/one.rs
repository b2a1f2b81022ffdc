//! Runs one test, on a worker thread of its own.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::suite::{BASE_URL, Suite, Test};
use super::{Settings, report};
use crate::harmless;
use crate::mock::Mock;
use crate::run::{lost, overflow};
use crate::script::journey_factory;
use crate::script::trial::{Trial, enter};
use crate::secrets::{Secrets, mask_urls};
use crate::units;
use crate::vu::coroutine::Lost;
use crate::vu::worker::{Brief, Command, JourneyFactory, work};
use crate::vu::{Failure, Interrupt, LogLevel, Outcome, Report, RunShared, Stage};

/// What speaks against a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// In one line.
    pub message: String,
    /// With all there is about it, over several lines.
    pub text: String,
}

/// How a test ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    /// For this reason, if the text is not empty.
    Ignored(String),
    Failed(Vec<Reason>),
}

/// A test that is over.
#[derive(Debug, Clone)]
pub struct Finished {
    pub name: String,
    /// The script's path.
    pub file: String,
    pub function: String,
    pub line: usize,
    pub verdict: Verdict,
    pub took: Duration,
    /// What it logged, each line with its level.
    pub logs: Vec<String>,
    /// What came to its mock: `POST /rooms → 201`.
    pub calls: Vec<String>,
}

/// Lines and calls of a test that are shown; the rest is counted.
const MAX_LINES: usize = 200;
/// What a thread may take to find out that its test is to end.
const GRACE: Duration = Duration::from_secs(5);

/// Runs one test. Whatever happens to it is part of what comes back.
pub async fn run(suite: &Suite, test: &Test, settings: &Settings) -> Finished {
    let mut finished = Finished {
        name: test.name.clone(),
        file: suite.path.display().to_string(),
        function: test.function.clone(),
        line: test.line,
        verdict: Verdict::Passed,
        took: Duration::ZERO,
        logs: Vec::new(),
        calls: Vec::new(),
    };
    if let Some(reason) = &test.ignored {
        finished.verdict = Verdict::Ignored(reason.clone());
        return finished;
    }
    let mut reasons = match perform(suite, test, settings, &mut finished).await {
        Ok(reasons) => reasons,
        Err(why) => vec![of_text(format!("the test could not be started: {why}"))],
    };
    for text in reasons
        .iter_mut()
        .flat_map(|reason| [&mut reason.message, &mut reason.text])
        .chain(&mut finished.logs)
        .chain(&mut finished.calls)
    {
        mask(text, &suite.secrets);
    }
    if !reasons.is_empty() {
        finished.verdict = Verdict::Failed(reasons);
    }
    finished
}

fn mask(text: &mut String, secrets: &Secrets) {
    secrets.mask_text(text);
    *text = mask_urls(text).into_owned();
    // What a response says must not reach the terminal as a command.
    if let Cow::Owned(plain) = harmless::text(text) {
        *text = plain;
    }
}

/// A reason of one line.
fn of_text(message: String) -> Reason {
    let text = format!("error: {message}\n");
    Reason { message, text }
}

/// A script error, perhaps with more about the assertion that it comes from.
fn of_failure(failure: Failure, trial: &Trial) -> Reason {
    let mut text = failure.rendered;
    if let Some(difference) = trial.difference()
        && failure.message.starts_with(&difference.message)
    {
        text.push_str("\n- left, + right:\n");
        text.push_str(&report::indented(&difference.text));
    }
    Reason {
        message: failure.message,
        text,
    }
}

/// What the test's thread did.
enum Ending {
    Over(Outcome),
    /// The script could not even be compiled with the mock's address in its environment.
    NotBegun(Failure),
    Overflow,
    /// It does not answer: it hangs in native code.
    Hangs,
    Gone,
}

async fn perform(
    suite: &Suite,
    test: &Test,
    settings: &Settings,
    finished: &mut Finished,
) -> std::io::Result<Vec<Reason>> {
    let (mock, listener) = Mock::bind()?;
    let trial = Arc::new(Trial::new(mock.clone(), settings.real_time));
    let mut env = suite.env.clone();
    env.entry(BASE_URL.to_owned())
        .or_insert_with(|| mock.url().to_owned());
    let project = suite.sources.project.clone();
    let run = Arc::new(RunShared::new(
        settings.seed,
        env.clone(),
        Vec::new(),
        settings.timeout,
        settings.timeout,
        project,
    ));
    let (reports_in, mut reports) = mpsc::unbounded_channel();
    let (commands_in, commands) = mpsc::unbounded_channel();
    let (ready_in, ready) = oneshot::channel();
    let gone = Lost::default();
    let brief = Brief {
        index: 0,
        workers: 1,
        run: run.clone(),
        settings: suite.http.clone(),
        max_tag_sets: suite.max_tag_sets,
        assignments: Vec::new(),
        factory: factory(suite, env, listener, trial.clone()),
        reports: reports_in,
        commands,
        lost: gone.clone(),
        ready: ready_in,
    };
    std::thread::Builder::new()
        .name("test".to_owned())
        .spawn(move || work(brief))?;
    let mut began = Instant::now();
    let ending = {
        let life = async {
            match ready.await {
                Ok(Ok(())) => {}
                Ok(Err(failure)) => return Ending::NotBegun(failure),
                Err(_) => return Ending::Gone,
            }
            began = Instant::now();
            let (reply, answer) = oneshot::channel();
            let function = test.function.clone();
            let limit = settings.timeout;
            let _ = commands_in.send(Command::Once {
                function,
                limit,
                reply,
            });
            tokio::select! {
                answer = answer => match answer {
                    Ok(Some(outcome)) => Ending::Over(outcome),
                    Ok(None) | Err(_) => Ending::Gone,
                },
                () = tokio::time::sleep(limit.saturating_add(GRACE)) => Ending::Hangs,
            }
        };
        let mut life = std::pin::pin!(life);
        loop {
            tokio::select! {
                biased;
                Some(report) = reports.recv() => take(report, &mut finished.logs),
                ending = &mut life => break ending,
                () = lost(&gone) => break Ending::Overflow,
            }
        }
    };
    finished.took = began.elapsed();
    let is_finished = run.is_finished();
    // Sends the thread home; one that is lost or hangs is left behind.
    run.advance(Stage::Killed);
    drop(commands_in);
    while let Ok(report) = reports.try_recv() {
        take(report, &mut finished.logs);
    }
    finished.calls = calls(&mock);
    let mut reasons = of_mock(&mock);
    reasons.extend(of_ending(ending, settings, is_finished, &trial));
    reasons.extend(of_checks(&trial));
    Ok(reasons)
}

/// Makes the thread the test's own before its script is compiled there.
fn factory(
    suite: &Suite,
    env: std::collections::BTreeMap<String, String>,
    listener: std::net::TcpListener,
    trial: Arc<Trial>,
) -> JourneyFactory {
    let compile = journey_factory(suite.sources.clone(), Arc::new(env), suite.secrets.clone());
    let listener = Mutex::new(Some(listener));
    Arc::new(move |worker| {
        let listener = listener
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let served = listener.map_or(Ok(()), |listener| trial.mock.serve(listener));
        if let Err(error) = served {
            let message = format!("the mock server could not be started: {error}");
            return Err(Failure {
                rendered: format!("error: {message}\n"),
                message,
            });
        }
        enter(trial.clone());
        compile(worker)
    })
}

fn take(report: Report, logs: &mut Vec<String>) {
    let Report::Log(line) = report else {
        return;
    };
    let level = match line.level {
        LogLevel::Trace => "trace",
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warn",
        LogLevel::Error => "error",
    };
    keep(logs, format!("{level:<5} {}", line.text));
}

/// Keeps a line, or says once that there are more.
fn keep(lines: &mut Vec<String>, line: String) {
    match lines.len() {
        kept if kept < MAX_LINES => lines.push(line),
        MAX_LINES => lines.push("… and more".to_owned()),
        _ => {}
    }
}

fn calls(mock: &Mock) -> Vec<String> {
    let mut lines = Vec::new();
    for call in mock.calls() {
        let answer = match call.status {
            0 => "dropped".to_owned(),
            status => status.to_string(),
        };
        keep(&mut lines, format!("{} → {answer}", call.label()));
    }
    lines
}

fn of_mock(mock: &Mock) -> Vec<Reason> {
    let reason = |found: crate::mock::Unanswered| {
        let message = format!("{} came, and nothing answers it", found.request);
        let text = format!("error: {message}\nhelp: {}\n", found.hint);
        Reason { message, text }
    };
    mock.unanswered().into_iter().map(reason).collect()
}

fn of_checks(trial: &Trial) -> Vec<Reason> {
    let reason = |check: crate::script::trial::FailedCheck| {
        let often = match check.times {
            0 | 1 => String::new(),
            more => format!(" ({more} times)"),
        };
        let place = match check.place.as_str() {
            "" => String::new(),
            place => format!(" ({place})"),
        };
        let message = format!("the check \"{}\" failed{often}{place}", check.name);
        let why = check
            .reason
            .map(|why| format!("  {}\n", why.replace('\n', "\n  ")));
        let text = format!("error: {message}\n{}", why.unwrap_or_default());
        Reason { message, text }
    };
    let mut reasons: Vec<Reason> = trial.take_failed_checks().into_iter().map(reason).collect();
    let more = trial.more_failed_checks();
    if more > 0 {
        reasons.push(of_text(format!(
            "checks of further names failed {}; no note was kept of them",
            units::format_times(more)
        )));
    }
    reasons
}

fn of_ending(
    ending: Ending,
    settings: &Settings,
    is_finished: bool,
    trial: &Trial,
) -> Option<Reason> {
    let limit = units::format_duration(settings.timeout);
    Some(match ending {
        Ending::Over(Outcome::Done) => return None,
        Ending::Over(Outcome::Failed(failure)) => of_failure(failure, trial),
        Ending::Over(Outcome::Interrupted(Interrupt::Timeout(_))) => {
            let message = format!("the test took longer than {limit}; --timeout allows more");
            match trial.place_of_stop().filter(|place| place.line > 0) {
                Some(mut place) => {
                    place.message = message;
                    Reason {
                        message: place.one_line(),
                        text: place.render(false),
                    }
                }
                None => of_text(message),
            }
        }
        Ending::Over(Outcome::Interrupted(Interrupt::Stop)) if is_finished => {
            of_text("the script ended the run: its rows of data are used up".to_owned())
        }
        Ending::Over(Outcome::Interrupted(Interrupt::Stop)) => {
            of_text("the test was stopped".to_owned())
        }
        Ending::Over(Outcome::Abort(reason)) => {
            of_text(format!("the script aborted the run: {reason}"))
        }
        Ending::NotBegun(failure) => of_failure(failure, trial),
        Ending::Overflow => of_failure(overflow(), trial),
        Ending::Hangs => of_text(format!(
            "the test took longer than {limit} and does not let itself be stopped; it is left behind"
        )),
        Ending::Gone => {
            of_text("the test's thread ended unexpectedly; this is a mistake in rhaid".to_owned())
        }
    })
}
