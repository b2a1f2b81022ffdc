//! The heat map: how many requests took how long in each interval, in bins whose bounds grow by a constant factor.

use serde::Serialize;

use crate::metrics::histogram::{Histogram, from_scaled};
use crate::result::{IntervalValues, RunResult};

/// Bins between the fastest and the slowest request.
const BINS: usize = 48;
/// The least factor from one bound to the next: finer than this, the histograms' own buckets would show.
const FINEST: f64 = 1.02;

/// Counts by interval and bin.
#[derive(Debug, PartialEq, Serialize)]
pub struct Heat {
    /// When the first interval begins, in seconds from the start of the run.
    start: f64,
    /// Length of an interval, in seconds.
    step: f64,
    /// The lowest bound, in milliseconds.
    low: f64,
    /// From one bound to the next.
    ratio: f64,
    bins: usize,
    /// The greatest count.
    peak: u64,
    /// For each interval the bins that have counts: bin, count, bin, count …
    columns: Vec<Vec<u64>>,
}

/// The heat map of all response times; `None` where the document has no distributions over time.
pub fn heat(result: &RunResult) -> Option<Heat> {
    let intervals = &result.intervals;
    let Some(IntervalValues::Trend { histograms, .. }) = intervals.total("http_req_duration")
    else {
        return None;
    };
    let decoded: Vec<Option<Histogram>> = histograms
        .iter()
        .map(|text| Histogram::from_v2_base64(text.as_deref()?).ok())
        .collect();
    let present = || decoded.iter().flatten().filter(|h| !h.is_empty());
    // Zero has no logarithm; what took less than a microsecond is drawn as that.
    let least = present().map(Histogram::min).min()?;
    let most = present().map(Histogram::max).max()?;
    let low = from_scaled(least as f64).max(1e-3);
    let high = from_scaled(most as f64).max(low) * 1.000_1;
    let ratio = (high / low).powf(1.0 / BINS as f64).max(FINEST);
    let bins = ((high / low).ln() / ratio.ln())
        .ceil()
        .clamp(1.0, BINS as f64) as usize;
    let mut peak = 0;
    let columns = decoded
        .iter()
        .map(|histogram| {
            let counts = histogram.as_ref().map(|h| binned(h, low, ratio, bins));
            let counts = counts.unwrap_or_default();
            peak = counts.iter().copied().fold(peak, u64::max);
            let filled = counts.iter().enumerate().filter(|(_, count)| **count > 0);
            filled
                .flat_map(|(bin, count)| [bin as u64, *count])
                .collect()
        })
        .collect();
    Some(Heat {
        start: intervals.start_seconds,
        step: intervals.interval_seconds as f64,
        low,
        ratio,
        bins,
        peak,
        columns,
    })
}

fn binned(histogram: &Histogram, low: f64, ratio: f64, bins: usize) -> Vec<u64> {
    let mut counts = vec![0u64; bins];
    for (lowest, highest, times) in histogram.iter_nonzero() {
        let middle = from_scaled(lowest as f64 + (highest - lowest) as f64 / 2.0);
        // A cast of what is below zero saturates at the first bin.
        let bin = ((middle / low).ln() / ratio.ln()) as usize;
        if let Some(count) = counts.get_mut(bin.min(bins.saturating_sub(1))) {
            *count = count.saturating_add(times);
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::histogram::to_scaled;
    use crate::result::{IntervalRow, Intervals, sample};

    fn with(histograms: Vec<Option<Vec<f64>>>) -> RunResult {
        let text = |values: Vec<f64>| {
            let mut histogram = Histogram::new();
            values.iter().for_each(|v| histogram.record(to_scaled(*v)));
            histogram.to_v2_base64()
        };
        let count = histograms.len();
        let mut result = sample::passing();
        result.intervals = Intervals {
            interval_seconds: 1,
            start_seconds: 0.0,
            covered_seconds: count as u64,
            rows: vec![IntervalRow {
                metric: "http_req_duration".to_owned(),
                tags: Default::default(),
                values: IntervalValues::Trend {
                    counts: vec![0; count],
                    means: vec![None; count],
                    medians: vec![None; count],
                    p95s: vec![None; count],
                    histograms: histograms.into_iter().map(|v| v.map(text)).collect(),
                },
            }],
        };
        result
    }

    #[test]
    fn every_request_is_in_one_bin_from_the_fastest_to_the_slowest() {
        let heat = heat(&with(vec![
            Some(vec![1.0, 1.0, 10.0]),
            None,
            Some(vec![100.0]),
        ]))
        .unwrap();
        assert!((heat.low - 1.0).abs() < 0.01, "{heat:?}");
        assert_eq!(heat.peak, 2);
        assert_eq!(heat.columns[0][..2], [0, 2]);
        assert_eq!(heat.columns[0][3], 1);
        let middle = heat.columns[0][2] as usize;
        assert!(
            (heat.bins / 2 - 1..=heat.bins / 2).contains(&middle),
            "{heat:?}"
        );
        assert!(heat.columns[1].is_empty());
        assert_eq!(heat.columns[2], [heat.bins as u64 - 1, 1]);
    }

    #[test]
    fn requests_that_all_took_as_long_fill_one_bin() {
        let heat = heat(&with(vec![Some(vec![5.0; 9])])).unwrap();
        assert_eq!((heat.bins, heat.peak), (1, 9));
    }

    #[test]
    fn zero_and_broken_histograms_draw_what_there_is() {
        let mut result = with(vec![Some(vec![0.0, 4.0]), Some(vec![1.0])]);
        if let Some(IntervalValues::Trend { histograms, .. }) =
            result.intervals.rows.first_mut().map(|row| &mut row.values)
        {
            histograms[1] = Some("no histogram".to_owned());
        }
        let heat = heat(&result).unwrap();
        assert_eq!(heat.columns[0], [0, 1, heat.bins as u64 - 1, 1]);
        assert!(heat.columns[1].is_empty());
        assert_eq!(super::heat(&with(vec![None])), None);
        assert_eq!(super::heat(&sample::passing()), None);
    }
}
