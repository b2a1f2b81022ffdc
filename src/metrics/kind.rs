//! What a metric is, and what its values stand for.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How samples of a metric add up. The four kinds, and their names, are k6's.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum MetricKind {
    /// A sum that only grows.
    Counter,
    /// The latest value, with the smallest and the largest seen.
    Gauge,
    /// The share of samples that were true.
    Rate,
    /// A distribution of values.
    Trend,
}

impl MetricKind {
    /// The kind's name, as it stands in results.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Rate => "rate",
            Self::Trend => "trend",
        }
    }
}

impl fmt::Display for MetricKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the values of a metric stand for, and so how they are written.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Contains {
    /// Plain numbers.
    #[default]
    Default,
    /// Times, in milliseconds.
    Time,
    /// Amounts of data, in bytes.
    Data,
}

impl Contains {
    /// The word for it, as it stands in results.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Time => "time",
            Self::Data => "data",
        }
    }
}

impl fmt::Display for Contains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_written_alike_in_text_and_in_json() {
        for kind in [
            MetricKind::Counter,
            MetricKind::Gauge,
            MetricKind::Rate,
            MetricKind::Trend,
        ] {
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
        }
        for contains in [Contains::Default, Contains::Time, Contains::Data] {
            assert_eq!(
                serde_json::to_string(&contains).unwrap(),
                format!("\"{contains}\"")
            );
        }
    }
}
