//! Samples, one after the other, into a result: for files that hold every request.
//!
//! In: samples with metric, tags and time, in any order. Out: a result as a run of our own would have left it, with histograms,
//! rows, and the main metrics over time. Memory follows the number of metrics and tag sets, which is bounded, and never the number
//! of samples.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::document::{About, empty};
use super::error::Flaw;
use super::intervals::{Parts, Row};
use super::overtime::{Overtime, Role};
use super::timeline::{Moment, SECOND};
use crate::lengths::shorten;
use crate::metrics::histogram::to_scaled;
use crate::metrics::{
    Builtin, Contains, MetricId, MetricInfo, MetricKind, Recorder, TagSetId, Tags, Totals,
};
use crate::result::{ErrorExample, ErrorKind, ErrorResult, IntervalRow, RunResult};
use crate::run::rows;
use crate::secrets::mask_urls;
use crate::units::format_count;

/// Tag sets that are told apart.
pub const TAG_SETS: usize = 2_000;
/// Distinct errors that are kept.
const ERRORS: usize = 1_000;
/// Of what is kept of an error, in characters.
const CODE: usize = 100;
const MESSAGE: usize = 200;
const URL: usize = 2_048;
/// Samples further apart are not of one run: clocks or time zones differ, or a file was put together from several.
const LONGEST_RUN: i64 = 366 * 24 * 3600 * SECOND;

/// One metric under one tag set.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    metric: MetricId,
    tags: TagSetId,
    role: Role,
    kind: MetricKind,
    /// Values below zero are a mistake, not just what a histogram cannot hold.
    is_time: bool,
    /// Rows of the intervals: that of the metric, and that of the endpoint.
    rows: [Option<Row>; 2],
}

/// A text without secrets, cut to so many characters.
fn shown(text: &str, most: usize) -> String {
    let mut text = mask_urls(begin(text)).into_owned();
    shorten(&mut text, most);
    text
}

