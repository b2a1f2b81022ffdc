//! `metrics`: a script's own metrics.

use rhai::plugin::*;
use rhai::{Dynamic, EvalAltResult, Map};

use super::tags::pairs;
use super::{Fallible, error, number, virtual_user};
use crate::metrics::{Builtin, Contains, MetricKind, Tags};
use crate::vu;

/// A handle on one of the script's metrics. Holds the name: the recorder that knows it belongs to a worker, and a
/// handle may be made before there is one.
#[derive(Debug, Clone)]
pub struct Metric {
    name: rhai::ImmutableString,
    kind: MetricKind,
    contains: Contains,
}

fn handle(name: &str, kind: MetricKind, contains: Contains) -> Fallible<Metric> {
    if Builtin::by_name(name).is_some() {
        return error(format!(
            "`{name}` is measured by rhaid itself, so a script cannot add to it\nhelp: give the metric a name of its own"
        ));
    }
    if let Some(vu) = vu::current() {
        // Names and kinds are checked where they are written.
        let known = vu.worker.recorder.borrow_mut().metric(name, kind, contains);
        if let Err(why) = known {
            return error(why.to_string());
        }
    }
    Ok(Metric {
        name: name.into(),
        kind,
        contains,
    })
}

fn add(metric: &Metric, value: f64, tags: Option<&Map>) -> Fallible<()> {
    let vu = virtual_user("recording a metric")?;
    let mut recorder = vu.worker.recorder.borrow_mut();
    let mut set = vu.tags();
    if let Some(own) = tags {
        let tags: Tags = recorder.tags(set).with(pairs(own)?);
        set = recorder.intern(tags);
    }
    let result = recorder
        .metric(&metric.name, metric.kind, metric.contains)
        .and_then(|id| recorder.add(id, set, value));
    result.or_else(|why| error(why.to_string()))
}

fn value_of(value: &Dynamic) -> Fallible<f64> {
    match value.as_bool() {
        Ok(flag) => Ok(if flag { 1.0 } else { 0.0 }),
        Err(_) => number(value, "a metric's value"),
    }
}

#[export_module(manifest)]
pub mod metrics_module {
    /// A metric that adds up.
    #[rhai_fn(return_raw)]
    pub fn counter(name: &str) -> Result<Metric, Box<EvalAltResult>> {
        handle(name, MetricKind::Counter, Contains::Default)
    }

    /// A metric that keeps its last, least and greatest value.
    #[rhai_fn(return_raw)]
    pub fn gauge(name: &str) -> Result<Metric, Box<EvalAltResult>> {
        handle(name, MetricKind::Gauge, Contains::Default)
    }

    /// A metric of how often something holds.
    #[rhai_fn(return_raw)]
    pub fn rate(name: &str) -> Result<Metric, Box<EvalAltResult>> {
        handle(name, MetricKind::Rate, Contains::Default)
    }

    /// A metric with percentiles; with `true` its values are milliseconds.
    #[rhai_fn(return_raw)]
    pub fn trend(name: &str) -> Result<Metric, Box<EvalAltResult>> {
        handle(name, MetricKind::Trend, Contains::Default)
    }

    #[rhai_fn(name = "trend", return_raw)]
    pub fn trend_of_time(name: &str, is_time: bool) -> Result<Metric, Box<EvalAltResult>> {
        handle(
            name,
            MetricKind::Trend,
            if is_time {
                Contains::Time
            } else {
                Contains::Default
            },
        )
    }
}

#[export_module]
pub mod metric_type {
    /// Records a value: a number, or for a rate true or false. The second argument is a map of tags.
    #[rhai_fn(name = "add", return_raw, pure)]
    pub fn add_value(metric: &mut Metric, value: Dynamic) -> Result<(), Box<EvalAltResult>> {
        add(metric, value_of(&value)?, None)
    }

    #[rhai_fn(name = "add", return_raw, pure)]
    pub fn add_tagged(
        metric: &mut Metric,
        value: Dynamic,
        tags: Map,
    ) -> Result<(), Box<EvalAltResult>> {
        add(metric, value_of(&value)?, Some(&tags))
    }
}
