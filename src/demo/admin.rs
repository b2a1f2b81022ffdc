//! `/api/v1/admin/*`: logging in, figures, and starting over.
//!
//! A token is its own proof: the second it expires and an HMAC of that. So nothing is stored for it, however many
//! virtual users log in. Its key is derived from the webhook's secret: targets with the same secret, behind
//! one load balancer for instance, accept each other's tokens.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use ring::hmac;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Demo;
use super::catalog::RoomKind;
use super::error::{ApiError, Body, FieldErrors, header_text};
use super::resilience::{Pms, Switches};

/// The only user. Any password will do: this is a target to practise on.
const USER: &str = "qa";

/// How long a token is good for.
const LIFETIME: Duration = Duration::from_secs(3600);

/// Makes and recognises tokens.
#[derive(Debug)]
pub struct Tokens(hmac::Key);

impl Tokens {
    /// Tokens under a key of their own, derived from the secret.
    pub fn new(secret: &str) -> Self {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let derived = hmac::sign(&secret, b"rhaid demo: administrator's tokens");
        Self(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()))
    }

    /// A token good until then. Times are counted from the Unix epoch.
    fn issue(&self, expires: Duration) -> String {
        let expires = expires.as_secs().to_string();
        let tag = hmac::sign(&self.0, expires.as_bytes());
        let tag: String = tag
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("{expires}.{tag}")
    }

    fn accepts(&self, token: &str, now: Duration) -> bool {
        let expires = token
            .split_once('.')
            .and_then(|(expires, _)| expires.parse().ok());
        expires.map(Duration::from_secs).is_some_and(|expires| {
            // Issuing it again and comparing digests of both compares in constant time.
            let expected = hmac::sign(&self.0, self.issue(expires).as_bytes());
            now < expires && hmac::verify(&self.0, token.as_bytes(), expected.as_ref()).is_ok()
        })
    }
}

/// Time since the Unix epoch; zero on a clock set before it.
fn now() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

/// Lets through whoever carries a token.
///
/// # Errors
/// 401 without one that is good.
pub fn authorise(demo: &Demo, headers: &HeaderMap) -> Result<(), ApiError> {
    let credentials = header_text(headers, AUTHORIZATION).and_then(|value| value.split_once(' '));
    match credentials {
        Some((scheme, token))
            if scheme.eq_ignore_ascii_case("bearer")
                && demo.tokens.accepts(token.trim(), now()) =>
        {
            Ok(())
        }
        _ => Err(ApiError::unauthorized()),
    }
}

/// A password may be sent too; none is looked at.
#[derive(Debug, Deserialize)]
struct Credentials {
    user: Option<String>,
}

/// `POST /api/v1/admin/login`: a token for the user `qa`.
pub async fn login(
    State(demo): State<Arc<Demo>>,
    body: Body,
) -> Result<impl IntoResponse, ApiError> {
    let credentials: Credentials =
        serde_json::from_slice(&body?).map_err(|error| ApiError::bad_json(&error))?;
    let Some(user) = credentials.user else {
        let mut errors = FieldErrors::default();
        errors.add("user", "is required");
        return Err(errors
            .refusal("invalid_login")
            .unwrap_or_else(ApiError::unread));
    };
    if user != USER {
        let message = format!("unknown user; the demo target knows `{USER}`");
        return Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "unknown_user",
            message,
        ));
    }
    let token = demo.tokens.issue(now() + LIFETIME);
    Ok(Json(
        json!({ "token": token, "expires_in": LIFETIME.as_secs() }),
    ))
}

