//! Which rows a comparison has, and what is known of each before it is tested.

use std::collections::{BTreeMap, BTreeSet};

use super::functional::Functional;
use super::model::{Direction, Endpoint, Row, Statistic, Verdict, fraction};
use super::side::{Indexed, Requests};
use crate::metrics::{Builtin, Contains, MetricKind};
use crate::result::{MetricResult, MetricValues, RunResult, TrendSummary};
use crate::slo;

/// The metric of checks: its samples are good, and few of them are not.
pub const CHECKS: &str = "checks";

/// The metrics whose rows come first and are judged each for itself.
const MAIN: [Builtin; 6] = [
    Builtin::HttpReqDuration,
    Builtin::HttpReqFailed,
    Builtin::HttpReqs,
    Builtin::Checks,
    Builtin::IterationErrors,
    Builtin::DroppedIterations,
];

/// Times that differ by less are the timers' and the scheduler's matter, in milliseconds.
const NO_MATTER_MS: f64 = 0.010;
/// And of what happens before a request is on its way, where the generator's own work is most of it.
const NO_MATTER_BEFORE_MS: f64 = 0.1;
/// Fewer samples beyond a quantile tell nothing about where it lies.
const FEWEST_BEYOND: f64 = 20.0;
/// Below this, the number of rare events strays as a Poisson variable does, whatever its intervals show.
const RARE: f64 = 20.0;
/// How much more than what matters must be excluded for "same": of the median and means, and more of what strays more.
const DETECT: f64 = 2.5;

/// The scale on which a difference is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Logarithms: the difference is a factor.
    Factor,
    /// The values themselves.
    Plain,
}

/// How many samples a statistic needs to be looked at at all.
pub fn fewest(statistic: Statistic) -> u64 {
    let beyond = match statistic {
        Statistic::PerSecond | Statistic::Level => return 0,
        Statistic::P95 => 0.05,
        Statistic::P99 => 0.01,
        Statistic::Avg | Statistic::Med | Statistic::Share => 0.5,
    };
    (FEWEST_BEYOND / beyond).round() as u64
}

/// A row, and what its test needs.
pub struct Candidate {
    pub row: Row,
    pub scale: Scale,
    /// The smallest difference that matters, on the scale.
    pub negligible: f64,
    /// The difference that must be excluded for "same", on the scale.
    pub detectable: f64,
    /// The difference, on the scale.
    pub estimate: Option<f64>,
    /// What the standard error is at least, on the scale: that of independent samples.
    pub floor: f64,
    /// Both runs as functions of weights on intervals, or why there is none.
    pub functionals: Result<(Functional, Functional), String>,
}

/// Every row of a comparison, the main ones first.
pub fn candidates(before: &Indexed<'_>, after: &Indexed<'_>, margin: f64) -> Vec<Candidate> {
    let maker = Maker {
        before,
        after,
        margin,
        directions: directions(&[before.result, after.result]),
    };
    let results = [before.result, after.result];
    let names: BTreeSet<&str> = results
        .iter()
        .flat_map(|result| &result.metrics)
        .map(|metric| metric.name.as_str())
        .collect();
    let place = |name: &str| {
        let main = MAIN
            .iter()
            .position(|metric| metric.definition().name == name);
        main.unwrap_or(if maker.directions.contains_key(name) {
            MAIN.len()
        } else {
            usize::MAX
        })
    };
    let mut names: Vec<&str> = names.into_iter().collect();
    names.sort_by_key(|name| place(name));
    let mut rows = Vec::new();
    for name in names {
        maker.metric(name, place(name) < usize::MAX, &mut rows);
    }
    let endpoints: BTreeSet<&Endpoint> = before
        .endpoints
        .keys()
        .chain(after.endpoints.keys())
        .collect();
    for endpoint in endpoints {
        maker.endpoint(endpoint, &mut rows);
    }
    rows
}

/// Which way is better, as the objectives of the runs say.
fn directions(results: &[&RunResult]) -> BTreeMap<String, Direction> {
    let mut known = BTreeMap::new();
    for objective in results.iter().flat_map(|result| &result.slos) {
        let Ok(target) = objective.target.parse::<slo::Expression>() else {
            continue;
        };
        let direction = match target.op.direction() {
            slo::Direction::Below => Direction::Lower,
            slo::Direction::Above => Direction::Higher,
            slo::Direction::Exact => continue,
        };
        let name = objective
            .metric
            .split('{')
            .next()
            .unwrap_or(&objective.metric);
        known.insert(name.to_owned(), direction);
    }
    known
}

