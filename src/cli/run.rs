//! `rhaid run`: a run, from the command line to the exit code.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use time::OffsetDateTime;

use super::against;
use super::command_args::{RunArguments, ScriptArguments};
use super::dashboard::{self, Wheel};
use super::history;
use super::hosted::{BASE_URL, start_demo};
use super::notify::Notices;
use super::outputs::Files;
use super::reload::Reloader;
use super::report::{self, Wanted};
use super::signals::Signals;
use super::streams::{self, Streams};
use super::values::{self, Format, ProgressFormat};
use super::watch::Watch;
use super::{Failure, config, dry_run, limits, print, reload};
use crate::chaos::{ChaosError, Touches};
use crate::compare::Comparison;
use crate::live::web::{Dashboard, Teller};
use crate::live::{Shown, View, Voice};
use crate::logging;
use crate::report::{Against, Look, render_against, render_brief};
use crate::result::{self, Place, RunResult, VerdictStatus};
use crate::run::{Blueprint, Handle, Observer, Progress, RunError, Settings, conduct};
use crate::{exit, vu};

/// Runs a script; the exit code of the contract.
pub fn run(mut arguments: RunArguments) -> Result<u8, Failure> {
    if arguments.progress == ProgressFormat::Ndjson {
        super::speak_to_programs();
    }
    values::check_kinds(&arguments.allow_faults)?;
    if let Some(path) = &arguments.journal {
        arguments.reports.push(Wanted::journal(path));
    }
    let workers = arguments.workers.map_or_else(
        || std::thread::available_parallelism().map_or(1, usize::from),
        usize::from,
    );
    let needed = limits::needed(workers, arguments.demo);
    let files = limits::prepare(&format!("a run on {}", count(workers)), needed)?;
    let no_start = |error: std::io::Error| {
        Failure::new(exit::INTERNAL, format!("error: cannot start: {error}"))
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(no_start)?;
    let result_is_printed = matches!(
        arguments.result.as_deref().map(Place::of),
        Some(Ok(Place::Output))
    );
    report::refuse_two_on_output(
        &arguments.reports,
        arguments.format == Format::Json || result_is_printed,
    )?;
    if arguments.format == Format::Json && result_is_printed {
        return Err(Failure::new(
            exit::USAGE,
            "error: `--format json` and `--result /dev/stdout` would print the result twice\nhelp: leave one of them away",
        ));
    }
    let mut request = config::request(&arguments.script)?;
    let sets_target = |(name, _): &(String, String)| name == BASE_URL;
    if arguments.demo && arguments.script.env.iter().any(sets_target) {
        return Err(Failure::new(
            exit::USAGE,
            "error: `--demo` and `--env BASE_URL=…` name two targets\nhelp: leave --demo away to test yours, or --env BASE_URL to test the built-in hotel API",
        ));
    }
    let _demo = if arguments.demo {
        Some(start_demo(&mut request.env)?)
    } else {
        None
    };
    let outputs = streams::asked_for(&arguments)?;
    let notices = Notices::begin(&arguments.notify, &arguments.script.script)?;
    let mut against = against::Against::begin(&arguments)?;
    let blueprint = Blueprint::draw_up(request)?;
    super::warn(&blueprint.warnings);
    if arguments.until_stable.is_some() && blueprint.options.slos.is_empty() {
        return Err(Failure::new(
            exit::USAGE,
            "error: `--until-stable` ends a run when its SLOs are known well enough, and this script has none\nhelp: give it `slos` in its options, or a `--duration`",
        ));
    }
    let started_at = OffsetDateTime::now_utc();
    let beside_it = beside(&arguments, None, started_at);
    let mut touched = files_of(&arguments, &blueprint, &beside_it);
    for output in &outputs {
        if let Some(path) = output.file() {
            touched.writes(&format!("`--out {}`", output.kind()), Path::new(path));
        }
    }
    touched.check()?;
    if arguments.dry_run {
        return dry_run::tell(&arguments, &blueprint);
    }
    result::probe(arguments.result.as_deref()).map_err(|error| {
        let message = format!("error: {error}\nThat was tried before the start: nothing was sent.");
        Failure::new(exit::CANNOT_WRITE, message)
    })?;
    report::probe(&arguments.reports, &beside_it)?;
    let users = blueprint
        .options
        .scenarios
        .iter()
        .map(|scenario| u64::from(scenario.executor.max_vus()))
        .sum();
    let notes = limits::note(files, needed, users, arguments.demo);
    let streams = Streams::start(outputs, &blueprint.options, &arguments)?;
    let settings = Settings {
        workers,
        strict: arguments.strict,
        execution_segment: arguments
            .script
            .execution_segment
            .as_ref()
            .map(ToString::to_string),
        notes: notes.into_iter().collect(),
        given: None,
        until_stable: arguments.until_stable,
        faults: allowed_faults(&arguments, &blueprint)?,
        leaves_faults_out: arguments.no_faults,
        looking: None,
        feed: streams.as_ref().map(Streams::feed),
        detail: arguments.dashboard.is_wanted(),
    };
    let dashboard = arguments.dashboard.start(&arguments.script.script)?;
    let mut watcher = Watcher {
        view: View::start(shown(&arguments), arguments.log_format.into()).map_err(no_start)?,
        own_summary: None,
        signals: None,
        teller: dashboard.as_ref().map(Dashboard::teller),
        wheel: None,
        to_watch: arguments
            .watch
            .then(|| (arguments.script.clone(), blueprint.clone())),
        watch: None,
        // To a stream the result goes once, at the end.
        result: arguments
            .result
            .clone()
            .filter(|path| matches!(Place::of(path), Ok(Place::File(_)))),
    };
    if let Some(streams) = &streams {
        streams.speak_through(Some(watcher.view.voice()));
    }
    let voice = watcher.view.voice();
    streams::listen(&arguments, voice, settings.feed.clone(), &blueprint.secrets)?;
    if let Some(note) = settings.notes.first() {
        watcher.view.voice().say(format!("note: {note}"));
    }
    if let Some(dashboard) = &dashboard {
        watcher
            .view
            .voice()
            .say(format!("dashboard: {}", dashboard.url()));
    }
    let outcome = runtime.block_on(conduct(&blueprint, &settings, &mut watcher));
    // With the runtime goes the task that listens for signals, and its voice.
    drop(runtime);
    drop(watcher.watch);
    if let Some(streams) = &streams {
        streams.speak_through(None);
    }
    logging::pass_to(None);
    if let Some(wheel) = &watcher.wheel {
        wheel.let_go();
    }
    watcher.view.end();
    let mut result = outcome.map_err(|error| match error {
        RunError::Script(failure) => Failure::new(exit::SCRIPT, failure.rendered),
        // Like any other address on the command line; one in a file is a matter of configuration.
        RunError::Hooks(why) if arguments.script.hooks_listen.is_some() => {
            Failure::new(exit::USAGE, format!("error: {why}"))
        }
        RunError::Hooks(why) => Failure::new(exit::CONFIG, format!("error: {why}")),
        RunError::Chaos(
            why @ (ChaosError::NotAllowed
            | ChaosError::Kind(_)
            | ChaosError::CommandsNotAllowed { .. }),
        ) => Failure::new(exit::USAGE, format!("error: {why}")),
        RunError::Chaos(why) => Failure::new(exit::CONFIG, format!("error: {why}")),
        other => Failure::new(exit::INTERNAL, format!("error: {other}")),
    })?;
    let comparison = against
        .as_ref()
        .and_then(|against| against.compare(&mut result));
    if let Some(teller) = &watcher.teller {
        teller.over(&result);
    }
    let (mut ended, written) = finish(
        &arguments,
        &result,
        comparison.as_ref(),
        started_at,
        watcher.own_summary,
    );
    // What was measured is safe by now.
    if let Some(streams) = streams {
        streams.end();
    }
    if let Some(against) = &mut against {
        // A run that could not be finished is the graver matter.
        let kept = against.end(&result, comparison.as_ref());
        let is_well = ended.is_ok();
        if let (Err(failure), true) = (kept, is_well) {
            ended = Err(failure);
        }
    }
    let code = match &ended {
        Ok(code) => *code,
        Err(failure) => failure.code,
    };
    let written = written.as_deref().filter(|path| path.exists());
    notices.send(&result, code, written);
    dashboard::linger(dashboard, arguments.ui_linger);
    ended
}

/// What the script's faults may touch; nothing if the load is to run alone.
fn allowed_faults(
    arguments: &RunArguments,
    blueprint: &Blueprint,
) -> Result<Option<BTreeSet<Touches>>, Failure> {
    if !arguments.allow_faults.is_empty() {
        return Ok(Some(arguments.allow_faults.iter().copied().collect()));
    }
    let faults = &blueprint.options.chaos.faults;
    if faults.is_empty() || arguments.no_faults {
        return Ok(None);
    }
    let names: Vec<_> = faults
        .iter()
        .map(|fault| format!("`{}`", fault.name))
        .collect();
    Err(Failure::new(
        exit::USAGE,
        format!(
            "error: this script breaks things on purpose ({}), and that has to be allowed\nhelp: --allow-faults lets it spoil its own traffic, --allow-faults=proxy,process also stop processes; --no-faults runs the load alone",
            names.join(", ")
        ),
    ))
}

/// What the run reads and writes; reports without a file of their own lie beside `result`.
fn files_of(arguments: &RunArguments, blueprint: &Blueprint, result: &Path) -> Files {
    let mut files = Files::default();
    files.reads_run_of(blueprint, &arguments.script);
    let folder = arguments.script.script.parent().unwrap_or(Path::new(""));
    files.keeps_project(folder, Some(&arguments.gate.store));
    if let Some(path) = &arguments.result {
        files.writes("`--result`", path);
    }
    for wanted in &arguments.reports {
        match &arguments.journal {
            Some(path) if wanted.is_journal(path) => files.writes("`--journal`", path),
            _ => wanted.tell(&mut files, "--report ", result),
        }
    }
    files
}

/// What is shown while the run goes on.
fn shown(arguments: &RunArguments) -> Shown {
    match (arguments.progress, arguments.quiet) {
        (ProgressFormat::Ndjson, _) => Shown::Json,
        (ProgressFormat::Text, true) => Shown::Nothing,
        (ProgressFormat::Text, false) => Shown::Lines,
    }
}

fn count(workers: usize) -> String {
    if workers == 1 {
        "1 worker".to_owned()
    } else {
        format!("{workers} workers")
    }
}

/// The path that reports lie beside: the result's, or where it would be if it went to no stream.
fn beside(arguments: &RunArguments, written: Option<&Path>, started_at: OffsetDateTime) -> PathBuf {
    let named = written.or(arguments.result.as_deref());
    match named {
        Some(path) if matches!(Place::of(path), Ok(Place::File(_))) => path.to_owned(),
        _ => result::default_path(started_at, &arguments.script.script),
    }
}

/// Writes the result, the reports and the summary; the exit code, and where the result is.
fn finish(
    arguments: &RunArguments,
    result: &RunResult,
    comparison: Option<&Comparison>,
    started_at: OffsetDateTime,
    own: Option<Value>,
) -> (Result<u8, Failure>, Option<PathBuf>) {
    let written = match &arguments.result {
        Some(path) => result::write(path, result).map(|()| path.clone()),
        None => result::write_default(started_at, &arguments.script.script, result),
    };
    let mut look = Look {
        result_path: written.as_ref().ok().cloned(),
        ..report::look_of_output()
    };
    // The headline must not promise another exit code than the one that follows.
    let mut told = Cow::Borrowed(result);
    if let Err(error) = &written {
        let verdict = &mut told.to_mut().verdict;
        verdict.exit_code = exit::CANNOT_WRITE;
        verdict.status = VerdictStatus::Error;
        verdict.reasons.insert(0, error.to_string());
    }
    let path = beside(arguments, written.as_deref().ok(), started_at);
    let held = comparison.map(|comparison| Against {
        comparison,
        threshold: arguments.gate.fail_on_regression,
    });
    let delivered = report::deliver(&arguments.reports, &told, held.as_ref(), &path);
    if let Ok(paths) = &delivered {
        look.report_paths.clone_from(paths);
    }
    let is_told = arguments.reports.iter().any(Wanted::is_printed);
    if !arguments.no_history {
        let path = written.as_ref().ok().map(PathBuf::as_path);
        history::record(&told, &arguments.script.script, path);
    }
    // A result that could not be written is not lost: it is on standard output at least as a summary.
    let shown = match (arguments.format, own) {
        (Format::Json, _) => result::to_json(result)
            .map_err(|error| Failure::new(exit::CANNOT_WRITE, format!("error: {error}")))
            .and_then(|text| print(&text)),
        (Format::Text, Some(Value::String(text))) => print(&format!("{}\n", text.trim_end())),
        (Format::Text, Some(value)) => print(&format!(
            "{}\n",
            serde_json::to_string_pretty(&value).unwrap_or_default()
        )),
        (Format::Text, None) if arguments.quiet && written.is_ok() => {
            let term = console::Term::stderr();
            let look = Look {
                width: match term.is_term() {
                    true => usize::from(term.size().1),
                    false => 100,
                },
                colour: console::colors_enabled_stderr(),
                ..look
            };
            let brief = render_brief(result, &look);
            if !brief.is_empty() {
                super::complain_drawn(brief.trim_end());
            }
            Ok(())
        }
        (Format::Text, None) if is_told => Ok(()),
        (Format::Text, None) => print(&render_against(&told, &look, comparison)),
    };
    let shown = shown.and(delivered.map(drop));
    let place = written.as_ref().ok().cloned();
    let ended = match (written, shown) {
        (Ok(_), Ok(())) => Ok(result.verdict.exit_code),
        (Ok(path), Err(mut failure)) => {
            let verdict = result.verdict.exit_code;
            failure.message.push_str(&format!(
                "\nhelp: the result is in `{}`; without this the exit code would be {verdict}",
                path.display()
            ));
            Err(failure)
        }
        (Err(error), shown) => {
            let mut message = format!("error: {error}");
            if let Err(failure) = shown {
                message = format!("{}\n{message}", failure.message);
            }
            // What a run has measured must not depend on one path.
            let kept = std::env::temp_dir().join(format!("rhaid-{}.json", result.run.id));
            if result::write(&kept, result).is_ok() {
                message.push_str(&format!(
                    "\nhelp: the result was kept in `{}`",
                    kept.display()
                ));
            }
            Err(Failure::new(exit::CANNOT_WRITE, message))
        }
    };
    (ended, place)
}

/// Shows progress and passes Ctrl-C on.
struct Watcher {
    view: View,
    own_summary: Option<Value>,
    signals: Option<tokio::task::JoinHandle<()>>,
    /// Tells the dashboard, if there is one.
    teller: Option<Teller>,
    /// What the dashboard steers the run by.
    wheel: Option<Arc<Wheel>>,
    /// What is to be watched once there is a run.
    to_watch: Option<(ScriptArguments, Blueprint)>,
    watch: Option<Watch>,
    /// The file to which the result goes, if it was named.
    result: Option<PathBuf>,
}

impl Observer for Watcher {
    fn started(&mut self, handle: Handle) {
        if let Some((arguments, running)) = self.to_watch.take() {
            let voice = self.view.voice();
            let reloader = Reloader {
                defaults: config::defaults_path(arguments.config.as_ref()),
                draw: reload::draw(&arguments, &running.env, &running.secrets),
                running,
                handle: handle.clone(),
                voice: voice.clone(),
                rejected: false,
            };
            match Watch::start(Box::new(reloader)) {
                Ok(watch) => self.watch = Some(watch),
                Err(failure) => voice.say(failure.message),
            }
        }
        if let Some(teller) = &self.teller {
            let wheel = Arc::new(Wheel::new(handle.clone(), self.view.voice()));
            self.wheel = Some(wheel.clone());
            teller.begin(wheel);
        }
        self.signals = Some(tokio::task::spawn(pass_signals_on(
            handle,
            self.view.voice(),
        )));
    }

    fn progress(&mut self, progress: &Progress) {
        self.view.show(progress);
        if let Some(teller) = &self.teller {
            teller.progress(progress);
        }
    }

    fn measured(&mut self, result: &RunResult) {
        // A run that is killed while its script writes a summary has a result all the same. Whether this can be written is
        // told when it is written again.
        if let Some(path) = &self.result {
            let _ = result::write(path, result);
        }
    }

    fn summary(&mut self, value: &Value) {
        self.own_summary = Some(value.clone());
    }
}

/// The first Ctrl-C (or SIGTERM, or SIGHUP) lets iterations end, the second ends everything; results are written either way.
async fn pass_signals_on(handle: Handle, voice: Voice) {
    let Ok(mut signals) = Signals::listen() else {
        return;
    };
    while signals.next().await {
        let first = handle.stage() == vu::Stage::Running;
        handle.stop();
        voice.say(if first {
            "stopping: iterations in progress may end (Ctrl-C again to end at once)"
        } else {
            "ending at once"
        });
    }
}
