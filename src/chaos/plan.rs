//! The faults of a run as they are declared, and what a run may break.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use super::probe::Condition;
use super::process::CommandSpec;
use crate::slo::Objective;
use crate::units::format_duration;

/// A kind of fault, by what it touches. Each is to be allowed by name, but for those that touch only the run's own traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Touches {
    /// What passes the run's proxies.
    Proxy,
    /// The names that the load looks up.
    Dns,
    /// Other processes of this machine.
    Process,
    /// This machine's processors, memory, disks.
    Machine,
    /// System services and containers.
    Service,
    /// Databases, by their own commands.
    Database,
    /// Pods and deployments of a cluster.
    Kubernetes,
}

impl Touches {
    pub const ALL: [Self; 7] = [
        Self::Proxy,
        Self::Dns,
        Self::Process,
        Self::Machine,
        Self::Service,
        Self::Database,
        Self::Kubernetes,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Proxy => "proxy",
            Self::Dns => "dns",
            Self::Process => "process",
            Self::Machine => "machine",
            Self::Service => "service",
            Self::Database => "database",
            Self::Kubernetes => "kubernetes",
        }
    }

    /// Those that `--allow-faults` allows without being named.
    pub fn of_own_traffic() -> BTreeSet<Self> {
        BTreeSet::from([Self::Proxy, Self::Dns])
    }
}

/// A proxy that stands in the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyPlan {
    pub name: String,
    pub listen: String,
    /// `host:port`.
    pub upstream: String,
    /// Whether the load that names the upstream goes through the proxy.
    pub route: bool,
}

/// A program that the run starts before anything else, and ends after everything.
#[derive(Debug, Clone)]
pub struct CommandPlan {
    pub name: String,
    pub spec: CommandSpec,
}

/// When a fault is injected.
#[derive(Debug, Clone, PartialEq)]
pub enum Trigger {
    /// So long after the scenarios' start.
    At(Duration),
    /// Once this holds of what was measured since the start.
    When(Objective),
    /// So long after another fault was undone.
    After { fault: String, pause: Duration },
    /// At random, these times apart, as often as this.
    Random {
        least: Duration,
        most: Duration,
        times: u32,
    },
    /// When somebody injects it by hand.
    Manual,
    /// When a script asks for it.
    Asked,
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(at) => write!(f, "at {}", format_duration(*at)),
            Self::When(objective) => write!(f, "when {}", objective.label()),
            Self::After { fault, pause } if pause.is_zero() => write!(f, "after `{fault}`"),
            Self::After { fault, pause } => {
                write!(f, "{} after `{fault}`", format_duration(*pause))
            }
            Self::Random { least, most, .. } => write!(
                f,
                "at random, every {} to {}",
                format_duration(*least),
                format_duration(*most)
            ),
            Self::Manual => f.write_str("by hand"),
            Self::Asked => f.write_str("when asked for"),
        }
    }
}

/// A bound that must hold while a fault lasts.
#[derive(Debug, Clone, PartialEq)]
pub struct Guard {
    pub holds: Condition,
    /// The window over which it is judged.
    pub over: Duration,
    /// Whether the run ends when it is crossed; the fault is undone in any case.
    pub abort: bool,
}

/// A fault that the options declare.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultPlan {
    pub name: String,
    /// The function that injects it.
    pub exec: String,
    pub trigger: Trigger,
    /// How long it is held.
    pub duration: Duration,
    /// What must hold before it is injected.
    pub steady: Vec<Condition>,
    /// For so many seconds in a row.
    pub steady_for: Duration,
    pub guards: Vec<Guard>,
    /// Seconds in a row that must be good for the system to be well again.
    pub recovered_for: Duration,
}

/// All of it.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    pub commands: Vec<CommandPlan>,
    pub proxies: Vec<ProxyPlan>,
    pub faults: Vec<FaultPlan>,
}
