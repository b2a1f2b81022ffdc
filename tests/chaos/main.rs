//! Faults against real sockets: what a client meets at a proxy, and what is left when a fault is gone.

#[path = "../support/bin.rs"]
#[allow(dead_code, reason = "these tests use a part of it")]
mod bin;
mod servers;

mod guardian;
mod http_toxics;
mod killed;
mod machine;
mod more_toxics;
mod passing;
mod postgres;
mod process;
mod redis;
mod runs;
mod service;
mod toxics;
