//! JSON Web Tokens (RFC 7519) in the compact form (RFC 7515).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rhai::{Dynamic, ImmutableString, Map};
use ring::signature::{self, EcdsaKeyPair, RsaKeyPair, UnparsedPublicKey};
use ring::{hmac, rand::SystemRandom};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{PrivateKeyDer, SubjectPublicKeyInfoDer};
use serde_json::{Value, json};

use super::bytes::from_base64;
use super::{Fallible, error};
use crate::script::convert;
use crate::suggest::did_you_mean;

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Hmac(&'static str),
    Rsa,
    Ecdsa,
}

const NAMES: [&str; 5] = ["HS256", "HS384", "HS512", "RS256", "ES256"];

impl Algorithm {
    fn named(name: &str) -> Fallible<Self> {
        match name {
            "RS256" => Ok(Self::Rsa),
            "ES256" => Ok(Self::Ecdsa),
            _ => match NAMES.iter().find(|known| **known == name) {
                Some(known) => Ok(Self::Hmac(known)),
                None => {
                    let help = did_you_mean(name, NAMES)
                        .unwrap_or_else(|| format!("there are: {}", NAMES.join(", ")));
                    error(format!("there is no `alg` called `{name}`\nhelp: {help}"))
                }
            },
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Hmac(name) => name,
            Self::Rsa => "RS256",
            Self::Ecdsa => "ES256",
        }
    }
}

fn hmac_key(name: &str, secret: &str) -> hmac::Key {
    let algorithm = match name {
        "HS384" => hmac::HMAC_SHA384,
        "HS512" => hmac::HMAC_SHA512,
        _ => hmac::HMAC_SHA256,
    };
    hmac::Key::new(algorithm, secret.as_bytes())
}

struct Options {
    algorithm: Algorithm,
    header: Map,
}

fn options(given: &Map) -> Fallible<Options> {
    let mut options = Options {
        algorithm: Algorithm::Hmac("HS256"),
        header: Map::new(),
    };
    for (key, value) in given {
        match (
            key.as_str(),
            value.read_lock::<ImmutableString>(),
            value.read_lock::<Map>(),
        ) {
            ("alg", Some(name), _) => options.algorithm = Algorithm::named(&name)?,
            ("header", _, Some(map)) => options.header = map.clone(),
            ("alg" | "header", ..) => {
                return error(format!("the option `{key}` cannot be {value}"));
            }
            (other, ..) => {
                let help = did_you_mean(other, ["alg", "header"])
                    .unwrap_or_else(|| "there are: alg, header".to_owned());
                return error(format!("a token has no option `{other}`\nhelp: {help}"));
            }
        }
    }
    Ok(options)
}

fn json_of(map: Map) -> Fallible<Value> {
    convert::to_json(&map.into()).or_else(|why| error(why.to_string()))
}

