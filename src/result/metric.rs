//! Metrics: what each one is, and what was measured.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::metrics::histogram::from_scaled;
use crate::metrics::{Contains, Histogram, MetricKind};

/// One metric: its total and its values by tag set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MetricResult {
    /// Its name, such as `http_req_duration`.
    pub name: String,
    /// How its samples add up.
    pub kind: MetricKind,
    /// What its values are.
    pub contains: Contains,
    /// What it measures, in a phrase.
    pub description: String,
    /// Its values over all tag sets.
    pub total: MetricValues,
    /// Its values by tag set.
    pub series: Vec<MetricSeries>,
}

/// A metric's values for one set of tags.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MetricSeries {
    /// The tags, by name.
    pub tags: BTreeMap<String, String>,
    /// The values of the samples with exactly these tags.
    pub values: MetricValues,
}

/// What was measured, by the metric's kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MetricValues {
    /// A sum.
    Counter {
        /// The sum of all samples.
        count: f64,
        /// The sum per second of the run.
        rate: f64,
    },
    /// The latest value.
    Gauge {
        /// The latest value.
        value: f64,
        /// The least value seen.
        min: f64,
        /// The greatest value seen.
        max: f64,
    },
    /// The share of samples that were true.
    Rate {
        /// True samples as a fraction of all; 0 without samples.
        rate: f64,
        /// Number of true samples.
        passes: u64,
        /// Number of samples.
        total: u64,
    },
    /// A distribution.
    Trend {
        /// Its main statistics.
        #[serde(flatten)]
        summary: TrendSummary,
        /// The whole distribution: an HdrHistogram, V2 compressed, in base64, of the values multiplied by 1,000,000.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        histogram: Option<String>,
    },
}

impl MetricValues {
    /// How the samples add up.
    pub fn kind(&self) -> MetricKind {
        match self {
            Self::Counter { .. } => MetricKind::Counter,
            Self::Gauge { .. } => MetricKind::Gauge,
            Self::Rate { .. } => MetricKind::Rate,
            Self::Trend { .. } => MetricKind::Trend,
        }
    }
}

/// The main statistics of a distribution. With a `count` of 0 the others are 0 and mean nothing. What another tool's file does
/// not tell is NaN, and `null` in JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrendSummary {
    /// Number of samples; 1 where another tool's file does not tell it.
    pub count: u64,
    /// The least sample.
    #[serde(deserialize_with = "or_unknown")]
    #[schemars(extend("type" = ["number", "null"]))]
    pub min: f64,
    /// The greatest sample.
    #[serde(deserialize_with = "or_unknown")]
    #[schemars(extend("type" = ["number", "null"]))]
    pub max: f64,
    /// The arithmetic mean.
    #[serde(deserialize_with = "or_unknown")]
    #[schemars(extend("type" = ["number", "null"]))]
    pub avg: f64,
    /// The median.
    #[serde(deserialize_with = "or_unknown")]
    #[schemars(extend("type" = ["number", "null"]))]
    pub med: f64,
    /// The 90th percentile.
    #[serde(deserialize_with = "or_unknown")]
    #[schemars(extend("type" = ["number", "null"]))]
    pub p90: f64,
    /// The 95th percentile.
    #[serde(deserialize_with = "or_unknown")]
    #[schemars(extend("type" = ["number", "null"]))]
    pub p95: f64,
    /// The 99th percentile.
    #[serde(deserialize_with = "or_unknown")]
    #[schemars(extend("type" = ["number", "null"]))]
    pub p99: f64,
    /// The 99.9th percentile.
    #[serde(deserialize_with = "or_unknown")]
    #[schemars(extend("type" = ["number", "null"]))]
    pub p999: f64,
}

impl TrendSummary {
    /// Of everything that a histogram holds.
    pub fn of(histogram: &Histogram) -> Self {
        if histogram.is_empty() {
            return Self::default();
        }
        let at = |percentile| from_scaled(histogram.value_at_percentile(percentile) as f64);
        Self {
            count: histogram.count(),
            min: from_scaled(histogram.min() as f64),
            max: from_scaled(histogram.max() as f64),
            avg: from_scaled(histogram.mean()),
            med: at(50.0),
            p90: at(90.0),
            p95: at(95.0),
            p99: at(99.0),
            p999: at(99.9),
        }
    }

    /// Samples of which nothing is known but that there were so many.
    pub fn unknown(count: u64) -> Self {
        Self {
            count,
            min: f64::NAN,
            max: f64::NAN,
            avg: f64::NAN,
            med: f64::NAN,
            p90: f64::NAN,
            p95: f64::NAN,
            p99: f64::NAN,
            p999: f64::NAN,
        }
    }
}

/// JSON has no NaN: `null` stands for it.
fn or_unknown<'de, D: Deserializer<'de>>(value: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(value)?.unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trend_is_written_flat_beside_its_histogram() {
        let values = MetricValues::Trend {
            summary: TrendSummary {
                count: 2,
                p95: 7.5,
                ..TrendSummary::default()
            },
            histogram: Some("HISTFAAA".to_owned()),
        };
        let json = serde_json::to_value(&values).unwrap();
        assert_eq!(json["kind"], "trend");
        assert_eq!(json["p95"], 7.5);
        assert_eq!(json["histogram"], "HISTFAAA");
        assert_eq!(
            serde_json::from_value::<MetricValues>(json).unwrap(),
            values
        );
    }

    #[test]
    fn a_statistic_that_is_not_known_is_null_and_comes_back_so() {
        let values = MetricValues::Trend {
            summary: TrendSummary {
                avg: 3.5,
                ..TrendSummary::unknown(7)
            },
            histogram: None,
        };
        let json = serde_json::to_value(&values).unwrap();
        assert_eq!(
            (&json["p99"], &json["avg"]),
            (&serde_json::Value::Null, &3.5.into())
        );
        let MetricValues::Trend { summary, .. } = serde_json::from_value(json).unwrap() else {
            panic!("no trend");
        };
        assert_eq!((summary.count, summary.avg), (7, 3.5));
        assert!(summary.p99.is_nan() && summary.med.is_nan());
    }
}
