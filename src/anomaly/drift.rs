//! Drifts: a level that moves on and on, too slowly for a step. The slope is Theil's and Sen's (P. K. Sen, Estimates of the regression coefficient based on Kendall's
//! tau, JASA 1968): the median of the slopes of all pairs; whether it is chance is told by Mann's and Kendall's test on the same pairs.

use std::collections::VecDeque;

use super::sample::median;

/// Points of a window.
const POINTS: usize = 30;
/// Fewer cannot tell.
const LEAST: usize = 15;

/// Looks at medians of stretches of one length.
#[derive(Debug)]
pub struct TheilSen {
    /// Length of a stretch in seconds.
    stretch: f64,
    points: VecDeque<(f64, f64)>,
    gathered: Vec<f64>,
    began: Option<f64>,
}

/// It moves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drift {
    pub from: f64,
    pub to: f64,
    /// Where the line begins and ends.
    pub before: f64,
    pub after: f64,
}

impl TheilSen {
    pub fn new(stretch: f64) -> Self {
        Self {
            stretch,
            points: VecDeque::new(),
            gathered: Vec::new(),
            began: None,
        }
    }

    /// Takes in the value of a block that ends at a moment.
    pub fn push(&mut self, at: f64, value: f64, threshold: f64) -> Option<Drift> {
        let began = *self.began.get_or_insert(at);
        self.gathered.push(value);
        if at - began + 1e-9 < self.stretch {
            return None;
        }
        self.began = Some(at);
        let middle = median(std::mem::take(&mut self.gathered))?;
        self.points.push_back((at, middle));
        if self.points.len() > POINTS {
            self.points.pop_front();
        }
        self.look(threshold)
    }

    fn look(&self, threshold: f64) -> Option<Drift> {
        let count = self.points.len();
        if count < LEAST {
            return None;
        }
        let mut slopes = Vec::with_capacity(count * (count - 1) / 2);
        let mut concordant = 0i64;
        for (number, (at, value)) in self.points.iter().enumerate() {
            for (earlier, before) in self.points.iter().take(number) {
                concordant += match value.total_cmp(before) {
                    std::cmp::Ordering::Greater => 1,
                    std::cmp::Ordering::Less => -1,
                    std::cmp::Ordering::Equal => 0,
                };
                slopes.push((value - before) / (at - earlier).max(1e-9));
            }
        }
        let n = count as f64;
        let variance = n * (n - 1.0) * (2.0 * n + 5.0) / 18.0;
        let score = (concordant.abs() as f64 - 1.0).max(0.0);
        if score * score / (2.0 * variance) < threshold {
            return None;
        }
        let slope = median(slopes)?;
        let (from, to) = (self.points.front()?.0 - self.stretch, self.points.back()?.0);
        let at_zero = median(
            self.points
                .iter()
                .map(|(at, value)| value - slope * at)
                .collect(),
        )?;
        Some(Drift {
            from: from.max(0.0),
            to,
            before: at_zero + slope * from,
            after: at_zero + slope * to,
        })
    }

    /// Begins anew.
    pub fn restart(&mut self) {
        *self = Self::new(self.stretch);
    }
}
