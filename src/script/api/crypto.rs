//! `crypto`: hashes, signatures and secrets, over exact bytes.

use rhai::plugin::*;
use rhai::{Blob, Dynamic, EvalAltResult, Map};
use ring::rand::SecureRandom;
use ring::{digest, hmac};
use subtle::ConstantTimeEq;

use super::bytes::{bytes_of, in_form};
use super::random::uuid_of;
use super::{Fallible, error, jwt};

/// Most bytes that are drawn at once.
const MAX_RANDOM: i64 = 1 << 20;

fn hash(algorithm: &'static digest::Algorithm, data: &Dynamic, form: &str) -> Fallible<Dynamic> {
    let data = bytes_of(data, "what is hashed")?;
    in_form(digest::digest(algorithm, &data).as_ref(), form)
}

fn hash_md5(data: &Dynamic, form: &str) -> Fallible<Dynamic> {
    use md5::Digest;
    in_form(&md5::Md5::digest(bytes_of(data, "what is hashed")?), form)
}

fn sign(
    algorithm: hmac::Algorithm,
    secret: &Dynamic,
    data: &Dynamic,
    form: &str,
) -> Fallible<Dynamic> {
    let key = hmac::Key::new(algorithm, &bytes_of(secret, "the secret")?);
    let data = bytes_of(data, "what is signed")?;
    in_form(hmac::sign(&key, &data).as_ref(), form)
}

const SHA1: &digest::Algorithm = &digest::SHA1_FOR_LEGACY_USE_ONLY;

#[export_module(manifest)]
pub mod crypto_module {
    /// The MD5 of a text or a blob, for services that still ask for it.
    #[rhai_fn(name = "md5", return_raw)]
    pub fn md5(data: Dynamic) -> Result<Dynamic, Box<EvalAltResult>> {
        hash_md5(&data, "hex")
    }

    #[rhai_fn(name = "md5", return_raw)]
    pub fn md5_as(data: Dynamic, form: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        hash_md5(&data, form)
    }

    /// The SHA-1 of a text or a blob, for services that still ask for it.
    #[rhai_fn(name = "sha1", return_raw)]
    pub fn sha1(data: Dynamic) -> Result<Dynamic, Box<EvalAltResult>> {
        hash(SHA1, &data, "hex")
    }

    #[rhai_fn(name = "sha1", return_raw)]
    pub fn sha1_as(data: Dynamic, form: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        hash(SHA1, &data, form)
    }

    /// The SHA-256 of a text or a blob.
    #[rhai_fn(name = "sha256", return_raw)]
    pub fn sha256(data: Dynamic) -> Result<Dynamic, Box<EvalAltResult>> {
        hash(&digest::SHA256, &data, "hex")
    }

    #[rhai_fn(name = "sha256", return_raw)]
    pub fn sha256_as(data: Dynamic, form: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        hash(&digest::SHA256, &data, form)
    }

    /// The SHA-384 of a text or a blob.
    #[rhai_fn(name = "sha384", return_raw)]
    pub fn sha384(data: Dynamic) -> Result<Dynamic, Box<EvalAltResult>> {
        hash(&digest::SHA384, &data, "hex")
    }

    #[rhai_fn(name = "sha384", return_raw)]
    pub fn sha384_as(data: Dynamic, form: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        hash(&digest::SHA384, &data, form)
    }

    /// The SHA-512 of a text or a blob.
    #[rhai_fn(name = "sha512", return_raw)]
    pub fn sha512(data: Dynamic) -> Result<Dynamic, Box<EvalAltResult>> {
        hash(&digest::SHA512, &data, "hex")
    }

    #[rhai_fn(name = "sha512", return_raw)]
    pub fn sha512_as(data: Dynamic, form: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        hash(&digest::SHA512, &data, form)
    }

    /// The HMAC-SHA1 of a text or a blob, for services that still ask for it.
    #[rhai_fn(name = "hmac_sha1", return_raw)]
    pub fn hmac_sha1(secret: Dynamic, data: Dynamic) -> Result<Dynamic, Box<EvalAltResult>> {
        sign(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret, &data, "hex")
    }

    #[rhai_fn(name = "hmac_sha1", return_raw)]
    pub fn hmac_sha1_as(
        secret: Dynamic,
        data: Dynamic,
        form: &str,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        sign(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret, &data, form)
    }

    /// The HMAC-SHA256 of a text or a blob.
    #[rhai_fn(name = "hmac_sha256", return_raw)]
    pub fn hmac_sha256(secret: Dynamic, data: Dynamic) -> Result<Dynamic, Box<EvalAltResult>> {
        sign(hmac::HMAC_SHA256, &secret, &data, "hex")
    }

