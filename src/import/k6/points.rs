//! k6's `--out json=FILE`: every sample, one object a line, as they came in.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

use rustc_hash::FxHashMap;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::summary::{contains, kind};
use super::thresholds::objective;
use crate::import::document::{About, moment};
use crate::import::error::Flaw;
use crate::import::gather::{Gatherer, Place};
use crate::import::{Confidence, Importer, Shape, Source, json};
use crate::lengths::{NAME, TAGS, name};
use crate::metrics::{Builtin, Contains, MetricKind};
use crate::result::RunResult;

/// Tags that have a value of their own for each request or user, or tell nothing about the service. Whoever sets objectives by them is
/// heard: what k6 names in a part of a metric is kept.
const DROPPED: [&str; 9] = [
    "error",
    "ip",
    "iter",
    "ocsp_status",
    "rpc_type",
    "subproto",
    "tls_version",
    "url",
    "vu",
];
/// Metrics that may be declared.
const METRICS: usize = 10_000;
/// Thresholds that are kept, and parts of metrics.
const THRESHOLDS: usize = 10_000;
/// Places that are remembered; a file with more of them has ids in its tags.
const REMEMBERED: usize = 20_000;

/// The stream of samples.
pub struct Points;

impl Importer for Points {
    fn name(&self) -> &'static str {
        "k6-json"
    }

    fn title(&self) -> &'static str {
        "k6 --out json"
    }

    fn sniff(&self, shape: &Shape<'_>) -> Confidence {
        let line = shape.has("type") && shape.has("metric") && shape.has("data");
        let kinds = ["\"type\":\"Metric\"", "\"type\":\"Point\""];
        let first: String = shape.first_line().split_whitespace().collect();
        Confidence::when(line && kinds.iter().any(|kind| first.contains(kind)))
    }

    fn read(&self, source: Source<'_>) -> Result<RunResult, Flaw> {
        let script = source.name().to_owned();
        let mut reading = Reading::default();
        let mut lines = source.lines();
        loop {
            let (number, failed) = match lines.advance()? {
                None => break,
                Some((number, line)) => match serde_json::from_slice::<Line<'_>>(line) {
                    Ok(line) => {
                        reading.take(&line).map_err(|flaw| Flaw {
                            line: Some(number),
                            ..flaw
                        })?;
                        continue;
                    }
                    Err(error) => (number, error),
                },
            };
            return Err(json::flaw_of_line(&failed, number, lines.was_whole()));
        }
        reading.finish(About {
            tool: "k6",
            script,
            ..About::default()
        })
    }
}

/// A line: a metric's declaration or a sample.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    metric: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    data: Data<'a>,
}

/// The fields of both, each in its own.
#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    time: Option<Text<'a>>,
    value: Option<f64>,
    #[serde(borrow)]
    tags: Option<Pairs<'a>>,
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    contains: Option<Text<'a>>,
    #[serde(default, deserialize_with = "json::slim")]
    thresholds: Option<Value>,
    #[serde(default, deserialize_with = "json::slim")]
    submetrics: Option<Value>,
}

/// Tags as they stand in the line.
struct Pairs<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

/// A text that is borrowed where it has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<'a>(PhantomData<&'a str>);
        impl<'de: 'a, 'a> Visitor<'de> for Reader<'a> {
            type Value = Pairs<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of tags")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::with_capacity(12);
                while let Some((Text(key), Text(value))) = map.next_entry()? {
                    pairs.push((key, value));
                }
                Ok(Pairs(pairs))
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Pairs(Vec::new()))
            }
        }
        deserializer.deserialize_any(Reader(PhantomData))
    }
}

/// What is known so far.
struct Reading {
    gatherer: Gatherer,
    natures: FxHashMap<String, (MetricKind, Contains)>,
    /// Metric, expression.
    thresholds: Vec<(String, String)>,
    /// Parts of metrics, which have thresholds that the file does not tell.
    parts: BTreeSet<String>,
    /// Tags that parts are made by.
    kept: BTreeSet<String>,
    places: FxHashMap<Vec<u8>, Place>,
    /// Metrics that cannot be kept, and why.
    odd: BTreeMap<String, String>,
    key: Vec<u8>,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            gatherer: Gatherer::new(),
            natures: FxHashMap::default(),
            thresholds: Vec::new(),
            parts: BTreeSet::new(),
            kept: BTreeSet::new(),
            places: FxHashMap::default(),
            odd: BTreeMap::new(),
            key: Vec::new(),
        }
    }
}

impl Reading {
    fn take(&mut self, line: &Line<'_>) -> Result<(), Flaw> {
        match &*line.kind {
            "Point" => self.point(&line.metric, &line.data),
            "Metric" => self.declare(&line.metric, &line.data),
            // A later k6 may write more.
            _ => Ok(()),
        }
    }