fn encoded(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

/// A token of these claims.
pub fn sign(claims: Map, key: &str, given: &Map) -> Fallible<String> {
    let Options { algorithm, header } = options(given)?;
    let mut head = json!({ "alg": algorithm.name(), "typ": "JWT" });
    if let (Some(head), Value::Object(more)) = (head.as_object_mut(), json_of(header)?) {
        more.into_iter()
            .filter(|(key, _)| key != "alg")
            .for_each(|(key, value)| {
                head.insert(key, value);
            });
    }
    let signed = format!("{}.{}", encoded(&head), encoded(&json_of(claims)?));
    let signature = signature_of(algorithm, key, signed.as_bytes())?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn no_key<T>(algorithm: Algorithm, why: &dyn std::fmt::Display) -> Fallible<T> {
    error(format!(
        "this is no private key for {} in PEM: {why}\nhelp: it begins with -----BEGIN PRIVATE KEY-----",
        algorithm.name()
    ))
}

fn signature_of(algorithm: Algorithm, key: &str, signed: &[u8]) -> Fallible<Vec<u8>> {
    let private = || PrivateKeyDer::from_pem_slice(key.as_bytes());
    let random = SystemRandom::new();
    match algorithm {
        Algorithm::Hmac(name) => Ok(hmac::sign(&hmac_key(name, key), signed).as_ref().to_vec()),
        Algorithm::Rsa => {
            let pair = match private() {
                Ok(PrivateKeyDer::Pkcs8(der)) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
                Ok(der) => RsaKeyPair::from_der(der.secret_der()),
                Err(why) => return no_key(algorithm, &why),
            };
            let pair = pair.or_else(|why| no_key(algorithm, &why))?;
            let mut signature = vec![0; pair.public().modulus_len()];
            match pair.sign(
                &signature::RSA_PKCS1_SHA256,
                &random,
                signed,
                &mut signature,
            ) {
                Ok(()) => Ok(signature),
                Err(_) => error("the token could not be signed"),
            }
        }
        Algorithm::Ecdsa => {
            let der = private().or_else(|why| no_key(algorithm, &why))?;
            let kind = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
            let pair = EcdsaKeyPair::from_pkcs8(kind, der.secret_der(), &random)
                .or_else(|why| no_key(algorithm, &why))?;
            match pair.sign(&random, signed) {
                Ok(signature) => Ok(signature.as_ref().to_vec()),
                Err(_) => error("the token could not be signed"),
            }
        }
    }
}

/// A token taken apart.
struct Parts<'a> {
    header: Value,
    claims: Value,
    signed: &'a str,
    signature: Vec<u8>,
}

fn parts(token: &str) -> Fallible<Parts<'_>> {
    let part = |text: &str| serde_json::from_slice(&from_base64(text)?).ok();
    let taken = || {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        Some(Parts {
            header: part(header)?,
            claims: part(claims)?,
            signed,
            signature: from_base64(signature)?,
        })
    };
    match taken() {
        Some(parts) => Ok(parts),
        None => error("this is no JSON Web Token: it has three parts in Base64 with dots between"),
    }
}

/// What a token says, whoever signed it.
pub fn decode(token: &str) -> Fallible<Map> {
    let parts = parts(token)?;
    Ok(Map::from([
        ("header".into(), convert::from_json(&parts.header)),
        ("claims".into(), convert::from_json(&parts.claims)),
    ]))
}

/// The claims of a token that is what it should be.
pub fn verify(token: &str, key: &str, given: &Map) -> Fallible<Dynamic> {
    let algorithm = options(given)?.algorithm;
    let parts = parts(token)?;
    let said = parts
        .header
        .get("alg")
        .and_then(Value::as_str)
        .unwrap_or("none");
    if said != algorithm.name() {
        return error(format!(
            "the token is signed with {said}, not {}\nhelp: if that is right, say so: #{{ alg: \"{said}\" }}",
            algorithm.name()
        ));
    }
    if !is_signed(algorithm, key, &parts)? {
        return error("the token's signature is not by this key");
    }
    let now = super::time::now_utc().unix_timestamp() as f64;
    let moment = |claim: &str| parts.claims.get(claim).and_then(Value::as_f64);
    if moment("exp").is_some_and(|end| now >= end) {
        return error("the token's time is over (`exp`)");
    }
    if moment("nbf").is_some_and(|begin| now < begin) {
        return error("the token's time has not come yet (`nbf`)");
    }
    Ok(convert::from_json(&parts.claims))
}

fn is_signed(algorithm: Algorithm, key: &str, parts: &Parts<'_>) -> Fallible<bool> {
    let signed = parts.signed.as_bytes();
    let kind: &'static dyn signature::VerificationAlgorithm = match algorithm {
        Algorithm::Hmac(name) => {
            return Ok(hmac::verify(&hmac_key(name, key), signed, &parts.signature).is_ok());
        }
        Algorithm::Rsa => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Ecdsa => &signature::ECDSA_P256_SHA256_FIXED,
    };
    let info = SubjectPublicKeyInfoDer::from_pem_slice(key.as_bytes()).ok();
    let Some(public) = info.as_ref().and_then(|info| public_key(info)) else {
        return error(format!(
            "this is no public key for {} in PEM\nhelp: it begins with -----BEGIN PUBLIC KEY-----",
            algorithm.name()
        ));
    };
    Ok(UnparsedPublicKey::new(kind, public)
        .verify(signed, &parts.signature)
        .is_ok())
}

