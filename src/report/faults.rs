//! What reports say about a run's faults, in words and figures; each report lays them out its own way.

use super::format::{latency, percent, plural, span, thousands};
use crate::result::{FaultResult, FaultStatus, PhaseName, ratio};

/// One fault as reports show it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Shown {
    pub name: String,
    /// `held 4s from 5s on`.
    pub told: String,
    pub trigger: String,
    pub effects: Vec<String>,
    /// Whether all went as planned.
    pub is_well: bool,
    pub reason: Option<String>,
    /// Sentences about what it did.
    pub impact: Vec<String>,
    /// From 0 to 100.
    pub score: Option<String>,
    pub phases: Vec<Row>,
    /// What is still broken.
    pub broken: Vec<String>,
}

/// One phase.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Row {
    pub phase: &'static str,
    /// `5s to 9s`.
    pub time: String,
    pub requests: String,
    pub rate: String,
    pub failed: String,
    pub has_failed: bool,
    pub median: String,
    pub p95: String,
    pub p99: String,
}

/// A fault in words.
pub fn shown(fault: &FaultResult, unicode: bool) -> Shown {
    Shown {
        name: fault.name.clone(),
        told: told(fault, unicode),
        trigger: fault.trigger.clone(),
        effects: fault.effects.clone(),
        is_well: is_well(fault),
        reason: fault.reason.clone(),
        impact: impact(fault, unicode),
        score: fault
            .impact
            .as_ref()
            .and_then(|impact| impact.score)
            .map(|score| format!("{score:.0}")),
        phases: phases(fault, unicode),
        broken: fault
            .failed_undos
            .iter()
            .map(|failed| format!("could not {}: {}", failed.what, failed.why))
            .collect(),
    }
}

/// Whether a fault came, was held and was undone as planned, and all was well again.
pub fn is_well(fault: &FaultResult) -> bool {
    let as_planned = matches!(fault.status, FaultStatus::Held | FaultStatus::Undone);
    let recovered = fault
        .impact
        .as_ref()
        .is_some_and(|impact| impact.recover_seconds.is_some() || impact.detect_seconds.is_none());
    as_planned && recovered && fault.failed_undos.is_empty()
}

fn told(fault: &FaultResult, unicode: bool) -> String {
    let lasted = match (fault.start_seconds, fault.end_seconds) {
        (Some(start), Some(end)) => Some((span(start, unicode), span(end - start, unicode))),
        (Some(start), None) => Some((span(start, unicode), "?".to_owned())),
        _ => None,
    };
    let Some((start, length)) = lasted else {
        return match fault.status {
            FaultStatus::Skipped => "skipped".to_owned(),
            _ => "did not come".to_owned(),
        };
    };
    let how = match fault.status {
        FaultStatus::Held => "held",
        FaultStatus::Undone => "undone early, after",
        FaultStatus::Guarded => "undone by its guard, after",
        FaultStatus::Failed => "failed and undone, after",
        FaultStatus::Cut => "cut off by the run's end, after",
        FaultStatus::Skipped | FaultStatus::NotReached => "not injected",
    };
    format!("{how} {length}, from {start} on")
}

fn impact(fault: &FaultResult, unicode: bool) -> Vec<String> {
    let Some(impact) = &fault.impact else {
        return Vec::new();
    };
    let mut said = Vec::new();
    if impact.no_before {
        said.push(
            "no second with requests had passed before it, so there is nothing to compare with"
                .to_owned(),
        );
    }
    said.push(match (impact.detect_seconds, impact.no_before) {
        (None, false) => "nothing got worse that could be noticed".to_owned(),
        (None, true) => "few or no requests failed".to_owned(),
        (Some(seconds), false) => format!("noticed within {}", span(seconds, unicode)),
        (Some(seconds), true) => format!("requests failed within {}", span(seconds, unicode)),
    });
    let ended = fault.end_seconds.is_some();
    match impact.recover_seconds {
        _ if impact.detect_seconds.is_none() => {}
        None if impact.cut_by_next => {
            said.push("not well again before the next fault began".to_owned());
        }
        Some(seconds) if seconds < 0.5 => said.push("well again at once".to_owned()),
        Some(seconds) => said.push(format!(
            "well again {} after its end",
            span(seconds, unicode)
        )),
        None if ended && impact.no_before => {
            said.push("requests went on failing to the end of the run".to_owned());
        }
        None if ended => said.push("never well again in this run".to_owned()),
        None => {}
    }
    if impact.requests_lost > 0.0 {
        let users = plural(impact.users_touched, "user", "users");
        let requests = plural(impact.requests_lost as u64, "request", "requests");
        said.push(match impact.no_before {
            false => format!("{requests} lost by {users}"),
            true => format!("{requests} of {users} failed"),
        });
    }
    if impact.degraded_share > 0.0 && !impact.no_before {
        said.push(format!(
            "{} of its time degraded",
            percent(impact.degraded_share)
        ));
    }
    if let Some(spent) = impact.error_budget_spent {
        said.push(format!(
            "{} of the run's error budget spent",
            percent(spent)
        ));
    }
    said
}

