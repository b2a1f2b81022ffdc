//! A made-up result: an hour's run of many endpoints, with all that a real one would hold. The same every time.

use std::collections::BTreeMap;

use rhaid::metrics::Histogram;
use rhaid::metrics::histogram::to_scaled;
use rhaid::result::{
    CheckResult, Column, Combine, Contains, EndpointResult, Generator, IntervalRow, IntervalValues,
    Intervals, Machine, MetricKind, MetricResult, MetricSeries, MetricValues, Outcome, Priority,
    Run, RunResult, ScenarioResult, SloResult, SloStatus, TimeSeries, Tool, TrendSummary, VERSION,
    Verdict, VerdictStatus,
};
use serde_json::json;

/// An hour, second by second.
const SECONDS: usize = 3_600;
/// Seconds of an interval, so that there are not more than 128.
const INTERVAL: usize = 32;
const INTERVALS: usize = SECONDS.div_ceil(INTERVAL);

const TRENDS: [&str; 11] = [
    "http_req_blocked",
    "http_req_looking_up",
    "http_req_connecting",
    "http_req_tls_handshaking",
    "http_req_sending",
    "http_req_waiting",
    "http_req_receiving",
    "http_req_duration",
    "http_req_corrected",
    "iteration_duration",
    "iteration_lag",
];

/// Numbers in no order, the same each time.
struct Spread(u64);

impl Spread {
    /// From 0 to 1.
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Around `middle`, with a long tail.
    fn time(&mut self, middle: f64) -> f64 {
        middle * (0.4 - (1.0 - self.next()).ln())
    }

    fn times(&mut self, count: usize, middle: f64) -> Vec<Option<f64>> {
        (0..count).map(|_| Some(self.time(middle))).collect()
    }

    fn histogram(&mut self, samples: usize, middle: f64) -> Histogram {
        let mut histogram = Histogram::new();
        for _ in 0..samples {
            histogram.record(to_scaled(self.time(middle)));
        }
        histogram
    }
}

/// The result of an hour's run of so many endpoints.
pub fn an_hour_of(endpoints: usize) -> RunResult {
    let mut spread = Spread(7);
    let names: Vec<String> = (0..endpoints)
        .map(|n| format!("/api/v1/hotels/{n}/rooms/availability"))
        .collect();
    RunResult {
        version: VERSION,
        tool: Tool {
            name: "rhaid".to_owned(),
            version: "0.1.0".to_owned(),
        },
        run: run(),
        options: json!({ "scenarios": { "guests": { "executor": "constant-arrival-rate", "rate": "500/s", "duration": "1h" } } }),
        verdict: Verdict {
            status: VerdictStatus::Pass,
            exit_code: 0,
            strict: false,
            reasons: Vec::new(),
        },
        slos: vec![objective()],
        scenarios: vec![scenario()],
        endpoints: names
            .iter()
            .map(|name| endpoint(&mut spread, name))
            .collect(),
        checks: vec![CheckResult {
            name: "status is 200".to_owned(),
            group: String::new(),
            scenario: String::new(),
            passes: 1_800_000,
            fails: 0,
        }],
        slow_requests: Vec::new(),
        errors: Vec::new(),
        metrics: metrics(&mut spread, &names),
        time_series: time_series(&mut spread),
        intervals: intervals(&mut spread, &names),
        faults: Vec::new(),
        anomalies: Vec::new(),
        generator: Generator {
            cpu_user_seconds: 900.0,
            cpu_system_seconds: 800.0,
            peak_rss_bytes: 80_000_000,
            workers: 2,
        },
    }
}

