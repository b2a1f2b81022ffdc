//! What keeps a service up when what it depends on is down, with a switch for each: a circuit breaker, a timeout, answers to
//! fall back on, a bulkhead and a rate limit. And the troubles that they are for: a property management system (PMS) that is
//! slow or fails, and few workers.
//!
//! All of it is off until it is switched on, and then checks that look for it have something to find; with a switch off, or
//! with a trouble of its own, they have something to report.

mod breaker;
mod bucket;
mod switches;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode};
use tokio::sync::Semaphore;

use super::error::ApiError;
use super::routes::Route;
use breaker::{Admission, Breaker};
use bucket::Bucket;
pub use switches::{Broken, Pms, Switches};

/// Marks an answer that does not come from the PMS.
const FALLBACK: HeaderName = HeaderName::from_static("x-fallback");

/// The switches of one target.
#[derive(Debug, Default)]
pub struct Resilience {
    /// So that nothing is locked while all is off.
    on: AtomicBool,
    current: Mutex<Option<Arc<Guards>>>,
}

/// What the switches made.
#[derive(Debug, Default)]
struct Guards {
    switches: Switches,
    breaker: Option<Breaker>,
    bulkhead: Option<Semaphore>,
    workers: Option<Semaphore>,
    bucket: Option<Bucket>,
}

impl Resilience {
    /// Turns these on and all others off. Breakers begin closed, and buckets full.
    pub fn switch(&self, switches: Switches) {
        let places = |number: std::num::NonZeroU16| Semaphore::new(usize::from(number.get()));
        let guards = Guards {
            breaker: switches.breaker.map(Breaker::new),
            bulkhead: switches.bulkhead.map(places),
            workers: switches.workers.map(places),
            bucket: switches.rate_limit.map(Bucket::new),
            switches,
        };
        let is_on = guards.switches != Switches::default();
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        *current = is_on.then(|| Arc::new(guards));
        self.on.store(is_on, Ordering::Release);
    }

    /// Changes what the PMS does and leaves everything else as it is, breakers included.
    pub fn trouble(&self, pms: Pms) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let guards = current.get_or_insert_default();
        guards.switches.pms.set(pms);
        self.on.store(true, Ordering::Release);
    }

    fn guards(&self) -> Option<Arc<Guards>> {
        if !self.on.load(Ordering::Acquire) {
            return None;
        }
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.clone()
    }

    /// How the hotel's books are to be wrong.
    pub fn broken(&self) -> Option<Broken> {
        self.guards().and_then(|guards| guards.switches.broken)
    }

    /// Serves a request behind all that is switched on.
    pub async fn pass(&self, route: Route, request: Request, next: Next) -> Response {
        let Some(guards) = self.guards() else {
            return next.run(request).await;
        };
        let is_a_switch = matches!(route, Route::Switches | Route::Pms | Route::Login);
        let is_of_api = !is_a_switch && request.uri().path().starts_with("/api/");
        if !is_of_api {
            return next.run(request).await;
        }
        if let Some(wait) = guards.bucket.as_ref().and_then(Bucket::take) {
            return too_many(wait, guards.bucket.as_ref().is_some_and(Bucket::is_silent));
        }
        if !matches!(route, Route::Availability | Route::RoomTypes) {
            let _worker = worker(&guards).await;
            return next.run(request).await;
        }
        match ask_pms(&guards).await {
            Ok(()) => next.run(request).await,
            // What was known last: the hotel's own books, here.
            Err(_) if guards.switches.fallback => {
                let mut response = next.run(request).await;
                response
                    .headers_mut()
                    .insert(FALLBACK, HeaderValue::from_static("stale"));
                response
            }
            Err(refusal) => refusal.into_response(),
        }
    }
}

/// A worker, waited for if there are so few.
async fn worker(guards: &Guards) -> Option<tokio::sync::SemaphorePermit<'_>> {
    // It is never closed.
    guards.workers.as_ref()?.acquire().await.ok()
}

