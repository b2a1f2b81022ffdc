//! Takes a run from its start to its result.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::mpsc;

use super::account::run_id;
use super::aggregate::Aggregate;
use super::anomalies::Anomalies;
use super::blueprint::Blueprint;
use super::crew::{Crew, overflow, share_out, start_workers};
use super::detail::Detailer;
use super::director::Director;
use super::handle::Handle;
use super::judging::Bench;
use super::masking::{mask_result, mask_slos, mask_words};
use super::progress::STOPPING;
use super::reloads::Reloads;
use super::stability::Stability;
use super::telling::Telling;
use super::terms::{Observer, RunError, Settings};
use super::wishes::Wish;
use super::{by_hand, environment, faults, hooks, rows};
use crate::metrics::Builtin;
use crate::options::plan_length;
use crate::output::{EventKind, Feed};
use crate::result::{AbortedBy, AnomalyResult, Outcome, RunResult};
use crate::trace::{Sampling, SlowRequests, Tracing};
use crate::vu::lifecycle::SetupFailure;
use crate::vu::worker::Command;
use crate::vu::{Report, RunShared, Stage};

/// The phase in which the script's `summary` runs.
pub(super) const SUMMARY: &str = "summary";

const SECOND: Duration = Duration::from_secs(1);
/// How long after a whole second all reports about it have arrived, on a machine that is not overloaded.
const REPORTS_TAKE: Duration = Duration::from_millis(100);

/// Different failures of `vu_start` and its like that are told apart.
const MAX_FAILED_PARTS: usize = 20;

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
    let (chaos, events) = faults::desk(blueprint, settings);
    let _undone = faults::UndoneAtLast(chaos.clone());
    let http = faults::open(&chaos, &blueprint.options.http)?;
    let (mut run, assignments) = share_out(blueprint, settings.workers, chaos.clone());
    if settings.feed.as_ref().is_some_and(Feed::wants_samples) {
        run = run.with_samples();
    }
    let tracing = &blueprint.options.tracing;
    // Who looks on sees every request anyway.
    if tracing.sampling != Sampling::Off && settings.looking.is_none() {
        let feed = settings.feed.as_ref();
        let exports = feed.is_some_and(Feed::takes_spans);
        let bounds = feed.and_then(Feed::exemplar_bounds);
        let seed = blueprint.options.seed;
        let tracing = Tracing::new(tracing.clone(), seed, exports);
        run = run.with_tracing(tracing.with_exemplars(bounds));
    }
    if let Some(looking) = &settings.looking {
        run = run.with_tap(Some(looking.tap.clone()));
        run.brake.give_breather(looking.breather);
        run.brake.pause(looking.paused);
    }
    let run = Arc::new(run);
    let mut aggregate = Aggregate::new(&blueprint.options, settings.workers);
    if blueprint.receives {
        hooks::listen(&run.hooks, &blueprint.options, &mut aggregate)?;
    }
    let kind_of = |name: &str| {
        Builtin::by_name(name)
            .map(|m| m.definition().kind)
            .or_else(|| blueprint.metrics.get(name).map(|m| m.kind))
    };
    let director = Director::new(
        chaos,
        events,
        &mut aggregate.totals,
        blueprint.options.seed,
        &|objective| faults::kind(objective, &kind_of),
    );
    let crew = start_workers(blueprint, settings, &run, &http, &assignments).await?;
    let (handle, wishes) = Handle::new(&run);
    observer.started(handle);
    let (setups_in, setups) = mpsc::unbounded_channel();
    let mut conductor = Conductor {
        blueprint,
        settings,
        aggregate,
        bench: None,
        run,
        crew,
        observer,
        phase: "setup",
        start: None,
        held_before: Duration::ZERO,
        seconds: 0,
        aborted: None,
        failed_parts: BTreeMap::new(),
        reloads: Reloads::default(),
        anomalies: Anomalies::default(),
        wishes,
        setups_in,
        setups,
        setup_again: false,
        handed_over: false,
        director,
        telling: Telling::new(settings.feed.clone()),
        id: run_id(started_at, blueprint.options.seed),
        faults_over: false,
        stability: settings.until_stable.map(Stability::new),
        stable_after: None,
        detailer: None,
        slow: SlowRequests::default(),
        lost_spans: 0,
        lost_lines: 0,
    };
    let mut bench = Bench::new(
        &blueprint.options.slos,
        &mut conductor.aggregate.totals,
        kind_of,
    );
    if settings.detail {
        bench.look_ahead(&mut conductor.aggregate.totals);
        let columns = conductor.aggregate.series.specs();
        conductor.detailer = Some(Detailer::new(&conductor.id, columns));
    }
    conductor.bench = Some(bench);
    conductor.perform(started_at).await
}

