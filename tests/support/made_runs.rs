//! Made-up runs of which the truth is known: log-normal response times around a level that wanders from second to second.
//!
//! The comparison's own tests use them as well as those of the command line and the benchmarks.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use rhaid::metrics::histogram::to_scaled;
use rhaid::metrics::{Contains, Histogram, MetricKind};
use rhaid::result::{
    EndpointResult, IntervalRow, IntervalValues, Intervals, MetricResult, MetricValues, RunResult,
    TrendSummary, ratio,
};
use serde_json::json;

/// How a made-up run goes.
#[derive(Clone, Copy, Debug)]
pub struct Course {
    pub seconds: usize,
    /// Requests a second, on average; how many there are is a Poisson variable.
    pub rate: f64,
    /// Standard deviation of the logarithm of response times within a second.
    pub sigma: f64,
    /// Correlation of the level with that of the second before (AR(1)).
    pub rho: f64,
    /// Standard deviation of the level.
    pub wander: f64,
    /// Median response time, in milliseconds.
    pub median: f64,
    /// Share of requests that fail.
    pub failing: f64,
    /// Endpoints, called with equal chances.
    pub endpoints: usize,
    /// The first endpoint's response times are this many times as long.
    pub slow_first: f64,
    /// In the last so many seconds all requests fail, and take a hundred times as long.
    pub outage: usize,
}

impl Course {
    /// A minute of 200 requests a second.
    pub const PLAIN: Self = Self {
        seconds: 60,
        rate: 200.0,
        sigma: 0.5,
        rho: 0.5,
        wander: 0.02,
        median: 40.0,
        failing: 0.002,
        endpoints: 3,
        slow_first: 1.0,
        outage: 0,
    };
}

/// What is measured of something in one second.
#[derive(Clone, Default)]
struct Second {
    duration: Histogram,
    failed: u64,
}

/// Something that is measured second by second.
#[derive(Clone, Default)]
struct Measured {
    seconds: Vec<Second>,
}

impl Measured {
    fn whole(&self) -> Second {
        let mut whole = Second::default();
        for second in &self.seconds {
            whole.duration.merge(&second.duration);
            whole.failed += second.failed;
        }
        whole
    }

    fn intervals(&self, tags: &BTreeMap<String, String>, histograms: bool) -> [IntervalRow; 2] {
        let summaries: Vec<TrendSummary> = self
            .seconds
            .iter()
            .map(|second| TrendSummary::of(&second.duration))
            .collect();
        let counts: Vec<u64> = summaries.iter().map(|summary| summary.count).collect();
        let of = |value: fn(&TrendSummary) -> f64| {
            let some = summaries
                .iter()
                .map(|summary| (summary.count > 0).then(|| value(summary)));
            some.collect::<Vec<_>>()
        };
        let text =
            |second: &Second| (!second.duration.is_empty()).then(|| second.duration.to_v2_base64());
        let duration = IntervalValues::Trend {
            means: of(|summary| summary.avg),
            medians: of(|summary| summary.med),
            p95s: of(|summary| summary.p95),
            histograms: if histograms {
                self.seconds.iter().map(text).collect()
            } else {
                Vec::new()
            },
            counts: counts.clone(),
        };
        let failed = IntervalValues::Rate {
            passes: self.seconds.iter().map(|second| second.failed).collect(),
            totals: counts,
        };
        [("http_req_duration", duration), ("http_req_failed", failed)].map(|(metric, values)| {
            IntervalRow {
                metric: metric.to_owned(),
                tags: tags.clone(),
                values,
            }
        })
    }
}

struct Dice(StdRng);

impl Dice {
    fn normal(&mut self) -> f64 {
        let (u, v): (f64, f64) = (self.0.random(), self.0.random());
        (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }

    /// Exact for small means, by the normal approximation above.
    fn poisson(&mut self, mean: f64) -> usize {
        if mean > 50.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0) as usize;
        }
        let (limit, mut product, mut count) = ((-mean).exp(), 1.0, 0);
        loop {
            product *= self.0.random::<f64>();
            if product <= limit {
                return count;
            }
            count += 1;
        }
    }
}