/// A call of the PMS, or what kept it from being made or answered.
async fn ask_pms(guards: &Guards) -> Result<(), ApiError> {
    let mut trial = match guards
        .breaker
        .as_ref()
        .map(|breaker| breaker.admit(Instant::now()))
    {
        Some(Admission::Refused(wait)) => {
            let message = "the PMS failed so often that it is not asked for a while";
            let error = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "circuit_open", message);
            return Err(error.retry_after(wait));
        }
        Some(Admission::Let(trial)) => Some(trial),
        None => None,
    };
    let _place = match guards.bulkhead.as_ref().map(Semaphore::try_acquire) {
        Some(Err(_)) => {
            if let Some(trial) = trial.as_mut() {
                trial.withdraw();
            }
            let message = "as many wait for the PMS as may";
            let error = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "bulkhead_full", message);
            return Err(error.retry_after(Duration::from_secs(1)));
        }
        place => place,
    };
    let _worker = worker(guards).await;
    let pms = guards.switches.pms.get();
    let limit = guards.switches.timeout();
    let is_late = limit.is_some_and(|limit| pms.delay() > limit);
    tokio::time::sleep(limit.map_or(pms.delay(), |limit| pms.delay().min(limit))).await;
    if let Some(trial) = trial.as_mut() {
        trial.ended(!is_late && !pms.failing, Instant::now());
    }
    if is_late {
        let message = "the PMS did not answer in time";
        return Err(ApiError::new(
            StatusCode::GATEWAY_TIMEOUT,
            "pms_timeout",
            message,
        ));
    }
    if pms.failing {
        return Err(ApiError::new(
            StatusCode::BAD_GATEWAY,
            "pms_failed",
            "the PMS failed",
        ));
    }
    Ok(())
}

fn too_many(wait: Duration, silent: bool) -> Response {
    let message = "too many requests; come back when Retry-After says so";
    let error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", message);
    match silent {
        true => error.into_response(),
        false => error.retry_after(wait).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::Client;

    const PATH: &str = "/api/v1/pms/room-types";

    async fn switched(switches: serde_json::Value) -> Client {
        let client = Client::default();
        let answer = switch(&client, switches).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        client
    }

    async fn switch(client: &Client, switches: serde_json::Value) -> super::super::testing::Answer {
        let token = client.log_in().await;
        let headers = [("authorization", token.as_str())];
        let path = "/api/v1/admin/resilience";
        client
            .send(http::Method::POST, path, &headers, &switches.to_string())
            .await
    }

    #[tokio::test(start_paused = true)]
    async fn a_timeout_a_fallback_and_a_failure_are_told_apart() {
        let client = switched(json!({ "pms": { "delay_ms": 500 }, "timeout_ms": 100 })).await;
        let late = client.get(PATH).await;
        assert_eq!((late.status, late.error()), (504, "pms_timeout"));
        switch(&client, json!({ "pms": { "failing": true } })).await;
        let failed = client.get(PATH).await;
        assert_eq!((failed.status, failed.error()), (502, "pms_failed"));
        switch(
            &client,
            json!({ "pms": { "failing": true }, "fallback": true }),
        )
        .await;
        let fallback = client.get(PATH).await;
        assert_eq!(
            (fallback.status, fallback.header("x-fallback")),
            (200, "stale")
        );
        switch(&client, json!({})).await;
        let sound = client.get(PATH).await;
        assert_eq!((sound.status, sound.header("x-fallback")), (200, ""));
    }

    #[tokio::test]
    async fn a_breaker_opens_and_closes_again() {
        let breaker = json!({ "threshold": 3, "open_ms": 50 });
        let client = switched(json!({ "pms": { "failing": true }, "breaker": breaker })).await;
        let mut statuses = Vec::new();
        for _ in 0..5 {
            statuses.push(client.get(PATH).await.status);
        }
        assert_eq!(statuses, [502, 502, 502, 503, 503]);
        // Bookings do not ask the PMS.
        assert_eq!(client.reserve("Ada").await.status, 201);
        let token = client.log_in().await;
        let headers = [("authorization", token.as_str())];
        let path = "/api/v1/admin/pms";
        client.send(http::Method::POST, path, &headers, "{}").await;
        assert_eq!(client.get(PATH).await.error(), "circuit_open");
        tokio::time::sleep(std::time::Duration::from_millis(60)).await;
        assert_eq!(client.get(PATH).await.status, 200);
    }

    #[tokio::test]
    async fn beyond_its_rate_a_request_is_told_when_to_come_back() {
        let limit = json!({ "per_second": 1, "burst": 2 });
        let client = switched(json!({ "rate_limit": limit })).await;
        assert_eq!(client.get(PATH).await.status, 200);
        assert_eq!(client.get(PATH).await.status, 200);
        let refused = client.get(PATH).await;
        assert_eq!((refused.status, refused.error()), (429, "rate_limited"));
        assert_eq!(refused.header("retry-after"), "1");
        assert_eq!(client.get("/health/live").await.status, 200);
    }

    #[tokio::test]
    async fn what_is_no_switch_is_refused() {
        for wrong in [
            json!({ "braker": {} }),
            json!({ "breaker": { "threshold": 0, "open_ms": 1 } }),
            json!({ "broken": "glass" }),
            json!(7),
        ] {
            let client = Client::default();
            let answer = switch(&client, wrong.clone()).await;
            assert_eq!(
                (answer.status, answer.error()),
                (400, "bad_json"),
                "{wrong}"
            );
        }
        let client = Client::default();
        let path = "/api/v1/admin/resilience";
        assert_eq!(client.post(path, json!({})).await.status, 401);
    }
}
