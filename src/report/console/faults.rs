//! What went wrong on purpose: each fault with what it did, phase by phase.

use console::Style;

use super::super::faults::{Shown, shown};
use super::super::table::{Cell, Column, Cut, Table};
use super::page::{Mark, Page};
use super::{bad, caution, dim, good};
use crate::result::RunResult;

/// How many faults are shown; the file has them all.
const MOST: usize = 12;

/// A paragraph and a table for each fault.
pub fn faults(page: &mut Page<'_>, result: &RunResult) {
    if result.faults.is_empty() {
        return;
    }
    page.section("Faults", "before, during and after");
    for fault in result.faults.iter().take(MOST) {
        one(page, &shown(fault, page.look.unicode));
    }
    page.left_out(result.faults.len(), MOST);
}

fn one(page: &mut Page<'_>, fault: &Shown) {
    let (mark, style) = match (fault.is_well, fault.broken.is_empty()) {
        (true, _) => (Mark::Good, good()),
        (false, true) => (Mark::Caution, caution()),
        (false, false) => (Mark::Bad, bad()),
    };
    let score = fault
        .score
        .as_ref()
        .map(|score| format!(" {} resilience {score} of 100", page.dot()));
    let text = format!(
        "{} {} {}{}",
        fault.name,
        page.dot(),
        fault.told,
        score.unwrap_or_default()
    );
    page.prose(
        &format!("  {} ", page.glyph(mark)),
        &style,
        &text,
        &Style::new(),
    );
    for line in &fault.broken {
        page.prose("    ", &bad(), line, &bad());
    }
    for line in fault.reason.iter().chain(&fault.effects) {
        page.prose("    ", &dim(), line, &dim());
    }
    if !fault.impact.is_empty() {
        page.prose("    ", &dim(), &fault.impact.join("; "), &Style::new());
    }
    let mut table = Table::new(
        4,
        vec![
            Column::text("", Cut::End),
            Column::word("").spare(2),
            Column::figure("requests"),
            Column::figure("rate").spare(1),
            Column::figure("failed"),
            Column::figure("p50"),
            Column::figure("p95"),
            Column::figure("p99").spare(3),
        ],
    );
    for row in &fault.phases {
        let failed = if row.has_failed {
            caution()
        } else {
            Style::new()
        };
        table.row(vec![
            Cell::new(row.phase),
            Cell::styled(&row.time, dim()),
            Cell::new(&row.requests),
            Cell::new(&row.rate),
            Cell::styled(&row.failed, failed),
            Cell::new(&row.median),
            Cell::new(&row.p95),
            Cell::new(&row.p99),
        ]);
    }
    if !table.is_empty() {
        page.table(&table);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::faults::sample;
    use super::super::render;
    use crate::report::Look;
    use crate::result::sample as results;

    #[test]
    fn faults_stand_in_the_summary_with_their_phases() {
        let mut result = results::passing();
        result.faults.push(sample::fault());
        let text = render(&result, &Look::default());
        for part in [
            "Faults",
            "slow PMS",
            "held 30.0s",
            "resilience 61 of 100",
            "recovery",
            "410ms",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }
}
