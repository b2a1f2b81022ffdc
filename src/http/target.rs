//! A URL, parsed once: everything about it that a request needs, ready to be written.

use std::cell::OnceCell;
use std::rc::Rc;

use bytes::Bytes;
use url::{Host, Url};

use super::HttpError;
use super::h1::KnownHead;
use crate::lengths;
use crate::secrets::{MASK, is_secret_name, mask_urls};

/// Where a request goes. Interned by the worker's client, so building a request parses nothing.
#[derive(Debug)]
pub struct Target {
    /// The URL without its fragment.
    pub url: Url,
    /// Whether TLS is spoken.
    pub https: bool,
    /// The host as it is looked up: a name, or an address without brackets.
    pub host: Rc<str>,
    pub port: u16,
    /// `host` or `host:port`, as in the Host header.
    pub authority: Rc<str>,
    /// Path and query.
    pub path: Rc<str>,
    /// The URL without query, fragment and user: the default `name` tag.
    pub name: Rc<str>,
    /// User and password of the URL, if any.
    pub user: Option<(String, String)>,
    /// The beginning of a plain GET: request line, Host and User-Agent.
    pub get_head: Bytes,
    /// The header it answered with last, on this thread.
    pub known_head: KnownHead,
    shown: OnceCell<Box<str>>,
}

impl Target {
    /// Parses a URL. `user_agent` goes into the prepared head; empty sends none.
    ///
    /// # Errors
    /// [`HttpError::INVALID_URL`] with what is wrong with it.
    pub fn parse(text: &str, user_agent: &str) -> Result<Self, HttpError> {
        let invalid = |why: &str| {
            HttpError::new(
                HttpError::INVALID_URL,
                format!("invalid URL {:?}: {why}", mask_urls(text)),
            )
        };
        let mut url = Url::parse(text).map_err(|error| match error {
            url::ParseError::RelativeUrlWithoutBase => {
                invalid("it has no scheme; write http:// or https:// and the host before the path")
            }
            other => invalid(&other.to_string()),
        })?;
        let https = match url.scheme() {
            "http" => false,
            "https" => true,
            other => {
                return Err(invalid(&format!(
                    "the scheme {other:?} is not supported, only http and https"
                )));
            }
        };
        url.set_fragment(None);
        let host: Rc<str> = match url.host() {
            Some(Host::Domain(name)) => name.into(),
            Some(Host::Ipv4(address)) => address.to_string().into(),
            Some(Host::Ipv6(address)) => address.to_string().into(),
            None => return Err(invalid("it names no host")),
        };
        let port = url
            .port_or_known_default()
            .unwrap_or(if https { 443 } else { 80 });
        let authority: Rc<str> = match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}").into(),
            (Some(host), None) => host.into(),
            (None, _) => return Err(invalid("it names no host")),
        };
        let path: Rc<str> = match url.query() {
            Some(query) => format!("{}?{query}", url.path()).into(),
            None => url.path().into(),
        };
        let decode = |text: &str| {
            percent_encoding::percent_decode_str(text)
                .decode_utf8_lossy()
                .into_owned()
        };
        let user = (!url.username().is_empty()).then(|| {
            (
                decode(url.username()),
                decode(url.password().unwrap_or_default()),
            )
        });
        let name = format!("{}://{authority}{}", url.scheme(), url.path());
        let name = lengths::name(&name).into();
        let mut head = format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\n");
        if !user_agent.is_empty() {
            head.push_str(&format!("User-Agent: {user_agent}\r\n"));
        }
        Ok(Self {
            url,
            https,
            host,
            port,
            authority,
            path,
            name,
            user,
            get_head: head.into(),
            known_head: KnownHead::default(),
            shown: OnceCell::new(),
        })
    }

    /// The URL as it is fit for reports: without a password, and without the values in its query whose names say that they are secret.
    pub fn shown(&self) -> &str {
        self.shown.get_or_init(|| redact(&self.url).into())
    }

    /// Whether a connection to one serves the other.
    pub fn same_origin(&self, other: &Self) -> bool {
        self.https == other.https && self.authority == other.authority
    }
}

