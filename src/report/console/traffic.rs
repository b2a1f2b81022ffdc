//! What was sent: scenarios, requests and their phases, endpoints.

use console::Style;

use super::super::endpoints::{Listing, Row};
use super::super::format::{bytes, latency, per_second, percent, thousands};
use super::super::measures::PHASES;
use super::super::table::{Cell, Column, Cut, Table};
use super::page::Page;
use super::{bad, caution, dim};
use crate::result::{MetricValues, RunResult, TrendSummary};

/// How many endpoints are shown; the file has them all.
const ENDPOINTS: usize = 15;

/// Columns for an endpoint's name before a column of figures is shown beside it.
const ENDPOINT_WIDTH: usize = 36;

/// A statistic taken from a summary.
type Pick = fn(&TrendSummary) -> f64;

/// A count that is better 0: dim when it is, in `style` when it is not.
fn tally(count: u64, style: Style) -> Cell {
    Cell::styled(thousands(count), if count == 0 { dim() } else { style })
}

/// One row for each scenario, its plan below.
pub fn scenarios(page: &mut Page<'_>, result: &RunResult) {
    if result.scenarios.is_empty() {
        return;
    }
    let interrupted = result
        .scenarios
        .iter()
        .any(|s| s.interrupted_iterations > 0);
    let mut columns = vec![
        Column::text("NAME", Cut::Middle),
        Column::figure("ITERATIONS"),
        Column::figure("RATE").spare(2),
        Column::figure("ERRORS"),
        Column::figure("DROPPED").spare(1),
        Column::figure("CUT OFF").spare(4),
        Column::figure("MAX VUS").spare(3),
        Column::figure("P95 ITERATION").spare(2),
    ];
    if !interrupted {
        columns.remove(5);
    }
    let mut table = Table::new(2, columns);
    for scenario in &result.scenarios {
        let mut cells = vec![
            Cell::new(&scenario.name),
            Cell::new(thousands(scenario.iterations)),
            Cell::new(per_second(scenario.iterations_per_second)),
            tally(scenario.iteration_errors, bad()),
            tally(scenario.dropped_iterations, caution()),
            tally(scenario.interrupted_iterations, Style::new()),
            Cell::new(thousands(scenario.vus_max)),
            time(page, &scenario.iteration_duration, |summary| summary.p95),
        ];
        if !interrupted {
            cells.remove(5);
        }
        table.row(cells);
        let dot = page.dot();
        table.note(Cell::styled(
            format!("{} {dot} {}", scenario.executor, scenario.description),
            dim(),
        ));
    }
    page.section("Scenarios", "");
    page.table(&table);
}

/// Totals of all requests, and their phases.
pub fn requests(page: &mut Page<'_>, result: &RunResult) {
    let Some(MetricValues::Counter { count, rate }) = result.metric("http_reqs") else {
        return;
    };
    if *count == 0.0 {
        page.section("Requests", "none was sent");
        return;
    }
    let columns = vec![Column::word(""), Column::figure(""), Column::figure("")];
    let mut totals = Table::new(2, columns);
    let mut total = |label: &str, value: String, beside: String| {
        totals.row(vec![
            Cell::styled(label, dim()),
            Cell::new(value),
            Cell::new(beside),
        ]);
    };
    total("sent", thousands(*count as u64), per_second(*rate));
    if let Some(MetricValues::Rate { rate, passes, .. }) = result.metric("http_req_failed") {
        total("failed", thousands(*passes), percent(*rate));
    }
    for (label, name) in [
        ("data received", "data_received"),
        ("data sent", "data_sent"),
    ] {
        if let Some(MetricValues::Counter { count, rate }) = result.metric(name) {
            total(label, bytes(*count), format!("{}/s", bytes(*rate)));
        }
    }
    page.section("Requests", "");
    page.table(&totals);
    phases(page, result);
}

