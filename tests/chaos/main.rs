//! Faults against real sockets: what a client meets at a proxy, and what is left when a fault is gone.

#[path = "../support/mod.rs"]
mod support;

mod api_client;
mod servers;

mod api;
mod clients;
mod command;
mod luck;
mod passing;
mod toxics;
