//! `constant-arrival-rate`: iterations start at a fixed rate, however long each takes.

use std::time::Duration;

use super::arrivals::{Schedule, starts};
use super::error::{check_duration, check_pool, check_rate, check_time_unit};
use super::stage::nanos;
use super::{Arrivals, Executor, Kind, Plan, PlanError, Share, text};

/// A fixed rate of starting iterations. With regular arrivals the `n`-th start (from 0) is at `n / rate`, as
/// long as that lies before the end.
#[derive(Debug, Clone, PartialEq)]
pub struct ConstantArrivalRate {
    rate: f64,
    time_unit: Duration,
    duration: Duration,
    pre_allocated_vus: u32,
    max_vus: u32,
    arrivals: Arrivals,
}

impl ConstantArrivalRate {
    /// `rate` is in iterations per `time_unit` and may be a fraction.
    ///
    /// # Errors
    /// A rate that is not above zero or beyond a million per second, a duration or time unit that is zero or
    /// beyond ten years, or `max_vus` zero or below `pre_allocated_vus`.
    pub fn new(
        rate: f64,
        time_unit: Duration,
        duration: Duration,
        pre_allocated_vus: u32,
        max_vus: u32,
        arrivals: Arrivals,
    ) -> Result<Self, PlanError> {
        check_time_unit(time_unit)?;
        check_rate("rate", rate, time_unit)?;
        if rate == 0.0 {
            return Err(PlanError::ZeroRate);
        }
        check_duration("duration", duration)?;
        check_pool(pre_allocated_vus, max_vus)?;
        Ok(Self {
            rate,
            time_unit,
            duration,
            pre_allocated_vus,
            max_vus,
            arrivals,
        })
    }

    fn schedule(&self) -> Line {
        Line {
            rate: self.rate,
            unit: nanos(self.time_unit) as f64,
            end: nanos(self.duration),
        }
    }

    fn per_second(&self) -> f64 {
        self.rate / self.time_unit.as_secs_f64()
    }
}

/// A rate that never changes.
#[derive(Debug, Clone, Copy)]
struct Line {
    rate: f64,
    /// Nanoseconds in a time unit.
    unit: f64,
    /// Nanoseconds.
    end: u64,
}

impl Schedule for Line {
    const FIRST: u64 = 0;

    fn instant(&mut self, position: f64) -> Option<Duration> {
        // Two roundings of a double: a hundredth of a nanosecond after a day.
        let instant = (position * self.unit / self.rate).round() as u64;
        (instant < self.end).then(|| Duration::from_nanos(instant))
    }
}

impl Executor for ConstantArrivalRate {
    fn kind(&self) -> Kind {
        Kind::ConstantArrivalRate
    }

