//! What was unusual while the run went on.

use console::Style;

use super::super::anomalies::in_order;
use super::page::{Mark, Page};
use super::{caution, dim};
use crate::harmless;
use crate::result::RunResult;

/// How many anomalies are shown; the file has them all.
const MOST: usize = 6;

/// A line for each anomaly, those first that nothing explains.
pub fn anomalies(page: &mut Page<'_>, result: &RunResult) {
    if result.anomalies.is_empty() {
        return;
    }
    page.section("Anomalies", "what was unusual while the run went on");
    for anomaly in in_order(&result.anomalies).into_iter().take(MOST) {
        let lead = format!("  {} ", page.glyph(Mark::Caution));
        let text = harmless::line(&anomaly.told());
        match anomaly.explained_by {
            Some(_) => page.prose("    ", &dim(), &text, &dim()),
            None => page.prose(&lead, &caution(), &text, &Style::new()),
        }
    }
    page.left_out(result.anomalies.len(), MOST);
}

#[cfg(test)]
mod tests {
    use super::super::render;
    use crate::report::Look;
    use crate::result::{sample, sample_anomaly};

    #[test]
    fn anomalies_stand_in_the_summary_those_first_that_nothing_explains() {
        let mut result = sample::passing();
        assert!(!render(&result, &Look::default()).contains("Anomalies"));
        let mut explained = sample_anomaly::step();
        explained.explained_by = Some("the fault `slow PMS`".to_owned());
        result.anomalies = vec![explained, sample_anomaly::step()];
        let look = Look {
            width: 200,
            ..Look::default()
        };
        let text = render(&result, &look);
        let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part}\n{text}"));
        assert!(
            at("step: p95 of reserve rose from 120ms to 160ms") < at("explained by the fault"),
            "{text}"
        );
    }
}
