//! The main metrics over time, of samples that come in any order.

use super::spread::Spread;
use super::timeline::{Moment, SECOND, Slot, Timeline};
use crate::metrics::histogram::{from_scaled, to_scaled};
use crate::result::{Column, Combine, MAX_POINTS, TimeSeries};

/// What a metric is to the series over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Requests,
    Failed,
    Duration,
    Iterations,
    Dropped,
    Checks,
    Vus,
    Sent,
    Received,
    /// It has no column.
    Other,
}

impl Role {
    /// The role of the metric called `name`.
    pub fn of(name: &str) -> Self {
        match name {
            "http_reqs" => Self::Requests,
            "http_req_failed" => Self::Failed,
            "http_req_duration" => Self::Duration,
            "iterations" => Self::Iterations,
            "dropped_iterations" => Self::Dropped,
            "checks" => Self::Checks,
            "vus" => Self::Vus,
            "data_sent" => Self::Sent,
            "data_received" => Self::Received,
            _ => Self::Other,
        }
    }
}

/// One slot of the series.
#[derive(Debug, Default)]
struct Row {
    requests: f64,
    failed: f64,
    durations: Spread,
    iterations: f64,
    dropped: f64,
    checks_failed: f64,
    vus: Option<f64>,
    sent: f64,
    received: f64,
}

impl Slot for Row {
    fn absorb(&mut self, mut later: Self) {
        self.requests += later.requests;
        self.failed += later.failed;
        self.durations.opened().merge(later.durations.opened());
        self.iterations += later.iterations;
        self.dropped += later.dropped;
        self.checks_failed += later.checks_failed;
        self.vus = match (self.vus, later.vus) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (a, b) => a.or(b),
        };
        self.sent += later.sent;
        self.received += later.received;
    }

    fn settle(&mut self) {
        self.durations.settle();
    }
}

/// The main metrics over time.
pub struct Overtime {
    rows: Timeline<Row>,
    /// Which metrics the file has at all: the others get no column.
    seen: [bool; 10],
}

impl Overtime {
    pub fn new() -> Self {
        Self {
            rows: Timeline::new(MAX_POINTS),
            seen: [false; 10],
        }
    }

    /// A sample.
    pub fn add(&mut self, role: Role, at: Moment, value: f64) {
        if role == Role::Other {
            return;
        }
        if let Some(seen) = self.seen.get_mut(role as usize) {
            *seen = true;
        }
        let row = self.rows.at(at);
        match role {
            Role::Requests => row.requests += value,
            Role::Failed => row.failed += f64::from(value != 0.0),
            Role::Duration => row.durations.opened().record(to_scaled(value)),
            Role::Iterations => row.iterations += value,
            Role::Dropped => row.dropped += value,
            Role::Checks => row.checks_failed += f64::from(value == 0.0),
            Role::Vus => row.vus = Some(row.vus.map_or(value, |before| before.max(value))),
            Role::Sent => row.sent += value,
            Role::Received => row.received += value,
            Role::Other => {}
        }
    }

    /// The same duration many times.
    pub fn add_many(&mut self, role: Role, at: Moment, value: f64, times: u64) {
        if role == Role::Duration && times > 0 {
            self.rows
                .at(at)
                .durations
                .opened()
                .record_n(to_scaled(value), times);
        }
    }

    /// When the first row begins.
    pub fn start(&self) -> Option<Moment> {
        self.rows.start()
    }

