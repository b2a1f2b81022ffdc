//! Finding in a finished result what an objective is about.

use crate::metrics::histogram::{HistogramError, SCALE, to_scaled};
use crate::metrics::{Builtin, Contains, Histogram, MetricKind};
use crate::result::{MetricResult, MetricSeries, MetricValues, RunResult, TrendSummary};
use crate::slo::{Aggregate, Objective, Selector, Values};
use crate::suggest::nearest;

use super::doubt::{Fit, Losses, Lost, surely_missed};
use super::row::{NO_SAMPLES, counts_from_zero, tells_kinds};

/// Counters of k6 that its files leave out while they are zero.
const SILENT_IN_K6: [&str; 5] = [
    "data_received",
    "data_sent",
    "dropped_iterations",
    "http_reqs",
    "iterations",
];

/// A histogram in a result cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the histogram of `{series}` cannot be read: {why}")]
pub struct Unreadable {
    /// The metric, with its tags.
    pub series: String,
    pub why: HistogramError,
}

/// What a result holds of what an objective is about.
#[derive(Debug)]
pub enum Found {
    Counter {
        sum: f64,
        seconds: f64,
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
    Distribution(Box<Histogram>),
    /// A trend of which only some statistics are known.
    Summary(TrendSummary),
    /// What is surely meant, what may be meant too, and why nobody knows.
    Doubted {
        sure: Box<Found>,
        maybe: Box<Found>,
        lost: Lost,
    },
    /// Nothing, and why.
    Nothing(String),
}

impl Found {
    /// The value that the objective is judged by, or why there is none.
    pub fn value(&self, objective: &Objective) -> Result<f64, String> {
        match self {
            Self::Nothing(why) => return Err(why.clone()),
            Self::Summary(summary) => return of_summary(summary, objective),
            Self::Doubted { sure, maybe, lost } => {
                let values = sure.values().zip(maybe.values());
                let missed =
                    values.and_then(|(sure, maybe)| surely_missed(objective, &sure, &maybe));
                return missed.ok_or_else(|| lost.why());
            }
            _ => {}
        }
        match self.values().and_then(|values| values.judged(objective)) {
            Some(value) => Ok(value),
            None => Err(self.silence(objective)),
        }
    }

    /// What was measured, where all of it is known.
    fn values(&self) -> Option<Values<'_>> {
        Some(match self {
            Self::Nothing(_) | Self::Summary(_) | Self::Doubted { .. } => return None,
            Self::Counter { sum, seconds } => Values::Counter {
                sum: *sum,
                seconds: *seconds,
            },
            Self::Gauge { last, min, max } => Values::Gauge {
                last: *last,
                min: *min,
                max: *max,
            },
            Self::Rate { trues, total } => Values::Rate {
                trues: *trues,
                total: *total,
            },
            Self::Distribution(histogram) => Values::Trend(histogram),
        })
    }

    /// Why there is no value, though the metric is there.
    fn silence(&self, objective: &Objective) -> String {
        let aggregate = objective.target.aggregate;
        let kind = match self {
            Self::Counter { seconds, .. } if *seconds <= 0.0 && aggregate == Aggregate::Rate => {
                return "the file does not tell how long the run took, so there is no rate"
                    .to_owned();
            }
            Self::Counter { .. } => MetricKind::Counter,
            Self::Gauge { .. } => MetricKind::Gauge,
            Self::Rate { total: 0, .. } => return NO_SAMPLES.to_owned(),
            Self::Rate { .. } => MetricKind::Rate,
            Self::Distribution(histogram) if histogram.is_empty() => {
                return NO_SAMPLES.to_owned();
            }
            _ => MetricKind::Trend,
        };
        format!(
            "`{}` is a {kind} in this file, and a {kind} has no `{aggregate}`",
            objective.selector.metric()
        )
    }
}

/// Looks up what `selector` means in `result`.
///
/// # Errors
/// When a histogram that is needed cannot be read.
pub fn find(result: &RunResult, selector: &Selector) -> Result<Found, Unreadable> {
    let name = selector.metric();
    let metric = result.metrics.iter().find(|metric| metric.name == name);
    if selector.conditions().is_empty() {
        return match metric {
            Some(metric) => one(result, name, &metric.total),
            None => Ok(missing(result, selector)),
        };
    }
    if let Some(part) = result
        .metrics
        .iter()
        .find(|metric| same(&metric.name, selector))
    {
        return one(result, &part.name, &part.total);
    }
    let Some(metric) = metric else {
        return Ok(missing(result, selector));
    };
    let losses = Losses::of(result);
    let (mut chosen, mut doubted) = (Vec::new(), Vec::new());
    let mut lost = None;
    for series in &metric.series {
        match losses.fit(selector, &series.tags) {
            Fit::Yes => chosen.push(series),
            Fit::Maybe(how) if has_samples(&series.values) => {
                doubted.push(series);
                lost = lost.max(Some(how));
            }
            Fit::No | Fit::Maybe(_) => {}
        }
    }
    let tagged = metric.series.iter().any(|series| !series.tags.is_empty());
    match (chosen.as_slice(), lost) {
        (_, Some(lost)) if tagged => Ok(Found::Doubted {
            sure: Box::new(match chosen.as_slice() {
                [] => nothing_yet(result, metric.kind),
                some => merged(result, selector, some)?,
            }),
            maybe: Box::new(merged(result, selector, &doubted)?),
            lost,
        }),
        ([], _) => Ok(no_match(result, metric, selector)),
        ([only], _) => one(result, &selector.to_string(), &only.values),
        (several, _) => merged(result, selector, several),
    }
}