fn run() -> Run {
    Run {
        id: "20260301-090000-1000".to_owned(),
        script: "scripts/load.rhai".to_owned(),
        script_sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
            .to_owned(),
        reloads: Vec::new(),
        started_at: "2026-03-01T09:00:00Z".to_owned(),
        ended_at: "2026-03-01T10:00:00Z".to_owned(),
        duration_seconds: SECONDS as f64,
        outcome: Outcome::Completed,
        seed: 7,
        git: None,
        machine: Machine {
            os: "linux".to_owned(),
            cpus: 2,
            memory_bytes: 8_000_000_000,
            workers: 2,
            ..Machine::default()
        },
        execution_segment: None,
        scale: 1.0,
        folded_tag_sets: 0,
        notes: Vec::new(),
    }
}

fn objective() -> SloResult {
    SloResult {
        metric: "http_req_duration".to_owned(),
        name: None,
        target: "p(95) < 300ms".to_owned(),
        warn: Some("p(95) < 250ms".to_owned()),
        priority: Priority::P0,
        over: None,
        optional: false,
        abort: false,
        status: SloStatus::Pass,
        actual: Some(171.0),
        actual_text: "171ms".to_owned(),
        margin: Some(0.43),
        unit: "ms".to_owned(),
    }
}

fn scenario() -> ScenarioResult {
    ScenarioResult {
        name: "guests".to_owned(),
        executor: "constant-arrival-rate".to_owned(),
        exec: "iteration".to_owned(),
        description: "500/s for 1h, at most 200 VUs".to_owned(),
        start_seconds: 0.0,
        duration_seconds: SECONDS as f64,
        vus_max: 120,
        iterations: 1_800_000,
        iteration_errors: 0,
        interrupted_iterations: 0,
        dropped_iterations: 12,
        iterations_per_second: 500.0,
        iteration_duration: TrendSummary::default(),
        iteration_lag: TrendSummary::default(),
    }
}

fn summary(spread: &mut Spread, count: u64, middle: f64) -> TrendSummary {
    let mut values: Vec<f64> = (0..9).map(|_| spread.time(middle)).collect();
    values.sort_by(f64::total_cmp);
    let [min, med, avg, p90, p95, p99, p999, max, _] = values[..] else {
        return TrendSummary::default();
    };
    TrendSummary {
        count,
        min,
        max,
        avg,
        med,
        p90,
        p95,
        p99,
        p999,
    }
}

fn endpoint(spread: &mut Spread, name: &str) -> EndpointResult {
    EndpointResult {
        name: name.to_owned(),
        method: "GET".to_owned(),
        scenario: Some("guests".to_owned()),
        group: None,
        requests: 1_800,
        per_second: 0.5,
        failed: 3,
        failed_rate: 3.0 / 1_800.0,
        statuses: BTreeMap::from([("200".to_owned(), 1_797), ("503".to_owned(), 3)]),
        duration: summary(spread, 1_800, 60.0),
        duration_failed: Some(summary(spread, 3, 90.0)),
    }
}

/// For each endpoint two sets of tags: of the requests that went well, and of those that did not.
fn metrics(spread: &mut Spread, names: &[String]) -> Vec<MetricResult> {
    let one = spread.histogram(200, 60.0).to_v2_base64();
    let trends = TRENDS.iter().map(|name| {
        let middle = if *name == "iteration_lag" { 0.2 } else { 60.0 };
        let all = spread.histogram(40_000, middle);
        let total = MetricValues::Trend {
            summary: summary(spread, all.count(), middle),
            histogram: Some(all.to_v2_base64()),
        };
        let series = names
            .iter()
            .flat_map(|endpoint| ["200", "503"].map(|status| (endpoint, status)))
            .map(|(endpoint, status)| MetricSeries {
                tags: tags(endpoint, status),
                values: MetricValues::Trend {
                    summary: summary(spread, 900, 60.0),
                    histogram: Some(one.clone()),
                },
            })
            .collect();
        metric(name, MetricKind::Trend, Contains::Time, total, series)
    });
    let mut metrics: Vec<MetricResult> = trends.collect();
    let counter = |count: f64| MetricValues::Counter {
        count,
        rate: count / SECONDS as f64,
    };
    for name in ["http_reqs", "data_sent", "data_received", "iterations"] {
        let series = names.iter().map(|endpoint| MetricSeries {
            tags: tags(endpoint, "200"),
            values: counter(1_800.0),
        });
        let series = series.collect();
        metrics.push(metric(
            name,
            MetricKind::Counter,
            Contains::Default,
            counter(1_800_000.0),
            series,
        ));
    }
    metrics
}

