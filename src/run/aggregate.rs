//! Merges what workers report, second by second.

use std::collections::HashMap;
use std::time::Duration;

use super::intervals::{IntervalsBuilder, MAX_ROWS, grouping};
use super::progress::{Progress, STOPPING, ScenarioProgress, ScenarioState};
use crate::metrics::totals::Accumulator;
use crate::metrics::{Builtin, MetricId, Recorder, Snapshot, Tags, Totals, TrackerId};
use crate::options::Options;
use crate::result::{ColumnSpec, Combine, Intervals, SeriesBuilder};
use crate::vu::{ErrorTally, LogLine, TallyKey, VuCount};

/// How many seconds the percentile of a progress line looks back.
const LIVE_WINDOW: usize = 10;
/// Distinct failures kept over the run.
const MAX_ERRORS: usize = 1_000;

/// What is followed of one scenario.
struct Followed {
    iterations: TrackerId,
    errors: TrackerId,
    failed: TrackerId,
    dropped: TrackerId,
    duration: TrackerId,
    /// Per worker: virtual users active, and made.
    vus: Vec<VuCount>,
    pub vus_max: u32,
    started: Option<Duration>,
    ended: Option<Duration>,
    /// On the worker that was the last so far.
    last_ended: Duration,
    workers_left: usize,
}

/// A run's measurements as they come in.
pub struct Aggregate {
    pub totals: Totals,
    pub errors: HashMap<TallyKey, ErrorTally>,
    pub series: SeriesBuilder,
    intervals: IntervalsBuilder,
    columns: Vec<(TrackerId, Reading)>,
    scenarios: Vec<Followed>,
    /// Records what only the whole run knows: the number of virtual users.
    recorder: Recorder,
    workers: usize,
    logs: Vec<LogLine>,
    dropped_logs: u64,
}

/// How a column of the time series is read off its tracker.
#[derive(Clone, Copy)]
enum Reading {
    Sum,
    Falses,
    Trues,
    Percentile(f64),
    Gauge,
}

impl Aggregate {
    /// An aggregate for a run of these options on so many workers.
    pub fn new(options: &Options, workers: usize) -> Self {
        let mut totals = Totals::default();
        let scenarios = options
            .scenarios
            .iter()
            .map(|scenario| {
                let mut follow = |metric: Builtin, window: Option<usize>| {
                    let (wanted, name) = (metric.definition().name, scenario.name.clone());
                    let matches = move |metric: &str, tags: &crate::metrics::totals::TagMap| {
                        metric == wanted && tags.get("scenario") == Some(&name)
                    };
                    totals.track(metric.definition().kind, window, Box::new(matches))
                };
                Followed {
                    iterations: follow(Builtin::Iterations, None),
                    errors: follow(Builtin::IterationErrors, None),
                    failed: follow(Builtin::HttpReqFailed, None),
                    dropped: follow(Builtin::DroppedIterations, None),
                    duration: follow(Builtin::HttpReqDuration, Some(LIVE_WINDOW)),
                    vus: vec![VuCount::default(); workers],
                    vus_max: 0,
                    started: None,
                    ended: None,
                    last_ended: Duration::ZERO,
                    workers_left: workers,
                }
            })
            .collect();
        let (specs, columns) = columns(&mut totals);
        totals.group_by(grouping(), MAX_ROWS);
        Self {
            totals,
            errors: HashMap::new(),
            series: SeriesBuilder::new(specs, 0.0),
            intervals: IntervalsBuilder::default(),
            columns,
            scenarios,
            recorder: Recorder::new(options.max_tag_sets),
            workers,
            logs: Vec::new(),
            dropped_logs: 0,
        }
    }

    /// Takes in a worker's interval.
    pub fn interval(
        &mut self,
        worker: usize,
        snapshot: &Snapshot,
        vus: Vec<VuCount>,
        errors: Vec<(TallyKey, ErrorTally)>,
        dropped_logs: u64,
    ) {
        self.totals.absorb(worker, snapshot);
        self.dropped_logs += dropped_logs;
        for (scenario, state) in self.scenarios.iter_mut().zip(vus) {
            if let Some(known) = scenario.vus.get_mut(worker) {
                *known = state;
            }
            scenario.vus_max = scenario
                .vus_max
                .max(scenario.vus.iter().map(|count| count.made).sum());
        }
        for (key, tally) in errors {
            let full = self.errors.len() >= MAX_ERRORS && !self.errors.contains_key(&key);
            let key = if full {
                TallyKey {
                    message: "(other messages)".to_owned(),
                    ..key
                }
            } else {
                key
            };
            match self.errors.get_mut(&key) {
                Some(known) => {
                    known.count += tally.count;
                    known.first = known.first.min(tally.first);
                    known.last = known.last.max(tally.last);
                }
                None => {
                    self.errors.insert(key, tally);
                }
            }
        }
    }

