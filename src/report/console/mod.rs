//! The summary that a run ends with: the verdict first, then what explains it.
//!
//! Green, yellow and red are kept for what bears on a verdict; labels are dim; all else has the terminal's own colour.

mod anomalies;
mod changes;
mod closing;
mod faults;
#[cfg(test)]
mod golden;
mod judged;
mod page;
mod quality;
mod recommendations;
mod traffic;
mod verdict;
mod versions;

use std::borrow::Cow;

use console::Style;

use self::page::Page;
use super::Look;
use crate::compare::Comparison;
use crate::result::RunResult;
pub use judged::render_judged;

pub use changes::{changes, figure, for_page, regression, render_comparison};

/// The narrowest page; a narrower terminal wraps it.
const NARROWEST: usize = 40;

/// The summary of `result` as text that ends with a newline, no line wider than `look.width` (at least 40).
pub fn render(result: &RunResult, look: &Look) -> String {
    render_against(result, look, None)
}

/// The same, with what changed against a baseline, if there is one to hold it against.
pub fn render_against(result: &RunResult, look: &Look, comparison: Option<&Comparison>) -> String {
    let look = wide_enough(look);
    let mut page = Page::new(&look);
    verdict::headline(&mut page, result);
    verdict::objectives(&mut page, result, None);
    if let Some(comparison) = comparison {
        changes::section(&mut page, comparison);
    }
    recommendations::recommendations(&mut page, result);
    faults::faults(&mut page, result);
    anomalies::anomalies(&mut page, result);
    traffic::scenarios(&mut page, result);
    traffic::requests(&mut page, result);
    traffic::endpoints(&mut page, result);
    versions::versions(&mut page, result);
    quality::checks(&mut page, result);
    quality::custom_metrics(&mut page, result);
    quality::errors(&mut page, result);
    closing::notes(&mut page, result);
    closing::footer(&mut page, result);
    page.finish()
}

/// What went wrong with a run, in a few lines: the verdict, why, the first error, where the rest is. Empty if nothing did.
pub fn render_brief(result: &RunResult, look: &Look) -> String {
    if result.verdict.exit_code == 0 {
        return String::new();
    }
    let look = wide_enough(look);
    let mut page = Page::new(&look);
    verdict::judgement(&mut page, result);
    quality::first_error(&mut page, result);
    closing::result_path(&mut page);
    page.finish()
}

/// The look, but for a page that has room for something.
fn wide_enough(look: &Look) -> Cow<'_, Look> {
    match look.width {
        width if width < NARROWEST => Cow::Owned(Look {
            width: NARROWEST,
            ..look.clone()
        }),
        _ => Cow::Borrowed(look),
    }
}

/// A label, or what is of no weight.
fn dim() -> Style {
    Style::new().dim()
}

/// A heading, or the figure of a row that is read first.
fn strong() -> Style {
    Style::new().bold()
}

/// Bears on a verdict, for the good.
fn good() -> Style {
    Style::new().green()
}

/// Bears on a verdict, as a warning.
fn caution() -> Style {
    Style::new().yellow()
}

/// Bears on a verdict, for the bad.
fn bad() -> Style {
    Style::new().red()
}
