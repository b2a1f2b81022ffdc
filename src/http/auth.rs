//! Proof of who is asking: basic, bearer, digest.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use digest_auth::{AuthContext, HttpMethod};

use super::HttpError;

/// The value of an Authorization header for HTTP basic authentication (RFC 7617).
pub fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// Answers a digest challenge (RFC 7616): the value of the Authorization header.
///
/// # Errors
/// When the challenge cannot be understood.
pub fn digest(
    challenge: &str,
    user: &str,
    password: &str,
    method: &str,
    path: &str,
    body: &[u8],
) -> Result<String, HttpError> {
    let failed = |error: digest_auth::Error| {
        HttpError::new(
            HttpError::GENERIC,
            format!("the server's digest challenge cannot be answered: {error}"),
        )
    };
    let mut prompt = digest_auth::parse(challenge).map_err(failed)?;
    let context =
        AuthContext::new_with_method(user, password, path, Some(body), HttpMethod::from(method));
    let answer = prompt.respond(&context).map_err(failed)?.to_header_string();
    // A line break in a user's name must not become a header of its own.
    match http::HeaderValue::from_str(&answer) {
        Ok(_) => Ok(answer),
        Err(_) => Err(HttpError::new(
            HttpError::GENERIC,
            "the user name holds characters that a header cannot carry",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_is_base64_of_user_and_password() {
        assert_eq!(
            basic("Aladdin", "open sesame"),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
        );
    }

    #[test]
    fn a_line_break_in_a_user_name_is_refused() {
        let challenge = r#"Digest realm="r", nonce="n""#;
        assert!(digest(challenge, "u\r\nX-Evil: 1", "p", "GET", "/", b"").is_err());
    }

    #[test]
    fn a_digest_challenge_is_answered() {
        let challenge = r#"Digest realm="r", qop="auth", algorithm=SHA-256, nonce="n", opaque="o""#;
        let answer = digest(challenge, "u", "p", "GET", "/x", b"").unwrap();
        for part in [
            "Digest username=\"u\"",
            "uri=\"/x\"",
            "qop=auth",
            "algorithm=SHA-256",
            "response=",
        ] {
            assert!(answer.contains(part), "{answer}");
        }
        assert!(digest("Negotiate", "u", "p", "GET", "/x", b"").is_err());
    }
}
