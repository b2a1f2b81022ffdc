//! Takes a run from its start to its result.

use std::sync::Arc;
use std::sync::mpsc as std_mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::{mpsc, oneshot};

use super::aggregate::Aggregate;
use super::blueprint::Blueprint;
use super::judging::Bench;
use super::outcome::{Ending, verdict};
use super::progress::Progress;
use super::{environment, rows};
use crate::executor::Plan;
use crate::metrics::Builtin;
use crate::metrics::totals::Accumulator;
use crate::result::{self, AbortedBy, Outcome, RunResult, ScenarioResult};
use crate::script::journey_factory;
use crate::units;
use crate::vu::driver::Assignment;
use crate::vu::shared::Control;
use crate::vu::worker::{Brief, Command, SetupFailure, SetupReply, work};
use crate::vu::{Failure, Report, RunShared, ScenarioShared, Stage};

/// What is not said by the script.
#[derive(Debug, Clone)]
pub struct Settings {
    pub workers: usize,
    pub strict: bool,
    /// As written on the command line, for the result.
    pub execution_segment: Option<String>,
    pub notes: Vec<String>,
}

/// Who watches a run. All calls come from one thread; they must not block for long.
pub trait Observer {
    /// The workers are there; this is how to steer them.
    fn started(&mut self, _handle: Handle) {}
    /// Once a second.
    fn progress(&mut self, progress: &Progress);
    /// What a script's own `summary` gave back.
    fn summary(&mut self, _value: &Value) {}
}

/// Steers a run from any thread.
#[derive(Debug, Clone)]
pub struct Handle {
    run: Arc<RunShared>,
}

impl Handle {
    /// Starts no more iterations; those that run have their grace. The second time, everything ends at once.
    pub fn stop(&self) {
        let next = if self.run.stage() == Stage::Running {
            Stage::Stopping
        } else {
            Stage::Killed
        };
        self.run.advance(next);
    }

    /// How far the run is.
    pub fn stage(&self) -> Stage {
        self.run.stage()
    }

    /// Changes the virtual users of an externally controlled scenario; false if there is none of that name.
    pub fn set_vus(&self, scenario: &str, vus: u32) -> bool {
        self.steer(scenario, |control| control.vus = vus)
    }

    /// Pauses or resumes an externally controlled scenario.
    pub fn pause(&self, scenario: &str, paused: bool) -> bool {
        self.steer(scenario, |control| control.paused = paused)
    }

    fn steer(&self, scenario: &str, change: impl FnOnce(&mut Control)) -> bool {
        match self
            .run
            .scenarios
            .iter()
            .find(|known| known.name == scenario)
        {
            Some(known) => {
                known.steer(change);
                true
            }
            None => false,
        }
    }
}

/// A run that could not be made at all.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("cannot start a worker: {0}")]
    Worker(#[source] std::io::Error),
    #[error("{}", .0.rendered)]
    Script(Failure),
    #[error("worker {0} ended unexpectedly; this is a mistake in rhaid")]
    Lost(usize),
}

/// The workers' end of the wires.
struct Crew {
    commands: Vec<mpsc::UnboundedSender<Command>>,
    threads: Vec<JoinHandle<std::io::Result<()>>>,
    reports: mpsc::UnboundedReceiver<Report>,
}

/// Runs a blueprint to its end and gives the result, whatever happens on the way.
///
/// # Errors
/// Only when no run comes about at all.
pub async fn conduct(
    blueprint: &Blueprint,
    settings: &Settings,
    observer: &mut dyn Observer,
) -> Result<RunResult, RunError> {
    let started_at = OffsetDateTime::now_utc();
    let (run, assignments) = share_out(blueprint, settings.workers);
    let run = Arc::new(run);
    let crew = start_workers(blueprint, settings, &run, &assignments).await?;
    observer.started(Handle { run: run.clone() });
    let mut conductor = Conductor {
        blueprint,
        settings,
        aggregate: Aggregate::new(&blueprint.options, settings.workers),
        bench: None,
        run,
        crew,
        observer,
        phase: "setup",
        start: None,
        aborted: None,
    };
    let bench = Bench::new(
        &blueprint.options,
        &mut conductor.aggregate.totals,
        |name| {
            Builtin::by_name(name)
                .map(|m| m.definition().kind)
                .or_else(|| blueprint.metrics.get(name).map(|m| m.kind))
        },
    );
    conductor.bench = Some(bench);
    conductor.perform(started_at).await
}

