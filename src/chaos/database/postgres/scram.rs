//! SCRAM-SHA-256 (RFC 5802, RFC 7677): the client's side.

use std::num::NonZeroU32;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::{digest, hmac, pbkdf2};

/// A server that asks for more wants to keep us busy.
const MOST_ROUNDS: u32 = 10_000_000;
const LENGTH: usize = digest::SHA256_OUTPUT_LEN;

/// Without channel binding, and the server takes the user from elsewhere.
const HEADER: &str = "n,,";

pub struct Scram {
    nonce: String,
}

/// What is sent last, and what the server then must know.
pub struct Proof {
    pub message: String,
    server: String,
}

impl Scram {
    /// With something that nobody can guess.
    pub fn new(nonce: &[u8]) -> Self {
        Self {
            nonce: STANDARD.encode(nonce),
        }
    }

    fn bare(&self) -> String {
        format!("n=,r={}", self.nonce)
    }

    pub fn first(&self) -> String {
        format!("{HEADER}{}", self.bare())
    }

    /// The answer to the server's first message; nothing if that is wrong.
    pub fn prove(&self, first: &str, password: &str) -> Option<Proof> {
        let mut parts = first.split(',');
        let nonce = parts.next()?.strip_prefix("r=")?;
        let salt = STANDARD.decode(parts.next()?.strip_prefix("s=")?).ok()?;
        let rounds: u32 = parts.next()?.strip_prefix("i=")?.parse().ok()?;
        let rounds = NonZeroU32::new(rounds).filter(|rounds| rounds.get() <= MOST_ROUNDS)?;
        if !nonce.starts_with(&self.nonce) {
            return None;
        }
        let mut salted = [0; LENGTH];
        let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
        pbkdf2::derive(algorithm, rounds, &salt, password.as_bytes(), &mut salted);

        let bound = format!("c={},r={nonce}", STANDARD.encode(HEADER));
        let all = format!("{},{first},{bound}", self.bare());
        let client_key = sign(&salted, b"Client Key");
        let stored = digest::digest(&digest::SHA256, client_key.as_ref());
        let signature = sign(stored.as_ref(), all.as_bytes());
        let proof: Vec<u8> = client_key
            .as_ref()
            .iter()
            .zip(signature.as_ref())
            .map(|(key, signature)| key ^ signature)
            .collect();
        let server = sign(sign(&salted, b"Server Key").as_ref(), all.as_bytes());
        Some(Proof {
            message: format!("{bound},p={}", STANDARD.encode(proof)),
            server: format!("v={}", STANDARD.encode(server)),
        })
    }
}

impl Proof {
    /// Whether the server knows the password too.
    pub fn is_of(&self, last: &str) -> bool {
        last.split(',').next() == Some(self.server.as_str())
    }
}

fn sign(key: &[u8], data: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_turns_the_nonce_or_asks_for_no_rounds_is_refused() {
        let scram = Scram::new(b"abc");
        assert_eq!(scram.first(), "n,,n=,r=YWJj");
        let proof = scram.prove("r=YWJjserver,s=c2FsdA==,i=4096", "pencil");
        let proof = proof.unwrap();
        assert!(proof.message.starts_with("c=biws,r=YWJjserver,p="));
        assert!(!proof.is_of("v=d3Jvbmc=") && !proof.is_of("e=other-error"));
        for first in [
            "r=other,s=c2FsdA==,i=4096",
            "r=YWJjserver,s=c2FsdA==,i=0",
            "r=YWJjserver,s=c2FsdA==,i=4000000000",
            "r=YWJjserver,s=?,i=4096",
            "",
        ] {
            assert!(scram.prove(first, "pencil").is_none(), "{first}");
        }
    }
}
