//! A fault that the options declare, while the run goes on: how far it is, and what it looks at.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::watched::{Holding, KindOf, Watched};
use crate::chaos::probe::{Probe, Watch};
use crate::chaos::{FaultId, FaultPlan, Trigger};
use crate::metrics::Totals;
use crate::units::format_duration;

/// How far a declared fault is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum State {
    /// It comes by itself at this moment, or is waited for.
    Waiting(Option<Instant>),
    Active {
        id: FaultId,
        until: Instant,
    },
    /// Its time is over, and it is being undone.
    Ending {
        id: FaultId,
    },
    Done,
}

#[derive(Debug)]
pub(super) struct Declared {
    pub plan: FaultPlan,
    pub state: State,
    pub when: Option<Watched>,
    pub steady: Vec<Holding>,
    /// Seconds in a row in which all of `steady` held, and what did not hold last.
    pub steady_for: u64,
    pub unsteady: Option<String>,
    pub guards: Vec<Holding>,
    pub times_left: u32,
    pub came: bool,
    /// Somebody injected it, and it goes on from here when that is over.
    pub before_hand: Option<State>,
}

impl Declared {
    /// What did not hold for so many seconds.
    pub fn why_unsteady(&self, wanted: u64) -> String {
        let passed = || format!("{} s had passed", self.steady_for);
        let what = self.unsteady.clone().unwrap_or_else(passed);
        format!(
            "what had to hold for {} before it did not: {what}",
            format_duration(Duration::from_secs(wanted))
        )
    }

    pub fn state_is(&self, wanted: FaultId) -> bool {
        matches!(self.state, State::Active { id, .. } | State::Ending { id } if id == wanted)
    }

    /// Whether it is at work, or not yet undone.
    pub fn is_on(&self) -> bool {
        matches!(self.state, State::Active { .. } | State::Ending { .. })
    }

    /// How it stands at first, and what it looks at.
    pub fn new(
        plan: &FaultPlan,
        totals: &mut Totals,
        kind: &KindOf<'_>,
        probes: &mut Vec<Arc<dyn Probe>>,
    ) -> Self {
        let steady = plan.steady.iter();
        let steady = steady
            .map(|holds| Holding::new(holds, None, totals, kind, probes))
            .collect();
        let guards = plan.guards.iter();
        let guards = guards
            .map(|guard| {
                // The second that goes on is looked at beside the window.
                let window = guard.over.as_secs().saturating_sub(1) as usize;
                Holding::new(&guard.holds, Some(window), totals, kind, probes)
            })
            .collect();
        Self {
            state: State::Waiting(None),
            when: match &plan.trigger {
                Trigger::When(objective) => Some(Watched::new(objective, None, totals, kind)),
                _ => None,
            },
            steady,
            steady_for: 0,
            unsteady: None,
            guards,
            times_left: match plan.trigger {
                Trigger::Random { times, .. } => times,
                _ => 1,
            },
            came: false,
            before_hand: None,
            plan: plan.clone(),
        }
    }

    /// Looks at what must hold before it is injected.
    pub fn mind_steady(&mut self, totals: &Totals, probes: Option<&Watch>) {
        let mut steady = self.steady.iter();
        match steady.find_map(|holds| holds.broken(totals, probes)) {
            Some(what) => {
                self.steady_for = 0;
                self.unsteady = Some(what);
            }
            None => self.steady_for += 1,
        }
    }
}
