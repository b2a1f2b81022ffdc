//! What is known of the run, and the messages that pages get.
//!
//! Memory does not grow with the run's length: the time series is thinned as a result's is, and of log lines the last are kept.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;

use super::shape::{
    self, Band, Checks, Endpoints, Errors, Fault, Faults, LogEntry, Logs, Metrics, PageError,
    PageTables, Scenario, Slo, Status, TimeToBreach, Version,
};
use crate::report::html::Target;
use crate::result::{MetricValues, RunResult, SeriesBuilder, TimeSeries};
use crate::run::{Progress, Tables};

/// Log lines that are kept.
const LOGS: usize = 500;
/// Characters of one line.
const LOG_LENGTH: usize = 2_000;
/// Rows that a page gets; the API has all.
const PAGE_ENDPOINTS: usize = 100;
const PAGE_CHECKS: usize = 200;
const PAGE_ERRORS: usize = 50;

/// A run, as far as it is known.
pub struct Board {
    pub status: Status,
    pub scenarios: Vec<Scenario>,
    pub slos: Vec<Slo>,
    pub faults: Vec<Fault>,
    pub bands: Vec<Band>,
    versions: Vec<Version>,
    targets: Vec<Target>,
    series: Option<SeriesBuilder>,
    /// Rows of the series so far.
    rows: u64,
    row: Option<Vec<Option<f64>>>,
    tables: Arc<Tables>,
    logs: VecDeque<LogEntry>,
    logged: u64,
    dropped_logs: u64,
    pub result: Option<Box<RunResult>>,
}

/// What changes from second to second.
#[derive(Serialize)]
struct Tick<'a> {
    status: &'a Status,
    scenarios: &'a [Scenario],
    slos: &'a [Slo],
    faults: &'a [Fault],
    bands: &'a [Band],
    versions: &'a [Version],
    targets: &'a [Target],
    /// How many rows the series has, with this one.
    rows: u64,
    row: Option<&'a [Option<f64>]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tables: Option<PageTables<'a>>,
    logs: Vec<&'a LogEntry>,
    dropped_logs: u64,
}

/// All of it.
#[derive(Serialize)]
struct Snapshot<'a> {
    series: Option<TimeSeries>,
    #[serde(flatten)]
    tick: Tick<'a>,
}

/// A message of the event stream.
fn event(name: &str, data: &impl Serialize) -> Bytes {
    // JSON has no line ends but within texts, where they are escaped.
    let data = serde_json::to_string(data).unwrap_or_default();
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}

impl Board {
    pub fn new(script: String) -> Self {
        Self {
            status: Status {
                script,
                version: env!("CARGO_PKG_VERSION").to_owned(),
                phase: "starting".to_owned(),
                ..Status::default()
            },
            scenarios: Vec::new(),
            slos: Vec::new(),
            faults: Vec::new(),
            bands: Vec::new(),
            versions: Vec::new(),
            targets: Vec::new(),
            series: None,
            rows: 0,
            row: None,
            tables: Arc::default(),
            logs: VecDeque::new(),
            logged: 0,
            dropped_logs: 0,
            result: None,
        }
    }

    /// Another run begins: nothing of an earlier one is left but what was logged.
    pub fn begin(&mut self) {
        let mut new = Self::new(std::mem::take(&mut self.status.script));
        new.logs = std::mem::take(&mut self.logs);
        new.logged = self.logged;
        new.dropped_logs = self.dropped_logs;
        *self = new;
    }

