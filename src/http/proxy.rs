//! Proxies: which one a request goes through, and how a tunnel is asked for.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use url::Url;

use super::auth;
use super::error::HttpError;
use super::io::Counted;
use super::settings::ProxyChoice;
use super::target::Target;

/// A proxy's kind, address and credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    pub kind: ProxyKind,
    pub host: std::rc::Rc<str>,
    pub port: u16,
    pub user: Option<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyKind {
    Http,
    Socks5,
}

impl Proxy {
    /// Reads `http://[user:password@]host:port` or `socks5://…`.
    pub fn parse(url: &Url) -> Result<Self, String> {
        let (kind, default_port) = match url.scheme() {
            "http" => (ProxyKind::Http, 80),
            "socks5" | "socks5h" => (ProxyKind::Socks5, 1080),
            other => {
                return Err(format!(
                    "a proxy of the scheme `{other}` is not supported; use http:// or socks5://"
                ));
            }
        };
        let host = url
            .host_str()
            .ok_or("the proxy's URL names no host")?
            .trim_matches(['[', ']']);
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
        Ok(Self {
            kind,
            host: host.into(),
            port: url.port().unwrap_or(default_port),
            user,
        })
    }

    /// The value of a Proxy-Authorization header.
    pub fn authorization(&self) -> Option<String> {
        self.user
            .as_ref()
            .map(|(user, password)| auth::basic(user, password))
    }
}

/// The proxies of a run.
#[derive(Debug, Default)]
pub struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    except: Vec<String>,
    from_environment: bool,
}

impl Proxies {
    /// Resolves a run's choice; reads the environment if that is the choice.
    pub fn new(choice: &ProxyChoice) -> Self {
        match choice {
            ProxyChoice::Direct => Self::default(),
            ProxyChoice::Fixed(url) => {
                let proxy = Proxy::parse(url).ok();
                Self {
                    http: proxy.clone(),
                    https: proxy,
                    except: Vec::new(),
                    from_environment: false,
                }
            }
            ProxyChoice::Environment => {
                let read = |name: &str| {
                    std::env::var(name.to_lowercase())
                        .or_else(|_| std::env::var(name))
                        .ok()
                        .filter(|v| !v.is_empty())
                };
                let proxy = |name| {
                    read(name)
                        .and_then(|v| Url::parse(&v).ok())
                        .and_then(|u| Proxy::parse(&u).ok())
                };
                let except = read("NO_PROXY").unwrap_or_default();
                Self {
                    http: proxy("HTTP_PROXY"),
                    https: proxy("HTTPS_PROXY"),
                    except: except
                        .split(',')
                        .map(|part| part.trim().to_lowercase())
                        .filter(|p| !p.is_empty())
                        .collect(),
                    from_environment: true,
                }
            }
        }
    }

    /// The proxy for a target, if any.
    pub fn pick(&self, target: &Target) -> Option<&Proxy> {
        let proxy = if target.https {
            self.https.as_ref()
        } else {
            self.http.as_ref()
        }?;
        if self.from_environment {
            let loopback = &*target.host == "localhost"
                || target
                    .host
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|address| address.is_loopback());
            if loopback
                || self
                    .except
                    .iter()
                    .any(|pattern| excepted(pattern, &target.host))
            {
                return None;
            }
        }
        Some(proxy)
    }
}

/// NO_PROXY's patterns: `*`, a host, or a domain with or without a leading dot.
fn excepted(pattern: &str, host: &str) -> bool {
    let domain = pattern.trim_start_matches("*.").trim_start_matches('.');
    pattern == "*"
        || host == domain
        || host
            .strip_suffix(domain)
            .is_some_and(|rest| rest.ends_with('.'))
}

/// Asks an HTTP proxy for a tunnel to `host:port`.
pub async fn connect_tunnel(
    stream: &mut Counted,
    proxy: &Proxy,
    host: &str,
    port: u16,
) -> Result<(), HttpError> {
    let failed = |what: String| {
        HttpError::new(
            HttpError::PROXY,
            format!("the proxy {}:{} {what}", proxy.host, proxy.port),
        )
    };
    let bracketed = if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    let mut request =
        format!("CONNECT {bracketed}:{port} HTTP/1.1\r\nHost: {bracketed}:{port}\r\n");
    if let Some(value) = proxy.authorization() {
        request.push_str(&format!("Proxy-Authorization: {value}\r\n"));
    }
    request.push_str("\r\n");
    stream
        .write_all(request.as_bytes())
        .await
        .map_err(|e| failed(format!("closed the connection: {e}")))?;
    let mut answer = Vec::new();
    // Byte by byte: what follows the header already belongs to the tunnel.
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() > 16 << 10 {
            return Err(failed("answered with a header that is too long".to_owned()));
        }
        let byte = stream
            .read_u8()
            .await
            .map_err(|e| failed(format!("closed the connection: {e}")))?;
        answer.push(byte);
    }
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    match response.parse(&answer) {
        Ok(_) if response.code.is_some_and(|code| (200..300).contains(&code)) => Ok(()),
        Ok(_) => Err(failed(format!(
            "refused the tunnel to {host}:{port}: {} {}",
            response.code.unwrap_or_default(),
            response.reason.unwrap_or_default()
        ))),
        Err(error) => Err(failed(format!("does not speak HTTP: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_read_from_urls() {
        let proxy = Proxy::parse(&Url::parse("http://u:p%40@proxy.example:3128").unwrap()).unwrap();
        assert_eq!(
            (&*proxy.host, proxy.port, proxy.kind),
            ("proxy.example", 3128, ProxyKind::Http)
        );
        assert_eq!(proxy.user, Some(("u".into(), "p@".into())));
        assert_eq!(
            Proxy::parse(&Url::parse("socks5://h").unwrap())
                .unwrap()
                .port,
            1080
        );
        assert!(Proxy::parse(&Url::parse("ftp://h").unwrap()).is_err());
    }

    #[test]
    fn exceptions_cover_hosts_and_their_subdomains() {
        assert!(excepted("example.com", "example.com"));
        assert!(excepted(".example.com", "a.example.com"));
        assert!(excepted("*", "anything"));
        assert!(!excepted("example.com", "notexample.com"));
    }
}
