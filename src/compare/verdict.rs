//! From a difference and its standard error to a verdict.
//!
//! - **Real**: the difference divided by its standard error is further from 0 than Student's t with the error's degrees of freedom is once in a
//!   hundred times. Main rows are judged each for itself; of all other metrics, and of all endpoints, those are taken that keep the share
//!   of false discoveries below one in a hundred (Benjamini and Hochberg, "Controlling the False Discovery Rate", JRSS B 57, 1995).
//! - **Worse, better, changed**: real, and no smaller than the margin.
//! - **Same**: not that, and a difference that matters is excluded by two one-sided tests at 5 % (Schuirmann 1987).
//! - **Cannot tell**: everything else, but for what is [`outright`] worse.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::functional::{Error, error_of_difference};
use super::model::{Direction, Interval, Needed, Statistic, Verdict};
use super::outright;
use super::rows::{Candidate, Scale, fewest};
use super::variation::Variation;

/// How rare a difference must be among runs of the same thing to be called real.
pub const LEVEL: f64 = 0.01;
/// Of each of the two one-sided tests for "same".
const SAME_LEVEL: f64 = 0.05;
/// Fewer intervals with samples tell nothing about how they depend on each other.
pub const FEWEST_INTERVALS: usize = 10;
/// A run long enough to look at, in seconds.
const LONG_ENOUGH: f64 = 60.0;
/// So many standard errors must a difference be for nine in ten runs to show it at this level: 2.576 + 1.282.
const TO_DETECT: f64 = 3.858;
/// What a histogram cannot tell apart, relative to a value.
const RESOLUTION: f64 = 5e-4;

/// A candidate that was tested.
pub struct Tested {
    pub candidate: Candidate,
    pub error: Option<Error>,
}

/// Tests a candidate: fills in its row's p-value and interval, or the reason why there is none.
pub fn test(mut candidate: Candidate, paired: bool, seconds: f64, variation: &Variation) -> Tested {
    let error = match examine(&candidate, paired) {
        Ok(within) => {
            let stray = variation.stray(&candidate.row, candidate.scale);
            let wider = stray.and_then(|stray| Some((stray, stray.beyond(&within)?)));
            candidate.row.between_runs = wider.map(|(stray, _)| stray.deviation);
            Some(wider.map_or(within, |(_, error)| error))
        }
        Err(reason) => {
            let samples = candidate
                .row
                .samples_before
                .min(candidate.row.samples_after);
            // Of what a run does not have, a longer one has nothing either.
            if candidate.row.before.is_some() && candidate.row.after.is_some() {
                candidate.row.needed = enough(samples, fewest(candidate.row.statistic), seconds);
            }
            candidate.row.reason = Some(reason);
            None
        }
    };
    if let (Some(error), Some(estimate)) = (&error, candidate.estimate) {
        candidate.row.p_value = Some(p_value(estimate, error));
        let reach = error.size * quantile(1.0 - LEVEL / 2.0, error.freedom);
        let base = candidate.row.before.unwrap_or_default();
        let change = |difference: f64| match candidate.scale {
            Scale::Factor => base * difference.exp_m1(),
            Scale::Plain => difference,
        };
        // A share stays between none and all.
        let (least, most) = match candidate.row.statistic {
            Statistic::Share => (-base, 1.0 - base),
            _ => (f64::NEG_INFINITY, f64::INFINITY),
        };
        candidate.row.interval = Some(Interval {
            low: change(estimate - reach).max(least),
            high: change(estimate + reach).min(most),
        });
    }
    Tested { candidate, error }
}

/// What would be enough where too little was measured to say even that.
fn enough(samples: u64, fewest: u64, seconds: f64) -> Option<Needed> {
    let longer = (LONG_ENOUGH / seconds).max(fewest as f64 / samples.max(1) as f64);
    (longer.is_finite() && longer > 1.0).then(|| Needed {
        samples: (samples.max(1) as f64 * longer).ceil() as u64,
        seconds: seconds * longer,
    })
}