    fn plan(&self, share: &Share) -> Plan {
        Plan::Arrivals {
            starts: starts(self.schedule(), self.arrivals, share),
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

    fn planned_rate(&self, _elapsed: Duration) -> Option<f64> {
        Some(self.per_second())
    }

    fn planned_iterations(&self) -> Option<u64> {
        if self.arrivals != Arrivals::Regular {
            return None;
        }
        // The estimate can be off by the rounding of the instants; the instants decide.
        let mut schedule = self.schedule();
        let mut count = (schedule.end as f64 / schedule.unit * self.rate) as u64;
        while count > 0 && schedule.instant((count - 1) as f64).is_none() {
            count -= 1;
        }
        while schedule.instant(count as f64).is_some() {
            count += 1;
        }
        Some(count)
    }

    fn describe(&self) -> String {
        format!(
            "{} for {} ({}{})",
            text::rate(self.per_second()),
            text::duration(self.duration),
            text::pool(self.pre_allocated_vus, self.max_vus),
            self.arrivals.suffix()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn rate(rate: f64, time_unit: Duration, duration: Duration) -> ConstantArrivalRate {
        ConstantArrivalRate::new(rate, time_unit, duration, 5, 20, Arrivals::Regular).unwrap()
    }

    fn instants(executor: &ConstantArrivalRate, share: &Share) -> Vec<Duration> {
        match executor.plan(share) {
            Plan::Arrivals { starts, .. } => starts.collect(),
            _ => panic!("not an open model"),
        }
    }

    #[test]
    fn five_a_second_for_two_seconds_are_ten_starts() {
        let executor = rate(5.0, SECOND, 2 * SECOND);
        let expected: Vec<Duration> = (0..10).map(|n| Duration::from_millis(200 * n)).collect();
        assert_eq!(instants(&executor, &Share::whole()), expected);
        assert_eq!(executor.planned_iterations(), Some(10));
        assert_eq!(executor.planned_rate(SECOND), Some(5.0));
    }

    #[test]
    fn fractional_rates_and_other_units_keep_their_pace() {
        let executor = rate(0.1, SECOND, 100 * SECOND);
        let expected: Vec<Duration> = (0..10).map(|n| 10 * n * SECOND).collect();
        assert_eq!(instants(&executor, &Share::whole()), expected);
        assert_eq!(executor.planned_iterations(), Some(10));

        let executor = rate(90.0, 60 * SECOND, 2 * SECOND);
        let expected = [
            Duration::ZERO,
            Duration::from_nanos(666_666_667),
            Duration::from_nanos(1_333_333_333),
        ];
        assert_eq!(instants(&executor, &Share::whole()), expected);
        assert_eq!(executor.planned_rate(SECOND), Some(1.5));
    }

    #[test]
    fn a_rate_slower_than_the_run_starts_once() {
        let executor = rate(1e-300, SECOND, 60 * SECOND);
        assert_eq!(instants(&executor, &Share::whole()), [Duration::ZERO]);
        assert_eq!(executor.planned_iterations(), Some(1));
    }

    #[test]
    fn a_day_at_three_thousand_a_second_does_not_drift() {
        let executor = rate(3000.0, SECOND, 86_400 * SECOND);
        assert_eq!(executor.planned_iterations(), Some(259_200_000));
        let mut schedule = executor.schedule();
        assert_eq!(
            schedule.instant(259_199_997.0),
            Some(Duration::from_secs(86_399) + Duration::from_millis(999))
        );
        assert_eq!(schedule.instant(259_200_000.0), None);
    }

    #[test]
    fn workers_interleave() {
        let executor = rate(10.0, SECOND, SECOND);
        let millis = |worker| -> Vec<u128> {
            let share = Share::whole().for_worker(worker, 3);
            instants(&executor, &share)
                .iter()
                .map(Duration::as_millis)
                .collect()
        };
        assert_eq!(millis(0), [0, 300, 600, 900]);
        assert_eq!(millis(2), [200, 500, 800]);
    }

    #[test]
    fn random_arrivals_keep_the_rate_on_average() {
        let arrivals = Arrivals::Poisson { seed: 11 };
        let executor =
            ConstantArrivalRate::new(100.0, SECOND, 1000 * SECOND, 1, 1, arrivals).unwrap();
        let starts = instants(&executor, &Share::whole());
        // The standard deviation of 100,000 expected arrivals is 316.
        assert!(
            (99_000..101_000).contains(&starts.len()),
            "{}",
            starts.len()
        );
        assert!(starts.is_sorted());
        assert_eq!(executor.planned_iterations(), None);
    }

    #[test]
    fn it_says_what_it_does() {
        let executor = rate(5.0, SECOND, 150 * SECOND);
        assert_eq!(
            executor.describe(),
            "5.00 iterations/s for 2m30s (VUs 5 to 20)"
        );
        let arrivals = Arrivals::Poisson { seed: 1 };
        let executor = ConstantArrivalRate::new(30.0, 60 * SECOND, SECOND, 4, 4, arrivals).unwrap();
        assert_eq!(
            executor.describe(),
            "0.50 iterations/s for 1s (4 VUs, Poisson arrivals)"
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let new = |rate, unit, duration, pre, max| {
            ConstantArrivalRate::new(rate, unit, duration, pre, max, Arrivals::Regular).unwrap_err()
        };
        assert_eq!(new(0.0, SECOND, SECOND, 1, 1), PlanError::ZeroRate);
        assert_eq!(
            new(1.0, Duration::ZERO, SECOND, 1, 1),
            PlanError::ZeroTimeUnit
        );
        assert_eq!(
            new(1.0, SECOND, Duration::ZERO, 1, 1),
            PlanError::ZeroDuration { key: "duration" }
        );
        assert_eq!(
            new(1.0, SECOND, SECOND, 3, 2),
            PlanError::MaxBelowPreAllocated {
                max_vus: 2,
                pre_allocated_vus: 3
            }
        );
    }
}