    /// Takes in a second of the run; what pages get of it.
    pub fn take(&mut self, progress: Progress) -> Bytes {
        let first_new = self.logged;
        self.dropped_logs += progress.dropped_logs;
        for mut line in progress.logs {
            crate::lengths::shorten(&mut line.text, LOG_LENGTH);
            if self.logs.len() >= LOGS {
                self.logs.pop_front();
            }
            self.logs.push_back(shape::log(self.logged, line));
            self.logged += 1;
        }
        let mut is_new = false;
        self.row = None;
        if let Some(detail) = progress.detail {
            let detail = *detail;
            is_new = detail.tables.number != self.tables.number;
            self.tables = detail.tables;
            self.scenarios = progress
                .scenarios
                .iter()
                .map(|scenario| shape::scenario(scenario, &detail.controls))
                .collect();
            self.targets = crate::report::html::targets(&progress.slos);
            let mut breaches = detail.breaches.into_iter();
            self.slos = progress
                .slos
                .into_iter()
                .map(|row| Slo {
                    row,
                    breach: breaches.next().map_or(TimeToBreach::Unknown, shape::breach),
                })
                .collect();
            self.faults = progress.faults.iter().map(shape::fault).collect();
            self.bands = detail
                .bands
                .into_iter()
                .map(|band| Band {
                    name: band.name,
                    at: band.at,
                    until: band.until,
                })
                .collect();
            self.versions = detail
                .reloads
                .iter()
                .map(|reload| Version {
                    at: reload.at,
                    version: reload.version,
                })
                .collect();
            if let Some(row) = detail.row {
                let new = || SeriesBuilder::new(detail.columns.to_vec(), 0.0);
                self.series.get_or_insert_with(new).push(&row);
                self.rows += 1;
                self.row = Some(row);
            }
            let status = &mut self.status;
            status.run = Some(detail.run.as_ref().to_owned());
            status.seconds = detail.seconds;
            status.paused = detail.paused;
            status.phase = progress.phase.to_owned();
            status.running = progress.phase == "running";
            status.elapsed = progress.elapsed.as_secs_f64();
            status.total = detail.planned.map(|planned| planned.as_secs_f64());
            status.vus = self.scenarios.iter().map(|one| one.vus).sum();
            status.vus_max = status.vus_max.max(status.vus);
            status.iterations = self.scenarios.iter().map(|one| one.iterations).sum();
            let is_past = |slo: &Slo| slo.breach == TimeToBreach::Past;
            status.tainted = self.slos.iter().any(is_past);
        }
        event("tick", &self.tick(is_new, first_new))
    }

    /// Between two runs.
    pub fn idle(&mut self, why: String) -> Bytes {
        self.status.phase = "idle".to_owned();
        self.status.running = false;
        self.status.idle = Some(why);
        self.row = None;
        event("tick", &self.tick(false, self.logged))
    }

    /// The run is over, and this came of it.
    pub fn over(&mut self, result: Box<RunResult>) -> Bytes {
        let status = &mut self.status;
        status.phase = "over".to_owned();
        status.running = false;
        status.paused = false;
        status.over = true;
        status.run = Some(result.run.id.clone());
        status.verdict = Some(result.verdict.clone());
        for scenario in &mut self.scenarios {
            scenario.vus = 0;
            scenario.control = None;
        }
        // What the result says of them is the last word.
        self.slos = result
            .slos
            .iter()
            .map(|row| Slo {
                row: row.clone(),
                breach: match row.is_met() {
                    true => TimeToBreach::Never,
                    false => TimeToBreach::Past,
                },
            })
            .collect();
        self.tables = Arc::new(Tables {
            number: self.tables.number + 1,
            endpoints: result.endpoints.clone(),
            endpoints_in_all: result.endpoints.len(),
            checks: result.checks.clone(),
            checks_in_all: result.checks.len(),
            errors: result.errors.clone(),
            errors_in_all: result.errors.len(),
            metrics: self.tables.metrics.clone(),
        });
        self.row = None;
        self.result = Some(result);
        event("tick", &self.tick(true, self.logged))
    }

    /// All that a page needs which knows nothing yet.
    pub fn snapshot(&self) -> Bytes {
        let first = self.logs.front().map_or(self.logged, |line| line.number);
        let mut tick = self.tick(true, first);
        tick.row = None;
        let series = self.series.as_ref().map(SeriesBuilder::snapshot);
        event("snapshot", &Snapshot { series, tick })
    }