    /// The series of a run that began and ended then.
    pub fn series(self, began: Moment, ended: Moment) -> TimeSeries {
        let Some(start) = self.rows.start() else {
            return TimeSeries::default();
        };
        let interval_seconds = self.rows.width();
        let has = |role: Role| self.seen.get(role as usize) == Some(&true);
        let wanted: Vec<(&str, &str, Combine, Role)> = COLUMNS
            .into_iter()
            .filter(|(.., role)| has(*role))
            .collect();
        let rows = self.rows.into_slots();
        let mut columns: Vec<Column> = wanted
            .iter()
            .map(|(name, unit, combine, _)| Column {
                name: (*name).to_owned(),
                unit: (*unit).to_owned(),
                combine: *combine,
                values: Vec::with_capacity(rows.len()),
            })
            .collect();
        let all = rows.len() as u64;
        for row in rows {
            // Where nothing at all was recorded, nothing was sent.
            let mut row = row.unwrap_or_default();
            for (column, (name, ..)) in columns.iter_mut().zip(&wanted) {
                column.values.push(row.read(name));
            }
        }
        let covered = (ended.saturating_sub(start) as u64)
            .div_ceil(SECOND as u64)
            .max(1);
        TimeSeries {
            interval_seconds,
            start_seconds: start.saturating_sub(began) as f64 / SECOND as f64,
            covered_seconds: covered.min(all * interval_seconds),
            columns,
        }
    }
}

/// Names, units and ways to combine are those of a run of our own.
const COLUMNS: [(&str, &str, Combine, Role); 11] = [
    ("http_reqs", "requests", Combine::Sum, Role::Requests),
    ("http_req_failures", "requests", Combine::Sum, Role::Failed),
    ("http_req_duration_p50", "ms", Combine::Mean, Role::Duration),
    ("http_req_duration_p95", "ms", Combine::Max, Role::Duration),
    ("http_req_duration_p99", "ms", Combine::Max, Role::Duration),
    ("iterations", "iterations", Combine::Sum, Role::Iterations),
    (
        "dropped_iterations",
        "iterations",
        Combine::Sum,
        Role::Dropped,
    ),
    ("checks_failed", "checks", Combine::Sum, Role::Checks),
    ("vus", "virtual users", Combine::Max, Role::Vus),
    ("data_sent", "bytes", Combine::Sum, Role::Sent),
    ("data_received", "bytes", Combine::Sum, Role::Received),
];

impl Row {
    fn read(&mut self, column: &str) -> Option<f64> {
        let percentile = match column {
            "http_req_duration_p50" => Some(50.0),
            "http_req_duration_p95" => Some(95.0),
            "http_req_duration_p99" => Some(99.0),
            _ => None,
        };
        if let Some(percentile) = percentile {
            let histogram = self.durations.opened();
            return (!histogram.is_empty())
                .then(|| from_scaled(histogram.value_at_percentile(percentile) as f64));
        }
        match column {
            "http_reqs" => Some(self.requests),
            "http_req_failures" => Some(self.failed),
            "iterations" => Some(self.iterations),
            "dropped_iterations" => Some(self.dropped),
            "checks_failed" => Some(self.checks_failed),
            "vus" => self.vus,
            "data_sent" => Some(self.sent),
            "data_received" => Some(self.received),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_named_and_combined_as_those_of_a_run_of_our_own() {
        let text = include_str!("../run/aggregate.rs");
        for (name, unit, combine, _) in COLUMNS {
            let at = text
                .find(&format!("\"{name}\","))
                .unwrap_or_else(|| panic!("{name}"));
            let entry: String = text[at..].chars().take(200).collect();
            assert!(entry.contains(&format!("\"{unit}\"")), "{name}: {unit}");
            assert!(entry.contains(&format!("Combine::{combine:?}")), "{name}");
        }
    }

    #[test]
    fn a_slot_that_was_settled_takes_later_samples_all_the_same() {
        let mut overtime = Overtime::new();
        for second in 0..20 {
            overtime.add(Role::Requests, second * SECOND, 1.0);
            overtime.add(Role::Duration, second * SECOND, 10.0);
        }
        overtime.add(Role::Duration, 3 * SECOND, 90.0);
        let series = overtime.series(0, 20 * SECOND);
        assert_eq!(series.interval_seconds, 1);
        let names: Vec<&str> = series.columns.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "http_reqs",
                "http_req_duration_p50",
                "http_req_duration_p95",
                "http_req_duration_p99"
            ]
        );
        let p99 = &series.columns[3].values;
        assert_eq!(p99.len(), 20);
        assert!((p99[3].unwrap() - 90.0).abs() < 0.1 && (p99[4].unwrap() - 10.0).abs() < 0.1);
    }
}