/// As much of a text as may be kept of it, once it is masked.
fn begin(text: &str) -> &str {
    let end = text.char_indices().nth(2 * URL).map(|(end, _)| end);
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// Samples as they come in.
pub struct Gatherer {
    recorder: Recorder,
    overtime: Overtime,
    intervals: Parts,
    first: Option<Moment>,
    last: Option<Moment>,
    errors: BTreeMap<(String, String), ErrorResult>,
    /// Trends with values below zero, which no histogram holds.
    negative: BTreeMap<String, u64>,
    samples: u64,
}

impl Gatherer {
    pub fn new() -> Self {
        Self {
            recorder: Recorder::new(TAG_SETS),
            overtime: Overtime::new(),
            intervals: Parts::new(),
            first: None,
            last: None,
            errors: BTreeMap::new(),
            negative: BTreeMap::new(),
            samples: 0,
        }
    }

    /// Where samples of a built-in metric with these tags go.
    pub fn builtin<'t>(
        &mut self,
        metric: Builtin,
        tags: impl IntoIterator<Item = (&'t str, &'t str)>,
    ) -> Place {
        let definition = metric.definition();
        let (kind, contains) = (definition.kind, definition.contains);
        self.placed(metric.into(), definition.name, (kind, contains), tags)
    }

    /// Where samples of a metric with these tags go.
    ///
    /// # Errors
    /// When the metric was of another kind before, has a name that is none, or there are too many.
    pub fn place<'t>(
        &mut self,
        name: &str,
        kind: MetricKind,
        contains: Contains,
        tags: impl IntoIterator<Item = (&'t str, &'t str)>,
    ) -> Result<Place, String> {
        let metric = self
            .recorder
            .metric(name, kind, contains)
            .map_err(|error| error.to_string())?;
        Ok(self.placed(metric, name, (kind, contains), tags))
    }

    fn placed<'t>(
        &mut self,
        metric: MetricId,
        name: &str,
        (kind, contains): (MetricKind, Contains),
        tags: impl IntoIterator<Item = (&'t str, &'t str)>,
    ) -> Place {
        let pairs = tags.into_iter().filter(|(_, value)| !value.is_empty());
        // Masked before they are cut, and before they are told apart: by a secret, nothing is.
        let tags = Tags::new(
            pairs.map(|(key, value)| (Rc::from(key), Rc::from(&*mask_urls(begin(value))))),
        );
        let tags = self.recorder.intern(tags);
        let info = MetricInfo {
            name: name.to_owned(),
            kind,
            contains,
        };
        // As they were interned: with too many tag sets that is `other`.
        let kept = self.recorder.tags(tags).to_owned_pairs();
        Place {
            metric,
            tags,
            role: Role::of(name),
            kind,
            is_time: contains == Contains::Time,
            rows: self
                .intervals
                .rows(&info, &Arc::new(kept.into_iter().collect())),
        }
    }

    /// A sample. `from` and `to` are when what it measures began and ended; `name` is what a message calls the metric.
    ///
    /// # Errors
    /// When the value cannot be, or the time lies too far from that of the others.
    pub fn add(
        &mut self,
        place: Place,
        (from, to): (Moment, Moment),
        value: f64,
        name: &str,
    ) -> Result<(), Flaw> {
        if place.kind == MetricKind::Trend && value < 0.0 {
            if place.is_time {
                return Err(Flaw::new(format!(
                    "`{name}` is {value}: a duration is never negative"
                )));
            }
            *self.negative.entry(name.to_owned()).or_default() += 1;
            return Ok(());
        }
        let first = self.first.map_or(from, |first| first.min(from));
        let last = self.last.map_or(to, |last| last.max(to));
        if last.saturating_sub(first) > LONGEST_RUN {
            return Err(Flaw::new(format!(
                "this sample lies {} days from others in the file",
                last.saturating_sub(first) / (24 * 3600 * SECOND)
            ))
            .help(
                "clocks, time zones or units of time are mixed, or several runs were put together",
            ));
        }
        self.recorder
            .add(place.metric, place.tags, value)
            .map_err(|error| Flaw::new(error.to_string()))?;
        (self.first, self.last) = (Some(first), Some(last));
        self.samples += 1;
        self.overtime.add(place.role, to, value);
        self.intervals.add(&place.rows, to, value, 1);
        Ok(())
    }

    /// The same sample many times: of a trend of times.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn add_many(
        &mut self,
        place: Place,
        span: (Moment, Moment),
        value: f64,
        times: u64,
    ) -> Result<(), Flaw> {
        let Some(rest) = times.checked_sub(1) else {
            return Ok(());
        };
        self.add(place, span, value, "a value")?;
        let series = self.recorder.series(place.metric, place.tags);
        self.recorder.time_n(series, to_scaled(value), rest);
        self.overtime.add_many(place.role, span.1, value, rest);
        self.intervals.add(&place.rows, span.1, value, rest);
        Ok(())
    }

    /// A request that failed: what tells it from others, and one of them.
    pub fn failure(&mut self, code: &str, message: &str, url: Option<&str>, at: Moment) {
        let key = (shown(code, CODE), shown(message, MESSAGE));
        let full = self.errors.len() >= ERRORS && !self.errors.contains_key(&key);
        let key = if full {
            (String::new(), "(other errors)".to_owned())
        } else {
            key
        };
        // Moments become seconds of the run when its beginning is known.
        let seconds = at as f64 / SECOND as f64;
        let row = self
            .errors
            .entry(key)
            .or_insert_with_key(|(code, message)| ErrorResult {
                kind: ErrorKind::Http,
                code: code.clone(),
                message: message.clone(),
                count: 0,
                first_seconds: seconds,
                last_seconds: seconds,
                example: url.map(|url| ErrorExample {
                    text: message.clone(),
                    url: Some(shown(url, URL)),
                    ..ErrorExample::default()
                }),
            });
        row.count += 1;
        row.first_seconds = row.first_seconds.min(seconds);
        row.last_seconds = row.last_seconds.max(seconds);
    }

    /// Samples so far.
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// The result.
    pub fn finish(mut self, about: About) -> RunResult {
        let mut totals = Totals::default();
        totals.absorb(0, &self.recorder.snapshot());
        let slots = [self.overtime.start(), self.intervals.start()];
        let start = slots
            .into_iter()
            .chain([self.first])
            .flatten()
            .min()
            .unwrap_or_default();
        let end = self.last.unwrap_or(start);
        let seconds = self.first.map_or(0.0, |first| {
            end.saturating_sub(first) as f64 / SECOND as f64
        });
        let mut result = empty(About {
            started: Some(start),
            seconds,
            ..about
        });
        result.run.folded_tag_sets = totals.folded();
        if totals.folded() > 0 {
            result.run.notes.push(format!(
                "there are more than {} tag sets: about {} more are called `other`",
                format_count(TAG_SETS as u64),
                format_count(totals.folded())
            ));
        }
        result.metrics = rows::metrics(&totals, seconds);
        for (name, times) in &self.negative {
            result.metrics.retain(|metric| metric.name != *name);
            result.run.notes.push(format!(
                "`{name}` has {} values below zero, which no histogram holds: the metric is left out",
                format_count(*times)
            ));
        }
        result.endpoints = rows::endpoints(&totals, seconds);
        result.checks = rows::checks(&totals);
        result.errors = self.errors.into_values().collect();
        let began = start as f64 / SECOND as f64;
        for error in &mut result.errors {
            error.first_seconds = (error.first_seconds - began).max(0.0);
            error.last_seconds = (error.last_seconds - began).max(0.0);
        }
        result.errors.sort_by(|a, b| {
            b.count
                .cmp(&a.count)
                .then_with(|| a.message.cmp(&b.message))
        });
        result.time_series = self.overtime.series(start, end);
        result.intervals = self.intervals.finish(start, end);
        let negative = |row: &IntervalRow| self.negative.contains_key(&row.metric);
        result.intervals.rows.retain(|row| !negative(row));
        result
    }
}
