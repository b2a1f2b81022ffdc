//! Objectives over sliding windows, judged by what a finished result keeps over time.

use std::time::Duration;

use super::found::Unreadable;
use crate::result::{RunResult, TimeSeries};
use crate::slo::{Aggregate, Objective, Op};

/// The worst value of any window, with what a reader must know about it; or why it cannot be told.
pub type Worst = Result<(f64, Option<String>), String>;

/// The worst window of length `over`.
///
/// # Errors
/// When a histogram cannot be read.
pub fn worst(result: &RunResult, objective: &Objective, over: Duration) -> Result<Worst, Unreadable> {
    if !objective.selector.conditions().is_empty() {
        return Ok(Err(unknown(objective, "by tags")));
    }
    Ok(of_columns(&result.time_series, objective, over))
}

fn unknown(objective: &Objective, what: &str) -> String {
    format!(
        "the file does not keep `{}` over time {what}, so windows cannot be judged",
        objective.selector
    )
}

/// Counts and shares, from the columns of the time series.
fn of_columns(series: &TimeSeries, objective: &Objective, over: Duration) -> Worst {
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
        _ => return Err(unknown(objective, &format!("with its `{aggregate}`"))),
    };
    let above = column(above)?;
    let below = below.map(column).transpose()?;
    let points = Points::of(series.interval_seconds, over, above.len());
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
        .ok_or_else(|| "no samples".to_owned())
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

    fn windows(self) -> impl Iterator<Item = std::ops::Range<usize>> {
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
