//! What changed between two runs: a page of its own, and a section of a run's summary.

use console::Style;

use super::super::format::{
    margin, measured, number, per_second, percent, plural, span, thousands,
};
use super::super::html::{self, Bearing, ComparisonRow, HtmlExtras};
use super::super::table::{Cell, Column, Cut, Table};
use super::super::words::{Change, Changes};
use super::page::{Mark, Page};
use super::{Look, bad, caution, dim, good, wide_enough};
use crate::compare::{Comparison, Needed, Row, Side, Statistic, Verdict};
use crate::units::format_duration;

/// Changed rows of endpoints that are listed unless all are asked for.
const MOST_ROWS: usize = 20;
/// Rows in the section of a summary.
const FEW_ROWS: usize = 8;

/// How [`margin`] tells what is hardly a change, behind the sign.
const NEXT_TO_NOTHING: &str = "<0.1%";

/// The page that `rhaid compare` prints: what changed and the main metrics, or with `all` every row.
pub fn render_comparison(comparison: &Comparison, look: &Look, all: bool) -> String {
    let look = wide_enough(look);
    let mut page = Page::new(&look);
    headline(&mut page, comparison, "");
    sides(&mut page, comparison);
    differences(&mut page, comparison);
    let rows = |wanted: &dyn Fn(&Row) -> bool| -> Vec<&Row> {
        comparison.rows.iter().filter(|row| wanted(row)).collect()
    };
    let is_worth = |row: &Row| all || has_changed(row);
    list(
        &mut page,
        "Main metrics",
        &rows(&|row| row.main),
        usize::MAX,
    );
    let others = rows(&|row| !row.main && row.endpoint.is_none() && is_worth(row));
    list(&mut page, "Other metrics", &others, usize::MAX);
    let mut endpoints = rows(&|row| row.endpoint.is_some() && is_worth(row));
    if !all {
        gravest_first(&mut endpoints);
    }
    list(
        &mut page,
        "Endpoints",
        &endpoints,
        if all { usize::MAX } else { MOST_ROWS },
    );
    without_doubt(&mut page, comparison);
    unclear(&mut page, comparison, all);
    how(&mut page, comparison);
    page.finish()
}

/// What changed against a baseline, as a section of a run's summary.
pub(super) fn section(page: &mut Page<'_>, comparison: &Comparison) {
    let mut changed: Vec<&Row> = comparison
        .rows
        .iter()
        .filter(|row| has_changed(row))
        .collect();
    gravest_first(&mut changed);
    page.section(&format!("Against {}", comparison.before.label), "");
    headline(page, comparison, "  ");
    differences(page, comparison);
    if !changed.is_empty() {
        page.blank();
        page.table(&table(page, changed.iter().take(FEW_ROWS).copied()));
        page.left_out(changed.len(), FEW_ROWS);
    }
}

/// A comparison as the page shows it: the main rows, and those that changed, the gravest first.
pub fn for_page(comparison: &Comparison) -> HtmlExtras {
    let (main, mut others): (Vec<&Row>, Vec<&Row>) = comparison
        .rows
        .iter()
        .filter(|row| row.main || has_changed(row))
        .partition(|row| row.main);
    gravest_first(&mut others);
    let value = |row: &Row, value: Option<f64>| {
        value.map_or_else(|| "-".to_owned(), |value| amount(row, value, true))
    };
    let rows = main.into_iter().chain(others).map(|row| ComparisonRow {
        what: figure(row),
        before: value(row, row.before),
        after: value(row, row.after),
        change: change(row),
        between: range(row),
        bearing: match row.verdict {
            Verdict::Worse => Bearing::Worse,
            Verdict::Better => Bearing::Better,
            Verdict::Same => Bearing::Same,
            Verdict::Changed | Verdict::CannotTell => Bearing::CannotTell,
        },
        note: match (row.verdict, &row.needed) {
            (Verdict::Changed, _) => "changed; nobody said which way is better".to_owned(),
            (_, Some(needed)) => enough(*needed),
            _ => row.reason.clone().unwrap_or_default(),
        },
    });
    let before = &comparison.before;
    HtmlExtras {
        comparison: Some(html::Comparison {
            baseline: format!("{}, {}", before.label, before.started_at),
            sentence: told(comparison),
            rows: rows.collect(),
            method: method(comparison),
        }),
    }
}