fn redact(url: &Url) -> String {
    let mut clean = url.clone();
    let mut has_secrets = false;
    let mut pairs = Vec::new();
    for (name, value) in url.query_pairs() {
        // A value may be a URL of its own, which only shows once it is decoded.
        let shown = match is_secret_name(&name) {
            true => MASK.to_owned(),
            false => mask_urls(&value).into_owned(),
        };
        has_secrets |= shown != *value;
        pairs.push((name, shown));
    }
    // As it was written, if there are none.
    if has_secrets {
        clean.query_pairs_mut().clear().extend_pairs(pairs);
    }
    // Only URLs that cannot have credentials refuse, and those have none.
    let _ = clean.set_password(None);
    let _ = clean.set_username("");
    // What is in the path or in a fragment is looked at as it is written.
    mask_urls(clean.as_str()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_a_url_has_no_secrets() {
        let target = Target::parse("http://qa:p%40ss@h/a?token=t0p&b=c", "").unwrap();
        assert_eq!(target.shown(), "http://h/a?token=***&b=c");
        let within = Target::parse(
            "http://h/?next=http%3A%2F%2Fu%3Apw@i%2F%3Ftoken%3Dt0p&b=c",
            "",
        );
        let shown = within.unwrap().shown().to_owned();
        assert!(!shown.contains("pw") && !shown.contains("t0p"), "{shown}");
        assert!(shown.ends_with("&b=c"), "{shown}");
        let plain = Target::parse("http://h/a?b=c%20d", "").unwrap();
        assert_eq!(plain.shown(), plain.url.as_str());
    }

    #[test]
    fn a_url_is_taken_apart() {
        let target = Target::parse("http://qa:p%40ss@example.com:8080/a/b?c=d#e", "ua").unwrap();
        assert_eq!(&*target.host, "example.com");
        assert_eq!(target.port, 8080);
        assert_eq!(&*target.authority, "example.com:8080");
        assert_eq!(&*target.path, "/a/b?c=d");
        assert_eq!(&*target.name, "http://example.com:8080/a/b");
        assert_eq!(target.user, Some(("qa".into(), "p@ss".into())));
        assert_eq!(
            target.get_head,
            "GET /a/b?c=d HTTP/1.1\r\nHost: example.com:8080\r\nUser-Agent: ua\r\n"
        );
    }

    #[test]
    fn an_ipv6_address_is_looked_up_without_its_brackets() {
        let target = Target::parse("https://[::1]/", "").unwrap();
        assert_eq!(
            (&*target.host, target.port, &*target.authority),
            ("::1", 443, "[::1]")
        );
    }

    #[test]
    fn what_is_not_http_is_refused_with_the_reason() {
        for (url, part) in [
            ("/rooms", "no scheme"),
            ("ftp://a/", "not supported"),
            ("http://", "invalid URL"),
            ("http://a:99999/", "invalid URL"),
        ] {
            let error = Target::parse(url, "").unwrap_err();
            assert_eq!(error.code(), HttpError::INVALID_URL);
            assert!(error.message().contains(part), "{error}");
        }
    }

    #[test]
    fn a_password_does_not_get_into_the_message() {
        for url in [
            "http://u:hunter2@:1/",
            "ftp://u:hunter2@h/?x",
            "http://u:hunter2@h:x/?pin=hunter2",
        ] {
            let error = Target::parse(url, "").unwrap_err();
            assert!(!error.message().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_line_break_in_a_url_cannot_smuggle_a_header() {
        let target = Target::parse("http://a/x\r\nEvil: 1", "").unwrap();
        assert!(!target.path.contains('\n') && !target.path.contains('\r'));
    }
}
