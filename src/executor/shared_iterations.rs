//! `shared-iterations`: VUs draw from one pool of iterations until it is empty.

use std::time::Duration;

use super::error::check_duration;
use super::{Budget, Executor, Kind, Plan, PlanError, Share, looping, text};

/// A fixed number of VUs shares a fixed number of iterations; a faster VU does more of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedIterations {
    vus: u32,
    iterations: u64,
    max_duration: Duration,
}

impl SharedIterations {
    /// # Errors
    /// No VUs, no iterations, fewer iterations than VUs, or a `max_duration` that is zero or beyond ten years.
    pub fn new(vus: u32, iterations: u64, max_duration: Duration) -> Result<Self, PlanError> {
        if vus == 0 {
            return Err(PlanError::NoVus { key: "vus" });
        }
        if iterations == 0 {
            return Err(PlanError::NoIterations);
        }
        if iterations < u64::from(vus) {
            return Err(PlanError::FewerIterationsThanVus { iterations, vus });
        }
        check_duration("max_duration", max_duration)?;
        Ok(Self {
            vus,
            iterations,
            max_duration,
        })
    }

    /// The iterations of a segment: its share, unless some segment has no VU to run its share with. Then
    /// they are dealt to the VUs instead, and each segment has those of its VUs, so that none is lost.
    fn of_segment(&self, segment: &Share) -> u64 {
        let vus = u64::from(self.vus);
        if segment.serves_all_segments(vus) {
            return segment.count(self.iterations);
        }
        segment.count(vus) * (self.iterations / vus) + segment.count(self.iterations % vus)
    }
}

impl Executor for SharedIterations {
    fn kind(&self) -> Kind {
        Kind::SharedIterations
    }

    fn plan(&self, share: &Share) -> Plan {
        let budget = Budget::Shared(self.of_segment(&share.segment_only()));
        looping(self.vus, share, budget)
    }

    fn duration(&self) -> Option<Duration> {
        Some(self.max_duration)
    }

    fn max_vus(&self) -> u32 {
        self.vus
    }

    fn planned_vus(&self, _elapsed: Duration) -> Option<u32> {
        Some(self.vus)
    }

    fn planned_rate(&self, _elapsed: Duration) -> Option<f64> {
        None
    }

    fn planned_iterations(&self) -> Option<u64> {
        Some(self.iterations)
    }

    fn describe(&self) -> String {
        format!(
            "{} shared among {} (at most {})",
            text::counted(self.iterations, "iteration"),
            text::vus(self.vus),
            text::duration(self.max_duration)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::DEFAULT_MAX_DURATION;
    use super::*;

    fn budget(executor: &SharedIterations, segment: &str) -> Budget {
        let share = Share::of(&segment.parse().unwrap(), None).unwrap();
        match executor.plan(&share.for_worker(1, 2)) {
            Plan::Looping { budget, .. } => budget,
            _ => panic!("not a closed model"),
        }
    }

    #[test]
    fn it_says_what_it_does() {
        let executor = SharedIterations::new(10, 100, DEFAULT_MAX_DURATION).unwrap();
        assert_eq!(
            executor.describe(),
            "100 iterations shared among 10 VUs (at most 10m)"
        );
        assert_eq!(executor.planned_iterations(), Some(100));
    }

    #[test]
    fn workers_of_a_segment_see_the_budget_of_the_segment() {
        let executor = SharedIterations::new(3, 11, DEFAULT_MAX_DURATION).unwrap();
        assert_eq!(budget(&executor, "0:1/2"), Budget::Shared(6));
        assert_eq!(budget(&executor, "1/2:1"), Budget::Shared(5));
    }

    #[test]
    fn a_segment_without_vus_gets_no_iterations_that_nobody_would_run() {
        let executor = SharedIterations::new(2, 11, DEFAULT_MAX_DURATION).unwrap();
        assert_eq!(budget(&executor, "0:1/4"), Budget::Shared(6));
        assert_eq!(budget(&executor, "1/4:1/2"), Budget::Shared(5));
        assert_eq!(budget(&executor, "3/4:1"), Budget::Shared(0));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let new = |vus, iterations| SharedIterations::new(vus, iterations, DEFAULT_MAX_DURATION);
        assert_eq!(new(0, 1), Err(PlanError::NoVus { key: "vus" }));
        assert_eq!(new(1, 0), Err(PlanError::NoIterations));
        assert_eq!(
            new(5, 4),
            Err(PlanError::FewerIterationsThanVus {
                iterations: 4,
                vus: 5
            })
        );
        assert_eq!(
            SharedIterations::new(1, 1, Duration::ZERO),
            Err(PlanError::ZeroDuration {
                key: "max_duration"
            })
        );
    }
}
