//! What can go wrong with a request, under k6's numbers, which dashboards and scripts already know.

use std::io;

use crate::lengths::{MESSAGE, shorten};

/// Why a request got no (usable) response. The message is for people, the code for grouping.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct HttpError {
    code: u16,
    message: String,
}

impl HttpError {
    pub const GENERIC: u16 = 1000;
    pub const INVALID_URL: u16 = 1020;
    pub const TIMEOUT: u16 = 1050;
    /// rhaid's own: the virtual user was stopped while the request was under way.
    pub const INTERRUPTED: u16 = 1051;
    pub const TOO_MANY_REDIRECTS: u16 = 1060;
    pub const BODY_TOO_LARGE: u16 = 1070;
    pub const DNS: u16 = 1100;
    pub const DNS_NOT_FOUND: u16 = 1101;
    pub const BLOCKED_ADDRESS: u16 = 1110;
    pub const BLOCKED_HOST: u16 = 1111;
    pub const TCP: u16 = 1200;
    pub const BROKEN_PIPE: u16 = 1201;
    pub const CONNECTION_CLOSED: u16 = 1205;
    pub const DIAL: u16 = 1210;
    pub const DIAL_TIMEOUT: u16 = 1211;
    pub const REFUSED: u16 = 1212;
    pub const RESET: u16 = 1220;
    pub const TLS: u16 = 1300;
    pub const UNKNOWN_AUTHORITY: u16 = 1310;
    pub const CERTIFICATE_NAME: u16 = 1311;
    pub const CERTIFICATE_EXPIRED: u16 = 1312;
    pub const PROXY: u16 = 1230;
    pub const HTTP2: u16 = 1600;
    pub const HTTP2_GOAWAY: u16 = 1610;
    pub const HTTP2_STREAM: u16 = 1630;
    pub const MALFORMED: u16 = 1640;
    pub const INCOMPLETE: u16 = 1641;
    pub const HEADER_TOO_LARGE: u16 = 1642;
    pub const DECOMPRESSION: u16 = 1701;

    /// An error with one of the codes above.
    pub fn new(code: u16, message: impl Into<String>) -> Self {
        let mut message = message.into();
        shorten(&mut message, MESSAGE);
        Self { code, message }
    }

    /// k6's code of a response whose status alone marks it as failed: 1000 + status for what HTTP calls an error.
    /// Other statuses that were not expected share one, since 1200 and 1302 mean something else.
    pub fn status_code(status: u16) -> u16 {
        match status {
            400..=599 => 1000 + status,
            _ => Self::GENERIC,
        }
    }

    /// The number to group by.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The sentence to show.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// A failure on an established connection. `doing` fits after "while".
    pub fn from_io(error: &io::Error, doing: &str) -> Self {
        use io::ErrorKind as Kind;
        match error.kind() {
            Kind::ConnectionReset | Kind::ConnectionAborted => Self::new(
                Self::RESET,
                format!("connection reset by the server while {doing}"),
            ),
            Kind::BrokenPipe => Self::new(
                Self::BROKEN_PIPE,
                format!("the server closed the connection while {doing}"),
            ),
            Kind::UnexpectedEof => Self::new(
                Self::CONNECTION_CLOSED,
                format!("the server closed the connection while {doing}"),
            ),
            Kind::InvalidData => error
                .get_ref()
                .and_then(|inner| inner.downcast_ref::<rustls::Error>())
                .and_then(|tls| super::tls::refusal(tls, "the server"))
                .unwrap_or_else(|| {
                    Self::new(Self::TLS, format!("TLS error while {doing}: {error}"))
                }),
            _ => Self::new(Self::TCP, format!("network error while {doing}: {error}")),
        }
    }

    /// This process may open no more files. `doing` fits after "while".
    pub fn too_many_files(code: u16, doing: &str) -> Self {
        Self::new(
            code,
            format!("too many open files while {doing}; raise the limit with `ulimit -n 65536`"),
        )
    }

    /// Whether that is so now.
    pub fn out_of_files() -> bool {
        std::fs::File::open("/dev/null")
            .is_err_and(|error| matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE)))
    }

    /// A failure to connect.
    pub fn from_connect(error: &io::Error, address: &str) -> Self {
        use io::ErrorKind as Kind;
        match error.kind() {
            Kind::ConnectionRefused => {
                Self::new(Self::REFUSED, format!("connection refused by {address}"))
            }
            Kind::TimedOut => Self::new(
                Self::DIAL_TIMEOUT,
                format!("connecting to {address} timed out"),
            ),
            Kind::ConnectionReset => Self::new(
                Self::RESET,
                format!("connection reset by {address} while connecting"),
            ),
            Kind::AddrNotAvailable | Kind::AddrInUse => Self::new(
                Self::DIAL,
                format!(
                    "no free local port to connect to {address}: one local address has about 28,000; give more with `local_ips`"
                ),
            ),
            _ if matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE)) => {
                Self::too_many_files(Self::DIAL, &format!("connecting to {address}"))
            }
            _ => Self::new(Self::DIAL, format!("cannot connect to {address}: {error}")),
        }
    }

    /// Whether it came from the network rather than from what was asked for.
    pub fn is_network(&self) -> bool {
        !matches!(
            self.code,
            Self::INVALID_URL
                | Self::BLOCKED_ADDRESS
                | Self::BLOCKED_HOST
                | Self::TOO_MANY_REDIRECTS
                | Self::BODY_TOO_LARGE
        )
    }
}
