//! Objectives over sliding windows, judged by what a finished result keeps over time.

use std::ops::Range;
use std::time::Duration;

use super::found::Unreadable;
use super::row::NO_SAMPLES;
use crate::metrics::Histogram;
use crate::result::{IntervalValues, RunResult};
use crate::slo::{Aggregate, Objective, Op, Values};

/// The worst value of any window, with what a reader must know about it; or why it cannot be told.
pub type Worst = Result<(f64, Option<String>), String>;

/// The worst window of length `over`.
///
/// # Errors
/// When a histogram cannot be read.
pub fn worst(
    result: &RunResult,
    objective: &Objective,
    over: Duration,
) -> Result<Worst, Unreadable> {
    // The time series has the finer points, and fewer metrics.
    if objective.selector.conditions().is_empty()
        && let Ok(found) = of_columns(result, objective, over)
    {
        return Ok(Ok(found));
    }
    of_intervals(result, objective, over)
}

fn unknown(objective: &Objective, what: &str) -> String {
    format!(
        "the file does not keep {what}`{}` over time, so windows cannot be judged",
        objective.selector
    )
}

/// Whatever the intervals of the run hold: each metric as a whole, and requests by name and method.
fn of_intervals(
    result: &RunResult,
    objective: &Objective,
    over: Duration,
) -> Result<Worst, Unreadable> {
    let intervals = &result.intervals;
    let selector = &objective.selector;
    let tags = selector.conditions();
    let by_endpoint = tags
        .iter()
        .all(|tag| matches!(tag.key.as_str(), "name" | "method"));
    let rows: Vec<&IntervalValues> = intervals
        .rows
        .iter()
        .filter(|row| row.tags.is_empty() == tags.is_empty())
        .filter(|row| selector.matches(&row.metric, &row.tags))
        .map(|row| &row.values)
        .collect();
    if rows.is_empty() || !by_endpoint {
        return Ok(Err(unknown(objective, "")));
    }
    let mut all = intervals.len();
    if rows
        .iter()
        .any(|row| matches!(row, IntervalValues::Counter { .. }))
    {
        let (start, interval) = (intervals.start_seconds, intervals.interval_seconds);
        all = whole_points(result, start, interval, all);
    }
    let points = Points::of(intervals.interval_seconds, over, all);
    let mut worst = None;
    for window in points.windows() {
        let mut gathered = Gathered::default();
        for row in &rows {
            gathered.add(row, &window, &selector.to_string())?;
        }
        match gathered.value(objective, points) {
            Ok(Some(value)) => {
                worst = Some(worst.map_or(value, |worst| worse(objective.target.op, worst, value)));
            }
            Ok(None) => {}
            Err(what) => return Ok(Err(unknown(objective, &what))),
        }
    }
    Ok(worst
        .map(|value| (value, points.note(over)))
        .ok_or_else(|| NO_SAMPLES.to_owned()))
}

/// What the rows hold in one window.
#[derive(Default)]
struct Gathered {
    sum: Option<f64>,
    level: Option<f64>,
    share: Option<(u64, u64)>,
    /// Samples, and the sum of their values.
    mean: Option<(u64, f64)>,
    /// One interval's median and 95th percentile.
    alone: Option<(f64, f64)>,
    whole: Option<Histogram>,
}