/// What changed, in words: at most so many rows, the gravest first.
pub fn changes(comparison: &Comparison, most: usize) -> Changes {
    let mut changed: Vec<&Row> = comparison
        .rows
        .iter()
        .filter(|row| has_changed(row))
        .collect();
    gravest_first(&mut changed);
    let value = |row: &Row, value: Option<f64>| {
        value.map_or_else(|| "-".to_owned(), |value| amount(row, value, true))
    };
    Changes {
        against: comparison.before.label.clone(),
        sentence: told(comparison),
        left_out: changed.len().saturating_sub(most),
        rows: changed
            .into_iter()
            .take(most)
            .map(|row| Change {
                mark: match row.verdict {
                    Verdict::Worse => "❌",
                    Verdict::Better => "✅",
                    _ => "⚠️",
                },
                verdict: row.verdict.label(),
                what: figure(row),
                before: value(row, row.before),
                after: value(row, row.after),
                change: change(row),
                between: range(row),
            })
            .collect(),
    }
}

/// The verdict and how many rows there are of each, in a sentence.
fn told(comparison: &Comparison) -> String {
    format!("{}: {}", comparison.verdict.label(), tally(comparison))
}

/// A worsened row in a sentence.
pub fn regression(row: &Row, label: &str) -> String {
    let value = |value: Option<f64>| {
        value.map_or_else(|| "nothing".to_owned(), |value| amount(row, value, true))
    };
    format!(
        "{} is worse than in {label}: {}, it was {} ({})",
        figure(row),
        value(row.after),
        value(row.before),
        change(row),
    )
}

fn has_changed(row: &Row) -> bool {
    !matches!(row.verdict, Verdict::Same | Verdict::CannotTell)
}

/// Worse before better before changed, and of each the greatest change first.
fn gravest_first(rows: &mut [&Row]) {
    let rank = |row: &Row| match row.verdict {
        Verdict::Worse => 0,
        Verdict::Better => 1,
        _ => 2,
    };
    let size = |row: &Row| row.relative.map_or(f64::INFINITY, f64::abs);
    rows.sort_by(|a, b| {
        rank(a)
            .cmp(&rank(b))
            .then(b.main.cmp(&a.main))
            .then(size(b).total_cmp(&size(a)))
    });
}

fn style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Worse => bad(),
        Verdict::Better => good(),
        Verdict::Changed => caution(),
        Verdict::Same | Verdict::CannotTell => Style::new(),
    }
}

fn headline(page: &mut Page<'_>, comparison: &Comparison, indent: &str) {
    let mark = match comparison.verdict {
        Verdict::Worse => Mark::Bad,
        Verdict::Better | Verdict::Same => Mark::Good,
        Verdict::Changed | Verdict::CannotTell => Mark::Caution,
    };
    let lead = format!(
        "{indent}{} {}  ",
        page.glyph(mark),
        comparison.verdict.label().to_uppercase()
    );
    page.prose(
        &lead,
        &style(comparison.verdict).bold(),
        &tally(comparison),
        &Style::new(),
    );
}

/// How many rows there are of each verdict.
fn tally(comparison: &Comparison) -> String {
    if comparison.same_run {
        return "before and after are one and the same run: compare it with another".to_owned();
    }
    let counts = comparison.counts;
    let parts = [
        (counts.worse, "worse"),
        (counts.better, "better"),
        (counts.changed, "changed"),
        (counts.same, "same"),
        (counts.cannot_tell, "cannot tell"),
    ];
    let told: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", thousands(*count as u64)))
        .collect();
    let rows = plural(comparison.rows.len() as u64, "figure", "figures");
    format!("of {rows} {}", told.join(", "))
}

fn sides(page: &mut Page<'_>, comparison: &Comparison) {
    page.blank();
    let dot = format!(" {} ", page.dot());
    let unicode = page.look.unicode;
    let describe = |side: &Side| {
        let started = side
            .started_at
            .get(..16)
            .unwrap_or(&side.started_at)
            .replace('T', " ");
        let mut parts = vec![
            side.label.clone(),
            started,
            span(side.duration_seconds, unicode),
            plural(side.requests, "request", "requests"),
        ];
        if let Some(commit) = &side.commit {
            let branch = side.branch.as_deref().map(|branch| format!(" on {branch}"));
            let short = commit.get(..8).unwrap_or(commit);
            parts.push(format!("{short}{}", branch.unwrap_or_default()));
        }
        parts.join(&dot)
    };
    page.prose(
        "  before  ",
        &dim(),
        &describe(&comparison.before),
        &Style::new(),
    );
    page.prose(
        "  after   ",
        &dim(),
        &describe(&comparison.after),
        &Style::new(),
    );
}

