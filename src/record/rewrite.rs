//! What is changed in passing so that the browser stays with the proxy and the service sees no proxy.

use http::{HeaderName, HeaderValue, header};
use url::Url;

/// Whether a `Host` header names this machine, and nothing that anybody could have given a name.
pub fn is_local(host: &str) -> bool {
    let Ok(authority) = host.parse::<http::uri::Authority>() else {
        return false;
    };
    let name = authority.host().to_ascii_lowercase();
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost"
        || name.ends_with(".localhost")
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// The service's address, and the proxy's in its place.
pub struct Places {
    /// `https://shop.example.com`, without a slash.
    origin: String,
    /// The path below which all requests go, without a slash at its end.
    prefix: String,
}

impl Places {
    /// For the service at `target`; a path of it comes before that of every request.
    pub fn new(target: Url) -> Self {
        Self {
            origin: target.origin().ascii_serialization(),
            prefix: target.path().trim_end_matches('/').to_owned(),
        }
    }

    /// Where a path of the proxy leads.
    pub fn there(&self, path: &str) -> String {
        format!("{}{}{path}", self.origin, self.prefix)
    }

    /// A header of a request: what names the proxy names the service.
    pub fn in_request(&self, name: &HeaderName, value: &HeaderValue, here: &str) -> HeaderValue {
        if !matches!(*name, header::ORIGIN | header::REFERER) {
            return value.clone();
        }
        let Ok(text) = value.to_str() else {
            return value.clone();
        };
        let Some(rest) = text.strip_prefix(&format!("http://{here}")) else {
            return value.clone();
        };
        let prefix = if *name == header::ORIGIN {
            ""
        } else {
            &self.prefix
        };
        let changed = format!("{}{prefix}{rest}", self.origin);
        HeaderValue::from_str(&changed).unwrap_or_else(|_| value.clone())
    }

    /// A header of a response: what names the service names the proxy. `None` for what must not reach the browser.
    pub fn in_response(
        &self,
        name: &HeaderName,
        value: HeaderValue,
        here: &str,
    ) -> Option<HeaderValue> {
        // The proxy has no TLS, and a browser would not come back without it.
        if matches!(
            *name,
            header::STRICT_TRANSPORT_SECURITY | header::ALT_SVC | header::UPGRADE
        ) {
            return None;
        }
        let text = match value.to_str() {
            Ok(text) => text,
            Err(_) => return Some(value),
        };
        let changed = match *name {
            header::LOCATION | header::CONTENT_LOCATION => self.location(text, here),
            header::SET_COOKIE => Some(cookie(text)),
            header::ACCESS_CONTROL_ALLOW_ORIGIN if text == self.origin => {
                Some(format!("http://{here}"))
            }
            _ => None,
        };
        match changed {
            Some(changed) => HeaderValue::from_str(&changed).ok().or(Some(value)),
            None => Some(value),
        }
    }

    fn location(&self, text: &str, here: &str) -> Option<String> {
        let path = if let Some(rest) = text.strip_prefix(&self.origin) {
            // `https://shop.example.com.evil.test` is another host.
            if !(rest.is_empty() || rest.starts_with(['/', '?', '#'])) {
                return None;
            }
            rest
        } else if text.starts_with('/') && !text.starts_with("//") {
            text
        } else {
            return None;
        };
        let rest = match path.strip_prefix(&self.prefix) {
            Some(rest) if rest.is_empty() || rest.starts_with(['/', '?', '#']) => rest,
            _ => path,
        };
        Some(format!("http://{here}{rest}"))
    }
}

/// A cookie for whatever host the browser believes to be at, also without TLS.
fn cookie(text: &str) -> String {
    let mut parts = text.split(';').map(str::trim);
    let mut kept = vec![parts.next().unwrap_or_default()];
    kept.extend(parts.filter(|part| {
        let lower = part.to_ascii_lowercase();
        let name = lower.split('=').next().unwrap_or_default().trim();
        !matches!(name, "domain" | "secure" | "partitioned") && lower != "samesite=none"
    }));
    kept.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_its_own() {
        for host in [
            "localhost:1",
            "127.0.0.1",
            "[::1]:8888",
            "shop.localhost",
            "LOCALHOST",
        ] {
            assert!(is_local(host), "{host}");
        }
        for host in [
            "evil.test:1",
            "127.0.0.1.evil.test",
            "10.0.0.1",
            "",
            "localhost.evil.test",
        ] {
            assert!(!is_local(host), "{host}");
        }
    }

    #[test]
    fn the_browser_stays_with_the_proxy() {
        let places = Places::new(Url::parse("https://shop.test/app/").unwrap());
        let there = |name: HeaderName, value: &'static str| {
            places
                .in_response(&name, HeaderValue::from_static(value), "127.0.0.1:1")
                .map(|value| value.to_str().unwrap().to_owned())
        };
        for (given, expected) in [
            ("https://shop.test/app/x?a=1", "http://127.0.0.1:1/x?a=1"),
            ("/app/x", "http://127.0.0.1:1/x"),
            ("https://shop.test.evil/x", "https://shop.test.evil/x"),
            ("https://other.test/x", "https://other.test/x"),
            ("x", "x"),
        ] {
            assert_eq!(there(header::LOCATION, given).as_deref(), Some(expected));
        }
        let cookie = "a=1; Domain=shop.test; Path=/; Secure; SameSite=None; HttpOnly";
        assert_eq!(
            there(header::SET_COOKIE, cookie).as_deref(),
            Some("a=1; Path=/; HttpOnly")
        );
        assert_eq!(there(header::STRICT_TRANSPORT_SECURITY, "max-age=1"), None);
        assert_eq!(places.there("/x?y"), "https://shop.test/app/x?y");
        let origin = HeaderValue::from_static("http://127.0.0.1:1");
        let changed = places.in_request(&header::ORIGIN, &origin, "127.0.0.1:1");
        assert_eq!(changed, "https://shop.test");
    }
}
