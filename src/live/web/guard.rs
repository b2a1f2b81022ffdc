//! Who may do what.
//!
//! The dashboard of a run that only this machine reaches has no login. What must be kept out there are web pages: a page anywhere may send
//! requests to `127.0.0.1`, and may have a name of its own lead there (DNS rebinding). So the `Host` must be this machine's own name with
//! the right port, whatever says that it comes from another page is refused, and what changes something must bring JSON and the header
//! `x-rhaid: 1`: no form can send these, and a script of another page has to ask first, which is never answered.
//!
//! Where others reach it there is a token. It comes to the browser in the fragment of a URL, which is sent nowhere, and is exchanged
//! for a cookie that scripts cannot read and that no other site's request carries; programs send it as `Authorization: Bearer`. Names lead
//! nowhere there without the cookie, so the `Host` may be any.

use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Instant;

use http::{HeaderMap, HeaderName, Method, header};

use super::token::{Guesses, Token};

/// What every request that changes something brings.
pub const HEADER: HeaderName = HeaderName::from_static("x-rhaid");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// Why a request is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("this is not the dashboard's own address")]
    Host,
    #[error("requests of other web pages are not served")]
    Origin,
    #[error("what changes something needs the header `x-rhaid: 1`")]
    Header,
    #[error("what changes something needs `content-type: application/json`")]
    ContentType,
    #[error("this needs the token")]
    NoToken,
    #[error("that is not the token")]
    WrongToken,
    #[error("too many wrong tokens; wait a minute")]
    TooMany,
}

/// What of a request is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    pub method: &'a Method,
    pub headers: &'a HeaderMap,
    pub from: IpAddr,
    /// It serves what is no secret: the page itself, and the exchange of the token.
    pub is_open: bool,
}

/// Guards one dashboard.
#[derive(Debug)]
pub struct Guard {
    port: u16,
    token: Option<Token>,
    /// What the cookie holds: the token itself stays out of the browser's store.
    session: Token,
    guesses: Mutex<Guesses>,
}

impl Guard {
    pub fn new(port: u16, token: Option<Token>) -> Self {
        Self {
            port,
            token,
            session: Token::random(),
            guesses: Mutex::new(Guesses::new(Instant::now())),
        }
    }

    /// Cookies know no ports, so two dashboards of one machine need two names.
    fn cookie_name(&self) -> String {
        format!("rhaid_{}", self.port)
    }

