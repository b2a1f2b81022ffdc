//! `constant-vus`: the same number of VUs loops all the time.

use std::time::Duration;

use super::error::check_duration;
use super::{Budget, Executor, Kind, Plan, PlanError, Share, looping, text};

/// A fixed number of VUs that loops for a fixed time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConstantVus {
    vus: u32,
    duration: Duration,
}

impl ConstantVus {
    /// # Errors
    /// No VUs, or a duration that is zero or beyond ten years.
    pub fn new(vus: u32, duration: Duration) -> Result<Self, PlanError> {
        if vus == 0 {
            return Err(PlanError::NoVus { key: "vus" });
        }
        check_duration("duration", duration)?;
        Ok(Self { vus, duration })
    }
}

impl Executor for ConstantVus {
    fn kind(&self) -> Kind {
        Kind::ConstantVus
    }

    fn plan(&self, share: &Share) -> Plan {
        looping(self.vus, share, Budget::Unlimited)
    }

    fn duration(&self) -> Option<Duration> {
        Some(self.duration)
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
        None
    }

    fn describe(&self) -> String {
        format!(
            "{} looping for {}",
            text::vus(self.vus),
            text::duration(self.duration)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_loops_without_a_budget() {
        let executor = ConstantVus::new(1, Duration::from_secs(60)).unwrap();
        assert_eq!(executor.describe(), "1 VU looping for 1m");
        assert_eq!(executor.planned_iterations(), None);
        assert!(matches!(
            executor.plan(&Share::whole()),
            Plan::Looping {
                budget: Budget::Unlimited,
                ..
            }
        ));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert_eq!(
            ConstantVus::new(0, Duration::from_secs(1)),
            Err(PlanError::NoVus { key: "vus" })
        );
        assert_eq!(
            ConstantVus::new(1, Duration::ZERO),
            Err(PlanError::ZeroDuration { key: "duration" })
        );
    }
}
