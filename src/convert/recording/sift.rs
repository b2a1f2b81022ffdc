//! What of a recording is meant: which hosts, which headers.

/// Headers that say nothing about the journey: the client sets them, or the browser did for itself.
const NOISE: &[&str] = &[
    "accept-encoding",
    "accept-language",
    "baggage",
    "cache-control",
    "connection",
    "content-length",
    "cookie",
    "dnt",
    "expect",
    "forwarded",
    "host",
    "if-modified-since",
    "if-none-match",
    "keep-alive",
    "newrelic",
    "origin",
    "pragma",
    "priority",
    "proxy-connection",
    "purpose",
    "referer",
    "request-id",
    "save-data",
    "sentry-trace",
    "te",
    "traceparent",
    "tracestate",
    "transfer-encoding",
    "upgrade",
    "upgrade-insecure-requests",
    "user-agent",
    "via",
    "x-client-data",
];

/// Beginnings of such names.
const NOISY: &[&str] = &[
    ":",
    "sec-",
    "access-control-",
    "x-b3-",
    "x-datadog-",
    "x-forwarded-",
    "x-newrelic-",
];

/// Whether a header of a request is worth repeating.
pub fn is_meant(name: &str, value: &str) -> bool {
    if NOISE.contains(&name) || NOISY.iter().any(|start| name.starts_with(start)) {
        return false;
    }
    match name {
        // What browsers ask for everywhere.
        "accept" => {
            !(value.starts_with("*/*")
                || value.starts_with("text/html,")
                || value.starts_with("image/")
                || value.starts_with("text/css,"))
        }
        // Sent with the body anyway.
        "content-type" => {
            let kind = value.split(';').next().unwrap_or_default().trim();
            !matches!(
                kind,
                "application/json" | "application/x-www-form-urlencoded" | "multipart/form-data"
            )
        }
        _ => true,
    }
}

/// The site of a host: what was registered, so far as the name tells. Addresses and single names are their own.
pub fn site(host: &str) -> String {
    if host.parse::<std::net::Ipv4Addr>().is_ok() || host.contains(':') {
        return host.to_owned();
    }
    let labels: Vec<&str> = host.split('.').collect();
    // `example.co.uk`: a short name below a country's.
    let public = match labels.as_slice() {
        [.., second, top] if top.len() == 2 && second.len() <= 3 => 3,
        _ => 2,
    };
    let from = labels.len().saturating_sub(public);
    labels.get(from..).unwrap_or_default().join(".")
}

/// Whether a host is a domain or below it. `*.example.com` and `.example.com` mean `example.com`.
pub fn is_below(host: &str, domain: &str) -> bool {
    let domain = domain.trim_start_matches('*').trim_start_matches('.');
    let domain = domain.to_ascii_lowercase();
    host == domain
        || host
            .strip_suffix(&domain)
            .is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_what_was_registered() {
        for (host, expected) in [
            ("www.example.com", "example.com"),
            ("a.b.example.co.uk", "example.co.uk"),
            ("localhost", "localhost"),
            ("127.0.0.1", "127.0.0.1"),
            ("[::1]", "[::1]"),
        ] {
            assert_eq!(site(host), expected);
        }
        assert!(is_below("api.example.com", "example.com"));
        assert!(is_below("api.example.com", "*.example.com"));
        assert!(!is_below("badexample.com", "example.com"));
    }

    #[test]
    fn headers_of_the_browser_are_noise() {
        assert!(!is_meant(":authority", "x"));
        assert!(!is_meant("sec-fetch-mode", "cors"));
        assert!(!is_meant("accept", "*/*"));
        assert!(!is_meant("content-type", "application/json; charset=utf-8"));
        assert!(is_meant("accept", "application/json"));
        assert!(is_meant("content-type", "application/merge-patch+json"));
        assert!(is_meant("x-requested-with", "XMLHttpRequest"));
        assert!(is_meant("authorization", "Bearer x"));
    }
}
