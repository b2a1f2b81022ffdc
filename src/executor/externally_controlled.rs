//! `externally-controlled`: the number of looping VUs is changed while the run goes on.

use std::time::Duration;

use super::error::check_duration;
use super::{Executor, Kind, Plan, PlanError, Share, text};

/// VUs that loop until told otherwise, or until a duration ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternallyControlled {
    vus: u32,
    max_vus: u32,
    duration: Option<Duration>,
}

impl ExternallyControlled {
    /// # Errors
    /// `max_vus` zero or below `vus`, or a duration that is zero or beyond ten years.
    pub fn new(vus: u32, max_vus: u32, duration: Option<Duration>) -> Result<Self, PlanError> {
        if max_vus < vus {
            return Err(PlanError::MaxBelowInitial { max_vus, vus });
        }
        if max_vus == 0 {
            return Err(PlanError::NoVus { key: "max_vus" });
        }
        if let Some(duration) = duration {
            check_duration("duration", duration)?;
        }
        Ok(Self {
            vus,
            max_vus,
            duration,
        })
    }
}

impl Executor for ExternallyControlled {
    fn kind(&self) -> Kind {
        Kind::ExternallyControlled
    }

    fn plan(&self, share: &Share) -> Plan {
        Plan::External {
            vus: share.count_vus(self.vus),
            max_vus: share.count_vus(self.max_vus),
        }
    }

    fn duration(&self) -> Option<Duration> {
        self.duration
    }

    fn max_vus(&self) -> u32 {
        self.max_vus
    }

    /// Unknown: whoever controls the run decides.
    fn planned_vus(&self, _elapsed: Duration) -> Option<u32> {
        None
    }

    fn planned_rate(&self, _elapsed: Duration) -> Option<f64> {
        None
    }

    fn planned_iterations(&self) -> Option<u64> {
        None
    }

    fn describe(&self) -> String {
        let time = self.duration.map_or_else(
            || "until stopped".to_owned(),
            |duration| format!("for {}", text::duration(duration)),
        );
        format!(
            "{} looping {time}, controlled from outside up to {}",
            text::vus(self.vus),
            self.max_vus
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_may_run_without_an_end() {
        let executor = ExternallyControlled::new(2, 10, None).unwrap();
        assert_eq!(executor.duration(), None);
        assert_eq!(
            executor.describe(),
            "2 VUs looping until stopped, controlled from outside up to 10"
        );
        assert!(matches!(
            executor.plan(&Share::whole().for_worker(1, 3)),
            Plan::External { vus: 1, max_vus: 3 }
        ));
    }

    #[test]
    fn it_may_begin_without_vus_but_needs_room_for_some() {
        assert!(ExternallyControlled::new(0, 1, None).is_ok());
        assert_eq!(
            ExternallyControlled::new(0, 0, None),
            Err(PlanError::NoVus { key: "max_vus" })
        );
        assert_eq!(
            ExternallyControlled::new(5, 3, None),
            Err(PlanError::MaxBelowInitial { max_vus: 3, vus: 5 })
        );
        assert_eq!(
            ExternallyControlled::new(1, 1, Some(Duration::ZERO)),
            Err(PlanError::ZeroDuration { key: "duration" })
        );
    }
}