fn has_samples(values: &MetricValues) -> bool {
    match values {
        MetricValues::Counter { count, .. } => *count != 0.0,
        MetricValues::Gauge { .. } => true,
        MetricValues::Rate { total, .. } => *total > 0,
        MetricValues::Trend { summary, .. } => summary.count > 0,
    }
}

/// What there is of a metric before its first sample.
fn nothing_yet(result: &RunResult, kind: MetricKind) -> Found {
    match kind {
        MetricKind::Counter => counter(result, 0.0),
        MetricKind::Rate => Found::Rate { trues: 0, total: 0 },
        MetricKind::Trend => Found::Distribution(Box::default()),
        MetricKind::Gauge => Found::Nothing(NO_SAMPLES.to_owned()),
    }
}

/// What kind of metric a selector means, as the result tells it.
pub fn nature(result: &RunResult, selector: &Selector) -> Option<(MetricKind, Contains)> {
    let name = selector.metric();
    let of = |metric: &MetricResult| metric.name == name || same(&metric.name, selector);
    let metric = result.metrics.iter().find(|metric| of(metric))?;
    Some((metric.kind, metric.contains))
}

/// Whether a metric's name is that of a part of a metric, as k6 names them, and means the same as the selector.
fn same(name: &str, selector: &Selector) -> bool {
    name.contains('{')
        && name.parse::<Selector>().is_ok_and(|part| {
            let (ours, theirs) = (selector.conditions(), part.conditions());
            part.metric() == selector.metric()
                && ours.len() == theirs.len()
                && ours.iter().all(|condition| theirs.contains(condition))
        })
}

fn one(result: &RunResult, series: &str, values: &MetricValues) -> Result<Found, Unreadable> {
    Ok(match values {
        MetricValues::Counter { count, .. } => counter(result, *count),
        MetricValues::Gauge { value, min, max } => Found::Gauge {
            last: *value,
            min: *min,
            max: *max,
        },
        MetricValues::Rate { passes, total, .. } => Found::Rate {
            trues: *passes,
            total: *total,
        },
        MetricValues::Trend { summary, histogram } => match histogram {
            Some(text) => Found::Distribution(Box::new(distribution(series, text, summary)?)),
            None if summary.count == 0 => Found::Nothing(NO_SAMPLES.to_owned()),
            None => Found::Summary(*summary),
        },
    })
}

/// A histogram with the exact extremes and sum that its summary holds.
pub fn distribution(
    series: &str,
    text: &str,
    summary: &TrendSummary,
) -> Result<Histogram, Unreadable> {
    let mut histogram = Histogram::from_v2_base64(text).map_err(|why| Unreadable {
        series: series.to_owned(),
        why,
    })?;
    let sum = summary.avg * SCALE * summary.count as f64;
    if sum.is_finite() && sum >= 0.0 && summary.count == histogram.count() {
        histogram.restore_exact(
            to_scaled(summary.min),
            to_scaled(summary.max),
            sum.round() as u128,
        );
    }
    Ok(histogram)
}

fn counter(result: &RunResult, sum: f64) -> Found {
    Found::Counter {
        sum,
        seconds: result.run.duration_seconds,
    }
}

fn merged(
    result: &RunResult,
    selector: &Selector,
    series: &[&MetricSeries],
) -> Result<Found, Unreadable> {
    let mut sum = 0.0;
    let (mut trues, mut samples) = (0, 0);
    let (mut last, mut least, mut greatest) = (f64::NAN, f64::INFINITY, f64::NEG_INFINITY);
    let mut whole = Histogram::new();
    for one in series {
        match &one.values {
            MetricValues::Counter { count, .. } => sum += count,
            MetricValues::Gauge { value, min, max } => {
                (last, least, greatest) = (*value, least.min(*min), greatest.max(*max));
            }
            MetricValues::Rate { passes, total, .. } => {
                trues += passes;
                samples += total;
            }
            MetricValues::Trend { summary, .. } if summary.count == 0 => {}
            MetricValues::Trend {
                summary,
                histogram: Some(text),
            } => whole.merge(&distribution(&selector.to_string(), text, summary)?),
            MetricValues::Trend { .. } => {
                let many = series.len();
                return Ok(Found::Nothing(format!(
                    "{many} tag sets match, and the file has no histograms to add up, only a summary of each"
                )));
            }
        }
    }
    Ok(match series.first().map(|one| one.values.kind()) {
        Some(MetricKind::Counter) => counter(result, sum),
        Some(MetricKind::Gauge) => Found::Gauge {
            last,
            min: least,
            max: greatest,
        },
        Some(MetricKind::Rate) => Found::Rate {
            trues,
            total: samples,
        },
        _ => Found::Distribution(Box::new(whole)),
    })
}

