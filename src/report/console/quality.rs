//! What the script itself looked at: checks, its own metrics, and what went wrong.

use console::Style;
use unicode_width::UnicodeWidthStr;

use super::super::format::{measured, percent, plural, span, thousands};
use super::super::measures::{is_custom, is_webhook, single};
use super::super::table::{Cell, Column, Cut, Table};
use super::page::{Mark, Page};
use super::{bad, dim, good};
use crate::result::{
    CheckResult, ErrorExample, ErrorKind, ErrorResult, MetricResult, MetricValues, RunResult, ratio,
};

/// Up to so many checks are all listed; of more, those that passed are only counted.
const LISTED_CHECKS: usize = 12;
/// How many failing checks, custom metrics and errors are shown; the file has them all.
const MOST_ROWS: usize = 20;
/// Columns that the other columns of an error's row take.
const BESIDE_MESSAGE: usize = 25;
/// How many lines of an error's example are shown.
const EXAMPLE_LINES: usize = 24;

/// Checks by group: the failing ones one by one, the others listed or counted.
pub fn checks(page: &mut Page<'_>, result: &RunResult) {
    let all = &result.checks;
    if all.is_empty() {
        return;
    }
    let passes: u64 = all.iter().map(|check| check.passes).sum();
    let total = passes + all.iter().map(|check| check.fails).sum::<u64>();
    let list_all = all.len() <= LISTED_CHECKS;
    let mut listed: Vec<&CheckResult> = all
        .iter()
        .filter(|check| list_all || check.fails > 0)
        .collect();
    // Stable, so that groups and checks within one keep the order in which the script has them.
    let order = |check: &CheckResult| all.iter().position(|other| other.group == check.group);
    listed.sort_by_key(|check| order(check));
    let passing = all.iter().filter(|check| check.fails == 0).count();

    let share = percent(ratio(passes as f64, total as f64));
    page.section("Checks", &format!("{share} of {} passed", thousands(total)));
    let mut table = Table::new(
        2,
        vec![
            Column::text("", Cut::Middle),
            Column::figure(""),
            Column::figure("").spare(1),
        ],
    );
    let mut group = "";
    for check in listed.iter().take(MOST_ROWS) {
        if check.group != group {
            group = &check.group;
            table.row(vec![Cell::styled(group, dim())]);
        }
        table.row(check_row(page, check));
    }
    if !table.is_empty() {
        page.table(&table);
    }
    page.left_out(listed.len(), MOST_ROWS);
    if !list_all && passing > 0 {
        let text = match listed.len() {
            0 => format!("all {} passed every time", thousands(passing as u64)),
            _ => format!(
                "{} passed every time",
                plural(passing as u64, "other", "others")
            ),
        };
        let lead = format!("  {} ", page.glyph(Mark::Good));
        page.prose(&lead, &good(), &text, &Style::new());
    }
}

fn check_row(page: &Page<'_>, check: &CheckResult) -> Vec<Cell> {
    let indent = if check.group.is_empty() { "" } else { "  " };
    let place = match check.scenario.as_str() {
        "" => String::new(),
        scenario => format!(" [{scenario}]"),
    };
    let (mark, style) = if check.fails == 0 {
        (Mark::Good, good())
    } else {
        (Mark::Bad, bad())
    };
    let total = check.passes + check.fails;
    let beside = match check.fails {
        0 => Cell::styled(thousands(total), dim()),
        fails => Cell::new(format!(
            "{} of {} failed",
            thousands(fails),
            thousands(total)
        )),
    };
    vec![
        Cell::new(format!(
            "{indent}{} {}{place}",
            page.glyph(mark),
            check.name
        )),
        Cell::styled(percent(ratio(check.passes as f64, total as f64)), style),
        beside,
    ]
}

