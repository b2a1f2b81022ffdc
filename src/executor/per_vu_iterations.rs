//! `per-vu-iterations`: every VU runs the same number of iterations.

use std::time::Duration;

use super::error::check_duration;
use super::{Budget, Executor, Kind, Plan, PlanError, Share, looping, text};

/// A fixed number of VUs, each with its own fixed number of iterations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PerVuIterations {
    vus: u32,
    iterations: u64,
    max_duration: Duration,
}

impl PerVuIterations {
    /// `iterations` are those of each VU.
    ///
    /// # Errors
    /// No VUs, no iterations, or a `max_duration` that is zero or beyond ten years.
    pub fn new(vus: u32, iterations: u64, max_duration: Duration) -> Result<Self, PlanError> {
        if vus == 0 {
            return Err(PlanError::NoVus { key: "vus" });
        }
        if iterations == 0 {
            return Err(PlanError::NoIterations);
        }
        check_duration("max_duration", max_duration)?;
        Ok(Self {
            vus,
            iterations,
            max_duration,
        })
    }
}

impl Executor for PerVuIterations {
    fn kind(&self) -> Kind {
        Kind::PerVuIterations
    }

    fn plan(&self, share: &Share) -> Plan {
        looping(self.vus, share, Budget::PerVu(self.iterations))
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
        self.iterations.checked_mul(u64::from(self.vus))
    }

    fn describe(&self) -> String {
        format!(
            "{} for each of {} (at most {})",
            text::counted(self.iterations, "iteration"),
            text::vus(self.vus),
            text::duration(self.max_duration)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_of_a_vu_is_the_same_in_every_share() {
        let executor = PerVuIterations::new(5, 20, Duration::from_secs(90)).unwrap();
        assert_eq!(
            executor.describe(),
            "20 iterations for each of 5 VUs (at most 1m30s)"
        );
        assert_eq!(executor.planned_iterations(), Some(100));
        let Plan::Looping { mut steps, budget } = executor.plan(&Share::whole().for_worker(1, 2))
        else {
            panic!("not a closed model");
        };
        assert_eq!(budget, Budget::PerVu(20));
        assert_eq!(steps.next().map(|step| step.vus), Some(2));
        assert!(steps.next().is_none());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let second = Duration::from_secs(1);
        assert_eq!(
            PerVuIterations::new(0, 1, second),
            Err(PlanError::NoVus { key: "vus" })
        );
        assert_eq!(
            PerVuIterations::new(1, 0, second),
            Err(PlanError::NoIterations)
        );
        assert_eq!(
            PerVuIterations::new(1, 1, Duration::MAX),
            Err(PlanError::TooLong {
                key: "max_duration"
            })
        );
    }
}
