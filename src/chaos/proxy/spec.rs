//! What a proxy is to be.

/// A name, an address to listen on and one to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    pub name: String,
    /// `host:port`; port 0 picks a free one.
    pub listen: String,
    /// `host:port`, looked up anew for each connection.
    pub upstream: String,
    /// Whether it listens.
    pub enabled: bool,
}
