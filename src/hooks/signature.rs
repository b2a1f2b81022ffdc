//! Signatures of calls, over the exact bytes of the body, as services make them.

use std::time::{Duration, SystemTime};

use http::HeaderName;
use ring::hmac;

use super::call::Call;
use crate::hex;

/// The names of the schemes.
pub const SCHEMES: [&str; 5] = ["github", "whatsapp", "stripe", "slack", "hmac"];

/// How old a signature with a time in it may be, as Stripe and Slack have it.
pub const TOLERANCE: Duration = Duration::from_secs(300);

/// How a service signs, and the secret it shares.
#[derive(Clone)]
pub struct Scheme {
    kind: Kind,
    key: hmac::Key,
}

#[derive(Debug, Clone)]
enum Kind {
    /// The HMAC-SHA256 of the body, in hexadecimal, after a prefix.
    Plain {
        header: HeaderName,
        prefix: String,
    },
    Stripe {
        tolerance: Duration,
    },
    Slack {
        tolerance: Duration,
    },
}

impl std::fmt::Debug for Scheme {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scheme({:?})", self.kind)
    }
}

impl Scheme {
    /// GitHub's and WhatsApp's: `X-Hub-Signature-256: sha256=…`.
    pub fn hub(secret: &[u8]) -> Self {
        Self::plain(
            secret,
            HeaderName::from_static("x-hub-signature-256"),
            "sha256=",
        )
    }

    /// The HMAC-SHA256 of the body, in hexadecimal, in a header, after a prefix that may be empty.
    pub fn plain(secret: &[u8], header: HeaderName, prefix: &str) -> Self {
        let prefix = prefix.to_owned();
        Self::of(secret, Kind::Plain { header, prefix })
    }

    /// Stripe's: `Stripe-Signature: t=…,v1=…`, over the time and the body.
    pub fn stripe(secret: &[u8], tolerance: Duration) -> Self {
        Self::of(secret, Kind::Stripe { tolerance })
    }

    /// Slack's: `X-Slack-Signature: v0=…`, over the time in `X-Slack-Request-Timestamp` and the body.
    pub fn slack(secret: &[u8], tolerance: Duration) -> Self {
        Self::of(secret, Kind::Slack { tolerance })
    }

    fn of(secret: &[u8], kind: Kind) -> Self {
        Self {
            kind,
            key: hmac::Key::new(hmac::HMAC_SHA256, secret),
        }
    }

    /// Whether a call is signed so.
    ///
    /// # Errors
    /// Why not, in a sentence.
    pub fn verify(&self, call: &Call) -> Result<(), &'static str> {
        match &self.kind {
            Kind::Plain { header, prefix } => {
                let value = call.header(header).ok_or("the signature is missing")?;
                let digits = value
                    .strip_prefix(prefix.as_str())
                    .ok_or("the signature has another form")?;
                self.matches(digits, &[&call.body])
            }
            Kind::Stripe { tolerance } => {
                let value = call
                    .header("stripe-signature")
                    .ok_or("the signature is missing")?;
                let part = |wanted: &str| {
                    value
                        .split(',')
                        .filter_map(|part| part.trim().split_once('='))
                        .filter(move |(name, _)| *name == wanted)
                        .map(|(_, value)| value)
                        .collect::<Vec<_>>()
                };
                let times = part("t");
                let time = *times.first().ok_or("the signature has another form")?;
                fresh(time, call.arrived_at, *tolerance)?;
                // While a secret is being changed there are several.
                let mut outcome = Err("the signature has another form");
                for digits in part("v1") {
                    outcome = self.matches(digits, &[time.as_bytes(), b".", &call.body]);
                    if outcome.is_ok() {
                        break;
                    }
                }
                outcome
            }
            Kind::Slack { tolerance } => {
                let value = call
                    .header("x-slack-signature")
                    .ok_or("the signature is missing")?;
                let time = call
                    .header("x-slack-request-timestamp")
                    .ok_or("the time of the signature is missing")?;
                fresh(time, call.arrived_at, *tolerance)?;
                let digits = value
                    .strip_prefix("v0=")
                    .ok_or("the signature has another form")?;
                self.matches(digits, &[b"v0:", time.as_bytes(), b":", &call.body])
            }
        }
    }

    /// Compares in constant time, as a secret's digest must be.
    fn matches(&self, digits: &str, signed: &[&[u8]]) -> Result<(), &'static str> {
        let tag = hex::decode(digits).ok_or("the signature has another form")?;
        hmac::verify(&self.key, &signed.concat(), &tag).map_err(|_| "the signature is wrong")
    }
}

fn fresh(time: &str, now: SystemTime, tolerance: Duration) -> Result<(), &'static str> {
    let time: u64 = time
        .parse()
        .map_err(|_| "the time of the signature is no number")?;
    let now = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    if now.abs_diff(time) > tolerance.as_secs() {
        return Err("the signature is too old");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::call::testing::call;
    use super::*;

    fn sign(secret: &str, text: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        hex::encode(hmac::sign(&key, text.as_bytes()).as_ref())
    }

    fn now() -> u64 {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        now.unwrap().as_secs()
    }

    #[test]
    fn a_signature_is_of_the_exact_bytes() {
        let scheme = Scheme::hub(b"s");
        let good = format!("sha256={}", sign("s", "{}"));
        let verify =
            |body: &str, value: &str| scheme.verify(&call(body, &[("x-hub-signature-256", value)]));
        assert_eq!(verify("{}", &good), Ok(()));
        assert_eq!(verify("{} ", &good), Err("the signature is wrong"));
        assert_eq!(
            verify("{}", "sha1=00"),
            Err("the signature has another form")
        );
        assert_eq!(
            verify("{}", "sha256=zz"),
            Err("the signature has another form")
        );
        assert_eq!(
            scheme.verify(&call("{}", &[])),
            Err("the signature is missing")
        );
        let own = Scheme::plain(b"s", HeaderName::from_static("x-signature"), "");
        assert_eq!(
            own.verify(&call("{}", &[("x-signature", &sign("s", "{}"))])),
            Ok(())
        );
    }

    #[test]
    fn a_signature_with_a_time_grows_old() {
        for (age, outcome) in [(0, Ok(())), (301, Err("the signature is too old"))] {
            let at = now() - age;
            let stripe = format!("t={at},v1=00,v1={}", sign("s", &format!("{at}.{{}}")));
            let call_of_stripe = call("{}", &[("stripe-signature", &stripe)]);
            assert_eq!(
                Scheme::stripe(b"s", TOLERANCE).verify(&call_of_stripe),
                outcome
            );
            let slack = format!("v0={}", sign("s", &format!("v0:{at}:{{}}")));
            let call_of_slack = call(
                "{}",
                &[
                    ("x-slack-signature", &slack),
                    ("x-slack-request-timestamp", &at.to_string()),
                ],
            );
            assert_eq!(
                Scheme::slack(b"s", TOLERANCE).verify(&call_of_slack),
                outcome
            );
        }
        let wrong = |value: &str| {
            Scheme::stripe(b"s", TOLERANCE)
                .verify(&call("{}", &[("stripe-signature", value)]))
                .is_err()
        };
        assert!(
            wrong("") && wrong("t=,v1=") && wrong("v1=00") && wrong("t=99999999999999999999,v1=00")
        );
    }
}
