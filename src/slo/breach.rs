//! When an objective will be missed if all goes on as it does now: its time to breach.
//!
//! Everything that adds up can be told ahead. A share, a mean, a rate and a percentile (which is a share: of samples past the bound)
//! are means over samples or over time. Of such a mean `f` over the weight `w` so far, to which `k` a second of the present mean
//! `r` come, the bound `b` is reached after
//!
//! ```text
//! w·f + k·x·r                      w·(b − f)
//! ─────────── = b    and so    x = ─────────
//!   w + k·x                        k·(r − b)
//! ```
//!
//! seconds. A sliding window of `W` seconds takes in what comes and lets go what it holds, so there it is `W·(b − f) / (r − f)`.
//! A count grows to its bound in a straight line. What hangs on a single sample (`min`, `max`, the value of a gauge) is not foretold.

use std::time::Duration;

use super::{Aggregate, Direction, Objective, Values};
use crate::metrics::histogram::to_scaled;

/// What lies further ahead is no forecast.
const FURTHEST: f64 = 7.0 * 24.0 * 3600.0;

/// When an objective will be missed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Breach {
    /// It is missed already.
    Past,
    /// After so much time, if all goes on as it does now.
    In(Duration),
    /// Not as long as all goes on as it does now.
    Never,
    /// Too little is known of the present, or it is none that can be foretold.
    Unknown,
}

/// What an objective is judged by, as far as it adds up.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Amount {
    Mean { value: f64, weight: f64 },
    Sum(f64),
}

/// When `objective` will be missed.
///
/// `so_far`: what it is judged by now: all since the start, or what its sliding window holds, which is `window` long then.
/// `recent`: the present, gathered in the last `seconds`.
pub fn time_to_breach(
    objective: &Objective,
    so_far: &Values<'_>,
    window: Option<Duration>,
    recent: &Values<'_>,
    seconds: f64,
) -> Breach {
    let Some((bound, direction)) = bound(objective) else {
        return Breach::Unknown;
    };
    let (Some(now), Some(recent)) = (amount(objective, so_far), amount(objective, recent)) else {
        return Breach::Unknown;
    };
    if seconds <= 0.0 {
        return Breach::Unknown;
    }
    let window = window.map(|window| window.as_secs_f64());
    let after = match (now, recent) {
        (Amount::Sum(_), Amount::Sum(_)) if direction == Direction::Above => None,
        (Amount::Sum(sum), Amount::Sum(more)) => count(sum, more / seconds, bound, window),
        (
            Amount::Mean { value, weight },
            Amount::Mean {
                value: present,
                weight: more,
            },
        ) => {
            // The same question upside down.
            let sign = match direction {
                Direction::Above => -1.0,
                _ => 1.0,
            };
            let (value, present, bound) = (sign * value, sign * present, sign * bound);
            if value > bound {
                Some(0.0)
            } else if present <= bound {
                None
            } else {
                Some(match window {
                    Some(window) => window * (bound - value) / (present - value),
                    None => weight * (bound - value) / (more / seconds * (present - bound)),
                })
            }
        }
        _ => return Breach::Unknown,
    };
    match after {
        Some(seconds) if seconds <= 0.0 => Breach::Past,
        Some(seconds) if seconds.is_finite() && seconds < FURTHEST => {
            Breach::In(Duration::from_secs_f64(seconds))
        }
        _ => Breach::Never,
    }
}

/// When a sum that grows by `rate` a second reaches its bound; in a window, which lets go of what it holds evenly.
fn count(sum: f64, rate: f64, bound: f64, window: Option<f64>) -> Option<f64> {
    if sum >= bound {
        return Some(0.0);
    }
    let growth = match window {
        Some(window) if rate * window <= bound => return None,
        Some(window) => rate - sum / window,
        None => rate,
    };
    (growth > 0.0).then(|| (bound - sum) / growth)
}

