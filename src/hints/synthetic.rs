//! Results of runs that have exactly one thing wrong with them.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::metrics::Histogram;
use crate::metrics::histogram::{from_scaled, to_scaled};
use crate::result::{
    Column, Combine, Contains, EndpointResult, IntervalRow, IntervalValues, Intervals, MetricKind,
    MetricResult, MetricSeries, MetricValues, Reload, RunResult, SloResult, SloStatus, TimeSeries,
    TrendSummary, sample,
};
use crate::slo::Priority;

/// Some requests are much slower than the others.
#[derive(Clone, Copy)]
pub struct Spike {
    pub share: f64,
    pub factor: f64,
}

/// What a made-up run does, second by second.
#[derive(Clone, Copy)]
pub struct Load {
    pub seconds: u64,
    pub rate: fn(u64) -> f64,
    pub median: fn(u64) -> f64,
    /// The share of requests that fail.
    pub failed: fn(u64) -> f64,
    /// How much the level of a second varies (the standard deviation of its logarithm); half of it stays for the next second.
    pub noise: f64,
    pub spike: Option<Spike>,
    pub reload_at: Option<f64>,
    pub lag_p99: f64,
    /// Requests that open a connection, which takes as long as half a response.
    pub connect_share: f64,
    /// Whether one of the two endpoints is five times as slow as the other.
    pub slow_endpoint: bool,
    pub seed: u64,
}

impl Load {
    /// Two minutes in which nothing happens.
    pub fn calm() -> Self {
        Self {
            seconds: 120,
            rate: |_| 100.0,
            median: |_| 40.0,
            failed: |_| 0.0,
            noise: 0.03,
            spike: None,
            reload_at: None,
            lag_p99: 0.4,
            connect_share: 0.01,
            slow_endpoint: false,
            seed: 1,
        }
    }
}

/// A number of the standard normal distribution (Box & Muller 1958).
fn normal(random: &mut StdRng) -> f64 {
    let (a, b): (f64, f64) = (random.random(), random.random());
    (-2.0 * (1.0 - a).ln()).sqrt() * (std::f64::consts::TAU * b).cos()
}

fn summary(histogram: &Histogram) -> TrendSummary {
    let percentile = |p| from_scaled(histogram.value_at_percentile(p) as f64);
    TrendSummary {
        count: histogram.count(),
        min: from_scaled(histogram.min() as f64),
        max: from_scaled(histogram.max() as f64),
        avg: from_scaled(histogram.mean()),
        med: percentile(50.0),
        p90: percentile(90.0),
        p95: percentile(95.0),
        p99: percentile(99.0),
        p999: percentile(99.9),
    }
}

fn trend(histogram: &Histogram) -> MetricValues {
    MetricValues::Trend {
        summary: summary(histogram),
        histogram: Some(histogram.to_v2_base64()),
    }
}

fn metric(name: &str, total: MetricValues, series: Vec<MetricSeries>) -> MetricResult {
    MetricResult {
        name: name.to_owned(),
        kind: total.kind(),
        contains: if total.kind() == MetricKind::Trend {
            Contains::Time
        } else {
            Contains::Default
        },
        description: String::new(),
        total,
        series,
    }
}

const ENDPOINTS: [(&str, &str); 2] = [("GET", "rooms"), ("POST", "reserve")];

fn tags((method, name): (&str, &str)) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("method".to_owned(), method.to_owned()),
        ("name".to_owned(), name.to_owned()),
    ])
}

