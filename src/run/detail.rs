//! What is told of a run each second beyond its progress, when a dashboard looks on.
//!
//! Rows of endpoints, checks and metrics need all that was measured to be gone through, which takes the longer the more endpoints there
//! are. They are made as often as that costs less than a hundredth of one processor's time: every second where there are few.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::conductor::Conductor;
use super::masking::{mask_checks, mask_endpoints, mask_errors, mask_metrics};
use super::rows;
use crate::options::plan_length;
use crate::result::{CheckResult, ColumnSpec, EndpointResult, ErrorResult, MetricResult, Reload};
use crate::slo::Breach;
use crate::vu::Wanted;

/// How many times as long as the last making of the rows took passes until the next.
const REST: u32 = 100;
/// Rows of endpoints that are told; the busiest come first.
const MOST_ENDPOINTS: usize = 500;
const MOST_CHECKS: usize = 500;
const MOST_ERRORS: usize = 200;

/// More of a run, once a second.
#[derive(Debug, Clone)]
pub struct Detail {
    /// The run's name, once more than one run is told of.
    pub run: Arc<str>,
    /// What the columns of the time series are.
    pub columns: Arc<[ColumnSpec]>,
    /// This second in the time series; none while no scenario runs.
    pub row: Option<Vec<Option<f64>>>,
    /// Seconds from the scenarios' start, with the time in which everything stood.
    pub seconds: f64,
    /// How long the plan takes, where that is known.
    pub planned: Option<Duration>,
    /// Everything stands.
    pub paused: bool,
    /// When each objective will be missed, in their order.
    pub breaches: Vec<Breach>,
    /// Scenarios whose number of virtual users can be changed.
    pub controls: Vec<Controlled>,
    /// What faults have been at work, and when.
    pub bands: Vec<FaultBand>,
    /// Versions of the script that took over.
    pub reloads: Vec<Reload>,
    /// The newest rows; the same as last time if there are no newer ones.
    pub tables: Arc<Tables>,
}

/// Rows as a result has them.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    /// Goes up when they are made anew.
    pub number: u64,
    pub endpoints: Vec<EndpointResult>,
    /// How many there are in all.
    pub endpoints_in_all: usize,
    pub checks: Vec<CheckResult>,
    pub checks_in_all: usize,
    pub errors: Vec<ErrorResult>,
    pub errors_in_all: usize,
    /// Totals of each metric, without tag sets and distributions.
    pub metrics: Vec<MetricResult>,
}

/// A scenario that is controlled from outside.
#[derive(Debug, Clone, PartialEq)]
pub struct Controlled {
    pub scenario: String,
    pub wanted: Wanted,
    pub vus_max: u32,
    pub paused: bool,
}

/// A time in which a fault was at work, in seconds from the scenarios' start.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultBand {
    pub name: String,
    pub at: f64,
    pub until: Option<f64>,
}

/// Makes it.
pub(super) struct Detailer {
    run: Arc<str>,
    columns: Arc<[ColumnSpec]>,
    tables: Arc<Tables>,
    due: Option<Instant>,
}

impl Detailer {
    pub fn new(run: &str, columns: Vec<ColumnSpec>) -> Self {
        Self {
            run: run.into(),
            columns: columns.into(),
            tables: Arc::default(),
            due: None,
        }
    }
}

impl Conductor<'_> {
    /// What is told beyond the progress, if anybody wants to know.
    pub(super) fn detail(&mut self) -> Option<Box<Detail>> {
        let mut detailer = self.detailer.take()?;
        if detailer.due.is_none_or(|due| due <= Instant::now()) {
            let began = Instant::now();
            detailer.tables = Arc::new(self.tables(detailer.tables.number + 1));
            let took = began.elapsed();
            // A little less than a second, so that the next second's look is not missed by a hair.
            let rest = (took * REST).max(Duration::from_millis(500));
            detailer.due = Some(began + rest);
        }
        let elapsed = self.elapsed();
        let totals = &self.aggregate.totals;
        let breaches = match &self.bench {
            Some(bench) => bench.breaches(totals, elapsed),
            None => Vec::new(),
        };
        let controls: Vec<Controlled> = self
            .run
            .scenarios
            .iter()
            .filter_map(|scenario| {
                let (control, vus_max) = scenario.controls()?;
                Some(Controlled {
                    scenario: scenario.name.clone(),
                    wanted: control.wanted,
                    vus_max,
                    paused: control.paused,
                })
            })
            .collect();
        let detail = Detail {
            run: detailer.run.clone(),
            columns: detailer.columns.clone(),
            row: (self.phase == "running").then(|| self.aggregate.row()),
            seconds: elapsed.as_secs_f64(),
            planned: plan_length(&self.blueprint.options.scenarios),
            paused: self.run.brake.is_paused(),
            breaches,
            controls,
            bands: self.director.bands(),
            reloads: self.reloads.marks(),
            tables: detailer.tables.clone(),
        };
        self.detailer = Some(detailer);
        Some(Box::new(detail))
    }

    fn tables(&self, number: u64) -> Tables {
        let seconds = self.elapsed().as_secs_f64();
        let totals = &self.aggregate.totals;
        let secrets = &self.blueprint.secrets;
        let mut endpoints = rows::endpoints(totals, seconds);
        let endpoints_in_all = endpoints.len();
        let spent = |row: &EndpointResult| row.duration.avg * row.duration.count as f64;
        endpoints.sort_by(|a, b| spent(b).total_cmp(&spent(a)));
        endpoints.truncate(MOST_ENDPOINTS);
        let mut checks = rows::checks(totals);
        let checks_in_all = checks.len();
        checks.sort_by_key(|check| std::cmp::Reverse(check.fails));
        checks.truncate(MOST_CHECKS);
        let mut errors = rows::errors(&self.aggregate.errors, self.offset());
        let errors_in_all = errors.len();
        errors.truncate(MOST_ERRORS);
        let mut metrics = rows::totals(totals, seconds);
        mask_endpoints(&mut endpoints, secrets);
        mask_checks(&mut checks, secrets);
        mask_errors(&mut errors, secrets);
        mask_metrics(&mut metrics, secrets);
        Tables {
            number,
            endpoints,
            endpoints_in_all,
            checks,
            checks_in_all,
            errors,
            errors_in_all,
            metrics,
        }
    }
}
