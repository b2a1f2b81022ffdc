//! Documents of made-up runs for the tests of this room and of the reports.

mod parts;

use serde_json::json;

use self::parts::*;
use super::*;

/// A run in which every SLO passed.
pub(crate) fn passing() -> RunResult {
    let mut metrics = request_metrics(8_596, 0, 150.0, 123.0);
    metrics.push(rate_metric("checks", 12_894, 12_894));
    metrics.push(trend_metric(
        "reservation_duration",
        Contains::Time,
        trend(2_149, 151.7),
    ));
    metrics.push(trend_metric(
        "health_check_duration",
        Contains::Time,
        trend(150, 0.4127),
    ));
    metrics.push(counter_metric(
        "rooms_booked",
        Contains::Default,
        2_149.0,
        150.0,
    ));
    metrics.push(rate_metric("upsell_accepted", 430, 2_149));
    let queue = MetricValues::Gauge {
        value: 3.0,
        min: 0.0,
        max: 17.0,
    };
    metrics.push(metric("queue_length", Contains::Default, queue));
    let mut series = SeriesBuilder::new(vec![ColumnSpec::new("http_reqs", "", Combine::Sum)], 0.0);
    series.push(&[Some(57.0)]);
    series.push(&[None]);
    let mut whatsapp = scenario(
        "whatsapp",
        "constant-arrival-rate",
        "5/s for 2m30s, at most 20 VUs",
        750,
    );
    whatsapp.vus_max = 4;
    whatsapp.iteration_duration = trend(750, 18.4);
    RunResult {
        version: VERSION,
        tool: Tool {
            name: "rhaid".to_owned(),
            version: "0.1.0".to_owned(),
        },
        run: Run {
            id: "20260301-090507-4f2a".to_owned(),
            script: "scripts/reservation.rhai".to_owned(),
            script_sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
                .to_owned(),
            reloads: Vec::new(),
            started_at: "2026-03-01T09:05:07Z".to_owned(),
            ended_at: "2026-03-01T09:07:38.2Z".to_owned(),
            duration_seconds: 151.2,
            outcome: Outcome::Completed,
            seed: 42,
            git: Some(Git {
                commit: "3b18e512dba79e4c8300dd08aeb37f8e728b8dad".to_owned(),
                branch: Some("main".to_owned()),
                dirty: true,
            }),
            machine: Machine {
                os: "linux".to_owned(),
                kernel: "6.12.1".to_owned(),
                arch: "x86_64".to_owned(),
                cpus: 2,
                memory_bytes: 8_000_000_000,
                workers: 2,
            },
            execution_segment: None,
            scale: 1.0,
            folded_tag_sets: 0,
            notes: Vec::new(),
        },
        options: json!({"scenarios": {"guests": {"executor": "ramping-vus"}}}),
        verdict: Verdict {
            status: VerdictStatus::Pass,
            exit_code: 0,
            strict: false,
            reasons: Vec::new(),
        },
        slos: standard_slos(),
        scenarios: vec![
            scenario(
                "guests",
                "ramping-vus",
                "up to 10 VUs for 2m30s over 2 stages, graceful stop 30s",
                2_149,
            ),
            whatsapp,
        ],
        endpoints: vec![
            endpoint("GET", "availability", 2_149, 0, 61.2),
            endpoint("POST", "reserve", 2_149, 0, 151.7),
            endpoint("GET", "/health/live", 4_298, 0, 0.412),
        ],
        checks: vec![
            check("", "status is 200", 4_298, 0),
            check("booking", "created", 2_149, 0),
            check("booking", "rooms are offered", 6_447, 0),
        ],
        errors: Vec::new(),
        slow_requests: Vec::new(),
        metrics,
        time_series: series.snapshot(),
        intervals: Intervals::default(),
        faults: Vec::new(),
        anomalies: Vec::new(),
        generator: Generator {
            cpu_user_seconds: 9.1,
            cpu_system_seconds: 5.4,
            peak_rss_bytes: 34_100_000,
            workers: 2,
        },
    }
}

