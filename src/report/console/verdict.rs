//! The verdict on the run and the table of its objectives.

use console::Style;

use super::super::format::{margin, per_second, plural, span, thousands};
use super::super::table::{Cell, Column, Cut, Table};
use super::closing::lasted;
use super::page::{Mark, Page};
use super::unjudged::unjudged;
use super::{bad, caution, dim, good, strong};
use crate::result::{MetricValues, Outcome, RunResult, SloResult, SloStatus, VerdictStatus};

/// What is said instead of a pass where there was nothing to pass.
const NOT_JUDGED: &str = "NOT JUDGED";

/// The first lines: the verdict, why, and which run it is about.
pub fn headline(page: &mut Page<'_>, result: &RunResult) {
    judgement(page, result);
    page.blank();
    let dot = format!(" {} ", page.dot());
    page.prose(
        "  ",
        &dim(),
        &what_ran(result, page.look.unicode).join(&dot),
        &dim(),
    );
}

/// The verdict and why.
pub fn judgement(page: &mut Page<'_>, result: &RunResult) {
    let verdict = &result.verdict;
    let unjudged = unjudged(result);
    let (mark, word, style) = match verdict.status {
        // Green says that all is well, so it is not for what nobody looked at.
        VerdictStatus::Pass if result.slos.is_empty() => match unjudged {
            Some(_) => (Mark::Caution, NOT_JUDGED, caution()),
            None => (Mark::Bullet, NOT_JUDGED, Style::new()),
        },
        VerdictStatus::Pass if unjudged.is_some() => (Mark::Caution, "PASS", caution()),
        VerdictStatus::Pass => (Mark::Good, "PASS", good()),
        VerdictStatus::Warning => (Mark::Caution, "WARNING", caution()),
        VerdictStatus::Failed => (Mark::Bad, "FAILED", bad()),
        VerdictStatus::Interrupted => (Mark::Stopped, "INTERRUPTED", caution()),
        VerdictStatus::Error => (Mark::Bad, "ERROR", bad()),
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
    if verdict.exit_code != 0 {
        let strict = if verdict.strict { ", strict" } else { "" };
        phrase.push_str(&format!(" (exit {}{strict})", verdict.exit_code));
    }
    let lead = format!("{} {word}  ", page.glyph(mark));
    page.prose(&lead, &style.bold(), &phrase, &strong());
    let bullet = format!("  {} ", page.glyph(Mark::Bullet));
    for reason in verdict
        .reasons
        .iter()
        .filter(|reason| told.as_ref() != Some(*reason))
    {
        page.prose(&bullet, &dim(), reason, &Style::new());
    }
}

/// The verdict in a phrase, and the reason that it already tells.
fn summary(result: &RunResult) -> (String, Option<String>) {
    let slos = &result.slos;
    let met = slos.iter().filter(|slo| slo.is_met()).count() as u64;
    let of = |status| slos.iter().filter(|slo| slo.status == status).count() as u64;
    let score = match slos.len() as u64 {
        0 => "no SLO was set, so nothing was judged".to_owned(),
        all => format!("{} of {} met", thousands(met), plural(all, "SLO", "SLOs")),
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
                _ => (format!("stopped after {after}, {score} by then"), None),
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
            let phrase = format!("{score}, {warned} of them past a warning bound");
            (phrase, None)
        }
        VerdictStatus::Pass | VerdictStatus::Interrupted => (score, None),
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
                None => (score, None),
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
fn what_ran(result: &RunResult, unicode: bool) -> Vec<String> {
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

/// The table of objectives.
pub fn objectives(page: &mut Page<'_>, result: &RunResult) {
    if result.slos.is_empty() {
        return;
    }
    let mut table = Table::new(
        2,
        vec![
            Column::word("STATUS"),
            Column::word("PRIO").spare(2),
            Column::text("METRIC", Cut::Middle),
            Column::text("TARGET", Cut::End),
            Column::figure("ACTUAL"),
            Column::figure("MARGIN").spare(1),
        ],
    );
    for slo in &result.slos {
        let (mark, style) = bearing(slo);
        let status = format!("{} {}", page.glyph(mark), slo.status.label());
        let actual = match slo.actual {
            Some(_) => Cell::styled(&slo.actual_text, style.clone()),
            None => Cell::styled("-", dim()),
        };
        table.row(vec![
            Cell::styled(status, style),
            Cell::new(slo.priority.label()),
            Cell::new(slo.label()),
            Cell::new(target(slo)),
            actual,
            Cell::styled(slo.margin.map(margin).unwrap_or_default(), dim()),
        ]);
    }
    page.section("SLOs", "");
    page.table(&table);
}

fn target(slo: &SloResult) -> String {
    let mut text = slo.target.clone();
    if let (SloStatus::Warning, Some(warn)) = (slo.status, &slo.warn) {
        text.push_str(&format!(" (warn {warn})"));
    }
    if let Some(window) = &slo.over {
        text.push_str(&format!(" over {window}"));
    }
    if slo.status == SloStatus::NoData && slo.optional {
        text.push_str(" (optional)");
    }
    text
}

/// The mark and the style of an objective's row.
pub fn bearing(slo: &SloResult) -> (Mark, Style) {
    match slo.status {
        SloStatus::Pass => (Mark::Good, good()),
        SloStatus::Warning => (Mark::Caution, caution()),
        SloStatus::Fail => (Mark::Bad, bad()),
        SloStatus::Critical => (Mark::Bad, bad().bold()),
        SloStatus::NoData if slo.optional => (Mark::Bullet, dim()),
        SloStatus::NoData => (Mark::Bad, bad()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Look;
    use crate::result::{AbortedBy, sample};

    fn phrase(result: &RunResult) -> String {
        summary(result).0
    }

    #[test]
    fn a_pass_says_how_many_objectives_were_met() {
        assert_eq!(phrase(&sample::passing()), "6 of 6 SLOs met");
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

    fn first_line(result: &RunResult) -> String {
        let look = Look::default();
        let mut page = Page::new(&look);
        judgement(&mut page, result);
        page.finish().lines().next().unwrap_or_default().to_owned()
    }

    #[test]
    fn a_pass_that_nobody_looked_at_is_not_green() {
        let mut result = sample::passing();
        assert_eq!(first_line(&result), "✓ PASS  6 of 6 SLOs met");
        result.checks[0].fails = result.checks[0].passes;
        // An objective on checks has judged them.
        assert!(first_line(&result).starts_with("✓ PASS"));
        result.slos.retain(|slo| !slo.metric.starts_with("checks"));
        let line = first_line(&result);
        assert!(line.starts_with("! PASS  5 of 5 SLOs met, but "), "{line}");
        result.slos.clear();
        let line = first_line(&result);
        assert!(line.starts_with("! NOT JUDGED  "), "{line}");
        assert!(line.contains(" of all checks failed, but no SLO"), "{line}");
        result.checks.clear();
        assert_eq!(
            first_line(&result),
            "• NOT JUDGED  no SLO was set, so nothing was judged"
        );
    }

    #[test]
    fn dropped_arrivals_that_nobody_judges_are_not_green() {
        let mut result = sample::passing();
        result.slos.retain(|slo| slo.metric != "dropped_iterations");
        result.scenarios[0].executor = "constant-arrival-rate".to_owned();
        result.scenarios[0].dropped_iterations = result.scenarios[0].iterations;
        let look = Look {
            width: 300,
            ..Look::default()
        };
        let mut page = Page::new(&look);
        judgement(&mut page, &result);
        let line = page.finish();
        assert!(line.starts_with("! PASS  "), "{line}");
        assert!(line.contains(" of arrivals were dropped ("), "{line}");
        assert!(
            line.contains("which no SLO judges; raise max_vus"),
            "{line}"
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
    fn a_strict_failure_by_a_warning_says_so() {
        let mut result = sample::passing();
        result.slos[0].status = SloStatus::Warning;
        result.verdict.status = VerdictStatus::Failed;
        result.verdict.exit_code = 2;
        result.verdict.strict = true;
        result.verdict.reasons = vec!["P0 http_req_duration: it is 2.7s".to_owned()];
        assert_eq!(
            first_line(&result),
            "✗ FAILED  6 of 6 SLOs met, 1 of them past a warning bound (exit 2, strict)"
        );
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
