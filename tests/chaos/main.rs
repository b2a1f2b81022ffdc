//! Faults against real sockets: what a client meets at a proxy, and what is left when a fault is gone.

mod servers;

mod guardian;
mod killed;
mod machine;
mod passing;
mod postgres;
mod process;
mod redis;
mod service;
mod toxics;