/// `GET /api/v1/admin/stats`.
pub async fn stats(
    State(demo): State<Arc<Demo>>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, ApiError> {
    authorise(&demo, &headers)?;
    let census = demo.hotel.census();
    let rooms: Map<String, Value> = RoomKind::ALL
        .into_iter()
        .zip(demo.rooms_free_by_default())
        .map(|(room, free)| (room.spec().kind.to_owned(), free.into()))
        .collect();
    Ok(Json(json!({
        "uptime_seconds": demo.uptime().as_secs(),
        "requests": demo.metrics.requests(),
        "messages": demo.metrics.messages.load(Ordering::Relaxed),
        "reservations": {
            "held": census.held, "confirmed": census.confirmed, "cancelled": census.cancelled,
            "created": census.created, "evicted": census.evicted,
        },
        "rooms_available": rooms,
    })))
}

/// `POST /api/v1/admin/reset`: an empty hotel again. Counters of `/metrics` go on, as Prometheus expects.
pub async fn reset(
    State(demo): State<Arc<Demo>>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, ApiError> {
    authorise(&demo, &headers)?;
    let forgotten = demo.hotel.reset();
    Ok(Json(
        json!({ "status": "reset", "reservations": forgotten }),
    ))
}

/// `POST /api/v1/admin/resilience`: turns these switches on and all others off.
pub async fn switch(
    State(demo): State<Arc<Demo>>,
    headers: HeaderMap,
    body: Body,
) -> Result<impl IntoResponse, ApiError> {
    authorise(&demo, &headers)?;
    let switches: Switches =
        serde_json::from_slice(&body?).map_err(|error| ApiError::bad_json(&error))?;
    demo.resilience.switch(switches.clone());
    Ok(Json(switches))
}

/// `POST /api/v1/admin/pms`: what the PMS does from now on. A breaker in front of it stays as it is.
pub async fn trouble(
    State(demo): State<Arc<Demo>>,
    headers: HeaderMap,
    body: Body,
) -> Result<impl IntoResponse, ApiError> {
    authorise(&demo, &headers)?;
    let pms: Pms = serde_json::from_slice(&body?).map_err(|error| ApiError::bad_json(&error))?;
    demo.resilience.trouble(pms);
    Ok(Json(pms))
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::super::testing::Client;
    use super::*;

    #[test]
    fn a_token_is_good_until_it_expires() {
        let tokens = Tokens::new("secret");
        let token = tokens.issue(Duration::from_secs(10));
        assert!(tokens.accepts(&token, Duration::from_secs(9)));
        assert!(!tokens.accepts(&token, Duration::from_secs(10)));
    }

    #[test]
    fn a_token_that_was_altered_or_signed_by_another_is_refused() {
        let ours = Tokens::new("secret");
        let token = ours.issue(Duration::from_secs(10));
        let longer = token.replacen("10.", "99.", 1);
        let theirs = Tokens::new("other").issue(Duration::from_secs(10));
        for wrong in [
            "",
            ".",
            "10",
            "10.",
            &longer,
            &theirs,
            &format!("{token}0"),
            &format!("0{token}"),
        ] {
            assert!(!ours.accepts(wrong, Duration::ZERO), "{wrong}");
        }
    }

    #[tokio::test]
    async fn the_user_logs_in_with_any_password_or_none() {
        let client = Client::default();
        for body in [
            json!({ "user": "qa" }),
            json!({ "user": "qa", "password": "x" }),
        ] {
            let answer = client.post("/api/v1/admin/login", body).await;
            assert_eq!(
                (answer.status, &answer.body["expires_in"]),
                (200, &3600.into())
            );
            assert!(answer.body["token"].is_string());
        }
    }

    #[tokio::test]
    async fn others_do_not_log_in() {
        let client = Client::default();
        for (body, status, code) in [
            (r#"{"user":"root"}"#, 401, "unknown_user"),
            ("{}", 422, "invalid_login"),
            ("qa", 400, "bad_json"),
        ] {
            let answer = client
                .send(Method::POST, "/api/v1/admin/login", &[], body)
                .await;
            assert_eq!((answer.status, answer.error()), (status, code), "{body}");
        }
    }

    #[tokio::test]
    async fn without_a_good_token_there_are_neither_figures_nor_a_reset() {
        let client = Client::default();
        let token = client.log_in().await;
        let basic = token.replace("Bearer", "Basic");
        for (method, path) in [
            (Method::GET, "/api/v1/admin/stats"),
            (Method::POST, "/api/v1/admin/reset"),
        ] {
            for authorization in ["", "Bearer", "Bearer x", "Bearer 9999999999.00", &basic] {
                let headers = [("authorization", authorization)];
                let answer = client.send(method.clone(), path, &headers, "").await;
                assert_eq!(
                    (answer.status, answer.error()),
                    (401, "unauthorized"),
                    "{path} {authorization}"
                );
            }
        }
    }

    #[tokio::test]
    async fn figures_tell_what_happened_and_a_reset_forgets_it() {
        let client = Client::default();
        client.reserve("Ada").await;
        let token = client.log_in().await;
        let call = async |method, path| {
            client
                .send(method, path, &[("authorization", &token)], "")
                .await
        };
        let stats = call(Method::GET, "/api/v1/admin/stats").await.body;
        assert_eq!(
            (&stats["requests"], &stats["reservations"]["held"]),
            (&2.into(), &1.into())
        );
        assert_eq!(stats["rooms_available"]["double"], 99_999);
        let reset = call(Method::POST, "/api/v1/admin/reset").await;
        assert_eq!(reset.body, json!({ "status": "reset", "reservations": 1 }));
        let stats = call(Method::GET, "/api/v1/admin/stats").await.body;
        assert_eq!(
            (&stats["requests"], &stats["reservations"]["created"]),
            (&4.into(), &0.into())
        );
        assert_eq!(
            client.get("/api/v1/reservations/R00000001").await.status,
            404
        );
    }
}
