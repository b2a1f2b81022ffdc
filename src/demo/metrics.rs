//! `/metrics`: what the target saw, in Prometheus' text format, version 0.0.4. Counters are atomics:
//! no request takes a lock to be counted.

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::response::IntoResponse;
use http::{StatusCode, header};

use super::Demo;
use super::catalog::RoomKind;
use super::reservation::Status;
use super::routes::Route;

/// Statuses that the target answers with; any other is counted as `other`.
const STATUSES: [u16; 15] = [
    200, 201, 400, 401, 403, 404, 405, 409, 413, 422, 429, 500, 502, 503, 504,
];

/// Upper bounds of the latency histogram's buckets, in microseconds and as labels in seconds.
const BUCKETS: [(u128, &str); 11] = [
    (500, "0.0005"),
    (1_000, "0.001"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (5_000_000, "5"),
];

#[derive(Debug, Default)]
struct PerRoute {
    statuses: [AtomicU64; STATUSES.len() + 1],
    /// Requests in each bucket alone; the last is for those beyond every bound.
    buckets: [AtomicU64; BUCKETS.len() + 1],
    micros: AtomicU64,
}

/// Counters of one target.
#[derive(Debug, Default)]
pub struct Metrics {
    routes: [PerRoute; Route::ALL.len()],
    /// Requests failed on purpose.
    pub injected_errors: AtomicU64,
    /// Requests refused for want of capacity.
    pub refused: AtomicU64,
    /// WhatsApp messages received.
    pub messages: AtomicU64,
}

impl Metrics {
    /// Counts an answered request.
    pub fn record(&self, route: Route, status: StatusCode, took: Duration) {
        let Some(counters) = self.routes.get(route as usize) else {
            return;
        };
        let known = STATUSES.iter().position(|&known| known == status.as_u16());
        let micros = took.as_micros();
        let bucket = BUCKETS.iter().position(|&(bound, _)| micros <= bound);
        let status = counters.statuses.get(known.unwrap_or(STATUSES.len()));
        let bucket = counters.buckets.get(bucket.unwrap_or(BUCKETS.len()));
        for counter in [status, bucket].into_iter().flatten() {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        let micros = u64::try_from(micros).unwrap_or(u64::MAX);
        counters.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// Requests answered so far.
    pub fn requests(&self) -> u64 {
        self.routes
            .iter()
            .flat_map(|route| &route.statuses)
            .map(read)
            .sum()
    }
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

/// `GET /metrics`.
pub async fn page(State(demo): State<Arc<Demo>>) -> impl IntoResponse {
    let content_type = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, content_type)], render(&demo))
}

fn render(demo: &Demo) -> String {
    let mut page = Page(String::with_capacity(8192));
    let metrics = &demo.metrics;
    requests(&mut page, metrics);
    latencies(&mut page, metrics);

    let in_flight = demo.faults.in_flight();
    page.gauge(
        "http_requests_in_flight",
        "Requests being served.",
        in_flight,
    );
    let refused = read(&metrics.refused);
    page.counter(
        "http_requests_refused_total",
        "Requests refused for want of capacity.",
        refused,
    );
    let injected = read(&metrics.injected_errors);
    page.counter(
        "demo_injected_errors_total",
        "Requests failed on purpose.",
        injected,
    );
    let callbacks = &demo.callbacks;
    page.counter(
        "demo_callbacks_delivered_total",
        "Callbacks that were answered with success.",
        read(&callbacks.delivered),
    );
    page.counter(
        "demo_callbacks_failed_total",
        "Attempts at a callback that were not.",
        read(&callbacks.failed),
    );
    let messages = read(&metrics.messages);
    page.counter(
        "whatsapp_messages_total",
        "WhatsApp messages received.",
        messages,
    );

    let name = "hotel_rooms_available";
    page.family(
        name,
        "gauge",
        "Rooms free on the night that is booked by default.",
    );
    for (room, free) in RoomKind::ALL.into_iter().zip(demo.rooms_free_by_default()) {
        page.sample(
            format_args!("{name}{{type=\"{}\"}}", room.spec().kind),
            free,
        );
    }
    let census = demo.hotel.census();
    let name = "hotel_reservations";
    page.family(name, "gauge", "Reservations kept, by state.");
    for (status, count) in [
        (Status::Held, census.held),
        (Status::Confirmed, census.confirmed),
        (Status::Cancelled, census.cancelled),
    ] {
        page.sample(
            format_args!("{name}{{state=\"{}\"}}", status.as_str()),
            count,
        );
    }
    page.0
}

fn requests(page: &mut Page, metrics: &Metrics) {
    let name = "http_requests_total";
    page.family(name, "counter", "Requests answered, by route and status.");
    for (route, counters) in Route::ALL.into_iter().zip(&metrics.routes) {
        let path = route.path();
        let labels = STATUSES
            .iter()
            .map(u16::to_string)
            .chain(["other".to_owned()]);
        for (status, counter) in labels.zip(&counters.statuses) {
            let count = read(counter);
            if count > 0 {
                page.sample(
                    format_args!("{name}{{route=\"{path}\",status=\"{status}\"}}"),
                    count,
                );
            }
        }
    }
}

fn latencies(page: &mut Page, metrics: &Metrics) {
    let name = "http_request_duration_seconds";
    let help = "Time to answer a request, by route, delays made on purpose included.";
    page.family(name, "histogram", help);
    for (route, counters) in Route::ALL.into_iter().zip(&metrics.routes) {
        let counts: Vec<u64> = counters.buckets.iter().map(read).collect();
        let total: u64 = counts.iter().sum();
        if total == 0 {
            continue;
        }
        let path = route.path();
        let mut up_to_here = 0;
        let bounds = BUCKETS.iter().map(|(_, label)| *label).chain(["+Inf"]);
        for (bound, count) in bounds.zip(counts) {
            up_to_here += count;
            page.sample(
                format_args!("{name}_bucket{{route=\"{path}\",le=\"{bound}\"}}"),
                up_to_here,
            );
        }
        let seconds = Duration::from_micros(read(&counters.micros)).as_secs_f64();
        page.sample(format_args!("{name}_sum{{route=\"{path}\"}}"), seconds);
        page.sample(format_args!("{name}_count{{route=\"{path}\"}}"), total);
    }
}

/// The text as it grows. No label needs escaping: all are ours.
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.write(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    fn sample(&mut self, series: fmt::Arguments<'_>, value: impl fmt::Display) {
        self.write(format_args!("{series} {value}\n"));
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.family(name, "counter", help);
        self.sample(format_args!("{name}"), value);
    }

    fn gauge(&mut self, name: &str, help: &str, value: usize) {
        self.family(name, "gauge", help);
        self.sample(format_args!("{name}"), value);
    }

    fn write(&mut self, text: fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.0.write_fmt(text);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Client;
    use super::*;

    #[test]
    fn buckets_are_cumulative_and_end_with_all_requests() {
        let metrics = Metrics::default();
        for micros in [100, 900, 10_000_000] {
            metrics.record(Route::Live, StatusCode::OK, Duration::from_micros(micros));
        }
        let mut page = Page(String::new());
        latencies(&mut page, &metrics);
        let counts: Vec<&str> = page
            .0
            .lines()
            .filter(|line| line.contains("_bucket"))
            .filter_map(|line| line.split(' ').next_back())
            .collect();
        assert_eq!(
            counts,
            ["1", "2", "2", "2", "2", "2", "2", "2", "2", "2", "2", "3"]
        );
        assert!(
            page.0
                .contains("http_request_duration_seconds_count{route=\"/health/live\"} 3\n")
        );
        assert!(
            page.0
                .contains("http_request_duration_seconds_sum{route=\"/health/live\"} 10.001\n")
        );
    }

    #[test]
    fn a_status_that_is_not_foreseen_is_counted_as_other() {
        let metrics = Metrics::default();
        metrics.record(Route::Other, StatusCode::IM_A_TEAPOT, Duration::ZERO);
        let mut page = Page(String::new());
        requests(&mut page, &metrics);
        assert!(
            page.0
                .ends_with("http_requests_total{route=\"other\",status=\"other\"} 1\n"),
            "{}",
            page.0
        );
        assert_eq!(metrics.requests(), 1);
    }

    #[tokio::test]
    async fn the_page_counts_requests_by_route_and_reservations_by_state() {
        let client = Client::default();
        let id = client.reserve("Ada").await.body["id"]
            .as_str()
            .unwrap()
            .to_owned();
        client.reserve("Bob").await;
        client.get(&format!("/api/v1/reservations/{id}")).await;
        client.get("/nowhere").await;
        let answer = client.get("/metrics").await;
        assert_eq!(
            answer.header("content-type"),
            "text/plain; version=0.0.4; charset=utf-8"
        );
        let page = answer.body.as_str().unwrap();
        for line in [
            "http_requests_total{route=\"/api/v1/reservations\",status=\"201\"} 2",
            "http_requests_total{route=\"/api/v1/reservations/{id}\",status=\"200\"} 1",
            "http_requests_total{route=\"other\",status=\"404\"} 1",
            "http_request_duration_seconds_count{route=\"/api/v1/reservations\"} 2",
            "http_requests_in_flight 0",
            "hotel_reservations{state=\"held\"} 2",
            "hotel_reservations{state=\"cancelled\"} 0",
            "hotel_rooms_available{type=\"double\"} 99998",
        ] {
            assert!(
                page.lines().any(|one| one == line),
                "{line} is missing in\n{page}"
            );
        }
    }

    #[tokio::test]
    async fn every_sample_belongs_to_a_family_with_a_type() {
        let client = Client::default();
        client.reserve("Ada").await;
        let answer = client.get("/metrics").await;
        let mut family = "";
        for line in answer.body.as_str().unwrap().lines() {
            if let Some(declared) = line.strip_prefix("# TYPE ") {
                family = declared.split(' ').next().unwrap();
            } else if !line.starts_with('#') {
                assert!(line.starts_with(family) && !family.is_empty(), "{line}");
                assert!(
                    line.rsplit(' ').next().unwrap().parse::<f64>().is_ok(),
                    "{line}"
                );
            }
        }
    }
}
