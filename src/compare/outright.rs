//! What is worse whatever its seconds say.
//!
//! An outage of ten seconds makes a run stray so much in itself that no test of two runs calls it more than chance: it might have happened in the run
//! before as well. But it did not. Where the run before was steady, a large change for the worse is therefore held against *its* spread alone, as if
//! the later run strayed no more (Glass's way of taking the control group's deviation: "Primary, Secondary, and Meta-Analysis of Research",
//! Educational Researcher 5, 1976), and has to be beyond both that and a bound far above the margin.

use super::functional::error_alone;
use super::model::{Direction, Row, Statistic};
use super::rows::{Candidate, Scale, fewest};
use super::verdict::{FEWEST_INTERVALS, LEVEL, quantile};

/// So much more must fail for certain: a percentage point.
const SHARE: f64 = 0.01;
/// And where no intervals tell how much it strayed before.
const SHARE_UNKNOWN: f64 = 0.05;
/// By so much must other figures be worse for certain, as a share of the value before.
const FACTOR: f64 = 0.25;
/// Degrees of freedom of samples that are taken for independent: as good as any number.
const INDEPENDENT: f64 = 1e6;

/// Why the row is worse, if it is so without a doubt although the intervals of both runs together cannot tell.
pub fn worse(candidate: &Candidate) -> Option<String> {
    let row = &candidate.row;
    let harm = match row.direction {
        Direction::Lower => 1.0,
        Direction::Higher => -1.0,
        Direction::Unknown => return None,
    };
    if let (Some(before), None) = (row.before, row.after) {
        let gone = row.statistic == Statistic::PerSecond && harm < 0.0 && row.main && before > 0.0;
        return gone.then(|| "there was none of it any more".to_owned());
    }
    let estimate = harm * candidate.estimate?;
    let steady = candidate.functionals.as_ref().ok();
    let steady = steady.filter(|(before, _)| before.filled() >= FEWEST_INTERVALS);
    let is_share = row.statistic == Statistic::Share;
    let (size, freedom) = match steady.and_then(|(before, _)| error_alone(before)) {
        Some(error) => (
            (error.size * std::f64::consts::SQRT_2).max(candidate.floor),
            error.freedom,
        ),
        None if is_share => (candidate.floor, INDEPENDENT),
        None => return None,
    };
    if !is_share && row.samples_before.min(row.samples_after) < fewest(row.statistic) {
        return None;
    }
    let base = row.before.unwrap_or_default().abs();
    let bound = match candidate.scale {
        _ if is_share && steady.is_some() => SHARE,
        _ if is_share => SHARE_UNKNOWN,
        Scale::Factor => FACTOR.ln_1p(),
        Scale::Plain => (FACTOR * base).max(candidate.detectable),
    };
    let certain = estimate - size * quantile(1.0 - LEVEL / 2.0, freedom);
    (certain >= bound && bound > 0.0).then(|| said(row, steady.is_some()))
}

fn said(row: &Row, steady: bool) -> String {
    let what = match row.statistic {
        Statistic::Share => "more than the run before strayed, by a percentage point at least",
        _ => "more than the run before strayed, by a quarter of its value at least",
    };
    match steady {
        true => format!("in a part of the run; {what}"),
        false => "more than chance makes of so many samples, by five percentage points at least"
            .to_owned(),
    }
}
