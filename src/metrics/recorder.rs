//! One worker's samples: recorded without allocation, handed over once a second.

use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use rustc_hash::FxHashMap;

use super::builtin::Builtin;
use super::histogram::{Delta as HistogramDelta, Histogram, MAX_VALUE, from_scaled, to_scaled};
use super::tags::{TagInterner, TagSetId, Tags};
use super::{Contains, MetricKind};

/// A metric's number in one recorder; built-in metrics have the same number everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MetricId(u16);

impl From<Builtin> for MetricId {
    fn from(metric: Builtin) -> Self {
        Self(metric as u16)
    }
}

/// One metric under one tag set in one recorder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SeriesId(u32);

impl SeriesId {
    /// Its number in the recorder, as snapshots have it.
    pub fn number(self) -> u32 {
        self.0
    }
}

/// A metric's name and nature, free to leave the thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricInfo {
    pub name: String,
    pub kind: MetricKind,
    pub contains: Contains,
}

/// A script asked for a metric in a way that contradicts an earlier one, or recorded an impossible value.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RecordError {
    #[error(
        "metric `{name}` is already a {existing}, it cannot also be a {wanted}; give the new one another name"
    )]
    KindConflict {
        name: String,
        existing: MetricKind,
        wanted: MetricKind,
    },
    #[error(
        "`{0}` is not a metric name: use letters, digits and `_`, beginning with a letter, at most 128 characters"
    )]
    BadName(String),
    #[error("too many metrics: a run can have 1,000; put what varies into tags")]
    TooMany,
    #[error("metric `{name}` is a {kind} and cannot record {value:?}: {hint}")]
    BadValue {
        name: String,
        kind: MetricKind,
        value: f64,
        hint: &'static str,
    },
}

/// What one series gathered since the last snapshot.
#[derive(Debug, Clone)]
pub enum Delta {
    Counter { sum: f64 },
    Gauge { last: f64, min: f64, max: f64 },
    Rate { trues: u64, total: u64 },
    Trend(HistogramDelta),
}

/// What changed in one recorder since its last snapshot.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Series first seen in this interval, in the order of their numbers.
    pub new_series: Vec<(MetricInfo, Vec<(String, String)>)>,
    /// Number of the series and what it gathered.
    pub deltas: Vec<(u32, Delta)>,
    /// Samples folded into `other` so far because there were too many tag sets.
    pub folded: u64,
    /// Every single value, if they are [kept](Recorder::keep_samples).
    pub samples: Vec<RawSample>,
    /// Values of this interval that were too many to be kept one by one.
    pub samples_lost: u64,
}

/// One value as it was recorded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RawSample {
    /// Number of the series in its recorder.
    pub series: u32,
    /// Milliseconds since 1970.
    pub at: f64,
    /// In the metric's unit: milliseconds for times, 1 and 0 for a rate.
    pub value: f64,
}

/// Single values kept in one interval; more of them would take more memory than their reader is worth.
const MAX_SAMPLES: usize = 1_000_000;

/// Single values of the present interval.
#[derive(Debug, Default)]
struct Samples {
    kept: Vec<RawSample>,
    lost: u64,
}

impl Samples {
    #[cold]
    #[inline(never)]
    fn push(&mut self, series: SeriesId, value: f64) {
        if self.kept.len() >= MAX_SAMPLES {
            self.lost += 1;
            return;
        }
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        self.kept.push(RawSample {
            series: series.0,
            at: since.as_secs_f64() * 1e3,
            value,
        });
    }
}

#[derive(Debug)]
enum Slot {
    Counter {
        sum: f64,
    },
    Gauge {
        last: f64,
        min: f64,
        max: f64,
    },
    Rate {
        trues: u64,
        total: u64,
    },
    /// Zeros are counted apart until the interval's end: on a kept connection four phases of every request are zero.
    Trend {
        histogram: Histogram,
        zeros: u64,
    },
}

impl Slot {
    fn new(kind: MetricKind) -> Self {
        match kind {
            MetricKind::Counter => Self::Counter { sum: 0.0 },
            MetricKind::Gauge => Self::Gauge {
                last: 0.0,
                min: f64::INFINITY,
                max: f64::NEG_INFINITY,
            },
            MetricKind::Rate => Self::Rate { trues: 0, total: 0 },
            MetricKind::Trend => Self::Trend {
                histogram: Histogram::new(),
                zeros: 0,
            },
        }
    }

