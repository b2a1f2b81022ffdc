//! A finished run held against objectives: the verdict, and everything that each objective is made of.

use super::super::format::{per_second, plural, span};
use super::super::health::lasted;
use super::page::Page;
use super::verdict::{judgement, objectives};
use super::{Look, closing, dim, wide_enough};
use crate::result::{MetricValues, RunResult};

/// The judgement on `result`. `notes` says for each objective, in their order, what a reader must know about its row.
pub fn render_judged(result: &RunResult, notes: &[Option<String>], look: &Look) -> String {
    let look = wide_enough(look);
    let mut page = Page::new(&look);
    judgement(&mut page, result);
    page.blank();
    let dot = format!(" {} ", page.dot());
    let facts = facts(result, look.unicode).join(&dot);
    page.prose("  ", &dim(), &facts, &dim());
    objectives(&mut page, result, Some(notes));
    closing::notes(&mut page, &without(result, notes));
    closing::result_path(&mut page);
    page.finish()
}

/// The result without those notes on the run that stand beside an objective.
fn without(result: &RunResult, notes: &[Option<String>]) -> RunResult {
    let mut rest = result.clone();
    let beside = |note: &String| {
        notes
            .iter()
            .flatten()
            .any(|told| note.ends_with(told.as_str()))
    };
    rest.run.notes.retain(|note| !beside(note));
    rest
}

/// Which run it is: tool, what ran, how long, how much.
fn facts(result: &RunResult, unicode: bool) -> Vec<String> {
    let tool = format!("{} {}", result.tool.name, result.tool.version);
    let mut facts = vec![tool.trim().to_owned(), result.run.script.clone()];
    let seconds = lasted(result);
    if seconds > 0.0 {
        facts.push(span(seconds, unicode));
    }
    if let Some(MetricValues::Counter { count, rate }) = result.metric("http_reqs") {
        let requests = plural(*count as u64, "request", "requests");
        facts.push(if *rate > 0.0 {
            format!("{requests} ({})", per_second(*rate))
        } else {
            requests
        });
    }
    facts.retain(|fact| !fact.is_empty());
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::sample;

    #[test]
    fn every_objective_has_its_row_with_its_warning_bound_and_note() {
        let result = sample::failing();
        let mut notes = vec![None; result.slos.len()];
        notes[1] = Some("taken from the file".to_owned());
        let look = Look {
            width: 120,
            ..Look::default()
        };
        let text = render_judged(&result, &notes, &look);
        for slo in &result.slos {
            assert!(text.contains(slo.status.label()), "{text}");
        }
        assert!(
            text.contains("WARN") && text.contains("taken from the file"),
            "{text}"
        );
        assert!(text.lines().all(|line| line.chars().count() <= 120));
    }

    #[test]
    fn a_note_beside_its_objective_is_not_told_again_below() {
        let mut result = sample::passing();
        result.run.notes = vec!["x y: seen".to_owned(), "another".to_owned()];
        let notes = vec![Some("seen".to_owned())];
        let text = render_judged(&result, &notes, &Look::default());
        assert_eq!(text.matches("seen").count(), 1, "{text}");
        assert!(text.contains("another"));
    }
}
