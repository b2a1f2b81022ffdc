//! `/api/v1/webhooks/whatsapp`: messages as WhatsApp's Cloud API delivers them.
//!
//! The signature is over the exact bytes of the body, so it is verified before anything is parsed.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::IntoResponse;
use http::{HeaderMap, StatusCode};
use ring::hmac;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::Demo;
use super::error::{ApiError, Body, header_text};

/// Carries `sha256=` and the hexadecimal HMAC-SHA256 of the body.
const SIGNATURE: &str = "x-hub-signature-256";

/// The part of a delivery that is looked at; WhatsApp's own nesting.
#[derive(Debug, Deserialize)]
struct Delivery {
    #[serde(default)]
    entry: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    #[serde(default)]
    changes: Vec<Change>,
}

#[derive(Debug, Deserialize)]
struct Change {
    #[serde(default)]
    value: ChangeValue,
}

#[derive(Debug, Default, Deserialize)]
struct ChangeValue {
    /// Absent when the delivery is about the state of messages sent earlier.
    #[serde(default)]
    messages: Vec<IgnoredAny>,
}

/// `POST /api/v1/webhooks/whatsapp`: takes a delivery that is signed with the secret.
pub async fn receive(
    State(demo): State<Arc<Demo>>,
    headers: HeaderMap,
    body: Body,
) -> Result<impl IntoResponse, ApiError> {
    let body = body?;
    verify(&demo.webhook_key, header_text(&headers, SIGNATURE), &body)?;
    let delivery: Delivery =
        serde_json::from_slice(&body).map_err(|error| ApiError::bad_json(&error))?;
    let changes = delivery.entry.iter().flat_map(|entry| &entry.changes);
    let messages: usize = changes.map(|change| change.value.messages.len()).sum();
    demo.metrics
        .messages
        .fetch_add(messages as u64, Ordering::Relaxed);
    Ok(Json(json!({ "status": "received", "messages": messages })))
}

/// Compares in constant time, as a secret's digest must be.
fn verify(key: &hmac::Key, signature: Option<&str>, body: &[u8]) -> Result<(), ApiError> {
    let refuse = |message| ApiError::new(StatusCode::UNAUTHORIZED, "bad_signature", message);
    let Some(signature) = signature else {
        return Err(refuse(
            "X-Hub-Signature-256 is missing: send `sha256=` and the hexadecimal HMAC-SHA256 of the body",
        ));
    };
    signature
        .strip_prefix("sha256=")
        .and_then(decode_hex)
        .and_then(|tag| hmac::verify(key, body, &tag).ok())
        .ok_or_else(|| {
            refuse("X-Hub-Signature-256 is not `sha256=` and the HMAC-SHA256 of these bytes under the secret")
        })
}

/// The 32 bytes of a SHA-256 digest.
fn decode_hex(text: &str) -> Option<[u8; 32]> {
    let digits: &[u8; 64] = text.as_bytes().try_into().ok()?;
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        for &digit in pair {
            *byte = *byte << 4 | u8::try_from(char::from(digit).to_digit(16)?).ok()?;
        }
    }
    Some(bytes)
}

/// What WhatsApp asks when a webhook is subscribed.
#[derive(Debug, Deserialize)]
pub struct Subscription {
    #[serde(rename = "hub.mode")]
    mode: Option<String>,
    #[serde(rename = "hub.verify_token")]
    token: Option<String>,
    #[serde(rename = "hub.challenge")]
    challenge: Option<String>,
}

