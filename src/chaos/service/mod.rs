//! Faults on services: units of systemd, and containers of Docker or Podman.
//!
//! In: a service's name. Out: one that is stopped, killed, paused or restarted, and the way back, which the guardian knows too.

mod container;
mod error;
mod socket;
mod unit;

pub use container::Docker;
pub use error::ServiceError;
pub use unit::Systemd;

/// `; did you mean …?`, or nothing.
fn hint(known: &Option<String>) -> String {
    known
        .as_ref()
        .map_or(String::new(), |known| format!("; {known}"))
}