    #[rhai_fn(name = "hmac_sha256", return_raw)]
    pub fn hmac_sha256_as(
        secret: Dynamic,
        data: Dynamic,
        form: &str,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        sign(hmac::HMAC_SHA256, &secret, &data, form)
    }

    /// The HMAC-SHA384 of a text or a blob.
    #[rhai_fn(name = "hmac_sha384", return_raw)]
    pub fn hmac_sha384(secret: Dynamic, data: Dynamic) -> Result<Dynamic, Box<EvalAltResult>> {
        sign(hmac::HMAC_SHA384, &secret, &data, "hex")
    }

    #[rhai_fn(name = "hmac_sha384", return_raw)]
    pub fn hmac_sha384_as(
        secret: Dynamic,
        data: Dynamic,
        form: &str,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        sign(hmac::HMAC_SHA384, &secret, &data, form)
    }

    /// The HMAC-SHA512 of a text or a blob.
    #[rhai_fn(name = "hmac_sha512", return_raw)]
    pub fn hmac_sha512(secret: Dynamic, data: Dynamic) -> Result<Dynamic, Box<EvalAltResult>> {
        sign(hmac::HMAC_SHA512, &secret, &data, "hex")
    }

    #[rhai_fn(name = "hmac_sha512", return_raw)]
    pub fn hmac_sha512_as(
        secret: Dynamic,
        data: Dynamic,
        form: &str,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        sign(hmac::HMAC_SHA512, &secret, &data, form)
    }

    /// So many bytes from the system's source of secrets; no seed repeats them.
    #[rhai_fn(return_raw)]
    pub fn random_bytes(count: i64) -> Result<Blob, Box<EvalAltResult>> {
        if !(0..=MAX_RANDOM).contains(&count) {
            return error(format!(
                "crypto::random_bytes gives 0 to {MAX_RANDOM} bytes, not {count}"
            ));
        }
        let mut bytes = vec![0; count as usize];
        match ring::rand::SystemRandom::new().fill(&mut bytes) {
            Ok(()) => Ok(bytes),
            Err(_) => error("the system has no random bytes to give"),
        }
    }

    /// A random UUID (version 4) from the system's source of secrets; `random::uuid` gives one that a seed repeats.
    #[rhai_fn(return_raw)]
    pub fn uuid() -> Result<String, Box<EvalAltResult>> {
        let bytes = random_bytes(16)?;
        Ok(uuid_of(bytes.try_into().unwrap_or_default()))
    }

    /// Whether two texts or blobs are the same, in a time that does not tell where they differ.
    #[rhai_fn(return_raw)]
    pub fn equal(a: Dynamic, b: Dynamic) -> Result<bool, Box<EvalAltResult>> {
        let (a, b) = (
            bytes_of(&a, "what is compared")?,
            bytes_of(&b, "what is compared")?,
        );
        Ok(a.ct_eq(&b).into())
    }

    /// A JSON Web Token of these claims, signed with HS256 and this secret. Options: `alg` ("HS256", "HS384", "HS512"; with a private key in PEM "RS256", "ES256") and `header`, a map of more fields such as `kid`.
    #[rhai_fn(name = "jwt_sign", return_raw)]
    pub fn jwt_sign(claims: Map, key: &str) -> Result<String, Box<EvalAltResult>> {
        jwt::sign(claims, key, &Map::new())
    }

    #[rhai_fn(name = "jwt_sign", return_raw)]
    pub fn jwt_sign_with(
        claims: Map,
        key: &str,
        options: Map,
    ) -> Result<String, Box<EvalAltResult>> {
        jwt::sign(claims, key, &options)
    }

    /// The claims of a JSON Web Token. A script error if its signature is not by this secret (or this public key in PEM), or its time is over or not yet come. The option `alg` as for `jwt_sign`; a token of any other algorithm is refused.
    #[rhai_fn(name = "jwt_verify", return_raw)]
    pub fn jwt_verify(token: &str, key: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        jwt::verify(token, key, &Map::new())
    }

    #[rhai_fn(name = "jwt_verify", return_raw)]
    pub fn jwt_verify_with(
        token: &str,
        key: &str,
        options: Map,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        jwt::verify(token, key, &options)
    }

    /// What a JSON Web Token says, unverified: `#{ header, claims }`.
    #[rhai_fn(return_raw)]
    pub fn jwt_decode(token: &str) -> Result<Map, Box<EvalAltResult>> {
        jwt::decode(token)
    }
}
