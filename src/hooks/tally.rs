//! Marks about calls, kept until the run turns them into samples.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::lock;

/// What there is to say about a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// It came in.
    Received,
    /// It had been taken before.
    Duplicate,
    /// A later one had been taken before.
    OutOfOrder,
    /// Nobody waits for it.
    Unexpected(Why),
    /// Its signature is wrong or missing.
    BadSignature,
    /// There was no room for it.
    Dropped,
}

/// Why a call is unexpected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// There never was such a URL.
    Unknown,
    /// Its inbox was closed before it came.
    Late,
    /// It lay in its inbox, or on the board, until the end.
    Unclaimed,
}

impl Why {
    /// The value of the tag `reason`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Late => "late",
            Self::Unclaimed => "unclaimed",
        }
    }
}

/// Whose call it was: the scenario, if it is known.
pub type Scenario = Option<Arc<str>>;

/// How often each thing happened since the last look.
#[derive(Debug, Default)]
pub struct Tally(Mutex<BTreeMap<(Event, Scenario), u64>>);

impl Tally {
    /// Marks something.
    pub fn mark(&self, event: Event, scenario: &Scenario, times: u64) {
        if times > 0 {
            *lock(&self.0).entry((event, scenario.clone())).or_default() += times;
        }
    }

    /// What happened since the last look.
    pub fn take(&self) -> Vec<(Event, Scenario, u64)> {
        let taken = std::mem::take(&mut *lock(&self.0));
        taken
            .into_iter()
            .map(|((event, scenario), times)| (event, scenario, times))
            .collect()
    }
}
