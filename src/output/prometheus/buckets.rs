//! Histograms as Prometheus has them: classic ones with fixed bounds, and native ones whose buckets grow exponentially.
//!
//! A native histogram of schema *s* has buckets from base^(i-1) to base^i, base = 2^(2^-s): see "Native Histograms" in Prometheus'
//! documentation. With schema 5 a bucket is 2.2 % wide, and a quantile read off it at most half of that wrong.

use std::collections::BTreeMap;
use std::ops::RangeBounds;
use std::sync::Arc;

use crate::metrics::Contains;
use crate::metrics::Histogram;
use crate::metrics::histogram::SCALE;
use crate::trace::{Exemplar, SpanId, TraceId};

/// How fine native buckets are.
pub const SCHEMA: i32 = 5;
/// Values up to here are zero to a native histogram.
pub const ZERO_THRESHOLD: f64 = 1e-9;

/// Classic bounds of times, in seconds.
pub const SECONDS: [f64; 28] = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5,
    2.0, 2.5, 3.0, 4.0, 5.0, 7.5, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0,
];
/// Of amounts of data, in bytes.
const BYTES: [f64; 12] = [
    64.0,
    256.0,
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
    1_073_741_824.0,
];
/// Of plain numbers.
const PLAIN: [f64; 19] = [
    0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1e3, 2e3, 5e3, 1e4, 1e5,
    1e6, 1e7,
];
/// Bounds beside the usual ones at most: each is one more series for every endpoint.
const MAX_OWN: usize = 12;

/// The bounds of classic buckets, by what values mean.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// In seconds.
    pub times: Arc<[f64]>,
    bytes: Arc<[f64]>,
    plain: Arc<[f64]>,
}

impl Bounds {
    /// The usual ones, with those of objectives among them: what a value means that is compared, and with what, in seconds or bytes.
    pub fn with(own: &[(Contains, f64)]) -> Self {
        let of = |usual: &[f64], contains: Contains| {
            let own = own.iter().filter(|(of, _)| *of == contains);
            with_own(usual, own.map(|(_, bound)| *bound))
        };
        Self {
            times: of(&SECONDS, Contains::Time),
            bytes: of(&BYTES, Contains::Data),
            plain: of(&PLAIN, Contains::Default),
        }
    }

    fn of(&self, contains: Contains) -> Arc<[f64]> {
        match contains {
            Contains::Time => self.times.clone(),
            Contains::Data => self.bytes.clone(),
            Contains::Default => self.plain.clone(),
        }
    }
}

fn with_own(usual: &[f64], own: impl Iterator<Item = f64>) -> Arc<[f64]> {
    let mut bounds = usual.to_vec();
    for bound in own.filter(|bound| bound.is_finite() && *bound > 0.0) {
        if bounds.len() >= usual.len() + MAX_OWN {
            break;
        }
        if let Err(at) = bounds.binary_search_by(|known| known.total_cmp(&bound)) {
            bounds.insert(at, bound);
        }
    }
    bounds.into()
}

/// A request that stands for a bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Example {
    /// What was measured of it, in the histogram's unit.
    pub value: f64,
    /// When that was, in milliseconds since 1970.
    pub at: u64,
    /// When it came here, in milliseconds since 1970.
    pub came: u64,
    pub trace: TraceId,
    pub span: SpanId,
}

impl Example {
    /// Its labels: 63 characters, of the 128 that OpenMetrics allows.
    pub fn labels(&self) -> [(&'static str, String); 2] {
        [
            ("trace_id", self.trace.to_string()),
            ("span_id", self.span.to_string()),
        ]
    }
}

/// A histogram that only grows.
#[derive(Debug, Clone)]
pub struct Buckets {
    /// Upper bounds, ascending, without infinity.
    bounds: Arc<[f64]>,
    /// One for each bound, and one for what is above.
    counts: Box<[u64]>,
    native: BTreeMap<i32, u64>,
    zeros: u64,
    /// The newest of each bucket that has one, by the bucket's place.
    exemplars: BTreeMap<usize, Example>,
    pub count: u64,
    pub sum: f64,
    /// What a stored value is divided by.
    scale: f64,
}

impl Buckets {
    /// An empty one, for values that mean this.
    pub fn new(contains: Contains, bounds: &Bounds) -> Self {
        let bounds = bounds.of(contains);
        Self {
            counts: vec![0; bounds.len() + 1].into(),
            bounds,
            native: BTreeMap::new(),
            zeros: 0,
            exemplars: BTreeMap::new(),
            count: 0,
            sum: 0.0,
            scale: match contains {
                Contains::Time => SCALE * 1e3,
                Contains::Data | Contains::Default => SCALE,
            },
        }
    }

