//! A virtual user's cookies.

use cookie_store::{CookieStore, RawCookie};
use http::{HeaderName, HeaderValue};
use url::Url;

use super::response::HeaderBlock;
use crate::secrets::mask_urls;

/// A cookie jar that costs nothing until the first cookie.
#[derive(Debug, Default)]
pub struct Jar(Option<Box<CookieStore>>);

impl Jar {
    /// The Cookie header's value for a request to `url`, the request's own cookies over those of the jar.
    pub fn header(&self, url: &Url, own: &[(String, String)]) -> Option<String> {
        let mut out = String::new();
        let mut push = |name: &str, value: &str| {
            if !out.is_empty() {
                out.push_str("; ");
            }
            out.push_str(name);
            out.push('=');
            out.push_str(value);
        };
        for (name, value) in self.matching(url) {
            if own.iter().all(|(other, _)| *other != name) {
                push(&name, &value);
            }
        }
        for (name, value) in own {
            push(name, value);
        }
        (!out.is_empty()).then_some(out)
    }

    /// Names and values of the cookies that a request to `url` would carry.
    pub fn matching(&self, url: &Url) -> Vec<(String, String)> {
        let Some(store) = &self.0 else {
            return Vec::new();
        };
        store
            .get_request_values(url)
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// Stores the Set-Cookie headers of a response from `url`.
    pub fn store(&mut self, url: &Url, headers: &HeaderBlock) {
        let cookies = headers.get_all("set-cookie");
        let parsed = cookies
            .into_iter()
            .filter_map(|text| RawCookie::parse(text).ok());
        self.0
            .get_or_insert_default()
            .store_response_cookies(parsed, url);
    }

    /// Stores a cookie as a Set-Cookie header would say it, for example `a=b; Path=/`.
    ///
    /// # Errors
    /// A sentence when the cookie is malformed or not allowed for the URL.
    pub fn set(&mut self, url: &Url, text: &str) -> Result<(), String> {
        // The value may be a secret, so messages name the cookie alone.
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        let value = value.split(';').next().unwrap_or_default();
        check(name.trim(), value)?;
        if HeaderValue::from_str(text).is_err() {
            return Err(format!(
                "the attributes of the cookie `{name}` hold control characters"
            ));
        }
        match self.0.get_or_insert_default().parse(text, url) {
            Ok(_) => Ok(()),
            Err(error) => Err(format!(
                "the cookie `{name}` cannot be set for {}: {error}",
                mask_urls(url.as_str())
            )),
        }
    }

    /// Forgets all cookies.
    pub fn clear(&mut self) {
        if let Some(store) = &mut self.0 {
            store.clear();
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0
            .as_ref()
            .is_none_or(|store| store.iter_any().next().is_none())
    }
}

/// Whether a cookie can stand in a header without becoming two, or ending it.
///
/// # Errors
/// A sentence that names the cookie.
pub fn check(name: &str, value: &str) -> Result<(), String> {
    // RFC 6265, section 4.1.1: the name is a token, like the name of a header.
    if HeaderName::try_from(name).is_err() {
        return Err(format!(
            "{name:?} is not a name of a cookie: it has characters other than letters, digits and !#$%&'*+-.^_`|~"
        ));
    }
    if value.contains(';') || HeaderValue::from_str(value).is_err() {
        return Err(format!(
            "the value of the cookie `{name}` holds a `;` or a control character; encode it first"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn cookies_go_back_where_they_came_from_and_nowhere_else() {
        let mut jar = Jar::default();
        let headers = HeaderBlock::of_wire(
            b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/x\r\nSet-Cookie: b=2; Secure; Path=/\r\nSet-Cookie: c=3; Max-Age=0\r\n\r\n",
        );
        jar.store(&url("http://shop.example/x"), &headers);
        assert_eq!(
            jar.header(&url("http://shop.example/x/y"), &[]).as_deref(),
            Some("a=1")
        );
        assert_eq!(jar.header(&url("http://shop.example/"), &[]), None);
        assert_eq!(jar.header(&url("http://other.example/x"), &[]), None);
        assert_eq!(
            jar.header(&url("https://shop.example/"), &[]).as_deref(),
            Some("b=2")
        );
    }

    #[test]
    fn a_cookie_that_would_become_another_or_end_the_header_is_refused() {
        let mut jar = Jar::default();
        for text in [
            "a=hunter2\0",
            "a=hunter2\r\nEvil: 1",
            "a=hunter2; Path=/\u{1}",
            "a b=hunter2",
            "=hunter2",
            "a\n=hunter2",
            "hunter2\u{7f}=1",
        ] {
            let error = jar.set(&url("http://a.example/"), text).unwrap_err();
            assert!(!error.contains("=hunter2"), "{error}");
        }
        assert!(jar.is_empty());
        assert!(check("a", "1; b=2").is_err() && check("a", "1, \"2\" ü").is_ok());
    }

    #[test]
    fn a_requests_own_cookie_wins_over_the_jars() {
        let mut jar = Jar::default();
        jar.set(&url("http://a.example/"), "k=jar").unwrap();
        assert_eq!(
            jar.header(&url("http://a.example/"), &[("k".into(), "own".into())])
                .as_deref(),
            Some("k=own")
        );
        jar.clear();
        assert!(jar.is_empty());
    }
}
