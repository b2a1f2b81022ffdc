//! URLs of a collection: whole or in parts, with a base that a variable may stand for.

use serde_json::Value as Json;

use super::request::field;
use crate::convert::emit::words::constant;

/// The whole of a URL, as one text.
pub fn whole(address: &Json) -> Option<String> {
    if let Some(text) = address
        .as_str()
        .or_else(|| address.get("raw")?.as_str())
        .filter(|text| !text.trim().is_empty())
    {
        return Some(text.to_owned());
    }
    let joined = |name: &str, between: &str| match address.get(name) {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Array(parts)) => {
            let parts: Vec<&str> = parts
                .iter()
                .filter_map(|part| part.as_str().or_else(|| part.get("value")?.as_str()))
                .collect();
            parts.join(between)
        }
        _ => String::new(),
    };
    let host = joined("host", ".");
    if host.is_empty() {
        return None;
    }
    let port = field(address, "port");
    let scheme = match field(address, "protocol") {
        "" => String::new(),
        scheme => format!("{}://", scheme.trim_end_matches("://")),
    };
    let port = if port.is_empty() {
        String::new()
    } else {
        format!(":{port}")
    };
    Some(format!(
        "{scheme}{host}{port}/{}",
        joined("path", "/").trim_start_matches('/')
    ))
}

/// A URL as what comes before its path, and the path.
pub fn split(address: &str) -> (&str, &str) {
    let after = address.find("://").map_or(0, |at| at + 3);
    let end = address
        .get(after..)
        .and_then(|rest| rest.find('/'))
        .map_or(address.len(), |at| at + after);
    address.split_at_checked(end).unwrap_or((address, ""))
}

/// A URL without who stands before its host, and who that is: `ada:pw` of `https://ada:pw@shop.test`.
pub fn apart(address: &str) -> (String, Option<String>) {
    let (base, path) = split(address);
    let start = base.find("://").map_or(0, |at| at + 3);
    let Some(at) = base.rfind('@').filter(|at| *at >= start) else {
        return (address.to_owned(), None);
    };
    let (before, after) = base.split_at(at);
    let (scheme, user) = before.split_at(start);
    let host = after.trim_start_matches('@');
    (format!("{scheme}{host}{path}"), Some(user.to_owned()))
}

/// A base with a scheme, unless a variable may bring one.
pub fn with_scheme(base: &str) -> String {
    if base.contains("://") || base.starts_with("{{") {
        base.to_owned()
    } else {
        format!("http://{base}")
    }
}

/// The variable of the environment for what a collection calls its base.
pub fn env_of(name: &str) -> String {
    let plain: String = name
        .chars()
        .filter(|c| c.is_alphanumeric())
        .collect::<String>()
        .to_lowercase();
    match plain.as_str() {
        "baseurl" | "base" | "url" | "host" | "server" | "apiurl" | "domain" | "endpoint"
        | "hostname" => "BASE_URL".to_owned(),
        _ => constant(name, "BASE_URL"),
    }
}
