//! What was unusual in a run: spikes, steps and drifts.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Contains;
use crate::units::{format_bytes, format_duration, format_millis, format_rate};

/// In what way something was unusual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnomalyKind {
    /// It was far off for a moment.
    Spike,
    /// Its level changed.
    Step,
    /// Its level moved on and on.
    Drift,
}

impl AnomalyKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Spike => "spike",
            Self::Step => "step",
            Self::Drift => "drift",
        }
    }
}

/// What was unusual about a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnomalyMeasure {
    /// Events a second; of a trend, its values.
    Rate,
    /// The share of a rate's samples that were true.
    Share,
    Median,
    P95,
    /// A gauge's value.
    Value,
}

/// Something unusual.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AnomalyResult {
    /// The metric.
    pub metric: String,
    /// The request's name and method, if it is about one endpoint.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// What of the metric.
    pub measure: AnomalyMeasure,
    /// In what way it was unusual.
    pub kind: AnomalyKind,
    /// What the metric's values are.
    pub contains: Contains,
    /// Seconds from the scenarios' start to its beginning.
    pub start_seconds: f64,
    /// Seconds from the scenarios' start to its end; none for a level that held to the end of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_seconds: Option<f64>,
    /// Seconds from the scenarios' start until it was found.
    pub found_seconds: f64,
    /// The level before, in the measure's unit: events a second, a share from 0 to 1, or what the metric's values are.
    pub before: f64,
    /// The level that it changed to; of a spike, its peak.
    pub after: f64,
    /// What was done to the run then: a fault, a reload, a change of the planned load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explained_by: Option<String>,
}

/// From so many times the value of before on, that is what is told, and no per cent.
const MANY_TIMES: f64 = 10.0;

impl AnomalyResult {
    /// What it is about: `p95 of reserve`, `failures of reserve`, `rate of bookings`.
    pub fn subject(&self) -> String {
        let of = match self.tags.get("name") {
            Some(name) => name.as_str(),
            None if self.metric.starts_with("http_req") => "all requests",
            None => self.metric.as_str(),
        };
        match self.measure {
            AnomalyMeasure::Rate => format!("rate of {of}"),
            AnomalyMeasure::Share if self.metric == "http_req_failed" => {
                format!("failures of {of}")
            }
            AnomalyMeasure::Share => format!("share of {of}"),
            AnomalyMeasure::Median => format!("p50 of {of}"),
            AnomalyMeasure::P95 => format!("p95 of {of}"),
            AnomalyMeasure::Value => of.to_owned(),
        }
    }

    /// A value of the measure, as a reader wants it.
    pub fn figure(&self, value: f64) -> String {
        match (self.measure, self.contains) {
            (AnomalyMeasure::Rate, _) => format_rate(value),
            (AnomalyMeasure::Share, _) => format!("{:.2}%", value * 100.0),
            (_, Contains::Time) => format_millis(value),
            (_, Contains::Data) => format_bytes(value.max(0.0) as u64),
            _ => format!("{value:.4}")
                .trim_end_matches('0')
                .trim_end_matches('.')
                .to_owned(),
        }
    }

    /// By how much it changed: `+33 %`, `×40`, for shares `+5.0 points`; none where nothing was before.
    pub fn change(&self) -> Option<String> {
        if self.measure == AnomalyMeasure::Share {
            return Some(format!("{:+.1} points", (self.after - self.before) * 100.0));
        }
        let times = self.after / self.before;
        (self.before != 0.0).then(|| match times {
            MANY_TIMES..1e6 => format!("×{times:.0}"),
            1e6.. => "more than a million times".to_owned(),
            _ => format!(
                "{:+.0} %",
                (self.after - self.before) / self.before.abs() * 100.0
            ),
        })
    }

    /// The sentence: `step: p95 of reserve rose from 120ms to 160ms (+33 %) at 1m2s`.
    pub fn told(&self) -> String {
        let is_up = self.after >= self.before;
        let went = match (self.kind, is_up) {
            (AnomalyKind::Spike, true) => "peaked",
            (AnomalyKind::Spike, false) => "dropped",
            (AnomalyKind::Step, true) => "rose",
            (AnomalyKind::Step, false) => "fell",
            (AnomalyKind::Drift, true) => "crept up",
            (AnomalyKind::Drift, false) => "crept down",
        };
        let moment =
            |seconds: f64| format_duration(Duration::from_secs(seconds.max(0.0).round() as u64));
        let when = match (self.kind, self.end_seconds) {
            (AnomalyKind::Drift, Some(end)) => {
                format!("between {} and {}", moment(self.start_seconds), moment(end))
            }
            (AnomalyKind::Step, Some(end)) => {
                format!("at {}, until {}", moment(self.start_seconds), moment(end))
            }
            _ => format!("at {}", moment(self.start_seconds)),
        };
        let change = self
            .change()
            .map(|change| format!(" ({change})"))
            .unwrap_or_default();
        let why = self
            .explained_by
            .iter()
            .map(|why| format!(", explained by {why}"));
        format!(
            "{}: {} {went} from {} to {}{change} {when}{}",
            self.kind.as_str(),
            self.subject(),
            self.figure(self.before),
            self.figure(self.after),
            why.collect::<String>()
        )
    }
}

#[cfg(test)]
pub(crate) mod sample_anomaly {
    use super::*;

    /// A step of an endpoint's response times.
    pub fn step() -> AnomalyResult {
        AnomalyResult {
            metric: "http_req_duration".into(),
            tags: BTreeMap::from([
                ("method".into(), "POST".into()),
                ("name".into(), "reserve".into()),
            ]),
            measure: AnomalyMeasure::P95,
            kind: AnomalyKind::Step,
            contains: Contains::Time,
            start_seconds: 62.0,
            end_seconds: Some(90.0),
            found_seconds: 66.0,
            before: 120.0,
            after: 160.0,
            explained_by: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::sample_anomaly::step;
    use super::*;

    #[test]
    fn an_anomaly_is_told_in_a_sentence() {
        let mut anomaly = step();
        anomaly.explained_by = Some("the fault `slow PMS`".to_owned());
        assert_eq!(
            anomaly.told(),
            "step: p95 of reserve rose from 120ms to 160ms (+33 %) at 1m2s, until 1m30s, explained by the fault `slow PMS`"
        );
        for (before, after, change) in [
            (1.0, 9.0, "+800 %"),
            (0.1, 201.0, "×2010"),
            (10.0, 1.0, "-90 %"),
        ] {
            let anomaly = AnomalyResult {
                before,
                after,
                ..step()
            };
            assert_eq!(anomaly.change().unwrap(), change);
        }
        let failures = AnomalyResult {
            metric: "http_req_failed".into(),
            tags: BTreeMap::new(),
            measure: AnomalyMeasure::Share,
            kind: AnomalyKind::Spike,
            before: 0.001,
            after: 0.25,
            ..step()
        };
        assert_eq!(
            failures.told(),
            "spike: failures of all requests peaked from 0.10% to 25.00% (+24.9 points) at 1m2s"
        );
    }
}