impl Gathered {
    fn add(
        &mut self,
        row: &IntervalValues,
        window: &Range<usize>,
        series: &str,
    ) -> Result<(), Unreadable> {
        match row {
            IntervalValues::Counter { sums } => {
                let sum: f64 = within(sums, window).iter().sum();
                self.sum = Some(self.sum.unwrap_or_default() + sum);
            }
            IntervalValues::Gauge { values } => {
                self.level = within(values, window).iter().flatten().copied().next_back();
            }
            IntervalValues::Rate { passes, totals } => {
                let (trues, all) = self.share.unwrap_or_default();
                let sum = |values: &[u64]| within(values, window).iter().sum::<u64>();
                self.share = Some((trues + sum(passes), all + sum(totals)));
            }
            IntervalValues::Trend {
                counts,
                means,
                medians,
                p95s,
                histograms,
            } => {
                let (mut count, mut sum) = self.mean.unwrap_or_default();
                let first = count == 0;
                for (times, mean) in within(counts, window).iter().zip(within(means, window)) {
                    count += times;
                    sum += *times as f64 * mean.unwrap_or_default();
                }
                self.mean = Some((count, sum));
                self.alone = match (within(medians, window), within(p95s, window)) {
                    ([Some(median)], [Some(p95)]) if first => Some((*median, *p95)),
                    _ => None,
                };
                for text in within(histograms, window).iter().flatten() {
                    let part = Histogram::from_v2_base64(text).map_err(|why| Unreadable {
                        series: series.to_owned(),
                        why,
                    })?;
                    self.whole.get_or_insert_default().merge(&part);
                }
            }
        }
        Ok(())
    }

    /// The objective's value; `None` where nothing was measured in the window. The error is what the intervals do not keep.
    fn value(&self, objective: &Objective, points: Points) -> Result<Option<f64>, String> {
        let aggregate = objective.target.aggregate;
        if let Some(sum) = self.sum {
            let seconds = points.seconds();
            return Ok(Values::Counter { sum, seconds }.judged(objective));
        }
        if let Some((trues, total)) = self.share {
            return Ok(Values::Rate { trues, total }.judged(objective));
        }
        let Some((count, sum)) = self.mean else {
            return match aggregate {
                Aggregate::Value => Ok(self.level),
                _ => Err(format!("the `{aggregate}` of ")),
            };
        };
        match (&self.whole, self.alone, aggregate) {
            _ if count == 0 => Ok(None),
            (_, _, Aggregate::Count) => Ok(Some(count as f64)),
            (_, _, Aggregate::Avg) => Ok(Some(sum / count as f64)),
            (Some(whole), ..) => Ok(Values::Trend(whole).judged(objective)),
            (None, Some((median, _)), Aggregate::Med) => Ok(Some(median)),
            (None, Some((median, p95)), Aggregate::Percentile(percentile)) => {
                match percentile.get() {
                    50.0 => Ok(Some(median)),
                    95.0 => Ok(Some(p95)),
                    _ => Err(format!("the `{aggregate}` of ")),
                }
            }
            _ => Err(format!("the `{aggregate}` of ")),
        }
    }
}

fn within<'v, T>(values: &'v [T], window: &Range<usize>) -> &'v [T] {
    let end = window.end.min(values.len());
    values.get(window.start.min(end)..end).unwrap_or_default()
}

/// Counts and shares, from the columns of the time series.
fn of_columns(result: &RunResult, objective: &Objective, over: Duration) -> Worst {
    let series = &result.time_series;
    let column = |name: &str| {
        series
            .columns
            .iter()
            .find(|column| column.name == name)
            .map(|column| column.values.as_slice())
            .ok_or_else(|| unknown(objective, ""))
    };
    let aggregate = objective.target.aggregate;
    let (above, below) = match (objective.selector.metric(), aggregate) {
        ("http_req_failed", Aggregate::Rate) => ("http_req_failures", Some("http_reqs")),
        (
            name @ ("http_reqs" | "iterations" | "iteration_errors" | "dropped_iterations"
            | "data_sent" | "data_received"),
            Aggregate::Rate | Aggregate::Count,
        ) => (name, None),
        _ => return Err(unknown(objective, &format!("the `{aggregate}` of "))),
    };
    let above = column(above)?;
    let below = below.map(column).transpose()?;
    let all = match below {
        Some(_) => above.len(),
        None => whole_points(
            result,
            series.start_seconds,
            series.interval_seconds,
            above.len(),
        ),
    };
    let points = Points::of(series.interval_seconds, over, all);
    let mut worst = None;
    for window in points.windows() {
        let part = sum(above.get(window.clone()));
        let whole = match below {
            Some(below) => sum(below.get(window)),
            None if aggregate == Aggregate::Rate => points.seconds(),
            None => 1.0,
        };
        // A window in which nothing was sent says nothing about a share.
        if whole > 0.0 {
            let value = part / whole;
            worst = Some(worst.map_or(value, |worst| worse(objective.target.op, worst, value)));
        }
    }
    worst
        .map(|value| (value, points.note(over)))
        .ok_or_else(|| NO_SAMPLES.to_owned())
}