    /// Keeps a line for the next progress.
    pub fn log(&mut self, line: LogLine) {
        self.logs.push(line);
    }

    /// A scenario started on one more worker.
    pub fn scenario_started(&mut self, scenario: usize, elapsed: Duration) {
        if let Some(followed) = self.scenarios.get_mut(scenario) {
            let earlier = followed.started.map_or(elapsed, |known| known.min(elapsed));
            followed.started = Some(earlier);
        }
    }

    /// A scenario ended on one more worker.
    pub fn scenario_ended(&mut self, scenario: usize, elapsed: Duration) {
        if let Some(followed) = self.scenarios.get_mut(scenario) {
            followed.workers_left = followed.workers_left.saturating_sub(1);
            let latest = followed.last_ended.max(elapsed);
            followed.last_ended = latest;
            if followed.workers_left == 0 {
                followed.ended = Some(latest);
            }
        }
    }

    /// When a scenario started and ended, and how many virtual users it had at most.
    pub fn scenario_times(&self, index: usize) -> (Option<Duration>, Option<Duration>, u32) {
        self.scenarios
            .get(index)
            .map_or((None, None, 0), |s| (s.started, s.ended, s.vus_max))
    }

    /// Records the number of virtual users, the most of the second; then what was gathered is current until [`Self::end_second`].
    /// Gives what only the whole run knows.
    pub fn begin_second(&mut self) -> Snapshot {
        let mut active = 0;
        let mut made = 0;
        for count in self.scenarios.iter().flat_map(|scenario| &scenario.vus) {
            active += count.peak;
            made += count.made;
        }
        let tags = self.recorder.intern(Tags::default());
        for (metric, value) in [(Builtin::Vus, active), (Builtin::VusMax, made)] {
            let series = self.recorder.series(MetricId::from(metric), tags);
            self.recorder.gauge(series, f64::from(value));
        }
        self.gather()
    }

    /// Adds to a counter what only the whole run knows, under these tags; it counts when it is gathered.
    pub fn count(&mut self, metric: Builtin, tags: Tags, amount: f64) {
        let tags = self.recorder.intern(tags);
        let series = self.recorder.series(MetricId::from(metric), tags);
        self.recorder.count(series, amount);
    }

    /// Adds a time that only the whole run knows, under these tags; it counts when it is gathered.
    pub fn time(&mut self, metric: Builtin, tags: Tags, time: Duration) {
        let tags = self.recorder.intern(tags);
        let series = self.recorder.series(MetricId::from(metric), tags);
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.recorder.time(series, nanoseconds);
    }

    /// Takes in what only the whole run knows, and gives it.
    pub fn gather(&mut self) -> Snapshot {
        let snapshot = self.recorder.snapshot();
        self.totals.absorb(self.workers, &snapshot);
        snapshot
    }

    /// What the current second is in the time series.
    pub fn row(&self) -> Vec<Option<f64>> {
        self.columns
            .iter()
            .map(|(tracker, reading)| read(&self.totals.tracker(*tracker).current, *reading))
            .collect()
    }

    /// Ends the current second: writes a row of the time series and moves windows on.
    pub fn end_second(&mut self) {
        let row = self.row();
        self.series.push(&row);
        self.intervals.second(&mut self.totals);
        self.totals.tick();
    }

    /// What was measured in each interval so far.
    pub fn intervals(&self) -> Intervals {
        self.intervals.snapshot(&self.totals)
    }

    /// What each scenario is planned to be at now: iterations a second in open models, virtual users in closed ones; nothing before and after.
    pub fn planned_load(&self, options: &Options, elapsed: Duration) -> Vec<f64> {
        let scenarios = options.scenarios.iter().zip(&self.scenarios);
        scenarios
            .map(|(scenario, followed)| {
                let Some(began) = followed.started else {
                    return 0.0;
                };
                let into = elapsed.saturating_sub(began);
                let is_over = scenario.executor.duration().is_some_and(|end| into >= end);
                match scenario.executor.planned_rate(into) {
                    _ if followed.ended.is_some() || is_over => 0.0,
                    Some(rate) => rate,
                    None => followed.vus.iter().map(|count| f64::from(count.peak)).sum(),
                }
            })
            .collect()
    }

