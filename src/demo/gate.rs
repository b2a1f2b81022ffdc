//! What every request passes before its handler and after it: capacity, delay, errors, counting.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::Demo;
use super::error::ApiError;
use super::routes::Route;

/// Serves a request, or misbehaves as configured, and counts the answer. `/metrics` is exempt from
/// every fault, so that they can be watched; errors on purpose befall only paths under `/api`.
pub async fn pass(State(demo): State<Arc<Demo>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let route = Route::of(request.uri().path());
    let response = match route {
        Route::Metrics => next.run(request).await,
        _ => with_faults(&demo, request, next).await,
    };
    demo.metrics
        .record(route, response.status(), began.elapsed());
    response
}

async fn with_faults(demo: &Demo, request: Request, next: Next) -> Response {
    let Some(_place) = demo.faults.enter() else {
        demo.metrics.refused.fetch_add(1, Ordering::Relaxed);
        return ApiError::over_capacity().into_response();
    };
    let fate = demo.faults.next();
    if !fate.delay.is_zero() {
        tokio::time::sleep(fate.delay).await;
    }
    if fate.fails && request.uri().path().starts_with("/api/") {
        demo.metrics.injected_errors.fetch_add(1, Ordering::Relaxed);
        let message = "this request was failed on purpose, as the error rate asks";
        return ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "injected_error", message)
            .into_response();
    }
    let route = Route::of(request.uri().path());
    demo.resilience.pass(route, request, next).await
}

#[cfg(test)]
mod tests {
    use super::super::config::DemoConfig;
    use super::super::testing::Client;
    use std::time::Duration;

    async fn statuses(seed: u64) -> Vec<u16> {
        let client = Client::new(DemoConfig {
            error_rate: 0.5,
            seed,
            ..DemoConfig::default()
        });
        let mut statuses = Vec::new();
        for _ in 0..50 {
            statuses.push(client.get("/api/v1/pms/room-types").await.status);
        }
        statuses
    }

    #[tokio::test]
    async fn a_seed_decides_which_requests_fail() {
        let first = statuses(1).await;
        assert!(first.contains(&200) && first.contains(&500), "{first:?}");
        assert_eq!(first, statuses(1).await);
        assert_ne!(first, statuses(2).await);
    }

    #[tokio::test]
    async fn health_and_metrics_do_not_fail_however_high_the_error_rate() {
        let client = Client::new(DemoConfig {
            error_rate: 1.0,
            ..DemoConfig::default()
        });
        for path in ["/health/live", "/health/ready", "/metrics"] {
            assert_eq!(client.get(path).await.status, 200, "{path}");
        }
        let failed = client.reserve("Ada").await;
        assert_eq!((failed.status, failed.error()), (500, "injected_error"));
        assert_eq!(
            client.demo.hotel.census().created,
            0,
            "a failed request books nothing"
        );
    }

    #[tokio::test]
    async fn a_request_beyond_the_capacity_is_refused_and_told_when_to_come_back() {
        let client = Client::new(DemoConfig {
            capacity: Some(1),
            ..DemoConfig::default()
        });
        let place = client.demo.faults.enter();
        let refused = client.get("/health/live").await;
        assert_eq!((refused.status, refused.error()), (503, "over_capacity"));
        assert_eq!(refused.header("retry-after"), "1");
        assert_eq!(client.get("/metrics").await.status, 200);
        drop(place);
        assert_eq!(client.get("/health/live").await.status, 200);
        assert_eq!(client.demo.faults.in_flight(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn every_request_but_for_metrics_waits_for_the_delay() {
        let client = Client::new(DemoConfig {
            delay: Duration::from_secs(3),
            ..DemoConfig::default()
        });
        for (path, waits) in [
            ("/health/live", 3),
            ("/api/v1/pms/room-types", 3),
            ("/metrics", 0),
        ] {
            let began = tokio::time::Instant::now();
            client.get(path).await;
            assert_eq!(began.elapsed().as_secs(), waits, "{path}");
        }
    }
}