/// Points that the run filled: what came together in a part of one says nothing about a rate.
fn whole_points(result: &RunResult, start: f64, interval: u64, all: usize) -> usize {
    let seconds = result.run.duration_seconds - start;
    let whole = (seconds / interval.max(1) as f64 + 1e-6).floor();
    if whole >= 1.0 {
        all.min(whole as usize)
    } else {
        all
    }
}

fn sum(values: Option<&[Option<f64>]>) -> f64 {
    values.unwrap_or_default().iter().flatten().sum()
}

/// The value further from a target with that operator.
pub fn worse(op: Op, a: f64, b: f64) -> f64 {
    match op {
        Op::Less | Op::LessOrEqual => a.max(b),
        Op::Greater | Op::GreaterOrEqual => a.min(b),
        // For equality the last one that differs is as bad as any.
        Op::Equal | Op::NotEqual => b,
    }
}

/// Windows over points of equal length.
#[derive(Debug, Clone, Copy)]
struct Points {
    interval: u64,
    in_window: usize,
    all: usize,
}

impl Points {
    /// Windows of `over`, or the next longer length that is whole in points; all at once where there are fewer.
    fn of(interval: u64, over: Duration, all: usize) -> Self {
        let interval = interval.max(1);
        let wanted = (over.as_secs_f64() / interval as f64).ceil() as usize;
        Self {
            interval,
            in_window: wanted.clamp(1, all.max(1)),
            all,
        }
    }

    fn windows(self) -> impl Iterator<Item = Range<usize>> {
        let last = (self.all + 1).saturating_sub(self.in_window);
        (0..last).map(move |at| at..at + self.in_window)
    }

    fn seconds(self) -> f64 {
        (self.in_window as u64 * self.interval) as f64
    }

