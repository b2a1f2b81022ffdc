//! What a scraper gets: text, or protobuf with native histograms.

use prost::Message;

use super::buckets::{Buckets, Example, SCHEMA, ZERO_THRESHOLD};
use super::ledger::Ledger;
use super::names::FamilyKind;
use super::proto::{BucketSpan, client};
use super::reading::{Reading, Shown};
use super::text::Dialect;

/// The media type of Prometheus' protobuf, each family with its length before it.
pub const PROTOBUF: &str =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

/// How a scraper is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Text(Dialect),
    /// The only way to native histograms.
    Protobuf,
}

impl Format {
    /// What a scraper likes best, by its `Accept` header; OpenMetrics if that says nothing.
    pub fn accepted(accept: &str) -> Self {
        let weight = |wanted: &str| -> f64 {
            let ranges = accept.split(',').filter(|range| range.contains(wanted));
            let weights = ranges.map(|range| {
                let quality = range
                    .split(';')
                    .find_map(|part| part.trim().strip_prefix("q="));
                quality.map_or(1.0, |quality| quality.parse().unwrap_or(0.0))
            });
            weights.fold(0.0, f64::max)
        };
        let open_metrics = weight("openmetrics-text");
        let plain = weight("text/plain");
        if weight("io.prometheus.client.MetricFamily") > open_metrics.max(plain) {
            Self::Protobuf
        } else if plain > open_metrics {
            Self::Text(Dialect::Plain)
        } else {
            Self::Text(Dialect::OpenMetrics)
        }
    }

    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Text(dialect) => dialect.media_type(),
            Self::Protobuf => PROTOBUF,
        }
    }
}

/// Everything that is known, as protobuf: histograms have their classic buckets and their native ones.
pub fn protobuf(ledger: &Ledger) -> Vec<u8> {
    let mut out = Vec::new();
    for family in ledger.shown() {
        // A vector takes everything.
        let _ = message(&family).encode_length_delimited(&mut out);
    }
    out
}

fn message(family: &Shown<'_>) -> client::MetricFamily {
    let (ending, kind) = match family.kind {
        FamilyKind::Counter => ("_total", 0),
        FamilyKind::Gauge => ("", 1),
        FamilyKind::Histogram => ("", 4),
    };
    let metric = family.series.iter().map(|(labels, reading)| {
        let label = labels.iter().map(|(name, value)| client::LabelPair {
            name: Some(name.clone()),
            value: Some(value.clone()),
        });
        let mut metric = client::Metric {
            label: label.collect(),
            ..client::Metric::default()
        };
        match reading {
            Reading::Number(value) => {
                let number = Some(client::Number {
                    value: Some(*value),
                });
                match family.kind {
                    FamilyKind::Counter => metric.counter = number,
                    FamilyKind::Gauge | FamilyKind::Histogram => metric.gauge = number,
                }
            }
            Reading::Histogram(buckets) => metric.histogram = Some(histogram(buckets)),
        }
        metric
    });
    client::MetricFamily {
        name: Some(format!("{}{ending}", family.name)),
        help: Some(family.help.to_owned()),
        kind: Some(kind),
        metric: metric.collect(),
    }
}

fn histogram(buckets: &Buckets) -> client::Histogram {
    let native = buckets.native();
    let classic = buckets.cumulative().enumerate();
    let classic = classic.map(|(place, (bound, count))| client::Bucket {
        cumulative_count: Some(count),
        upper_bound: Some(bound),
        exemplar: buckets.example(place).map(exemplar),
    });
    let mut positive_span: Vec<_> = native
        .spans
        .iter()
        .map(|&(offset, length)| BucketSpan { offset, length })
        .collect();
    // Without any span it would not be known for a native one.
    if positive_span.is_empty() {
        positive_span.push(BucketSpan {
            offset: 0,
            length: 0,
        });
    }
    client::Histogram {
        sample_count: Some(buckets.count),
        sample_sum: Some(buckets.sum),
        bucket: classic.collect(),
        schema: Some(SCHEMA),
        zero_threshold: Some(ZERO_THRESHOLD),
        zero_count: Some(native.zeros),
        positive_span,
        positive_delta: native.deltas,
    }
}

fn exemplar(example: &Example) -> client::Exemplar {
    let label = example.labels().map(|(name, value)| client::LabelPair {
        name: Some(name.to_owned()),
        value: Some(value),
    });
    client::Exemplar {
        label: label.into(),
        value: Some(example.value),
        timestamp: Some(client::Timestamp {
            seconds: i64::try_from(example.at / 1_000).unwrap_or(i64::MAX),
            nanos: (example.at % 1_000) as i32 * 1_000_000,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_follows_what_scrapers_accept() {
        let open = Format::Text(Dialect::OpenMetrics);
        let plain = Format::Text(Dialect::Plain);
        for (accept, format) in [
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                open,
            ),
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,text/plain;q=0.5",
                Format::Protobuf,
            ),
            ("text/plain;version=0.0.4;q=1,*/*;q=0.1", plain),
            ("*/*", open),
            ("", open),
        ] {
            assert_eq!(Format::accepted(accept), format, "{accept}");
        }
    }
}