    fn drain(&mut self) -> Delta {
        match self {
            Self::Counter { sum } => Delta::Counter {
                sum: std::mem::take(sum),
            },
            Self::Gauge { last, min, max } => {
                let delta = Delta::Gauge {
                    last: *last,
                    min: *min,
                    max: *max,
                };
                (*min, *max) = (f64::INFINITY, f64::NEG_INFINITY);
                delta
            }
            Self::Rate { trues, total } => Delta::Rate {
                trues: std::mem::take(trues),
                total: std::mem::take(total),
            },
            Self::Trend { histogram, zeros } => {
                histogram.record_n(0, std::mem::take(zeros));
                Delta::Trend(histogram.drain())
            }
        }
    }
}

#[derive(Debug)]
struct Series {
    slot: Slot,
    touched: bool,
    metric: MetricId,
    tags: TagSetId,
}

const MAX_METRICS: usize = 1_000;

/// What a script adds to a counter at once. However often, the sum and its rate stay finite, as JSON asks for.
const MAX_AMOUNT: f64 = (1_u64 << 53) as f64;

/// The samples of one worker thread. Not shared: each worker owns one.
#[derive(Debug)]
pub struct Recorder {
    metrics: Vec<(Rc<str>, MetricKind, Contains)>,
    names: FxHashMap<Rc<str>, MetricId>,
    tags: TagInterner,
    series: Vec<Series>,
    index: FxHashMap<(MetricId, TagSetId), SeriesId>,
    touched: Vec<SeriesId>,
    announced: usize,
    /// Single values, for who asks for them.
    samples: Option<Box<Samples>>,
}

impl Recorder {
    /// A recorder that keeps at most `max_tag_sets` tag sets apart.
    pub fn new(max_tag_sets: usize) -> Self {
        let mut recorder = Self {
            metrics: Vec::new(),
            names: FxHashMap::default(),
            tags: TagInterner::new(max_tag_sets),
            series: Vec::new(),
            index: FxHashMap::default(),
            touched: Vec::new(),
            announced: 0,
            samples: None,
        };
        for metric in Builtin::ALL {
            let definition = metric.definition();
            recorder.insert_metric(definition.name.into(), definition.kind, definition.contains);
        }
        recorder
    }

    /// From now on keeps every single value too, until the next snapshot takes it.
    pub fn keep_samples(&mut self) {
        self.samples = Some(Box::default());
    }

    fn insert_metric(&mut self, name: Rc<str>, kind: MetricKind, contains: Contains) -> MetricId {
        // MAX_METRICS keeps the number within sixteen bits.
        let id = MetricId(self.metrics.len() as u16);
        self.metrics.push((name.clone(), kind, contains));
        self.names.insert(name, id);
        id
    }

    /// The metric of that name, made if it is new.
    ///
    /// # Errors
    /// When the name is not one, is taken by a metric of another kind, or there are too many.
    pub fn metric(
        &mut self,
        name: &str,
        kind: MetricKind,
        contains: Contains,
    ) -> Result<MetricId, RecordError> {
        if let Some(&id) = self.names.get(name) {
            let existing = self.metrics[usize::from(id.0)].1;
            return if existing == kind {
                Ok(id)
            } else {
                Err(RecordError::KindConflict {
                    name: name.to_owned(),
                    existing,
                    wanted: kind,
                })
            };
        }
        let well_formed = name.len() <= 128
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !well_formed {
            return Err(RecordError::BadName(name.to_owned()));
        }
        if self.metrics.len() >= MAX_METRICS {
            return Err(RecordError::TooMany);
        }
        Ok(self.insert_metric(name.into(), kind, contains))
    }

    /// The number of a tag set.
    pub fn intern(&mut self, tags: Tags) -> TagSetId {
        self.tags.intern(tags)
    }

    /// The tags with that number.
    pub fn tags(&self, id: TagSetId) -> &Tags {
        self.tags.get(id)
    }

    /// The series of a metric under a tag set, made if it is new.
    pub fn series(&mut self, metric: MetricId, tags: TagSetId) -> SeriesId {
        if let Some(&id) = self.index.get(&(metric, tags)) {
            return id;
        }
        let id = SeriesId(u32::try_from(self.series.len()).unwrap_or(u32::MAX));
        let slot = Slot::new(self.metrics[usize::from(metric.0)].1);
        self.series.push(Series {
            slot,
            touched: false,
            metric,
            tags,
        });
        self.index.insert((metric, tags), id);
        id
    }

