//! The HTTP side of the options.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ::http::{HeaderName, HeaderValue, header};
use serde_json::Value;

use super::reader::{Reader, describe};
use crate::http::{
    AddressRules, Http2, Network, ProxyChoice, Reuse, RpsLimit, Settings, StatusSet, TlsSettings,
};
use crate::secrets::mask_urls;
use crate::suggest::did_you_mean;

/// Source addresses at most: a range is spelt out.
const MAX_LOCAL_IPS: u128 = 65_536;

/// Reads the run's HTTP settings.
pub fn read(reader: &mut Reader<'_>) -> Settings {
    let defaults = Settings::default();
    Settings {
        timeout: positive(reader, "timeout").unwrap_or(defaults.timeout),
        max_redirects: reader
            .small_count("redirects", 0)
            .unwrap_or(defaults.max_redirects),
        user_agent: user_agent(reader).unwrap_or(defaults.user_agent),
        headers: headers(reader),
        hosts: hosts(reader),
        fault_proxies: std::collections::HashMap::new(),
        rules: AddressRules {
            allowed: address_rules(reader, "allowed_hosts"),
            blocked: address_rules(reader, "blocked_hosts"),
        },
        local_ips: local_ips(reader),
        proxy: proxy(reader),
        tls: tls(reader),
        http2: http2(reader),
        reuse: reuse(reader),
        keep_cookies: reader.flag("keep_cookies").unwrap_or_default(),
        discard_bodies: reader.flag("discard_bodies").unwrap_or_default(),
        max_response_size: reader
            .size("max_response_size")
            .unwrap_or(defaults.max_response_size),
        batch: reader
            .small_count("batch", 1)
            .map_or(defaults.batch, |n| n as usize),
        batch_per_host: reader
            .small_count("batch_per_host", 1)
            .map_or(defaults.batch_per_host, |n| n as usize),
        dns_ttl: reader.duration("dns_ttl").unwrap_or(defaults.dns_ttl),
        dns: defaults.dns,
        rps: rps(reader),
        expected: expected_statuses(reader).unwrap_or_default(),
    }
}

fn positive(reader: &mut Reader<'_>, key: &str) -> Option<Duration> {
    let duration = reader.duration(key)?;
    if duration.is_zero() {
        reader.error(key, "must be more than zero", None);
        return None;
    }
    Some(duration)
}

fn user_agent(reader: &mut Reader<'_>) -> Option<String> {
    let text = reader.string("user_agent")?;
    if HeaderValue::from_str(text).is_err() {
        reader.error(
            "user_agent",
            "holds characters that a header cannot carry",
            None,
        );
        return None;
    }
    Some(text.to_owned())
}

pub(super) fn headers(reader: &mut Reader<'_>) -> Vec<(HeaderName, HeaderValue)> {
    let mut out = Vec::new();
    for (name, value) in reader.string_map("headers").unwrap_or_default() {
        match (HeaderName::try_from(&name), HeaderValue::from_str(&value)) {
            (Ok(name), _) if matches!(name, header::CONTENT_LENGTH | header::TRANSFER_ENCODING) => {
                reader.error(
                    "headers",
                    format!("`{name}` is said by itself, as it fits each body"),
                    Some("leave it out".to_owned()),
                );
            }
            (Ok(name), Ok(value)) => out.push((name, value)),
            (Err(_), _) => reader.error("headers", format!("`{name}` is not a header name"), None),
            (_, Err(_)) => reader.error(
                "headers",
                format!("the value of `{name}` holds characters that a header cannot carry"),
                None,
            ),
        }
    }
    out
}

fn hosts(reader: &mut Reader<'_>) -> std::collections::HashMap<String, SocketAddr> {
    let mut out = std::collections::HashMap::new();
    for (host, address) in reader.string_map("hosts").unwrap_or_default() {
        let parsed = address.parse::<SocketAddr>().or_else(|_| {
            address
                .trim_matches(['[', ']'])
                .parse::<IpAddr>()
                .map(|ip| SocketAddr::new(ip, 0))
        });
        match parsed {
            Ok(parsed) => {
                out.insert(host.to_lowercase(), parsed);
            }
            Err(_) => reader.error(
                "hosts",
                format!("`{address}` is not an address: write \"127.0.0.1\" or \"127.0.0.1:8080\""),
                None,
            ),
        }
    }
    out
}

