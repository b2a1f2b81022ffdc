//! One run as a comparison looks at it: its values by metric and endpoint, and what its intervals hold.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::functional::{Functional, Quantile, Ratio, Samples};
use super::model::{Endpoint, Statistic};
use crate::metrics::Histogram;
use crate::metrics::builtin::Builtin;
use crate::metrics::histogram::to_scaled;
use crate::result::{
    EndpointResult, IntervalValues, Intervals, MetricResult, MetricValues, RunResult, TrendSummary,
};

/// A metric, and the name and method of an endpoint where it is of one.
type RowKey<'a> = (&'a str, Option<(&'a str, &'a str)>);

/// A run, indexed.
pub struct Indexed<'a> {
    pub result: &'a RunResult,
    metrics: HashMap<&'a str, &'a MetricResult>,
    rows: HashMap<RowKey<'a>, &'a IntervalValues>,
    /// What was sent to each endpoint.
    pub endpoints: BTreeMap<Endpoint, Requests>,
    /// How many of the intervals are looked at.
    length: usize,
    duration: Option<Rc<Samples>>,
}

/// The requests of one endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Requests {
    pub requests: u64,
    pub failed: u64,
    pub duration: TrendSummary,
}

impl<'a> Indexed<'a> {
    /// The run, of whose intervals the first `length` are looked at.
    pub fn new(result: &'a RunResult, length: usize) -> Self {
        let rows = result.intervals.rows.iter().filter_map(|row| {
            let tag = |name: &str| row.tags.get(name).map(String::as_str);
            let endpoint = match (tag("name"), tag("method")) {
                (Some(name), Some(method)) => Some((name, method)),
                _ if row.tags.is_empty() => None,
                _ => return None,
            };
            Some(((row.metric.as_str(), endpoint), &row.values))
        });
        let rows: HashMap<_, _> = rows.collect();
        let name = Builtin::HttpReqDuration.definition().name;
        let duration = rows
            .get(&(name, None))
            .and_then(|values| samples(values, length));
        Self {
            result,
            metrics: result
                .metrics
                .iter()
                .map(|metric| (metric.name.as_str(), metric))
                .collect(),
            endpoints: endpoints(result),
            rows,
            length,
            duration,
        }
    }

    /// The metric called `name`.
    pub fn metric(&self, name: &str) -> Option<&'a MetricResult> {
        self.metrics.get(name).copied()
    }

    /// A statistic of a metric, over all or of one endpoint, as a function of weights on intervals.
    ///
    /// # Errors
    /// Why there is none, in a phrase.
    pub fn functional(
        &self,
        metric: &str,
        endpoint: Option<&Endpoint>,
        statistic: Statistic,
        logarithm: bool,
    ) -> Result<Functional, &'static str> {
        if self.result.intervals.is_empty() {
            return Err(NO_INTERVALS);
        }
        let place = endpoint.map(|endpoint| (endpoint.name.as_str(), endpoint.method.as_str()));
        let values = self
            .rows
            .get(&(metric, place))
            .ok_or("its intervals were not kept")?;
        let quantile = match statistic {
            Statistic::Med => 0.5,
            Statistic::P95 => 0.95,
            _ => 0.99,
        };
        let is_quantile = matches!(statistic, Statistic::Med | Statistic::P95 | Statistic::P99);
        let is_duration =
            endpoint.is_none() && metric == Builtin::HttpReqDuration.definition().name;
        if let Some(samples) = self
            .duration
            .as_ref()
            .filter(|_| is_duration && is_quantile && logarithm)
        {
            return Ok(Functional::Quantile(Quantile {
                samples: Rc::clone(samples),
                quantile,
            }));
        }
        let (above, below) = self
            .sums(values, statistic)
            .ok_or("its intervals do not hold it")?;
        Ok(Functional::Ratio(Ratio {
            above,
            below,
            logarithm,
        }))
    }

    /// What is divided by what, interval by interval.
    fn sums(&self, values: &IntervalValues, statistic: Statistic) -> Option<(Vec<f64>, Vec<f64>)> {
        let first =
            |values: &[f64]| -> Vec<f64> { values.iter().copied().take(self.length).collect() };
        let whole = |values: &[u64]| -> Vec<f64> {
            values
                .iter()
                .take(self.length)
                .map(|value| *value as f64)
                .collect()
        };
        let pair = match (values, statistic) {
            (IntervalValues::Counter { sums }, Statistic::PerSecond) => {
                (first(sums), seconds(&self.result.intervals, self.length))
            }
            (IntervalValues::Rate { passes, totals }, Statistic::Share) => {
                (whole(passes), whole(totals))
            }
            (IntervalValues::Gauge { values }, Statistic::Level) => {
                levels(values, None, self.length)
            }
            (IntervalValues::Trend { counts, means, .. }, Statistic::Avg) => {
                levels(means, Some(counts), self.length)
            }
            (
                IntervalValues::Trend {
                    counts, medians, ..
                },
                Statistic::Med,
            ) => levels(medians, Some(counts), self.length),
            (IntervalValues::Trend { counts, p95s, .. }, Statistic::P95) => {
                levels(p95s, Some(counts), self.length)
            }
            _ => return None,
        };
        let fits = pair.0.len() == self.length && pair.1.len() == self.length;
        let sound = pair.0.iter().chain(&pair.1).all(|value| value.is_finite());
        (fits && sound).then_some(pair)
    }

    /// The mean of a gauge over the intervals that are looked at and have a value.
    pub fn level(&self, metric: &str) -> Option<f64> {
        let IntervalValues::Gauge { values } = self.rows.get(&(metric, None))? else {
            return None;
        };
        let (above, below) = levels(values, None, self.length);
        let mean = above.iter().sum::<f64>() / below.iter().sum::<f64>();
        mean.is_finite().then_some(mean)
    }

    /// All samples of a metric, or of the response times of one endpoint.
    pub fn histogram(&self, metric: &str, endpoint: Option<&Endpoint>) -> Option<Histogram> {
        let metric = self.metric(metric)?;
        let Some(endpoint) = endpoint else {
            return histogram_of(&metric.total);
        };
        let of_it = metric.series.iter().filter(|series| {
            series.tags.get("name") == Some(&endpoint.name)
                && series.tags.get("method") == Some(&endpoint.method)
        });
        of_it
            .map(|series| histogram_of(&series.values))
            .reduce(|sum, more| {
                let mut sum = sum?;
                sum.merge(&more?);
                Some(sum)
            })?
    }
}

