//! Finding the highest arrival rate at which all objectives hold.
//!
//! - **In**: where to look ([`Plan`]), and after each trial whether its objectives held.
//! - **Out**: the rate of the next trial, until it is known well enough; then an [`Answer`].
//!
//! Pure: who makes the trials is none of its business. A round doubles the rate until something gives, then halves the bracket
//! (by the geometric mean, since a rate is known by a factor) until it is narrow. Further rounds begin at what the ones before
//! found and must find it anew; how much they differ is how sure the answer is.

mod curve;

use schemars::JsonSchema;
use serde::Serialize;

use crate::run::stability::student;

pub use curve::curve;

/// Where to look and how closely.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// The lowest rate, tried first.
    pub from: f64,
    /// The highest rate that is tried.
    pub to: f64,
    /// How narrow a bracket is at the end, as a fraction of the rate.
    pub precision: f64,
    /// How often it is found.
    pub rounds: usize,
}

/// One trial at one rate.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Trial {
    /// Iterations per second that were asked for.
    pub rate: f64,
    /// Iterations per second that were done.
    pub reached: f64,
    /// Whether all objectives held and the rate was reached.
    pub held: bool,
    /// Why not, in a sentence; empty if they did.
    pub why: String,
    /// The 95th percentile of the response time, in milliseconds.
    pub p95: Option<f64>,
    /// Failed requests as a fraction of all.
    pub failed: f64,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Answer {
    /// Not even the lowest rate held, or not each time.
    None,
    /// Up to this rate they hold.
    Found {
        /// Iterations per second.
        rate: f64,
        /// A 95 % interval of it; with one round, the bracket.
        low: f64,
        /// Its upper end.
        high: f64,
        /// Whether the highest rate that was allowed held: the true answer may lie above.
        capped: bool,
    },
}

/// A search under way.
#[derive(Debug, Clone)]
pub struct Search {
    plan: Plan,
    /// The highest rate of this round that held, and the lowest that did not.
    held: Option<f64>,
    broke: Option<f64>,
    /// The bracket of each round that is done.
    found: Vec<(f64, f64)>,
    /// In some round not even the lowest rate held.
    failed: bool,
}

impl Search {
    /// The beginning of a search.
    pub fn new(plan: Plan) -> Self {
        Self {
            plan,
            held: None,
            broke: None,
            found: Vec::new(),
            failed: false,
        }
    }

    /// The round that is under way, from 1.
    pub fn round(&self) -> usize {
        self.found.len() + 1
    }

    /// The rate to try next; nothing when it is over.
    pub fn next_rate(&self) -> Option<f64> {
        if self.failed || self.found.len() >= self.plan.rounds.max(1) {
            return None;
        }
        let Plan {
            from,
            to,
            precision,
            ..
        } = self.plan;
        // Later rounds know where to look.
        let step = match self.found.is_empty() {
            true => 2.0,
            false => 1.0 + 2.0 * precision,
        };
        let start = self.estimate().map_or(from, |(rate, _)| rate);
        Some(match (self.held, self.broke) {
            (None, None) => start.clamp(from, to),
            (Some(held), None) => (held * step).min(to),
            (None, Some(broke)) => (broke / step).max(from),
            (Some(held), Some(broke)) => (held * broke).sqrt(),
        })
    }

    /// Takes what came of the trial at [`Self::next_rate`].
    pub fn tell(&mut self, held: bool) {
        let Some(rate) = self.next_rate() else { return };
        if held {
            self.held = Some(rate);
        } else {
            self.broke = Some(rate);
        }
        let Plan {
            from,
            to,
            precision,
            ..
        } = self.plan;
        match (self.held, self.broke) {
            (Some(held), None) if held >= to => self.end(held, held),
            (Some(held), Some(broke)) if broke / held <= 1.0 + precision => self.end(held, broke),
            // Nothing held in this round, so that what an earlier one found is no rate at which objectives hold.
            (None, Some(broke)) if broke <= from => self.failed = true,
            _ => {}
        }
    }

    fn end(&mut self, held: f64, broke: f64) {
        self.found.push((held, broke));
        (self.held, self.broke) = (None, None);
    }

