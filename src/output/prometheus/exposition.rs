//! What a scraper gets: OpenMetrics text, or protobuf with native histograms.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use prost::Message;

use super::buckets::{SCHEMA, ZERO_THRESHOLD};
use super::ledger::{Ledger, Reading, Shown};
use super::names::FamilyKind;
use super::proto::{BucketSpan, client};

/// The media type of OpenMetrics text.
pub const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// The media type of Prometheus' protobuf, each family with its length before it.
pub const PROTOBUF: &str =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

/// Whether a scraper would rather have protobuf, by its `Accept` header: it is the only way to native histograms.
pub fn wants_protobuf(accept: &str) -> bool {
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
    let text = weight("openmetrics-text").max(weight("text/plain"));
    weight("io.prometheus.client.MetricFamily") > text
}

/// A label set that `prometheus-client` can write.
struct Labels<'a>(&'a [(String, String)]);

impl EncodeLabelSet for Labels<'_> {
    fn encode(
        &self,
        encoder: &mut prometheus_client::encoding::LabelSetEncoder,
    ) -> Result<(), fmt::Error> {
        self.0.to_vec().encode(encoder)
    }
}

/// Of exemplars, which there are none of.
type NoLabels = Vec<(String, String)>;

/// A series that was read: the collector must own it.
#[derive(Debug)]
enum Owned {
    Number(f64),
    Histogram(f64, u64, Vec<(f64, u64)>),
}

/// A family that was read.
#[derive(Debug)]
struct OwnedFamily {
    name: String,
    kind: FamilyKind,
    help: String,
    series: Vec<(Vec<(String, String)>, Owned)>,
}

impl OwnedFamily {
    fn of(shown: Shown<'_>) -> Self {
        let owned = |reading: Reading<'_>| match reading {
            Reading::Number(value) => Owned::Number(value),
            Reading::Histogram(buckets) => {
                Owned::Histogram(buckets.sum, buckets.count, buckets.classic())
            }
        };
        Self {
            name: shown.name.to_owned(),
            kind: shown.kind,
            // The library ends it with a full stop.
            help: shown.help.trim_end_matches('.').to_owned(),
            series: shown
                .series
                .into_iter()
                .map(|(labels, reading)| (labels, owned(reading)))
                .collect(),
        }
    }
}

#[derive(Debug)]
struct Families(Vec<OwnedFamily>);

impl Collector for Families {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for family in &self.0 {
            let kind = match family.kind {
                FamilyKind::Counter => MetricType::Counter,
                FamilyKind::Gauge => MetricType::Gauge,
                FamilyKind::Histogram => MetricType::Histogram,
            };
            let mut metrics = encoder.encode_descriptor(&family.name, &family.help, None, kind)?;
            for (labels, value) in &family.series {
                let labels = Labels(labels);
                let mut metric = metrics.encode_family(&labels)?;
                match value {
                    Owned::Number(value) if family.kind == FamilyKind::Counter => {
                        metric.encode_counter::<NoLabels, _, f64>(value, None)?;
                    }
                    Owned::Number(value) => metric.encode_gauge(value)?,
                    Owned::Histogram(sum, count, buckets) => {
                        metric.encode_histogram::<NoLabels>(*sum, *count, buckets, None)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Everything that is known, as OpenMetrics text.
pub fn text(ledger: &Ledger) -> String {
    let families = ledger.shown().into_iter().map(OwnedFamily::of).collect();
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Families(families)));
    let mut text = String::new();
    // A string takes everything.
    let _ = encode(&mut text, &registry);
    text
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
            Reading::Histogram(buckets) => {
                let native = buckets.native();
                let classic = buckets.cumulative().map(|(bound, count)| client::Bucket {
                    cumulative_count: Some(count),
                    upper_bound: Some(bound),
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
                metric.histogram = Some(client::Histogram {
                    sample_count: Some(buckets.count),
                    sample_sum: Some(buckets.sum),
                    bucket: classic.collect(),
                    schema: Some(SCHEMA),
                    zero_threshold: Some(ZERO_THRESHOLD),
                    zero_count: Some(native.zeros),
                    positive_span,
                    positive_delta: native.deltas,
                });
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_follows_what_prometheus_accepts() {
        let plain = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        let native = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,text/plain;q=0.5";
        assert!(!wants_protobuf(plain));
        assert!(wants_protobuf(native));
        assert!(!wants_protobuf("*/*"));
        assert!(!wants_protobuf(""));
    }
}
