//! The tables about traffic: phases, endpoints, scenarios.

use serde::Serialize;

use super::super::endpoints::{Listing, Row};
use super::super::format::{latency, per_second, percent, thousands};
use super::super::measures::PHASES;
use crate::result::{RunResult, ScenarioResult, TrendSummary};

/// What stands where there is nothing to say.
const NOTHING: &str = "–";

/// Where a part of the time went.
#[derive(Serialize)]
pub struct Phase {
    label: &'static str,
    metric: &'static str,
    values: [String; 5],
}

/// The table of endpoints.
#[derive(Serialize)]
pub struct Endpoints<'a> {
    origin: &'a str,
    rows: Vec<Endpoint<'a>>,
}

#[derive(Serialize)]
struct Endpoint<'a> {
    /// Its place in the document's list, for the charts.
    index: usize,
    method: &'a str,
    name: &'a str,
    place: String,
    values: [String; 10],
    /// The same as numbers, for sorting.
    sort: String,
}

#[derive(Serialize)]
pub struct Scenario<'a> {
    name: &'a str,
    executor: &'a str,
    description: &'a str,
    values: [String; 7],
}

/// The phases that requests went through.
pub fn phases(result: &RunResult) -> Vec<Phase> {
    PHASES
        .into_iter()
        .filter_map(|(label, metric)| {
            let summary = result.trend(metric)?;
            let values = [
                summary.avg,
                summary.med,
                summary.p95,
                summary.p99,
                summary.max,
            ];
            Some(Phase {
                label,
                metric,
                values: values.map(|value| match summary.max {
                    // A phase that no request went through has samples, all of them zero.
                    0.0 => NOTHING.to_owned(),
                    _ => latency(value, true),
                }),
            })
        })
        .collect()
}

pub fn endpoints(result: &RunResult) -> Endpoints<'_> {
    let listing = Listing::of(&result.endpoints);
    Endpoints {
        origin: listing.origin,
        rows: listing.rows.into_iter().map(endpoint).collect(),
    }
}

fn endpoint(row: Row<'_>) -> Endpoint<'_> {
    let endpoint = row.endpoint;
    let all = &endpoint.duration;
    let failed = endpoint.duration_failed.unwrap_or_default();
    let numbers = [
        endpoint.requests as f64,
        endpoint.per_second,
        endpoint.failed as f64,
        all.avg,
        all.med,
        all.p95,
        all.p99,
        all.max,
        failed.med,
        failed.p95,
    ];
    let sort: Vec<String> = numbers.iter().map(|n| round(*n)).collect();
    Endpoint {
        index: row.index,
        method: &endpoint.method,
        name: row.name,
        place: row.place.replace("/::", " › ").replace("::", " › "),
        sort: sort.join(" "),
        values: [
            thousands(endpoint.requests),
            per_second(endpoint.per_second),
            match endpoint.failed {
                0 => "0".to_owned(),
                count => format!("{} ({})", thousands(count), percent(endpoint.failed_rate)),
            },
            time(all, all.avg),
            time(all, all.med),
            time(all, all.p95),
            time(all, all.p99),
            time(all, all.max),
            time(&failed, failed.med),
            time(&failed, failed.p95),
        ],
    }
}

/// Enough digits to sort by.
fn round(number: f64) -> String {
    if !number.is_finite() {
        // What is not known sorts below everything that is.
        return "-1".to_owned();
    }
    match number {
        whole if whole.fract() == 0.0 => whole.to_string(),
        large if large >= 100.0 => format!("{large:.1}"),
        small => format!("{small:.4}"),
    }
}

fn time(summary: &TrendSummary, value: f64) -> String {
    match summary.count {
        0 => NOTHING.to_owned(),
        _ => latency(value, true),
    }
}

pub fn scenarios(result: &RunResult) -> Vec<Scenario<'_>> {
    result.scenarios.iter().map(scenario).collect()
}

fn scenario(scenario: &ScenarioResult) -> Scenario<'_> {
    let took = &scenario.iteration_duration;
    Scenario {
        name: &scenario.name,
        executor: &scenario.executor,
        description: &scenario.description,
        values: [
            thousands(scenario.iterations),
            per_second(scenario.iterations_per_second),
            thousands(scenario.iteration_errors),
            thousands(scenario.dropped_iterations),
            thousands(scenario.interrupted_iterations),
            thousands(scenario.vus_max),
            time(took, took.p95),
        ],
    }
}
