//! Faults against real sockets: what a client meets at a proxy, and what is left when a fault is gone.

mod api_client;
mod servers;

mod api;
mod clients;
mod command;
mod dry_run;
mod guardian;
mod http_toxics;
mod journal;
mod killed;
#[cfg(feature = "kubernetes")]
mod kubernetes;
#[cfg(feature = "kubernetes")]
mod kubernetes_refusals;
#[cfg(feature = "kubernetes")]
mod kubernetes_scaled;
mod luck;
mod machine;
mod more_toxics;
mod passing;
mod postgres;
mod probes;
mod process;
mod redis;
mod runs;
mod service;
mod toxics;
mod waits;
#[cfg(not(feature = "kubernetes"))]
mod without_kubernetes;
