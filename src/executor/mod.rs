//! Executors: how a scenario's load is laid out over time.
//!
//! **In**: the validated fields of one scenario (`ConstantVus::new(..)` and its six siblings) and a
//! [`Share`], which says what part of the whole belongs to this machine and to this worker.
//! **Out**: a [`Plan`]: lazy, ascending instants at which VUs come and go (closed models) or
//! iterations start (open models), counted from the start of the scenario.
//!
//! Everything here is arithmetic over elapsed time: no clock, no task, no I/O. Whoever drives a plan
//! owns the waiting; whoever tests a plan needs neither. Two machines that are given the same fields
//! compute the same instants, so a plan is split between them without a word exchanged.

mod arrivals;
mod constant_arrival_rate;
mod constant_vus;
mod curve;
mod error;
mod externally_controlled;
mod flow;
mod fraction;
mod kind;
mod per_vu_iterations;
mod ramping_arrival_rate;
mod ramping_vus;
mod segment;
mod share;
mod shared_iterations;
mod stage;
mod stripe;
mod text;

#[cfg(test)]
pub(crate) mod properties;

use std::time::Duration;

pub use arrivals::Arrivals;
pub use constant_arrival_rate::ConstantArrivalRate;
pub use constant_vus::ConstantVus;
pub use error::{PlanError, SegmentError};
pub use externally_controlled::ExternallyControlled;
pub use flow::Flow;
pub use fraction::Fraction;
pub use kind::{Kind, UnknownExecutor};
pub use per_vu_iterations::PerVuIterations;
pub use ramping_arrival_rate::RampingArrivalRate;
pub use ramping_vus::RampingVus;
pub use segment::{ExecutionSegment, ExecutionSegmentSequence};
pub use share::Share;
pub use shared_iterations::SharedIterations;
pub use stage::Stage;

/// `max_duration` of `shared-iterations` and `per-vu-iterations` when the script gives none.
pub const DEFAULT_MAX_DURATION: Duration = Duration::from_secs(600);

/// What one share of a scenario has to do.
pub enum Plan {
    /// Closed model: VUs loop, each starting its next iteration when the last one ended.
    Looping {
        /// Planned number of VUs of this share, in ascending time, only where it changes; the first is at zero.
        steps: Box<dyn Iterator<Item = VuStep> + Send>,
        /// How many iterations may start in all.
        budget: Budget,
    },
    /// Open model: iterations start at these instants, whatever the VUs are doing.
    Arrivals {
        /// Elapsed since the start of the scenario, ascending, only those of this share.
        starts: Box<dyn Iterator<Item = Duration> + Send>,
        /// VUs of this share that exist from the start; can be 0 for one worker of many.
        pre_allocated_vus: u32,
        /// VUs that this share may grow to; can be 0 for one worker of many.
        max_vus: u32,
    },
    /// VUs loop, and their number is changed from outside while the run goes on.
    External {
        /// VUs of this share at the start.
        vus: u32,
        /// VUs of this share at most.
        max_vus: u32,
    },
    /// Iterations start at a rate that is changed from outside while the run goes on, whatever the VUs are doing.
    ExternalArrivals {
        /// Iterations per second of the whole plan at the start.
        rate: f64,
        /// As of [`Plan::Arrivals`].
        pre_allocated_vus: u32,
        /// As of [`Plan::Arrivals`].
        max_vus: u32,
    },
}

/// From this instant on, a share runs this many VUs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VuStep {
    /// Elapsed since the start of the scenario.
    pub at: Duration,
    /// Number of VUs of the share.
    pub vus: u32,
}

/// How many iterations a closed model may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budget {
    /// As many as fit into the time.
    Unlimited,
    /// This many for each VU.
    PerVu(u64),
    /// This many for the whole segment: its workers draw from one counter.
    Shared(u64),
}

/// The shape of one scenario's load: a pure function of elapsed time.
pub trait Executor: Send + Sync + std::fmt::Debug {
    /// Which executor this is.
    fn kind(&self) -> Kind;

    /// Whether iterations start on schedule whatever the VUs are doing (open model).
    fn is_open(&self) -> bool {
        self.kind().is_open()
    }

    /// What `share` has to do. The plans of all shares add up to the plan of [`Share::whole`] exactly.
    fn plan(&self, share: &Share) -> Plan;

    /// The regular end: past it no iteration starts (`graceful_stop` comes on top). For executors with a
    /// budget it is `max_duration`. `None`: runs until it is stopped.
    ///
    /// The last start of a `ramping-arrival-rate` plan may fall exactly on this instant, and is to be run.
    fn duration(&self) -> Option<Duration>;

    /// Most VUs of the whole plan, over all machines.
    fn max_vus(&self) -> u32;

    /// VUs of the whole plan at this moment, where the plan says so (closed models). Past the end it keeps
    /// its last value.
    fn planned_vus(&self, elapsed: Duration) -> Option<u32>;

    /// Iterations per second of the whole plan at this moment (open models). Past the end it keeps its last
    /// value.
    fn planned_rate(&self, elapsed: Duration) -> Option<f64>;

    /// Iterations of the whole plan, where they are known beforehand: budgets and regular arrivals, but not
    /// time-bound loops and random arrivals.
    fn planned_iterations(&self) -> Option<u64>;

    /// One line for people, such as `5.00 iterations/s for 2m30s (VUs 5 to 20)`.
    fn describe(&self) -> String;
}

/// The plan of executors whose number of VUs never changes.
fn looping(vus: u32, share: &Share, budget: Budget) -> Plan {
    let step = VuStep {
        at: Duration::ZERO,
        vus: share.count_vus(vus),
    };
    Plan::Looping {
        steps: Box::new(std::iter::once(step)),
        budget,
    }
}
