//! Whether an expression makes sense for a metric: the aggregate for its kind, the unit for its values.

use super::expression::Aggregate::{self, Avg, Count, Max, Med, Min, Percentile, Rate, Value};
use super::{Expression, SloError, Threshold};
use crate::metrics::{Contains, MetricKind};

impl Expression {
    /// Checks the expression against the metric that it is about. The error's text is the expression as
    /// [`Display`](std::fmt::Display) writes it.
    ///
    /// # Errors
    /// When the metric's kind has no such aggregate, or the threshold's unit does not fit what it yields.
    pub fn check(&self, kind: MetricKind, contains: Contains) -> Result<(), SloError> {
        if !applies(self.aggregate, kind) {
            return Err(self.wrong_aggregate(kind));
        }
        let yields = yields(self.aggregate, kind, contains);
        let fits = match (yields, &self.threshold) {
            (Yields::Share, Threshold::Plain(_) | Threshold::Percent(_)) => {
                return self.check_share();
            }
            (Yields::Number | Yields::PerSecond, Threshold::Plain(_)) => true,
            (Yields::Time, Threshold::Plain(_) | Threshold::Time(_)) => true,
            (Yields::Data | Yields::DataPerSecond, Threshold::Plain(_) | Threshold::Bytes(_)) => {
                true
            }
            (Yields::PerSecond | Yields::DataPerSecond, Threshold::PerTime(_)) => true,
            _ => false,
        };
        if fits {
            Ok(())
        } else {
            Err(self.wrong_unit(yields, kind))
        }
    }

    fn wrong_aggregate(&self, kind: MetricKind) -> SloError {
        let text = self.to_string();
        let end = self.aggregate.to_string().len();
        let fix = match kind {
            MetricKind::Counter => "a counter has count and rate (per second)",
            MetricKind::Gauge => "a gauge has value (the latest), min and max",
            MetricKind::Rate => "a rate has rate, the share of samples that were true",
            MetricKind::Trend => "a trend has p(N), avg, med, min, max and count",
        };
        let suggestion = match (kind, self.aggregate) {
            (MetricKind::Counter, Value) => Some("count"),
            (MetricKind::Gauge, Avg | Med | Count | Rate) | (MetricKind::Trend, Value | Rate) => {
                None
            }
            (MetricKind::Gauge, Percentile(_)) => Some("max"),
            (MetricKind::Rate, _) => Some("rate"),
            _ => None,
        };
        let what = format!("`{}` does not apply to a {kind}", self.aggregate);
        SloError::new(&text, 0..end, what, fix).suggest(suggestion)
    }

    /// The threshold's place in the expression as it is written.
    fn at_threshold(&self, what: String, fix: &str) -> SloError {
        let text = self.to_string();
        let length = self.threshold.to_string().len();
        SloError::new(&text, text.len() - length..text.len(), what, fix)
    }

    fn check_share(&self) -> Result<(), SloError> {
        if (0.0..=1.0).contains(&self.threshold.bound()) {
            return Ok(());
        }
        let what = format!(
            "a rate lies between 0% and 100%, so it is never compared with `{}`",
            self.threshold
        );
        let fix = "write a percentage such as `1%`, or a fraction from 0 to 1 such as `0.01`";
        let suggestion = match self.threshold {
            Threshold::Plain(number) if (1.0..=100.0).contains(&number) => {
                Some(format!("{number}%"))
            }
            _ => None,
        };
        Err(self.at_threshold(what, fix).suggest(suggestion))
    }

    fn wrong_unit(&self, yields: Yields, kind: MetricKind) -> SloError {
        let (is, fix) = match yields {
            Yields::Share => (
                "a share",
                "write a percentage such as `1%`, or a fraction such as `0.01`",
            ),
            Yields::Number => ("a plain number", "write a number without a unit"),
            Yields::PerSecond => (
                "a number per second",
                "write a number such as `10`, or a rate such as `10/s`",
            ),
            Yields::Time => (
                "a time",
                "write a time such as `800ms` or `3s`, or a number of milliseconds",
            ),
            Yields::Data => (
                "an amount of data",
                "write a size such as `5MB`, or a number of bytes",
            ),
            Yields::DataPerSecond => (
                "data per second",
                "write a size such as `5MB`, which is per second here",
            ),
        };
        let (aggregate, threshold) = (self.aggregate, self.threshold);
        let what = format!(
            "`{aggregate}` of this {kind} is {is}, but `{threshold}` is {}",
            threshold.quantity()
        );
        self.at_threshold(what, fix)
    }
}

fn applies(aggregate: Aggregate, kind: MetricKind) -> bool {
    match kind {
        MetricKind::Counter => matches!(aggregate, Count | Rate),
        MetricKind::Gauge => matches!(aggregate, Value | Min | Max),
        MetricKind::Rate => matches!(aggregate, Rate),
        MetricKind::Trend => matches!(aggregate, Percentile(_) | Avg | Med | Min | Max | Count),
    }
}

/// What an aggregate's value is.
#[derive(Clone, Copy)]
enum Yields {
    Number,
    PerSecond,
    Share,
    Time,
    Data,
    DataPerSecond,
}

