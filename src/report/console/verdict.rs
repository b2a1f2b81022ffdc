//! The verdict on the run and the table of its objectives.

use console::Style;

use super::super::format::margin;
use super::super::headline::{Headline, Tone, what_ran};
use super::super::table::{Cell, Column, Cut, Table};
use super::page::{Mark, Page};
use super::{bad, caution, dim, good, strong};
use crate::result::{RunResult, SloResult, SloStatus};

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
    let headline = Headline::of(result);
    let (mark, style) = match headline.tone {
        Tone::Good => (Mark::Good, good()),
        Tone::Caution => (Mark::Caution, caution()),
        Tone::Bad => (Mark::Bad, bad()),
        Tone::Stopped => (Mark::Stopped, caution()),
        Tone::Neutral => (Mark::Bullet, Style::new()),
    };
    let mut phrase = headline.phrase;
    if result.verdict.exit_code != 0 {
        let strict = if result.verdict.strict {
            ", strict"
        } else {
            ""
        };
        phrase.push_str(&format!(" (exit {}{strict})", result.verdict.exit_code));
    }
    let lead = format!("{} {}  ", page.glyph(mark), headline.word);
    page.prose(&lead, &style.bold(), &phrase, &strong());
    let bullet = format!("  {} ", page.glyph(Mark::Bullet));
    for reason in headline.reasons {
        page.prose(&bullet, &dim(), reason, &Style::new());
    }
}

/// The table of objectives. Where they are all that the page is about, it has a column for the warning bounds and a note under a row: for each
/// objective, in their order, what a reader must know about it.
pub fn objectives(page: &mut Page<'_>, result: &RunResult, notes: Option<&[Option<String>]>) {
    if result.slos.is_empty() {
        return;
    }
    let mut columns = vec![
        Column::word("STATUS"),
        Column::word("PRIO").spare(2),
        Column::text("METRIC", Cut::Middle),
        Column::text("TARGET", Cut::End),
    ];
    if notes.is_some() {
        columns.push(Column::text("WARN", Cut::End).spare(3));
    }
    columns.push(Column::figure("ACTUAL"));
    columns.push(Column::figure("MARGIN").spare(1));
    let mut table = Table::new(2, columns);
    for (at, slo) in result.slos.iter().enumerate() {
        let (mark, style) = bearing(slo);
        let status = format!("{} {}", page.glyph(mark), slo.status.label());
        let actual = match slo.actual {
            Some(_) => Cell::styled(&slo.actual_text, style.clone()),
            None => Cell::styled("-", dim()),
        };
        let mut row = vec![
            Cell::styled(status, style),
            Cell::new(slo.priority.label()),
            Cell::new(slo.label()),
            Cell::new(target(slo, notes.is_some())),
        ];
        if notes.is_some() {
            row.push(Cell::styled(slo.warn.as_deref().unwrap_or_default(), dim()));
        }
        row.push(actual);
        let margin = slo.margin.map(margin).unwrap_or_default();
        row.push(Cell::styled(margin, dim()));
        table.row(row);
        let note = notes.and_then(|notes| notes.get(at)?.as_deref());
        if let Some(note) = note {
            table.note(Cell::styled(note, Style::new().dim()));
        }
    }
    page.section("SLOs", "");
    page.table(&table);
}

/// The target as it was written, with what else decides about it; the warning bound unless it has a column of its own.
fn target(slo: &SloResult, has_column: bool) -> String {
    let mut text = slo.target.clone();
    if let (SloStatus::Warning, Some(warn), false) = (slo.status, &slo.warn, has_column) {
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
fn bearing(slo: &SloResult) -> (Mark, Style) {
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
    use crate::result::{VerdictStatus, sample};

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
}
