//! Distributed traces: what tells the target which iteration a request belongs to, and what is kept of it.
//!
//! - **In**: the option `tracing` ([`Settings`]) and what a virtual user did, which `vu` notes.
//! - **Out**: headers for requests ([`Mark`]), finished [`Span`]s and [`Exemplar`]s for outputs, and the slowest requests for the
//!   result.
//!
//! An iteration is one trace: iteration, then group, then request, then phase. The room knows neither HTTP nor virtual users.

mod exemplar;
mod ids;
mod propagation;
mod sampling;
mod slow;
mod span;
mod tail;
mod url;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

pub use exemplar::{Exemplar, Exemplars};
pub use ids::{Ids, SpanId, TraceId};
pub use propagation::{Mark, NAMES as PROPAGATIONS, Propagation};
pub use sampling::{HELP as SAMPLE_HELP, Sampling};
pub use slow::{SlowRequest, SlowRequests};
pub use span::{Key, Kind, Span, Value};
pub use tail::Tail;
pub use url::UrlTemplate;

/// Of which requests in tail mode's histogram the slowest are kept, unless told otherwise.
pub const SLOWEST: f64 = 0.01;

/// What the option `tracing` says.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub sampling: Sampling,
    /// Which share of requests counts as slow in tail mode.
    pub slowest: f64,
    pub propagation: Propagation,
    /// Where a trace is to be seen.
    pub url: Option<UrlTemplate>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            sampling: Sampling::Off,
            slowest: SLOWEST,
            propagation: Propagation::default(),
            url: None,
        }
    }
}

/// What all workers of a traced run share.
#[derive(Debug)]
pub struct Tracing {
    pub settings: Settings,
    /// Whether somebody takes spans.
    pub exports: bool,
    /// Upper bounds of histograms' buckets in nanoseconds, if somebody takes exemplars of them.
    pub exemplars: Option<Arc<[u64]>>,
    salt: u64,
    /// How many make ids.
    given: AtomicU64,
    /// One moment on both clocks.
    moment: Instant,
    unix: u64,
}

impl Tracing {
    /// For a run of this seed. Ids follow from it and from the moment: two runs of one seed are not to share their traces.
    pub fn new(settings: Settings, seed: u64, exports: bool) -> Self {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let unix = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
        Self {
            settings,
            exports,
            exemplars: None,
            salt: seed ^ unix.rotate_left(32) ^ u64::from(std::process::id()),
            given: AtomicU64::new(0),
            moment: Instant::now(),
            unix,
        }
    }

    /// Keeps exemplars for histograms with these bounds, in nanoseconds, if there are any.
    #[must_use]
    pub fn with_exemplars(mut self, bounds: Option<Arc<[u64]>>) -> Self {
        self.exemplars = bounds;
        self
    }

    /// Ids for a virtual user, for `setup`, or for another part of the script that runs by itself: nobody else gets the same.
    pub fn ids(&self) -> Ids {
        Ids::new(self.salt, self.given.fetch_add(1, Ordering::Relaxed))
    }

    /// A moment in nanoseconds since 1970.
    pub fn unix_nanos(&self, at: Instant) -> u64 {
        let nanos =
            |duration: std::time::Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        match at.checked_duration_since(self.moment) {
            Some(later) => self.unix.saturating_add(nanos(later)),
            None => self
                .unix
                .saturating_sub(nanos(self.moment.saturating_duration_since(at))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn moments_before_and_after_the_first_are_told_from_each_other() {
        let tracing = Tracing::new(Settings::default(), 1, false);
        let second = Duration::from_secs(1);
        let later = tracing.unix_nanos(tracing.moment + second);
        assert_eq!(later - tracing.unix_nanos(tracing.moment), 1_000_000_000);
        if let Some(before) = tracing.moment.checked_sub(second) {
            assert_eq!(later - tracing.unix_nanos(before), 2_000_000_000);
        }
    }

    #[test]
    fn two_runs_of_one_seed_do_not_share_their_traces() {
        let first = Tracing::new(Settings::default(), 1, false);
        std::thread::sleep(Duration::from_millis(1));
        let second = Tracing::new(Settings::default(), 1, false);
        assert_ne!(first.ids().trace(), second.ids().trace());
        assert_ne!(first.ids().trace(), first.ids().trace());
    }
}
