//! How much whole runs of the same thing differ from each other: another host, a cold cache, a neighbour on the machine.
//!
//! No two runs can tell. A baseline that was made of several keeps the figures of each ([`Variation`]), and a comparison with it allows for
//! what they strayed, where that is more than the intervals within a run say.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, FisherSnedecor};

use super::functional::Error;
use super::model::Row;
use super::rows::{self, Scale};
use super::side::Indexed;
use super::{MARGIN, context};
use crate::result::RunResult;

/// So many runs are remembered, the latest ones: what a service did half a year ago says nothing about it now.
const MOST_RUNS: usize = 10;
/// Fewer runs do not show how much they differ.
const FEWEST_RUNS: usize = 3;
/// How rarely runs that differ no more than their intervals say may be taken for some that do.
const LEVEL: f64 = 0.1;

/// The figures of several runs of the same thing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Variation {
    /// The names of the runs, the earliest first.
    #[serde(default)]
    runs: Vec<String>,
    /// What each run came to, in the same order, by figure: `http_req_duration p95 of GET rooms`.
    #[serde(default)]
    figures: BTreeMap<String, Vec<Option<f64>>>,
}

/// How far the figures of whole runs lie apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stray {
    /// Standard deviation between runs: of logarithms, or of the values themselves.
    pub deviation: f64,
    /// Of so many runs.
    pub runs: usize,
}

/// Whether two runs did the same as far as their options say, so that what they differ in is chance.
pub fn same_plan(before: &RunResult, after: &RunResult) -> bool {
    !context::differences(before, after)
        .iter()
        .any(|difference| context::is_of_the_plan(&difference.what))
}

impl Variation {
    /// How many runs it knows.
    pub fn runs(&self) -> usize {
        self.runs.len()
    }

    /// Whether it knows enough of them to tell anything.
    pub fn is_known(&self) -> bool {
        self.runs() >= FEWEST_RUNS
    }

    /// Whether it knows nothing.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Remembers what a run came to; a run that it knows changes nothing.
    pub fn add(&mut self, result: &RunResult) {
        if self.runs.contains(&result.run.id) {
            return;
        }
        let known = self.runs();
        self.runs.push(result.run.id.clone());
        let side = Indexed::new(result, result.intervals.len());
        for candidate in rows::candidates(&side, &side, MARGIN) {
            let Some(value) = candidate.row.before.filter(|value| value.is_finite()) else {
                continue;
            };
            let values = self.figures.entry(key(&candidate.row)).or_default();
            values.resize(known, None);
            values.push(Some(rounded(value)));
        }
        for values in self.figures.values_mut() {
            values.resize(known + 1, None);
        }
        while self.runs() > MOST_RUNS {
            self.runs.remove(0);
            for values in self.figures.values_mut() {
                values.remove(0);
            }
        }
        self.figures
            .retain(|_, values| values.iter().any(Option::is_some));
    }

    /// How far the runs' figures for a row lie apart.
    pub(super) fn stray(&self, row: &Row, scale: Scale) -> Option<Stray> {
        let values = self.figures.get(&key(row))?.iter().flatten();
        let values: Vec<f64> = values
            .map(|value| match scale {
                Scale::Factor => value.ln(),
                Scale::Plain => *value,
            })
            .filter(|value| value.is_finite())
            .collect();
        let count = values.len();
        if count < FEWEST_RUNS {
            return None;
        }
        let mean = values.iter().sum::<f64>() / count as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = (squares / (count - 1) as f64).sqrt();
        deviation.is_finite().then_some(Stray {
            deviation,
            runs: count,
        })
    }
}

impl Stray {
    /// The standard error of the difference of two runs that stray so, where it is larger than what the intervals within them say, and not
    /// by chance alone.
    pub fn beyond(&self, within: &Error) -> Option<Error> {
        let size = self.deviation * std::f64::consts::SQRT_2;
        let freedom = self.runs as f64 - 1.0;
        if size <= within.size {
            return None;
        }
        let ratio = (size / within.size).powi(2);
        let by_chance = match FisherSnedecor::new(freedom, within.freedom.max(1.0)) {
            Ok(spread) if ratio.is_finite() => spread.sf(ratio),
            // Nothing varied within the runs, and yet they differ.
            _ => 0.0,
        };
        (by_chance < LEVEL).then_some(Error {
            size,
            freedom,
            block: within.block,
        })
    }
}