/// The bound of what [`amount`] gives, and on which side of it all is well.
fn bound(objective: &Objective) -> Option<(f64, Direction)> {
    let target = &objective.target;
    let direction = target.op.direction();
    if direction == Direction::Exact {
        return None;
    }
    let percentile = match target.aggregate {
        Aggregate::Percentile(percentile) => percentile.get(),
        Aggregate::Med => 50.0,
        Aggregate::Min | Aggregate::Max | Aggregate::Value => return None,
        Aggregate::Avg | Aggregate::Count | Aggregate::Rate => {
            return Some((target.threshold.bound(), direction));
        }
    };
    // So large a share of samples may lie on the wrong side of the target.
    let allowed = match direction {
        Direction::Below => 1.0 - percentile / 100.0,
        _ => percentile / 100.0,
    };
    Some((allowed, Direction::Below))
}

fn amount(objective: &Objective, values: &Values<'_>) -> Option<Amount> {
    let target = &objective.target;
    let mean = |value: f64, weight: f64| (weight > 0.0).then_some(Amount::Mean { value, weight });
    match (values, target.aggregate) {
        (Values::Counter { sum, .. }, Aggregate::Count) => Some(Amount::Sum(*sum)),
        (Values::Counter { sum, seconds }, Aggregate::Rate) => mean(sum / seconds, *seconds),
        (Values::Rate { trues, total }, Aggregate::Rate) => {
            mean(*trues as f64 / *total as f64, *total as f64)
        }
        (Values::Trend(histogram), Aggregate::Count) => Some(Amount::Sum(histogram.count() as f64)),
        (Values::Trend(histogram), aggregate) => {
            let all = histogram.count() as f64;
            match aggregate {
                Aggregate::Avg => mean(
                    crate::metrics::histogram::from_scaled(histogram.mean()),
                    all,
                ),
                Aggregate::Percentile(_) | Aggregate::Med => {
                    let bound = to_scaled(target.threshold.bound());
                    let within = histogram.count_at_or_below(bound) as f64;
                    let wrong = match target.op.direction() {
                        Direction::Below => all - within,
                        _ => within,
                    };
                    mean(wrong / all, all)
                }
                _ => None,
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::metrics::Histogram;
    use crate::slo::ObjectiveSpec;

    fn objective(target: &str) -> Objective {
        let spec = ObjectiveSpec::new("m".parse().unwrap(), target.parse().unwrap());
        spec.try_into().unwrap()
    }

    fn rate(trues: u64, total: u64) -> Values<'static> {
        Values::Rate { trues, total }
    }

    fn seconds(breach: Breach) -> f64 {
        match breach {
            Breach::In(after) => after.as_secs_f64(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_share_that_grows_reaches_its_bound_when_its_excess_has_used_up_what_was_left() {
        let target = objective("rate < 1%");
        // 1,000 of 100,000 are allowed and 500 were used. Of 100 a second, 5 fail, of which one is allowed: 500 / 4.
        let after = time_to_breach(&target, &rate(500, 100_000), None, &rate(150, 3_000), 30.0);
        assert!((seconds(after) - 125.0).abs() < 1e-6, "{after:?}");
        let calm = time_to_breach(&target, &rate(500, 100_000), None, &rate(30, 3_000), 30.0);
        assert_eq!(calm, Breach::Never);
        let over = time_to_breach(&target, &rate(1_500, 100_000), None, &rate(0, 3_000), 30.0);
        assert_eq!(over, Breach::Past);
    }

    #[test]
    fn a_lower_bound_is_the_same_upside_down() {
        let checks = objective("rate > 99%");
        let after = time_to_breach(
            &checks,
            &rate(99_500, 100_000),
            None,
            &rate(2_850, 3_000),
            30.0,
        );
        assert!((seconds(after) - 125.0).abs() < 1e-6, "{after:?}");
        let calm = time_to_breach(&checks, &rate(99_500, 100_000), None, &rate(30, 30), 30.0);
        assert_eq!(calm, Breach::Never);
    }

    #[test]
    fn a_percentile_is_a_share_of_samples_past_its_bound() {
        let target = objective("p(95) < 100ms");
        let (mut all, mut recent) = (Histogram::new(), Histogram::new());
        all.record_n(to_scaled(10.0), 980);
        all.record_n(to_scaled(500.0), 20);
        recent.record_n(to_scaled(10.0), 80);
        recent.record_n(to_scaled(500.0), 20);
        // 50 of 1,000 may be slower, 20 were; of 10 a second 2 are, of which half a one is allowed.
        let after = time_to_breach(
            &target,
            &Values::Trend(&all),
            None,
            &Values::Trend(&recent),
            10.0,
        );
        assert!((seconds(after) - 20.0).abs() < 1e-6, "{after:?}");
    }

    #[test]
    fn a_window_is_full_of_the_present_after_its_length() {
        let target = objective("rate < 10%");
        let window = Some(Duration::from_secs(60));
        let after = |recent| time_to_breach(&target, &rate(0, 600), window, &recent, 10.0);
        // At 20 % half of the window has to go.
        assert!((seconds(after(rate(20, 100))) - 30.0).abs() < 1e-6);
        assert_eq!(after(rate(5, 100)), Breach::Never);
    }

    #[test]
    fn a_count_grows_in_a_straight_line_and_a_goal_is_never_missed_later() {
        let sum = |sum| Values::Counter { sum, seconds: 10.0 };
        let most = objective("count < 100");
        let after = time_to_breach(&most, &sum(40.0), None, &sum(20.0), 10.0);
        assert!((seconds(after) - 30.0).abs() < 1e-6, "{after:?}");
        let least = objective("count > 100");
        assert_eq!(
            time_to_breach(&least, &sum(40.0), None, &sum(0.0), 10.0),
            Breach::Never
        );
        let rate = objective("rate > 3");
        // 10 s at 4 a second; at 2 a second it is 3 after another 10 s.
        let after = time_to_breach(&rate, &sum(40.0), None, &sum(20.0), 10.0);
        assert!((seconds(after) - 10.0).abs() < 1e-6, "{after:?}");
    }

    #[test]
    fn what_hangs_on_one_sample_is_not_foretold() {
        let histogram = Histogram::new();
        let nothing = Values::Trend(&histogram);
        for target in ["max < 3s", "min > 1", "p(95) < 3s"] {
            assert_eq!(
                time_to_breach(&objective(target), &nothing, None, &nothing, 10.0),
                Breach::Unknown,
                "{target}"
            );
        }
    }

    proptest! {
        #[test]
        fn at_the_time_that_is_told_the_share_is_at_its_bound(
            total in 1u64..1_000_000, share in 0.0f64..1.0, recent_total in 1u64..10_000, recent_share in 0.0f64..1.0,
            percent in 1u32..99,
        ) {
            let target = objective(&format!("rate < {percent}%"));
            let trues = (total as f64 * share) as u64;
            let recent_trues = (recent_total as f64 * recent_share) as u64;
            let breach = time_to_breach(&target, &rate(trues, total), None, &rate(recent_trues, recent_total), 10.0);
            let bound = f64::from(percent) / 100.0;
            match breach {
                Breach::In(after) => {
                    let x = after.as_secs_f64() / 10.0;
                    let then = (trues as f64 + x * recent_trues as f64) / (total as f64 + x * recent_total as f64);
                    prop_assert!((then - bound).abs() < 1e-6, "{then} {bound}");
                }
                Breach::Past => prop_assert!(trues as f64 / total as f64 >= bound - 1e-9),
                Breach::Never => {
                    // Neither now nor within the time that is foretold.
                    let x = FURTHEST / 10.0;
                    let then = (trues as f64 + x * recent_trues as f64) / (total as f64 + x * recent_total as f64);
                    prop_assert!(then <= bound + 1e-9, "{then} {bound}");
                }
                Breach::Unknown => prop_assert!(false),
            }
        }
    }
}