/// Which way is better of a metric that every run has, or whose values are times.
fn natural_direction(name: &str, kind: MetricKind, contains: Contains) -> Direction {
    match Builtin::by_name(name) {
        Some(
            Builtin::HttpReqFailed
            | Builtin::DroppedIterations
            | Builtin::InterruptedIterations
            | Builtin::IterationErrors
            | Builtin::WebhookMissing
            | Builtin::WebhookDuplicate
            | Builtin::WebhookUnexpected
            | Builtin::WebhookOutOfOrder
            | Builtin::WebhookBadSignature
            | Builtin::WebhookDropped,
        ) => Direction::Lower,
        Some(Builtin::HttpReqs | Builtin::Iterations | Builtin::Checks) => Direction::Higher,
        _ if kind == MetricKind::Trend && contains == Contains::Time => Direction::Lower,
        _ => Direction::Unknown,
    }
}

struct Maker<'a> {
    before: &'a Indexed<'a>,
    after: &'a Indexed<'a>,
    margin: f64,
    directions: BTreeMap<String, Direction>,
}

/// What a row is about.
struct About<'a> {
    metric: &'a str,
    endpoint: Option<&'a Endpoint>,
    statistic: Statistic,
    contains: Contains,
    direction: Direction,
    main: bool,
}

