//! Windows over points of equal length, and which of them is the worst.

use std::ops::Range;
use std::time::Duration;

use crate::slo::{Expression, Objective, Op};

/// The value that keeps to a target less: if one of them misses it, one that does.
pub fn worse(target: &Expression, a: f64, b: f64) -> f64 {
    let bound = target.threshold.bound();
    let (from_a, from_b) = ((a - bound).abs(), (b - bound).abs());
    match target.op {
        Op::Less | Op::LessOrEqual => a.max(b),
        Op::Greater | Op::GreaterOrEqual => a.min(b),
        Op::Equal if from_a >= from_b => a,
        Op::NotEqual if from_a <= from_b => a,
        Op::Equal | Op::NotEqual => b,
    }
}

/// Whether a sum that came together in a part of a window says something of the whole: that it is too great, since it only grows.
pub fn tells_in_part(target: &Expression, value: f64) -> bool {
    match target.op {
        Op::Less | Op::LessOrEqual => true,
        Op::Equal => value > target.threshold.bound(),
        Op::NotEqual | Op::Greater | Op::GreaterOrEqual => false,
    }
}

/// Windows over points of equal length.
#[derive(Debug, Clone, Copy)]
pub struct Points {
    interval: u64,
    in_window: usize,
    /// Those that the run filled; all of them where that makes no difference.
    whole: usize,
    all: usize,
    /// What a window lasted.
    seconds: f64,
}

impl Points {
    /// Windows of `over`, or the next longer length that is whole in points; all at once where there are fewer. Of what adds up, `filled` is
    /// how many seconds the run took of the points.
    pub fn of(interval: u64, over: Duration, all: usize, filled: Option<f64>) -> Self {
        let interval = interval.max(1);
        let filled = filled.filter(|seconds| *seconds > 0.0);
        let full = |seconds: f64| ((seconds / interval as f64 + 1e-6).floor() as usize).min(all);
        let whole = filled.map_or(all, full);
        let wanted = ((over.as_secs_f64() / interval as f64).ceil() as usize).max(1);
        let length = (wanted as u64 * interval) as f64;
        if wanted <= whole {
            return Self {
                interval,
                in_window: wanted,
                whole,
                all,
                seconds: length,
            };
        }
        let longest = (all as u64 * interval) as f64;
        Self {
            interval,
            in_window: all.max(1),
            whole: all,
            all,
            seconds: filled.map_or(longest, |seconds| seconds.min(longest)),
        }
    }

    pub fn windows(self) -> impl Iterator<Item = Range<usize>> {
        let last = (self.all + 1).saturating_sub(self.in_window);
        (0..last).map(move |at| at..at + self.in_window)
    }

    /// Keeps the worse value, if this one says something.
    pub fn note_worst(
        self,
        worst: &mut Option<f64>,
        objective: &Objective,
        window: &Range<usize>,
        value: f64,
    ) {
        let target = &objective.target;
        if window.end <= self.whole || tells_in_part(target, value) {
            *worst = Some(worst.map_or(value, |worst| worse(target, worst, value)));
        }
    }

    /// What a window lasts.
    pub fn seconds(self) -> f64 {
        self.seconds
    }

    /// What a reader must know of the windows, where they are not as long as was asked for.
    pub fn note(self, over: Duration) -> Option<String> {
        let seconds = (self.in_window as u64 * self.interval) as f64;
        ((seconds - over.as_secs_f64()).abs() > 1e-9).then(|| {
            format!(
                "judged over windows of {seconds} s: the file keeps points of {} s, {} of them",
                self.interval, self.all
            )
        })
    }
}