    fn declare(&mut self, metric: &str, data: &Data<'_>) -> Result<(), Flaw> {
        let Some(kind) = kind(
            Some(data.kind.as_ref().map_or("", |Text(kind)| kind)),
            &serde_json::Map::new(),
        ) else {
            return Err(Flaw::new(format!(
                "the metric `{metric}` has no type that is known"
            )));
        };
        let contains = contains(data.contains.as_ref().map(|Text(contains)| &**contains));
        if metric.chars().nth(NAME).is_some() {
            return Err(Flaw::new(format!(
                "the metric `{}` has a name longer than {NAME} characters",
                shown(metric)
            )));
        }
        if self.natures.len() >= METRICS {
            return Err(Flaw::new(format!("there are more than {METRICS} metrics")));
        }
        if self
            .natures
            .insert(metric.to_owned(), (kind, contains))
            .is_some()
        {
            // The files of several runs, one after the other, declare them again.
            return Ok(());
        }
        for threshold in data.thresholds.iter().filter_map(Value::as_array).flatten() {
            let text = threshold
                .as_str()
                .or_else(|| threshold.get("threshold")?.as_str());
            if let Some(text) = text.filter(|_| self.thresholds.len() < THRESHOLDS) {
                self.thresholds.push((metric.to_owned(), shown(text)));
            }
        }
        for part in data.submetrics.iter().filter_map(Value::as_array).flatten() {
            let Some(part_name) = part.get("name").and_then(Value::as_str) else {
                continue;
            };
            if self.parts.len() >= THRESHOLDS {
                break;
            }
            // This one every run has.
            if part_name != "http_req_duration{expected_response:true}" {
                self.parts.insert(shown(part_name));
            }
            let tags = part.get("tags").and_then(Value::as_object);
            let keys = tags.into_iter().flatten().map(|(key, _)| key);
            self.kept.extend(keys.take(TAGS).map(|key| shown(key)));
        }
        Ok(())
    }

    fn point(&mut self, metric: &str, data: &Data<'_>) -> Result<(), Flaw> {
        let missing = |what: &str| Flaw::new(format!("this sample of `{metric}` has no {what}"));
        let Text(time) = data.time.as_ref().ok_or_else(|| missing("time"))?;
        let value = data.value.ok_or_else(|| missing("value"))?;
        let to = moment(time).ok_or_else(|| Flaw::new(format!("`{}` is no time", shown(time))))?;
        let empty = Vec::new();
        let tags = data.tags.as_ref().map_or(&empty, |Pairs(pairs)| pairs);
        let Some(place) = self.place(metric, tags)? else {
            return Ok(());
        };
        let from = match metric {
            "http_req_duration" | "iteration_duration" => {
                to.saturating_sub((value.max(0.0) * 1e6) as i64)
            }
            _ => to,
        };
        self.gatherer.add(place, (from, to), value, metric)?;
        if metric == "http_req_failed" && value != 0.0 {
            let tag = |wanted: &str| {
                let found = tags
                    .iter()
                    .find(|(key, value)| key == wanted && !value.is_empty());
                found.map(|(_, value)| &**value)
            };
            let status = tag("status").filter(|status| *status != "0");
            let code = tag("error_code").or(status).unwrap_or_default();
            let message = match (tag("error"), status) {
                (Some(error), _) => Cow::Borrowed(error),
                (None, Some(status)) => format!("unexpected status {status}").into(),
                (None, None) => "the request failed".into(),
            };
            self.gatherer.failure(code, &message, tag("url"), to);
        }
        Ok(())
    }

    /// Where a sample goes; `None` when it is of a metric that cannot be kept, which a note says.
    fn place(
        &mut self,
        metric: &str,
        tags: &[(Cow<'_, str>, Cow<'_, str>)],
    ) -> Result<Option<Place>, Flaw> {
        if self.odd.contains_key(metric) {
            return Ok(None);
        }
        self.key.clear();
        self.key.extend_from_slice(metric.as_bytes());
        let wanted = |key: &str| !DROPPED.contains(&key) || self.kept.contains(key);
        for (key, value) in tags.iter().filter(|(key, _)| wanted(key)) {
            // What is longer than a name is not told apart.
            self.key.push(0);
            self.key.extend_from_slice(name(key).as_bytes());
            self.key.push(1);
            self.key.extend_from_slice(name(value).as_bytes());
        }
        if let Some(place) = self.places.get(&self.key) {
            return Ok(Some(*place));
        }
        let nature = self.natures.get(metric).copied().or_else(|| {
            let definition = Builtin::by_name(metric)?.definition();
            Some((definition.kind, definition.contains))
        });
        let Some((kind, contains)) = nature else {
            let what = format!("`{metric}` is not declared above, so its kind is not known");
            return Err(Flaw::new(what).help("the beginning of the file is missing"));
        };
        let named = tags
            .iter()
            .any(|(key, value)| key == "name" && !value.is_empty());
        let chosen = tags
            .iter()
            .filter(|(key, _)| wanted(key))
            .map(|(key, value)| (&**key, &**value));
        // A request without a name goes by its URL, as in k6.
        let url = tags
            .iter()
            .filter(|(key, _)| !named && key == "url")
            .map(|(_, value)| ("name", &**value));
        let place = match self
            .gatherer
            .place(metric, kind, contains, chosen.chain(url))
        {
            Ok(place) => place,
            Err(why) if self.odd.len() < METRICS => {
                self.odd.insert(metric.to_owned(), why);
                return Ok(None);
            }
            Err(_) => return Ok(None),
        };
        if self.places.len() < REMEMBERED {
            self.places.insert(self.key.clone(), place);
        }
        Ok(Some(place))
    }

    fn finish(self, about: About) -> Result<RunResult, Flaw> {
        if self.gatherer.samples() == 0 {
            return Err(Flaw::new(
                "there are no samples in it: nothing was measured",
            ));
        }
        let mut result = self.gatherer.finish(about);
        let odd = self.odd.iter();
        result
            .run
            .notes
            .extend(odd.map(|(metric, why)| format!("the metric `{metric}` is left out: {why}")));
        result.slos = self
            .thresholds
            .iter()
            .map(|(metric, expression)| objective(metric, expression, None))
            .collect();
        if !self.parts.is_empty() {
            let parts: Vec<&str> = self.parts.iter().map(String::as_str).collect();
            result.run.notes.push(format!(
                "k6 does not write the thresholds of parts of a metric to this kind of file, so they are not judged: {}",
                parts.join(", ")
            ));
        }
        Ok(result)
    }
}

fn shown(text: &str) -> String {
    let mut text = text.to_owned();
    crate::lengths::shorten(&mut text, 200);
    text
}
