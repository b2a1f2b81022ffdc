//! What is said of one second of a series, as named numbers, and how moments are written.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::metrics::histogram::from_scaled;
use crate::metrics::totals::Accumulator;

/// What a trend is told by: `p50` is the percentile 50.
const PERCENTILES: [(&str, f64); 4] = [("p50", 50.0), ("p90", 90.0), ("p95", 95.0), ("p99", 99.0)];

/// All names that [`readings`] gives, in an order that suits a table.
pub const COLUMNS: [&str; 12] = [
    "value", "count", "trues", "rate", "sum", "mean", "min", "max", "p50", "p90", "p95", "p99",
];

/// What was gathered, by name; nothing if there is nothing. Trends are in their own unit, as results have them.
pub fn readings(gathered: &Accumulator) -> Vec<(&'static str, f64)> {
    match gathered {
        Accumulator::Counter { sum } if *sum == 0.0 => Vec::new(),
        Accumulator::Counter { sum } => vec![("value", *sum)],
        Accumulator::Gauge { samples: 0, .. } => Vec::new(),
        Accumulator::Gauge { last, min, max, .. } => {
            vec![("value", *last), ("min", *min), ("max", *max)]
        }
        Accumulator::Rate { total: 0, .. } => Vec::new(),
        Accumulator::Rate { trues, total } => vec![
            ("count", *total as f64),
            ("trues", *trues as f64),
            ("rate", *trues as f64 / *total as f64),
        ],
        Accumulator::Trend(histogram) if histogram.is_empty() => Vec::new(),
        Accumulator::Trend(histogram) => {
            let exact = [
                ("count", histogram.count() as f64),
                ("sum", from_scaled(histogram.sum())),
                ("mean", from_scaled(histogram.mean())),
                ("min", from_scaled(histogram.min() as f64)),
                ("max", from_scaled(histogram.max() as f64)),
            ];
            let percentile =
                |(name, p)| (name, from_scaled(histogram.value_at_percentile(p) as f64));
            exact
                .into_iter()
                .chain(PERCENTILES.map(percentile))
                .collect()
        }
    }
}

/// A moment in milliseconds since 1970, as RFC 3339 has it: in UTC.
pub fn moment(at: f64) -> String {
    // A float has not the digits for more than microseconds.
    let microseconds = (at * 1e3).round() as i128;
    OffsetDateTime::from_unix_timestamp_nanos(microseconds * 1_000)
        .ok()
        .and_then(|moment| moment.format(&Rfc3339).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Histogram, MetricKind};

    #[test]
    fn every_name_is_a_column_and_nothing_is_said_of_nothing() {
        let mut histogram = Histogram::new();
        histogram.record(1_500_000);
        let gathered = [
            Accumulator::Counter { sum: 2.0 },
            Accumulator::Gauge {
                last: 1.0,
                min: 0.0,
                max: 3.0,
                samples: 2,
            },
            Accumulator::Rate { trues: 1, total: 4 },
            Accumulator::Trend(histogram),
        ];
        for (name, _) in gathered.iter().flat_map(readings) {
            assert!(COLUMNS.contains(&name), "{name}");
        }
        assert_eq!(readings(&gathered[2])[2], ("rate", 0.25));
        assert_eq!(readings(&gathered[3])[1], ("sum", 1.5));
        for kind in [
            MetricKind::Counter,
            MetricKind::Gauge,
            MetricKind::Rate,
            MetricKind::Trend,
        ] {
            assert_eq!(readings(&Accumulator::new(kind)), []);
        }
    }

    #[test]
    fn moments_are_written_in_utc() {
        assert_eq!(moment(1_700_000_000_250.0), "2023-11-14T22:13:20.25Z");
    }
}
