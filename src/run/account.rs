//! What a finished run comes to: its end, its verdict, its result document.

use std::time::{Duration, Instant};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::conductor::Conductor;
use super::{environment, rows};
use crate::exit;
use crate::judge::{Ending, Lost, NOT_KNOWN, verdict};
use crate::metrics::Builtin;
use crate::metrics::totals::Accumulator;
use crate::result::{
    self, AbortedBy, Outcome, RunResult, ScenarioResult, SloResult, Verdict, VerdictStatus,
};
use crate::units;
use crate::vu::Stage;
use crate::vu::lifecycle::SetupFailure;

impl Conductor<'_> {
    /// The result document of the run so far.
    pub(super) fn result(
        &self,
        started_at: OffsetDateTime,
        ran_for: Duration,
        setup_failure: Option<SetupFailure>,
        used: result::Generator,
    ) -> RunResult {
        let options = &self.blueprint.options;
        let totals = &self.aggregate.totals;
        let seconds = ran_for.as_secs_f64();
        let mut errors = rows::errors(&self.aggregate.errors, self.offset());
        if let Some(failure) = setup_failure.as_ref().and_then(SetupFailure::thrown) {
            errors.insert(0, rows::setup_error(failure));
        }
        let (outcome, unreachable) = self.outcome(setup_failure);
        let (verdict, slos) = self.judge(&outcome, unreachable, ran_for);
        let mut notes = self.settings.notes.clone();
        notes.extend_from_slice(&self.blueprint.notes);
        if totals.folded() > 0 {
            notes.push(format!(
                "there were more than {} tag sets on a worker: about {} more, with all their samples, are called `other`; give requests with ids in their URL a `name`",
                units::format_count(options.max_tag_sets as u64),
                units::format_count(totals.folded())
            ));
            let doubted = slos.iter().filter(|slo| slo.actual_text == NOT_KNOWN);
            notes.extend(doubted.map(|slo| {
                let why = Lost::Folded.why();
                format!("{} {}: {why}", slo.label(), slo.target)
            }));
        }
        if self.lost_spans > 0 {
            notes.push(format!(
                "{} spans were left out of the traces, for there were more than 10,000 a second on a worker; a smaller `sample` keeps traces whole",
                units::format_count(self.lost_spans)
            ));
        }
        if self.lost_lines > 0 {
            notes.push(format!(
                "{} lines of the log were left out, for there were more than 1,000 different ones a second on a worker",
                units::format_count(self.lost_lines)
            ));
        }
        if let (Some(after), Some(wanted)) = (self.stable_after, self.settings.until_stable) {
            notes.push(format!(
                "ended after {}, before the end of the plan: the value of every objective was known to within {} by then (`--until-stable`)",
                units::format_duration(Duration::from_secs(after.as_secs())),
                units::format_fraction(wanted)
            ));
        }
        let held = self.run.brake.held(Instant::now());
        let held = held.saturating_sub(self.held_before);
        // Who writes a script pauses it all the time.
        if !held.is_zero() && self.settings.looking.is_none() {
            notes.push(format!(
                "the run was paused by hand for {} in all: rates over the whole run count that time too",
                units::format_duration(Duration::from_millis(held.as_millis() as u64))
            ));
        }
        for name in self.director.not_reached() {
            notes.push(format!(
                "the fault `{name}` did not come: the run ended before its time"
            ));
        }
        if self.anomalies.left_out() > 0 {
            notes.push(format!(
                "there were {} more anomalies than are kept",
                units::format_count(self.anomalies.left_out())
            ));
        }
        let text = self.blueprint.sources.main_text();
        let format = |moment: OffsetDateTime| moment.format(&Rfc3339).unwrap_or_default();
        RunResult {
            version: result::VERSION,
            tool: result::Tool {
                name: "rhaid".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            run: result::Run {
                id: self.id.clone(),
                script: self.blueprint.sources.main.clone(),
                script_sha256: sha256(text.as_bytes()),
                reloads: self.reloads.marks(),
                started_at: format(started_at),
                ended_at: format(OffsetDateTime::now_utc()),
                duration_seconds: seconds,
                outcome,
                seed: options.seed,
                git: environment::git(&self.blueprint.sources.project.folder),
                machine: environment::machine(self.settings.workers),
                execution_segment: self.settings.execution_segment.clone(),
                scale: options.scale,
                folded_tag_sets: totals.folded(),
                notes,
            },
            options: rows::without_secrets(&self.blueprint.raw),
            verdict,
            slos,
            scenarios: self.scenario_rows(ran_for),
            endpoints: rows::endpoints(totals, seconds),
            checks: rows::checks(totals),
            errors,
            metrics: rows::metrics(totals, seconds),
            time_series: self.aggregate.series.snapshot(),
            intervals: self.aggregate.intervals(),
            slow_requests: rows::slow_requests(&self.slow, self.offset()),
            faults: self.director.results(&options.slos, totals),
            anomalies: self.anomaly_rows(),
            generator: used,
        }
    }

    /// How the run ended, and whether that was because the target could not be reached.
    fn outcome(&self, setup_failure: Option<SetupFailure>) -> (Outcome, bool) {
        let failed = |reason| (Outcome::SetupFailed { reason }, false);
        match (setup_failure, &self.aborted) {
            (Some(SetupFailure::Abort(reason)), _) => {
                let by = AbortedBy::Script;
                (Outcome::Aborted { by, reason }, false)
            }
            (Some(failure @ SetupFailure::Unreachable { .. }), _) => {
                let reason = failure.why();
                (Outcome::SetupFailed { reason }, true)
            }
            (Some(failure @ (SetupFailure::Failed(_) | SetupFailure::TimedOut(_))), _) => {
                failed(failure.why())
            }
            (_, Some((by, reason))) => {
                let (by, reason) = (*by, reason.clone());
                (Outcome::Aborted { by, reason }, false)
            }
            (Some(SetupFailure::Stopped), None) => (Outcome::Interrupted, false),
            _ if self.run.stage() > Stage::Running
                && !self.run.is_finished()
                && (self.stable_after.is_none() || self.run.stage() == Stage::Killed) =>
            {
                (Outcome::Interrupted, false)
            }
            _ => (Outcome::Completed, false),
        }
    }

    /// The verdict and the objectives' rows.
    pub(super) fn judge(
        &self,
        outcome: &Outcome,
        unreachable: bool,
        ran_for: Duration,
    ) -> (Verdict, Vec<SloResult>) {
        let totals = &self.aggregate.totals;
        let name = Builtin::IterationErrors.definition().name;
        let errors: f64 = totals
            .series()
            .iter()
            .filter(|series| series.info.name == name)
            .map(|series| series.total.sum())
            .sum();
        let slos = &self.blueprint.options.slos;
        let ending = Ending {
            outcome: outcome.clone(),
            iteration_errors: errors as u64,
            errors_are_judged: slos.iter().any(|slo| slo.selector.metric() == name),
            failed_parts: self.failed_parts.clone(),
            empty_scenarios: self.empty_scenarios(),
            unreachable,
        };
        // Before the scenarios' start there is nothing to judge.
        let judged = match (&self.bench, self.start) {
            (Some(bench), Some(_)) => bench.verdicts(totals, ran_for),
            _ => Vec::new(),
        };
        let mut verdict = verdict(&ending, &judged, self.settings.strict);
        self.blame_what_is_broken(&mut verdict);
        (verdict, judged.into_iter().map(|(_, row)| row).collect())
    }

    /// Something that a fault broke and that is broken still is the gravest of all.
    fn blame_what_is_broken(&self, verdict: &mut Verdict) {
        for failed in self.run.chaos.ledger().failed().iter().rev() {
            verdict.exit_code = exit::NOT_UNDONE;
            verdict.status = VerdictStatus::Error;
            let reason = format!(
                "a fault could not be undone: {}: {}",
                failed.what, failed.why
            );
            verdict.reasons.insert(0, reason);
        }
    }

    /// Scenarios that had users, but of which not one iteration came to its end.
    fn empty_scenarios(&self) -> Vec<String> {
        let scenarios = self.blueprint.options.scenarios.iter().enumerate();
        scenarios
            .filter(|(index, scenario)| {
                let (started, _, vus_max) = self.aggregate.scenario_times(*index);
                let done =
                    rows::of_scenario(&self.aggregate.totals, Builtin::Iterations, &scenario.name);
                started.is_some() && vus_max > 0 && done.sum() == 0.0
            })
            .map(|(_, scenario)| scenario.name.clone())
            .collect()
    }

    fn scenario_rows(&self, ran_for: Duration) -> Vec<ScenarioResult> {
        let totals = &self.aggregate.totals;
        let trend = |metric, name: &str| match rows::of_scenario(totals, metric, name) {
            Accumulator::Trend(histogram) => crate::result::TrendSummary::of(&histogram),
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
                let start = started.unwrap_or(scenario.start_time).min(ran_for);
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

/// In lower-case hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    ring::digest::digest(&ring::digest::SHA256, bytes)
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Unique enough to find a run again: its moment, and its process and seed.
/// The id of a run that starts at this moment.
pub(super) fn run_id(at: OffsetDateTime, seed: u64) -> String {
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
