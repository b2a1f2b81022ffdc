//! Objectives over sliding windows, judged by what a finished result keeps over time.

use std::ops::Range;
use std::time::Duration;

use super::doubt::{Fit, Losses, only_gets_worse};
use super::found::Unreadable;
use super::points::Points;
use super::row::NO_SAMPLES;
use crate::metrics::{Histogram, MetricKind};
use crate::result::{IntervalRow, IntervalValues, MetricResult, RunResult};
use crate::slo::{Aggregate, Objective, Selector, Values};

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
    if !by_endpoint {
        return Ok(Err(unknown(objective, "")));
    }
    let losses = Losses::of(result);
    let (mut chosen, mut lost) = (Vec::new(), None);
    let of_metric = intervals
        .rows
        .iter()
        .filter(|row| row.metric == selector.metric() && row.tags.is_empty() == tags.is_empty());
    for row in of_metric {
        match losses.fit(selector, &row.tags) {
            Fit::Yes => chosen.push(row),
            Fit::Maybe(how) => lost = lost.max(Some(how)),
            Fit::No => {}
        }
    }
    let rows: Vec<&IntervalValues> = chosen.iter().map(|row| &row.values).collect();
    if let (Some(lost), []) = (&lost, rows.as_slice()) {
        return Ok(Err(lost.why()));
    }
    if rows.is_empty() {
        return Ok(Err(unknown(objective, "")));
    }
    if !all_there(result, selector, &chosen) {
        return Ok(Err(unknown(objective, "all of ")));
    }
    let adds_up = rows.iter().any(|row| match row {
        IntervalValues::Counter { .. } => true,
        IntervalValues::Trend { .. } => objective.target.aggregate == Aggregate::Count,
        IntervalValues::Gauge { .. } | IntervalValues::Rate { .. } => false,
    });
    let seconds = result.run.duration_seconds - intervals.start_seconds;
    let filled = adds_up.then_some(seconds);
    let points = Points::of(intervals.interval_seconds, over, intervals.len(), filled);
    let mut worst = None;
    for window in points.windows() {
        let mut gathered = Gathered::default();
        for row in &rows {
            gathered.add(row, &window, &selector.to_string())?;
        }
        match gathered.value(objective, points) {
            Ok(Some(value)) => points.note_worst(&mut worst, objective, &window, value),
            Ok(None) => {}
            Err(what) => return Ok(Err(unknown(objective, &what))),
        }
    }
    if let (Some(lost), Some(row)) = (&lost, rows.first()) {
        let missed = worst.is_some_and(|worst| !objective.target.holds(worst));
        if !missed || !only_gets_worse(objective, kind(row)) {
            return Ok(Err(lost.why()));
        }
    }
    Ok(worst
        .map(|value| (value, points.note(over)))
        .ok_or_else(|| NO_SAMPLES.to_owned()))
}

/// Whether every endpoint that is meant has its row over time: there are only so many rows.
fn all_there(result: &RunResult, selector: &Selector, rows: &[&IntervalRow]) -> bool {
    if selector.conditions().is_empty() {
        return true;
    }
    let losses = Losses::of(result);
    let metric = |metric: &&MetricResult| metric.name == selector.metric();
    let series = result
        .metrics
        .iter()
        .find(metric)
        .map(|metric| &metric.series);
    let mut meant = series
        .into_iter()
        .flatten()
        .filter(|series| losses.fit(selector, &series.tags) == Fit::Yes);
    meant.all(|series| {
        let same = |key: &str, row: &IntervalRow| row.tags.get(key) == series.tags.get(key);
        rows.iter()
            .any(|row| same("name", row) && same("method", row))
    })
}

fn kind(values: &IntervalValues) -> MetricKind {
    match values {
        IntervalValues::Counter { .. } => MetricKind::Counter,
        IntervalValues::Gauge { .. } => MetricKind::Gauge,
        IntervalValues::Rate { .. } => MetricKind::Rate,
        IntervalValues::Trend { .. } => MetricKind::Trend,
    }
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
    let seconds = result.run.duration_seconds - series.start_seconds;
    let filled = below.is_none().then_some(seconds);
    let points = Points::of(series.interval_seconds, over, above.len(), filled);
    let mut worst = None;
    for window in points.windows() {
        let part = sum(above.get(window.clone()));
        let whole = match below {
            Some(below) => sum(below.get(window.clone())),
            None if aggregate == Aggregate::Rate => points.seconds(),
            None => 1.0,
        };
        // A window in which nothing was sent says nothing about a share.
        if whole > 0.0 {
            points.note_worst(&mut worst, objective, &window, part / whole);
        }
    }
    worst
        .map(|value| (value, points.note(over)))
        .ok_or_else(|| NO_SAMPLES.to_owned())
}

fn sum(values: Option<&[Option<f64>]>) -> f64 {
    values.unwrap_or_default().iter().flatten().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::{Column, Combine, Intervals, sample};
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
    fn of_an_equality_the_window_that_misses_it_counts_wherever_it_lies() {
        let dropped = [0.0, 7.0, 50.0, 0.0, 0.0];
        let result = run(Vec::new(), &[("dropped_iterations", &dropped)], 1);
        let sums = dropped.to_vec();
        let lost = row("lost", "", IntervalValues::Counter { sums });
        let rows = run(vec![lost], &[], 1);
        for (target, found) in [("count == 0", 50.0), ("count != 7", 7.0)] {
            let of = objective("dropped_iterations", target);
            assert_eq!(worst(&result, &of, seconds(1)).unwrap().unwrap().0, found);
            let of = objective("lost", target);
            assert_eq!(worst(&rows, &of, seconds(1)).unwrap().unwrap().0, found);
        }
    }

    #[test]
    fn what_the_last_begun_window_adds_counts_where_it_can_only_make_it_worse() {
        let lost = [1.0, 1.0, 1.0, 500.0];
        let sums = lost.to_vec();
        let mut result = run(
            vec![
                row("lost", "", IntervalValues::Counter { sums }),
                row("t", "", spread(&[&[1], &[1], &[1], &[1, 1, 1, 1]])),
            ],
            &[("dropped_iterations", &lost)],
            1,
        );
        result.run.duration_seconds = 3.4;
        let of = |metric: &str, target: &str| {
            let found = worst(&result, &objective(metric, target), seconds(2));
            found.unwrap().unwrap().0
        };
        for metric in ["lost", "dropped_iterations"] {
            for (target, value) in [
                ("count < 10", 501.0),
                ("rate <= 3", 250.5),
                ("count == 2", 501.0),
                // More may still have come, so it is no proof of too few, nor of another number.
                ("count == 600", 2.0),
                ("count != 501", 2.0),
                ("count > 1", 2.0),
                ("rate > 0.5", 1.0),
            ] {
                assert_eq!(of(metric, target), value, "{metric} {target}");
            }
        }
        assert_eq!(of("t", "count < 3"), 5.0);
        assert_eq!(of("t", "count > 1"), 2.0);
    }

    #[test]
    fn a_run_shorter_than_the_window_is_judged_with_its_last_begun_second() {
        let mut result = run(Vec::new(), &[("http_reqs", &[10.0, 10.0, 4.0])], 1);
        result.run.duration_seconds = 2.4;
        let of = |target: &str| {
            let found = worst(&result, &objective("http_reqs", target), seconds(60));
            found.unwrap().unwrap().0
        };
        assert_eq!((of("count > 20"), of("rate > 5")), (24.0, 10.0));
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