/// The metrics that the script made itself.
pub fn custom_metrics(page: &mut Page<'_>, result: &RunResult) {
    let metrics = result.metrics.iter();
    let (webhooks, custom) = metrics
        .filter(|metric| is_custom(&metric.name))
        .partition(|metric| is_webhook(&metric.name));
    of_title(page, "Webhooks", webhooks);
    of_title(page, "Custom metrics", custom);
}

fn of_title(page: &mut Page<'_>, title: &str, custom: Vec<&MetricResult>) {
    if custom.is_empty() {
        return;
    }
    let unicode = page.look.unicode;
    let mut trends = Table::new(
        2,
        vec![
            Column::text("METRIC", Cut::Middle),
            Column::figure("SAMPLES").spare(2),
            Column::figure("AVG"),
            Column::figure("P50").spare(3),
            Column::figure("P95"),
            Column::figure("P99").spare(1),
            Column::figure("MAX").spare(4),
        ],
    );
    let mut others = Table::new(
        2,
        vec![
            Column::text("METRIC", Cut::Middle),
            Column::figure("VALUE"),
            Column::word("").spare(1),
        ],
    );
    for metric in custom.iter().take(MOST_ROWS) {
        let name = Cell::new(&metric.name);
        match &metric.total {
            MetricValues::Trend { summary, .. } => {
                let mut cells = vec![name, Cell::new(thousands(summary.count))];
                let values = [
                    summary.avg,
                    summary.med,
                    summary.p95,
                    summary.p99,
                    summary.max,
                ];
                cells.extend(values.map(|value| match summary.count {
                    0 => Cell::styled("-", dim()),
                    _ => Cell::new(measured(value, metric.contains, unicode)),
                }));
                trends.row(cells);
            }
            other => {
                let (value, beside) = single(other, metric.contains, unicode);
                others.row(vec![name, Cell::new(value), Cell::styled(beside, dim())]);
            }
        }
    }
    page.section(title, "");
    for table in [&trends, &others]
        .into_iter()
        .filter(|table| !table.is_empty())
    {
        page.table(table);
        page.blank();
    }
    page.left_out(custom.len(), MOST_ROWS);
}

/// Errors by code, the most frequent first, each with an example.
pub fn errors(page: &mut Page<'_>, result: &RunResult) {
    if result.errors.is_empty() {
        return;
    }
    let mut rows: Vec<&ErrorResult> = result.errors.iter().collect();
    rows.sort_by_key(|error| std::cmp::Reverse(error.count));
    let mut table = Table::new(
        2,
        vec![
            Column::figure("COUNT"),
            Column::word("KIND").spare(1),
            Column::text("CODE", Cut::End),
            Column::text("MESSAGE", Cut::End),
        ],
    );
    for error in rows.iter().take(MOST_ROWS) {
        table.row(vec![
            Cell::styled(thousands(error.count), bad()),
            Cell::new(error.kind.label()),
            Cell::new(&error.code),
            Cell::new(&error.message),
        ]);
        // Beside the other columns there may be no room for a long one.
        if error.message.width() + BESIDE_MESSAGE > page.look.width {
            table.note(Cell::new(&error.message));
        }
        for line in example(error, page.dot(), page.look.unicode) {
            table.note(Cell::styled(line, dim()));
        }
    }
    let total: u64 = result.errors.iter().map(|error| error.count).sum();
    page.section("Errors", &format!("{} in all", thousands(total)));
    page.table(&table);
    page.left_out(rows.len(), MOST_ROWS);
}