    /// Where a value goes; who keeps single values gets it, once.
    #[inline]
    fn touch(&mut self, id: SeriesId, value: impl FnOnce() -> f64) -> Option<&mut Slot> {
        if let Some(samples) = &mut self.samples {
            samples.push(id, value());
        }
        let series = self.series.get_mut(id.0 as usize)?;
        if !series.touched {
            series.touched = true;
            self.touched.push(id);
        }
        Some(&mut series.slot)
    }

    /// Adds to a counter. Other kinds ignore it.
    #[inline]
    pub fn count(&mut self, id: SeriesId, amount: f64) {
        if let Some(Slot::Counter { sum }) = self.touch(id, || amount) {
            *sum += amount;
        }
    }

    /// Records whether something held. Other kinds than rates ignore it.
    #[inline]
    pub fn rate(&mut self, id: SeriesId, held: bool) {
        if let Some(Slot::Rate { trues, total }) = self.touch(id, || f64::from(u8::from(held))) {
            *trues += u64::from(held);
            *total += 1;
        }
    }

    /// Records a duration in nanoseconds. Other kinds than trends ignore it.
    #[inline]
    pub fn time(&mut self, id: SeriesId, nanoseconds: u64) {
        let value = || from_scaled(nanoseconds as f64);
        if let Some(Slot::Trend { histogram, zeros }) = self.touch(id, value) {
            if nanoseconds == 0 {
                *zeros += 1;
            } else {
                histogram.record(nanoseconds);
            }
        }
    }

    /// Records the same duration in nanoseconds several times. Other kinds than trends ignore it.
    pub fn time_n(&mut self, id: SeriesId, nanoseconds: u64, times: u64) {
        let value = || from_scaled(nanoseconds as f64);
        if let Some(Slot::Trend { histogram, .. }) = self.touch(id, value) {
            histogram.record_n(nanoseconds, times);
        }
    }

    /// Sets a gauge. Other kinds ignore it.
    #[inline]
    pub fn gauge(&mut self, id: SeriesId, value: f64) {
        if let Some(Slot::Gauge { last, min, max }) = self.touch(id, || value) {
            *last = value;
            *min = min.min(value);
            *max = max.max(value);
        }
    }

    /// Records a value as a script gives it: a trend in its natural unit (milliseconds for times), a rate as zero or not.
    ///
    /// # Errors
    /// When the kind cannot hold the value: not a number, a negative amount, one beyond all measure.
    pub fn add(&mut self, metric: MetricId, tags: TagSetId, value: f64) -> Result<(), RecordError> {
        let (name, kind, _) = &self.metrics[usize::from(metric.0)];
        let kind = *kind;
        let bad = |hint| {
            let name = name.to_string();
            Err(RecordError::BadValue {
                name,
                kind,
                value,
                hint,
            })
        };
        if !value.is_finite() {
            return bad("it is not a finite number");
        }
        if value < 0.0 && kind == MetricKind::Counter {
            return bad("a counter only grows; use a gauge for what goes both ways");
        }
        if value < 0.0 && kind == MetricKind::Trend {
            return bad(
                "a trend takes values of zero and more; use a gauge for what can be negative",
            );
        }
        if value > MAX_AMOUNT && kind == MetricKind::Counter {
            return bad("a counter takes up to 2^53 at once, beyond which numbers are not whole");
        }
        if to_scaled(value) >= MAX_VALUE && kind == MetricKind::Trend {
            return bad("a trend takes values up to 9.2 million million");
        }
        let series = self.series(metric, tags);
        match kind {
            MetricKind::Counter => self.count(series, value),
            MetricKind::Gauge => self.gauge(series, value),
            MetricKind::Rate => self.rate(series, value != 0.0),
            MetricKind::Trend => self.time(series, to_scaled(value)),
        }
        Ok(())
    }

