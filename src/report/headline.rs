//! The verdict on a run in a line, and the run itself in another: what every report begins with.

use super::format::{per_second, plural, span, thousands};
use super::health::lasted;
use super::unjudged::unjudged;
use crate::result::{MetricValues, Outcome, RunResult, SloStatus, VerdictStatus};

/// What is said instead of a pass where there was nothing to pass.
const NOT_JUDGED: &str = "NOT JUDGED";

/// How a verdict is meant to be taken: what colour and symbol follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Good,
    Caution,
    Bad,
    /// Someone ended it before there was a verdict.
    Stopped,
    /// There was nothing to judge.
    Neutral,
}

/// The verdict in words.
#[derive(Debug, PartialEq, Eq)]
pub struct Headline<'a> {
    pub tone: Tone,
    /// `PASS`, `FAILED` and so on.
    pub word: &'static str,
    /// As in `6 of 6 SLOs met`.
    pub phrase: String,
    /// Why, one sentence each; what the phrase has told is left out.
    pub reasons: Vec<&'a str>,
}

impl<'a> Headline<'a> {
    /// What is to be said first about a run.
    pub fn of(result: &'a RunResult) -> Self {
        let verdict = &result.verdict;
        let unjudged = unjudged(result);
        let (tone, word) = match verdict.status {
            // Green says that all is well, so it is not for what nobody looked at.
            VerdictStatus::Pass if result.slos.is_empty() => match unjudged {
                Some(_) => (Tone::Caution, NOT_JUDGED),
                None => (Tone::Neutral, NOT_JUDGED),
            },
            VerdictStatus::Pass if unjudged.is_some() => (Tone::Caution, "PASS"),
            VerdictStatus::Pass => (Tone::Good, "PASS"),
            VerdictStatus::Warning => (Tone::Caution, "WARNING"),
            VerdictStatus::Failed => (Tone::Bad, "FAILED"),
            VerdictStatus::Interrupted => (Tone::Stopped, "INTERRUPTED"),
            VerdictStatus::Error => (Tone::Bad, "ERROR"),
        };
        let (mut phrase, told) = summary(result);
        if let (VerdictStatus::Pass, Some(failures)) = (verdict.status, unjudged) {
            let what = failures.what;
            phrase = match result.slos.len() {
                0 => format!("{what}, but no SLO was set, so nothing was judged"),
                _ => format!("{phrase}, but {what}, which no SLO judges"),
            };
            if let Some(help) = failures.help {
                phrase.push_str(&format!("; {help}"));
            }
        }
        let reasons = verdict
            .reasons
            .iter()
            .filter(|reason| told.as_ref() != Some(*reason))
            .map(String::as_str)
            .collect();
        Self {
            tone,
            word,
            phrase,
            reasons,
        }
    }
}

/// The verdict in a phrase, and the reason that it already tells.
fn summary(result: &RunResult) -> (String, Option<String>) {
    let slos = &result.slos;
    let met = slos.iter().filter(|slo| slo.is_met()).count() as u64;
    let of = |status| slos.iter().filter(|slo| slo.status == status).count() as u64;
    // Excused from having data: neither met nor missed.
    let excused = slos
        .iter()
        .filter(|slo| slo.status == SloStatus::NoData && slo.is_met())
        .count() as u64;
    let without = match excused {
        0 => String::new(),
        some => format!(", {} without data", thousands(some)),
    };
    let score = match slos.len() as u64 - excused {
        0 if excused == 0 => "no SLO was set, so nothing was judged".to_owned(),
        0 => format!(
            "nothing was judged: {} without data",
            plural(excused, "SLO", "SLOs")
        ),
        all => {
            let met = thousands(met - excused);
            format!("{met} of {} met", plural(all, "SLO", "SLOs"))
        }
    };
    let all_told = match slos.len() as u64 > excused {
        true => format!("{score}{without}"),
        false => score.clone(),
    };
    match &result.run.outcome {
        Outcome::Aborted { by, reason } => {
            return (
                format!("aborted by {}: {reason}", by.label()),
                Some(reason.clone()),
            );
        }
        Outcome::SetupFailed { reason } => {
            return (
                format!("setup failed, nothing ran: {reason}"),
                Some(reason.clone()),
            );
        }
        Outcome::Interrupted => {
            let after = span(lasted(result), false);
            return match slos.len() {
                0 => (format!("stopped after {after}"), None),
                _ => (format!("stopped after {after}, {all_told} by then"), None),
            };
        }
        Outcome::Completed => {}
    }
    match result.verdict.status {
        VerdictStatus::Warning | VerdictStatus::Failed
            if of(SloStatus::Warning) > 0
                && met == slos.len() as u64
                && result.verdict.reasons.len() as u64 <= of(SloStatus::Warning) =>
        {
            let warned = thousands(of(SloStatus::Warning));
            let phrase = format!("{score}, {warned} of them past a warning bound{without}");
            (phrase, None)
        }
        VerdictStatus::Pass | VerdictStatus::Interrupted => (all_told, None),
        _ => {
            let mut parts = Vec::new();
            let critical = of(SloStatus::Critical);
            let failed = of(SloStatus::Fail);
            let silent = slos
                .iter()
                .filter(|s| s.status == SloStatus::NoData && !s.is_met())
                .count();
            if critical > 0 {
                let one = plural(
                    critical,
                    "P0 SLO past its target",
                    "P0 SLOs past their targets",
                );
                parts.push(one);
            }
            if failed > 0 {
                let grade = if critical > 0 { "other SLO" } else { "SLO" };
                let many = format!("{grade}s past their targets");
                parts.push(plural(failed, &format!("{grade} past its target"), &many));
            }
            if silent > 0 {
                parts.push(plural(
                    silent as u64,
                    "SLO without data",
                    "SLOs without data",
                ));
            }
            match result.verdict.reasons.first() {
                // Of the reasons, the script's errors come first.
                Some(reason) if !parts.is_empty() && threw(result, reason) => (
                    format!("{reason}, {}", parts.join(", ")),
                    Some(reason.clone()),
                ),
                _ if !parts.is_empty() => (parts.join(", "), None),
                Some(reason) => (reason.clone(), Some(reason.clone())),
                None => (all_told, None),
            }
        }
    }
}