    /// What a watcher sees now.
    pub fn progress(
        &mut self,
        elapsed: Duration,
        phase: &'static str,
        options: &Options,
    ) -> Progress {
        let scenarios = options
            .scenarios
            .iter()
            .zip(&self.scenarios)
            .map(|(scenario, followed)| {
                let total = |id: TrackerId| self.totals.tracker(id).total.sum() as u64;
                let failed = match &self.totals.tracker(followed.failed).total {
                    Accumulator::Rate { trues, .. } => *trues,
                    _ => 0,
                };
                let began = followed.started.unwrap_or(scenario.start_time);
                let p95 = self
                    .totals
                    .tracker(followed.duration)
                    .window_and_current()
                    .and_then(|(window, _)| read(&window, Reading::Percentile(95.0)));
                ScenarioProgress {
                    name: scenario.name.clone(),
                    state: match followed.ended {
                        Some(_) => ScenarioState::Done,
                        None if followed.started.is_some() && phase == STOPPING => {
                            ScenarioState::Stopping
                        }
                        None if followed.started.is_some() => ScenarioState::Running,
                        None => ScenarioState::Waiting,
                    },
                    vus: followed.vus.iter().map(|count| count.active).sum(),
                    allocated: scenario
                        .executor
                        .is_open()
                        .then(|| followed.vus.iter().map(|count| count.made).sum()),
                    vus_max: followed.vus_max,
                    iterations: total(followed.iterations),
                    iterations_planned: scenario.executor.planned_iterations(),
                    rate: self.totals.tracker(followed.iterations).current.sum(),
                    p95,
                    errors: total(followed.errors),
                    failed,
                    dropped: total(followed.dropped),
                    elapsed: followed.ended.unwrap_or(elapsed).saturating_sub(began),
                    total: scenario.executor.duration(),
                }
            })
            .collect();
        Progress {
            elapsed,
            phase,
            scenarios,
            logs: std::mem::take(&mut self.logs),
            dropped_logs: std::mem::take(&mut self.dropped_logs),
            slos: Vec::new(),
            run: String::new(),
            detail: None,
            faults: Vec::new(),
            anomalies: Vec::new(),
        }
    }
}

/// The columns of the time series.
fn columns(totals: &mut Totals) -> (Vec<ColumnSpec>, Vec<(TrackerId, Reading)>) {
    let table = [
        (
            "http_reqs",
            Builtin::HttpReqs,
            Reading::Sum,
            "requests",
            Combine::Sum,
        ),
        (
            "http_req_failures",
            Builtin::HttpReqFailed,
            Reading::Trues,
            "requests",
            Combine::Sum,
        ),
        (
            "http_req_duration_p50",
            Builtin::HttpReqDuration,
            Reading::Percentile(50.0),
            "ms",
            Combine::Mean,
        ),
        (
            "http_req_duration_p95",
            Builtin::HttpReqDuration,
            Reading::Percentile(95.0),
            "ms",
            Combine::Max,
        ),
        (
            "http_req_duration_p99",
            Builtin::HttpReqDuration,
            Reading::Percentile(99.0),
            "ms",
            Combine::Max,
        ),
        (
            "http_req_corrected_p99",
            Builtin::HttpReqCorrected,
            Reading::Percentile(99.0),
            "ms",
            Combine::Max,
        ),
        (
            "iterations",
            Builtin::Iterations,
            Reading::Sum,
            "iterations",
            Combine::Sum,
        ),
        (
            "iteration_errors",
            Builtin::IterationErrors,
            Reading::Sum,
            "iterations",
            Combine::Sum,
        ),
        (
            "dropped_iterations",
            Builtin::DroppedIterations,
            Reading::Sum,
            "iterations",
            Combine::Sum,
        ),
        (
            "iteration_lag_p99",
            Builtin::IterationLag,
            Reading::Percentile(99.0),
            "ms",
            Combine::Max,
        ),
        (
            "checks_failed",
            Builtin::Checks,
            Reading::Falses,
            "checks",
            Combine::Sum,
        ),
        (
            "vus",
            Builtin::Vus,
            Reading::Gauge,
            "virtual users",
            Combine::Max,
        ),
        (
            "data_sent",
            Builtin::DataSent,
            Reading::Sum,
            "bytes",
            Combine::Sum,
        ),
        (
            "data_received",
            Builtin::DataReceived,
            Reading::Sum,
            "bytes",
            Combine::Sum,
        ),
    ];
    table
        .into_iter()
        .map(|(name, metric, reading, unit, combine)| {
            let definition = metric.definition();
            let tracker = totals.track(
                definition.kind,
                None,
                Box::new(move |metric, _| metric == definition.name),
            );
            (ColumnSpec::new(name, unit, combine), (tracker, reading))
        })
        .unzip()
}

fn read(values: &Accumulator, reading: Reading) -> Option<f64> {
    match (values, reading) {
        (Accumulator::Counter { sum }, Reading::Sum) => Some(*sum),
        (Accumulator::Rate { trues, .. }, Reading::Trues) => Some(*trues as f64),
        (Accumulator::Rate { trues, total }, Reading::Falses) => Some((total - trues) as f64),
        (Accumulator::Gauge { last, samples, .. }, Reading::Gauge) if *samples > 0 => Some(*last),
        (Accumulator::Trend(histogram), Reading::Percentile(percentile))
            if !histogram.is_empty() =>
        {
            Some(crate::metrics::histogram::from_scaled(
                histogram.value_at_percentile(percentile) as f64,
            ))
        }
        _ => None,
    }
}