fn yields(aggregate: Aggregate, kind: MetricKind, contains: Contains) -> Yields {
    match (kind, aggregate, contains) {
        (MetricKind::Rate, ..) => Yields::Share,
        (MetricKind::Trend, Count, _) => Yields::Number,
        (MetricKind::Counter, Rate, Contains::Data) => Yields::DataPerSecond,
        (MetricKind::Counter, Rate, _) => Yields::PerSecond,
        (_, _, Contains::Default) => Yields::Number,
        (_, _, Contains::Time) => Yields::Time,
        (_, _, Contains::Data) => Yields::Data,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Contains::{Data, Default as Plain, Time};

    fn check(text: &str, kind: MetricKind, contains: Contains) -> Result<(), SloError> {
        text.parse::<Expression>().unwrap().check(kind, contains)
    }

    #[test]
    fn each_kind_has_its_aggregates() {
        let all = [
            "p(95)", "avg", "med", "min", "max", "count", "rate", "value",
        ];
        let allowed = |kind| {
            let works = |aggregate: &&str| check(&format!("{aggregate} < 1"), kind, Plain).is_ok();
            all.into_iter()
                .filter(|aggregate| works(aggregate))
                .collect::<Vec<_>>()
        };
        assert_eq!(allowed(MetricKind::Counter), ["count", "rate"]);
        assert_eq!(allowed(MetricKind::Gauge), ["min", "max", "value"]);
        assert_eq!(allowed(MetricKind::Rate), ["rate"]);
        assert_eq!(
            allowed(MetricKind::Trend),
            ["p(95)", "avg", "med", "min", "max", "count"]
        );
    }

    #[test]
    fn units_that_fit_are_accepted() {
        let cases = [
            ("p(95) < 3s", MetricKind::Trend, Time),
            ("p(95) < 3000", MetricKind::Trend, Time),
            ("max < 5MB", MetricKind::Trend, Data),
            ("count > 100", MetricKind::Trend, Time),
            ("rate < 1%", MetricKind::Rate, Plain),
            ("rate <= 1", MetricKind::Rate, Plain),
            ("rate > 10", MetricKind::Counter, Plain),
            ("rate > 10/s", MetricKind::Counter, Plain),
            ("rate > 5MB", MetricKind::Counter, Data),
            ("count < 1GiB", MetricKind::Counter, Data),
            ("value > -5", MetricKind::Gauge, Plain),
            ("value < 3s", MetricKind::Gauge, Time),
        ];
        for (text, kind, contains) in cases {
            assert_eq!(check(text, kind, contains), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_explained() {
        let cases = [
            (
                "p(95) < 3s",
                MetricKind::Counter,
                Plain,
                "p(95)",
                "`p(95)` does not apply to a counter; a counter has count and rate (per second)",
            ),
            (
                "value < 3",
                MetricKind::Counter,
                Plain,
                "value",
                "`value` does not apply to a counter; a counter has count and rate (per second) (did you mean `count`?)",
            ),
            (
                "avg < 3s",
                MetricKind::Rate,
                Plain,
                "avg",
                "`avg` does not apply to a rate; a rate has rate, the share of samples that were true (did you mean `rate`?)",
            ),
            (
                "rate < 3s",
                MetricKind::Rate,
                Plain,
                "3s",
                "`rate` of this rate is a share, but `3s` is a time; write a percentage such as `1%`, or a fraction such as `0.01`",
            ),
            (
                "rate < 5",
                MetricKind::Rate,
                Plain,
                "5",
                "a rate lies between 0% and 100%, so it is never compared with `5`; write a percentage such as `1%`, or a fraction from 0 to 1 such as `0.01` (did you mean `5%`?)",
            ),
            (
                "rate < 150%",
                MetricKind::Rate,
                Plain,
                "150%",
                "a rate lies between 0% and 100%, so it is never compared with `150%`; write a percentage such as `1%`, or a fraction from 0 to 1 such as `0.01`",
            ),
            (
                "rate < 1%",
                MetricKind::Counter,
                Plain,
                "1%",
                "`rate` of this counter is a number per second, but `1%` is a percentage; write a number such as `10`, or a rate such as `10/s`",
            ),
            (
                "avg < 800ms",
                MetricKind::Trend,
                Plain,
                "800ms",
                "`avg` of this trend is a plain number, but `800ms` is a time; write a number without a unit",
            ),
            (
                "avg < 5MB",
                MetricKind::Trend,
                Time,
                "5MB",
                "`avg` of this trend is a time, but `5MB` is an amount of data; write a time such as `800ms` or `3s`, or a number of milliseconds",
            ),
            (
                "count < 3s",
                MetricKind::Trend,
                Time,
                "3s",
                "`count` of this trend is a plain number, but `3s` is a time; write a number without a unit",
            ),
            (
                "max < 3s",
                MetricKind::Gauge,
                Data,
                "3s",
                "`max` of this gauge is an amount of data, but `3s` is a time; write a size such as `5MB`, or a number of bytes",
            ),
        ];
        for (text, kind, contains, place, message) in cases {
            let error = check(text, kind, contains).unwrap_err();
            assert_eq!(error.to_string(), format!("in `{text}`: {message}"));
            assert_eq!(&error.text[error.span.clone()], place);
        }
    }
}
