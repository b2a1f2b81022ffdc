//! `ramping-vus`: the number of looping VUs follows straight lines.
//!
//! The count reaches a number at the moment the line does, up and down: the line is rounded towards where
//! it comes from. All of it is integer arithmetic, so that the count at an instant and the instants at
//! which it changes can never disagree.

use std::sync::Arc;
use std::time::Duration;

use super::error::check_duration;
use super::stage::{nanos, total};
use super::{Budget, Executor, Kind, Plan, PlanError, Share, Stage, VuStep, text};

/// A number of looping VUs that ramps from stage to stage.
#[derive(Debug, Clone, PartialEq)]
pub struct RampingVus {
    start_vus: u32,
    stages: Arc<[Stage<u32>]>,
}

impl RampingVus {
    /// # Errors
    /// No stages, stages that take no time or more than ten years, or no VU at any time.
    pub fn new(start_vus: u32, stages: Vec<Stage<u32>>) -> Result<Self, PlanError> {
        if stages.is_empty() {
            return Err(PlanError::NoStages);
        }
        check_duration("stages", total(&stages))?;
        if start_vus == 0 && stages.iter().all(|stage| stage.target == 0) {
            return Err(PlanError::FlatAtZero { start: "start_vus" });
        }
        Ok(Self {
            start_vus,
            stages: stages.into(),
        })
    }
}

impl Executor for RampingVus {
    fn kind(&self) -> Kind {
        Kind::RampingVus
    }

    fn plan(&self, share: &Share) -> Plan {
        Plan::Looping {
            steps: Box::new(Steps::new(self, share)),
            budget: Budget::Unlimited,
        }
    }

    fn duration(&self) -> Option<Duration> {
        Some(total(&self.stages))
    }

    fn max_vus(&self) -> u32 {
        let targets = self.stages.iter().map(|stage| stage.target);
        targets.fold(self.start_vus, u32::max)
    }

    fn planned_vus(&self, elapsed: Duration) -> Option<u32> {
        let mut from = self.start_vus;
        let mut left = nanos(elapsed);
        for stage in self.stages.iter() {
            let length = nanos(stage.duration);
            if left < length {
                let change = u128::from(stage.target.abs_diff(from));
                // Less than the change itself, as `left` is less than `length`.
                let done = (change * u128::from(left) / u128::from(length)) as u32;
                return Some(if stage.target > from {
                    from + done
                } else {
                    from - done
                });
            }
            left -= length;
            from = stage.target;
        }
        Some(from)
    }

    fn planned_rate(&self, _elapsed: Duration) -> Option<f64> {
        None
    }

    fn planned_iterations(&self) -> Option<u64> {
        None
    }

    fn describe(&self) -> String {
        format!(
            "up to {} looping {} for {} over {}",
            self.max_vus(),
            if self.max_vus() == 1 { "VU" } else { "VUs" },
            text::duration(total(&self.stages)),
            text::counted(self.stages.len() as u64, "stage")
        )
    }
}

/// The changes of a share's count: visits only own VUs, and merges changes within the same nanosecond.
struct Steps {
    moves: Moves,
    pending: Option<VuStep>,
    last: Option<u32>,
}

impl Steps {
    fn new(executor: &RampingVus, share: &Share) -> Self {
        let vus = share.count_vus(executor.start_vus);
        Self {
            moves: Moves {
                stages: Arc::clone(&executor.stages),
                share: share.clone(),
                stage: 0,
                start: 0,
                from: executor.start_vus,
                vus,
            },
            pending: Some(VuStep {
                at: Duration::ZERO,
                vus,
            }),
            last: None,
        }
    }
}

impl Iterator for Steps {
    type Item = VuStep;

    fn next(&mut self) -> Option<VuStep> {
        loop {
            let mut step = self.pending.take()?;
            self.pending = self.moves.next();
            while let Some(later) = self.pending
                && later.at == step.at
            {
                step = later;
                self.pending = self.moves.next();
            }
            // A jump away and back within an instant changes nothing.
            if self.last != Some(step.vus) {
                self.last = Some(step.vus);
                return Some(step);
            }
        }
    }
}

/// Every single change of a share's count, one VU at a time but for jumps.
struct Moves {
    stages: Arc<[Stage<u32>]>,
    share: Share,
    /// The stage being walked, when it starts (nanoseconds) and with how many VUs of the whole.
    stage: usize,
    start: u64,
    from: u32,
    /// The share's count after the last move.
    vus: u32,
}

impl Iterator for Moves {
    type Item = VuStep;

