//! From an objective to somebody who is called: rules and their unit tests with promtool, Alertmanager's configuration with amtool, the whole way
//! with real servers, and what `--notify` sends.

mod delivered;
mod examples;
mod notify;
mod receiver;
mod servers;

use crate::support::bin::Rhaid;

fn rhaid<const N: usize>(args: [&str; N]) -> Rhaid {
    Rhaid::at(env!("CARGO_BIN_EXE_rhaid")).args(args)
}

/// A folder of the repository.
fn repository(path: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