    /// Whether a request may be served.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, seen: Seen<'_>) -> Result<(), Refused> {
        let host = text(seen.headers, header::HOST).ok_or(Refused::Host)?;
        if self.token.is_none() && !is_own(host, self.port) {
            return Err(Refused::Host);
        }
        let changes = !matches!(*seen.method, Method::GET | Method::HEAD);
        self.check_origin(seen, host, changes)?;
        if changes {
            if text(seen.headers, HEADER) != Some("1") {
                return Err(Refused::Header);
            }
            let kind = text(seen.headers, header::CONTENT_TYPE).unwrap_or_default();
            let kind = kind.split(';').next().unwrap_or_default().trim();
            if !kind.eq_ignore_ascii_case("application/json") {
                return Err(Refused::ContentType);
            }
        }
        match seen.is_open {
            true => Ok(()),
            false => self.check_token(seen),
        }
    }

    fn check_origin(&self, seen: Seen<'_>, host: &str, changes: bool) -> Result<(), Refused> {
        if seen.headers.contains_key(header::ORIGIN) {
            let origin = text(seen.headers, header::ORIGIN).ok_or(Refused::Origin)?;
            let own = origin
                .strip_prefix("http://")
                .or_else(|| origin.strip_prefix("https://"));
            if !own.is_some_and(|own| own.eq_ignore_ascii_case(host)) {
                return Err(Refused::Origin);
            }
        }
        let Some(site) = text(seen.headers, FETCH_SITE) else {
            return Ok(());
        };
        // A link that somebody follows may lead here.
        let is_followed = !changes && text(seen.headers, FETCH_MODE) == Some("navigate");
        match site {
            "same-origin" => Ok(()),
            "none" if !changes => Ok(()),
            _ if is_followed => Ok(()),
            _ => Err(Refused::Origin),
        }
    }

    fn check_token(&self, seen: Seen<'_>) -> Result<(), Refused> {
        let Some(_) = &self.token else {
            return Ok(());
        };
        if self.has_session(seen.headers) {
            return Ok(());
        }
        let Some(given) = text(seen.headers, header::AUTHORIZATION) else {
            return Err(Refused::NoToken);
        };
        let bearer = given
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let (_, guess) = bearer.ok_or(Refused::NoToken)?;
        self.guess(guess.trim(), seen.from)
    }

    /// Whether somebody knows the token.
    ///
    /// # Errors
    /// When not, or when nobody looks any more because of too many wrong ones.
    pub fn guess(&self, guess: &str, from: IpAddr) -> Result<(), Refused> {
        let Some(token) = &self.token else {
            return Ok(());
        };
        let now = Instant::now();
        let mut guesses = self.guesses.lock().unwrap_or_else(PoisonError::into_inner);
        if guesses.is_enough(from, now) {
            return Err(Refused::TooMany);
        }
        if token.is(guess) {
            return Ok(());
        }
        guesses.note(from, now);
        Err(Refused::WrongToken)
    }

    fn has_session(&self, headers: &HeaderMap) -> bool {
        let name = self.cookie_name();
        let cookies = headers.get_all(header::COOKIE).into_iter();
        cookies
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .any(|(key, value)| key == name && self.session.is(value))
    }

    /// The cookie that who knows the token gets.
    pub fn cookie(&self) -> String {
        format!(
            "{}={}; Path=/; HttpOnly; SameSite=Strict",
            self.cookie_name(),
            self.session.text()
        )
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    // Of two, none counts: who reads the other one must not be led astray.
    let mut all = headers.get_all(name).into_iter();
    let first = all.next()?.to_str().ok()?;
    all.next().is_none().then_some(first)
}

