//! What was measured, as messages: sums and histograms of all since the start, gauges as they are.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::exemplar::Value as Example;
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets as Exponential;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, DataPointFlags, Exemplar, ExponentialHistogram,
    ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint,
    ResourceMetrics, ScopeMetrics, Sum,
};

use super::BATCH;
use super::common::{SCHEMA, nanos, resource, scope, text};
use crate::output::RunInfo;
use crate::output::prometheus::{
    Buckets, FamilyKind, Histograms, Label, Ledger, Reading, SCHEMA as SCALE, TEST_ID,
    ZERO_THRESHOLD,
};

/// What time it is, in nanoseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub struct Time {
    pub start: u64,
    pub now: u64,
    /// When the push before this one was, in milliseconds.
    pub pushed: u64,
    /// The series end here.
    pub is_end: bool,
}

impl Time {
    fn flags(self) -> u32 {
        match self.is_end {
            true => DataPointFlags::NoRecordedValueMask as u32,
            false => 0,
        }
    }
}

/// Posts requests with all that is known now, and how many points each has. One is gone before the next is made: all of them together
/// can be large.
pub fn requests(
    ledger: &Ledger,
    run: &RunInfo,
    time: Time,
    histograms: Histograms,
    mut post: impl FnMut(ExportMetricsServiceRequest, u64),
) {
    let (mut metrics, mut points) = (Vec::new(), 0);
    for family in ledger.shown() {
        let (name, unit) = named(family.name);
        for series in family.series.chunks(BATCH) {
            if points + series.len() > BATCH {
                post(request(run, std::mem::take(&mut metrics)), points as u64);
                points = 0;
            }
            points += series.len();
            metrics.push(Metric {
                name: name.clone(),
                description: family.help.to_owned(),
                unit: unit.to_owned(),
                data: Some(data(family.kind, series, run, time, histograms)),
                ..Metric::default()
            });
        }
    }
    if points > 0 {
        post(request(run, metrics), points as u64);
    }
}

fn request(run: &RunInfo, metrics: Vec<Metric>) -> ExportMetricsServiceRequest {
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: resource(run),
            scope_metrics: vec![ScopeMetrics {
                scope: scope(),
                metrics,
                schema_url: SCHEMA.to_owned(),
            }],
            schema_url: SCHEMA.to_owned(),
        }],
    }
}

/// A name as OpenTelemetry has it, and its unit, which Prometheus has in the name.
fn named(name: &str) -> (String, &'static str) {
    let name = match name.strip_prefix("rhaid_") {
        Some(rest) => format!("rhaid.{rest}"),
        None => name.to_owned(),
    };
    for (suffix, unit) in [("_seconds", "s"), ("_bytes", "By")] {
        if let Some(bare) = name.strip_suffix(suffix) {
            return (bare.to_owned(), unit);
        }
    }
    (name, "1")
}

