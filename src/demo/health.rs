//! `/health/*`: whether the process lives, and whether it wants traffic.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde_json::json;

use super::Demo;
use super::error::ApiError;

/// `GET /health/live`: 200 as long as the process answers.
pub async fn live(State(demo): State<Arc<Demo>>) -> impl IntoResponse {
    Json(json!({ "status": "ok", "uptime_seconds": demo.uptime().as_secs() }))
}

/// `GET /health/ready`: 200, or 503 once the target is shutting down.
pub async fn ready(State(demo): State<Arc<Demo>>) -> Result<impl IntoResponse, ApiError> {
    if demo.draining.load(Ordering::Relaxed) {
        let message = "the target is shutting down";
        return Err(ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "draining",
            message,
        ));
    }
    Ok(Json(
        json!({ "status": "ready", "in_flight": demo.faults.in_flight() }),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::config::DemoConfig;
    use super::super::testing::Client;
    use super::*;

    #[tokio::test]
    async fn a_healthy_target_is_alive_and_ready() {
        let client = Client::default();
        assert_eq!(client.get("/health/live").await.body["status"], "ok");
        assert_eq!(client.get("/health/ready").await.body["status"], "ready");
    }

    #[tokio::test]
    async fn a_target_that_shuts_down_is_alive_but_not_ready() {
        let client = Client::new(DemoConfig::default());
        client.demo.draining.store(true, Ordering::Relaxed);
        assert_eq!(client.get("/health/live").await.status, 200);
        let refused = client.get("/health/ready").await;
        assert_eq!((refused.status, refused.error()), (503, "draining"));
    }
}