/// A run of that course; another seed makes another run of the same thing.
pub fn run(course: &Course, seed: u64) -> RunResult {
    let mut dice = Dice(StdRng::seed_from_u64(seed));
    let mut all = Measured::default();
    let mut each = vec![Measured::default(); course.endpoints];
    let mut level = course.wander * dice.normal();
    for second in 0..course.seconds {
        let is_out = second + course.outage >= course.seconds;
        level = course.rho * level
            + (1.0 - course.rho * course.rho).sqrt() * course.wander * dice.normal();
        let mut total = Second::default();
        let mut parts = vec![Second::default(); course.endpoints];
        for _ in 0..dice.poisson(course.rate) {
            let which = dice.0.random_range(0..course.endpoints);
            let factor = if which == 0 { course.slow_first } else { 1.0 };
            let factor = if is_out { 100.0 * factor } else { factor };
            let time =
                to_scaled(course.median * factor * (level + course.sigma * dice.normal()).exp());
            let failed = u64::from(dice.0.random_bool(course.failing) || is_out);
            for second in [&mut total, &mut parts[which]] {
                second.duration.record(time);
                second.failed += failed;
            }
        }
        all.seconds.push(total);
        for (measured, part) in each.iter_mut().zip(parts) {
            measured.seconds.push(part);
        }
    }
    let mut made = document(course, &all, &each);
    made.run.id = format!("20260301-090507-{:04x}", 0x4f29 + seed);
    made
}

/// A result without any figures.
fn frame(seconds: f64) -> RunResult {
    let document = json!({
        "version": 1,
        "tool": { "name": "rhaid", "version": "0.1.0" },
        "run": {
            "id": "20260301-090507-4f2a",
            "script": "scripts/load.rhai",
            "script_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "started_at": "2026-03-01T09:05:07Z",
            "ended_at": "2026-03-01T09:06:07Z",
            "duration_seconds": seconds,
            "outcome": { "kind": "completed" },
            "seed": 1,
            "git": { "commit": "3b18e512dba79e4c8300dd08aeb37f8e728b8dad", "branch": "main", "dirty": false },
            "machine": {
                "os": "linux", "kernel": "6.12.1", "arch": "x86_64", "cpus": 2, "memory_bytes": 8_000_000_000_u64, "workers": 2,
            },
            "scale": 1.0,
            "notes": [],
        },
        "options": { "scenarios": { "guests": { "executor": "constant-arrival-rate", "rate": 200 } } },
        "verdict": { "status": "pass", "exit_code": 0, "strict": false, "reasons": [] },
        "slos": [],
        "scenarios": [],
        "endpoints": [],
        "checks": [],
        "errors": [],
        "metrics": [],
        "time_series": { "interval_seconds": 1, "start_seconds": 0.0, "covered_seconds": 0, "columns": [] },
        "generator": { "cpu_user_seconds": 9.1, "cpu_system_seconds": 5.4, "peak_rss_bytes": 34_100_000, "workers": 2 },
    });
    serde_json::from_value(document).unwrap()
}

fn document(course: &Course, all: &Measured, each: &[Measured]) -> RunResult {
    let seconds = course.seconds as f64;
    let mut result = frame(seconds);
    let whole = all.whole();
    let requests = whole.duration.count();
    let metric = |name: &str, contains, total: MetricValues, kind| MetricResult {
        name: name.to_owned(),
        kind,
        contains,
        description: String::new(),
        total,
        series: Vec::new(),
    };
    result.metrics = vec![
        metric(
            "http_req_duration",
            Contains::Time,
            MetricValues::Trend {
                summary: TrendSummary::of(&whole.duration),
                histogram: Some(whole.duration.to_v2_base64()),
            },
            MetricKind::Trend,
        ),
        metric(
            "http_req_failed",
            Contains::Default,
            MetricValues::Rate {
                rate: ratio(whole.failed as f64, requests as f64),
                passes: whole.failed,
                total: requests,
            },
            MetricKind::Rate,
        ),
        metric(
            "http_reqs",
            Contains::Default,
            MetricValues::Counter {
                count: requests as f64,
                rate: requests as f64 / seconds,
            },
            MetricKind::Counter,
        ),
    ];
    let sums = all
        .seconds
        .iter()
        .map(|second| second.duration.count() as f64)
        .collect();
    let mut rows = vec![IntervalRow {
        metric: "http_reqs".to_owned(),
        tags: BTreeMap::new(),
        values: IntervalValues::Counter { sums },
    }];
    rows.extend(all.intervals(&BTreeMap::new(), true));
    for (at, measured) in each.iter().enumerate() {
        let name = format!("endpoint {at}");
        let tags = [("name", name.as_str()), ("method", "GET")];
        let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned()));
        rows.extend(measured.intervals(&BTreeMap::from(tags), false));
        let whole = measured.whole();
        let requests = whole.duration.count();
        result.endpoints.push(EndpointResult {
            name,
            method: "GET".to_owned(),
            scenario: None,
            group: None,
            requests,
            per_second: requests as f64 / seconds,
            failed: whole.failed,
            failed_rate: ratio(whole.failed as f64, requests as f64),
            statuses: BTreeMap::new(),
            duration: TrendSummary::of(&whole.duration),
            duration_failed: None,
        });
    }
    result.intervals = Intervals {
        interval_seconds: 1,
        start_seconds: 0.0,
        covered_seconds: course.seconds as u64,
        rows,
    };
    result
}
