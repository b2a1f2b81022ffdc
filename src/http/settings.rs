//! What a run says about HTTP, resolved and checked, the same for all virtual users.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use url::Url;

use super::request::StatusSet;
use super::tls::TlsSettings;
use crate::chaos::dns::Dns;

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
    /// The run's own proxies among these addresses, by name: what is said of them is said of what stands behind them.
    pub fault_proxies: HashMap<SocketAddr, String>,
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
    /// What goes wrong with look-ups on purpose.
    pub dns: Arc<Dns>,
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
            fault_proxies: HashMap::new(),
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
            dns: Arc::default(),
            rps: None,
            expected: StatusSet::default(),
        }
    }
}

/// Which hosts a run may reach: names, addresses, `*.example.com` for a domain's subdomains, `10.0.0.0/8` for a
/// network.
#[derive(Debug, Clone, Default)]
pub struct AddressRules {
    /// If not empty, everything else is refused.
    pub allowed: Vec<String>,
    pub blocked: Vec<String>,
}

impl AddressRules {
    /// Why the host may not be reached, if it may not.
    pub fn refusal(&self, host: &str) -> Option<String> {
        if let Some(why) = self.blocking(host) {
            return Some(why);
        }
        if !self.allowed.is_empty() && !self.allowed.iter().any(|rule| covers(rule, host)) {
            return Some(format!(
                "`{host}` is not in `allowed_hosts` ({})",
                self.allowed.join(", ")
            ));
        }
        None
    }

    /// Why the host or address is blocked, if it is.
    pub fn blocking(&self, host: &str) -> Option<String> {
        let rule = self.blocked.iter().find(|rule| covers(rule, host))?;
        Some(format!("`{host}` is blocked by `blocked_hosts` ({rule})"))
    }
}

/// Whether a rule is about this host.
fn covers(rule: &str, host: &str) -> bool {
    if let Some(domain) = rule.strip_prefix("*.") {
        let host = host.to_ascii_lowercase();
        return host
            .strip_suffix(&domain.to_ascii_lowercase())
            .is_some_and(|rest| rest.ends_with('.'));
    }
    if let Some(network) = Network::parse(rule) {
        return host
            .parse()
            .is_ok_and(|address: IpAddr| network.contains(reached(address)));
    }
    rule == "*" || rule.eq_ignore_ascii_case(host)
}

/// The address that is really reached: an IPv4 address may be written as an IPv6 one, and the unspecified address
/// is this machine.
fn reached(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) if v4.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(v6) if v6.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        other => other,
    }
}

/// A network as `10.0.0.0/8` or `fd00::/8` write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    prefix: u32,
}

impl Network {
    /// Reads a network; `None` if the text is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (base, prefix) = text.split_once('/')?;
        let base: IpAddr = base.parse().ok()?;
        let bits = if base.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.parse().ok().filter(|prefix| *prefix <= bits)?;
        Some(Self { base, prefix })
    }

    fn contains(self, address: IpAddr) -> bool {
        // The leftmost bits of both, moved to the right end of a number that holds either kind.
        let head = |address: IpAddr| match address {
            IpAddr::V4(v4) => u128::from(u32::from(v4)).checked_shr(32 - self.prefix),
            IpAddr::V6(v6) => u128::from(v6).checked_shr(128 - self.prefix),
        };
        self.base.is_ipv4() == address.is_ipv4() && head(self.base) == head(address)
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

    /// The part of the cap that a share of the load has.
    pub fn of_share(&self, share: f64) -> Self {
        Self::new(1e9 / self.interval as f64 * share)
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
    fn another_way_to_write_a_blocked_address_is_no_way_around() {
        let rules = AddressRules {
            allowed: Vec::new(),
            blocked: vec!["127.0.0.0/8".into(), "::1/128".into()],
        };
        for host in ["127.0.0.1", "::ffff:127.0.0.1", "0.0.0.0", "::"] {
            assert!(rules.refusal(host).is_some(), "{host}");
        }
        assert_eq!(rules.refusal("::ffff:10.0.0.1"), None);
    }

    #[test]
    fn a_network_holds_the_addresses_that_begin_like_it() {
        for (network, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"),
            ("127.0.0.0/31", "127.0.0.1", "127.0.0.2"),
            ("192.0.2.7/32", "192.0.2.7", "192.0.2.8"),
            ("0.0.0.0/0", "203.0.113.9", "::1"),
            ("fd00::/8", "fd12::1", "fe80::1"),
            ("::/0", "::1", "10.0.0.1"),
        ] {
            assert!(covers(network, inside), "{inside} in {network}");
            assert!(!covers(network, outside), "{outside} in {network}");
        }
        for wrong in [
            "10.0.0.0/33",
            "10.0.0.0/",
            "host/8",
            "fd00::/129",
            "10.0.0.0",
        ] {
            assert_eq!(Network::parse(wrong), None, "{wrong}");
        }
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
