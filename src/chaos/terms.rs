//! What the desk of a run's faults and whoever comes to it say to each other: what is allowed, what happens, and why something does not.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Instant;

use super::ledger::{FailedUndo, FaultId};
use super::plan::Touches;
use super::process::CommandError;
use super::proxy::ProxyError;
use crate::http::AddressRules;

/// Faults that one run injects at most.
pub(super) const MOST_INJECTIONS: u64 = 1_000;

/// What a fault may touch.
#[derive(Debug, Clone, Default)]
pub struct Permission {
    /// Nothing, if no fault is allowed at all.
    pub touches: BTreeSet<Touches>,
    /// Hosts that the run may reach. Without any, faults are for this machine alone.
    pub hosts: AddressRules,
    /// The load is to run alone: whatever asks for a fault gets one that does nothing.
    pub leaves_out: bool,
}

impl Permission {
    /// Whether a fault may be aimed at a `host:port`.
    pub fn covers_address(&self, address: &str) -> bool {
        self.covers(host_of(address))
    }

    /// Whether a fault may be aimed at what a URL names.
    pub fn covers_url(&self, url: &str) -> bool {
        let url = url::Url::parse(url).ok();
        url.is_some_and(|url| url.host_str().is_some_and(|host| self.covers(host)))
    }

    /// Whether a fault may be aimed at a host.
    pub(super) fn covers(&self, host: &str) -> bool {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if !self.hosts.allowed.is_empty() || self.hosts.blocking(bare).is_some() {
            return self.hosts.refusal(bare).is_none();
        }
        let address = bare.parse::<IpAddr>();
        bare == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}

pub(super) fn host_of(address: &str) -> &str {
    address.rsplit_once(':').map_or(address, |(host, _)| host)
}

/// Why a fault cannot be injected.
#[derive(Debug, thiserror::Error)]
pub enum ChaosError {
    #[error("faults are not allowed in this run\nhelp: `--allow-faults` allows them")]
    NotAllowed,
    #[error(
        "the run starts programs ({names}), and that has to be allowed\nhelp: `--allow-faults=process` allows it; with `--no-faults` beside it they are started, and nothing is broken"
    )]
    CommandsNotAllowed { names: String },
    #[error(
        "faults of the kind `{0}` are not allowed in this run\nhelp: `--allow-faults={0}` allows them (several: `--allow-faults=proxy,{0}`)"
    )]
    Kind(Touches),
    #[error(
        "`{host}` is not this machine, and no target of faults\nhelp: name it in `allowed_hosts` to allow faults on it"
    )]
    Host { host: String },
    #[error("there is no proxy `{name}`{hint}")]
    NoProxy { name: String, hint: String },
    #[error("there is no fault `{name}`{hint}\nhelp: declare it in the options' `faults`")]
    NoFault { name: String, hint: String },
    #[error(
        "more than {MOST_INJECTIONS} faults in one run: each is followed through all of it, so there is a limit"
    )]
    TooMany,
    #[error("a database is named by its URL, such as postgres://user@127.0.0.1:5432/database")]
    NotUrl,
    #[error("this fault is over: what was done by it has been undone")]
    Over,
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    #[error("command `{name}`: {why}")]
    Command {
        name: String,
        #[source]
        why: CommandError,
    },
}

impl std::fmt::Display for Touches {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a fault ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndedBy {
    /// Its time was over.
    Time,
    /// A script undid it.
    Script,
    /// Somebody undid it by hand.
    Hand,
    /// A guard was crossed: which, and how.
    Guard(String),
    /// Its own function failed.
    Error(String),
    /// The run ended.
    RunEnd,
}

/// What happens to faults.
#[derive(Debug, Clone)]
pub enum Event {
    Began {
        id: FaultId,
        name: String,
        at: Instant,
    },
    /// Something was broken, in words.
    Did { id: FaultId, what: String },
    /// It is over, and is being undone.
    Ending {
        id: FaultId,
        at: Instant,
        by: EndedBy,
    },
    /// It is undone.
    Ended {
        id: FaultId,
        at: Instant,
        by: EndedBy,
        undone: usize,
        failed: Vec<FailedUndo>,
    },
    /// A script asks for a fault that is declared.
    Asked { name: String },
}