fn phases(fault: &FaultResult, unicode: bool) -> Vec<Row> {
    let row = |phase: &crate::result::FaultPhase| {
        let total = &phase.total;
        let length = phase.end_seconds - phase.start_seconds;
        let time = |value: f64| match total.duration.count {
            0 => "–".to_owned(),
            _ => latency(value, unicode),
        };
        Row {
            phase: PhaseName::as_str(phase.name),
            time: format!(
                "{} to {}",
                span(phase.start_seconds, unicode),
                span(phase.end_seconds, unicode)
            ),
            requests: thousands(total.requests),
            rate: super::format::per_second(ratio(total.requests as f64, length)),
            failed: percent(ratio(total.failed as f64, total.requests as f64)),
            has_failed: total.failed > 0,
            median: time(total.duration.med),
            p95: time(total.duration.p95),
            p99: time(total.duration.p99),
        }
    };
    fault.phases.iter().map(row).collect()
}

#[cfg(test)]
pub(crate) mod sample {
    use crate::result::{
        FaultImpact, FaultPhase, FaultResult, FaultStatus, PhaseName, PhaseRequests, TrendSummary,
    };

    /// A fault that was held, noticed and recovered from.
    pub fn fault() -> FaultResult {
        let phase = |name, from: f64, to: f64, requests, failed, ms: f64| FaultPhase {
            name,
            start_seconds: from,
            end_seconds: to,
            total: PhaseRequests {
                requests,
                failed,
                duration: TrendSummary {
                    count: requests,
                    med: ms,
                    p95: ms * 2.0,
                    p99: ms * 3.0,
                    ..TrendSummary::default()
                },
                histogram: None,
            },
            endpoints: Vec::new(),
        };
        FaultResult {
            name: "slow PMS".into(),
            trigger: "at 60s".into(),
            status: FaultStatus::Held,
            reason: None,
            effects: vec!["latency on downstream of proxy `pms` (latency 200)".into()],
            start_seconds: Some(60.0),
            end_seconds: Some(90.0),
            failed_undos: Vec::new(),
            impact: Some(FaultImpact {
                detect_seconds: Some(0.5),
                cut_by_next: false,
                recover_seconds: Some(2.0),
                requests_lost: 120.0,
                users_touched: 31,
                degraded_share: 0.9,
                error_budget_spent: Some(0.25),
                score: Some(61.3),
                no_before: false,
            }),
            phases: vec![
                phase(PhaseName::Before, 0.0, 60.0, 6_000, 0, 4.0),
                phase(PhaseName::During, 60.0, 90.0, 2_900, 110, 205.0),
                phase(PhaseName::Recovery, 90.0, 92.0, 210, 10, 20.0),
                phase(PhaseName::After, 92.0, 120.0, 2_800, 0, 4.0),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_told_in_words() {
        let shown = shown(&sample::fault(), true);
        assert_eq!(shown.told, "held 30.0s, from 1m00s on");
        assert!(shown.is_well);
        assert_eq!(
            shown.impact,
            [
                "noticed within 500ms",
                "well again 2.00s after its end",
                "120 requests lost by 31 users",
                "90.0% of its time degraded",
                "25.0% of the run's error budget spent",
            ]
        );
        assert_eq!(shown.phases[1].failed, "3.79%");
    }

    #[test]
    fn one_with_nothing_before_it_is_not_said_to_have_made_anything_worse() {
        let mut fault = sample::fault();
        let impact = fault.impact.as_mut().unwrap();
        (impact.no_before, impact.score, impact.recover_seconds) = (true, None, None);
        let told = shown(&fault, true);
        assert_eq!(
            told.impact,
            [
                "no second with requests had passed before it, so there is nothing to compare with",
                "requests failed within 500ms",
                "requests went on failing to the end of the run",
                "120 requests of 31 users failed",
                "25.0% of the run's error budget spent",
            ]
        );
        assert_eq!((told.score, told.is_well), (None, false));
        let impact = fault.impact.as_mut().unwrap();
        (impact.detect_seconds, impact.requests_lost) = (None, 0.0);
        assert_eq!(shown(&fault, true).impact[1], "few or no requests failed");
    }

    #[test]
    fn one_that_never_came_has_no_figures() {
        let mut fault = sample::fault();
        fault.status = FaultStatus::Skipped;
        (fault.start_seconds, fault.end_seconds, fault.impact) = (None, None, None);
        fault.phases.clear();
        let shown = shown(&fault, true);
        assert_eq!((shown.told.as_str(), shown.is_well), ("skipped", false));
        assert!(shown.impact.is_empty() && shown.score.is_none());
    }
}