/// Why a run without intervals cannot be tested.
pub const NO_INTERVALS: &str = "it has no intervals, so nothing tells how much it varied: it is another tool's summary, or of an earlier rhaid";

fn histogram_of(values: &MetricValues) -> Option<Histogram> {
    match values {
        MetricValues::Trend {
            summary,
            histogram: Some(text),
        } => {
            let mut histogram = Histogram::from_v2_base64(text).ok()?;
            let sum = histogram.sum() as u128;
            histogram.restore_exact(to_scaled(summary.min), to_scaled(summary.max), sum);
            Some(histogram)
        }
        _ => None,
    }
}

/// Values weighted by counts (or each by one), and the weights; both zero where there is no value.
fn levels(values: &[Option<f64>], counts: Option<&[u64]>, length: usize) -> (Vec<f64>, Vec<f64>) {
    let weigh = |(at, value): (usize, &Option<f64>)| {
        let weight = match counts {
            Some(counts) => counts.get(at).copied().unwrap_or_default() as f64,
            None => 1.0,
        };
        match value {
            Some(value) => (weight * value, weight),
            None => (0.0, 0.0),
        }
    };
    values.iter().enumerate().take(length).map(weigh).unzip()
}

/// The lengths of intervals, of which the last one of the run may be shorter.
fn seconds(intervals: &Intervals, length: usize) -> Vec<f64> {
    let (each, covered) = (intervals.interval_seconds, intervals.covered_seconds);
    (0..length as u64)
        .map(|at| covered.saturating_sub(at * each).min(each) as f64)
        .collect()
}

fn samples(values: &IntervalValues, length: usize) -> Option<Rc<Samples>> {
    let IntervalValues::Trend { histograms, .. } = values else {
        return None;
    };
    if histograms.len() < length {
        return None;
    }
    let mut decoded = Vec::with_capacity(length);
    for text in histograms.iter().take(length) {
        decoded.push(match text {
            Some(text) => Some(Histogram::from_v2_base64(text).ok()?),
            None => None,
        });
    }
    let samples = Samples::new(&decoded);
    (!samples.is_empty()).then(|| Rc::new(samples))
}

/// Requests by name and method. Where one has several rows (of scenarios, of groups), their distributions are put together.
fn endpoints(result: &RunResult) -> BTreeMap<Endpoint, Requests> {
    let mut rows: BTreeMap<Endpoint, Vec<&EndpointResult>> = BTreeMap::new();
    for row in &result.endpoints {
        let endpoint = Endpoint {
            name: row.name.clone(),
            method: row.method.clone(),
        };
        rows.entry(endpoint).or_default().push(row);
    }
    let name = Builtin::HttpReqDuration.definition().name;
    let series = result.metrics.iter().find(|metric| metric.name == name);
    rows.into_iter()
        .map(|(endpoint, rows)| {
            let sum = |of: fn(&EndpointResult) -> u64| rows.iter().map(|row| of(row)).sum();
            let duration = match rows.as_slice() {
                [only] => only.duration,
                several => pooled(series, &endpoint).unwrap_or_else(|| largest(several)),
            };
            let requests = Requests {
                requests: sum(|row| row.requests),
                failed: sum(|row| row.failed),
                duration,
            };
            (endpoint, requests)
        })
        .collect()
}

/// The distribution of all samples of an endpoint, from the histograms of its series.
fn pooled(metric: Option<&MetricResult>, endpoint: &Endpoint) -> Option<TrendSummary> {
    let mut all = Histogram::new();
    for series in &metric?.series {
        let is = |key: &str, value: &String| series.tags.get(key) == Some(value);
        if is("name", &endpoint.name) && is("method", &endpoint.method) {
            all.merge(&histogram_of(&series.values)?);
        }
    }
    (!all.is_empty()).then(|| TrendSummary::of(&all))
}

/// Without histograms, the row with the most requests speaks for its endpoint.
fn largest(rows: &[&EndpointResult]) -> TrendSummary {
    let most = rows.iter().max_by_key(|row| row.requests);
    most.map(|row| row.duration).unwrap_or_default()
}
