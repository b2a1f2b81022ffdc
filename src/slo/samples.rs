//! What was measured, as far as a judgement needs it.

use super::{Aggregate, Objective};
use crate::metrics::Histogram;
use crate::metrics::histogram::{from_scaled, to_scaled};

/// Something that an [`Aggregate`] can be made of.
pub trait Samples {
    /// The aggregate in natural units (milliseconds, bytes, a share from 0 to 1, events per second). `None`
    /// when there is no sample, or no such aggregate of this kind of metric.
    fn aggregate(&self, aggregate: &Aggregate) -> Option<f64>;
}

/// The samples of one metric, gathered.
#[derive(Debug, Clone, Copy)]
pub enum Values<'a> {
    /// `seconds` is the time in which the sum came together. A counter has no way to tell that nothing was
    /// ever added: it answers 0, and who knows better gives no values at all.
    Counter {
        sum: f64,
        seconds: f64,
    },
    /// Without samples `min` lies above `max`.
    Gauge {
        last: f64,
        min: f64,
        max: f64,
    },
    Rate {
        trues: u64,
        total: u64,
    },
    /// Values scaled by [`SCALE`](crate::metrics::histogram::SCALE).
    Trend(&'a Histogram),
}

impl Values<'_> {
    /// The value that an objective is judged by: its aggregate, in natural units.
    ///
    /// A histogram tells percentiles only to a thousandth: all values of a bucket look alike. A bound within the bucket
    /// is as good a value as any other in it, so what cannot be told from the bound is taken as equal to it: `<=` and `==`
    /// hold, `<` does not, whichever end of its bucket a round number happens to lie at.
    pub fn judged(&self, objective: &Objective) -> Option<f64> {
        let aggregate = &objective.target.aggregate;
        let percentile = match aggregate {
            Aggregate::Percentile(percentile) => Some(percentile.get()),
            Aggregate::Med => Some(50.0),
            _ => None,
        };
        if let (Self::Trend(histogram), Some(percentile)) = (self, percentile)
            && !histogram.is_empty()
        {
            let (lowest, highest) = histogram.range_at_percentile(percentile);
            let bounds = [Some(objective.target), objective.warn];
            let bounds = bounds.into_iter().flatten();
            let equal = bounds
                .map(|expression| expression.threshold.bound())
                .find(|bound| *bound >= 0.0 && (lowest..=highest).contains(&to_scaled(*bound)));
            if equal.is_some() {
                return equal;
            }
        }
        self.aggregate(aggregate)
    }
}

impl Samples for Values<'_> {
    fn aggregate(&self, aggregate: &Aggregate) -> Option<f64> {
        match *self {
            Self::Counter { sum, seconds } => match aggregate {
                Aggregate::Count => Some(sum),
                Aggregate::Rate => (seconds > 0.0).then(|| sum / seconds),
                _ => None,
            },
            Self::Gauge { min, max, .. } if min > max => None,
            Self::Gauge { last, min, max } => match aggregate {
                Aggregate::Value => Some(last),
                Aggregate::Min => Some(min),
                Aggregate::Max => Some(max),
                _ => None,
            },
            Self::Rate { trues, total } => match aggregate {
                Aggregate::Rate => (total > 0).then(|| trues as f64 / total as f64),
                _ => None,
            },
            Self::Trend(histogram) => of_trend(histogram, aggregate),
        }
    }
}

