//! Expressions: an aggregate of a metric's samples, compared with a threshold.

use std::fmt;
use std::str::FromStr;

use super::{SloError, Threshold, parse};

/// A percentile from 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Percentile(f64);

impl Percentile {
    /// `None` when it is not from 0 to 100.
    pub fn new(percentile: f64) -> Option<Self> {
        // Adding zero makes a zero of a negative zero, which would be written with its sign.
        (0.0..=100.0)
            .contains(&percentile)
            .then_some(Self(percentile + 0.0))
    }

    /// The percentile, from 0 to 100.
    pub fn get(self) -> f64 {
        self.0
    }
}

/// What is made of a metric's samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Aggregate {
    /// The value that this percentage of samples do not exceed.
    Percentile(Percentile),
    /// The arithmetic mean.
    Avg,
    /// The median, which is the 50th percentile.
    Med,
    Min,
    Max,
    /// A counter's sum; how many samples a trend has.
    Count,
    /// A counter's sum per second; the share of a rate's samples that were true.
    Rate,
    /// A gauge's latest value.
    Value,
}

impl Aggregate {
    /// Those without an argument, under the names that expressions use.
    pub(super) const NAMED: [(&str, Self); 7] = [
        ("avg", Self::Avg),
        ("med", Self::Med),
        ("min", Self::Min),
        ("max", Self::Max),
        ("count", Self::Count),
        ("rate", Self::Rate),
        ("value", Self::Value),
    ];
}

impl fmt::Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percentile(percentile) => write!(f, "p({})", percentile.0),
            named => {
                let name = Self::NAMED.iter().find(|(_, aggregate)| aggregate == named);
                f.write_str(name.map_or("", |(name, _)| name))
            }
        }
    }
}

/// How an actual value must stand to the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

/// On which side of the threshold the good values lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Below,
    Above,
    /// Only the threshold itself, or anything but it.
    Exact,
}

/// How far apart two numbers may be, relative to the bound, and still be the same but for rounding.
const ROUNDING: f64 = 1e-12;

impl Op {
    pub(super) const ALL: [(&str, Self); 6] = [
        ("<", Self::Less),
        ("<=", Self::LessOrEqual),
        (">", Self::Greater),
        (">=", Self::GreaterOrEqual),
        ("==", Self::Equal),
        ("!=", Self::NotEqual),
    ];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, op)| *op == self)
            .map_or("", |(text, _)| text)
    }

    /// Whether the actual value keeps to the bound.
    pub fn holds(self, actual: f64, bound: f64) -> bool {
        // 7 of 1,000 is 0.7 %, though neither is so in binary: what differs by rounding alone is equal.
        let equal = (actual - bound).abs() <= bound.abs() * ROUNDING;
        match self {
            Self::Less => actual < bound && !equal,
            Self::LessOrEqual => actual <= bound || equal,
            Self::Greater => actual > bound && !equal,
            Self::GreaterOrEqual => actual >= bound || equal,
            Self::Equal => equal,
            Self::NotEqual => !equal,
        }
    }

    /// On which side of the bound the good values lie.
    pub fn direction(self) -> Direction {
        match self {
            Self::Less | Self::LessOrEqual => Direction::Below,
            Self::Greater | Self::GreaterOrEqual => Direction::Above,
            Self::Equal | Self::NotEqual => Direction::Exact,
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `p(95) < 3s`: reads from text, and is written so that it reads back the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expression {
    pub aggregate: Aggregate,
    pub op: Op,
    pub threshold: Threshold,
}

impl Expression {
    /// Whether the actual value, in natural units (see [`Threshold::bound`]), keeps to the threshold.
    pub fn holds(&self, actual: f64) -> bool {
        self.op.holds(actual, self.threshold.bound())
    }
}

impl FromStr for Expression {
    type Err = SloError;

    fn from_str(text: &str) -> Result<Self, SloError> {
        parse::expression(text)
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.aggregate, self.op, self.threshold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_compares_as_it_is_written() {
        let holds = |op: Op| [1.0, 2.0, 3.0].map(|actual| op.holds(actual, 2.0));
        let expected = [
            [true, false, false],
            [true, true, false],
            [false, false, true],
            [false, true, true],
            [false, true, false],
            [true, false, true],
        ];
        assert_eq!(Op::ALL.map(|(_, op)| holds(op)), expected);
    }

    #[test]
    fn what_differs_by_rounding_alone_is_equal() {
        assert!(Op::LessOrEqual.holds(7.0 / 1000.0, 0.7 / 100.0));
        assert!(!Op::Greater.holds(7.0 / 1000.0, 0.7 / 100.0));
        let sum: f64 = (0..1000).map(|_| 0.1).sum();
        assert!(Op::Equal.holds(sum, 100.0) && !Op::Less.holds(sum, 100.0));
        assert!(Op::Less.holds(99.999, 100.0) && Op::Equal.holds(0.0, 0.0));
    }

    #[test]
    fn an_expression_holds_in_natural_units() {
        let expression: Expression = "p(95) < 3s".parse().unwrap();
        assert!(expression.holds(2999.9) && !expression.holds(3000.0));
    }

    #[test]
    fn percentiles_outside_0_to_100_do_not_exist() {
        assert!(Percentile::new(-0.1).is_none() && Percentile::new(100.1).is_none());
        assert!(Percentile::new(f64::NAN).is_none());
        assert_eq!(Percentile::new(99.9).map(Percentile::get), Some(99.9));
    }
}
