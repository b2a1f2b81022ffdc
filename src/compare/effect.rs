//! How strong a change is beside the spread of the samples: by how often a later sample is the greater one.

use super::model::{Effect, Row, Statistic, Verdict};
use super::side::Indexed;
use crate::metrics::Histogram;

/// The probability that a sample of `after` is greater than one of `before`, ties counted half (Mann and Whitney's U over the number of
/// pairs; Vargha and Delaney's A), and Cliff's delta, which is twice that less one. Exact but for values that share a bucket.
pub fn effect(before: &Histogram, after: &Histogram) -> Option<Effect> {
    let pairs = before.count() as f64 * after.count() as f64;
    if pairs <= 0.0 {
        return None;
    }
    let mut earlier = before.iter_nonzero().peekable();
    let mut below = 0.0;
    let mut wins = 0.0;
    for (lowest, _, times) in after.iter_nonzero() {
        while let Some((_, _, count)) = earlier.next_if(|bucket| bucket.0 < lowest) {
            below += count as f64;
        }
        let ties = earlier.peek().filter(|bucket| bucket.0 == lowest);
        let ties = ties.map_or(0.0, |(_, _, count)| *count as f64);
        wins += times as f64 * (below + ties / 2.0);
    }
    let superiority = wins / pairs;
    Some(Effect {
        superiority,
        cliffs_delta: 2.0 * superiority - 1.0,
    })
}

/// Adds the effect to the median of each trend that has its samples in both runs: of metrics always, of endpoints where something changed.
pub fn fill_in(rows: &mut [Row], before: &Indexed<'_>, after: &Indexed<'_>) {
    for row in rows
        .iter_mut()
        .filter(|row| row.statistic == Statistic::Med)
    {
        let changed = !matches!(row.verdict, Verdict::Same | Verdict::CannotTell);
        if row.endpoint.is_some() && !changed {
            continue;
        }
        let samples = |side: &Indexed<'_>| side.histogram(&row.metric, row.endpoint.as_ref());
        if let (Some(before), Some(after)) = (samples(before), samples(after)) {
            row.effect = effect(&before, &after);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn histogram(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::new();
        values.iter().for_each(|value| histogram.record(*value));
        histogram
    }

    #[test]
    fn of_equal_samples_neither_is_greater() {
        let found = effect(&histogram(&[1, 2, 3]), &histogram(&[1, 2, 3])).unwrap();
        assert_eq!((found.superiority, found.cliffs_delta), (0.5, 0.0));
        assert_eq!(effect(&histogram(&[]), &histogram(&[1])), None);
    }

    proptest! {
        #[test]
        fn it_is_the_share_of_pairs_that_the_later_sample_wins(
            a in prop::collection::vec(0u64..40, 1..30),
            b in prop::collection::vec(0u64..40, 1..30),
        ) {
            let score = |x: u64, y: u64| if y > x { 1.0 } else if y == x { 0.5 } else { 0.0 };
            let wins: f64 = a.iter().flat_map(|x| b.iter().map(move |y| score(*x, *y))).sum();
            let found = effect(&histogram(&a), &histogram(&b)).unwrap();
            prop_assert!((found.superiority - wins / (a.len() * b.len()) as f64).abs() < 1e-12);
        }
    }
}