    /// Adds what was recorded, in buckets that are a thousandth wide: one that a bound lies in counts as at or below it, so that values at
    /// the bound of an objective do.
    pub fn add(&mut self, recorded: &Histogram) {
        for (lowest, highest, times) in recorded.iter_nonzero() {
            let smallest = lowest as f64 / self.scale;
            let at = self.bounds.partition_point(|bound| *bound < smallest);
            if let Some(count) = self.counts.get_mut(at) {
                *count += times;
            }
            let value = smallest + (highest - lowest) as f64 / 2.0 / self.scale;
            if value <= ZERO_THRESHOLD {
                self.zeros += times;
            } else {
                *self.native.entry(native_index(value)).or_default() += times;
            }
        }
        self.count += recorded.count();
        self.sum += recorded.sum() / self.scale;
    }

    /// Takes a request as the example of the bucket that it lies in; it came at this moment, in milliseconds since 1970.
    pub fn exemplify(&mut self, exemplar: &Exemplar, came: u64) {
        let value = exemplar.value as f64 / self.scale;
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        let example = Example {
            value,
            at: exemplar.at / 1_000_000,
            came,
            trace: exemplar.trace,
            span: exemplar.span,
        };
        let known = self.exemplars.get(&bucket);
        if known.is_none_or(|known| known.at <= example.at) {
            self.exemplars.insert(bucket, example);
        }
    }

    /// The newest example of the bucket at this place. A value that lies just above a bound counts as below it here, so that a bucket can have
    /// one and nothing else: it is not told then.
    pub fn example(&self, bucket: usize) -> Option<&Example> {
        let count = self.counts.get(bucket)?;
        self.exemplars.get(&bucket).filter(|_| *count > 0)
    }

    /// The newest examples of the buckets at these places.
    pub fn examples(&self, places: impl RangeBounds<usize>) -> impl Iterator<Item = &Example> {
        let places = self.exemplars.range(places);
        places.filter_map(|(place, _)| self.example(*place))
    }

    /// Upper bounds with how many values lie in each bucket alone; the last is infinity.
    pub fn classic(&self) -> Vec<(f64, u64)> {
        let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
        bounds.zip(self.counts.iter().copied()).collect()
    }

    /// The same, counted from below.
    pub fn cumulative(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
        bounds.zip(&self.counts).scan(0, |below, (bound, count)| {
            *below += count;
            Some((bound, *below))
        })
    }

    /// The native buckets, as they are sent.
    pub fn native(&self) -> Native {
        let mut native = Native {
            zeros: self.zeros,
            spans: Vec::new(),
            deltas: Vec::new(),
        };
        let (mut next, mut last) = (0, 0);
        for (&index, &count) in &self.native {
            match native.spans.last_mut() {
                Some((_, length)) if index == next => *length += 1,
                _ => native.spans.push((index - next, 1)),
            }
            next = index + 1;
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            native.deltas.push(count - last);
            last = count;
        }
        native
    }

    /// The native buckets in a row, from the index of the first on, with those that are empty; before them how many values are zero.
    pub fn dense(&self) -> (u64, i32, Vec<u64>) {
        let first = self.native.keys().next().copied().unwrap_or(0);
        let last = self.native.keys().next_back().copied().unwrap_or(first - 1);
        let count = |index| self.native.get(&index).copied().unwrap_or(0);
        (self.zeros, first, (first..=last).map(count).collect())
    }
}

/// Native buckets as they are sent: where they lie, and how each differs from the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Native {
    pub zeros: u64,
    /// How far from the end of the one before, and how many buckets.
    pub spans: Vec<(i32, u32)>,
    pub deltas: Vec<i64>,
}

