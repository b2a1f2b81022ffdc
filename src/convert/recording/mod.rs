//! Recordings: what a browser did, exchange by exchange, becomes a journey that anyone can repeat.
//!
//! In: [`Exchange`]s in the order of time, from a file ([`super::har`]) or from a proxy that listens
//! (`rhaid record`). Out: a [`Journey`] whose requests are grouped by page, with the pauses of the recording, with values
//! of earlier responses read from them, and with secrets left to the environment.
//!
//! Memory is bounded: of each response only the values stay that could come back, of those only so many, and what a
//! recording sends in all has a bound too.

mod correlate;
pub mod exchange;
pub mod form;
mod found;
mod lift;
mod redirects;
mod sift;
mod steps;
mod write;

pub use exchange::{Exchange, Kind, Part, Sent};
pub use steps::Translator;

use std::collections::BTreeMap;

use super::{Error, Journey, Settings};
use found::Found;

/// Bytes of requests that are kept.
const MOST_SENT: usize = 64 << 20;
/// Requests that are kept: more than anyone wants to read as a script.
const MOST_KEPT: usize = 20_000;
/// Values of responses that are kept, in bytes.
const MOST_FOUND: usize = 64 << 20;

/// A recording in the making.
pub struct Recording {
    settings: Settings,
    /// What it came from, for the head of the script.
    source: String,
    /// What helps if there is nothing in it.
    advice: &'static str,
    site: Option<String>,
    kept: Vec<Kept>,
    /// Titles of pages by their ids.
    pages: BTreeMap<String, String>,
    left: Left,
    sent: usize,
    found: usize,
}

/// An exchange that becomes a request, without its response's body.
struct Kept {
    exchange: Exchange,
    url: url::Url,
    found: Vec<Found>,
}

/// What was left out, counted.
#[derive(Default)]
struct Left {
    /// By host.
    domains: BTreeMap<String, usize>,
    assets: usize,
    unanswered: usize,
    others: usize,
    /// Past the bounds.
    surplus: usize,
    values: bool,
}

impl Recording {
    /// An empty one, of `source`: `shop.har, recorded with Chromium`. `advice`: what helps if nothing comes.
    pub fn new(source: impl Into<String>, advice: &'static str, settings: Settings) -> Self {
        Self {
            advice,
            settings,
            source: source.into(),
            site: None,
            kept: Vec::new(),
            pages: BTreeMap::new(),
            left: Left::default(),
            sent: 0,
            found: 0,
        }
    }

    /// Gives a page its title.
    pub fn page(&mut self, id: String, title: String) {
        if self.pages.len() < MOST_KEPT {
            self.pages.insert(id, title);
        }
    }

    /// How many requests were kept.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Takes the next exchange, or leaves it out.
    pub fn push(&mut self, mut exchange: Exchange) {
        let url = match url::Url::parse(&exchange.url) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => url,
            _ => {
                self.left.others += 1;
                return;
            }
        };
        let host = url.host_str().unwrap_or_default().to_owned();
        if exchange.kind == Kind::Other || !is_sent(&exchange.method) {
            self.left.others += 1;
            return;
        }
        if !self.is_own(&host) {
            if self.left.domains.len() < 1_000 || self.left.domains.contains_key(&host) {
                *self.left.domains.entry(host).or_default() += 1;
            }
            return;
        }
        if exchange.status == 0 {
            self.left.unanswered += 1;
            return;
        }
        let is_asset = exchange.kind == Kind::Asset;
        if is_asset && self.settings.assets != super::Assets::Batch {
            self.left.assets += usize::from(self.settings.assets == super::Assets::Drop);
            return;
        }
        if is_asset && exchange.status >= 400 {
            self.left.unanswered += 1;
            return;
        }
        let weight = weight(&exchange);
        if self.kept.len() >= MOST_KEPT || self.sent + weight > MOST_SENT {
            self.left.surplus += 1;
            return;
        }
        self.sent += weight;
        let mut found = if is_asset {
            Vec::new()
        } else {
            found::values(&exchange)
        };
        exchange.content = String::new();
        let size: usize = found.iter().map(|found| found.value.len() + 64).sum();
        if self.found + size > MOST_FOUND {
            self.left.values = true;
            found = Vec::new();
        } else {
            self.found += size;
        }
        self.kept.push(Kept {
            exchange,
            url,
            found,
        });
    }

    fn is_own(&mut self, host: &str) -> bool {
        if !self.settings.domains.is_empty() {
            let domains = &self.settings.domains;
            return domains.iter().any(|domain| sift::is_below(host, domain));
        }
        let site = self.site.get_or_insert_with(|| sift::site(host));
        sift::is_below(host, site)
    }

    /// The journey.
    ///
    /// # Errors
    /// When nothing was kept; says what was left out, since that is why.
    pub fn finish(mut self) -> Result<Journey, Error> {
        if self.kept.is_empty() {
            let left = self.left.lines();
            let why = if left.is_empty() {
                "there is no request in it".to_owned()
            } else {
                format!("nothing of it is left: {}", left.join("; "))
            };
            return Err(Error::new(format!("{}: {why}", self.source), self.advice));
        }
        self.kept
            .sort_by(|a, b| a.exchange.began.total_cmp(&b.exchange.began));
        Ok(write::journey(self))
    }
}

/// Whether a script can send such a request: CONNECT opens tunnels, and some writers leave the method empty.
fn is_sent(method: &str) -> bool {
    http::Method::from_bytes(method.as_bytes()).is_ok_and(|method| method != http::Method::CONNECT)
}

fn weight(exchange: &Exchange) -> usize {
    let headers = exchange.headers.iter().chain(&exchange.response_headers);
    let headers: usize = headers.map(|(name, value)| name.len() + value.len()).sum();
    let body = match &exchange.body {
        Sent::Nothing | Sent::Lost(_) => 0,
        Sent::Text(text) => text.len(),
        Sent::Bytes(bytes) => bytes.len(),
        Sent::Form(fields) => fields.iter().map(|(n, v)| n.len() + v.len()).sum(),
        Sent::Multipart(parts) => parts.iter().map(|p| p.name.len() + p.value.len()).sum(),
    };
    exchange.url.len() + headers + body
}

impl Left {
    /// A line for each kind.
    fn lines(&self) -> Vec<String> {
        let requests = |count: usize| match count {
            1 => "1 request".to_owned(),
            count => format!("{count} requests"),
        };
        let mut lines = Vec::new();
        let mut domains: Vec<(&String, &usize)> = self.domains.iter().collect();
        domains.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
        let (shown, rest) = domains.split_at(domains.len().min(10));
        for (host, count) in shown {
            lines.push(format!(
                "{} to {host} (--domain {host} keeps them)",
                requests(**count)
            ));
        }
        if !rest.is_empty() {
            let count = rest.iter().map(|(_, count)| **count).sum();
            lines.push(format!("{} to {} other hosts", requests(count), rest.len()));
        }
        for (count, what) in [
            (self.assets, "for style sheets, scripts, images and fonts"),
            (
                self.unanswered,
                "without a response, or for assets that were not there",
            ),
            (
                self.others,
                "that no script repeats: web sockets, preflights, and those that never left the browser",
            ),
            (
                self.surplus,
                "past the bounds: 20,000 requests, 64 MiB of what they send",
            ),
        ] {
            if count > 0 {
                lines.push(format!("{} {what}", requests(count)));
            }
        }
        if self.values {
            lines.push("values of later responses: too many to look for".to_owned());
        }
        lines
    }
}
