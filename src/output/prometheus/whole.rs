//! What Prometheus is told of the run as a whole: how its objectives, faults and the run itself stand.

use std::collections::BTreeMap;

use super::names::FamilyKind;
use super::reading::{Label, Reading, Shown, TEST_ID};
use crate::output::{Event, EventKind, Moment, RunInfo};
use crate::result::{SloResult, SloStatus};
use crate::slo::label_of;

/// What is told of the run as a whole: names that no metric can have.
pub const OWN: [(&str, FamilyKind); 12] = [
    ("rhaid_run_info", FamilyKind::Gauge),
    ("rhaid_run_start_timestamp_seconds", FamilyKind::Gauge),
    ("rhaid_run_elapsed_seconds", FamilyKind::Gauge),
    ("rhaid_run_aborted", FamilyKind::Gauge),
    ("rhaid_run_folded_tag_sets", FamilyKind::Gauge),
    ("rhaid_slo_status", FamilyKind::Gauge),
    ("rhaid_slo_margin_ratio", FamilyKind::Gauge),
    ("rhaid_slo_actual", FamilyKind::Gauge),
    ("rhaid_fault_active", FamilyKind::Gauge),
    ("rhaid_fault_injections", FamilyKind::Counter),
    ("rhaid_script_reloads", FamilyKind::Counter),
    ("rhaid_log_lines", FamilyKind::Counter),
];

/// What is known of the run as a whole.
#[derive(Debug, Default)]
pub struct Whole {
    slos: Vec<SloResult>,
    /// Declared faults that were on so far: whether they are, and how often they came.
    faults: BTreeMap<String, (u64, u64)>,
    reloads: u64,
    is_aborted: bool,
    logs: BTreeMap<&'static str, u64>,
    elapsed: f64,
    /// Tag sets that are counted as `other`.
    pub folded: usize,
}

impl Whole {
    /// A second has passed.
    pub fn second(&mut self, now: &Moment) {
        self.elapsed = now.elapsed.as_secs_f64();
        self.slos.clone_from(&now.slos);
    }

    /// Something happened.
    pub fn event(&mut self, event: &Event) {
        match &event.kind {
            EventKind::FaultBegan { name, .. } => {
                let fault = self.faults.entry(name.clone()).or_default();
                *fault = (fault.0 + 1, fault.1 + 1);
            }
            EventKind::FaultEnded { name, .. } => {
                let fault = self.faults.entry(name.clone()).or_default();
                fault.0 = fault.0.saturating_sub(1);
            }
            EventKind::Reloaded => self.reloads += 1,
            EventKind::Log(line) => {
                *self.logs.entry(line.level.as_str()).or_default() += line.more.max(1);
            }
            EventKind::Aborted => self.is_aborted = true,
            EventKind::Started
            | EventKind::Ended { .. }
            | EventKind::AnomalyFound(_)
            | EventKind::AnomalyEnded(_)
            | EventKind::Own { .. } => {}
        }
    }

    /// As families, which are called rhaid's whatever the names of metrics are.
    pub fn shown(&self, run: &RunInfo) -> Vec<Shown<'_>> {
        let id = || (TEST_ID.to_owned(), run.id.clone());
        let with = |labels: &[(&str, &str)]| -> Vec<Label> {
            let labels = labels.iter().filter(|(_, value)| !value.is_empty());
            let labels = labels.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            labels.chain([id()]).collect()
        };
        let family = |name, kind, help, series| Shown {
            name,
            kind,
            help,
            series,
        };
        let number = |value: f64| Reading::Number(value);
        let slos = |value: &dyn Fn(&SloResult) -> Option<f64>| -> Vec<_> {
            let row = |slo: &SloResult| {
                let over = slo.over.as_deref().unwrap_or_default();
                // As alerting rules name it.
                let label = label_of(
                    slo.name.as_deref(),
                    &slo.metric,
                    &slo.target,
                    slo.over.as_deref(),
                );
                let labels = [
                    ("slo", label.as_str()),
                    ("metric", slo.metric.as_str()),
                    ("target", slo.target.as_str()),
                    ("over", over),
                    ("priority", slo.priority.label()),
                ];
                Some((with(&labels), number(value(slo)?)))
            };
            self.slos.iter().filter_map(row).collect()
        };
        let faults = |value: &dyn Fn(&(u64, u64)) -> u64| -> Vec<_> {
            let row = |(name, fault): (&String, &(u64, u64))| {
                (with(&[("fault", name)]), number(value(fault) as f64))
            };
            self.faults.iter().map(row).collect()
        };
        let logs = self
            .logs
            .iter()
            .map(|(level, count)| (with(&[("level", level)]), number(*count as f64)));
        let version = env!("CARGO_PKG_VERSION");
        use FamilyKind::{Counter, Gauge};
        vec![
            family(
                "rhaid_run_info",
                Gauge,
                "The run: always 1",
                vec![(
                    with(&[("script", run.script.as_str()), ("version", version)]),
                    number(1.0),
                )],
            ),
            family(
                "rhaid_run_start_timestamp_seconds",
                Gauge,
                "When the run began",
                vec![(with(&[]), number(run.at as f64 / 1e3))],
            ),
            family(
                "rhaid_run_elapsed_seconds",
                Gauge,
                "Since the scenarios' start",
                vec![(with(&[]), number(self.elapsed))],
            ),
            family(
                "rhaid_run_aborted",
                Gauge,
                "Whether the run was ended before its time",
                vec![(with(&[]), number(f64::from(u8::from(self.is_aborted))))],
            ),
            family(
                "rhaid_slo_status",
                Gauge,
                "How an SLO stands: 0 pass, 1 warning, 2 fail, 3 critical, 4 no data",
                slos(&|slo| Some(status_number(slo.status))),
            ),
            family(
                "rhaid_slo_margin_ratio",
                Gauge,
                "Distance to the target as a share of it: negative past it",
                slos(&|slo| slo.margin),
            ),
            family(
                "rhaid_slo_actual",
                Gauge,
                "What an SLO's metric is, in its base unit",
                slos(&|slo| slo.actual.map(|actual| actual / unit_of(slo))),
            ),
            family(
                "rhaid_fault_active",
                Gauge,
                "Whether a fault is on",
                faults(&|(now, _)| u64::from(*now > 0)),
            ),
            family(
                "rhaid_fault_injections",
                Counter,
                "How often a fault was injected",
                faults(&|(_, times)| *times),
            ),
            family(
                "rhaid_script_reloads",
                Counter,
                "How often a newer version of the script took over",
                vec![(with(&[]), number(self.reloads as f64))],
            ),
            family(
                "rhaid_run_folded_tag_sets",
                Gauge,
                "Tag sets that are counted as `other`, because there are too many",
                vec![(with(&[]), number(self.folded as f64))],
            ),
            family(
                "rhaid_log_lines",
                Counter,
                "Lines that were logged",
                logs.collect(),
            ),
        ]
    }
}

/// What one of Prometheus' base unit is, in the unit of results.
fn unit_of(slo: &SloResult) -> f64 {
    if slo.unit == "ms" { 1e3 } else { 1.0 }
}

fn status_number(status: SloStatus) -> f64 {
    match status {
        SloStatus::Pass => 0.0,
        SloStatus::Warning => 1.0,
        SloStatus::Fail => 2.0,
        SloStatus::Critical => 3.0,
        SloStatus::NoData => 4.0,
    }
}
