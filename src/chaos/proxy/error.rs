//! What can be wrong with a proxy or a toxic that is asked for.

use std::io;

/// Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    #[error("there is already a proxy named `{0}`")]
    ProxyExists(String),
    #[error("there is no proxy named `{name}`{}", hint(.known))]
    NoProxy { name: String, known: Option<String> },
    #[error("there is already a toxic named `{0}`")]
    ToxicExists(String),
    #[error("there is no toxic named `{name}`{}", hint(.known))]
    NoToxic { name: String, known: Option<String> },
    #[error("there is no kind of toxic `{name}`{}", hint(.known))]
    NoKind { name: String, known: Option<String> },
    #[error("a toxic's stream is `upstream` or `downstream`, not `{0}`")]
    Stream(String),
    #[error("a toxicity is a number from 0 to 1, not {0}")]
    Toxicity(f64),
    #[error("`{attribute}` of {kind}: {wrong}")]
    Attribute {
        kind: &'static str,
        attribute: String,
        wrong: String,
    },
    #[error("{0} is not an address: expected `host:port`, as `127.0.0.1:9000`")]
    Address(String),
    #[error("{address} is not found: {source}")]
    Lookup {
        address: String,
        #[source]
        source: io::Error,
    },
    #[error("cannot listen on {address}: {source}{}", if source.kind() == io::ErrorKind::AddrInUse { "; port 0 picks a free one" } else { "" })]
    Listen {
        address: String,
        #[source]
        source: io::Error,
    },
}

fn hint(known: &Option<String>) -> String {
    known
        .as_ref()
        .map_or(String::new(), |known| format!("; {known}"))
}
