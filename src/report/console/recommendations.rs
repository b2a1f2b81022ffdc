//! What may be behind a missed objective, and what to try.

use console::Style;

use super::page::{Mark, Page};
use super::{caution, dim};
use crate::hints::hints;
use crate::result::RunResult;

/// Hints that are shown; the others are in the fuller reports.
const MOST: usize = 3;
/// Numbers that are shown of each.
const EVIDENCE: usize = 2;

/// A paragraph for each hint that the run's numbers give.
pub fn recommendations(page: &mut Page<'_>, result: &RunResult) {
    let hints = hints(result);
    if hints.is_empty() {
        return;
    }
    page.section("What may be behind it", "from the run's own numbers");
    let (mark, arrow) = (
        page.glyph(Mark::Caution),
        if page.look.unicode { "→" } else { "->" },
    );
    for hint in hints.iter().take(MOST) {
        let text = format!("{}: {}", hint.confidence.label(), hint.finding);
        page.prose(&format!("  {mark} "), &caution(), &text, &Style::new());
        for line in hint.evidence.iter().take(EVIDENCE) {
            page.prose("      ", &dim(), line, &dim());
        }
        if let Some(advice) = hint.advice.first() {
            page.prose(&format!("    {arrow} "), &dim(), advice, &Style::new());
        }
    }
    if hints.len() > MOST {
        let text = format!(
            "+{} more in the HTML and Markdown reports",
            hints.len() - MOST
        );
        page.prose("  ", &dim(), &text, &dim());
    }
}

#[cfg(test)]
mod tests {
    use super::super::render;
    use crate::report::Look;
    use crate::result::sample;

    #[test]
    fn a_generator_that_did_not_keep_up_is_told_with_its_numbers() {
        let mut result = sample::passing();
        let before = render(&result, &Look::default());
        assert!(!before.contains("What may be behind it"), "{before}");
        result.generator.workers = 2;
        result.generator.cpu_user_seconds = result.run.duration_seconds * 1.99;
        let text = render(&result, &Look::default());
        assert!(
            text.contains("almost certainly: the load generator did not keep up"),
            "{text}"
        );
        assert!(
            text.contains("→ run on a machine with more processors"),
            "{text}"
        );
        assert!(
            text.lines().all(|line| line.chars().count() <= 80),
            "{text}"
        );
    }
}