/// A run in progress.
pub(super) struct Conductor<'a> {
    pub(super) blueprint: &'a Blueprint,
    pub(super) settings: &'a Settings,
    pub(super) aggregate: Aggregate,
    pub(super) bench: Option<Bench>,
    pub(super) run: Arc<RunShared>,
    pub(super) crew: Crew,
    pub(super) observer: &'a mut dyn Observer,
    pub(super) phase: &'static str,
    /// When the scenarios started.
    pub(super) start: Option<Instant>,
    /// How long the run had been paused by then.
    pub(super) held_before: Duration,
    /// Whole seconds since then that have been looked at.
    seconds: u64,
    pub(super) aborted: Option<(AbortedBy, String)>,
    /// What went wrong in parts of the script that are no iterations, and how often.
    pub(super) failed_parts: BTreeMap<String, u64>,
    pub(super) reloads: Reloads,
    pub(super) anomalies: Anomalies,
    wishes: mpsc::UnboundedReceiver<Wish>,
    /// What came of each further `setup`.
    pub(super) setups_in: mpsc::UnboundedSender<Result<Value, SetupFailure>>,
    setups: mpsc::UnboundedReceiver<Result<Value, SetupFailure>>,
    /// `setup` is to run again before anything else does.
    pub(super) setup_again: bool,
    pub(super) director: Director,
    pub(super) telling: Telling,
    /// The run's id.
    pub(super) id: String,
    /// The run was stopped, and its faults were undone for that.
    pub(super) faults_over: bool,
    stability: Option<Stability>,
    /// When everything was known well enough, and the run ended for that.
    pub(super) stable_after: Option<Duration>,
    /// Makes what is told beyond the progress, if that is asked for.
    pub(super) detailer: Option<Detailer>,
    /// The slowest requests whose trace was kept.
    pub(super) slow: SlowRequests,
    /// Spans that were more than workers hand over.
    pub(super) lost_spans: u64,
    /// Lines of the log that were left out.
    pub(super) lost_lines: u64,
    /// Another run goes on with the data of `setup`.
    pub(super) handed_over: bool,
}

