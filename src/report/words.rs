//! A result in words and figures that are ready to be read: what text reports and one's own templates are made of.

use serde::Serialize;

use super::anomalies;
use super::changes;
use super::endpoints::Listing;
use super::faults::{Shown, shown};
use super::format::{latency, margin, per_second, percent, plural, thousands};
use super::headline::{Headline, Tone, what_ran};
use crate::compare::Comparison;
use crate::hints::hints;
use crate::result::{RunResult, SloStatus};

/// Rows of a table of a text report; the result file has the others.
const MOST: usize = 30;

/// The whole of it.
#[derive(Serialize)]
pub struct Words<'a> {
    pub script: &'a str,
    pub verdict: Verdict<'a>,
    /// The run in phrases: when, how long, how many iterations.
    pub what: Vec<String>,
    pub slos: Vec<Slo<'a>>,
    /// What changed against another run, if there is one.
    pub changes: Option<Changes>,
    /// What went wrong on purpose.
    pub faults: Vec<Shown>,
    /// What was unusual, what nothing explains first.
    pub anomalies: Vec<anomalies::Shown>,
    pub anomalies_left_out: usize,
    pub hints: Vec<Hint>,
    pub endpoint_count: String,
    /// Those first that took the most time together.
    pub endpoints: Vec<Endpoint>,
    /// How many are not in the list.
    pub endpoints_left_out: usize,
    pub check_count: String,
    pub checks: Vec<Check>,
    pub error_count: String,
    pub errors: Vec<Failure<'a>>,
    pub notes: &'a [String],
}

#[derive(Serialize)]
pub struct Verdict<'a> {
    pub mark: &'static str,
    pub word: &'static str,
    pub phrase: String,
    pub exit_code: u8,
    pub reasons: Vec<&'a str>,
}

#[derive(Serialize)]
pub struct Slo<'a> {
    pub mark: &'static str,
    pub status: &'static str,
    pub priority: &'static str,
    pub label: &'a str,
    pub target: String,
    pub warn: Option<&'a str>,
    pub actual: &'a str,
    pub margin: String,
}

#[derive(Serialize)]
pub struct Changes {
    /// What the run is held against.
    pub against: String,
    pub sentence: String,
    /// What changed, the gravest first.
    pub rows: Vec<Change>,
    /// How many are not in the list.
    pub left_out: usize,
}

#[derive(Serialize)]
pub struct Change {
    pub mark: &'static str,
    pub verdict: &'static str,
    pub what: String,
    pub before: String,
    pub after: String,
    pub change: String,
    /// Between what bounds the change lies.
    pub between: String,
}

#[derive(Serialize)]
pub struct Hint {
    pub confidence: &'static str,
    pub finding: String,
    pub evidence: Vec<String>,
    /// The first thing to try.
    pub advice: Option<String>,
}

#[derive(Serialize)]
pub struct Endpoint {
    pub name: String,
    pub requests: String,
    pub rate: String,
    pub failed: String,
    pub p50: String,
    pub p95: String,
    pub p99: String,
}

#[derive(Serialize)]
pub struct Check {
    pub mark: &'static str,
    pub name: String,
    pub passes: String,
    pub fails: String,
}

#[derive(Serialize)]
pub struct Failure<'a> {
    pub count: String,
    pub message: &'a str,
}

impl<'a> Words<'a> {
    /// A result in words.
    pub fn of(result: &'a RunResult, comparison: Option<&Comparison>) -> Self {
        let headline = Headline::of(result);
        let listing = Listing::of(&result.endpoints);
        let count = |number: usize, one, many| plural(number as u64, one, many);
        let failed = |status: &SloStatus| matches!(status, SloStatus::Fail | SloStatus::Critical);
        Self {
            script: &result.run.script,
            verdict: Verdict {
                mark: match headline.tone {
                    Tone::Good => "✅",
                    Tone::Caution => "⚠️",
                    Tone::Bad => "❌",
                    Tone::Stopped => "⏹️",
                    Tone::Neutral => "ℹ️",
                },
                word: headline.word,
                phrase: headline.phrase,
                exit_code: result.verdict.exit_code,
                reasons: headline.reasons,
            },
            what: what_ran(result, true),
            slos: result
                .slos
                .iter()
                .map(|slo| Slo {
                    mark: match slo.status {
                        SloStatus::Warning => "⚠️",
                        status if failed(&status) => "❌",
                        SloStatus::NoData if !slo.optional => "❌",
                        SloStatus::NoData => "➖",
                        _ => "✅",
                    },
                    status: slo.status.label(),
                    priority: slo.priority.label(),
                    label: slo.label(),
                    target: match &slo.over {
                        Some(over) => format!("{} over {over}", slo.target),
                        None => slo.target.clone(),
                    },
                    warn: slo.warn.as_deref(),
                    actual: &slo.actual_text,
                    margin: slo.margin.map(margin).unwrap_or_default(),
                })
                .collect(),
            changes: comparison.map(|comparison| changes(comparison, MOST)),
            anomalies: anomalies::in_order(&result.anomalies)
                .into_iter()
                .take(MOST)
                .map(|anomaly| anomalies::shown(anomaly, true))
                .collect(),
            anomalies_left_out: result.anomalies.len().saturating_sub(MOST),
            faults: result
                .faults
                .iter()
                .map(|fault| shown(fault, true))
                .collect(),
            hints: hints(result)
                .into_iter()
                .map(|hint| Hint {
                    confidence: hint.confidence.label(),
                    finding: hint.finding,
                    evidence: hint.evidence,
                    advice: hint.advice.into_iter().next(),
                })
                .collect(),
            endpoint_count: count(listing.rows.len(), "endpoint", "endpoints"),
            endpoints_left_out: listing.rows.len().saturating_sub(MOST),
            endpoints: listing
                .rows
                .iter()
                .take(MOST)
                .map(|row| {
                    let endpoint = row.endpoint;
                    let place = match row.place.is_empty() {
                        true => String::new(),
                        false => format!(" ({})", row.place),
                    };
                    let time = |value: f64| match endpoint.duration.count {
                        0 => "-".to_owned(),
                        _ => latency(value, true),
                    };
                    Endpoint {
                        name: format!("{} {}{place}", endpoint.method, row.name),
                        requests: thousands(endpoint.requests),
                        rate: per_second(endpoint.per_second),
                        failed: percent(endpoint.failed_rate),
                        p50: time(endpoint.duration.med),
                        p95: time(endpoint.duration.p95),
                        p99: time(endpoint.duration.p99),
                    }
                })
                .collect(),
            check_count: count(result.checks.len(), "check", "checks"),
            checks: result
                .checks
                .iter()
                .take(MOST)
                .map(|check| Check {
                    mark: if check.fails == 0 { "✅" } else { "❌" },
                    name: match check.group.trim_start_matches("::") {
                        "" => check.name.clone(),
                        group => format!("{group}: {}", check.name),
                    },
                    passes: thousands(check.passes),
                    fails: thousands(check.fails),
                })
                .collect(),
            error_count: count(result.errors.len(), "kind of error", "kinds of errors"),
            errors: result
                .errors
                .iter()
                .take(MOST)
                .map(|error| Failure {
                    count: thousands(error.count),
                    message: &error.message,
                })
                .collect(),
            notes: &result.run.notes,
        }
    }
}