/// Splits the plan between workers.
fn share_out(blueprint: &Blueprint, workers: usize) -> (RunShared, Vec<Assignment>) {
    let options = &blueprint.options;
    let mut vu_base = 0;
    let mut scenarios = Vec::new();
    let mut assignments = Vec::new();
    for (index, scenario) in options.scenarios.iter().enumerate() {
        let segment = blueprint.share.segment_only();
        let (iterations, max_vus, vus) = match scenario.executor.plan(&segment) {
            Plan::Looping {
                budget: crate::executor::Budget::Shared(iterations),
                ..
            } => (iterations, 0, 0),
            Plan::Looping { .. } => (0, 0, 0),
            Plan::Arrivals { max_vus, .. } => (0, max_vus, 0),
            // The target is that of the whole plan; workers take their share of it.
            Plan::External { .. } => (0, 0, external_start(scenario)),
        };
        scenarios.push(ScenarioShared::new(
            &scenario.name,
            vu_base,
            workers,
            iterations,
            max_vus,
            vus,
        ));
        vu_base += u64::from(scenario.executor.max_vus());
        let mut tags: Vec<(String, String)> = options.tags.clone().into_iter().collect();
        tags.extend(scenario.tags.clone());
        assignments.push(Assignment {
            scenario: index,
            name: scenario.name.clone(),
            exec: scenario.exec.clone(),
            executor: scenario.executor.clone(),
            share: segment,
            start_time: scenario.start_time,
            after: scenario
                .after
                .as_ref()
                .and_then(|name| options.scenarios.iter().position(|s| s.name == *name)),
            graceful_stop: scenario.graceful_stop,
            graceful_ramp_down: scenario.graceful_ramp_down,
            pace: scenario.pace,
            env: scenario.env.clone(),
            tags,
        });
    }
    let folder = blueprint.sources.folder.clone();
    let env = (*blueprint.env).clone();
    let run = RunShared::new(
        options.seed,
        env,
        scenarios,
        options.timeouts.vu_start,
        options.timeouts.vu_stop,
        folder,
    );
    (run, assignments)
}

fn external_start(scenario: &crate::options::Scenario) -> u32 {
    match scenario.executor.plan(&crate::executor::Share::whole()) {
        Plan::External { vus, .. } => vus,
        _ => 0,
    }
}

async fn start_workers(
    blueprint: &Blueprint,
    settings: &Settings,
    run: &Arc<RunShared>,
    assignments: &[Assignment],
) -> Result<Crew, RunError> {
    let (reports_in, reports) = mpsc::unbounded_channel();
    let factory = journey_factory(blueprint.sources.clone(), blueprint.env.clone());
    let mut crew = Crew {
        commands: Vec::new(),
        threads: Vec::new(),
        reports,
    };
    let mut ready = Vec::new();
    let workers = settings.workers;
    for index in 0..workers {
        let (command, commands) = mpsc::unbounded_channel();
        let (ready_in, ready_out) = oneshot::channel();
        let (number, all) = (
            u32::try_from(index).unwrap_or(0),
            u32::try_from(workers).unwrap_or(1),
        );
        let brief = Brief {
            index,
            workers,
            run: run.clone(),
            settings: blueprint.options.http.clone(),
            max_tag_sets: blueprint.options.max_tag_sets,
            assignments: assignments
                .iter()
                .map(|assignment| Assignment {
                    share: assignment.share.for_worker(number, all),
                    ..assignment.clone()
                })
                .collect(),
            factory: factory.clone(),
            reports: reports_in.clone(),
            commands,
            ready: ready_in,
        };
        let thread = std::thread::Builder::new()
            .name(format!("worker-{index}"))
            .spawn(move || work(brief))
            .map_err(RunError::Worker)?;
        crew.commands.push(command);
        crew.threads.push(thread);
        ready.push(ready_out);
    }
    for (index, ready) in ready.into_iter().enumerate() {
        match ready.await {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => return Err(RunError::Script(failure)),
            Err(_) => return Err(RunError::Lost(index)),
        }
    }
    Ok(crew)
}

/// A run in progress.
struct Conductor<'a> {
    blueprint: &'a Blueprint,
    settings: &'a Settings,
    aggregate: Aggregate,
    bench: Option<Bench>,
    run: Arc<RunShared>,
    crew: Crew,
    observer: &'a mut dyn Observer,
    phase: &'static str,
    /// When the scenarios started.
    start: Option<Instant>,
    aborted: Option<(AbortedBy, String)>,
}

