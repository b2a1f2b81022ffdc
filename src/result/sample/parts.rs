//! The rows that the made-up documents are put together from.

use std::collections::BTreeMap;

use crate::result::*;

/// A distribution around `avg` milliseconds, with a long tail.
pub(super) fn trend(count: u64, avg: f64) -> TrendSummary {
    if count == 0 {
        return TrendSummary::default();
    }
    TrendSummary {
        count,
        min: avg * 0.31,
        max: avg * 7.4,
        avg,
        med: avg * 0.87,
        p90: avg * 1.62,
        p95: avg * 2.05,
        p99: avg * 3.9,
        p999: avg * 6.1,
    }
}

pub(super) fn trend_metric(name: &str, contains: Contains, summary: TrendSummary) -> MetricResult {
    metric(
        name,
        contains,
        MetricValues::Trend {
            summary,
            histogram: Some("HISTFAAA".to_owned()),
        },
    )
}

pub(super) fn counter_metric(
    name: &str,
    contains: Contains,
    count: f64,
    seconds: f64,
) -> MetricResult {
    metric(
        name,
        contains,
        MetricValues::Counter {
            count,
            rate: ratio(count, seconds),
        },
    )
}

pub(super) fn rate_metric(name: &str, passes: u64, total: u64) -> MetricResult {
    let rate = ratio(passes as f64, total as f64);
    metric(
        name,
        Contains::Default,
        MetricValues::Rate {
            rate,
            passes,
            total,
        },
    )
}

pub(super) fn metric(name: &str, contains: Contains, total: MetricValues) -> MetricResult {
    MetricResult {
        name: name.to_owned(),
        kind: total.kind(),
        contains,
        description: String::new(),
        series: vec![MetricSeries {
            tags: BTreeMap::from([("scenario".to_owned(), "guests".to_owned())]),
            values: total.clone(),
        }],
        total,
    }
}

pub(super) fn request_metrics(
    requests: u64,
    failed: u64,
    seconds: f64,
    avg: f64,
) -> Vec<MetricResult> {
    let phases = [
        ("http_req_blocked", 0.0021),
        ("http_req_looking_up", 0.0),
        ("http_req_connecting", 0.0134),
        ("http_req_tls_handshaking", 0.0),
        ("http_req_sending", 0.018),
        ("http_req_waiting", avg * 0.94),
        ("http_req_receiving", avg * 0.04),
        ("http_req_duration", avg),
        ("http_req_corrected", avg * 1.02),
    ];
    let mut metrics = vec![
        counter_metric("http_reqs", Contains::Default, requests as f64, seconds),
        rate_metric("http_req_failed", failed, requests),
        counter_metric(
            "data_received",
            Contains::Data,
            requests as f64 * 1_834.0,
            seconds,
        ),
        counter_metric(
            "data_sent",
            Contains::Data,
            requests as f64 * 241.0,
            seconds,
        ),
    ];
    metrics
        .extend(phases.map(|(name, avg)| trend_metric(name, Contains::Time, trend(requests, avg))));
    metrics
}

pub(super) fn slo(
    metric: &str,
    target: &str,
    priority: Priority,
    actual: Option<f64>,
) -> SloResult {
    SloResult {
        metric: metric.to_owned(),
        name: None,
        target: target.to_owned(),
        warn: None,
        priority,
        over: None,
        optional: false,
        abort: false,
        status: if actual.is_some() {
            SloStatus::Pass
        } else {
            SloStatus::NoData
        },
        actual,
        actual_text: String::new(),
        margin: None,
        unit: "ms".to_owned(),
    }
}

pub(super) fn judged(
    mut slo: SloResult,
    status: SloStatus,
    text: &str,
    margin: Option<f64>,
) -> SloResult {
    slo.status = status;
    slo.actual_text = text.to_owned();
    slo.margin = margin;
    slo
}

pub(super) fn endpoint(
    method: &str,
    name: &str,
    requests: u64,
    failed: u64,
    avg: f64,
) -> EndpointResult {
    EndpointResult {
        name: name.to_owned(),
        method: method.to_owned(),
        scenario: None,
        group: None,
        requests,
        per_second: requests as f64 / 150.0,
        failed,
        failed_rate: ratio(failed as f64, requests as f64),
        statuses: BTreeMap::from([
            ("200".to_owned(), requests - failed),
            ("500".to_owned(), failed),
        ]),
        duration: trend(requests, avg),
        duration_failed: None,
    }
}

pub(super) fn scenario(
    name: &str,
    executor: &str,
    description: &str,
    iterations: u64,
) -> ScenarioResult {
    ScenarioResult {
        name: name.to_owned(),
        executor: executor.to_owned(),
        exec: "book_a_room".to_owned(),
        description: description.to_owned(),
        start_seconds: 0.0,
        duration_seconds: 150.0,
        vus_max: 10,
        iterations,
        iteration_errors: 0,
        interrupted_iterations: 0,
        dropped_iterations: 0,
        iterations_per_second: iterations as f64 / 150.0,
        iteration_duration: trend(iterations, 2_140.0),
        iteration_lag: trend(iterations, 0.4),
    }
}

pub(super) fn check(group: &str, name: &str, passes: u64, fails: u64) -> CheckResult {
    CheckResult {
        name: name.to_owned(),
        group: group.to_owned(),
        scenario: String::new(),
        passes,
        fails,
    }
}

pub(super) fn standard_slos() -> Vec<SloResult> {
    let pass = SloStatus::Pass;
    vec![
        judged(
            slo("http_req_duration", "p(95) < 3s", Priority::P0, Some(252.0)),
            pass,
            "252ms",
            Some(0.916),
        ),
        judged(
            slo("http_req_duration", "p(99) < 5s", Priority::P1, Some(480.0)),
            pass,
            "480ms",
            Some(0.904),
        ),
        judged(
            slo("http_req_failed", "rate < 1%", Priority::P0, Some(0.0)),
            pass,
            "0%",
            Some(1.0),
        ),
        judged(
            slo("http_reqs", "rate > 10", Priority::P2, Some(57.3)),
            pass,
            "57.3/s",
            Some(4.73),
        ),
        judged(
            slo("checks", "rate > 99%", Priority::P1, Some(1.0)),
            pass,
            "100%",
            Some(0.0101),
        ),
        judged(
            slo(
                "http_req_duration{name:reserve}",
                "p(95) < 800ms",
                Priority::P1,
                Some(311.0),
            ),
            pass,
            "311ms",
            Some(0.611),
        ),
    ]
}