fn examine(candidate: &Candidate, paired: bool) -> Result<Error, String> {
    let row = &candidate.row;
    match (row.before, row.after) {
        (None, None) => return Err("neither run has it".to_owned()),
        (None, _) => return Err("only the run after has it".to_owned()),
        (_, None) => return Err("only the run before has it".to_owned()),
        _ => {}
    }
    let (before, after) = match &candidate.functionals {
        Ok((before, after)) => (before, after),
        Err(why) => return Err(why.clone()),
    };
    let filled = before.filled().min(after.filled());
    let samples = row.samples_before.min(row.samples_after);
    let fewest = fewest(row.statistic);
    if samples < fewest {
        return Err(format!("too few samples: {samples}, and it takes {fewest}"));
    }
    if filled < FEWEST_INTERVALS {
        return Err(format!("too short: {filled} intervals with samples"));
    }
    let mut error = error_of_difference(before, after, paired)
        .ok_or_else(|| "how much it varied could not be worked out".to_owned())?;
    let resolution = if candidate.scale == Scale::Factor {
        RESOLUTION
    } else {
        0.0
    };
    error.size = error.size.max(candidate.floor).max(resolution);
    Ok(error)
}

/// Student's t with so many degrees of freedom.
fn students(freedom: f64) -> Option<StudentsT> {
    StudentsT::new(0.0, 1.0, freedom.max(1.0)).ok()
}

fn p_value(estimate: f64, error: &Error) -> f64 {
    if estimate == 0.0 {
        return 1.0;
    }
    let ratio = estimate.abs() / error.size;
    match students(error.freedom) {
        Some(t) if ratio.is_finite() => 2.0 * t.sf(ratio),
        // Nothing varied at all, and yet the runs differ.
        _ => 0.0,
    }
}

/// The value that Student's t does not exceed with this probability.
pub fn quantile(share: f64, freedom: f64) -> f64 {
    students(freedom).map_or(f64::INFINITY, |t| t.inverse_cdf(share))
}

/// Corrects the p-values of each family for how many rows it has. The main rows stay as they are.
pub fn adjust(tested: &mut [Tested]) {
    for of_endpoints in [false, true] {
        let mut family: Vec<(usize, f64)> = tested
            .iter()
            .enumerate()
            .filter(|(_, tested)| {
                let row = &tested.candidate.row;
                !row.main && row.endpoint.is_some() == of_endpoints
            })
            .filter_map(|(at, tested)| Some((at, tested.candidate.row.p_value?)))
            .collect();
        family.sort_by(|a, b| a.1.total_cmp(&b.1));
        let size = family.len() as f64;
        let mut least: f64 = 1.0;
        for (rank, (at, p_value)) in family.iter().enumerate().rev() {
            least = least.min(p_value * size / (rank + 1) as f64);
            if let Some(tested) = tested.get_mut(*at) {
                tested.candidate.row.adjusted_p_value = Some(least);
            }
        }
    }
    for row in tested.iter_mut().map(|tested| &mut tested.candidate.row) {
        if row.main {
            row.adjusted_p_value = row.p_value;
        }
    }
}

/// Gives a tested and adjusted row its verdict.
pub fn conclude(tested: &mut Tested, seconds: f64) {
    by_chance(tested, seconds);
    let candidate = &mut tested.candidate;
    if candidate.row.verdict == Verdict::CannotTell
        && let Some(why) = outright::worse(candidate)
    {
        candidate.row.verdict = Verdict::Worse;
        candidate.row.reason = Some(why);
        candidate.row.needed = None;
    }
}

fn by_chance(tested: &mut Tested, seconds: f64) {
    let Tested { candidate, error } = tested;
    let row = &mut candidate.row;
    let (Some(error), Some(estimate), Some(p_value)) =
        (error, candidate.estimate, row.adjusted_p_value)
    else {
        return;
    };
    if p_value < LEVEL && estimate.abs() >= candidate.negligible {
        row.verdict = match (row.direction, estimate > 0.0) {
            (Direction::Unknown, _) => Verdict::Changed,
            (Direction::Lower, true) | (Direction::Higher, false) => Verdict::Worse,
            (Direction::Lower, false) | (Direction::Higher, true) => Verdict::Better,
        };
        return;
    }
    let reach = error.size * quantile(1.0 - SAME_LEVEL, error.freedom);
    // Of events of which there was none in either run, nothing is to be told.
    let no_events =
        row.statistic == Statistic::PerSecond && row.before == Some(0.0) && row.after == Some(0.0);
    if no_events || estimate.abs() + reach <= candidate.detectable {
        row.verdict = Verdict::Same;
        return;
    }
    if row.between_runs.is_some() {
        // Longer runs would differ just as much.
        row.reason = Some("the baseline's own runs differ more than that".to_owned());
        return;
    }
    let times = (error.size * TO_DETECT / candidate.detectable)
        .powi(2)
        .max(1.0);
    let samples = row.samples_before.min(row.samples_after);
    row.reason = Some("too little was measured".to_owned());
    row.needed = times.is_finite().then(|| Needed {
        samples: (samples as f64 * times).ceil() as u64,
        seconds: seconds * times,
    });
}