/// Names, addresses, `*.domain` and networks; anything else would cover nothing in silence.
fn address_rules(reader: &mut Reader<'_>, key: &str) -> Vec<String> {
    let rules = reader.strings(key).unwrap_or_default();
    for rule in &rules {
        let is_address = rule.parse::<IpAddr>().is_ok() || Network::parse(rule).is_some();
        let name = rule.strip_prefix("*.").unwrap_or(rule);
        let is_name = rule == "*"
            || !name.is_empty()
                && !name
                    .contains(|c: char| c.is_whitespace() || matches!(c, '/' | ':' | '*' | '@'));
        if !is_address && !is_name {
            reader.error(
                key,
                format!("`{rule}` is not a host"),
                Some(
                    "write a name, an address, \"*.example.com\" or a network such as \"10.0.0.0/8\"; no scheme, port or path"
                        .to_owned(),
                ),
            );
        }
    }
    rules
}

fn local_ips(reader: &mut Reader<'_>) -> Vec<IpAddr> {
    let mut out = Vec::new();
    for item in reader.strings("local_ips").unwrap_or_default() {
        match ip_range(&item) {
            Ok(range) => out.extend(range),
            Err(why) => reader.error("local_ips", why, None),
        }
    }
    out
}

/// Reads `a`, `a-b` or `a/prefix` (IPv4).
fn ip_range(text: &str) -> Result<Vec<IpAddr>, String> {
    let wrong = || {
        format!(
            "`{text}` is not an address or a range: write \"127.0.0.2\", \"127.0.0.2-127.0.0.9\" or \"127.0.1.0/28\""
        )
    };
    let number = |ip: IpAddr| match ip {
        IpAddr::V4(v4) => u128::from(u32::from(v4)),
        IpAddr::V6(v6) => u128::from(v6),
    };
    let (first, last) = if let Some((first, last)) = text.split_once('-') {
        let first: IpAddr = first.trim().parse().map_err(|_| wrong())?;
        let last: IpAddr = last.trim().parse().map_err(|_| wrong())?;
        if first.is_ipv4() != last.is_ipv4() || number(last) < number(first) {
            return Err(wrong());
        }
        (first, number(last))
    } else if let Some((base, prefix)) = text.split_once('/') {
        let base: std::net::Ipv4Addr = base.trim().parse().map_err(|_| wrong())?;
        let prefix: u32 = prefix
            .trim()
            .parse()
            .ok()
            .filter(|p| *p <= 32)
            .ok_or_else(wrong)?;
        let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
        let network = u32::from(base) & mask;
        (IpAddr::V4(network.into()), u128::from(network | !mask))
    } else {
        let ip: IpAddr = text.trim().parse().map_err(|_| wrong())?;
        (ip, number(ip))
    };
    if last - number(first) >= MAX_LOCAL_IPS {
        return Err(format!(
            "`{text}` spans more than {MAX_LOCAL_IPS} addresses"
        ));
    }
    let ipv4 = first.is_ipv4();
    let range = number(first)..=last;
    Ok(range
        .map(|n| {
            if ipv4 {
                IpAddr::V4((n as u32).into())
            } else {
                IpAddr::V6(n.into())
            }
        })
        .collect())
}

fn proxy(reader: &mut Reader<'_>) -> ProxyChoice {
    let Some(text) = reader.string("proxy") else {
        return ProxyChoice::Environment;
    };
    if matches!(text, "off" | "none" | "") {
        return ProxyChoice::Direct;
    }
    let parsed = url::Url::parse(text).map_err(|error| error.to_string());
    match parsed.and_then(|url| crate::http::check_proxy(&url).map(|()| url)) {
        Ok(url) => ProxyChoice::Fixed(url),
        Err(why) => {
            reader.error(
                "proxy",
                format!("{:?} is not a proxy: {why}", mask_urls(text)),
                Some("write \"http://host:3128\", \"socks5://host:1080\" or \"off\"".to_owned()),
            );
            ProxyChoice::Direct
        }
    }
}