/// A row's figure, as the file calls it.
fn key(row: &Row) -> String {
    let statistic = row.statistic.label().replace(' ', "_");
    match &row.endpoint {
        Some(endpoint) => format!(
            "{} {statistic} of {} {}",
            row.metric, endpoint.method, endpoint.name
        ),
        None => format!("{} {statistic}", row.metric),
    }
}

/// Five digits are more than histograms have, and short in a file.
fn rounded(value: f64) -> f64 {
    format!("{value:.4e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::super::model::Statistic;
    use super::super::synthetic::{Course, run};
    use super::*;

    fn numbered(number: u64, median: f64) -> RunResult {
        let course = Course {
            seconds: 12,
            rate: 50.0,
            endpoints: 1,
            median,
            ..Course::PLAIN
        };
        run(&course, number)
    }

    fn median_of(variation: &Variation) -> &Vec<Option<f64>> {
        &variation.figures["http_req_duration med"]
    }

    #[test]
    fn the_latest_runs_are_remembered_and_none_twice() {
        let mut variation = Variation::default();
        assert!(variation.is_empty() && !variation.is_known());
        for number in 0..13 {
            variation.add(&numbered(number, 40.0));
            variation.add(&numbered(number, 99.0));
            assert_eq!(variation.is_known(), number >= 2);
        }
        assert_eq!(variation.runs(), MOST_RUNS);
        assert_eq!(variation.runs[0], numbered(3, 40.0).run.id);
        let medians = median_of(&variation);
        assert_eq!(medians.len(), MOST_RUNS);
        assert!(
            medians.iter().all(|median| median.unwrap() < 60.0),
            "{medians:?}"
        );
        assert!(
            variation
                .figures
                .contains_key("http_req_duration p95 of GET endpoint 0")
        );
        let text = serde_json::to_string(&variation).unwrap();
        assert_eq!(serde_json::from_str::<Variation>(&text).unwrap(), variation);
    }

    #[test]
    fn a_figure_that_only_some_runs_have_keeps_its_place_and_one_that_none_has_goes() {
        let mut variation = Variation::default();
        let mut odd = numbered(0, 40.0);
        odd.metrics.retain(|metric| metric.name != "http_reqs");
        variation.add(&odd);
        variation.add(&numbered(1, 40.0));
        let requests = &variation.figures["http_reqs per_second"];
        assert!(requests[0].is_none() && requests[1].is_some());
        variation.add(&odd.clone());
        for number in 2..12 {
            let mut run = numbered(number, 40.0);
            run.metrics.retain(|metric| metric.name != "http_reqs");
            variation.add(&run);
        }
        assert!(!variation.figures.contains_key("http_reqs per_second"));
    }

    #[test]
    fn what_lies_apart_by_chance_is_not_allowed_for() {
        let within = Error {
            size: 0.01,
            freedom: 30.0,
            block: 4.0,
        };
        let beyond = |deviation| Stray { deviation, runs: 5 }.beyond(&within);
        assert_eq!(beyond(0.005), None);
        // Its error is larger than that within, but no more than five runs often show by chance.
        assert_eq!(beyond(0.009), None);
        let wider = beyond(0.03).unwrap();
        assert!((wider.size - 0.0424).abs() < 1e-3, "{wider:?}");
        assert_eq!(wider.freedom, 4.0);
        let exact = Error {
            size: 0.0,
            ..within
        };
        assert!(
            Stray {
                deviation: 0.01,
                runs: 5
            }
            .beyond(&exact)
            .is_some()
        );
    }

    #[test]
    fn a_file_with_lists_of_all_lengths_is_read_and_gone_on_with() {
        let text = r#"{ "runs": ["a", "b", "c"], "figures": { "http_req_duration med": [1, null, -3, 4, 5], "gone p95": [] } }"#;
        let mut variation: Variation = serde_json::from_str(text).unwrap();
        variation.add(&numbered(1, 40.0));
        assert!(variation.figures.values().all(|values| values.len() == 4));
        let side = numbered(2, 40.0);
        let side = Indexed::new(&side, 12);
        for candidate in rows::candidates(&side, &side, MARGIN) {
            if candidate.row.statistic == Statistic::Med {
                variation.stray(&candidate.row, candidate.scale);
            }
        }
    }
}
