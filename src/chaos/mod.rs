//! What goes wrong on purpose, and how it is put right again.
//!
//! [`proxy`] stands between a client and a server and spoils what passes.

pub mod proxy;
