//! Faults against real sockets: what a client meets at a proxy, and what is left when a fault is gone.

mod servers;

mod http_toxics;
mod more_toxics;
mod passing;
mod toxics;