/// The error that is to be looked at first, with all that is known about it: one of the script, or else the most frequent.
pub fn first_error(page: &mut Page<'_>, result: &RunResult) {
    let rank = |error: &&ErrorResult| {
        let gravity = match error.kind {
            ErrorKind::Http => 0,
            ErrorKind::Check => 1,
            _ => 2,
        };
        (gravity, error.count)
    };
    let Some(error) = result.errors.iter().max_by_key(rank) else {
        return;
    };
    let mut table = Table::new(2, vec![Column::text("", Cut::End)]);
    let times = match error.count {
        1 => String::new(),
        count => format!(" ({} times)", thousands(count)),
    };
    page.prose("  ", &dim(), &format!("{}{times}", error.message), &bad());
    table.row(vec![Cell::new("")]);
    for line in example(error, page.dot(), page.look.unicode) {
        table.note(Cell::styled(line, Style::new()));
    }
    page.notes(&table);
    if result.errors.len() > 1 {
        let others = plural(
            result.errors.len() as u64 - 1,
            "other error",
            "other errors",
        );
        page.prose("  ", &dim(), &format!("{others} in the result"), &dim());
    }
}

/// The lines about an error's example: what it was sent to, where and when, and its text unless the message has said it.
fn example(error: &ErrorResult, dot: &str, unicode: bool) -> Vec<String> {
    let (first, last) = (
        span(error.first_seconds, unicode),
        span(error.last_seconds, unicode),
    );
    let when = match error.count {
        1 => format!("at {first}"),
        _ => format!("first at {first}, last at {last}"),
    };
    let Some(example) = &error.example else {
        return vec![when];
    };
    let said = |url: &&String| example.text.contains(url.as_str());
    let mut lines: Vec<String> = example
        .url
        .iter()
        .filter(|url| !said(url))
        .cloned()
        .collect();
    let mut place = whereabouts(example);
    // Times count from the scenarios' start, and `setup` is before it.
    if error.count > 1
        || error.first_seconds > 0.0
        || place.first().map(String::as_str) != Some("setup")
    {
        place.push(when);
    }
    lines.push(place.join(&format!(" {dot} ")));
    if example.text.trim() != error.message.trim() {
        let text = example.text.trim_end().lines().take(EXAMPLE_LINES);
        lines.extend(text.map(|line| line.replace('\t', "    ")));
    }
    lines
}

fn whereabouts(example: &ErrorExample) -> Vec<String> {
    let mut place: Vec<String> = example.scenario.iter().cloned().collect();
    place.extend(example.vu.map(|vu| format!("VU {vu}")));
    place.extend(
        example
            .iteration
            .map(|iteration| format!("iteration {iteration}")),
    );
    place
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Look;
    use crate::result::sample;

    fn shown(section: fn(&mut Page<'_>, &RunResult), result: &RunResult) -> String {
        let look = Look::default();
        let mut page = Page::new(&look);
        section(&mut page, result);
        page.finish()
    }

    #[test]
    fn a_dozen_checks_are_all_listed_and_more_are_counted() {
        let text = shown(checks, &sample::passing());
        assert!(text.contains("✓ rooms are offered"), "{text}");
        let text = shown(checks, &sample::failing());
        assert!(text.contains("✓ 14 others passed every time"), "{text}");
        assert!(!text.contains("room 3 has a price"), "{text}");
    }

    #[test]
    fn an_example_that_only_repeats_the_message_is_not_shown_twice() {
        let mut error = sample::failing().errors.remove(0);
        error.example = Some(ErrorExample {
            text: error.message.clone(),
            ..Default::default()
        });
        assert_eq!(
            example(&error, "|", false),
            ["first at 12.4s, last at 2m29s"]
        );
    }

    #[test]
    fn a_url_that_the_examples_text_has_said_is_not_shown_twice() {
        let mut error = sample::failing().errors.remove(0);
        error.example = Some(ErrorExample {
            text: "GET http://h/rooms".to_owned(),
            url: Some("http://h/rooms".to_owned()),
            ..Default::default()
        });
        let lines = example(&error, "|", false);
        assert_eq!(lines[1..], ["GET http://h/rooms"]);
    }

    #[test]
    fn a_hundred_errors_are_cut_to_a_page() {
        let mut result = sample::failing();
        result.errors = vec![result.errors[0].clone(); 100];
        let text = shown(errors, &result);
        assert!(text.contains("+80 more in the result file"), "{text}");
    }
}
