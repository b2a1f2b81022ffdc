//! `remote-write=URL`: pushes a run's series to Prometheus and whatever else takes its remote write 1.0.
//!
//! Every five seconds all series are pushed, as a scrape would see them, each with its labels in order. What the receiver cannot take now
//! is tried again, at growing intervals; a receiver that is away for minutes misses nothing that fits into the queue. At
//! the end every series gets Prometheus' staleness marker, so that graphs end where the run does.

use std::cell::Cell;
use std::ops::RangeBounds;

use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use prost::Message;

use super::buckets::{Buckets, Example, SCHEMA, ZERO_THRESHOLD};
use super::ledger::Ledger;
use super::names::{FamilyKind, Histograms};
use super::proto::{self, BucketSpan, MetricMetadata, TimeSeries, WriteRequest};
use super::reading::{Label, Reading, Shown};
use super::too_many_sets;
use crate::output::courier::{Courier, Parcel, QUEUE_BYTES, Say};
use crate::output::hub::Surroundings;
use crate::output::receiver::{self, Posts, Receiver};
use crate::output::{Book, Event, Moment, Output, OutputError, RunInfo, Tally};

pub const NAME: &str = "remote-write";

/// Seconds from one push to the next, and so between two samples of a series.
const INTERVAL: u64 = 5;
/// Series in one request, of whose last histogram some may come on top.
const SERIES: usize = 2_000;
/// Prometheus' mark for a series that has ended: a NaN with these bits.
const STALE: u64 = 0x7ff0_0000_0000_0002;

const HEADERS: [(&str, &str); 3] = [
    ("content-encoding", "snappy"),
    ("content-type", "application/x-protobuf"),
    ("x-prometheus-remote-write-version", "0.1.0"),
];

/// What is wrong with an address.
pub fn check(target: &str) -> Result<(), String> {
    receiver::check(target)
}

/// Pushes a run's series.
pub struct RemoteWrite {
    courier: Courier,
    say: Say,
    ledger: Ledger,
    histograms: Histograms,
    seconds: u64,
    /// When the last second was told.
    last: u64,
    /// When the last push was, in milliseconds since 1970.
    pushed: Cell<u64>,
    has_metadata: Cell<bool>,
}

impl RemoteWrite {
    /// # Errors
    /// When the address or its credentials do not fit.
    pub fn open(target: &str, around: &Surroundings) -> Result<Box<dyn Output>, OutputError> {
        let receiver = Receiver::new(NAME, target, &around.env)?;
        let posts = Posts {
            receiver,
            headers: &HEADERS,
        };
        Ok(Box::new(Self {
            courier: Courier::start(NAME, QUEUE_BYTES, posts, &around.say),
            say: around.say.clone(),
            ledger: Ledger::new(around.names, around.bounds.clone()),
            histograms: around.histograms,
            seconds: 0,
            last: 0,
            pushed: Cell::new(0),
            has_metadata: Cell::new(false),
        }))
    }

    /// Posts all series: as they are, or as ended.
    fn push(&self, moment: u64, is_end: bool) {
        let at = i64::try_from(moment).unwrap_or(i64::MAX);
        let mut writer = Writer {
            at,
            pushed: self.pushed.replace(moment),
            is_end,
            histograms: self.histograms,
            series: Vec::new(),
        };
        let families = self.ledger.shown();
        if !self.has_metadata.replace(true) {
            self.post(WriteRequest {
                timeseries: Vec::new(),
                metadata: families.iter().map(metadata).collect(),
            });
        }
        for family in &families {
            let name = name_of(family);
            for (labels, reading) in &family.series {
                match reading {
                    Reading::Number(value) => writer.number(&name, labels, *value),
                    Reading::Histogram(buckets) => writer.histogram(&name, labels, buckets),
                }
                // Gone before the next ones are made: all of them together can be gigabytes.
                if writer.series.len() >= SERIES {
                    self.post_series(&mut writer);
                }
            }
        }
        self.post_series(&mut writer);
    }

    fn post_series(&self, writer: &mut Writer) {
        let timeseries = std::mem::take(&mut writer.series);
        if !timeseries.is_empty() {
            self.post(WriteRequest {
                timeseries,
                metadata: Vec::new(),
            });
        }
    }

    fn post(&self, request: WriteRequest) {
        let samples = request.timeseries.len() as u64;
        match snap::raw::Encoder::new().compress_vec(&request.encode_to_vec()) {
            // Copied, for it has room for what would not have become any smaller, and hundreds of them may wait.
            Ok(body) => self.courier.post(Parcel {
                body: Bytes::copy_from_slice(&body),
                samples,
            }),
            // Beyond what a block can be, which two thousand series are far from.
            Err(_) => self.courier.lose(samples),
        }
    }
}

/// The name of a family's series, or of what they begin with.
fn name_of(family: &Shown<'_>) -> String {
    let ending = match family.kind {
        FamilyKind::Counter => "_total",
        FamilyKind::Gauge | FamilyKind::Histogram => "",
    };
    format!("{}{ending}", family.name)
}

fn metadata(family: &Shown<'_>) -> MetricMetadata {
    MetricMetadata {
        kind: match family.kind {
            FamilyKind::Counter => 1,
            FamilyKind::Gauge => 2,
            FamilyKind::Histogram => 3,
        },
        metric_family_name: name_of(family),
        help: family.help.to_owned(),
    }
}

/// Makes series of what is known at one moment.
struct Writer {
    at: i64,
    /// When the push before this one was, in milliseconds since 1970.
    pushed: u64,
    is_end: bool,
    histograms: Histograms,
    series: Vec<TimeSeries>,
}

