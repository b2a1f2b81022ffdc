//! Basic, bearer and digest authentication, checked for real: digest by the formulas of RFC 7616.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::Digest as _;
use serde_json::json;

use super::routes::Answer;
use super::traffic::{SeenRequest, Traffic};

const REALM: &str = "rooms";
const OPAQUE: &str = "0f1e2d3c";

/// The nonces a server has handed out, each with the highest count it was used with.
#[derive(Default)]
pub struct DigestNonces {
    issued: Mutex<HashMap<String, u64>>,
    next: AtomicU64,
}

impl DigestNonces {
    fn issue(&self) -> String {
        let nonce = format!("nonce-{:08x}", self.next.fetch_add(1, Ordering::SeqCst));
        self.issued.lock().unwrap().insert(nonce.clone(), 0);
        nonce
    }

    /// Whether `nonce` is from here and `count` is higher than every count it came with before.
    fn use_once(&self, nonce: &str, count: u64) -> bool {
        match self.issued.lock().unwrap().get_mut(nonce) {
            Some(used) if count > *used => {
                *used = count;
                true
            }
            _ => false,
        }
    }

    fn is_issued(&self, nonce: &str) -> bool {
        self.issued.lock().unwrap().contains_key(nonce)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Md5,
    Sha256,
}

impl Algorithm {
    fn parse(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "MD5" => Some(Self::Md5),
            "SHA-256" => Some(Self::Sha256),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    fn hash(self, text: &str) -> String {
        match self {
            Self::Md5 => hex(&md5::Md5::digest(text)),
            Self::Sha256 => hex(&sha2::Sha256::digest(text)),
        }
    }
}

/// `/auth/basic/{user}/{password}`
pub fn basic(request: &SeenRequest, user: &str, password: &str) -> Answer {
    let expected = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
    if request.header("authorization") == Some(&expected) {
        Answer::text(200, "welcome\n")
    } else {
        refused(&format!("Basic realm=\"{REALM}\", charset=\"UTF-8\""))
    }
}

/// `/auth/bearer/{token}`
pub fn bearer(request: &SeenRequest, token: &str) -> Answer {
    if request.header("authorization") == Some(&format!("Bearer {token}")) {
        Answer::text(200, "welcome\n")
    } else {
        refused(&format!("Bearer realm=\"{REALM}\""))
    }
}

/// `/oauth/token`: the first token is `token-1`, the next `token-2`.
pub fn token(traffic: &Traffic) -> Answer {
    let requests = traffic.requests();
    let asked = requests
        .iter()
        .filter(|request| request.path() == "/oauth/token");
    Answer::json(&json!({
        "access_token": format!("token-{}", asked.count()),
        "token_type": "Bearer",
        "expires_in": 3600,
    }))
}

/// `/auth/digest/{user}/{password}?qop=auth&algorithm=MD5|SHA-256`: without `qop` as RFC 2069 had it.
pub fn digest(request: &SeenRequest, traffic: &Traffic, user: &str, password: &str) -> Answer {
    let name = request
        .query_value("algorithm")
        .unwrap_or_else(|| "MD5".to_owned());
    let Some(algorithm) = Algorithm::parse(&name) else {
        return Answer::text(400, &format!("no such digest algorithm: {name}\n"));
    };
    let with_qop = request.query_value("qop").is_some();
    let sent = request
        .header("authorization")
        .and_then(|value| value.strip_prefix("Digest "));
    let verdict = match sent {
        None => Verdict::Wrong,
        Some(sent) => {
            let expected = Expected {
                user,
                password,
                algorithm,
                with_qop,
            };
            verify(&parameters(sent), &expected, request, &traffic.nonces)
        }
    };
    match verdict {
        Verdict::Right => Answer::text(200, "welcome\n"),
        Verdict::Wrong => challenge(traffic, algorithm, with_qop, false),
        Verdict::Stale => challenge(traffic, algorithm, with_qop, true),
    }
}

enum Verdict {
    Right,
    Wrong,
    /// The password is right and the nonce was used before: the client may try again unasked.
    Stale,
}

struct Expected<'a> {
    user: &'a str,
    password: &'a str,
    algorithm: Algorithm,
    with_qop: bool,
}

fn verify(
    sent: &HashMap<String, String>,
    expected: &Expected,
    request: &SeenRequest,
    nonces: &DigestNonces,
) -> Verdict {
    let get = |name: &str| sent.get(name).map_or("", String::as_str);
    let nonce = get("nonce");
    let algorithm = sent
        .get("algorithm")
        .map_or(Some(Algorithm::Md5), |name| Algorithm::parse(name));
    let honest = get("username") == expected.user
        && get("realm") == REALM
        && get("opaque") == OPAQUE
        && get("uri") == request.target
        && algorithm == Some(expected.algorithm)
        && nonces.is_issued(nonce);
    if !honest {
        return Verdict::Wrong;
    }
    let hash = |text: &str| expected.algorithm.hash(text);
    let ha1 = hash(&format!("{}:{REALM}:{}", expected.user, expected.password));
    let ha2 = hash(&format!("{}:{}", request.method, request.target));
    if !expected.with_qop {
        let response = hash(&format!("{ha1}:{nonce}:{ha2}"));
        return if get("response") == response {
            Verdict::Right
        } else {
            Verdict::Wrong
        };
    }
    let (nc, cnonce) = (get("nc"), get("cnonce"));
    let response = hash(&format!("{ha1}:{nonce}:{nc}:{cnonce}:auth:{ha2}"));
    let well_formed = get("qop") == "auth" && nc.len() == 8 && !cnonce.is_empty();
    match u64::from_str_radix(nc, 16) {
        Ok(count) if well_formed && get("response") == response => {
            if nonces.use_once(nonce, count) {
                Verdict::Right
            } else {
                Verdict::Stale
            }
        }
        _ => Verdict::Wrong,
    }
}

fn challenge(traffic: &Traffic, algorithm: Algorithm, with_qop: bool, stale: bool) -> Answer {
    let qop = if with_qop { ", qop=\"auth\"" } else { "" };
    let stale = if stale { ", stale=true" } else { "" };
    let nonce = traffic.nonces.issue();
    refused(&format!(
        "Digest realm=\"{REALM}\"{qop}, algorithm={}, nonce=\"{nonce}\", opaque=\"{OPAQUE}\"{stale}",
        algorithm.name()
    ))
}

fn refused(challenge: &str) -> Answer {
    Answer::text(401, "who are you?\n").with("www-authenticate", challenge)
}

/// `name="value", name=value`: a comma inside quotes belongs to the value.
fn parameters(text: &str) -> HashMap<String, String> {
    let mut quoted = false;
    text.split(|letter| {
        quoted ^= letter == '"';
        letter == ',' && !quoted
    })
    .filter_map(|pair| pair.split_once('='))
    .map(|(name, value)| {
        (
            name.trim().to_ascii_lowercase(),
            value.trim().trim_matches('"').to_owned(),
        )
    })
    .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