/// `GET /api/v1/webhooks/whatsapp`: answers the challenge of whoever knows the secret.
pub async fn subscribe(
    State(demo): State<Arc<Demo>>,
    query: Result<Query<Subscription>, QueryRejection>,
) -> Result<String, ApiError> {
    let Query(query) = query?;
    let (Some(mode), Some(token), Some(challenge)) = (query.mode, query.token, query.challenge)
    else {
        let message = "send hub.mode=subscribe, hub.verify_token and hub.challenge";
        return Err(ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_query",
            message,
        ));
    };
    // Comparing digests compares in constant time.
    let digest = hmac::sign(&demo.webhook_key, demo.secret.as_bytes());
    let known = hmac::verify(&demo.webhook_key, token.as_bytes(), digest.as_ref()).is_ok();
    if mode != "subscribe" || !known {
        let message = "hub.mode is not `subscribe` or hub.verify_token is not the secret";
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "verification_failed",
            message,
        ));
    }
    Ok(challenge)
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::super::config::DemoConfig;
    use super::super::testing::{Answer, Client};
    use super::*;

    const PATH: &str = "/api/v1/webhooks/whatsapp";

    fn signature(secret: &str, body: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let tag = hmac::sign(&key, body.as_bytes());
        let hex: String = tag
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("sha256={hex}")
    }

    async fn deliver(client: &Client, signature: &str, body: &str) -> Answer {
        client
            .send(Method::POST, PATH, &[(SIGNATURE, signature)], body)
            .await
    }

    #[test]
    fn a_signature_is_the_published_hmac() {
        // RFC 4231, test case 2.
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"Jefe");
        let tag = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert!(verify(&key, Some(tag), b"what do ya want for nothing?").is_ok());
        assert!(verify(&key, Some(tag), b"what do ya want for nothing!").is_err());
    }

    #[test]
    fn a_digest_is_64_hexadecimal_digits() {
        let mut expected = [0xab; 32];
        expected[0] = 0x01;
        assert_eq!(
            decode_hex(&format!("01{}", "ab".repeat(31))),
            Some(expected)
        );
        for wrong in [
            "",
            "ab",
            &"g".repeat(64),
            &"a".repeat(63),
            &"a".repeat(65),
            &"é".repeat(32),
        ] {
            assert_eq!(decode_hex(wrong), None, "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_signed_delivery_is_received_and_its_messages_counted() {
        let client = Client::default();
        let two = json!({ "entry": [
            { "changes": [{ "value": { "messages": [{ "text": { "body": "Hi" } }, {}] } }] },
            { "changes": [{ "value": { "statuses": [{}] } }] },
        ] });
        for (body, messages) in [
            (two.to_string().as_str(), 2),
            ("{}", 0),
            ("{ \"object\":\"x\" }\n", 0),
        ] {
            let answer = deliver(&client, &signature("demo-secret", body), body).await;
            assert_eq!(answer.status, 200);
            assert_eq!(
                answer.body,
                json!({ "status": "received", "messages": messages })
            );
        }
        assert_eq!(client.demo.metrics.messages.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_delivery_that_is_not_signed_with_the_secret_is_refused() {
        let client = Client::default();
        let good = signature("demo-secret", "{}");
        for bad in [
            "",
            "sha256=",
            &good.replace("sha256=", "sha1="),
            &signature("other", "{}"),
            &signature("demo-secret", "{ }"),
        ] {
            let answer = deliver(&client, bad, "{}").await;
            assert_eq!(
                (answer.status, answer.error()),
                (401, "bad_signature"),
                "{bad}"
            );
        }
        let missing = client.send(Method::POST, PATH, &[], "{}").await;
        assert_eq!((missing.status, missing.error()), (401, "bad_signature"));
    }

    #[tokio::test]
    async fn a_signed_delivery_that_is_not_json_is_a_bad_request() {
        let client = Client::default();
        for body in ["", "{", "42", "{\"entry\": 1}"] {
            let answer = deliver(&client, &signature("demo-secret", body), body).await;
            assert_eq!((answer.status, answer.error()), (400, "bad_json"), "{body}");
        }
    }

    #[tokio::test]
    async fn the_secret_is_the_one_configured() {
        let client = Client::new(DemoConfig {
            secret: "mine".to_owned(),
            ..DemoConfig::default()
        });
        assert_eq!(
            deliver(&client, &signature("mine", "{}"), "{}")
                .await
                .status,
            200
        );
        assert_eq!(
            deliver(&client, &signature("demo-secret", "{}"), "{}")
                .await
                .status,
            401
        );
    }

    #[tokio::test]
    async fn a_subscription_echoes_the_challenge_for_the_right_token_only() {
        let client = Client::default();
        let ask = async |query: &str| client.get(&format!("{PATH}?{query}")).await;
        let right =
            ask("hub.mode=subscribe&hub.verify_token=demo-secret&hub.challenge=1158201444").await;
        assert_eq!((right.status, right.body), (200, 1158201444.into()));
        assert!(
            right.headers["content-type"]
                .to_str()
                .unwrap()
                .starts_with("text/plain")
        );
        for wrong in [
            "hub.mode=subscribe&hub.verify_token=x",
            "hub.mode=unsubscribe&hub.verify_token=demo-secret",
        ] {
            let answer = ask(&format!("{wrong}&hub.challenge=1")).await;
            assert_eq!(
                (answer.status, answer.error()),
                (403, "verification_failed"),
                "{wrong}"
            );
        }
        assert_eq!(ask("").await.error(), "invalid_query");
    }
}