    fn tick(&self, with_tables: bool, first_log: u64) -> Tick<'_> {
        let logs = self.logs.iter();
        Tick {
            status: &self.status,
            scenarios: &self.scenarios,
            slos: &self.slos,
            faults: &self.faults,
            bands: &self.bands,
            versions: &self.versions,
            targets: &self.targets,
            rows: self.rows,
            row: self.row.as_deref(),
            tables: with_tables.then(|| page_tables(&self.tables)),
            logs: logs.filter(|line| line.number >= first_log).collect(),
            dropped_logs: self.dropped_logs,
        }
    }

    pub fn time_series(&self) -> TimeSeries {
        let series = self.series.as_ref();
        series.map(SeriesBuilder::snapshot).unwrap_or_default()
    }

    pub fn endpoints(&self) -> Endpoints {
        Endpoints {
            rows: self.tables.endpoints.clone(),
            in_all: self.tables.endpoints_in_all,
        }
    }

    pub fn checks(&self) -> Checks {
        Checks {
            rows: self.tables.checks.clone(),
            in_all: self.tables.checks_in_all,
        }
    }

    pub fn errors(&self) -> Errors {
        Errors {
            rows: self.tables.errors.clone(),
            in_all: self.tables.errors_in_all,
        }
    }

    pub fn metrics(&self) -> Metrics {
        Metrics {
            rows: self.tables.metrics.clone(),
        }
    }

    pub fn logs(&self) -> Logs {
        Logs {
            rows: self.logs.iter().cloned().collect(),
            dropped: self.dropped_logs,
        }
    }

    pub fn declared_faults(&self) -> Faults {
        Faults {
            rows: self.faults.clone(),
            bands: self.bands.clone(),
        }
    }
}

fn page_tables(tables: &Tables) -> PageTables<'_> {
    let first = |length: usize, most: usize| length.min(most);
    let endpoints = first(tables.endpoints.len(), PAGE_ENDPOINTS);
    let checks = first(tables.checks.len(), PAGE_CHECKS);
    let mut sums = BTreeMap::new();
    for metric in &tables.metrics {
        match &metric.total {
            MetricValues::Counter { count, .. } => {
                sums.insert(metric.name.as_str(), *count);
            }
            MetricValues::Rate { rate, .. } => {
                sums.insert(metric.name.as_str(), *rate);
            }
            _ => {}
        }
    }
    PageTables {
        endpoints: tables.endpoints.get(..endpoints).unwrap_or_default(),
        endpoints_in_all: tables.endpoints_in_all,
        checks: tables.checks.get(..checks).unwrap_or_default(),
        checks_in_all: tables.checks_in_all,
        errors: tables
            .errors
            .iter()
            .take(PAGE_ERRORS)
            .map(|error| PageError {
                kind: &error.kind,
                code: &error.code,
                message: &error.message,
                count: error.count,
                first_seconds: error.first_seconds,
                last_seconds: error.last_seconds,
                text: error.example.as_ref().map_or("", |example| &example.text),
                scenario: error
                    .example
                    .as_ref()
                    .and_then(|example| example.scenario.as_deref()),
                url: error
                    .example
                    .as_ref()
                    .and_then(|example| example.url.as_deref()),
            })
            .collect(),
        errors_in_all: tables.errors_in_all,
        sums,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::vu::{LogLevel, LogLine};

    fn second(lines: usize) -> Progress {
        let line = |number| LogLine {
            level: LogLevel::Info,
            text: format!("line {number}"),
            scenario: String::new(),
            vu: 0,
            iteration: None,
            place: None,
            at: 0.0,
            time: 0,
            more: 0,
            trace: None,
        };
        Progress {
            elapsed: Duration::ZERO,
            phase: "running",
            scenarios: Vec::new(),
            logs: (0..lines).map(line).collect(),
            dropped_logs: 2,
            slos: Vec::new(),
            run: String::new(),
            faults: Vec::new(),
            anomalies: Vec::new(),
            detail: None,
        }
    }

    #[test]
    fn of_log_lines_the_last_are_kept_and_a_page_gets_each_once() {
        let mut board = Board::new("s".to_owned());
        for _ in 0..1_000 {
            board.take(second(7));
        }
        assert_eq!(board.logs().rows.len(), LOGS);
        assert_eq!(board.logs().rows[LOGS - 1].number, 6_999);
        assert_eq!(board.logs().dropped, 2_000);
        let tick = board.take(second(3));
        let tick = std::str::from_utf8(&tick).unwrap();
        assert_eq!(tick.matches("\"number\":").count(), 3);
        assert!(tick.starts_with("event: tick\ndata: {") && tick.ends_with("}\n\n"));
        assert_eq!(tick.lines().count(), 3);
    }

    #[test]
    fn a_text_of_a_script_ends_no_message() {
        let mut board = Board::new("s".to_owned());
        let mut progress = second(1);
        progress.logs[0].text = "one\n\nevent: tick\ndata: {}\n\n".to_owned();
        let tick = board.take(progress);
        let tick = std::str::from_utf8(&tick).unwrap();
        assert_eq!(tick.matches("\n\n").count(), 1);
    }
}