impl Conductor<'_> {
    async fn perform(mut self, started_at: OffsetDateTime) -> Result<RunResult, RunError> {
        let mut before = environment::usage(self.settings.workers);
        let timeouts = self.blueprint.options.timeouts;
        let has = |name: &str| self.blueprint.functions.iter().any(|known| known == name);
        let (has_setup, has_teardown, has_summary) =
            (has("setup"), has("teardown"), has("summary"));

        self.tell_begin(started_at);
        tracing::info!(
            run = self.id,
            script = self.blueprint.sources.main,
            "the run begins"
        );
        let (data, setup_failure) = self.set_up(has_setup).await?;
        if setup_failure.is_none() && self.run.stage() == Stage::Running {
            self.phase = "preparing";
            tracing::info!(
                run = self.id,
                workers = self.settings.workers,
                "virtual users are prepared"
            );
            let data = Arc::new(data);
            self.ask_all(|reply| Command::Prepare {
                data: data.clone(),
                reply,
            })
            .await;
            // What `setup` and `vu_start` measured is part of the totals, but of no second of the run.
            self.drain();
            self.aggregate.totals.forget_current();
            self.phase = "running";
            // A moment ahead, so that all workers begin together.
            let start = Instant::now() + Duration::from_millis(2);
            self.start = Some(start);
            self.tell(EventKind::Started, "the scenarios start");
            tracing::info!(
                run = self.id,
                scenarios = self.blueprint.options.scenarios.len(),
                "the scenarios start"
            );
            self.held_before = self.run.brake.held(start);
            let http = &self.blueprint.options.http;
            self.director.begin(&self.aggregate.totals, start, http);
            before = environment::usage(self.settings.workers);
            self.ask_all(|reply| Command::Run { start, reply }).await;
        }
        let over = Instant::now();
        let ran_for = self.elapsed_at(over);
        let used = environment::usage(self.settings.workers).since(&before);
        if self.start.is_some() {
            self.director.scenarios_are_over(over);
            self.begin_to_end_faults().await;
            self.drain();
            self.last_second(ran_for);
            // No second of the run any more, however long it takes.
            self.phase = STOPPING;
            self.end_faults().await;
        }
        self.drain();
        let tears_down = has_teardown && self.start.is_some() && !self.handed_over;
        if tears_down && self.run.stage() < Stage::Killed {
            self.phase = "teardown";
            tracing::info!(run = self.id, "teardown begins");
            self.ask_first(|reply| Command::Teardown {
                limit: timeouts.teardown,
                reply,
            })
            .await;
            self.mind_the_lost();
            // It may have injected one, too.
            self.finish_undoing().await;
        }
        self.drain();
        self.run.hooks.close();
        self.count_hooks();
        let own = self.aggregate.gather();
        self.tell_interval(self.settings.workers, own);
        let mut result = self.result(started_at, ran_for, setup_failure, used);
        mask_result(&mut result, &self.blueprint.secrets);
        self.tell_second();
        if has_summary && self.run.stage() < Stage::Killed {
            self.summarize(&mut result, ran_for).await;
        }
        self.tell_end(&result);
        self.crew.dismiss();
        Ok(result)
    }

    /// Calls the script's `summary` with the result, and completes the result by what went wrong in it.
    async fn summarize(&mut self, result: &mut RunResult, ran_for: Duration) {
        self.observer.measured(result);
        self.phase = SUMMARY;
        let was_short = self.crew.is_short();
        let document = Arc::new(serde_json::to_value(&*result).unwrap_or_default());
        let limit = self.blueprint.options.timeouts.summary;
        let given = self
            .ask_first(|reply| Command::Summary {
                limit,
                result: document,
                reply,
            })
            .await;
        if let Some(Some(mut value)) = given {
            self.blueprint.secrets.mask_json(&mut value);
            self.observer.summary(&value);
        }
        // A summary that failed is one more script error.
        self.drain();
        if self.crew.is_short() && !was_short {
            self.part_failed(format!("`summary` failed: {}", overflow().message));
        }
        if self.run.stage() == Stage::Killed && result.run.outcome == Outcome::Completed {
            result.run.outcome = Outcome::Interrupted;
        }
        result.errors = rows::errors(&self.aggregate.errors, self.offset());
        if !matches!(result.run.outcome, Outcome::SetupFailed { .. }) {
            (result.verdict, _) = self.judge(&result.run.outcome, false, ran_for);
        }
        mask_result(result, &self.blueprint.secrets);
    }

    /// Takes in reports and ticks until a future is done.
    pub(super) async fn until<F: Future>(&mut self, future: F) -> F::Output {
        let mut future = std::pin::pin!(future);
        let first = match self.start {
            // Workers report at every whole second of the run; by then their reports are here.
            Some(start) if self.phase == "running" => {
                let whole = start.elapsed().as_secs() + 1;
                start + SECOND * u32::try_from(whole).unwrap_or(u32::MAX) + REPORTS_TAKE
            }
            _ => Instant::now() + SECOND,
        };
        let mut second = tokio::time::interval_at(first.into(), SECOND);
        second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let run = self.run.clone();
        loop {
            self.let_faults_stand();
            let due = self.director.next();
            tokio::select! {
                biased;
                Some(report) = self.crew.reports.recv() => self.take(report),
                Some(event) = self.director.events.recv() => self.note_fault(event),
                Some(done) = self.director.done.recv() => self.fault_done(done),
                () = faults::at(due) => self.direct(),
                () = faults::stopped(&run, self.faults_over) => self.undo_faults(),
                _ = second.tick() => self.second(),
                Some(wish) = self.wishes.recv() => self.fulfil(wish),
                Some(outcome) = self.setups.recv() => self.set_up_again(outcome),
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
                    .interval(worker, &snapshot, vus, errors, dropped_logs);
                self.tell_lost_lines(dropped_logs);
                self.tell_interval(worker, snapshot);
            }
            Report::Traced { worker, gathered } => {
                self.lost_spans += gathered.lost;
                for request in gathered.slow {
                    self.slow.add(request);
                }
                self.tell_spans(gathered.spans, gathered.lost);
                self.tell_exemplars(worker, gathered.exemplars);
            }
            Report::Log(mut line) => {
                mask_words(&mut line.text, &self.blueprint.secrets);
                self.tell_line(&line);
                self.aggregate.log(line);
            }
            Report::Abort { reason } => self.abort(AbortedBy::Script, reason),
            Report::PartFailed(what) => self.part_failed(what),
            Report::Reloaded {
                version,
                sha256,
                at,
            } => {
                let at = self.elapsed_at(at);
                if self.reloads.note(version, sha256, at) {
                    let text = format!("version {version} of the script takes over");
                    self.tell(EventKind::Reloaded, &text);
                }
            }
            Report::ReloadFailed { version, rendered } => {
                if self.reloads.failed(version) {
                    self.part_failed(rendered);
                }
            }
            Report::ScenarioStarted { scenario, at } => {
                self.aggregate
                    .scenario_started(scenario, self.plan_time(at));
            }
            Report::ScenarioEnded { scenario, at } => {
                self.aggregate.scenario_ended(scenario, self.plan_time(at));
            }
        }
    }

    pub(super) fn part_failed(&mut self, what: String) {
        let known = self.failed_parts.len() < MAX_FAILED_PARTS;
        let what = if known || self.failed_parts.contains_key(&what) {
            what
        } else {
            "other parts of the script failed".to_owned()
        };
        *self.failed_parts.entry(what).or_default() += 1;
    }

    pub(super) fn abort(&mut self, by: AbortedBy, reason: String) {
        if self.aborted.is_none() {
            self.tell(EventKind::Aborted, &reason);
            self.aborted = Some((by, reason));
        }
        self.run.advance(Stage::Stopping);
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.start.map(|start| start.elapsed()).unwrap_or_default()
    }

    /// From the scenarios' start to a moment.
    fn elapsed_at(&self, at: Instant) -> Duration {
        self.start
            .map(|start| at.saturating_duration_since(start))
            .unwrap_or_default()
    }

    /// From the scenarios' start to a moment, without the pauses.
    pub(super) fn plan_time(&self, at: Instant) -> Duration {
        let held = self.run.brake.held(at);
        self.elapsed_at(at)
            .saturating_sub(held.saturating_sub(self.held_before))
    }

    /// Seconds from the run's epoch to the scenarios' start.
    pub(super) fn offset(&self) -> f64 {
        self.start.map_or(0.0, |start| {
            start
                .saturating_duration_since(self.run.epoch)
                .as_secs_f64()
        })
    }

    fn count_hooks(&mut self) {
        hooks::count(
            &self.run.hooks,
            &self.blueprint.options,
            &mut self.aggregate,
        );
    }

    /// What the run knows as a whole belongs to the second that ends now.
    fn begin_second(&mut self) {
        let own = self.aggregate.begin_second();
        self.tell_interval(self.settings.workers, own);
        self.tell_second();
    }

    /// What goes on now, in a word.
    pub(super) fn phase_now(&self) -> &'static str {
        if self.run.stage() > Stage::Running && self.phase == "running" {
            STOPPING
        } else {
            self.phase
        }
    }

    /// Once a second: shows, moves windows on, judges.
    fn second(&mut self) {
        self.count_hooks();
        self.begin_second();
        self.mind_the_lost();
        let unusual = match self.phase {
            "running" => self.mind_anomalies(),
            _ => Vec::new(),
        };
        self.tell_anomalies(&unusual);
        self.show(unusual.into_iter().map(|(_, anomaly)| anomaly).collect());
        if self.phase != "running" {
            self.aggregate.totals.forget_current();
            return;
        }
        self.mind_stability();
        self.mind_faults();
        self.end_faults_with_the_plan();
        self.aggregate.end_second();
        // The reports speak of whole seconds, however long they took.
        let covered = Duration::from_secs(self.elapsed().as_secs());
        self.seconds = covered.as_secs();
        if let Some(bench) = &mut self.bench
            && let Some(reason) = bench.second(&self.aggregate.totals, covered)
            && self.run.stage() == Stage::Running
            // Who looks on sees it, and goes on writing.
            && self.settings.looking.is_none()
        {
            self.abort(AbortedBy::Slo, reason);
        }
    }

    /// Ends the run once every objective is known well enough.
    fn mind_stability(&mut self) {
        let (Some(stability), Some(bench)) = (&mut self.stability, &self.bench) else {
            return;
        };
        let totals = &self.aggregate.totals;
        let planned = plan_length(&self.blueprint.options.scenarios);
        let elapsed = Duration::from_secs(self.seconds);
        let is_known = stability.second(&bench.in_this_second(totals))
            && bench.counts_are_settled(totals, elapsed, planned);
        if is_known && self.stable_after.is_none() && self.run.stage() == Stage::Running {
            self.stable_after = Some(self.elapsed());
            self.run.advance(Stage::Stopping);
        }
    }

    /// What was measured since the last whole second counts too.
    fn last_second(&mut self, ran_for: Duration) {
        let rest = ran_for.saturating_sub(Duration::from_secs(self.seconds));
        if rest >= SECOND {
            self.second();
            return;
        }
        self.count_hooks();
        self.begin_second();
        self.show(Vec::new());
        if let Some(bench) = &mut self.bench {
            bench.rest(&self.aggregate.totals, rest);
        }
        self.hear_of_faults();
        self.director
            .rest(&self.aggregate.totals, ran_for.as_secs_f64());
        self.aggregate.end_second();
    }

    fn show(&mut self, unusual: Vec<AnomalyResult>) {
        let phase = self.phase_now();
        let elapsed = self.elapsed();
        let planned = self.plan_time(Instant::now());
        let mut progress = self
            .aggregate
            .progress(planned, phase, &self.blueprint.options);
        progress.run.clone_from(&self.id);
        let is_watched = self.settings.looking.is_some() || self.settings.detail;
        if let (true, Some(bench)) = (is_watched, &self.bench) {
            let verdicts = bench.verdicts(&self.aggregate.totals, elapsed);
            progress.slos = verdicts.into_iter().map(|(_, row)| row).collect();
            mask_slos(&mut progress.slos, &self.blueprint.secrets);
        }
        progress.detail = self.detail();
        progress.faults = by_hand::states(self.director.chaos());
        progress.anomalies = unusual;
        self.observer.progress(&progress);
    }

    /// Takes in everything that has been reported.
    fn drain(&mut self) {
        while let Ok(report) = self.crew.reports.try_recv() {
            self.take(report);
        }
        let planned = self.plan_time(Instant::now());
        let mut progress = self
            .aggregate
            .progress(planned, self.phase, &self.blueprint.options);
        progress.run.clone_from(&self.id);
        if !progress.logs.is_empty() {
            self.observer.progress(&progress);
        }
    }
}