    fn next(&mut self) -> Option<VuStep> {
        loop {
            let Stage { duration, target } = *self.stages.get(self.stage)?;
            let goal = self.share.count_vus(target);
            if self.vus == goal {
                self.stage += 1;
                self.start = self.start.saturating_add(nanos(duration));
                self.from = target;
                continue;
            }
            let mut at = self.start;
            if duration.is_zero() {
                self.vus = goal;
            } else {
                // The share gains its k-th VU when the whole count passes that VU's number, and loses it when
                // the whole count falls to that number.
                let (own, passed) = if goal > self.vus {
                    self.vus += 1;
                    (self.vus - 1, 1)
                } else {
                    self.vus -= 1;
                    (self.vus, 0)
                };
                let whole = self.share.nth(u64::from(own)) + passed;
                let done = u128::from(whole.abs_diff(u64::from(self.from)));
                let change = u128::from(target.abs_diff(self.from)).max(1);
                let into = (done * u128::from(nanos(duration))).div_ceil(change);
                at = at.saturating_add(u64::try_from(into).unwrap_or(u64::MAX));
            }
            return Some(VuStep {
                at: Duration::from_nanos(at),
                vus: self.vus,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(start_vus: u32, stages: &[(u64, u32)]) -> RampingVus {
        let stages = stages
            .iter()
            .map(|&(seconds, target)| Stage {
                duration: Duration::from_secs(seconds),
                target,
            })
            .collect();
        RampingVus::new(start_vus, stages).unwrap()
    }

    fn steps(executor: &RampingVus, share: &Share) -> Vec<(u128, u32)> {
        let Plan::Looping { steps, .. } = executor.plan(share) else {
            panic!("not a closed model");
        };
        steps.map(|step| (step.at.as_millis(), step.vus)).collect()
    }

    #[test]
    fn the_count_reaches_a_number_when_the_line_does_up_and_down() {
        let executor = ramp(0, &[(4, 4), (2, 4), (2, 0)]);
        assert_eq!(
            steps(&executor, &Share::whole()),
            [
                (0, 0),
                (1000, 1),
                (2000, 2),
                (3000, 3),
                (4000, 4),
                (6500, 3),
                (7000, 2),
                (7500, 1),
                (8000, 0)
            ]
        );
        for (millis, vus) in [
            (999, 0),
            (1000, 1),
            (5999, 4),
            (6499, 4),
            (6500, 3),
            (7999, 1),
            (8000, 0),
        ] {
            assert_eq!(
                executor.planned_vus(Duration::from_millis(millis)),
                Some(vus),
                "{millis}"
            );
        }
    }

    #[test]
    fn a_zero_length_stage_is_a_jump() {
        let executor = ramp(5, &[(0, 100), (10, 100), (0, 3), (10, 3)]);
        assert_eq!(steps(&executor, &Share::whole()), [(0, 100), (10_000, 3)]);
        assert_eq!(executor.planned_vus(Duration::ZERO), Some(100));
        assert_eq!(executor.planned_vus(Duration::from_secs(10)), Some(3));
        assert_eq!(executor.planned_vus(Duration::from_secs(99)), Some(3));
    }

    #[test]
    fn a_jump_at_the_end_of_a_ramp_overtakes_its_last_vu() {
        let executor = ramp(0, &[(2, 2), (0, 7), (1, 7)]);
        assert_eq!(
            steps(&executor, &Share::whole()),
            [(0, 0), (1000, 1), (2000, 7)]
        );
        // There and back again within an instant.
        let executor = ramp(2, &[(1, 2), (0, 9), (0, 2), (1, 2)]);
        assert_eq!(steps(&executor, &Share::whole()), [(0, 2)]);
    }

    #[test]
    fn workers_see_only_their_own_changes() {
        let executor = ramp(1, &[(3, 4), (4, 0)]);
        assert_eq!(
            steps(&executor, &Share::whole().for_worker(0, 2)),
            [(0, 1), (2000, 2), (5000, 1), (7000, 0)]
        );
        assert_eq!(
            steps(&executor, &Share::whole().for_worker(1, 2)),
            [(0, 0), (1000, 1), (3000, 2), (4000, 1), (6000, 0)]
        );
    }

    #[test]
    fn it_says_what_it_does() {
        let executor = ramp(1, &[(60, 10), (120, 100), (30, 100), (20, 50), (10, 0)]);
        assert_eq!(
            executor.describe(),
            "up to 100 looping VUs for 4m over 5 stages"
        );
        assert_eq!(executor.max_vus(), 100);
        assert_eq!(executor.duration(), Some(Duration::from_secs(240)));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let stage = |duration, target| Stage { duration, target };
        let second = Duration::from_secs(1);
        assert_eq!(RampingVus::new(1, vec![]), Err(PlanError::NoStages));
        assert_eq!(
            RampingVus::new(1, vec![stage(Duration::ZERO, 4)]),
            Err(PlanError::ZeroDuration { key: "stages" })
        );
        assert_eq!(
            RampingVus::new(0, vec![stage(second, 0)]),
            Err(PlanError::FlatAtZero { start: "start_vus" })
        );
        assert_eq!(
            RampingVus::new(1, vec![stage(Duration::MAX, 1), stage(Duration::MAX, 1)]),
            Err(PlanError::TooLong { key: "stages" })
        );
    }
}