impl Maker<'_> {
    fn metric(&self, name: &str, main: bool, rows: &mut Vec<Candidate>) {
        let (before, after) = (self.before.metric(name), self.after.metric(name));
        let Some(any) = after.or(before) else { return };
        let natural = natural_direction(name, any.kind, any.contains);
        let about = |statistic| About {
            metric: name,
            endpoint: None,
            statistic,
            contains: any.contains,
            direction: match natural {
                Direction::Unknown => self.directions.get(name).copied().unwrap_or(natural),
                known => known,
            },
            main,
        };
        let same_kind = before
            .zip(after)
            .is_none_or(|(before, after)| before.kind == after.kind);
        if !same_kind {
            return;
        }
        match any.kind {
            MetricKind::Counter => {
                rows.extend(self.counter(&about(Statistic::PerSecond), before, after))
            }
            MetricKind::Gauge => rows.extend(self.gauge(&about(Statistic::Level), before, after)),
            MetricKind::Rate => {
                let counts =
                    |metric: Option<&MetricResult>| match metric.map(|metric| &metric.total) {
                        Some(MetricValues::Rate { passes, total, .. }) => (*passes, *total),
                        _ => (0, 0),
                    };
                rows.extend(self.share(&about(Statistic::Share), counts(before), counts(after)));
            }
            MetricKind::Trend => {
                let summary =
                    |metric: Option<&MetricResult>| match metric.map(|metric| &metric.total) {
                        Some(MetricValues::Trend { summary, .. }) => *summary,
                        _ => TrendSummary::default(),
                    };
                let is_duration = name == Builtin::HttpReqDuration.definition().name;
                let statistics: &[Statistic] = match any.contains {
                    Contains::Time if is_duration => {
                        &[Statistic::Med, Statistic::P95, Statistic::P99]
                    }
                    Contains::Time => &[Statistic::Med, Statistic::P95],
                    _ => &[Statistic::Avg, Statistic::Med, Statistic::P95],
                };
                for statistic in statistics {
                    rows.extend(self.trend(&about(*statistic), &summary(before), &summary(after)));
                }
            }
        }
    }

    fn endpoint(&self, endpoint: &Endpoint, rows: &mut Vec<Candidate>) {
        let of = |side: &Indexed<'_>| side.endpoints.get(endpoint).copied().unwrap_or_default();
        let (before, after): (Requests, Requests) = (of(self.before), of(self.after));
        let about = |metric: Builtin, statistic| {
            let definition = metric.definition();
            About {
                metric: definition.name,
                endpoint: Some(endpoint),
                statistic,
                contains: definition.contains,
                direction: Direction::Lower,
                main: false,
            }
        };
        for statistic in [Statistic::Med, Statistic::P95] {
            let about = about(Builtin::HttpReqDuration, statistic);
            rows.extend(self.trend(&about, &before.duration, &after.duration));
        }
        let counts = |side: &Requests| (side.failed, side.requests);
        let about = about(Builtin::HttpReqFailed, Statistic::Share);
        rows.extend(self.share(&about, counts(&before), counts(&after)));
    }

    fn functionals(
        &self,
        about: &About<'_>,
        logarithm: bool,
    ) -> Result<(Functional, Functional), String> {
        let of = |side: &Indexed<'_>, which: &str| {
            let found = side.functional(about.metric, about.endpoint, about.statistic, logarithm);
            found.map_err(|why| format!("the run {which}: {why}"))
        };
        Ok((of(self.before, "before")?, of(self.after, "after")?))
    }

    fn candidate(
        &self,
        about: &About<'_>,
        values: (Option<f64>, Option<f64>),
        samples: (u64, u64),
        scale: Scale,
    ) -> Candidate {
        let change = values.0.zip(values.1).map(|(before, after)| after - before);
        let estimate = match (scale, values) {
            (Scale::Factor, (Some(before), Some(after))) => Some((after / before).ln()),
            (Scale::Plain, _) => change,
            _ => None,
        };
        let row = Row {
            metric: about.metric.to_owned(),
            endpoint: about.endpoint.cloned(),
            statistic: about.statistic,
            contains: about.contains,
            direction: about.direction,
            main: about.main,
            verdict: Verdict::CannotTell,
            before: values.0,
            after: values.1,
            change,
            relative: change
                .zip(values.0)
                .and_then(|(change, before)| match before {
                    0.0 => None,
                    _ => fraction(change, before),
                }),
            interval: None,
            p_value: None,
            adjusted_p_value: None,
            effect: None,
            between_runs: None,
            samples_before: samples.0,
            samples_after: samples.1,
            reason: None,
            needed: None,
        };
        Candidate {
            row,
            scale,
            negligible: 0.0,
            detectable: 0.0,
            estimate: estimate.filter(|estimate| estimate.is_finite()),
            floor: 0.0,
            functionals: self.functionals(about, scale == Scale::Factor),
        }
    }

    fn trend(
        &self,
        about: &About<'_>,
        before: &TrendSummary,
        after: &TrendSummary,
    ) -> Option<Candidate> {
        if before.count == 0 && after.count == 0 {
            return None;
        }
        let value = |summary: &TrendSummary| {
            let value = match about.statistic {
                Statistic::Avg => summary.avg,
                Statistic::Med => summary.med,
                Statistic::P95 => summary.p95,
                _ => summary.p99,
            };
            (summary.count > 0 && value.is_finite()).then_some(value)
        };
        let values = (value(before), value(after));
        let no_matter = match (about.contains, Builtin::by_name(about.metric)) {
            (
                Contains::Time,
                Some(Builtin::IterationLag | Builtin::HttpReqBlocked | Builtin::HttpReqSending),
            ) => NO_MATTER_BEFORE_MS,
            (Contains::Time, _) => NO_MATTER_MS,
            _ => 0.0,
        };
        let is_tiny = |value: Option<f64>| value.is_some_and(|value| value <= no_matter);
        let scale = if is_tiny(values.0) || is_tiny(values.1) {
            Scale::Plain
        } else {
            Scale::Factor
        };
        let mut made = self.candidate(about, values, (before.count, after.count), scale);
        let detect = DETECT
            * match about.statistic {
                Statistic::P95 => 2.0,
                Statistic::P99 => 4.0,
                _ => 1.0,
            };
        let base = values.0.unwrap_or_default().abs();
        let absolute = (no_matter, DETECT * no_matter);
        (made.negligible, made.detectable) = match scale {
            Scale::Plain => (
                (self.margin * base).max(absolute.0),
                (detect * self.margin * base).max(absolute.1),
            ),
            Scale::Factor => (
                self.margin.max(absolute.0 / base).ln_1p(),
                (detect * self.margin).max(absolute.1 / base).ln_1p(),
            ),
        };
        if scale == Scale::Factor {
            made.floor = spread(before, about.statistic).hypot(spread(after, about.statistic));
        }
        Some(made)
    }

    fn share(&self, about: &About<'_>, before: (u64, u64), after: (u64, u64)) -> Option<Candidate> {
        if before.1 == 0 && after.1 == 0 {
            return None;
        }
        let value = |(part, all): (u64, u64)| (all > 0).then(|| part as f64 / all as f64);
        let values = (value(before), value(after));
        let mut made = self.candidate(about, values, (before.1, after.1), Scale::Plain);
        let share = values.0.unwrap_or_default();
        let rarer = share.min(1.0 - share);
        // One in a thousand, at a margin of 2 %.
        made.negligible = self.margin * rarer.max(0.05);
        made.detectable = DETECT * self.margin * rarer.max(0.1);
        let variance = |(part, all): (u64, u64)| {
            // One success and one failure more (Agresti and Caffo 2000): none of 400 is not certainly none of all.
            let all = all as f64 + 2.0;
            let share = (part as f64 + 1.0) / all;
            share * (1.0 - share) / all
        };
        made.floor = (variance(before) + variance(after)).sqrt();
        Some(made)
    }

    fn counter(
        &self,
        about: &About<'_>,
        before: Option<&MetricResult>,
        after: Option<&MetricResult>,
    ) -> Option<Candidate> {
        let sum = |metric: Option<&MetricResult>| match metric.map(|metric| &metric.total) {
            Some(MetricValues::Counter { count, rate }) => Some((*count, *rate)),
            _ => None,
        };
        let (before, after) = (sum(before), sum(after));
        let values = (before.map(|(_, rate)| rate), after.map(|(_, rate)| rate));
        let samples = |sum: Option<(f64, f64)>| sum.map_or(0, |(count, _)| count.abs() as u64);
        let mut made = self.candidate(
            about,
            values,
            (samples(before), samples(after)),
            Scale::Plain,
        );
        let base = values.0.unwrap_or_default().abs();
        // Events that should not be are held against how much was done at all, as shares are.
        let done = if about.direction == Direction::Lower {
            let iterations =
                |side: &Indexed<'_>| sum(side.metric(Builtin::Iterations.definition().name));
            iterations(self.before).map_or(0.0, |(_, rate)| rate)
        } else {
            0.0
        };
        made.negligible = self.margin * base.max(0.05 * done);
        made.detectable = DETECT * self.margin * base.max(0.1 * done);
        let rare = |sum: Option<(f64, f64)>| sum.is_some_and(|(count, _)| count.abs() < RARE);
        if about.contains == Contains::Default && (rare(before) || rare(after)) {
            let variance = |side: &Indexed<'_>, sum: Option<(f64, f64)>| {
                let seconds = side.result.run.duration_seconds.max(1.0);
                (sum.map_or(0.0, |(count, _)| count.abs()) + 1.0) / (seconds * seconds)
            };
            made.floor = (variance(self.before, before) + variance(self.after, after)).sqrt();
        }
        Some(made)
    }

    fn gauge(
        &self,
        about: &About<'_>,
        before: Option<&MetricResult>,
        after: Option<&MetricResult>,
    ) -> Option<Candidate> {
        let value = |side: &Indexed<'_>, metric: Option<&MetricResult>| {
            let MetricValues::Gauge { value, .. } = &metric?.total else {
                return None;
            };
            Some(side.level(about.metric).unwrap_or(*value))
        };
        let values = (value(self.before, before), value(self.after, after));
        let mut made = self.candidate(about, values, (0, 0), Scale::Plain);
        if let Ok((first, second)) = &made.functionals {
            made.row.samples_before = first.filled() as u64;
            made.row.samples_after = second.filled() as u64;
        }
        let base = values.0.unwrap_or_default().abs();
        made.negligible = self.margin * base;
        made.detectable = DETECT * self.margin * base;
        Some(made)
    }
}

/// The standard error of the logarithm of a quantile of independent samples, `√(q (1 - q) / n) / f(x)`, with the density `f` read off two
/// neighbouring percentiles as if the distribution were log-normal between them.
fn spread(summary: &TrendSummary, statistic: Statistic) -> f64 {
    // Normal quantiles of the two percentiles, and √(q (1 - q)) over the normal density at q.
    let (low, high, apart, factor) = match statistic {
        Statistic::Med => (summary.med, summary.p90, 1.2816, 1.2533),
        Statistic::P95 => (summary.p90, summary.p99, 1.0448, 2.1132),
        Statistic::P99 => (summary.p99, summary.p999, 0.7639, 3.7333),
        _ => return 0.0,
    };
    let spread = factor * (high / low).ln() / apart / (summary.count as f64).sqrt();
    if spread.is_finite() {
        spread.max(0.0)
    } else {
        0.0
    }
}
