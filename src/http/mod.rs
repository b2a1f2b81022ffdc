//! HTTP as one virtual user speaks it.
//!
//! In: a [`Request`] built from what a script said, and the run's [`Settings`]. Out: a [`Response`] (a
//! failed request is a response with an error, never a panic and never a script error) and, for every
//! hop, an [`Exchange`] told to an [`Observer`], with its phases measured and its bytes counted.
//!
//! Each virtual user owns a [`Session`]: its connections and its cookies. What is the same for all of
//! them on a worker thread (resolved names, parsed URLs, read buffers) is in the [`Client`].
//!
//! HTTP/1.1 is spoken by [`h1`], on `httparse`, directly in the virtual user's own task: a request is one
//! write, its response usually one read into a buffer that all virtual users of the thread share, so an
//! idle connection holds no buffer. HTTP/2 is `h2`'s.

mod apart;
mod auth;
mod body;
mod client;
mod connect;
mod cookies;
mod deadline;
mod decode;
mod error;
mod exchange;
mod flight;
mod gate;
mod h1;
mod h2c;
mod hop;
mod io;
mod outgoing;
mod pool;
mod proxy;
mod request;
mod response;
mod session;
mod settings;
mod target;
mod tls;
mod turn;

pub use body::{Body, FilePart, Part, form_urlencoded, multipart};
pub use client::Client;
pub use cookies::check as check_cookie;
pub use deadline::LazyTimer;
pub use error::HttpError;
pub use exchange::{Exchange, Observer};
pub(crate) use h1::{BadChunk, Chunked};
#[cfg(feature = "kubernetes")]
pub(crate) use proxy::Proxies;
pub use request::{Auth, Request, StatusSet};
pub use response::{Protocol, Response, Timings};
pub use session::{Contact, Session};
pub use settings::{AddressRules, Http2, Network, ProxyChoice, Reuse, RpsLimit, Settings};
pub use target::Target;
pub use tls::{TlsError, TlsSettings};

/// Whether a URL names a proxy that can be used.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn check_proxy(url: &url::Url) -> Result<(), String> {
    proxy::Proxy::parse(url).map(|_| ())
}
