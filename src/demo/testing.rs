//! What the tests of the endpoints share: a client that calls the router without a network.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use http::{HeaderMap, Method};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{Demo, DemoConfig, routed};

/// A target and its router.
pub struct Client {
    pub demo: Arc<Demo>,
    router: Router,
}

/// An answer. `body` is the JSON, or else the text as a JSON string.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    /// The code of a refusal, which must have a message too.
    pub fn error(&self) -> &str {
        assert!(
            self.body["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{self:?}"
        );
        self.body["error"].as_str().unwrap()
    }

    /// A header's text, empty when it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new(DemoConfig::default())
    }
}

impl Client {
    pub fn new(config: DemoConfig) -> Self {
        let demo = Arc::new(Demo::new(config));
        Self {
            router: routed(demo.clone()),
            demo,
        }
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let (parts, body) = self
            .router
            .clone()
            .oneshot(request)
            .await
            .unwrap()
            .into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let text = || String::from_utf8_lossy(&bytes).into_owned().into();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: serde_json::from_slice(&bytes).unwrap_or_else(|_| text()),
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, &[], &body.to_string()).await
    }

    /// A reservation of a double room for one night.
    pub async fn reserve(&self, guest: &str) -> Answer {
        self.post(
            "/api/v1/reservations",
            json!({ "room": "room-double", "guest": guest }),
        )
        .await
    }

    /// The value of the `authorization` header of whoever has logged in.
    pub async fn log_in(&self) -> String {
        let answer = self
            .post("/api/v1/admin/login", json!({ "user": "qa" }))
            .await;
        format!("Bearer {}", answer.body["token"].as_str().unwrap())
    }
}