/// The key itself in a `SubjectPublicKeyInfo`: a sequence of what kind it is and, as a string of bits, the key.
fn public_key(info: &[u8]) -> Option<&[u8]> {
    const SEQUENCE: u8 = 0x30;
    const BITS: u8 = 0x03;
    let (whole, _) = der(info, SEQUENCE)?;
    let (_, after_kind) = der(whole, SEQUENCE)?;
    let (bits, _) = der(after_kind, BITS)?;
    // The first byte says how many bits of the last one are unused: none.
    bits.strip_prefix(&[0])
}

/// A DER value of this kind, and what follows it.
fn der(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        let is_sane = digits.len() <= 4;
        let length = digits
            .iter()
            .fold(0_usize, |all, digit| all << 8 | usize::from(*digit));
        (is_sane.then_some(length)?, rest)
    };
    (found == tag).then(|| rest.split_at_checked(length))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, Dynamic)]) -> Map {
        pairs
            .iter()
            .map(|(key, value)| ((*key).into(), value.clone()))
            .collect()
    }

    fn alg(name: &'static str) -> Map {
        map(&[("alg", name.into())])
    }

    #[test]
    fn a_token_of_rfc_7515_is_recognised() {
        // Its key is made of bytes that are no text, so this one is from jwt.io's front page.
        let token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";
        let claims = verify(token, "your-256-bit-secret", &Map::new()).unwrap();
        assert_eq!(
            claims.cast::<Map>()["name"].clone().into_string().unwrap(),
            "John Doe"
        );
        assert!(verify(token, "another", &Map::new()).is_err());
    }

    #[test]
    fn every_algorithm_signs_what_it_verifies() {
        let claims = map(&[("sub", "ada".into()), ("exp", 9_999_999_999_i64.into())]);
        for name in ["HS256", "HS384", "HS512"] {
            let token = sign(claims.clone(), "secret", &alg(name)).unwrap();
            assert!(verify(&token, "secret", &alg(name)).is_ok());
            assert!(verify(&token, "Secret", &alg(name)).is_err());
        }
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let (private, public) = (pair.serialize_pem(), pair.public_key_pem());
        let token = sign(claims.clone(), &private, &alg("ES256")).unwrap();
        assert!(verify(&token, &public, &alg("ES256")).is_ok());
        let other = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        assert!(verify(&token, &other.public_key_pem(), &alg("ES256")).is_err());
        // A token must not choose how it is verified: with the public key as a secret anybody could sign.
        let forged = sign(claims, &public, &Map::new()).unwrap();
        assert!(verify(&forged, &public, &alg("ES256")).is_err());
    }

    #[test]
    fn a_token_has_its_time() {
        for (claim, moment) in [("exp", 1_i64), ("nbf", 9_999_999_999)] {
            let token = sign(map(&[(claim, moment.into())]), "secret", &Map::new()).unwrap();
            let error = verify(&token, "secret", &Map::new()).unwrap_err();
            assert!(error.to_string().contains(claim), "{error}");
        }
    }

    #[test]
    fn a_header_holds_what_was_asked_for_but_no_other_algorithm() {
        let header = map(&[("kid", "k1".into()), ("alg", "none".into())]);
        let given = map(&[("header", header.into())]);
        let token = sign(Map::new(), "secret", &given).unwrap();
        let header = decode(&token).unwrap()["header"].clone().cast::<Map>();
        assert_eq!(header["kid"].clone().into_string().unwrap(), "k1");
        assert_eq!(header["alg"].clone().into_string().unwrap(), "HS256");
    }

    #[test]
    fn what_is_no_token_or_no_key_is_told() {
        assert!(decode("a.b").is_err());
        let error = sign(Map::new(), "secret", &alg("RS256"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("-----BEGIN PRIVATE KEY-----"), "{error}");
        let error = sign(Map::new(), "secret", &alg("HS265"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("did you mean `HS256`"), "{error}");
    }
}