    /// The geometric mean of the rounds' rates, and their logarithms.
    fn estimate(&self) -> Option<(f64, Vec<f64>)> {
        let logs: Vec<f64> = self.found.iter().map(|(held, _)| held.ln()).collect();
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        (!logs.is_empty()).then(|| (mean.exp(), logs))
    }

    /// What is known so far. The interval is Student's, of the logarithms of the rounds' rates, and no narrower than a bracket.
    pub fn answer(&self) -> Answer {
        if self.failed {
            return Answer::None;
        }
        let Some((rate, logs)) = self.estimate() else {
            return match self.held {
                Some(held) => Answer::Found {
                    rate: held,
                    low: held,
                    high: self.broke.unwrap_or(self.plan.to),
                    capped: false,
                },
                None => Answer::None,
            };
        };
        let bracket = self
            .found
            .iter()
            .map(|(held, broke)| broke / held)
            .fold(1.0, f64::max);
        let count = logs.len() as f64;
        let half = if logs.len() > 1 {
            let mean = rate.ln();
            let squares: f64 = logs.iter().map(|log| (log - mean).powi(2)).sum();
            student(logs.len() - 1) * (squares / (count - 1.0) / count).sqrt()
        } else {
            0.0
        };
        Answer::Found {
            rate,
            low: rate / half.exp(),
            high: (rate * half.exp()).max(rate * bracket),
            capped: self.found.iter().all(|(held, _)| *held >= self.plan.to),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLAN: Plan = Plan {
        from: 1.0,
        to: 10_000.0,
        precision: 0.05,
        rounds: 1,
    };

    /// Searches a service that holds up to a limit, which may differ from trial to trial; how many trials it took.
    fn search(plan: Plan, mut limit: impl FnMut(usize) -> f64) -> (Answer, usize) {
        let mut search = Search::new(plan);
        let mut trials = 0;
        while let Some(rate) = search.next_rate() {
            assert!((plan.from..=plan.to).contains(&rate), "{rate}");
            search.tell(rate <= limit(trials));
            trials += 1;
            assert!(trials < 500, "it does not end");
        }
        (search.answer(), trials)
    }

    #[test]
    fn the_limit_is_found_within_the_precision() {
        let (answer, trials) = search(PLAN, |_| 160.0);
        let Answer::Found {
            rate, low, high, ..
        } = answer
        else {
            panic!("{answer:?}")
        };
        assert!(low <= rate && rate <= 160.0 && 160.0 <= high, "{answer:?}");
        assert!(
            high / low < 1.06 && trials < 16,
            "{answer:?} after {trials}"
        );
    }

    #[test]
    fn what_holds_everywhere_or_nowhere_is_said() {
        assert_eq!(search(PLAN, |_| 0.5).0, Answer::None);
        let (answer, _) = search(PLAN, |_| f64::INFINITY);
        let is_top = |rate: f64| (rate - 10_000.0).abs() < 1e-6;
        assert!(matches!(answer, Answer::Found { capped: true, rate, .. } if is_top(rate)));
    }

    #[test]
    fn a_lowest_rate_that_does_not_hold_again_holds_nowhere() {
        let three = Plan { rounds: 3, ..PLAN };
        let (answer, _) = search(three, |trial| if trial == 0 { 1.0 } else { 0.1 });
        assert_eq!(answer, Answer::None);
    }

    #[test]
    fn rounds_that_differ_widen_the_interval() {
        let three = Plan { rounds: 3, ..PLAN };
        let (steady, _) = search(three, |_| 160.0);
        let (shaky, _) = search(three, |trial| if trial % 3 == 0 { 120.0 } else { 190.0 });
        let width = |answer: &Answer| match answer {
            Answer::Found { low, high, .. } => high / low,
            Answer::None => 0.0,
        };
        assert!(width(&shaky) > width(&steady), "{shaky:?} {steady:?}");
    }

    proptest! {
        #[test]
        fn every_search_ends(limits in proptest::collection::vec(0.1..20_000.0_f64, 1..8), rounds in 1_usize..5, precision in 0.005..0.5_f64) {
            let plan = Plan { rounds, precision, ..PLAN };
            let (_, trials) = search(plan, |trial| limits[trial % limits.len()]);
            prop_assert!(trials > 0);
        }
    }
}
