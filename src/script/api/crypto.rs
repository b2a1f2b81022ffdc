//! `crypto`: hashes and signatures, over exact bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rhai::plugin::*;
use rhai::{Blob, EvalAltResult};
use ring::{digest, hmac};

use super::error;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sign(algorithm: hmac::Algorithm, secret: &str, data: &[u8]) -> String {
    hex(hmac::sign(&hmac::Key::new(algorithm, secret.as_bytes()), data).as_ref())
}

#[export_module(manifest)]
pub mod crypto_module {
    /// The HMAC-SHA256 of a text or a blob, in lower-case hexadecimal.
    pub fn hmac_sha256(secret: &str, data: &str) -> String {
        sign(hmac::HMAC_SHA256, secret, data.as_bytes())
    }

    #[rhai_fn(name = "hmac_sha256")]
    pub fn hmac_sha256_bytes(secret: &str, data: Blob) -> String {
        sign(hmac::HMAC_SHA256, secret, &data)
    }

    /// The HMAC-SHA1 of a text, in lower-case hexadecimal, for services that still ask for it.
    pub fn hmac_sha1(secret: &str, data: &str) -> String {
        sign(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret, data.as_bytes())
    }

    /// The SHA-256 of a text, in lower-case hexadecimal.
    pub fn sha256(data: &str) -> String {
        hex(digest::digest(&digest::SHA256, data.as_bytes()).as_ref())
    }

    /// A text in Base64.
    pub fn base64(data: &str) -> String {
        STANDARD.encode(data)
    }

    /// The text behind Base64.
    #[rhai_fn(return_raw)]
    pub fn from_base64(data: &str) -> Result<String, Box<EvalAltResult>> {
        match STANDARD
            .decode(data)
            .map_err(|e| e.to_string())
            .and_then(|b| String::from_utf8(b).map_err(|e| e.to_string()))
        {
            Ok(text) => Ok(text),
            Err(why) => error(format!("this is not Base64 of a text: {why}")),
        }
    }
}