fn tags(endpoint: &str, status: &str) -> BTreeMap<String, String> {
    let pairs = [
        ("name", endpoint),
        ("method", "GET"),
        ("status", status),
        ("scenario", "guests"),
    ];
    pairs
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

fn metric(
    name: &str,
    kind: MetricKind,
    contains: Contains,
    total: MetricValues,
    series: Vec<MetricSeries>,
) -> MetricResult {
    MetricResult {
        name: name.to_owned(),
        kind,
        contains,
        description: String::new(),
        total,
        series,
    }
}

fn time_series(spread: &mut Spread) -> TimeSeries {
    let counts = [
        "http_reqs",
        "http_req_failures",
        "iterations",
        "dropped_iterations",
        "vus",
        "data_sent",
        "data_received",
    ];
    let times = [
        "http_req_duration_p50",
        "http_req_duration_p95",
        "http_req_duration_p99",
        "http_req_corrected_p99",
        "iteration_lag_p99",
    ];
    let column = |name: &str, unit: &str, combine, values| Column {
        name: name.to_owned(),
        unit: unit.to_owned(),
        combine,
        values,
    };
    let mut columns: Vec<Column> = counts
        .iter()
        .map(|name| {
            let values = (0..SECONDS).map(|_| Some(spread.time(300.0).round()));
            column(name, "", Combine::Sum, values.collect())
        })
        .collect();
    for name in times {
        columns.push(column(
            name,
            "ms",
            Combine::Max,
            spread.times(SECONDS, 80.0),
        ));
    }
    TimeSeries {
        interval_seconds: 1,
        start_seconds: 0.0,
        covered_seconds: SECONDS as u64,
        columns,
    }
}

fn trend(spread: &mut Spread, histograms: Vec<Option<String>>) -> IntervalValues {
    IntervalValues::Trend {
        counts: (0..INTERVALS).map(|_| spread.time(16.0) as u64).collect(),
        means: spread.times(INTERVALS, 60.0),
        medians: spread.times(INTERVALS, 50.0),
        p95s: spread.times(INTERVALS, 150.0),
        histograms,
    }
}

fn intervals(spread: &mut Spread, names: &[String]) -> Intervals {
    let mut rows = Vec::new();
    for metric in TRENDS {
        let whole = metric == "http_req_duration";
        let histograms = match whole {
            true => (0..INTERVALS)
                .map(|_| Some(spread.histogram(16_000, 60.0).to_v2_base64()))
                .collect(),
            false => Vec::new(),
        };
        rows.push(IntervalRow {
            metric: metric.to_owned(),
            tags: BTreeMap::new(),
            values: trend(spread, histograms),
        });
    }
    for name in names {
        let tags = || {
            BTreeMap::from([
                ("name".to_owned(), name.clone()),
                ("method".to_owned(), "GET".to_owned()),
            ])
        };
        rows.push(IntervalRow {
            metric: "http_req_duration".to_owned(),
            tags: tags(),
            values: trend(spread, Vec::new()),
        });
        rows.push(IntervalRow {
            metric: "http_req_failed".to_owned(),
            tags: tags(),
            values: IntervalValues::Rate {
                passes: (0..INTERVALS)
                    .map(|_| u64::from(spread.next() > 0.97))
                    .collect(),
                totals: (0..INTERVALS).map(|_| spread.time(16.0) as u64).collect(),
            },
        });
    }
    Intervals {
        interval_seconds: INTERVAL as u64,
        start_seconds: 0.0,
        covered_seconds: SECONDS as u64,
        rows,
    }
}
