//! The blast radius of a plan's faults in numbers, before anything is broken: how long each is held at most, how often, and what
//! share of the plan that is.
//!
//! - **In**: the faults as they are declared, and how long the plan lasts.
//! - **Out**: numbers. What a fault's function does is known only when it runs.

use std::time::Duration;

use super::plan::{FaultPlan, Trigger};
use crate::result::ratio;

/// The numbers of one fault.
#[derive(Debug, Clone, PartialEq)]
pub struct Radius {
    /// When it is injected, if that is known before: with faults that come first held for all of their time.
    pub start: Option<Duration>,
    /// How often it may come; none if a script or a person decides.
    pub times: Option<u32>,
    /// How long it is at work at most, all times together; none where neither the plan nor the fault has an end.
    pub longest: Option<Duration>,
    /// What of the plan that is at most.
    pub share: Option<f64>,
    /// Whether the plan is over before it comes.
    pub is_too_late: bool,
}

/// The numbers of each fault, and how long any of them is at work at most.
#[derive(Debug, Clone, PartialEq)]
pub struct Blast {
    pub faults: Vec<Radius>,
    pub longest: Option<Duration>,
    pub share: Option<f64>,
}

impl Blast {
    /// `plan`: how long the scenarios last; none if nothing ends them.
    pub fn of(faults: &[FaultPlan], plan: Option<Duration>) -> Self {
        let radii: Vec<Radius> = faults
            .iter()
            .map(|fault| radius(fault, faults, plan))
            .collect();
        let longest = radii
            .iter()
            .try_fold(Duration::ZERO, |sum, radius| {
                Some(sum.saturating_add(radius.longest?))
            })
            .map(|sum| within(sum, plan))
            .or(plan);
        Self {
            longest,
            share: share(longest, plan),
            faults: radii,
        }
    }
}

/// When a fault comes, if each fault before it is held for so long.
fn start(
    fault: &FaultPlan,
    faults: &[FaultPlan],
    held: fn(&FaultPlan) -> Duration,
) -> Option<Duration> {
    let mut at = Duration::ZERO;
    let mut link = fault;
    // A chain has no more links than there are faults.
    for _ in faults {
        match &link.trigger {
            Trigger::At(start) => return Some(at.saturating_add(*start)),
            Trigger::After { fault, pause } => {
                link = faults.iter().find(|other| other.name == *fault)?;
                at = at.saturating_add(*pause).saturating_add(held(link));
            }
            Trigger::When(_) | Trigger::Random { .. } | Trigger::Manual | Trigger::Asked => {
                return None;
            }
        }
    }
    None
}

fn radius(fault: &FaultPlan, faults: &[FaultPlan], plan: Option<Duration>) -> Radius {
    let times = match fault.trigger {
        Trigger::Random { times, .. } => Some(times),
        Trigger::Manual | Trigger::Asked => None,
        _ => Some(1),
    };
    // A guard may end those before it at once; the end of the plan ends it as well.
    let earliest = start(fault, faults, |_| Duration::ZERO).unwrap_or_default();
    let left = plan.map(|plan| plan.saturating_sub(earliest));
    let longest = match times {
        Some(times) => Some(within(fault.duration.saturating_mul(times), left)),
        None => plan,
    };
    Radius {
        start: start(fault, faults, |before| before.duration),
        times,
        longest,
        share: share(longest, plan),
        is_too_late: plan.is_some() && left == Some(Duration::ZERO),
    }
}

fn within(time: Duration, bound: Option<Duration>) -> Duration {
    bound.map_or(time, |bound| time.min(bound))
}

fn share(part: Option<Duration>, plan: Option<Duration>) -> Option<f64> {
    Some(ratio(part?.as_secs_f64(), plan?.as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(name: &str, trigger: Trigger, seconds: u64) -> FaultPlan {
        FaultPlan {
            name: name.to_owned(),
            exec: name.to_owned(),
            trigger,
            duration: Duration::from_secs(seconds),
            steady: Vec::new(),
            steady_for: Duration::from_secs(3),
            guards: Vec::new(),
            recovered_for: Duration::from_secs(3),
        }
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn times_are_added_up_and_end_with_the_plan() {
        let after = |name: &str| Trigger::After {
            fault: name.to_owned(),
            pause: seconds(5),
        };
        let random = Trigger::Random {
            least: seconds(1),
            most: seconds(2),
            times: 3,
        };
        let faults = [
            fault("a", Trigger::At(seconds(10)), 20),
            fault("b", after("a"), 100),
            fault("c", random, 4),
            fault("d", Trigger::At(seconds(70)), 1),
        ];
        let blast = Blast::of(&faults, Some(seconds(60)));
        let longest: Vec<_> = blast
            .faults
            .iter()
            .map(|one| one.longest.unwrap())
            .collect();
        // The second may come as soon as the first is undone before its time.
        assert_eq!(longest, [20, 45, 12, 0].map(seconds));
        assert_eq!(blast.faults[1].start, Some(seconds(35)));
        assert_eq!(blast.faults[2].times, Some(3));
        assert!(blast.faults[3].is_too_late && !blast.faults[0].is_too_late);
        // They cannot be at work for longer than the plan lasts.
        assert_eq!(blast.longest, Some(seconds(60)));
        let first = Blast::of(&faults[..1], Some(seconds(80)));
        assert_eq!(
            (first.longest, first.share),
            (Some(seconds(20)), Some(0.25))
        );
    }

    #[test]
    fn what_a_script_asks_for_may_last_as_long_as_the_plan() {
        let faults = [fault("a", Trigger::Asked, 2)];
        let blast = Blast::of(&faults, Some(seconds(60)));
        assert_eq!(
            (blast.faults[0].times, blast.longest),
            (None, Some(seconds(60)))
        );
        assert_eq!(blast.share, Some(1.0));
        let endless = Blast::of(&faults, None);
        assert_eq!((endless.longest, endless.share), (None, None));
        let timed = Blast::of(&[fault("a", Trigger::At(seconds(1)), 2)], None);
        assert_eq!((timed.longest, timed.share), (Some(seconds(2)), None));
    }
}
