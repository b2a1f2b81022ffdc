//! The summary that a run ends with: the verdict first, then what explains it.
//!
//! Green, yellow and red are kept for what bears on a verdict; labels are dim; all else has the terminal's own colour.

mod closing;
#[cfg(test)]
mod golden;
mod page;
mod quality;
mod traffic;
mod verdict;

use std::borrow::Cow;

use console::Style;

use self::page::Page;
use super::Look;
use crate::result::RunResult;

/// The narrowest page; a narrower terminal wraps it.
const NARROWEST: usize = 40;

/// The summary of `result` as text that ends with a newline, no line wider than `look.width` (at least 40).
pub fn render(result: &RunResult, look: &Look) -> String {
    let look = match look.width {
        width if width < NARROWEST => Cow::Owned(Look {
            width: NARROWEST,
            ..look.clone()
        }),
        _ => Cow::Borrowed(look),
    };
    let mut page = Page::new(&look);
    verdict::headline(&mut page, result);
    verdict::objectives(&mut page, result);
    traffic::scenarios(&mut page, result);
    traffic::requests(&mut page, result);
    traffic::endpoints(&mut page, result);
    quality::checks(&mut page, result);
    quality::custom_metrics(&mut page, result);
    quality::errors(&mut page, result);
    closing::notes(&mut page, result);
    closing::footer(&mut page, result);
    page.finish()
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
