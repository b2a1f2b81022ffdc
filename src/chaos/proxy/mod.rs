//! A TCP proxy that spoils what passes through it.
//!
//! In: a [`Spec`] (where to listen, where to connect to) and the toxics laid on it, at any time. Out: connections that suffer
//! what the toxics say, and [`Counts`] of what passed.
//!
//! A [`Fleet`] holds the proxies by name; a [`Proxy`] is one door with its list of [`Toxic`]s. Its connections are served by
//! [`Workers`], threads of their own with an event loop each. A connection has two directions (`flow`): bytes that are read are
//! given to the toxics' [`Stage`]s at once, each a pure function from bytes that come at a time to bytes that go at a later time;
//! what comes out waits in a queue until it is due. So nothing sleeps in a toxic, and taking one away can never hang: its stage is
//! dropped and what waits in the queue is sent. A direction without toxics has no queue: what is read is written at once.

mod address;
mod connection;
mod counts;
mod draw;
mod error;
mod fleet;
mod flow;
mod gates;
mod one;
mod spec;
pub mod toxic;
mod workers;
mod worn;

pub use address::leads_to_itself;
pub use counts::Counts;
#[cfg(feature = "kubernetes")]
pub(in crate::chaos) use draw::Draw;
pub use error::ProxyError;
pub use fleet::Fleet;
pub use flow::{Out, Stage};
pub use one::Proxy;
pub use spec::Spec;
pub use toxic::Toxic;
pub use workers::Workers;
pub use worn::{Draft, Stream, Toxicity, Worn};
