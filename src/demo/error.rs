//! Answers that say no: `{"error": code, "message": for people, …}`.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{AUTHORIZATION, AsHeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value};

/// A request's body, or why it could not be read.
pub type Body = Result<Bytes, BytesRejection>;

/// A refusal. `error` is a stable code for programs, `message` is for people, `fields` names what
/// is wrong with which part of the request.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    /// Boxed: every handler's result has room for a refusal, and few are refusals.
    body: Box<Map<String, Value>>,
    header: Option<(HeaderName, HeaderValue)>,
}

impl ApiError {
    /// A refusal with its code and its sentence.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let mut body = Box::new(Map::new());
        body.insert("error".to_owned(), code.into());
        body.insert("message".to_owned(), Value::String(message.into()));
        Self {
            status,
            body,
            header: None,
        }
    }

    /// Adds a field to the body.
    pub fn with(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.body.insert(key.to_owned(), value.into());
        self
    }

    fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.header = Some((name, value));
        self
    }

    /// Adds the time after which to try again, in whole seconds as the header has it: one at least.
    pub fn retry_after(self, wait: Duration) -> Self {
        let seconds = wait.as_secs_f64().ceil().max(1.0) as u64;
        self.header(RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// 401, saying how to get a token.
    pub fn unauthorized() -> Self {
        let message = format!(
            "send `{AUTHORIZATION}: Bearer TOKEN` with a token from POST /api/v1/admin/login that has not expired"
        );
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
            .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// 503, with the time after which to try again.
    pub fn over_capacity() -> Self {
        let message = "too many requests at once; try again in a second";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "over_capacity", message)
            .retry_after(Duration::from_secs(1))
    }

    /// 422 for a request whose parts are wrong in a way that none of them was reported for.
    pub fn unread() -> Self {
        let message = "the request could not be read";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request", message)
    }

    /// 400 for a body that is not the JSON expected.
    pub fn bad_json(error: &serde_json::Error) -> Self {
        let message = format!("the body is not the JSON expected here: {error}");
        Self::new(StatusCode::BAD_REQUEST, "bad_json", message)
    }
}

impl From<BytesRejection> for ApiError {
    fn from(rejection: BytesRejection) -> Self {
        let code = match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => "body_too_large",
            _ => "body_unreadable",
        };
        Self::new(rejection.status(), code, rejection.body_text())
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self::new(status, "invalid_query", rejection.body_text())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// What is wrong with a request, by field; all of it, so that one answer is enough to mend it.
#[derive(Debug, Default)]
pub struct FieldErrors(Map<String, Value>);

impl FieldErrors {
    /// Reports a field; `message` continues a sentence that its name begins.
    pub fn add(&mut self, field: &'static str, message: impl Into<String>) {
        self.0
            .insert(field.to_owned(), Value::String(message.into()));
    }

    /// 422 with everything that was reported, if anything was.
    pub fn refusal(self, code: &'static str) -> Option<ApiError> {
        if self.0.is_empty() {
            return None;
        }
        let listed: Vec<String> = self
            .0
            .iter()
            .map(|(field, message)| format!("`{field}` {}", message.as_str().unwrap_or_default()))
            .collect();
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Some(ApiError::new(status, code, listed.join("; ")).with("fields", self.0))
    }
}

/// The value of a header, if it is there and is text.
pub fn header_text(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_refusal_names_every_wrong_field() {
        let mut errors = FieldErrors::default();
        errors.add("room", "is required");
        errors.add("guest", "is required");
        let refusal = errors.refusal("invalid_reservation").unwrap();
        assert_eq!(refusal.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(
            refusal.body["message"],
            "`room` is required; `guest` is required"
        );
        assert_eq!(refusal.body["fields"]["guest"], "is required");
    }

    #[test]
    fn nothing_reported_is_no_refusal() {
        assert!(
            FieldErrors::default()
                .refusal("invalid_reservation")
                .is_none()
        );
    }
}