fn differences(page: &mut Page<'_>, comparison: &Comparison) {
    if comparison.differences.is_empty() {
        return;
    }
    page.section(
        "Different beside the figures",
        "a change may come from here",
    );
    let lead = format!("  {} ", page.glyph(Mark::Caution));
    let arrow = if page.look.unicode { "→" } else { "->" };
    for difference in &comparison.differences {
        let text = match difference.before.is_empty() {
            true => format!("{}: {}", difference.what, difference.after),
            false => format!(
                "{}: {} {arrow} {}",
                difference.what, difference.before, difference.after
            ),
        };
        page.prose(&lead, &caution(), &text, &Style::new());
    }
}

fn list(page: &mut Page<'_>, title: &str, rows: &[&Row], most: usize) {
    if rows.is_empty() {
        return;
    }
    page.section(title, "");
    page.table(&table(page, rows.iter().take(most).copied()));
    if rows.len() > most {
        let left = thousands((rows.len() - most) as u64);
        page.prose("  ", &dim(), &format!("+{left} more with --all"), &dim());
    }
}

fn table<'r>(page: &Page<'_>, rows: impl Iterator<Item = &'r Row>) -> Table {
    let mut table = Table::new(
        2,
        vec![
            Column::text("", Cut::Middle).at_least(28),
            Column::figure("BEFORE"),
            Column::figure("AFTER"),
            Column::figure("CHANGE"),
            Column::figure("99% SURE").spare(1),
            Column::word("VERDICT"),
        ],
    );
    let unicode = page.look.unicode;
    for row in rows {
        let value = |value: Option<f64>| {
            Cell::new(value.map_or_else(|| "-".to_owned(), |value| amount(row, value, unicode)))
        };
        table.row(vec![
            Cell::new(figure(row)),
            value(row.before),
            value(row.after),
            Cell::styled(change(row), style(row.verdict)),
            Cell::styled(range(row), dim()),
            Cell::styled(row.verdict.label(), style(row.verdict)),
        ]);
    }
    table
}

/// The row's endpoint or metric, with its statistic.
pub fn figure(row: &Row) -> String {
    let statistic = match row.statistic {
        Statistic::Share | Statistic::PerSecond | Statistic::Level => "",
        other => other.label(),
    };
    let what = match &row.endpoint {
        // Response times are what an endpoint's rows are about, if nothing else is said.
        Some(endpoint) if row.statistic == Statistic::Share => {
            format!("{} {} failed", endpoint.method, endpoint.name)
        }
        Some(endpoint) => format!("{} {}", endpoint.method, endpoint.name),
        None => row.metric.clone(),
    };
    format!("{what} {statistic}").trim_end().to_owned()
}

fn amount(row: &Row, value: f64, unicode: bool) -> String {
    match row.statistic {
        Statistic::Share => percent(value),
        Statistic::PerSecond if row.contains == crate::result::Contains::Data => {
            format!("{}/s", measured(value, row.contains, unicode))
        }
        Statistic::PerSecond => per_second(value),
        _ => measured(value, row.contains, unicode),
    }
}

/// The change as a reader wants it: of shares in percentage points, else relative, else as it is.
fn change(row: &Row) -> String {
    match (row.change, row.relative) {
        (Some(change), _) if row.statistic == Statistic::Share => points(change),
        (_, Some(relative)) => margin(relative),
        (Some(0.0), None) => "0%".to_owned(),
        (Some(change), None) => format!("{}{}", sign(change), amount(row, change.abs(), true)),
        (None, _) => "-".to_owned(),
    }
}

fn points(change: f64) -> String {
    match change {
        0.0 => "0pp".to_owned(),
        change => format!(
            "{}{}pp",
            sign(change),
            number((change.abs() * 1e4).round() / 1e2)
        ),
    }
}

fn sign(value: f64) -> &'static str {
    if value < 0.0 { "-" } else { "+" }
}