/// The native bucket of a value above zero.
fn native_index(value: f64) -> i32 {
    // The smallest value above zero that is stored is a billionth, the largest below 2^64: far within an i32.
    (value.log2() * f64::from(1 << SCHEMA)).ceil() as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{Settings, Tracing};
    use proptest::prelude::*;

    fn of(milliseconds: &[f64]) -> Buckets {
        let mut recorded = Histogram::new();
        for value in milliseconds {
            recorded.record(crate::metrics::histogram::to_scaled(*value));
        }
        let mut buckets = Buckets::new(Contains::Time, &Bounds::with(&[(Contains::Time, 0.8)]));
        buckets.add(&recorded);
        buckets
    }

    #[test]
    fn bounds_of_objectives_are_among_the_others_once() {
        let times = |own: &[f64]| {
            let own: Vec<_> = own.iter().map(|bound| (Contains::Time, *bound)).collect();
            Bounds::with(&own).times
        };
        let bounds = times(&[0.8, 0.5, 0.8, f64::INFINITY, -1.0]);
        assert_eq!(bounds.len(), SECONDS.len() + 1);
        assert!(bounds.is_sorted());
        assert_eq!(times(&[7.0; 100]).len(), SECONDS.len() + 1);
        let many: Vec<_> = (1..100).map(|n| f64::from(n) / 7.01).collect();
        assert_eq!(times(&many).len(), SECONDS.len() + MAX_OWN);
        // Those that are there anyway take no room.
        let usual: Vec<_> = SECONDS.iter().copied().chain([0.333]).collect();
        assert!(times(&usual).contains(&0.333));
        let baskets = Bounds::with(&[(Contains::Default, 30.0)]);
        assert!(baskets.of(Contains::Default).contains(&30.0));
        assert!(!baskets.times.contains(&0.03));
    }

    #[test]
    fn values_are_counted_at_or_below_the_bounds_in_seconds() {
        let buckets = of(&[0.5, 1.0, 1.5, 799.0, 900_000.0]);
        let counted: Vec<_> = buckets
            .classic()
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .collect();
        assert_eq!(
            counted,
            [(0.001, 2), (0.002, 1), (0.8, 1), (f64::INFINITY, 1)]
        );
        assert_eq!(buckets.cumulative().last(), Some((f64::INFINITY, 5)));
        assert!((buckets.sum - 900.802).abs() < 1e-9);
    }

    #[test]
    fn native_buckets_are_told_by_spans_and_differences() {
        let mut buckets = of(&[0.0]);
        buckets.native = BTreeMap::from([(-3, 2), (-2, 5), (4, 1)]);
        let native = buckets.native();
        assert_eq!(native.zeros, 1);
        assert_eq!(native.spans, [(-3, 2), (5, 1)]);
        assert_eq!(native.deltas, [2, 3, -4]);
    }

    #[test]
    fn each_bucket_tells_its_newest_example() {
        let mut ids = Tracing::new(Settings::default(), 1, false).ids();
        let mut buckets = of(&[1.2, 1.4, 30.0]);
        let mut example = |tenths: u64, at: u64| Exemplar {
            value: tenths * 100_000,
            at: at * 1_000_000,
            trace: ids.trace(),
            span: ids.span(),
        };
        for (tenths, at) in [(14, 7), (12, 5), (300, 6), (90_000, 9)] {
            buckets.exemplify(&example(tenths, at), 10);
        }
        let told: Vec<_> = (0..buckets.classic().len())
            .filter_map(|bucket| Some((bucket, buckets.example(bucket)?)))
            .map(|(bucket, example)| (bucket, example.value, example.at))
            .collect();
        // Nothing was measured where the last of them lies.
        assert_eq!(told, [(1, 0.0014, 7), (5, 0.03, 6)]);
    }

    #[test]
    fn labels_of_examples_are_as_short_as_open_metrics_wants_them() {
        let mut ids = Tracing::new(Settings::default(), 1, false).ids();
        let example = Example {
            value: 0.0,
            at: 0,
            came: 0,
            trace: ids.trace(),
            span: ids.span(),
        };
        let characters = |(name, value): &(&str, String)| name.len() + value.len();
        assert_eq!(example.labels().iter().map(characters).sum::<usize>(), 63);
    }

    proptest! {
        #[test]
        fn a_native_bucket_holds_its_values(value in 1e-8..1e9_f64) {
            let base = 2f64.powf(1.0 / f64::from(1 << SCHEMA));
            let index = native_index(value);
            prop_assert!(value <= base.powi(index) * (1.0 + 1e-9));
            prop_assert!(value > base.powi(index - 1) * (1.0 - 1e-9));
        }

        #[test]
        fn both_kinds_count_every_value(values in proptest::collection::vec(0.0..1e6_f64, 0..50)) {
            let buckets = of(&values);
            let all = values.len() as u64;
            prop_assert_eq!(buckets.count, all);
            prop_assert_eq!(buckets.cumulative().last().map(|(_, count)| count), Some(all));
            let native = buckets.native();
            let counts = native.deltas.iter().scan(0, |count, delta| { *count += delta; Some(*count) });
            prop_assert_eq!(counts.sum::<i64>() as u64 + native.zeros, all);
            let buckets: u32 = native.spans.iter().map(|(_, length)| length).sum();
            prop_assert_eq!(buckets as usize, native.deltas.len());
        }
    }
}
