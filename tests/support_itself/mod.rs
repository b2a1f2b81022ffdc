//! The tests of `tests/support`: every server is asked by the plainest client that can tell.

mod client;

mod bin;
mod h2;
mod http1;
mod misbehaviour;
mod nginx;
mod ports;
mod proxies;
mod relay;
mod tls;
