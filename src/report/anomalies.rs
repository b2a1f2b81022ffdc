//! What reports say about a run's anomalies, in words and figures; each report lays them out its own way.

use super::format::span;
use crate::result::AnomalyResult;

/// One anomaly as reports show it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Shown {
    /// `step`.
    pub kind: &'static str,
    /// `p95 of reserve`.
    pub subject: String,
    pub method: Option<String>,
    /// `1m02s to 1m30s`.
    pub time: String,
    pub before: String,
    pub after: String,
    pub change: String,
    /// How long after its beginning it was found.
    pub found: String,
    pub explained_by: Option<String>,
    /// All of it in a sentence.
    pub told: String,
}

/// An anomaly in words.
pub fn shown(anomaly: &AnomalyResult, unicode: bool) -> Shown {
    let start = span(anomaly.start_seconds, unicode);
    Shown {
        kind: anomaly.kind.as_str(),
        subject: anomaly.subject(),
        method: anomaly.tags.get("method").cloned(),
        time: match anomaly.end_seconds {
            Some(end) => format!("{start} to {}", span(end, unicode)),
            None => format!("from {start} on"),
        },
        before: anomaly.figure(anomaly.before),
        after: anomaly.figure(anomaly.after),
        change: anomaly.change().unwrap_or_default(),
        found: span(anomaly.found_seconds - anomaly.start_seconds, unicode),
        explained_by: anomaly.explained_by.clone(),
        told: anomaly.told(),
    }
}

/// Those that nothing explains first, each as they began.
pub fn in_order(anomalies: &[AnomalyResult]) -> Vec<&AnomalyResult> {
    let mut all: Vec<&AnomalyResult> = anomalies.iter().collect();
    all.sort_by_key(|anomaly| anomaly.explained_by.is_some());
    all
}
