//! Where a database is, and who asks.

use std::fmt;
use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use percent_encoding::percent_decode_str;
use url::Url;

use super::error::DatabaseError;
use crate::secrets::mask_urls;

/// Longer than this nobody waits for a database to begin or to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// A database's URL, taken apart. It shows itself without user and password.
#[derive(Clone)]
pub struct Place {
    pub host: String,
    pub port: u16,
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    /// What stands after the first slash.
    pub(super) name: String,
}

/// A kind of database, for reading URLs.
pub(super) struct Kind {
    pub name: &'static str,
    pub schemes: &'static [&'static str],
    pub port: u16,
    pub example: &'static str,
}

impl Place {
    pub(super) fn parse(text: &str, kind: &Kind) -> Result<Self, DatabaseError> {
        let wrong = |why: &str| DatabaseError::Url {
            url: mask_urls(text).into_owned(),
            kind: kind.name,
            why: why.to_owned(),
            example: kind.example,
        };
        let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
        if !kind.schemes.contains(&url.scheme()) {
            return Err(wrong("its scheme is another's"));
        }
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| wrong("it names no host"))?;
        let decoded = |text: &str| {
            percent_decode_str(text)
                .decode_utf8()
                .map(|text| text.into_owned())
                .map_err(|_| wrong("it is not UTF-8"))
        };
        let user = Some(url.username()).filter(|user| !user.is_empty());
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port().unwrap_or(kind.port),
            user: user.map(decoded).transpose()?,
            password: url.password().map(decoded).transpose()?,
            name: decoded(url.path().trim_start_matches('/'))?,
        })
    }

    pub(super) fn connect(&self) -> Result<TcpStream, DatabaseError> {
        self.dial().map_err(|source| DatabaseError::Connect {
            place: self.to_string(),
            source,
        })
    }

    fn dial(&self) -> io::Result<TcpStream> {
        let mut last = None;
        for address in (self.host.as_str(), self.port).to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, PATIENCE) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(PATIENCE))?;
                    stream.set_write_timeout(Some(PATIENCE))?;
                    stream.set_nodelay(true)?;
                    return Ok(stream);
                }
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| io::Error::other("the host has no address")))
    }

    pub(super) fn broken(&self, source: io::Error) -> DatabaseError {
        let source = match source.kind() {
            // What a read says whose time is over.
            io::ErrorKind::WouldBlock => io::Error::new(
                io::ErrorKind::TimedOut,
                format!("no answer within {} s", PATIENCE.as_secs()),
            ),
            _ => source,
        };
        DatabaseError::Broken {
            place: self.to_string(),
            source,
        }
    }

    pub(super) fn protocol(&self, what: impl Into<String>) -> DatabaseError {
        DatabaseError::Protocol {
            place: self.to_string(),
            what: what.into(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: Kind = Kind {
        name: "test",
        schemes: &["test"],
        port: 7,
        example: "test://127.0.0.1:7",
    };

    #[test]
    fn a_url_is_taken_apart_and_shows_no_password() {
        let place = Place::parse("test://us%40er:p%2Fw@[::1]:9/name", &KIND).unwrap();
        assert_eq!((place.host.as_str(), place.port), ("::1", 9));
        assert_eq!(place.user.as_deref(), Some("us@er"));
        assert_eq!(place.password.as_deref(), Some("p/w"));
        assert_eq!(place.name, "name");
        assert_eq!(format!("{place} {place:?}"), "[::1]:9 Place([::1]:9)");
        assert_eq!(Place::parse("test://h", &KIND).unwrap().port, 7);
    }

    #[test]
    fn a_wrong_url_is_told_without_its_password() {
        for text in [
            "other://u:hunter2@h/",
            "test://u:hunter2@:7/",
            "test://u:hunter2@h:x/",
            "test://u:hunter2@h/%FF",
        ] {
            let error = Place::parse(text, &KIND).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
            assert!(error.contains("test://127.0.0.1:7"), "{error}");
        }
    }
}
