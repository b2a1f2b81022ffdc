//! How a run's requests stood at a moment, and what lies between two moments.

use std::collections::BTreeMap;

use crate::metrics::histogram::Histogram;
use crate::metrics::totals::Accumulator;
use crate::metrics::{Builtin, Totals};
use crate::result::{FaultPhase, PhaseEndpoint, PhaseName, PhaseRequests, TrendSummary};

/// Requests and their response times.
#[derive(Debug, Clone, Default)]
pub struct Requests {
    pub requests: f64,
    pub failed: f64,
    pub duration: Histogram,
}

impl Requests {
    fn since(&self, earlier: Option<&Self>) -> Self {
        let Some(earlier) = earlier else {
            return self.clone();
        };
        Self {
            requests: self.requests - earlier.requests,
            failed: self.failed - earlier.failed,
            duration: self.duration.minus(&earlier.duration),
        }
    }

    fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.failed += other.failed;
        self.duration.merge(&other.duration);
    }

    /// The share that failed; 0 of none.
    pub fn failed_share(&self) -> f64 {
        crate::result::ratio(self.failed, self.requests)
    }

    fn row(&self) -> PhaseRequests {
        PhaseRequests {
            requests: self.requests as u64,
            failed: self.failed as u64,
            duration: TrendSummary::of(&self.duration),
            histogram: (!self.duration.is_empty()).then(|| self.duration.to_v2_base64()),
        }
    }
}

/// All requests so far, by name and method.
#[derive(Debug, Clone, Default)]
pub struct Stand {
    /// Seconds since the scenarios' start: whole ones, but at the run's end.
    pub seconds: f64,
    rows: BTreeMap<(String, String), Requests>,
}

impl Stand {
    pub fn of(totals: &Totals, seconds: f64) -> Self {
        let mut rows: BTreeMap<_, Requests> = BTreeMap::new();
        let counted = Builtin::HttpReqs.definition().name;
        let timed = Builtin::HttpReqDuration.definition().name;
        for series in totals.series() {
            let name = series.info.name.as_str();
            if name != counted && name != timed {
                continue;
            }
            let tag = |key: &str| series.tags.get(key).cloned().unwrap_or_default();
            let row = rows.entry((tag("name"), tag("method"))).or_default();
            match &series.total {
                Accumulator::Counter { sum } => {
                    row.requests += sum;
                    if tag("expected_response") == "false" {
                        row.failed += sum;
                    }
                }
                Accumulator::Trend(histogram) => row.duration.merge(histogram),
                _ => {}
            }
        }
        Self { seconds, rows }
    }

    /// All requests between an earlier stand and this one.
    pub fn all_since(&self, earlier: &Self) -> Requests {
        let mut all = Requests::default();
        for (key, row) in &self.rows {
            all.merge(&row.since(earlier.rows.get(key)));
        }
        all
    }

    /// What lies between an earlier stand and this one, as results have it.
    pub fn phase_since(&self, earlier: &Self, name: PhaseName) -> FaultPhase {
        let mut endpoints = Vec::new();
        for (key, row) in &self.rows {
            let row = row.since(earlier.rows.get(key));
            if row.requests > 0.0 {
                let (name, method) = key.clone();
                endpoints.push(PhaseEndpoint {
                    name,
                    method,
                    requests: row.row(),
                });
            }
        }
        FaultPhase {
            name,
            start_seconds: earlier.seconds,
            end_seconds: self.seconds,
            total: self.all_since(earlier).row(),
            endpoints,
        }
    }
}
