//! What a run says about HTTP, resolved and checked, the same for all virtual users.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use url::Url;

use super::request::StatusSet;
use super::tls::TlsSettings;

/// Which HTTP version is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Http2 {
    /// HTTP/2 where TLS negotiates it (ALPN), HTTP/1.1 otherwise.
    #[default]
    Auto,
    /// HTTP/1.1 only.
    Off,
    /// HTTP/2 without asking, also without TLS.
    PriorKnowledge,
}

/// How long a connection is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reuse {
    /// As long as the virtual user lives.
    #[default]
    Vu,
    /// Until the iteration ends.
    Iteration,
    /// One request.
    Off,
}

/// The run's HTTP settings.
#[derive(Debug, Clone)]
pub struct Settings {
    pub timeout: Duration,
    pub max_redirects: u32,
    pub user_agent: String,
    /// Sent with every request that does not set them itself.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Fixed addresses for `host` or `host:port`; a port of 0 keeps the URL's.
    pub hosts: HashMap<String, SocketAddr>,
    pub rules: AddressRules,
    /// Source addresses, dealt out to virtual users in turn.
    pub local_ips: Vec<IpAddr>,
    pub proxy: ProxyChoice,
    pub tls: TlsSettings,
    pub http2: Http2,
    pub reuse: Reuse,
    pub keep_cookies: bool,
    pub discard_bodies: bool,
    /// In bytes, after decompression.
    pub max_response_size: u64,
    /// Requests of one `http::batch` in flight at once.
    pub batch: usize,
    /// Of these, to one host.
    pub batch_per_host: usize,
    pub dns_ttl: Duration,
    pub rps: Option<Arc<RpsLimit>>,
    pub expected: StatusSet,
}

/// Where requests are sent through.
#[derive(Debug, Clone, Default)]
pub enum ProxyChoice {
    /// What HTTP_PROXY, HTTPS_PROXY and NO_PROXY say; never for loopback.
    #[default]
    Environment,
    /// No proxy at all.
    Direct,
    /// This one: `http://`, `socks5://` or `socks5h://`.
    Fixed(Url),
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(60),
            max_redirects: 10,
            user_agent: concat!("rhaid/", env!("CARGO_PKG_VERSION")).to_owned(),
            headers: Vec::new(),
            hosts: HashMap::new(),
            rules: AddressRules::default(),
            local_ips: Vec::new(),
            proxy: ProxyChoice::default(),
            tls: TlsSettings::default(),
            http2: Http2::default(),
            reuse: Reuse::default(),
            keep_cookies: false,
            discard_bodies: false,
            max_response_size: 64 << 20,
            batch: 20,
            batch_per_host: 6,
            dns_ttl: Duration::from_secs(300),
            rps: None,
            expected: StatusSet::default(),
        }
    }
}

/// Which hosts a run may reach. `*.example.com` covers the domain's subdomains.
#[derive(Debug, Clone, Default)]
pub struct AddressRules {
    /// If not empty, everything else is refused.
    pub allowed: Vec<String>,
    pub blocked: Vec<String>,
}

impl AddressRules {
    /// Why the host may not be reached, if it may not.
    pub fn refusal(&self, host: &str) -> Option<String> {
        let matches = |pattern: &String| match pattern.strip_prefix("*.") {
            Some(domain) => {
                let host = host.to_ascii_lowercase();
                host.strip_suffix(&domain.to_ascii_lowercase())
                    .is_some_and(|rest| rest.ends_with('.'))
            }
            None => pattern == "*" || pattern.eq_ignore_ascii_case(host),
        };
        if let Some(pattern) = self.blocked.iter().find(|pattern| matches(pattern)) {
            return Some(format!(
                "`{host}` is blocked by `blocked_hosts` ({pattern})"
            ));
        }
        if !self.allowed.is_empty() && !self.allowed.iter().any(matches) {
            return Some(format!(
                "`{host}` is not in `allowed_hosts` ({})",
                self.allowed.join(", ")
            ));
        }
        None
    }
}

/// A cap on requests per second across all virtual users and threads: each request takes the next free slot
/// (the generic cell rate algorithm without a burst).
#[derive(Debug)]
pub struct RpsLimit {
    interval: u64,
    next: AtomicU64,
}

impl RpsLimit {
    /// A cap of `rate` requests per second.
    pub fn new(rate: f64) -> Self {
        Self {
            interval: (1e9 / rate).round().max(1.0) as u64,
            next: AtomicU64::new(0),
        }
    }

    /// Takes the next slot; how long to wait for it. `now` is nanoseconds on any clock that all callers share.
    pub fn reserve(&self, now: u64) -> Duration {
        let mut wait = 0;
        let _ = self
            .next
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |next| {
                let slot = next.max(now);
                wait = slot - now;
                Some(slot + self.interval)
            });
        Duration::from_nanos(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocked_wins_over_allowed_and_an_allow_list_closes_the_rest() {
        let rules = AddressRules {
            allowed: vec!["*.example.com".into(), "10.0.0.1".into()],
            blocked: vec!["bad.example.com".into()],
        };
        assert_eq!(rules.refusal("a.example.com"), None);
        assert_eq!(rules.refusal("10.0.0.1"), None);
        assert!(rules.refusal("bad.EXAMPLE.com").is_some());
        assert!(rules.refusal("example.com").is_some());
        assert!(rules.refusal("notexample.com").is_some());
    }

    #[test]
    fn slots_are_an_interval_apart_and_unused_ones_are_lost() {
        let limit = RpsLimit::new(10.0);
        let ms = |n: u64| n * 1_000_000;
        assert_eq!(limit.reserve(ms(1000)), Duration::ZERO);
        assert_eq!(limit.reserve(ms(1000)), Duration::from_millis(100));
        assert_eq!(limit.reserve(ms(1010)), Duration::from_millis(190));
        assert_eq!(limit.reserve(ms(5000)), Duration::ZERO);
        assert_eq!(limit.reserve(ms(5000)), Duration::from_millis(100));
    }
}
