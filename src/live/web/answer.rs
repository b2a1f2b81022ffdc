//! Answers of the API: JSON, and what went wrong in a sentence.

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::guard::Refused;
use super::shape::{Done, Problem};
use super::steering::Refusal;

/// What is answered when something cannot be done.
#[derive(Debug)]
pub struct Wrong {
    pub status: StatusCode,
    pub text: String,
}

impl Wrong {
    pub fn new(status: StatusCode, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { status, text }
    }

    pub fn response(&self) -> Response<Body> {
        let problem = Problem {
            error: self.text.clone(),
        };
        json(self.status, &problem)
    }
}

impl From<Refusal> for Wrong {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal {
            Refusal::Unknown(_) => StatusCode::NOT_FOUND,
            Refusal::NotNow(_) => StatusCode::CONFLICT,
        };
        Self::new(status, refusal.to_string())
    }
}

impl From<Refused> for Wrong {
    fn from(refused: Refused) -> Self {
        let status = match refused {
            Refused::Host => StatusCode::MISDIRECTED_REQUEST,
            Refused::Origin | Refused::Header => StatusCode::FORBIDDEN,
            Refused::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Refused::NoToken | Refused::WrongToken => StatusCode::UNAUTHORIZED,
            Refused::TooMany => StatusCode::TOO_MANY_REQUESTS,
        };
        Self::new(status, refused.to_string())
    }
}

/// A handler's answer.
pub type Answer = Result<Response<Body>, Wrong>;

/// A document.
pub fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    let text = serde_json::to_vec(value).unwrap_or_default();
    of_kind(status, "application/json", Bytes::from(text))
}

/// All is well, and this is the document.
pub fn ok(value: &impl Serialize) -> Answer {
    Ok(json(StatusCode::OK, value))
}

/// It is done.
pub fn done() -> Answer {
    ok(&Done { ok: true })
}

pub fn of_kind(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// Reads a body.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Wrong> {
    serde_json::from_slice(body).map_err(|error| {
        let text = format!("the body is not what it should be: {error}");
        Wrong::new(StatusCode::BAD_REQUEST, text)
    })
}