fn tls(reader: &mut Reader<'_>) -> TlsSettings {
    let Some(map) = reader.object("tls") else {
        return TlsSettings::default();
    };
    let path = reader.path_of("tls");
    let mut inner = Reader::new(map, path, reader.errors());
    let certificate = inner.string("cert").map(PathBuf::from);
    let key = inner.string("key").map(PathBuf::from);
    let identity = match (certificate, key) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        (Some(_), None) => {
            inner.error("cert", "a client certificate needs its `key`", None);
            None
        }
        (None, Some(_)) => {
            inner.error("key", "a client key needs its `cert`", None);
            None
        }
    };
    let settings = TlsSettings {
        insecure: inner.flag("insecure").unwrap_or_default(),
        ca: inner
            .strings("ca")
            .unwrap_or_default()
            .into_iter()
            .map(PathBuf::from)
            .collect(),
        identity,
        only_custom_ca: inner.flag("only_ca").unwrap_or_default(),
    };
    // Checked now, so that a wrong file is an error before anything is sent.
    if let Err(error) = settings.client_config(&[]) {
        match error.key(&settings) {
            Some(key) => inner.error(key, error.to_string(), None),
            None => inner.error_here(error.to_string(), None),
        }
    }
    inner.finish(&["insecure", "ca", "only_ca", "cert", "key"], |_| None);
    settings
}

fn http2(reader: &mut Reader<'_>) -> Http2 {
    match reader.value("http2") {
        None => Http2::Auto,
        Some(Value::Bool(true)) => Http2::Auto,
        Some(Value::Bool(false)) => Http2::Off,
        Some(Value::String(text)) if text == "auto" => Http2::Auto,
        Some(Value::String(text)) if text == "off" => Http2::Off,
        Some(Value::String(text)) if text == "prior-knowledge" => Http2::PriorKnowledge,
        Some(other) => {
            let help = other
                .as_str()
                .and_then(|text| did_you_mean(text, ["auto", "off", "prior-knowledge"]));
            reader.error(
                "http2",
                format!(
                    "expected \"auto\", \"off\" or \"prior-knowledge\", found {}",
                    describe(other)
                ),
                help,
            );
            Http2::Auto
        }
    }
}

fn reuse(reader: &mut Reader<'_>) -> Reuse {
    match reader.value("connection_reuse") {
        None | Some(Value::Bool(true)) => Reuse::Vu,
        Some(Value::Bool(false)) => Reuse::Off,
        Some(Value::String(text)) if text == "iteration" => Reuse::Iteration,
        Some(other) => {
            reader.error(
                "connection_reuse",
                format!(
                    "expected true, false or \"iteration\", found {}",
                    describe(other)
                ),
                None,
            );
            Reuse::Vu
        }
    }
}

fn rps(reader: &mut Reader<'_>) -> Option<Arc<RpsLimit>> {
    let rate = reader.rate("rps", Duration::from_secs(1))?;
    if rate <= 0.0 {
        reader.error(
            "rps",
            "must be more than zero",
            Some("leave it out for no cap".to_owned()),
        );
        return None;
    }
    Some(Arc::new(RpsLimit::new(rate)))
}

fn expected_statuses(reader: &mut Reader<'_>) -> Option<StatusSet> {
    let mut ranges = Vec::new();
    for item in reader.strings("expected_statuses")? {
        match StatusSet::parse_item(&item) {
            Ok(range) => ranges.push(range),
            Err(why) => reader.error("expected_statuses", why, None),
        }
    }
    Some(StatusSet::new(ranges))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::keys;

    #[test]
    fn source_addresses_are_single_ranges_or_networks() {
        assert_eq!(ip_range("127.0.0.2").unwrap().len(), 1);
        assert_eq!(ip_range("127.0.0.2-127.0.0.9").unwrap().len(), 8);
        assert_eq!(ip_range("127.0.1.0/28").unwrap().len(), 16);
        for wrong in [
            "",
            "x",
            "127.0.0.9-127.0.0.2",
            "10.0.0.0/99",
            "10.0.0.0/4",
            "127.0.0.1-::1",
        ] {
            assert!(ip_range(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_table_names_every_option_that_is_read() {
        let known = keys::names(keys::RUN);
        for key in [
            "timeout",
            "redirects",
            "tls",
            "proxy",
            "rps",
            "batch",
            "local_ips",
            "http2",
            "connection_reuse",
        ] {
            assert!(known.contains(&key), "{key}");
        }
    }
}