/// Whether a reason is not about an objective but about the script's own errors.
fn threw(result: &RunResult, reason: &str) -> bool {
    let errors: u64 = result.scenarios.iter().map(|s| s.iteration_errors).sum();
    errors > 0 && reason.contains("script error")
}

/// The run in a line: script, time, iterations, requests.
pub fn what_ran(result: &RunResult, unicode: bool) -> Vec<String> {
    let took = span(lasted(result), unicode);
    if matches!(result.run.outcome, Outcome::SetupFailed { .. }) {
        return vec![result.run.script.clone(), format!("setup took {took}")];
    }
    let mut facts = vec![result.run.script.clone(), took];
    let iterations: u64 = result
        .scenarios
        .iter()
        .map(|scenario| scenario.iterations)
        .sum();
    facts.push(plural(iterations, "iteration", "iterations"));
    if let Some(MetricValues::Counter { count, rate }) = result.metric("http_reqs")
        && *count > 0.0
    {
        let requests = plural(*count as u64, "request", "requests");
        facts.push(format!("{requests} ({})", per_second(*rate)));
    }
    if let Some(segment) = &result.run.execution_segment {
        facts.push(format!("segment {segment}"));
    }
    if result.run.scale != 1.0 {
        facts.push(format!("scale {}", result.run.scale));
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::{AbortedBy, sample};

    fn phrase(result: &RunResult) -> String {
        summary(result).0
    }

    #[test]
    fn a_pass_says_how_many_objectives_were_met() {
        assert_eq!(phrase(&sample::passing()), "6 of 6 SLOs met");
    }

    #[test]
    fn what_has_no_data_was_not_met() {
        let mut result = sample::passing();
        for slo in result.slos.iter_mut().take(3) {
            (slo.status, slo.optional) = (SloStatus::NoData, true);
        }
        assert_eq!(phrase(&result), "3 of 3 SLOs met, 3 without data");
        result.verdict.status = VerdictStatus::Warning;
        result.slos[3].status = SloStatus::Warning;
        assert_eq!(
            phrase(&result),
            "3 of 3 SLOs met, 1 of them past a warning bound, 3 without data"
        );
        result.verdict.status = VerdictStatus::Pass;
        for slo in &mut result.slos {
            (slo.status, slo.optional) = (SloStatus::NoData, true);
        }
        assert_eq!(phrase(&result), "nothing was judged: 6 SLOs without data");
    }

    #[test]
    fn a_run_without_objectives_does_not_boast() {
        let mut result = sample::passing();
        result.slos.clear();
        assert_eq!(phrase(&result), "no SLO was set, so nothing was judged");
    }

    #[test]
    fn a_failure_counts_the_objectives_by_how_they_failed() {
        assert_eq!(
            phrase(&sample::failing()),
            "1 P0 SLO past its target, 2 other SLOs past their targets, 1 SLO without data"
        );
    }

    #[test]
    fn a_failure_for_another_reason_gives_the_reason() {
        let mut result = sample::passing();
        result.verdict.status = VerdictStatus::Failed;
        result.verdict.reasons = vec!["the script threw in 3 iterations".to_owned()];
        assert_eq!(phrase(&result), "the script threw in 3 iterations");
    }

    #[test]
    fn an_abort_and_a_failed_setup_come_before_any_count() {
        let mut result = sample::failing();
        let reason = "p(95) is past 3s".to_owned();
        result.run.outcome = Outcome::Aborted {
            by: AbortedBy::Slo,
            reason: reason.clone(),
        };
        assert_eq!(
            summary(&result),
            (format!("aborted by an SLO: {reason}"), Some(reason))
        );
        result.run.outcome = Outcome::SetupFailed {
            reason: "connection refused".to_owned(),
        };
        assert_eq!(
            phrase(&result),
            "setup failed, nothing ran: connection refused"
        );
    }

    #[test]
    fn errors_of_the_script_come_before_missed_objectives() {
        let mut result = sample::failing();
        let reason = "4 iterations ended in script errors".to_owned();
        result.scenarios[0].iteration_errors = 4;
        result.verdict.reasons.insert(0, reason.clone());
        let (phrase, told) = summary(&result);
        assert!(
            phrase.starts_with(&format!("{reason}, 1 P0 SLO past its target")),
            "{phrase}"
        );
        assert_eq!(told, Some(reason));
    }

    #[test]
    fn a_failed_setup_is_told_with_the_time_it_took() {
        let mut result = sample::passing();
        result.run.outcome = Outcome::SetupFailed {
            reason: "connection refused".to_owned(),
        };
        result.run.duration_seconds = 0.0;
        result.run.started_at = "2026-03-01T09:05:07Z".to_owned();
        result.run.ended_at = "2026-03-01T09:05:08Z".to_owned();
        let facts = what_ran(&result, true);
        assert_eq!(facts.last().map(String::as_str), Some("setup took 1.00s"));
    }

    #[test]
    fn a_warning_counts_the_bounds_that_were_passed() {
        let mut result = sample::passing();
        result.verdict.status = VerdictStatus::Warning;
        result.slos[0].status = SloStatus::Warning;
        assert_eq!(
            phrase(&result),
            "6 of 6 SLOs met, 1 of them past a warning bound"
        );
    }
}