/// The result of such a run.
pub fn run(load: &Load) -> RunResult {
    let mut random = StdRng::seed_from_u64(load.seed);
    let mut whole = Histogram::new();
    let mut by_endpoint = [Histogram::new(), Histogram::new()];
    let mut connecting = Histogram::new();
    let (mut failed_of, mut requests_of) = ([0u64; 2], [0u64; 2]);
    let mut seconds: Vec<Histogram> = Vec::new();
    let (mut passes, mut totals) = (Vec::new(), Vec::new());
    let mut level = 0.0;
    for second in 0..load.seconds {
        level = 0.5 * level + load.noise * normal(&mut random);
        let median = (load.median)(second) * f64::exp(level);
        let mut now = Histogram::new();
        let mut failed = 0;
        let count = (load.rate)(second) as u64;
        for number in 0..count {
            let at = (number % 2) as usize;
            let mut took = median * f64::exp(0.35 * normal(&mut random));
            if load.slow_endpoint && at == 1 {
                took *= 5.0;
            }
            if let Some(spike) = load.spike
                && random.random::<f64>() < spike.share
            {
                took *= spike.factor;
            }
            let took_scaled = to_scaled(took);
            whole.record(took_scaled);
            by_endpoint[at].record(took_scaled);
            now.record(took_scaled);
            requests_of[at] += 1;
            if random.random::<f64>() < (load.failed)(second) {
                failed += 1;
                failed_of[at] += 1;
            }
            let opens = random.random::<f64>() < load.connect_share;
            connecting.record(if opens { to_scaled(median / 2.0) } else { 0 });
        }
        seconds.push(now);
        passes.push(failed);
        totals.push(count);
    }

    let mut result = sample::passing();
    result.run.duration_seconds = load.seconds as f64;
    result.run.reloads = load
        .reload_at
        .map(|at| Reload {
            at,
            version: 1,
            script_sha256: "0".repeat(64),
        })
        .into_iter()
        .collect();
    result.generator.cpu_user_seconds = 0.1 * load.seconds as f64;
    result.generator.cpu_system_seconds = 0.0;
    let all_failed: u64 = failed_of.iter().sum();
    let all: u64 = requests_of.iter().sum();
    let failed_rate = all_failed as f64 / all as f64;
    let series = ENDPOINTS
        .iter()
        .zip(&by_endpoint)
        .map(|(endpoint, histogram)| MetricSeries {
            tags: tags(*endpoint),
            values: trend(histogram),
        })
        .collect();
    let lag = TrendSummary {
        count: all,
        p99: load.lag_p99,
        ..TrendSummary::default()
    };
    result.metrics = vec![
        metric("http_req_duration", trend(&whole), series),
        metric("http_req_connecting", trend(&connecting), Vec::new()),
        metric(
            "http_req_failed",
            MetricValues::Rate {
                rate: failed_rate,
                passes: all_failed,
                total: all,
            },
            Vec::new(),
        ),
        metric(
            "iteration_lag",
            MetricValues::Trend {
                summary: lag,
                histogram: None,
            },
            Vec::new(),
        ),
    ];
    result.endpoints = ENDPOINTS
        .iter()
        .enumerate()
        .map(|(at, (method, name))| EndpointResult {
            name: (*name).to_owned(),
            method: (*method).to_owned(),
            scenario: None,
            group: None,
            requests: requests_of[at],
            per_second: requests_of[at] as f64 / load.seconds as f64,
            failed: failed_of[at],
            failed_rate: failed_of[at] as f64 / requests_of[at] as f64,
            statuses: BTreeMap::new(),
            duration: summary(&by_endpoint[at]),
            duration_failed: None,
        })
        .collect();
    let each = |of: fn(&TrendSummary) -> f64| {
        let value = |now: &Histogram| Some(of(&summary(now)));
        seconds.iter().map(value).collect::<Vec<_>>()
    };
    result.time_series = TimeSeries {
        interval_seconds: 1,
        start_seconds: 0.0,
        covered_seconds: load.seconds,
        columns: vec![Column {
            name: "http_req_duration_p95".to_owned(),
            unit: "ms".to_owned(),
            combine: Combine::Max,
            values: each(|summary| summary.p95),
        }],
    };
    result.intervals = Intervals {
        interval_seconds: 1,
        start_seconds: 0.0,
        covered_seconds: load.seconds,
        rows: vec![
            IntervalRow {
                metric: "http_req_duration".to_owned(),
                tags: BTreeMap::new(),
                values: IntervalValues::Trend {
                    counts: totals.clone(),
                    means: each(|summary| summary.avg),
                    medians: each(|summary| summary.med),
                    p95s: each(|summary| summary.p95),
                    histograms: seconds.iter().map(|now| Some(now.to_v2_base64())).collect(),
                },
            },
            IntervalRow {
                metric: "http_req_failed".to_owned(),
                tags: BTreeMap::new(),
                values: IntervalValues::Rate { passes, totals },
            },
        ],
    };
    result.errors.clear();
    let total = summary(&whole);
    result.slos = vec![
        objective(
            "http_req_duration",
            "p(95) < 100ms",
            total.p95,
            total.p95 < 100.0,
        ),
        objective(
            "http_req_duration",
            "p(99) < 400ms",
            total.p99,
            total.p99 < 400.0,
        ),
        objective(
            "http_req_failed",
            "rate < 1%",
            failed_rate,
            failed_rate < 0.01,
        ),
    ];
    result
}

fn objective(metric: &str, target: &str, actual: f64, holds: bool) -> SloResult {
    SloResult {
        metric: metric.to_owned(),
        name: None,
        target: target.to_owned(),
        warn: None,
        priority: Priority::P1,
        over: None,
        optional: false,
        abort: false,
        status: if holds {
            SloStatus::Pass
        } else {
            SloStatus::Fail
        },
        actual: Some(actual),
        actual_text: String::new(),
        margin: None,
        unit: String::new(),
    }
}