fn of_trend(histogram: &Histogram, aggregate: &Aggregate) -> Option<f64> {
    if histogram.is_empty() {
        return None;
    }
    let percentile = |percentile| from_scaled(histogram.value_at_percentile(percentile) as f64);
    match aggregate {
        Aggregate::Percentile(wanted) => Some(percentile(wanted.get())),
        Aggregate::Med => Some(percentile(50.0)),
        Aggregate::Avg => Some(from_scaled(histogram.mean())),
        Aggregate::Min => Some(from_scaled(histogram.min() as f64)),
        Aggregate::Max => Some(from_scaled(histogram.max() as f64)),
        Aggregate::Count => Some(histogram.count() as f64),
        Aggregate::Rate | Aggregate::Value => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slo::{ObjectiveSpec, Percentile, Status, judge};

    #[test]
    fn a_percentile_that_cannot_be_told_from_the_bound_is_equal_to_it() {
        let mut outliers = Histogram::new();
        outliers.record_n(to_scaled(3000.0), 97);
        outliers.record_n(to_scaled(10_000.0), 3);
        let mut alike = Histogram::new();
        alike.record_n(to_scaled(3000.0), 100);
        let mut small = Histogram::new();
        small.record_n(to_scaled(100.0), 97);
        small.record_n(to_scaled(1.0), 1);
        small.record_n(to_scaled(900.0), 2);
        for (histogram, target, holds) in [
            (&outliers, "p(95) <= 3s", true),
            (&outliers, "p(95) >= 3s", true),
            (&outliers, "p(95) == 3s", true),
            (&outliers, "med == 3s", true),
            (&outliers, "p(95) != 3s", false),
            (&outliers, "p(95) < 3s", false),
            (&outliers, "p(95) > 3s", false),
            (&outliers, "p(95) < 3.01s", true),
            (&outliers, "p(95) <= 2.99s", false),
            (&outliers, "p(99) <= 10s", true),
            // What all samples agree on is known exactly.
            (&alike, "p(95) <= 3s", true),
            (&alike, "p(95) < 3.001s", true),
            (&alike, "p(95) > 2.999s", true),
            (&alike, "p(95) < 3s", false),
            (&small, "p(95) <= 100", true),
            (&small, "p(95) < 100", false),
            (&small, "p(95) < 101", true),
        ] {
            let spec = ObjectiveSpec::new("m".parse().unwrap(), target.parse().unwrap());
            let objective: Objective = spec.try_into().unwrap();
            let judgement = judge(&objective, Values::Trend(histogram).judged(&objective));
            assert_eq!(judgement.status == Status::Pass, holds, "{target}");
        }
    }

    #[test]
    fn the_bound_of_a_warning_counts_too() {
        let mut histogram = Histogram::new();
        histogram.record_n(to_scaled(2500.0), 97);
        histogram.record_n(to_scaled(10_000.0), 3);
        let mut spec = ObjectiveSpec::new("m".parse().unwrap(), "p(95) <= 3s".parse().unwrap());
        spec.warn = Some("p(95) <= 2500ms".parse().unwrap());
        let objective: Objective = spec.try_into().unwrap();
        let value = Values::Trend(&histogram).judged(&objective);
        assert_eq!(value, Some(2500.0));
        assert_eq!(judge(&objective, value).status, Status::Pass);
    }

    /// p(90), avg, med, min, max, count, rate, value.
    fn all(values: &Values<'_>) -> [Option<f64>; 8] {
        let [avg, med, min, max, count, rate, value] =
            Aggregate::NAMED.map(|(_, aggregate)| aggregate);
        let p90 = Aggregate::Percentile(Percentile::new(90.0).unwrap());
        [p90, avg, med, min, max, count, rate, value].map(|aggregate| values.aggregate(&aggregate))
    }

    #[test]
    fn each_kind_yields_its_own_aggregates() {
        let no = None;
        let counter = Values::Counter {
            sum: 30.0,
            seconds: 4.0,
        };
        assert_eq!(
            all(&counter),
            [no, no, no, no, no, Some(30.0), Some(7.5), no]
        );
        let gauge = Values::Gauge {
            last: 2.0,
            min: -1.0,
            max: 5.0,
        };
        assert_eq!(
            all(&gauge),
            [no, no, no, Some(-1.0), Some(5.0), no, no, Some(2.0)]
        );
        let rate = Values::Rate { trues: 1, total: 8 };
        assert_eq!(all(&rate), [no, no, no, no, no, no, Some(0.125), no]);

        let mut histogram = Histogram::new();
        // One to ten microseconds; a percentile is the top of its bucket, 8 ns wide at 9 µs.
        (1..=10).for_each(|value| histogram.record(to_scaled(f64::from(value) / 1000.0)));
        let trend = Values::Trend(&histogram);
        let expected = [
            Some(0.009_007),
            Some(0.005_5),
            Some(0.005_003),
            Some(0.001),
            Some(0.01),
            Some(10.0),
            no,
            no,
        ];
        assert_eq!(all(&trend), expected);
    }

    #[test]
    fn without_samples_there_is_no_value() {
        let nothing = [None; 8];
        assert_eq!(
            all(&Values::Gauge {
                last: 0.0,
                min: f64::INFINITY,
                max: f64::NEG_INFINITY
            }),
            nothing
        );
        assert_eq!(all(&Values::Rate { trues: 0, total: 0 }), nothing);
        assert_eq!(all(&Values::Trend(&Histogram::new())), nothing);
        let counter = Values::Counter {
            sum: 0.0,
            seconds: 0.0,
        };
        assert_eq!(counter.aggregate(&Aggregate::Rate), None);
    }
}