/// Where the change lies for certain.
fn range(row: &Row) -> String {
    let Some(interval) = row.interval else {
        return String::new();
    };
    let text = |change: f64| match row.before {
        _ if row.statistic == Statistic::Share => points(change),
        Some(before) if before != 0.0 => margin(change / before.abs()),
        _ => format!("{}{}", sign(change), amount(row, change.abs(), true)),
    };
    let (low, high) = (text(interval.low), text(interval.high));
    if low.ends_with(NEXT_TO_NOTHING) && high.ends_with(NEXT_TO_NOTHING) {
        return format!("within {}", NEXT_TO_NOTHING.trim_start_matches('<'));
    }
    format!("{low} to {high}")
}

/// What is worse although the run strays so much that no test could tell.
fn without_doubt(page: &mut Page<'_>, comparison: &Comparison) {
    let lead = format!("  {} ", page.glyph(Mark::Bullet));
    for row in &comparison.rows {
        if let (Verdict::Worse, Some(reason)) = (row.verdict, &row.reason) {
            let text = format!("{}: {reason}", figure(row));
            page.prose(&lead, &dim(), &text, &Style::new());
        }
    }
}

/// What nothing can be said about, and what it would take.
fn unclear(page: &mut Page<'_>, comparison: &Comparison, all: bool) {
    let rows = comparison
        .rows
        .iter()
        .filter(|row| row.verdict == Verdict::CannotTell);
    let shown: Vec<&Row> = rows.clone().filter(|row| all || row.main).collect();
    let left = rows.count() - shown.len();
    if comparison.same_run || shown.is_empty() && left == 0 {
        return;
    }
    page.section("Cannot tell", "");
    let lead = format!("  {} ", page.glyph(Mark::Bullet));
    // What many rows have in common is said once.
    let mut said: Vec<(String, Vec<String>)> = Vec::new();
    for row in shown {
        let reason = row.reason.as_deref().unwrap_or("too little was measured");
        let needed = row
            .needed
            .map(|needed| format!("; {}", enough(needed)))
            .unwrap_or_default();
        let why = format!("{reason}{needed}");
        match said.iter_mut().find(|(known, _)| *known == why) {
            Some((_, names)) => names.push(figure(row)),
            None => said.push((why, vec![figure(row)])),
        }
    }
    for (why, names) in said {
        page.prose(
            &lead,
            &dim(),
            &format!("{}: {why}", names.join(", ")),
            &Style::new(),
        );
    }
    if left > 0 {
        let figures = plural(left as u64, "other figure", "other figures");
        page.prose(&lead, &dim(), &format!("{figures}: see --all"), &dim());
    }
}

fn enough(needed: Needed) -> String {
    let seconds = needed.seconds.clamp(1.0, 1e9).ceil() as u64;
    // Nobody plans a run to the second.
    let rounded = match seconds {
        ..120 => seconds.next_multiple_of(10),
        120..7_200 => seconds.next_multiple_of(60),
        _ => seconds.next_multiple_of(3_600),
    };
    let long = format_duration(std::time::Duration::from_secs(rounded));
    match needed.samples {
        0 => format!("runs of about {long} would do"),
        samples => format!(
            "runs of about {long} ({}) would do",
            plural(samples, "sample", "samples")
        ),
    }
}

fn how(page: &mut Page<'_>, comparison: &Comparison) {
    let text = method(comparison);
    if !text.is_empty() {
        page.blank();
        page.prose("  method  ", &dim(), &text, &dim());
    }
}

/// How a change was told from chance, if it could be.
fn method(comparison: &Comparison) -> String {
    let method = &comparison.method;
    if method.intervals == 0 {
        return String::new();
    }
    let pairs = if method.paired {
        "the same moments of both runs together"
    } else {
        "each run for itself"
    };
    let wider = comparison
        .rows
        .iter()
        .filter(|row| row.between_runs.is_some())
        .count();
    let earlier = match method.earlier_runs {
        0 => String::new(),
        runs => format!(
            "; the baseline remembers {runs} runs, and as much as they differ is allowed for: more than by chance in {}",
            plural(wider as u64, "figure", "figures"),
        ),
    };
    format!(
        "{}; {} of {}s, {pairs}; changes below {} do not matter{earlier}",
        method.test,
        plural(method.intervals as u64, "interval", "intervals"),
        method.interval_seconds,
        percent(method.margin),
    )
}
