//! `samples=FILE`: every single sample, in the lines of k6's `--out json`, which `rhaid validate` and k6's own tools read.

use std::collections::BTreeSet;
use std::marker::PhantomData;

use futures_util::future::LocalBoxFuture;
use rustc_hash::FxHashMap;
use serde_json::json;

use super::columns::moment;
use super::courier::{Courier, Parcel, QUEUE_BYTES};
use super::feed::Moment;
use super::file::Appender;
use super::hub::Surroundings;
use super::{Book, Output, OutputError, Sample, Tally};
use crate::metrics::MetricInfo;
use crate::metrics::totals::TagMap;

pub const NAME: &str = "samples";

pub struct Samples {
    courier: Courier,
    /// Metrics that were told of.
    known: BTreeSet<String>,
}

impl Samples {
    /// # Errors
    /// When the file cannot be made.
    pub fn open(target: &str, around: &Surroundings) -> Result<Box<dyn Output>, OutputError> {
        let file = Appender::create(target)?;
        Ok(Box::new(Self {
            courier: Courier::start(NAME, QUEUE_BYTES, file, &around.say),
            known: BTreeSet::new(),
        }))
    }
}

impl Output for Samples {
    fn second(&mut self, _now: &Moment, _book: &Book) {}

    fn samples(&mut self, samples: &[Sample<'_>], lost: u64) {
        self.courier.lose(lost);
        let mut lines = Lines::default();
        for sample in samples {
            if !self.known.contains(&sample.info.name) {
                self.known.insert(sample.info.name.clone());
                lines.tell_of(sample.info);
            }
            lines.add(sample);
        }
        self.courier.post(Parcel {
            body: lines.body.into(),
            samples: samples.len() as u64,
        });
    }

    fn end(self: Box<Self>) -> LocalBoxFuture<'static, ()> {
        Box::pin(self.courier.end())
    }

    fn tally(&self) -> Tally {
        self.courier.tally()
    }
}

/// Lines as they are put together. There may be a million a second, so what many of them share is written down once: the
/// name and the tags of a series, and the second of a time.
#[derive(Default)]
struct Lines<'a> {
    body: Vec<u8>,
    /// What stands before the time and after the value, by where the metric and the tags of the series are.
    series: FxHashMap<(*const MetricInfo, *const TagMap), (String, String)>,
    clock: Clock,
    _borrowed: PhantomData<&'a TagMap>,
}

impl<'a> Lines<'a> {
    fn tell_of(&mut self, metric: &MetricInfo) {
        let MetricInfo {
            name,
            kind,
            contains,
        } = metric;
        let line = json!({
            "type": "Metric",
            "metric": name,
            "data": { "name": name, "type": kind, "contains": contains, "thresholds": [], "submetrics": null },
        });
        self.body.extend_from_slice(line.to_string().as_bytes());
        self.body.push(b'\n');
    }

    fn add(&mut self, sample: &Sample<'a>) {
        // While this value lives both are borrowed, so that no others can come to be at their places.
        let places = (&raw const *sample.info, &raw const *sample.tags);
        let series = self.series.entry(places).or_insert_with(|| {
            let (name, tags) = (json!(sample.info.name), json!(sample.tags));
            (
                format!(r#"{{"metric":{name},"type":"Point","data":{{"time":""#),
                format!(r#","tags":{tags}}}}}"#),
            )
        });
        let body = &mut self.body;
        body.extend_from_slice(series.0.as_bytes());
        self.clock.write(body, sample.at);
        body.extend_from_slice(br#"","value":"#);
        // A number can always be written.
        let _ = serde_json::to_writer(&mut *body, &sample.value);
        body.extend_from_slice(series.1.as_bytes());
        body.push(b'\n');
    }
}

/// Writes moments as [`moment`] does, and works out only the first of each second.
#[derive(Default)]
struct Clock {
    /// A second since 1970, and its text up to the fraction.
    second: Option<(i64, String)>,
}

impl Clock {
    fn write(&mut self, body: &mut Vec<u8>, at: f64) {
        let microseconds = (at * 1e3).round() as i64;
        let (second, fraction) = (
            microseconds.div_euclid(1_000_000),
            microseconds.rem_euclid(1_000_000),
        );
        if self
            .second
            .as_ref()
            .is_none_or(|(known, _)| *known != second)
        {
            let whole = moment(second as f64 * 1e3);
            self.second = Some((second, whole.trim_end_matches('Z').to_owned()));
        }
        if let Some((_, whole)) = &self.second {
            body.extend_from_slice(whole.as_bytes());
        }
        if fraction > 0 {
            let digits = format!(".{fraction:06}");
            body.extend_from_slice(digits.trim_end_matches('0').as_bytes());
        }
        body.push(b'Z');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Contains, MetricKind};
    use proptest::prelude::*;

    fn lines(samples: &[(f64, f64, &TagMap)]) -> String {
        let info = MetricInfo {
            name: "time \"x\"".to_owned(),
            kind: MetricKind::Trend,
            contains: Contains::Time,
        };
        let mut lines = Lines::default();
        for (at, value, tags) in samples {
            lines.add(&Sample {
                at: *at,
                info: &info,
                tags,
                value: *value,
            });
        }
        String::from_utf8(lines.body).unwrap()
    }

    #[test]
    fn metrics_that_share_their_tags_are_told_apart() {
        let tags = TagMap::new();
        let infos = ["a", "b"].map(|name| MetricInfo {
            name: name.to_owned(),
            kind: MetricKind::Trend,
            contains: Contains::Time,
        });
        let mut lines = Lines::default();
        for info in &infos {
            lines.add(&Sample {
                at: 0.0,
                info,
                tags: &tags,
                value: 1.0,
            });
        }
        let text = String::from_utf8(lines.body).unwrap();
        assert!(
            text.contains(r#""metric":"a""#) && text.contains(r#""metric":"b""#),
            "{text}"
        );
    }

    #[test]
    fn a_line_is_what_k6_writes() {
        let (one, other) = (
            TagMap::from([("name".to_owned(), "a\"b\n".to_owned())]),
            TagMap::new(),
        );
        let at = 1_700_000_000_250.0;
        let text = lines(&[
            (at, 1.5, &one),
            (at + 1_000.0, f64::NAN, &other),
            (at, 2.0, &one),
        ]);
        let expected = [
            r#"{"metric":"time \"x\"","type":"Point","data":{"time":"2023-11-14T22:13:20.25Z","value":1.5,"tags":{"name":"a\"b\n"}}}"#,
            r#"{"metric":"time \"x\"","type":"Point","data":{"time":"2023-11-14T22:13:21.25Z","value":null,"tags":{}}}"#,
            r#"{"metric":"time \"x\"","type":"Point","data":{"time":"2023-11-14T22:13:20.25Z","value":2.0,"tags":{"name":"a\"b\n"}}}"#,
            "",
        ];
        assert_eq!(text.split('\n').collect::<Vec<_>>(), expected);
    }

    proptest! {
        #[test]
        fn a_clock_tells_what_moment_tells(times in prop::collection::vec(0.0..4e12f64, 1..20)) {
            let mut clock = Clock::default();
            for at in times {
                let mut body = Vec::new();
                clock.write(&mut body, at);
                prop_assert_eq!(String::from_utf8(body).unwrap(), moment(at));
            }
        }
    }
}
