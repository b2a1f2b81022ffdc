//! `ramping-arrival-rate`: iterations start at a rate that follows straight lines.

use std::sync::Arc;
use std::time::Duration;

use super::arrivals::starts;
use super::curve::{Cursor, Curve};
use super::error::{check_duration, check_pool, check_rate, check_time_unit};
use super::stage::total;
use super::{Arrivals, Executor, Kind, Plan, PlanError, Share, Stage, text};

/// A rate of starting iterations that ramps from stage to stage. With regular arrivals the `n`-th start
/// (from 1) is where the integral of the rate reaches `n`; the very end is included.
#[derive(Debug, Clone)]
pub struct RampingArrivalRate {
    curve: Arc<Curve>,
    peak_per_second: f64,
    stages: usize,
    duration: Duration,
    pre_allocated_vus: u32,
    max_vus: u32,
    arrivals: Arrivals,
}

impl RampingArrivalRate {
    /// Rates are in iterations per `time_unit` and may be fractions.
    ///
    /// # Errors
    /// No stages, stages that take no time or more than ten years, a rate that is none or beyond one per
    /// nanosecond, no rate above zero, a time unit of zero, or `max_vus` zero or below `pre_allocated_vus`.
    pub fn new(
        start_rate: f64,
        time_unit: Duration,
        stages: &[Stage<f64>],
        pre_allocated_vus: u32,
        max_vus: u32,
        arrivals: Arrivals,
    ) -> Result<Self, PlanError> {
        check_time_unit(time_unit)?;
        check_rate("start_rate", start_rate, time_unit)?;
        if stages.is_empty() {
            return Err(PlanError::NoStages);
        }
        for stage in stages {
            check_rate("stages", stage.target, time_unit)?;
        }
        check_duration("stages", total(stages))?;
        let peak = stages
            .iter()
            .map(|stage| stage.target)
            .fold(start_rate, f64::max);
        if peak == 0.0 {
            return Err(PlanError::FlatAtZero {
                start: "start_rate",
            });
        }
        check_pool(pre_allocated_vus, max_vus)?;
        Ok(Self {
            curve: Arc::new(Curve::new(start_rate, stages, time_unit)),
            peak_per_second: peak / time_unit.as_secs_f64(),
            stages: stages.len(),
            duration: total(stages),
            pre_allocated_vus,
            max_vus,
            arrivals,
        })
    }
}

impl Executor for RampingArrivalRate {
    fn kind(&self) -> Kind {
        Kind::RampingArrivalRate
    }

    fn plan(&self, share: &Share) -> Plan {
        Plan::Arrivals {
            starts: starts(Cursor::new(Arc::clone(&self.curve)), self.arrivals, share),
            pre_allocated_vus: share.count_vus(self.pre_allocated_vus),
            max_vus: share.count_vus(self.max_vus),
        }
    }

    fn duration(&self) -> Option<Duration> {
        Some(self.duration)
    }

    fn max_vus(&self) -> u32 {
        self.max_vus
    }

    fn planned_vus(&self, _elapsed: Duration) -> Option<u32> {
        None
    }

    fn planned_rate(&self, elapsed: Duration) -> Option<f64> {
        Some(self.curve.rate_at(elapsed))
    }

    fn planned_iterations(&self) -> Option<u64> {
        (self.arrivals == Arrivals::Regular).then(|| self.curve.regular_starts())
    }

