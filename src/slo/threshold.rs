//! Thresholds: a number with its unit.

use std::fmt;
use std::time::Duration;

use crate::units::{Rate, UnitError, format_duration, parse_duration, parse_size};

/// What an aggregate is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Threshold {
    /// A number without a unit; milliseconds where the metric holds times.
    Plain(f64),
    /// `3s`, `800ms`.
    Time(Duration),
    /// The number before the percent sign.
    Percent(f64),
    /// `10/s`.
    PerTime(Rate),
    /// `5MB`.
    Bytes(u64),
}

impl Threshold {
    /// The threshold in the unit that aggregates have: milliseconds, fractions of 1, events per second, bytes,
    /// or the number itself.
    pub fn bound(&self) -> f64 {
        match self {
            Self::Plain(number) => *number,
            // Nanoseconds are whole, so dividing once gives the same number as the text would.
            Self::Time(duration) => duration.as_nanos() as f64 / 1e6,
            Self::Percent(percent) => percent / 100.0,
            Self::PerTime(rate) => rate.per_second(),
            Self::Bytes(bytes) => *bytes as f64,
        }
    }

    /// Whether both can be bounds of one aggregate. A plain number takes the unit of the metric.
    pub(super) fn compares_with(&self, other: &Self) -> bool {
        let plain = matches!(self, Self::Plain(_)) || matches!(other, Self::Plain(_));
        plain || std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    /// What kind of quantity it is, in words.
    pub(super) fn quantity(&self) -> &'static str {
        match self {
            Self::Plain(_) => "a plain number",
            Self::Time(_) => "a time",
            Self::Percent(_) => "a percentage",
            Self::PerTime(_) => "a number per time",
            Self::Bytes(_) => "an amount of data",
        }
    }

    /// Reads a threshold; the kind of quantity follows from the unit.
    pub(super) fn parse(text: &str) -> Result<Self, UnitError> {
        let wrong = |problem: &str| UnitError {
            quantity: "threshold",
            input: text.to_owned(),
            problem: problem.into(),
            expected: "a number, if need be with a unit: \"3s\", \"800ms\", \"1%\", \"10/s\", \"5MB\"",
            suggestion: None,
        };
        if let Some(number) = text.strip_suffix('%') {
            let percent = number
                .trim_end()
                .parse()
                .ok()
                .filter(|p: &f64| p.is_finite() && !p.is_sign_negative());
            return percent
                .map(Self::Percent)
                .ok_or_else(|| wrong("there is no positive number before the `%`"));
        }
        if text.contains('/') {
            return text.parse().map(Self::PerTime);
        }
        if let Ok(number) = text.parse::<f64>() {
            let finite = number.is_finite().then_some(Self::Plain(number + 0.0));
            return finite.ok_or_else(|| wrong("it is not a finite number"));
        }
        if !text.contains(|c: char| c.is_ascii_digit()) {
            return Err(wrong("there is no number in it"));
        }
        if !text.contains(char::is_alphabetic) {
            let plain: String = text
                .chars()
                .filter(|c| !matches!(c, ',' | '_' | '\'' | ' '))
                .collect();
            let suggestion = plain.parse::<f64>().ok().map(|_| plain);
            return Err(UnitError {
                suggestion,
                ..wrong("it is not a number")
            });
        }
        let lower = text.to_lowercase();
        if ["b", "byte", "bytes", "kib", "mib", "gib", "tib"]
            .iter()
            .any(|unit| lower.ends_with(unit))
        {
            return parse_size(text).map(Self::Bytes);
        }
        parse_duration(text).map(Self::Time)
    }
}

/// As it is read; reads back to the same threshold.
impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(number) => write!(f, "{number}"),
            Self::Time(duration) => {
                // The shortest way to say exactly this.
                let short = format_duration(*duration);
                let millis = format!("{}ms", duration.as_nanos() as f64 / 1e6);
                let exact = [short, millis]
                    .into_iter()
                    .find(|text| parse_duration(text) == Ok(*duration));
                match exact {
                    Some(text) => f.write_str(&text),
                    None => write!(f, "{}ns", duration.as_nanos()),
                }
            }
            Self::Percent(percent) => write!(f, "{percent}%"),
            Self::PerTime(rate) => write!(f, "{rate}"),
            Self::Bytes(bytes) => {
                const UNITS: [(u64, &str); 8] = [
                    (1_000_000_000_000, "TB"),
                    (1_000_000_000, "GB"),
                    (1_000_000, "MB"),
                    (1_000, "kB"),
                    (1 << 40, "TiB"),
                    (1 << 30, "GiB"),
                    (1 << 20, "MiB"),
                    (1 << 10, "KiB"),
                ];
                let whole = UNITS
                    .iter()
                    .find(|(unit, _)| *bytes > 0 && bytes.is_multiple_of(*unit));
                let (unit, name) = whole.unwrap_or(&(1, "B"));
                write!(f, "{}{name}", bytes / unit)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn units_decide_what_a_threshold_is() {
        let cases = [
            ("3s", Threshold::Time(Duration::from_secs(3)), 3000.0),
            ("800ms", Threshold::Time(Duration::from_millis(800)), 800.0),
            ("1%", Threshold::Percent(1.0), 0.01),
            (
                "600/m",
                Threshold::PerTime(Rate::new(600.0, Duration::from_secs(60)).unwrap()),
                10.0,
            ),
            ("5MB", Threshold::Bytes(5_000_000), 5e6),
            ("64KiB", Threshold::Bytes(65_536), 65_536.0),
            ("-2.5", Threshold::Plain(-2.5), -2.5),
            ("1e3", Threshold::Plain(1000.0), 1000.0),
        ];
        for (text, threshold, bound) in cases {
            assert_eq!(Threshold::parse(text), Ok(threshold), "{text}");
            assert_eq!(threshold.bound(), bound, "{text}");
        }
    }

    #[test]
    fn what_is_no_threshold_says_why() {
        let cases = [
            ("%", "there is no positive number before the `%`"),
            ("-1%", "there is no positive number before the `%`"),
            ("inf", "it is not a finite number"),
            ("fast", "there is no number in it"),
            ("1.2.3", "it is not a number"),
            ("", "there is no number in it"),
            ("3 sec", "there is no unit `sec`"),
            ("5 MB", "there is a space in it"),
            ("10/fortnight", "`fortnight` is not a time"),
        ];
        for (text, problem) in cases {
            assert_eq!(
                Threshold::parse(text).unwrap_err().problem,
                problem,
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn written_thresholds_read_back(number in -1e12f64..1e12, nanoseconds in 0u64..1_000_000_000_000_000, bytes in any::<u64>(), small in 0u64..5000) {
            let thresholds = [
                Threshold::Plain(number),
                Threshold::Percent(number.abs()),
                Threshold::Time(Duration::from_nanos(nanoseconds)),
                Threshold::Time(Duration::from_millis(small)),
                Threshold::PerTime(Rate::new(number.abs(), Duration::from_secs(small + 1)).unwrap()),
                Threshold::Bytes(bytes),
                Threshold::Bytes(small * 1000),
                Threshold::Bytes(small * 1024),
            ];
            for threshold in thresholds {
                prop_assert_eq!(Threshold::parse(&threshold.to_string()), Ok(threshold));
            }
        }
    }
}
