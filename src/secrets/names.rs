//! Which names say that their value must not be shown, nor sent to a stranger.
//!
//! A name is taken apart into words, so that `DB_PASS` is one and `passenger` is none.

use serde_json::Value;

use super::MASK;

/// A word that is one of these, or ends in one (`dbpassword`), tells a secret wherever it stands.
const STRONG: [&str; 10] = [
    "authorization",
    "cookie",
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "credential",
    "signature",
];

/// So do these, but only as a whole word.
const WHOLE: [&str; 4] = ["private", "bearer", "jwt", "creds"];

/// These do at the end of a name, or before one of [`ATTRIBUTES`]: `basic_auth` and `auth_key`, but not `auth_mode`.
const WEAK: [&str; 11] = [
    "auth",
    "authentication",
    "pass",
    "pwd",
    "pin",
    "otp",
    "totp",
    "sig",
    "sid",
    "sessid",
    "session",
];

const ATTRIBUTES: [&str; 6] = ["id", "key", "code", "hash", "header", "value"];

/// A key is a secret if it is one to one of these: no `cache_key`, no `idempotency-key`.
const LOCKS: [&str; 23] = [
    "rapidapi",
    "access",
    "account",
    "admin",
    "api",
    "app",
    "auth",
    "client",
    "crypt",
    "encryption",
    "function",
    "functions",
    "hmac",
    "license",
    "master",
    "private",
    "secret",
    "service",
    "session",
    "shared",
    "sign",
    "signing",
    "subscription",
];

/// Whether a field of that name holds something that must not be shown.
pub fn is_secret_name(name: &str) -> bool {
    let words = words(name);
    let is = |word: &str, list: &[&str]| list.contains(&word);
    words.iter().enumerate().any(|(at, word)| {
        let before = at.checked_sub(1).and_then(|at| words.get(at));
        let after = words.get(at + 1);
        STRONG.iter().any(|strong| word.ends_with(strong))
            || is(word, &WHOLE)
            || is(word, &WEAK) && after.is_none_or(|after| is(after, &ATTRIBUTES))
            || word
                .strip_suffix("id")
                .is_some_and(|word| word.ends_with("sess") || word.ends_with("session"))
            || word == "key" && before.is_some_and(|before| is(before, &LOCKS))
            || word
                .strip_suffix("key")
                .is_some_and(|lock| is(lock, &LOCKS))
    })
}

/// A name's words in lower case, without numbers and the `s` of a plural at their ends: `apiKeys2` is `api`, `key`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut characters = name.chars().peekable();
    let mut last = None;
    while let Some(character) = characters.next() {
        let upper = character.is_uppercase();
        let next_is_lower = characters.peek().is_some_and(|next| next.is_lowercase());
        // `apiKey`, and `APIKey` too.
        let begins = match last {
            Some(last) if upper && char::is_lowercase(last) => true,
            Some(last) if upper && char::is_uppercase(last) => next_is_lower,
            _ => false,
        };
        if begins || !character.is_alphanumeric() {
            words.push(String::new());
        }
        if character.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(character.to_lowercase());
        }
        last = Some(character);
    }
    words
        .into_iter()
        .map(|word| {
            let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
            match word.strip_suffix('s') {
                // `pass` is no plural.
                Some(single) if !single.ends_with('s') => single.to_owned(),
                _ => word.to_owned(),
            }
        })
        .filter(|word| !word.is_empty())
        .collect()
}

/// Takes out of JSON the values whose names say that they are secret.
pub fn hide_named(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                if is_secret_name(name) && !value.is_object() && !value.is_array() {
                    *value = MASK.into();
                } else {
                    hide_named(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide_named),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_secrets() {
        for name in [
            "Authorization",
            "Proxy-Authorization",
            "X_API_KEY",
            "x-api-key",
            "apiKey",
            "APIKey",
            "apikey",
            "APIKEY2",
            "set-cookie",
            "db_password",
            "dbpassword",
            "DB_PASS",
            "PASS",
            "pwd",
            "X-Auth",
            "X-Auth-Token",
            "X-Auth-Key",
            "AUTH",
            "basic_auth",
            "X-Session-Id",
            "session",
            "JSESSIONID",
            "PHPSESSID",
            "access_token",
            "accessToken",
            "refresh_tokens",
            "client-secret",
            "clientSecret",
            "SIGNING_KEY",
            "signing_keys",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_ACCESS_KEY_ID",
            "Ocp-Apim-Subscription-Key",
            "x-functions-key",
            "privateKey",
            "PIN",
            "user_pin",
            "pin_code",
            "sig",
            "X-Amz-Signature",
            "credentials",
            "jwt",
            "X-RapidAPI-Key",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn names_that_only_look_alike_tell_none() {
        for name in [
            "",
            "accept",
            "user",
            "mode",
            "author",
            "authority",
            "auth_mode",
            "auth_url",
            "pinned",
            "shipping",
            "passenger",
            "passengers",
            "bypass",
            "compass",
            "pass_rate",
            "keyboard",
            "monkey",
            "key",
            "cache_key",
            "Idempotency-Key",
            "Sec-WebSocket-Key",
            "session_duration",
            "secretary",
            "tokenizer",
            "design",
            "side",
            "assign",
            "x-request-id",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}