fn data(
    kind: FamilyKind,
    series: &[(Vec<Label>, Reading<'_>)],
    run: &RunInfo,
    time: Time,
    histograms: Histograms,
) -> Data {
    let temporality = AggregationTemporality::Cumulative.into();
    let numbers = || -> Vec<_> {
        let points = series.iter().filter_map(|(labels, reading)| match reading {
            Reading::Number(value) => Some(NumberDataPoint {
                attributes: attributes(labels, run),
                // A gauge knows no beginning.
                start_time_unix_nano: match kind {
                    FamilyKind::Gauge => 0,
                    FamilyKind::Counter | FamilyKind::Histogram => time.start,
                },
                time_unix_nano: time.now,
                flags: time.flags(),
                value: (!time.is_end).then_some(Value::AsDouble(*value)),
                ..NumberDataPoint::default()
            }),
            Reading::Histogram(_) => None,
        });
        points.collect()
    };
    let distributions = series.iter().filter_map(|(labels, reading)| match reading {
        Reading::Histogram(buckets) => Some((attributes(labels, run), *buckets)),
        Reading::Number(_) => None,
    });
    match (kind, histograms) {
        (FamilyKind::Counter, _) => Data::Sum(Sum {
            data_points: numbers(),
            aggregation_temporality: temporality,
            is_monotonic: true,
        }),
        (FamilyKind::Gauge, _) => Data::Gauge(Gauge {
            data_points: numbers(),
        }),
        (FamilyKind::Histogram, Histograms::Classic) => Data::Histogram(Histogram {
            data_points: distributions
                .map(|(attributes, buckets)| classic(attributes, buckets, time))
                .collect(),
            aggregation_temporality: temporality,
        }),
        (FamilyKind::Histogram, Histograms::Native) => {
            Data::ExponentialHistogram(ExponentialHistogram {
                data_points: distributions
                    .map(|(attributes, buckets)| exponential(attributes, buckets, time))
                    .collect(),
                aggregation_temporality: temporality,
            })
        }
    }
}

fn attributes(labels: &[Label], run: &RunInfo) -> Vec<KeyValue> {
    labels
        .iter()
        // The resource says which run it is.
        .filter(|(key, value)| key != TEST_ID || *value != run.id)
        .map(|(key, value)| text(key, value.as_str()))
        .collect()
}

/// Requests of traces that came since the last push, as examples.
fn exemplars(buckets: &Buckets, time: Time) -> Vec<Exemplar> {
    let new = buckets
        .examples(..)
        .filter(|example| example.came > time.pushed);
    new.map(|example| Exemplar {
        time_unix_nano: nanos(example.at),
        span_id: example.span.to_bytes().to_vec(),
        trace_id: example.trace.to_bytes().to_vec(),
        value: Some(Example::AsDouble(example.value)),
        ..Exemplar::default()
    })
    .collect()
}

fn classic(attributes: Vec<KeyValue>, buckets: &Buckets, time: Time) -> HistogramDataPoint {
    let mut point = HistogramDataPoint {
        attributes,
        start_time_unix_nano: time.start,
        time_unix_nano: time.now,
        flags: time.flags(),
        ..HistogramDataPoint::default()
    };
    if !time.is_end {
        let (bounds, counts): (Vec<f64>, Vec<u64>) = buckets.classic().into_iter().unzip();
        point.count = buckets.count;
        point.sum = Some(buckets.sum);
        point.bucket_counts = counts;
        point.exemplars = exemplars(buckets, time);
        point.explicit_bounds = bounds
            .into_iter()
            .filter(|bound| bound.is_finite())
            .collect();
    }
    point
}

fn exponential(
    attributes: Vec<KeyValue>,
    buckets: &Buckets,
    time: Time,
) -> ExponentialHistogramDataPoint {
    let mut point = ExponentialHistogramDataPoint {
        attributes,
        start_time_unix_nano: time.start,
        time_unix_nano: time.now,
        flags: time.flags(),
        scale: SCALE,
        zero_threshold: ZERO_THRESHOLD,
        ..ExponentialHistogramDataPoint::default()
    };
    if !time.is_end {
        let (zeros, offset, counts) = buckets.dense();
        point.count = buckets.count;
        point.sum = Some(buckets.sum);
        point.zero_count = zeros;
        point.exemplars = exemplars(buckets, time);
        // Bucket i goes from base^i to base^(i+1) here, and ends at base^i in Prometheus.
        point.positive = Some(Exponential {
            offset: offset - 1,
            bucket_counts: counts,
        });
    }
    point
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Contains, Histogram as Recorded, histogram::to_scaled};
    use crate::output::prometheus::Bounds;
    use proptest::prelude::*;

    fn time() -> Time {
        Time {
            start: 1,
            now: 2,
            pushed: 0,
            is_end: false,
        }
    }

    #[test]
    fn units_leave_the_names() {
        let named = |text| {
            let (name, unit) = named(text);
            format!("{name} {unit}")
        };
        assert_eq!(
            named("rhaid_http_req_duration_seconds"),
            "rhaid.http_req_duration s"
        );
        assert_eq!(named("rhaid_data_sent_bytes"), "rhaid.data_sent By");
        assert_eq!(named("rhaid_http_reqs"), "rhaid.http_reqs 1");
    }

    proptest! {
        #[test]
        fn both_kinds_of_histograms_hold_every_value(millis in proptest::collection::vec(0.0..1e6_f64, 1..40)) {
            let mut recorded = Recorded::new();
            millis.iter().for_each(|value| recorded.record(to_scaled(*value)));
            let mut buckets = Buckets::new(Contains::Time, &Bounds::with(&[]));
            buckets.add(&recorded);
            let point = classic(Vec::new(), &buckets, time());
            prop_assert_eq!(point.bucket_counts.iter().sum::<u64>(), millis.len() as u64);
            prop_assert_eq!(point.bucket_counts.len(), point.explicit_bounds.len() + 1);
            let point = exponential(Vec::new(), &buckets, time());
            let positive = point.positive.unwrap();
            prop_assert_eq!(positive.bucket_counts.iter().sum::<u64>() + point.zero_count, millis.len() as u64);
            // The largest value lies in the last bucket.
            let largest = millis.iter().copied().fold(0.0, f64::max) / 1e3;
            if largest > 1e-6 {
                let base = 2f64.powf(2f64.powi(-point.scale));
                let last = positive.offset + positive.bucket_counts.len() as i32 - 1;
                prop_assert!(largest > base.powi(last) * 0.998, "{largest} in {last}");
                prop_assert!(largest <= base.powi(last + 1) * 1.002, "{largest} in {last}");
            }
        }
    }
}