/// Whether a `Host` is this machine's own, with this port.
fn is_own(host: &str, port: u16) -> bool {
    let (name, given) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((name, rest)) => (name, rest.strip_prefix(':')),
        None => match host.rsplit_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (host, None),
        },
    };
    let given = given.map_or(Ok(80), str::parse::<u16>);
    let is_here = name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    given == Ok(port) && is_here
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use http::HeaderValue;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn check(guard: &Guard, method: Method, pairs: &[(&'static str, &str)]) -> Result<(), Refused> {
        guard.check(Seen {
            method: &method,
            headers: &headers(pairs),
            from: HERE,
            is_open: false,
        })
    }

    #[test]
    fn only_this_machines_names_with_the_right_port_lead_here() {
        for own in [
            "127.0.0.1:5665",
            "localhost:5665",
            "LocalHost:5665",
            "[::1]:5665",
            "127.1.2.3:5665",
        ] {
            assert!(is_own(own, 5665), "{own}");
        }
        for other in [
            "",
            "evil.example:5665",
            "127.0.0.1",
            "127.0.0.1:80",
            "127.0.0.1.evil.example:5665",
            "localhost.evil.example:5665",
            "192.168.0.1:5665",
            "localhost:5665.evil.example",
            "[::1]5665",
            "[::2]:5665",
        ] {
            assert!(!is_own(other, 5665), "{other}");
        }
    }

    #[test]
    fn a_name_that_was_made_to_lead_here_is_refused() {
        let guard = Guard::new(5665, None);
        assert_eq!(
            check(&guard, Method::GET, &[("host", "evil.example:5665")]),
            Err(Refused::Host)
        );
        assert_eq!(check(&guard, Method::GET, &[]), Err(Refused::Host));
        let twice = [("host", "127.0.0.1:5665"), ("host", "evil.example")];
        assert_eq!(check(&guard, Method::GET, &twice), Err(Refused::Host));
        assert_eq!(
            check(&guard, Method::GET, &[("host", "127.0.0.1:5665")]),
            Ok(())
        );
    }

    #[test]
    fn no_other_page_changes_anything() {
        let guard = Guard::new(5665, None);
        let host = ("host", "127.0.0.1:5665");
        let json = ("content-type", "application/json");
        let own = ("x-rhaid", "1");
        let try_it = |more: &[(&'static str, &str)]| {
            let all: Vec<_> = [host].into_iter().chain(more.iter().copied()).collect();
            check(&guard, Method::POST, &all)
        };
        assert_eq!(try_it(&[json, own]), Ok(()));
        assert_eq!(
            try_it(&[
                json,
                own,
                ("origin", "http://127.0.0.1:5665"),
                ("sec-fetch-site", "same-origin")
            ]),
            Ok(())
        );
        // What a form can send.
        assert_eq!(
            try_it(&[("content-type", "text/plain")]),
            Err(Refused::Header)
        );
        assert_eq!(
            try_it(&[("content-type", "text/plain"), own]),
            Err(Refused::ContentType)
        );
        assert_eq!(try_it(&[json]), Err(Refused::Header));
        for origin in [
            "http://evil.example",
            "null",
            "http://127.0.0.1:8080",
            "http://localhost:5665",
            "127.0.0.1:5665",
        ] {
            assert_eq!(
                try_it(&[json, own, ("origin", origin)]),
                Err(Refused::Origin),
                "{origin}"
            );
        }
        for site in ["cross-site", "same-site", "none"] {
            assert_eq!(
                try_it(&[json, own, ("sec-fetch-site", site)]),
                Err(Refused::Origin),
                "{site}"
            );
        }
    }

    #[test]
    fn no_other_page_listens_but_a_link_may_be_followed() {
        let guard = Guard::new(5665, None);
        let host = ("host", "127.0.0.1:5665");
        let cross = ("sec-fetch-site", "cross-site");
        let get = |more: &[(&'static str, &str)]| {
            let all: Vec<_> = [host].into_iter().chain(more.iter().copied()).collect();
            check(&guard, Method::GET, &all)
        };
        assert_eq!(
            get(&[cross, ("sec-fetch-mode", "cors")]),
            Err(Refused::Origin)
        );
        assert_eq!(
            get(&[("origin", "http://evil.example")]),
            Err(Refused::Origin)
        );
        assert_eq!(get(&[cross, ("sec-fetch-mode", "navigate")]), Ok(()));
    }

    #[test]
    fn with_a_token_nobody_gets_in_without_it_or_its_cookie() {
        let token = Token::random();
        let guard = Guard::new(9000, Some(token.clone()));
        let host = ("host", "load.example.com:9000");
        assert_eq!(check(&guard, Method::GET, &[host]), Err(Refused::NoToken));
        let right = format!("Bearer {}", token.text());
        assert_eq!(
            check(&guard, Method::GET, &[host, ("authorization", &right)]),
            Ok(())
        );
        assert_eq!(
            check(
                &guard,
                Method::GET,
                &[
                    host,
                    ("authorization", "Bearer 00000000000000000000000000000000")
                ]
            ),
            Err(Refused::WrongToken)
        );
        let cookie = guard.cookie();
        let pair = cookie.split(';').next().unwrap();
        assert!(!cookie.contains(token.text()));
        assert_eq!(
            check(
                &guard,
                Method::GET,
                &[host, ("cookie", &format!("a=b; {pair}"))]
            ),
            Ok(())
        );
        assert_eq!(
            check(
                &guard,
                Method::GET,
                &[host, ("cookie", &format!("rhaid_9000={}", token.text()))]
            ),
            Err(Refused::NoToken)
        );
        for number in 0..20 {
            let refused = guard
                .guess("00000000000000000000000000000000", HERE)
                .unwrap_err();
            let expected = if number < 9 {
                Refused::WrongToken
            } else {
                Refused::TooMany
            };
            assert_eq!(refused, expected, "{number}");
        }
        // Who is in stays in; who comes from there has to wait, even with the right one.
        assert_eq!(
            check(&guard, Method::GET, &[host, ("cookie", pair)]),
            Ok(())
        );
        assert_eq!(guard.guess(token.text(), HERE), Err(Refused::TooMany));
    }
}