    fn describe(&self) -> String {
        format!(
            "up to {} for {} over {} ({}{})",
            text::rate(self.peak_per_second),
            text::duration(self.duration),
            text::counted(self.stages as u64, "stage"),
            text::pool(self.pre_allocated_vus, self.max_vus),
            self.arrivals.suffix()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn stages(stages: &[(u64, f64)]) -> Vec<Stage<f64>> {
        stages
            .iter()
            .map(|&(millis, target)| Stage {
                duration: Duration::from_millis(millis),
                target,
            })
            .collect()
    }

    fn ramp(start: f64, of: &[(u64, f64)], arrivals: Arrivals) -> RampingArrivalRate {
        RampingArrivalRate::new(start, SECOND, &stages(of), 5, 20, arrivals).unwrap()
    }

    fn millis(executor: &RampingArrivalRate) -> Vec<u128> {
        match executor.plan(&Share::whole()) {
            Plan::Arrivals { starts, .. } => starts.map(|start| start.as_millis()).collect(),
            _ => panic!("not an open model"),
        }
    }

    #[test]
    fn starts_are_where_the_integral_reaches_whole_numbers() {
        let executor = ramp(
            0.0,
            &[(5_000, 1.0), (1_000, 1.0), (5_000, 0.0)],
            Arrivals::Regular,
        );
        assert_eq!(millis(&executor), [3162, 4472, 5500, 6527, 7837, 11_000]);
        assert_eq!(executor.planned_iterations(), Some(6));
    }

    #[test]
    fn a_zero_length_stage_is_a_jump_of_the_rate() {
        let executor = ramp(
            1.0,
            &[(2_000, 1.0), (0, 4.0), (1_000, 4.0)],
            Arrivals::Regular,
        );
        assert_eq!(millis(&executor), [1000, 2000, 2250, 2500, 2750, 3000]);
        let executor = ramp(100.0, &[(0, 2.0), (1_000, 2.0)], Arrivals::Regular);
        assert_eq!(millis(&executor), [500, 1000]);
    }

    #[test]
    fn a_down_ramp_slows_the_starts() {
        // 4 t - t²: whole numbers at 2 - sqrt(4 - n).
        let executor = ramp(4.0, &[(2_000, 0.0)], Arrivals::Regular);
        assert_eq!(millis(&executor), [267, 585, 1000, 2000]);
    }

    #[test]
    fn fractional_targets_and_long_units_count_exactly() {
        let executor = RampingArrivalRate::new(
            0.1,
            60 * SECOND,
            &stages(&[(600_000, 0.1), (600_000, 0.3)]),
            1,
            1,
            Arrivals::Regular,
        )
        .unwrap();
        assert_eq!(executor.planned_iterations(), Some(3));
        assert_eq!(millis(&executor)[0], 600_000);
        assert_eq!(millis(&executor)[2], 1_200_000);
    }

    #[test]
    fn the_rate_follows_the_line() {
        let executor = ramp(0.0, &[(10_000, 20.0), (10_000, 0.0)], Arrivals::Regular);
        assert_eq!(executor.planned_rate(5 * SECOND), Some(10.0));
        assert_eq!(executor.planned_rate(15 * SECOND), Some(10.0));
        assert_eq!(executor.planned_rate(99 * SECOND), Some(0.0));
        assert_eq!(
            executor.describe(),
            "up to 20.00 iterations/s for 20s over 2 stages (VUs 5 to 20)"
        );
    }

    #[test]
    fn random_arrivals_follow_the_ramp_on_average() {
        let executor = ramp(0.0, &[(1_000_000, 200.0)], Arrivals::Poisson { seed: 3 });
        let starts = millis(&executor);
        assert!(
            (99_000..101_000).contains(&starts.len()),
            "{}",
            starts.len()
        );
        // Of a ramp from nothing, a quarter lies in its first half.
        let early = starts.iter().filter(|start| **start < 500_000).count();
        assert!((24_500..25_500).contains(&early), "{early}");
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let new = |start, of: &[(u64, f64)]| {
            RampingArrivalRate::new(start, SECOND, &stages(of), 1, 1, Arrivals::Regular)
                .unwrap_err()
        };
        assert_eq!(new(1.0, &[]), PlanError::NoStages);
        assert_eq!(
            new(0.0, &[(1, 0.0)]),
            PlanError::FlatAtZero {
                start: "start_rate"
            }
        );
        assert_eq!(
            new(0.0, &[(0, 1.0)]),
            PlanError::ZeroDuration { key: "stages" }
        );
        assert_eq!(
            new(0.0, &[(1, -1.0)]),
            PlanError::InvalidRate {
                key: "stages",
                rate: -1.0
            }
        );
    }
}
