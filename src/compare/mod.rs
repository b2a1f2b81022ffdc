//! Two runs, compared: every metric and every endpoint, how much it changed, and whether that is more than chance.
//!
//! - **In**: two [`RunResult`]s, whatever tool they come from. Nothing is read or written here.
//! - **Out**: a [`Comparison`], which reports show and the command line judges ([`Comparison::regressions`]).
//!
//! A run's samples depend on each other: a slow second is followed by another. What tells change from chance is therefore a block bootstrap
//! over the run's intervals (`bootstrap`), of functionals of weighted intervals (`functional`): quantiles of the pooled histograms
//! for `http_req_duration`, means of interval medians and percentiles weighted by counts for other trends and for endpoints, shares, sums per second.
//! Where both runs have the same intervals, the same ones are drawn from both, so that a ramp that both went through is no
//! noise. `rows` says which rows there are and what matters for each, `verdict` what they come to, `outright` what is worse without a doubt, `effect` how strong a change is,
//! `context` what else is different.
//!
//! What two runs cannot tell: how much whole runs differ from each other (another machine, a cold cache). That takes several, which a baseline
//! may remember (`variation`).

mod bootstrap;
mod context;
mod effect;
mod functional;
mod model;
mod outright;
mod rows;
mod side;
#[cfg(test)]
#[path = "../../tests/support/made_runs.rs"]
mod synthetic;
#[cfg(test)]
pub(crate) mod tests;
mod variation;
mod verdict;

use crate::metrics::Builtin;
use crate::result::RunResult;
use side::Indexed;
use verdict::Tested;

pub use model::{
    Comparison, Counts, Difference, Direction, Effect, Endpoint, Interval, Method, Needed, Row,
    Side, Statistic, Verdict,
};
pub use variation::{Variation, same_plan};

/// The smallest relative change that matters, unless told otherwise.
pub const MARGIN: f64 = 0.02;

/// A run with what the user calls it.
#[derive(Clone, Copy, Debug)]
pub struct Labelled<'a> {
    pub label: &'a str,
    pub result: &'a RunResult,
}

/// Compares two runs. Changes below `margin`, as a fraction, do not matter; those that whole runs make by themselves, as far as `variation`
/// knows of them, are chance.
pub fn compare(
    before: Labelled<'_>,
    after: Labelled<'_>,
    margin: f64,
    variation: &Variation,
) -> Comparison {
    let (first, second) = (&before.result.intervals, &after.result.intervals);
    let (shorter, longer) = (first.len().min(second.len()), first.len().max(second.len()));
    // An interval more or less at the end is a matter of when the last iteration ended.
    let paired = shorter > 0
        && first.interval_seconds == second.interval_seconds
        && longer - shorter <= 1 + shorter / 20;
    let length = |own: usize| if paired { shorter } else { own };
    let a = Indexed::new(before.result, length(first.len()));
    let b = Indexed::new(after.result, length(second.len()));
    let seconds = before
        .result
        .run
        .duration_seconds
        .min(after.result.run.duration_seconds);
    let mut tested: Vec<Tested> = rows::candidates(&a, &b, margin)
        .into_iter()
        .map(|candidate| verdict::test(candidate, paired, seconds, variation))
        .collect();
    verdict::adjust(&mut tested);
    for row in &mut tested {
        verdict::conclude(row, seconds);
    }
    let is_median = |tested: &&Tested| {
        let row = &tested.candidate.row;
        row.metric == Builtin::HttpReqDuration.definition().name && row.endpoint.is_none()
    };
    let block = tested
        .iter()
        .find(is_median)
        .and_then(|tested| tested.error.map(|error| error.block));
    let mut rows: Vec<Row> = tested
        .into_iter()
        .map(|tested| tested.candidate.row)
        .collect();
    effect::fill_in(&mut rows, &a, &b);
    let (first_id, second_id) = (&before.result.run.id, &after.result.run.id);
    let same_run = !first_id.is_empty() && first_id == second_id;
    Comparison {
        before: side(before),
        after: side(after),
        same_run,
        differences: context::differences(before.result, after.result),
        verdict: match same_run {
            true => Verdict::Same,
            false => overall(&rows),
        },
        counts: counts(&rows),
        method: Method {
            test: "stationary block bootstrap over intervals, Student's t, Benjamini-Hochberg"
                .to_owned(),
            level: verdict::LEVEL,
            margin,
            paired,
            intervals: shorter,
            interval_seconds: first.interval_seconds,
            block_intervals: block,
            earlier_runs: match variation.is_known() {
                true => variation.runs(),
                false => 0,
            },
        },
        rows,
    }
}

impl Comparison {
    /// Says that both are one run, where only their files tell it.
    #[must_use]
    pub fn of_same_run(mut self) -> Self {
        self.same_run = true;
        self.verdict = Verdict::Same;
        self
    }

    /// The rows that are worse by more than `threshold`, a fraction of the value before; the gravest first.
    pub fn regressions(&self, threshold: f64) -> Vec<&Row> {
        let mut worse: Vec<(f64, &Row)> = self
            .rows
            .iter()
            .filter_map(|row| Some((row.regression()?, row)))
            .filter(|(by, _)| *by > threshold)
            .collect();
        worse.sort_by(|a, b| b.1.main.cmp(&a.1.main).then(b.0.total_cmp(&a.0)));
        worse.into_iter().map(|(_, row)| row).collect()
    }
}

fn side(run: Labelled<'_>) -> Side {
    let (label, result) = (run.label.to_owned(), run.result);
    let git = result.run.git.as_ref();
    let requests = result.counter(Builtin::HttpReqs.definition().name);
    Side {
        label,
        id: result.run.id.clone(),
        script: result.run.script.clone(),
        started_at: result.run.started_at.clone(),
        duration_seconds: result.run.duration_seconds,
        requests: requests.unwrap_or_default().max(0.0) as u64,
        commit: git.map(|git| git.commit.clone()),
        branch: git.and_then(|git| git.branch.clone()),
    }
}

/// The verdict on the whole.
fn overall(rows: &[Row]) -> Verdict {
    for verdict in [Verdict::Worse, Verdict::Better] {
        if rows.iter().any(|row| row.verdict == verdict) {
            return verdict;
        }
    }
    // Response times and failures are what most runs are about; without any request, whatever is there speaks.
    let main: Vec<&Row> = rows
        .iter()
        .filter(|row| row.main && row.metric != rows::CHECKS)
        .collect();
    let of_requests = |row: &&&Row| {
        let is = |metric: Builtin| row.metric == metric.definition().name;
        is(Builtin::HttpReqDuration) && row.statistic == Statistic::Med
            || is(Builtin::HttpReqFailed)
    };
    let about: Vec<&&Row> = main.iter().filter(of_requests).collect();
    let unclear = |row: &Row| row.verdict == Verdict::CannotTell;
    let cannot_tell = if about.is_empty() {
        rows.iter().all(unclear)
    } else {
        about.iter().any(|row| unclear(row))
    };
    if cannot_tell {
        Verdict::CannotTell
    } else if rows.iter().any(|row| row.verdict == Verdict::Changed) {
        Verdict::Changed
    } else {
        Verdict::Same
    }
}

fn counts(rows: &[Row]) -> Counts {
    let of = |verdict| rows.iter().filter(|row| row.verdict == verdict).count();
    Counts {
        worse: of(Verdict::Worse),
        better: of(Verdict::Better),
        changed: of(Verdict::Changed),
        same: of(Verdict::Same),
        cannot_tell: of(Verdict::CannotTell),
    }
}
