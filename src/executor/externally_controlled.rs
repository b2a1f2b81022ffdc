//! `externally-controlled`: the number of looping VUs, or the rate at which iterations start, is changed while the run goes on.

use std::time::Duration;

use super::error::{check_duration, check_pool, check_rate, check_time_unit};
use super::{Executor, Kind, Plan, PlanError, Share, text};

/// A load that stays as it is until told otherwise, or until a duration ends.
#[derive(Debug, Clone, PartialEq)]
pub struct ExternallyControlled {
    load: Load,
    max_vus: u32,
    duration: Option<Duration>,
}

/// What is changed, and what it is at the start.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Load {
    Users(u32),
    Rate {
        per_second: f64,
        pre_allocated_vus: u32,
    },
}

impl ExternallyControlled {
    /// So many VUs loop.
    ///
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
            load: Load::Users(vus),
            max_vus,
            duration,
        })
    }

    /// `rate` iterations start per `time_unit`; it may be a fraction, or 0.
    ///
    /// # Errors
    /// No rate or one beyond a million per second, a time unit or duration that is zero or beyond ten years, or `max_vus` zero
    /// or below `pre_allocated_vus`.
    pub fn at_rate(
        rate: f64,
        time_unit: Duration,
        pre_allocated_vus: u32,
        max_vus: u32,
        duration: Option<Duration>,
    ) -> Result<Self, PlanError> {
        check_time_unit(time_unit)?;
        check_rate("rate", rate, time_unit)?;
        check_pool(pre_allocated_vus, max_vus)?;
        if let Some(duration) = duration {
            check_duration("duration", duration)?;
        }
        Ok(Self {
            load: Load::Rate {
                per_second: rate / time_unit.as_secs_f64(),
                pre_allocated_vus,
            },
            max_vus,
            duration,
        })
    }
}

impl Executor for ExternallyControlled {
    fn kind(&self) -> Kind {
        Kind::ExternallyControlled
    }

    fn is_open(&self) -> bool {
        matches!(self.load, Load::Rate { .. })
    }

    fn plan(&self, share: &Share) -> Plan {
        let max_vus = share.count_vus(self.max_vus);
        match self.load {
            Load::Users(vus) => Plan::External {
                vus: share.count_vus(vus),
                max_vus,
            },
            Load::Rate {
                per_second,
                pre_allocated_vus,
            } => Plan::ExternalArrivals {
                rate: per_second,
                pre_allocated_vus: share.count_vus(pre_allocated_vus),
                max_vus,
            },
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
        match self.load {
            Load::Users(vus) => format!(
                "{} looping {time}, controlled from outside up to {}",
                text::vus(vus),
                self.max_vus
            ),
            Load::Rate {
                per_second,
                pre_allocated_vus,
            } => format!(
                "{} {time}, controlled from outside ({})",
                text::rate(per_second),
                text::pool(pre_allocated_vus, self.max_vus)
            ),
        }
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
    fn its_rate_may_be_controlled_instead_of_its_users() {
        let second = Duration::from_secs(1);
        let executor = ExternallyControlled::at_rate(300.0, 60 * second, 1, 20, None).unwrap();
        assert!(executor.is_open());
        assert_eq!(
            executor.describe(),
            "5.00 iterations/s until stopped, controlled from outside (VUs 1 to 20)"
        );
        assert!(matches!(
            executor.plan(&Share::whole().for_worker(1, 2)),
            Plan::ExternalArrivals { pre_allocated_vus: 0, max_vus: 10, rate } if rate == 5.0
        ));
        assert!(ExternallyControlled::at_rate(0.0, second, 0, 1, None).is_ok());
        for wrong in [
            ExternallyControlled::at_rate(-1.0, second, 0, 1, None),
            ExternallyControlled::at_rate(1e9, second, 0, 1, None),
            ExternallyControlled::at_rate(1.0, Duration::ZERO, 0, 1, None),
            ExternallyControlled::at_rate(1.0, second, 2, 1, None),
            ExternallyControlled::at_rate(1.0, second, 0, 1, Some(Duration::ZERO)),
        ] {
            assert!(wrong.is_err(), "{wrong:?}");
        }
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
