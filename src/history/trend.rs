//! The course of a figure over runs: where its level changed, which runs stand out, and a line of small bars.
//!
//! - **Change points**: Pettitt's test ("A Non-parametric Approach to the Change-point Problem", Applied Statistics 28, 1979), which compares the ranks
//!   before and after each point and so cares neither for the distribution nor for outliers: `K = max |U(t)|`,
//!   `U(t) = Σ sgn(x(i) - x(j))` over all `i <= t < j`, with probability `2 exp(-6 K² / (n³ + n²))` under no change. Where it is below [`LEVEL`] the series is cut
//!   and each part is looked at again (binary segmentation).
//! - **Outliers**: Hampel's identifier: further from the median of their part than three times 1.4826 times the median absolute
//!   deviation (Davies and Gather, "The Identification of Multiple Outliers", JASA 88, 1993), and by at least [`LEAST`] of the median, since
//!   a service that is very steady would have outliers that nobody cares for.

/// How rare a change must be among series without any.
pub const LEVEL: f64 = 0.01;
/// What differs from the median by less than this share of it is no outlier.
pub const LEAST: f64 = 0.02;
/// A part must have so many runs on either side of a change.
const SHORTEST: usize = 4;
/// Times the scaled median absolute deviation.
const FAR: f64 = 3.0;

/// A change of the level.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct ChangePoint {
    /// The first run at the new level.
    pub at: usize,
    /// Median of the part before.
    pub before: f64,
    /// Median of the part after.
    pub after: f64,
    /// How often a series without any change looks so.
    pub p_value: f64,
}

/// Where the level of `values` changed, in order.
pub fn change_points(values: &[f64]) -> Vec<ChangePoint> {
    let mut cuts = Vec::new();
    divide(values, 0, &mut cuts);
    cuts.sort_by_key(|(at, _)| *at);
    let ends: Vec<usize> = std::iter::once(0)
        .chain(cuts.iter().map(|(at, _)| *at))
        .chain([values.len()])
        .collect();
    let part = |from: usize| {
        let bounds = ends.get(from).zip(ends.get(from + 1));
        bounds
            .and_then(|(start, end)| values.get(*start..*end))
            .unwrap_or_default()
    };
    cuts.iter()
        .enumerate()
        .map(|(number, (at, p_value))| ChangePoint {
            at: *at,
            before: median(part(number)),
            after: median(part(number + 1)),
            p_value: *p_value,
        })
        .collect()
}

fn divide(values: &[f64], offset: usize, cuts: &mut Vec<(usize, f64)>) {
    let n = values.len();
    if n < 2 * SHORTEST {
        return;
    }
    let sign = |a: f64, b: f64| match a.partial_cmp(&b) {
        Some(std::cmp::Ordering::Less) => -1.0,
        Some(std::cmp::Ordering::Greater) => 1.0,
        _ => 0.0,
    };
    // U(t) = U(t - 1) + Σ sgn(x(t) - x(j)) over all j.
    let (mut u, mut most, mut cut) = (0.0_f64, 0.0, 0);
    for (at, value) in values.iter().enumerate() {
        u += values.iter().map(|other| sign(*value, *other)).sum::<f64>();
        let first = at + 1;
        if first >= SHORTEST && n - first >= SHORTEST && u.abs() > most {
            (most, cut) = (u.abs(), first);
        }
    }
    let size = n as f64;
    let p_value = (2.0 * (-6.0 * most * most / (size.powi(3) + size.powi(2))).exp()).min(1.0);
    if cut == 0 || p_value >= LEVEL {
        return;
    }
    cuts.push((offset + cut, p_value));
    let (before, after) = values.split_at(cut);
    divide(before, offset, cuts);
    divide(after, offset + cut, cuts);
}

/// The runs that stand out from the level they belong to.
pub fn outliers(values: &[f64], changes: &[ChangePoint]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut start = 0;
    for end in changes.iter().map(|change| change.at).chain([values.len()]) {
        let part = values.get(start..end).unwrap_or_default();
        let middle = median(part);
        let distances: Vec<f64> = part.iter().map(|value| (value - middle).abs()).collect();
        let far = (FAR * 1.4826 * median(&distances)).max(LEAST * middle.abs());
        if part.len() >= SHORTEST {
            let out = distances
                .iter()
                .enumerate()
                .filter(|(_, distance)| **distance > far);
            found.extend(out.map(|(at, _)| start + at));
        }
        start = end;
    }
    found
}

/// The median; 0 of nothing.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
    if sorted.len() % 2 == 1 || sorted.is_empty() {
        at(middle)
    } else {
        f64::midpoint(at(middle - 1), at(middle))
    }
}

/// A line of small bars from the least to the greatest value; of more values than `width`, neighbours are averaged.
pub fn sparkline(values: &[f64], width: usize) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let per_bar = values.len().div_ceil(width.max(1)).max(1);
    let means: Vec<f64> = values
        .chunks(per_bar)
        .map(|part| part.iter().sum::<f64>() / part.len() as f64)
        .collect();
    let least = means.iter().copied().fold(f64::INFINITY, f64::min);
    let most = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    means
        .iter()
        .map(|value| {
            let height = (value - least) / (most - least);
            let bar = if height.is_finite() {
                (height * 7.0).round() as usize
            } else {
                3
            };
            BARS.get(bar).copied().unwrap_or('█')
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    /// Values around each level in turn, spread evenly by 3 %.
    fn levels(levels: &[(f64, usize)], seed: u64) -> Vec<f64> {
        let mut random = StdRng::seed_from_u64(seed);
        let mut around = |level: f64| level * (1.0 + 0.06 * (random.random::<f64>() - 0.5));
        levels
            .iter()
            .flat_map(|(level, runs)| vec![*level; *runs])
            .map(&mut around)
            .collect()
    }

    #[test]
    fn a_change_is_found_where_it_was() {
        let values = levels(&[(100.0, 15), (120.0, 15), (90.0, 15)], 1);
        let found = change_points(&values);
        let places: Vec<usize> = found.iter().map(|change| change.at).collect();
        assert_eq!(places.len(), 2, "{found:?}");
        assert!(
            places[0].abs_diff(15) <= 1 && places[1].abs_diff(30) <= 1,
            "{found:?}"
        );
        assert!(
            (found[0].after / found[0].before - 1.2).abs() < 0.03,
            "{found:?}"
        );
    }

    #[test]
    fn a_steady_course_has_hardly_ever_a_change() {
        let with_one =
            (0..300).filter(|seed| !change_points(&levels(&[(100.0, 30)], *seed)).is_empty());
        let count = with_one.count();
        assert!(count <= 9, "{count} of 300");
    }

    #[test]
    fn one_run_that_stands_out_is_an_outlier_and_no_change() {
        let mut values = levels(&[(100.0, 20)], 3);
        values[7] = 400.0;
        let changes = change_points(&values);
        assert!(changes.is_empty(), "{changes:?}");
        assert_eq!(outliers(&values, &changes), [7]);
        assert!(outliers(&[5.0; 10], &[]).is_empty());
    }

    #[test]
    fn a_line_of_bars_goes_from_the_least_to_the_greatest() {
        assert_eq!(sparkline(&[0.0, 1.0, 2.0, 7.0], 10), "▁▂▃█");
        assert_eq!(sparkline(&[3.0, 3.0], 10), "▄▄");
        assert_eq!(sparkline(&[0.0, 0.0, 7.0, 7.0], 2), "▁█");
        assert_eq!(sparkline(&[], 10), "");
    }

    #[test]
    fn medians_are_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(&[]), 0.0);
    }
}