impl Conductor<'_> {
    async fn perform(mut self, started_at: OffsetDateTime) -> Result<RunResult, RunError> {
        let usage_before = environment::usage(self.settings.workers);
        let timeouts = self.blueprint.options.timeouts;
        let has = |name: &str| self.blueprint.functions.iter().any(|known| known == name);
        let (has_setup, has_teardown, has_summary) =
            (has("setup"), has("teardown"), has("summary"));

        let mut data = Value::Null;
        let mut setup_failure = None;
        if has_setup {
            let reply = self
                .ask_first(|reply| Command::Setup {
                    limit: timeouts.setup,
                    reply,
                })
                .await;
            match reply {
                Some(SetupReply { outcome: Ok(value) }) => data = value,
                Some(SetupReply {
                    outcome: Err(failure),
                }) => setup_failure = Some(failure),
                None => return Err(RunError::Lost(0)),
            }
        }
        if setup_failure.is_none() && self.run.stage() == Stage::Running {
            self.phase = "preparing";
            let data = Arc::new(data);
            self.ask_all(|reply| Command::Prepare {
                data: data.clone(),
                reply,
            })
            .await;
            self.phase = "running";
            // A moment ahead, so that all workers begin together.
            let start = Instant::now() + Duration::from_millis(2);
            self.start = Some(start);
            self.ask_all(|reply| Command::Run { start, reply }).await;
        }
        let ran_for = self.start.map(|start| start.elapsed()).unwrap_or_default();
        if self.start.is_some() {
            // The last, unfinished second counts too: it holds what was measured since the last tick.
            self.second();
        }
        if has_teardown && self.start.is_some() && self.run.stage() < Stage::Killed {
            self.phase = "teardown";
            self.ask_first(|reply| Command::Teardown {
                limit: timeouts.teardown,
                reply,
            })
            .await;
        }
        self.drain();
        let mut result = self.result(started_at, ran_for, setup_failure, usage_before);
        if has_summary && self.run.stage() < Stage::Killed {
            self.phase = "summary";
            let document = Arc::new(serde_json::to_value(&result).unwrap_or_default());
            let given = self
                .ask_first(|reply| Command::Summary {
                    limit: timeouts.summary,
                    result: document,
                    reply,
                })
                .await;
            if let Some(Some(value)) = given {
                self.observer.summary(&value);
            }
            // A summary that failed is one more script error.
            self.drain();
            let errors = rows::errors(&self.aggregate.errors, self.offset());
            if errors.len() > result.errors.len() {
                result
                    .run
                    .notes
                    .push("the script's `summary` failed; see the errors".to_owned());
                result.errors = errors;
            }
        }
        self.dismiss();
        Ok(result)
    }

    /// Asks the first worker and keeps the run going until it answers.
    async fn ask_first<T>(
        &mut self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.crew.commands.first()?.send(command(reply)).ok()?;
        self.until(answer).await.ok()
    }

    /// Asks all workers and keeps the run going until all have answered.
    async fn ask_all(&mut self, command: impl Fn(oneshot::Sender<()>) -> Command) {
        let answers: Vec<_> = self
            .crew
            .commands
            .iter()
            .map(|worker| {
                let (reply, answer) = oneshot::channel();
                let _ = worker.send(command(reply));
                answer
            })
            .collect();
        self.until(async {
            for answer in answers {
                // A worker that is gone has nothing more to do.
                let _ = answer.await;
            }
        })
        .await;
    }

    /// Takes in reports and ticks until a future is done.
    async fn until<F: Future>(&mut self, future: F) -> F::Output {
        let mut future = std::pin::pin!(future);
        let mut second = tokio::time::interval(Duration::from_secs(1));
        second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        second.tick().await;
        loop {
            tokio::select! {
                biased;
                Some(report) = self.crew.reports.recv() => self.take(report),
                _ = second.tick() => self.second(),
                value = &mut future => return value,
            }
        }
    }

    fn take(&mut self, report: Report) {
        match report {
            Report::Interval {
                worker,
                snapshot,
                vus,
                errors,
                dropped_logs,
            } => {
                self.aggregate
                    .interval(worker, snapshot, vus, errors, dropped_logs);
            }
            Report::Log(line) => self.aggregate.log(line),
            Report::Abort { reason } => self.abort(AbortedBy::Script, reason),
            Report::ScenarioEnded { scenario } => {
                let elapsed = self.elapsed();
                self.aggregate.scenario_ended(scenario, elapsed);
            }
        }
    }

    fn abort(&mut self, by: AbortedBy, reason: String) {
        if self.aborted.is_none() {
            self.aborted = Some((by, reason));
        }
        self.run.advance(Stage::Stopping);
    }

    fn elapsed(&self) -> Duration {
        self.start.map(|start| start.elapsed()).unwrap_or_default()
    }

    /// Seconds from the run's epoch to the scenarios' start.
    fn offset(&self) -> f64 {
        self.start.map_or(0.0, |start| {
            start
                .saturating_duration_since(self.run.epoch)
                .as_secs_f64()
        })
    }

    /// Once a second: judges, shows, moves windows on.
    fn second(&mut self) {
        let elapsed = self.elapsed();
        self.aggregate.begin_second(elapsed);
        if self.start.is_some()
            && let Some(bench) = &mut self.bench
            && let Some(reason) = bench.second(&self.aggregate.totals, elapsed)
            && self.run.stage() == Stage::Running
        {
            self.abort(AbortedBy::Slo, reason);
        }
        let phase = if self.run.stage() > Stage::Running && self.phase == "running" {
            "stopping"
        } else {
            self.phase
        };
        let progress = self
            .aggregate
            .progress(elapsed, phase, &self.blueprint.options);
        self.observer.progress(&progress);
        if self.phase == "running" {
            self.aggregate.end_second();
        } else {
            self.aggregate.totals.tick();
        }
    }

    /// Takes in everything that has been reported.
    fn drain(&mut self) {
        while let Ok(report) = self.crew.reports.try_recv() {
            self.take(report);
        }
        let elapsed = self.elapsed();
        let progress = self
            .aggregate
            .progress(elapsed, self.phase, &self.blueprint.options);
        if !progress.logs.is_empty() {
            self.observer.progress(&progress);
        }
    }

    /// Sends the workers home. A worker that hangs in native code is left behind.
    fn dismiss(self) {
        drop(self.crew.commands);
        let (done, all_done) = std_mpsc::channel();
        let threads = self.crew.threads;
        let waiter = std::thread::spawn(move || {
            for thread in threads {
                let _ = thread.join();
            }
            let _ = done.send(());
        });
        if all_done.recv_timeout(Duration::from_secs(5)).is_ok() {
            let _ = waiter.join();
        }
    }

    fn result(
        &self,
        started_at: OffsetDateTime,
        ran_for: Duration,
        setup_failure: Option<SetupFailure>,
        before: result::Generator,
    ) -> RunResult {
        let options = &self.blueprint.options;
        let totals = &self.aggregate.totals;
        let seconds = ran_for.as_secs_f64();
        let unreachable = matches!(
            &setup_failure,
            Some(SetupFailure::Failed {
                unreachable: true,
                ..
            })
        );
        let interrupted_in_setup = matches!(&setup_failure, Some(SetupFailure::Stopped));
        let mut errors = rows::errors(&self.aggregate.errors, self.offset());
        if let Some(SetupFailure::Failed { failure, .. }) = &setup_failure {
            errors.insert(0, rows::setup_error(failure));
        }
        let outcome = match (setup_failure, &self.aborted) {
            (Some(SetupFailure::Abort(reason)), _) => Outcome::Aborted {
                by: AbortedBy::Script,
                reason,
            },
            (Some(SetupFailure::Failed { failure, .. }), _) => Outcome::SetupFailed {
                reason: failure.message,
            },
            (Some(SetupFailure::TimedOut(limit)), _) => Outcome::SetupFailed {
                reason: format!(
                    "`setup` took longer than {}; `setup_timeout` allows more",
                    units::format_duration(limit)
                ),
            },
            (_, Some((by, reason))) => Outcome::Aborted {
                by: *by,
                reason: reason.clone(),
            },
            _ if self.run.stage() > Stage::Running || interrupted_in_setup => Outcome::Interrupted,
            _ => Outcome::Completed,
        };
        let sum = |metric: Builtin| {
            let of_it = totals
                .series()
                .iter()
                .filter(|series| series.info.name == metric.definition().name);
            of_it.map(|series| series.total.sum()).sum::<f64>() as u64
        };
        let ending = Ending {
            outcome: outcome.clone(),
            iteration_errors: sum(Builtin::IterationErrors),
            errors_are_judged: options
                .slos
                .iter()
                .any(|slo| slo.selector.metric() == "iteration_errors"),
            unreachable,
        };
        let judged = if self.start.is_some() {
            self.bench
                .as_ref()
                .map(|bench| bench.verdicts(totals, ran_for))
                .unwrap_or_default()
        } else {
            Vec::new()
        };
        let verdict = verdict(&ending, &judged, self.settings.strict);
        let mut notes = self.settings.notes.clone();
        if totals.folded() > 0 {
            notes.push(format!(
                "{} samples lost their tags to `other`: there were more than {} tag sets on a worker; give requests with ids in their URL a `name`",
                units::format_count(totals.folded()),
                options.max_tag_sets
            ));
        }
        let after = environment::usage(self.settings.workers);
        let text = self.blueprint.sources.main_text();
        let format = |moment: OffsetDateTime| moment.format(&Rfc3339).unwrap_or_default();
        RunResult {
            version: result::VERSION,
            tool: result::Tool {
                name: "rhaid".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            run: result::Run {
                id: run_id(started_at, options.seed),
                script: self.blueprint.sources.main.clone(),
                script_sha256: sha256(text.as_bytes()),
                started_at: format(started_at),
                ended_at: format(OffsetDateTime::now_utc()),
                duration_seconds: seconds,
                outcome,
                seed: options.seed,
                git: environment::git(),
                machine: environment::machine(self.settings.workers),
                execution_segment: self.settings.execution_segment.clone(),
                scale: options.scale,
                notes,
            },
            options: rows::without_secrets(&self.blueprint.raw),
            verdict,
            slos: judged.into_iter().map(|(_, row)| row).collect(),
            scenarios: self.scenario_rows(ran_for),
            endpoints: rows::endpoints(totals, seconds),
            checks: rows::checks(totals),
            errors,
            metrics: rows::metrics(totals, seconds),
            time_series: self.aggregate.series.snapshot(),
            generator: result::Generator {
                cpu_user_seconds: after.cpu_user_seconds - before.cpu_user_seconds,
                cpu_system_seconds: after.cpu_system_seconds - before.cpu_system_seconds,
                ..after
            },
        }
    }

    fn scenario_rows(&self, ran_for: Duration) -> Vec<ScenarioResult> {
        let totals = &self.aggregate.totals;
        let trend = |metric, name: &str| match rows::of_scenario(totals, metric, name) {
            Accumulator::Trend(histogram) => rows::summary(&histogram),
            _ => result::TrendSummary::default(),
        };
        let options = &self.blueprint.options;
        options
            .scenarios
            .iter()
            .enumerate()
            .map(|(index, scenario)| {
                let count = |metric| rows::of_scenario(totals, metric, &scenario.name).sum() as u64;
                let (started, ended, vus_max) = self.aggregate.scenario_times(index);
                let start = started.map_or(scenario.start_time, |started| started.min(ran_for));
                let start = if scenario.after.is_some() {
                    start
                } else {
                    scenario.start_time.min(ran_for)
                };
                let duration = ended.unwrap_or(ran_for).saturating_sub(start);
                let iterations = count(Builtin::Iterations);
                ScenarioResult {
                    name: scenario.name.clone(),
                    executor: scenario.executor.kind().name().to_owned(),
                    exec: scenario.exec.clone(),
                    description: scenario.executor.describe(),
                    start_seconds: start.as_secs_f64(),
                    duration_seconds: duration.as_secs_f64(),
                    vus_max: u64::from(vus_max),
                    iterations,
                    iteration_errors: count(Builtin::IterationErrors),
                    interrupted_iterations: count(Builtin::InterruptedIterations),
                    dropped_iterations: count(Builtin::DroppedIterations),
                    iterations_per_second: result::ratio(iterations as f64, duration.as_secs_f64()),
                    iteration_duration: trend(Builtin::IterationDuration, &scenario.name),
                    iteration_lag: trend(Builtin::IterationLag, &scenario.name),
                }
            })
            .collect()
    }
}

fn sha256(bytes: &[u8]) -> String {
    ring::digest::digest(&ring::digest::SHA256, bytes)
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Unique enough to find a run again: its moment, and its process and seed.
fn run_id(at: OffsetDateTime, seed: u64) -> String {
    let unique = sha256(
        format!(
            "{}-{}-{seed}",
            at.unix_timestamp_nanos(),
            std::process::id()
        )
        .as_bytes(),
    );
    let format = time::macros::format_description!("[year][month][day]-[hour][minute][second]");
    format!(
        "{}-{}",
        at.format(&format).unwrap_or_default(),
        &unique[..8]
    )
}
