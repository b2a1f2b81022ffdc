//! The switches as they are set: a JSON object. What is left out is off.

use std::num::{NonZeroU16, NonZeroU32};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A PMS takes no longer than this, in milliseconds.
const LONGEST: u32 = 60_000;

/// All switches.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Switches {
    /// What the PMS does; it can be changed without a change to the rest.
    pub pms: Shared,
    /// Milliseconds after which the PMS is no longer waited for.
    pub timeout_ms: Option<u32>,
    pub breaker: Option<BreakerSwitch>,
    /// Whether searches are answered from what was known last, marked by a header, when the PMS cannot be asked.
    pub fallback: bool,
    /// Searches that may wait for the PMS at once; more are refused.
    pub bulkhead: Option<NonZeroU16>,
    /// Requests under `/api` that are worked on at once; more wait.
    pub workers: Option<NonZeroU16>,
    pub rate_limit: Option<RateLimit>,
    /// How the hotel's books are to be wrong.
    pub broken: Option<Broken>,
}

impl Switches {
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout_ms
            .map(|millis| Duration::from_millis(u64::from(millis)))
    }
}

/// What the PMS does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pms {
    /// Milliseconds until it answers.
    delay_ms: u32,
    pub failing: bool,
}

impl Pms {
    pub fn delay(self) -> Duration {
        Duration::from_millis(u64::from(self.delay_ms.min(LONGEST)))
    }
}

/// The same in a place of its own.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(from = "Pms", into = "Pms")]
pub struct Shared(Arc<Mutex<Pms>>);

impl Shared {
    pub fn get(&self) -> Pms {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set(&self, pms: Pms) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = pms;
    }
}

impl PartialEq for Shared {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl From<Pms> for Shared {
    fn from(pms: Pms) -> Self {
        Self(Arc::new(Mutex::new(pms)))
    }
}

impl From<Shared> for Pms {
    fn from(shared: Shared) -> Self {
        shared.get()
    }
}

/// When the circuit breaker in front of the PMS opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BreakerSwitch {
    /// Failures in a row after which it opens.
    pub threshold: NonZeroU32,
    /// Milliseconds until it lets one call through again.
    pub open_ms: u32,
}

/// How many requests under `/api` are let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    pub per_second: NonZeroU32,
    /// Requests that may come at once after a while without any.
    pub burst: NonZeroU32,
    /// The refusal does not say when to come back.
    #[serde(default)]
    pub silent: bool,
}

/// What the hotel does wrong with reservations that it acknowledges, or refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Broken {
    /// It acknowledges them and does not keep them.
    Lose,
    /// It makes another one each time a request with an idempotency key is repeated.
    Repeat,
    /// It acknowledges confirmations and cancellations and does not carry them out.
    Stale,
    /// It refuses reservations as sold out, and makes them all the same.
    Phantom,
}