    /// Takes what was gathered since the last call. Buffers stay allocated for the next interval.
    pub fn snapshot(&mut self) -> Snapshot {
        let new_series = self.series[self.announced..]
            .iter()
            .map(|series| {
                let (name, kind, contains) = &self.metrics[usize::from(series.metric.0)];
                let info = MetricInfo {
                    name: name.to_string(),
                    kind: *kind,
                    contains: *contains,
                };
                (info, self.tags.get(series.tags).to_owned_pairs())
            })
            .collect();
        self.announced = self.series.len();
        let mut deltas = Vec::with_capacity(self.touched.len());
        for id in self.touched.drain(..) {
            let series = &mut self.series[id.0 as usize];
            series.touched = false;
            deltas.push((id.0, series.slot.drain()));
        }
        let samples = self
            .samples
            .as_mut()
            .map(|samples| std::mem::take(&mut **samples));
        let Samples { kept, lost } = samples.unwrap_or_default();
        Snapshot {
            new_series,
            deltas,
            folded: self.tags.folded(),
            samples: kept,
            samples_lost: lost,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_takes_the_interval_and_leaves_nothing_behind() {
        let mut recorder = Recorder::new(100);
        let tags = recorder.intern(Tags::new([("name".into(), "a".into())]));
        let series = recorder.series(Builtin::HttpReqDuration.into(), tags);
        recorder.time(series, 5_000_000);
        let first = recorder.snapshot();
        assert_eq!(first.new_series.len(), 1);
        assert_eq!(first.new_series[0].0.name, "http_req_duration");
        assert_eq!(first.deltas.len(), 1);
        let second = recorder.snapshot();
        assert!(second.new_series.is_empty() && second.deltas.is_empty());
    }

    #[test]
    fn zeros_are_samples_like_any_other() {
        let mut recorder = Recorder::new(100);
        let series = recorder.series(Builtin::HttpReqBlocked.into(), TagInterner::EMPTY);
        for value in [0, 0, 8, 0] {
            recorder.time(series, value);
        }
        let snapshot = recorder.snapshot();
        let Delta::Trend(delta) = &snapshot.deltas[0].1 else {
            panic!("not a trend");
        };
        let mut expected = Histogram::new();
        expected.record_n(0, 3);
        expected.record(8);
        assert_eq!(*delta, expected.drain());
        assert!(recorder.snapshot().deltas.is_empty());
    }

    #[test]
    fn a_metric_keeps_its_first_kind() {
        let mut recorder = Recorder::new(100);
        let id = recorder
            .metric("bookings", MetricKind::Counter, Contains::Default)
            .unwrap();
        assert_eq!(
            recorder.metric("bookings", MetricKind::Counter, Contains::Default),
            Ok(id)
        );
        assert!(matches!(
            recorder.metric("bookings", MetricKind::Trend, Contains::Default),
            Err(RecordError::KindConflict { .. })
        ));
        assert!(matches!(
            recorder.metric("http_reqs", MetricKind::Gauge, Contains::Default),
            Err(RecordError::KindConflict { .. })
        ));
    }

    #[test]
    fn impossible_names_and_values_are_refused() {
        let mut recorder = Recorder::new(100);
        assert!(matches!(
            recorder.metric("9lives", MetricKind::Counter, Contains::Default),
            Err(RecordError::BadName(_))
        ));
        assert!(matches!(
            recorder.metric("", MetricKind::Counter, Contains::Default),
            Err(RecordError::BadName(_))
        ));
        let trend = recorder
            .metric("wait", MetricKind::Trend, Contains::Time)
            .unwrap();
        assert!(recorder.add(trend, TagInterner::EMPTY, f64::NAN).is_err());
        assert!(recorder.add(trend, TagInterner::EMPTY, -1.0).is_err());
        assert!(recorder.add(trend, TagInterner::EMPTY, 1.5).is_ok());
        assert!(recorder.add(trend, TagInterner::EMPTY, 9e12).is_ok());
        assert!(recorder.add(trend, TagInterner::EMPTY, 1e13).is_err());
    }

    #[test]
    fn a_counter_stays_finite_whatever_is_added() {
        let mut recorder = Recorder::new(100);
        let beans = recorder
            .metric("beans", MetricKind::Counter, Contains::Default)
            .unwrap();
        let error = recorder.add(beans, TagInterner::EMPTY, 1e308).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("metric `beans` is a counter and cannot record 1e308"),
            "{error}"
        );
        assert!(recorder.add(beans, TagInterner::EMPTY, 9e15).is_ok());
    }
}