/// Nothing is known of the metric at all.
fn missing(result: &RunResult, selector: &Selector) -> Found {
    let name = selector.metric();
    let silent = match result.tool.name.as_str() {
        "rhaid" => counts_from_zero(selector),
        "k6" => SILENT_IN_K6.contains(&name) && tells_kinds(selector),
        _ => false,
    };
    if silent {
        return counter(result, 0.0);
    }
    let known = result.metrics.iter().map(|metric| metric.name.as_str());
    let near = match Builtin::by_name(name) {
        Some(_) => None,
        None => nearest(
            name,
            known.chain(Builtin::ALL.map(|metric| metric.definition().name)),
        ),
    };
    let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    Found::Nothing(format!("the file tells nothing of `{name}`{hint}"))
}

/// The metric is there, but not with such tags.
fn no_match(result: &RunResult, metric: &MetricResult, selector: &Selector) -> Found {
    let tagged = metric.series.iter().any(|series| !series.tags.is_empty());
    if !tagged {
        let parts: Vec<&str> = result
            .metrics
            .iter()
            .map(|other| other.name.as_str())
            .filter(|name| {
                name.split('{').next() == Some(metric.name.as_str()) && name.contains('{')
            })
            .collect();
        let told = match parts.as_slice() {
            [] => "it tells the metric as a whole only".to_owned(),
            some => format!("it has {}", list(some)),
        };
        return Found::Nothing(format!("the file does not tell `{selector}`: {told}"));
    }
    if counts_from_zero(selector) {
        return counter(result, 0.0);
    }
    let hint = selector.conditions().iter().find_map(|condition| {
        let mut values: Vec<&str> = metric
            .series
            .iter()
            .filter_map(|series| series.tags.get(&condition.key).map(String::as_str))
            .collect();
        values.sort_unstable();
        values.dedup();
        if values.iter().any(|value| condition.accepts(Some(value))) {
            return None;
        }
        let key = &condition.key;
        Some(if values.is_empty() {
            format!("; none has the tag `{key}`")
        } else {
            format!("; of `{key}` there is {}", list(&values))
        })
    });
    Found::Nothing(format!(
        "no samples with these tags{}",
        hint.unwrap_or_default()
    ))
}

/// A few of the names, and how many more there are.
fn list(names: &[&str]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{name}`"))
        .collect();
    let more = match names.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", shown.join(", "))
}

/// A statistic of a summary, or what the summary has instead.
fn of_summary(summary: &TrendSummary, objective: &Objective) -> Result<f64, String> {
    let aggregate = objective.target.aggregate;
    let named = [
        ("avg", summary.avg),
        ("min", summary.min),
        ("med", summary.med),
        ("max", summary.max),
        ("p(90)", summary.p90),
        ("p(95)", summary.p95),
        ("p(99)", summary.p99),
        ("p(99.9)", summary.p999),
    ];
    let wanted = aggregate.to_string();
    let wanted = match wanted.as_str() {
        "p(50)" => "med",
        "p(0)" => "min",
        "p(100)" => "max",
        other => other,
    };
    if aggregate == Aggregate::Count {
        // One sample has one value; so the file does not tell how many there were.
        let unknown = summary.count == 1 && summary.min != summary.max;
        return if unknown {
            Err("the file does not tell how many samples there were".to_owned())
        } else {
            Ok(summary.count as f64)
        };
    }
    match named.iter().find(|(name, _)| *name == wanted) {
        Some((_, value)) if value.is_finite() => Ok(*value),
        found => {
            let known: Vec<&str> = named
                .iter()
                .filter(|(_, value)| value.is_finite())
                .map(|(name, _)| *name)
                .collect();
            Err(match found {
                None if matches!(aggregate, Aggregate::Rate | Aggregate::Value) => format!(
                    "`{}` is a trend in this file, and a trend has no `{aggregate}`",
                    objective.selector.metric()
                ),
                _ => format!(
                    "the file has no histogram of it, only {}; so `{aggregate}` is not known",
                    known.join(", ")
                ),
            })
        }
    }
}