/// Where the time of a request went; phases beside each other where there is room, else below each other.
fn phases(page: &mut Page<'_>, result: &RunResult) {
    let found: Vec<(&'static str, &TrendSummary)> = PHASES
        .into_iter()
        .filter_map(|(label, name)| Some((label, result.trend(name)?)))
        .collect();
    if found.is_empty() {
        return;
    }
    let rows: [(&'static str, Pick); 2] = [("avg", |s| s.avg), ("p95", |s| s.p95)];
    let mut columns = vec![Column::word("PHASE")];
    columns.extend(found.iter().map(|(label, _)| Column::figure(label)));
    let mut across = Table::new(2, columns);
    for (label, pick) in rows {
        let mut cells = vec![Cell::styled(label, dim())];
        cells.extend(found.iter().map(|(_, summary)| time(page, summary, pick)));
        across.row(cells);
    }
    page.blank();
    if across.fits(page.look.width) {
        page.table(&across);
        return;
    }
    let columns = vec![
        Column::word("PHASE"),
        Column::figure("AVG"),
        Column::figure("P95"),
    ];
    let mut down = Table::new(2, columns);
    for (label, summary) in found {
        let mut cells = vec![Cell::styled(label, dim())];
        cells.extend(rows.map(|(_, pick)| time(page, summary, pick)));
        down.row(cells);
    }
    page.table(&down);
}

/// The endpoints that took the most time together.
pub fn endpoints(page: &mut Page<'_>, result: &RunResult) {
    if result.endpoints.is_empty() {
        return;
    }
    let listing = Listing::of(&result.endpoints);
    let mut table = Table::new(
        2,
        vec![
            Column::text("ENDPOINT", Cut::BeforePlace).at_least(ENDPOINT_WIDTH),
            Column::figure("REQUESTS").spare(1),
            Column::figure("RATE").spare(5),
            Column::figure("FAILED"),
            Column::figure("AVG").spare(4),
            Column::figure("P50").spare(2),
            Column::figure("P95"),
            Column::figure("P99").spare(1),
            Column::figure("MAX").spare(3),
        ],
    );
    for listed in listing.rows.iter().take(ENDPOINTS) {
        let row = listed.endpoint;
        let picks: [Pick; 5] = [|s| s.avg, |s| s.med, |s| s.p95, |s| s.p99, |s| s.max];
        let mut cells = vec![
            Cell::new(label(listed)),
            Cell::new(thousands(row.requests)),
            Cell::new(per_second(row.per_second)),
            Cell::styled(
                percent(row.failed_rate),
                if row.failed == 0 { dim() } else { Style::new() },
            ),
        ];
        cells.extend(picks.map(|pick| time(page, &row.duration, pick)));
        table.row(cells);
    }
    let mut aside = match listing.rows.len() as u64 {
        1 => String::new(),
        count => format!("{} by total time", thousands(count)),
    };
    let origin = listing.origin;
    if !origin.is_empty() {
        let comma = if aside.is_empty() { "" } else { ", " };
        aside.push_str(&format!("{comma}of {origin}"));
    }
    page.section("Endpoints", &aside);
    page.table(&table);
    page.left_out(listing.rows.len(), ENDPOINTS);
}

/// Method and name; where rows share both, the scenario and group that tell them apart.
fn label(row: &Row<'_>) -> String {
    let (method, name) = (&row.endpoint.method, row.name);
    match row.place.as_str() {
        "" => format!("{method} {name}"),
        place => format!("{method} {name} [{place}]"),
    }
}

/// A statistic of a time, or a dash when nothing took any.
fn time(page: &Page<'_>, summary: &TrendSummary, pick: Pick) -> Cell {
    match (summary.count, pick(summary)) {
        (0, _) => Cell::styled("-", dim()),
        // A phase that no request went through has samples, all of them zero.
        (_, 0.0) if summary.max == 0.0 => Cell::styled("-", dim()),
        (_, 0.0) => Cell::styled(latency(0.0, page.look.unicode), dim()),
        (_, value) => Cell::new(latency(value, page.look.unicode)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Look;
    use crate::result::{EndpointResult, sample};

    fn shown(result: &RunResult) -> String {
        let look = Look {
            width: 120,
            ..Look::default()
        };
        let mut page = Page::new(&look);
        endpoints(&mut page, result);
        page.finish()
    }

    #[test]
    fn endpoints_come_by_the_time_they_took_together() {
        let text = shown(&sample::passing());
        let places =
            ["reserve", "availability", "/health/live"].map(|name| text.find(name).unwrap());
        assert!(places.is_sorted(), "{text}");
    }

    #[test]
    fn endpoints_past_the_fifteenth_are_counted() {
        let text = shown(&sample::failing());
        assert!(text.contains("+4 more in the result file"), "{text}");
    }

    #[test]
    fn endpoints_of_one_host_are_told_apart_on_a_narrow_page() {
        let mut result = sample::passing();
        let template = result.endpoints[0].clone();
        let names = ["availability", "availabilities", "reservations"];
        result.endpoints = names
            .iter()
            .flat_map(|name| ["guests_of_the_house", "staff"].map(|scenario| (name, scenario)))
            .map(|(name, scenario)| EndpointResult {
                name: format!("http://booking.example.com:8080/api/v1/hotels/{name}"),
                scenario: Some(scenario.to_owned()),
                ..template.clone()
            })
            .collect();
        let look = Look {
            width: 80,
            ..Look::default()
        };
        let mut page = Page::new(&look);
        endpoints(&mut page, &result);
        let text = page.finish();
        let mut rows: Vec<&str> = text
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix("GET ")?.split("]").next())
            .collect();
        assert_eq!(rows.len(), 6, "{text}");
        rows.sort_unstable();
        rows.dedup();
        assert_eq!(rows.len(), 6, "{text}");
        assert!(
            text.contains("of http://booking.example.com:8080"),
            "{text}"
        );
        assert!(text.contains("[guests_of_the_house]"), "{text}");
    }

    #[test]
    fn endpoints_that_share_a_name_are_told_apart_by_their_scenario() {
        let mut result = sample::passing();
        let mut twin = result.endpoints[0].clone();
        twin.scenario = Some("whatsapp".to_owned());
        result.endpoints[0].scenario = Some("guests".to_owned());
        result.endpoints.push(twin);
        let text = shown(&result);
        assert!(text.contains("GET availability [guests]"), "{text}");
        assert!(text.contains("GET availability [whatsapp]"), "{text}");
    }
}