impl Writer {
    fn number(&mut self, name: &str, labels: &[Label], value: f64) {
        self.series(name, labels, None, value, Vec::new());
    }

    fn series(
        &mut self,
        name: &str,
        labels: &[Label],
        bound: Option<f64>,
        value: f64,
        exemplars: Vec<proto::Exemplar>,
    ) {
        let value = match self.is_end {
            true => f64::from_bits(STALE),
            false => value,
        };
        self.series.push(TimeSeries {
            labels: sorted(name, labels, bound),
            samples: vec![proto::Sample {
                value,
                timestamp: self.at,
            }],
            exemplars,
            histograms: Vec::new(),
        });
    }

    fn histogram(&mut self, name: &str, labels: &[Label], buckets: &Buckets) {
        if self.histograms == Histograms::Native {
            self.series.push(TimeSeries {
                labels: sorted(name, labels, None),
                samples: Vec::new(),
                exemplars: self.exemplars(buckets, ..),
                histograms: vec![self.native(buckets)],
            });
            return;
        }
        self.number(&format!("{name}_sum"), labels, buckets.sum);
        self.number(&format!("{name}_count"), labels, buckets.count as f64);
        let bucket = format!("{name}_bucket");
        for (place, (bound, count)) in buckets.cumulative().enumerate() {
            let exemplars = self.exemplars(buckets, place..=place);
            self.series(&bucket, labels, Some(bound), count as f64, exemplars);
        }
    }

    /// What came for these buckets since the last push, the oldest first.
    fn exemplars(
        &self,
        buckets: &Buckets,
        places: impl RangeBounds<usize>,
    ) -> Vec<proto::Exemplar> {
        let mut new: Vec<_> = buckets
            .examples(places)
            .filter(|example| !self.is_end && example.came > self.pushed)
            .collect();
        new.sort_by_key(|example| example.at);
        let labels = |example: &Example| {
            let label = |(name, value): (&str, String)| proto::Label {
                name: name.to_owned(),
                value,
            };
            let mut labels = example.labels().map(label);
            labels.sort_by(|a, b| a.name.cmp(&b.name));
            labels.into()
        };
        let message = |example: &Example| proto::Exemplar {
            labels: labels(example),
            value: example.value,
            timestamp: i64::try_from(example.at).unwrap_or(i64::MAX),
        };
        new.into_iter().map(message).collect()
    }

    fn native(&self, buckets: &Buckets) -> proto::Histogram {
        // One that has ended is told by its sum.
        if self.is_end {
            return proto::Histogram {
                sum: f64::from_bits(STALE),
                timestamp: self.at,
                ..proto::Histogram::default()
            };
        }
        let native = buckets.native();
        let span = |&(offset, length): &(i32, u32)| BucketSpan { offset, length };
        proto::Histogram {
            count: Some(buckets.count),
            sum: buckets.sum,
            schema: SCHEMA,
            zero_threshold: ZERO_THRESHOLD,
            zero_count: Some(native.zeros),
            positive_spans: native.spans.iter().map(span).collect(),
            positive_deltas: native.deltas,
            timestamp: self.at,
        }
    }
}

/// The labels as remote write wants them: the name among them, in the order of their bytes.
fn sorted(name: &str, labels: &[Label], bound: Option<f64>) -> Vec<proto::Label> {
    let label = |name: &str, value: String| proto::Label {
        name: name.to_owned(),
        value,
    };
    let mut all: Vec<_> = labels
        .iter()
        .map(|(name, value)| label(name, value.clone()))
        .collect();
    all.push(label("__name__", name.to_owned()));
    all.extend(bound.map(|bound| {
        let bound = match bound.is_finite() {
            true => bound.to_string(),
            false => "+Inf".to_owned(),
        };
        label("le", bound)
    }));
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

impl Output for RemoteWrite {
    fn begin(&mut self, run: &RunInfo) {
        self.ledger.begin(run);
    }

    fn second(&mut self, now: &Moment, book: &Book) {
        if self.ledger.second(now, book) {
            (self.say)(&too_many_sets(NAME));
        }
        self.last = now.at;
        if self.seconds.is_multiple_of(INTERVAL) {
            self.push(now.at, false);
        }
        self.seconds += 1;
    }

    fn event(&mut self, event: &Event) {
        self.ledger.event(event);
    }

    fn end(self: Box<Self>) -> LocalBoxFuture<'static, ()> {
        if self.last > 0 {
            // Later than what was pushed in the last second, of which there can be two at the end.
            self.push(self.last + 1, false);
            self.push(self.last + 2, true);
        }
        Box::pin(self.courier.end())
    }

    fn tally(&self) -> Tally {
        self.courier.tally()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_in_the_order_of_their_bytes_and_bounds_as_prometheus_writes_them() {
        let labels = [
            ("name".to_owned(), "a \"b\"\n".to_owned()),
            ("Z".to_owned(), "1".to_owned()),
        ];
        let sorted = sorted("x_bucket", &labels, Some(0.25));
        let names: Vec<_> = sorted.iter().map(|label| label.name.as_str()).collect();
        assert_eq!(names, ["Z", "__name__", "le", "name"]);
        assert_eq!(sorted[2].value, "0.25");
        assert_eq!(
            super::sorted("x", &[], Some(f64::INFINITY))[1].value,
            "+Inf"
        );
    }

    #[test]
    fn the_mark_of_an_ended_series_is_prometheus_own() {
        assert!(f64::from_bits(STALE).is_nan());
        let message = proto::Sample {
            value: f64::from_bits(STALE),
            timestamp: 1,
        };
        let read = proto::Sample::decode(message.encode_to_vec().as_slice()).unwrap();
        assert_eq!(read.value.to_bits(), STALE);
    }
}