/// A run with SLOs of every status, errors, failing checks and more endpoints than are shown.
pub(crate) fn failing() -> RunResult {
    let mut result = passing();
    let third = |text: &str| text.to_owned();
    result.verdict = Verdict {
        status: VerdictStatus::Failed,
        exit_code: 2,
        strict: false,
        reasons: vec![
            third("http_req_duration: p(95) is 3.41s, the target is p(95) < 3s (P0)"),
            third("http_req_failed: no sample, and it is not optional (P0)"),
            third(
                "the script threw in 12 iterations; the first: Property not found: rooms (scripts/reservation.rhai:21)",
            ),
        ],
    };
    let late = |slo: SloResult, status, text, margin| judged(slo, status, text, Some(margin));
    let slos = &mut result.slos;
    slos[0] = late(slos[0].clone(), SloStatus::Critical, "3.41s", -0.137);
    slos[1] = late(slos[1].clone(), SloStatus::Fail, "6.65s", -0.33);
    slos[1].over = Some("30s".to_owned());
    slos[2] = judged(
        slo("http_req_failed", "rate < 1%", Priority::P0, None),
        SloStatus::NoData,
        "",
        None,
    );
    slos[3].status = SloStatus::Warning;
    slos[3].warn = Some("rate > 60".to_owned());
    slos[4] = late(slos[4].clone(), SloStatus::Fail, "97.4%", -0.016);
    result.metrics = request_metrics(8_596, 431, 150.0, 1_664.0);
    result.metrics.push(rate_metric("checks", 12_559, 12_894));
    for metric in &mut result.metrics {
        if let ("http_req_corrected", MetricValues::Trend { summary, .. }) =
            (metric.name.as_str(), &mut metric.total)
        {
            summary.p99 *= 2.6;
        }
    }
    result.scenarios[0].iteration_errors = 12;
    result.scenarios[0].interrupted_iterations = 3;
    result.scenarios[1].dropped_iterations = 1_204;
    result.endpoints = (1..=18u32)
        .map(|n| {
            endpoint(
                "GET",
                &format!("/api/v1/pms/rooms/{n}"),
                400,
                3,
                12.0 * f64::from(n),
            )
        })
        .collect();
    result
        .endpoints
        .push(endpoint("POST", "reserve", 1_396, 377, 2_310.0));
    result.checks = (1..=14)
        .map(|n| check("rooms", &format!("room {n} has a price"), 800, 0))
        .collect();
    result.checks.push(check("", "status is 200", 1_019, 320));
    result
        .checks
        .push(check("booking 予約", "created", 340, 15));
    result.errors = vec![
        ErrorResult {
            kind: ErrorKind::Http,
            code: "500".to_owned(),
            message: "the status is 500 Internal Server Error".to_owned(),
            count: 377,
            first_seconds: 12.4,
            last_seconds: 149.1,
            example: Some(ErrorExample {
                text: "unexpected status 500".to_owned(),
                url: Some("POST http://127.0.0.1:8080/api/v1/reservations".to_owned()),
                scenario: Some("guests".to_owned()),
                vu: Some(3),
                iteration: Some(17),
                trace_id: None,
                request: Some(MessageExample {
                    start: "POST http://127.0.0.1:8080/api/v1/reservations".to_owned(),
                    headers: vec![HeaderExample {
                        name: "authorization".to_owned(),
                        value: "***".to_owned(),
                    }],
                    body: "{\n  \"room\": \"r-7\"\n}".to_owned(),
                }),
                response: Some(MessageExample {
                    start: "HTTP/1.1 500".to_owned(),
                    headers: vec![HeaderExample {
                        name: "content-type".to_owned(),
                        value: "application/json".to_owned(),
                    }],
                    body: "{\n  \"error\": \"no connection to the database\"\n}".to_owned(),
                }),
            }),
        },
        ErrorResult {
            kind: ErrorKind::Script,
            code: "property-not-found".to_owned(),
            message: "Property not found: rooms".to_owned(),
            count: 12,
            first_seconds: 30.0,
            last_seconds: 31.0,
            example: Some(ErrorExample {
                text: "scripts/reservation.rhai:21:30\n21 |     let room = rooms.json.rooms[0];\n   |                          \u{1b}[31m^^^^^\u{1b}[0m".to_owned(),
                scenario: Some("guests".to_owned()),
                vu: Some(1),
                iteration: Some(4),
                ..ErrorExample::default()
            }),
        },
    ];
    result.run.notes = vec![third(
        "1,204 arrivals found no free virtual user: raise `max_vus` of `whatsapp`, or lower its rate",
    )];
    result.generator.cpu_user_seconds = 240.0;
    result.generator.cpu_system_seconds = 55.0;
    result
}

/// A run that sent nothing.
pub(crate) fn empty() -> RunResult {
    let mut result = passing();
    result.verdict = Verdict {
        status: VerdictStatus::Failed,
        exit_code: 2,
        strict: false,
        reasons: vec!["http_req_duration: no sample, and it is not optional (P0)".to_owned()],
    };
    result.slos = vec![judged(
        slo("http_req_duration", "p(95) < 3s", Priority::P0, None),
        SloStatus::NoData,
        "",
        None,
    )];
    result.scenarios = vec![scenario(
        "default",
        "shared-iterations",
        "1 iteration shared by 1 VU",
        0,
    )];
    result.endpoints.clear();
    result.checks.clear();
    result.metrics = request_metrics(0, 0, 0.0, 0.0);
    result.run.duration_seconds = 0.018;
    result.run.git = None;
    result.time_series = TimeSeries::default();
    result.generator = Generator {
        cpu_user_seconds: 0.01,
        workers: 2,
        ..Generator::default()
    };
    result
}

/// A run that was stopped by hand after twelve seconds.
pub(crate) fn interrupted() -> RunResult {
    let mut result = passing();
    result.verdict = Verdict {
        status: VerdictStatus::Interrupted,
        exit_code: 130,
        strict: false,
        reasons: vec!["interrupted after 12.3s of 2m30s".to_owned()],
    };
    result.run.outcome = Outcome::Interrupted;
    result.run.duration_seconds = 12.3;
    result.run.scale = 0.05;
    result.run.execution_segment = Some("0:1/2".to_owned());
    result.scenarios.truncate(1);
    result.scenarios[0].interrupted_iterations = 7;
    result.endpoints.truncate(1);
    result
}

/// Every sample with a name.
pub(crate) fn all() -> [(&'static str, RunResult); 4] {
    [
        ("passing", passing()),
        ("failing", failing()),
        ("empty", empty()),
        ("interrupted", interrupted()),
    ]
}