    fn note(self, over: Duration) -> Option<String> {
        let seconds = self.seconds();
        ((seconds - over.as_secs_f64()).abs() > 1e-9).then(|| {
            format!(
                "judged over windows of {seconds} s: the file keeps points of {} s, {} of them",
                self.interval, self.all
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::{Column, Combine, IntervalRow, Intervals, sample};
    use crate::slo::ObjectiveSpec;

    fn objective(selector: &str, target: &str) -> Objective {
        let spec = ObjectiveSpec::new(selector.parse().unwrap(), target.parse().unwrap());
        spec.try_into().unwrap()
    }

    fn run(rows: Vec<IntervalRow>, columns: &[(&str, &[f64])], interval_seconds: u64) -> RunResult {
        let mut result = sample::passing();
        result.run.duration_seconds = 1e6;
        let length = rows.iter().map(|row| match &row.values {
            IntervalValues::Counter { sums } => sums.len(),
            IntervalValues::Rate { totals, .. } => totals.len(),
            IntervalValues::Gauge { values } => values.len(),
            IntervalValues::Trend { counts, .. } => counts.len(),
        });
        result.intervals = Intervals {
            interval_seconds,
            start_seconds: 0.0,
            covered_seconds: length.max().unwrap_or(0) as u64 * interval_seconds,
            rows,
        };
        result.time_series.columns = columns
            .iter()
            .map(|(name, values)| Column {
                name: (*name).to_owned(),
                unit: String::new(),
                combine: Combine::Sum,
                values: values.iter().copied().map(Some).collect(),
            })
            .collect();
        result.time_series.interval_seconds = 1;
        result
    }

    fn row(metric: &str, name: &str, values: IntervalValues) -> IntervalRow {
        let tags = [("name", name)];
        let told = tags.into_iter().filter(|(_, value)| !value.is_empty());
        IntervalRow {
            metric: metric.to_owned(),
            tags: told
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
            values,
        }
    }

    fn spread(values: &[&[u64]]) -> IntervalValues {
        let histograms: Vec<Histogram> = values
            .iter()
            .map(|values| {
                let mut histogram = Histogram::new();
                values
                    .iter()
                    .for_each(|value| histogram.record(value * 1_000_000));
                histogram
            })
            .collect();
        let mean = |values: &&[u64]| values.iter().sum::<u64>() as f64 / values.len() as f64;
        IntervalValues::Trend {
            counts: values.iter().map(|values| values.len() as u64).collect(),
            means: values.iter().map(mean).map(Some).collect(),
            medians: vec![Some(1.0); values.len()],
            p95s: vec![Some(2.0); values.len()],
            histograms: histograms.iter().map(|h| Some(h.to_v2_base64())).collect(),
        }
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_worst_window_of_whole_distributions_is_exact() {
        let values = spread(&[&[10; 20], &[90; 2], &[10; 20], &[10; 20]]);
        let result = run(vec![row("http_req_duration", "", values)], &[], 1);
        let p = objective("http_req_duration", "p(95) < 100");
        let (one, note) = worst(&result, &p, seconds(1)).unwrap().unwrap();
        assert!((one - 90.0).abs() < 0.1 && note.is_none(), "{one} {note:?}");
        let (two, _) = worst(&result, &p, seconds(2)).unwrap().unwrap();
        assert!((two - 90.0).abs() < 0.1, "{two}");
        let (all, note) = worst(&result, &p, seconds(60)).unwrap().unwrap();
        assert!((all - 10.0).abs() < 0.1, "{all}");
        assert!(note.unwrap().contains("windows of 4 s"));
        let mean = objective("http_req_duration", "avg < 100");
        assert_eq!(worst(&result, &mean, seconds(1)).unwrap().unwrap().0, 90.0);
    }

    #[test]
    fn shares_and_sums_come_from_the_finer_series() {
        let result = run(
            Vec::new(),
            &[
                ("http_reqs", &[10.0, 0.0, 10.0]),
                ("http_req_failures", &[1.0, 0.0, 5.0]),
            ],
            1,
        );
        let failed = objective("http_req_failed", "rate < 1%");
        assert_eq!(worst(&result, &failed, seconds(1)).unwrap().unwrap().0, 0.5);
        assert_eq!(worst(&result, &failed, seconds(3)).unwrap().unwrap().0, 0.3);
        let least = objective("http_reqs", "rate > 1");
        assert_eq!(worst(&result, &least, seconds(1)).unwrap().unwrap().0, 0.0);
    }

    #[test]
    fn an_endpoint_has_its_own_windows_but_not_every_percentile() {
        let mut values = spread(&[&[10], &[30], &[20]]);
        if let IntervalValues::Trend { histograms, .. } = &mut values {
            histograms.clear();
        }
        let result = run(vec![row("http_req_duration", "rooms", values)], &[], 2);
        let of = |target: &str, over| {
            let objective = objective("http_req_duration{name:rooms}", target);
            worst(&result, &objective, seconds(over)).unwrap()
        };
        assert_eq!(of("avg < 100", 4).unwrap().0, 25.0);
        assert_eq!(of("p(95) < 100", 2).unwrap().0, 2.0);
        assert!(
            of("p(95) < 100", 4)
                .unwrap_err()
                .contains("the `p(95)` of `http_req_duration{name:rooms}`")
        );
        assert!(of("p(99) < 100", 2).is_err());
        let (_, note) = of("avg < 100", 3).unwrap();
        assert!(note.unwrap().contains("windows of 4 s"));
    }
}
