//! A finished result, judged anew.

use std::collections::BTreeMap;

use serde::Serialize;

use super::found::{Found, find, nature};
use super::row::{NO_SAMPLES, NOT_KNOWN};
use super::{Ending, recorded, row, verdict, windows};
use crate::exit;
use crate::result::{RunResult, SloResult, SloStatus, Verdict, VerdictStatus};
use crate::slo::{Judgement, Objective, Outcome, Status, judge};

pub use super::found::Unreadable;

/// What a result is held against.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// Objectives that the result does not bring along.
    pub asked: Vec<Objective>,
    /// Whether those count that the result brings along.
    pub own: bool,
    /// Whether the asked ones are only what is asked of anybody: then it is enough that one of them can be judged.
    pub standard: bool,
    /// Whether what asks for a review blocks too.
    pub strict: bool,
}

/// What a judgement rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The result's own figures.
    Measured,
    /// What those recorded who judged it first; the figures do not suffice.
    Recorded,
    /// Nothing: there is no data.
    Nothing,
}

/// A result judged anew.
#[derive(Debug)]
pub struct Judged {
    /// The result with its new objectives and verdict.
    pub result: RunResult,
    /// Of each objective of the result, in the same order: what its judgement rests on, and what a reader must know about it.
    pub grounds: Vec<(Basis, Option<String>)>,
}

/// One objective, judged.
struct One {
    row: SloResult,
    basis: Basis,
    note: Option<String>,
}

/// What is said of an objective that was recorded as met, and is not.
const DOUBTED: &str = "the file records that it was met, but its figures do not keep to it";

/// Objectives of a result that another tool recorded as met, though the figures beside them do not keep to them, in sentences: for whoever shows
/// the result as it is.
pub fn doubts(result: &RunResult) -> Vec<String> {
    let doubted = result.slos.iter().filter_map(|recorded| {
        let one = brought(result, recorded).ok()?;
        (one.note.as_deref() == Some(DOUBTED)).then(|| {
            let what = format!("{} {}", recorded.label(), recorded.target);
            format!("{what}: {DOUBTED}: it is {}", one.row.actual_text)
        })
    });
    doubted.collect()
}

/// Judges a finished result.
///
/// # Errors
/// When a histogram that is needed cannot be read.
pub fn finished(mut result: RunResult, terms: &Terms) -> Result<Judged, Unreadable> {
    let rests = unjudged_reasons(&result);
    let mut all = Vec::new();
    for objective in &terms.asked {
        all.push(asked(&result, objective)?);
    }
    if terms.standard && all.iter().all(|one| one.basis == Basis::Nothing) {
        // Nothing of what anybody would ask for is known: that is no pass.
        all.iter_mut().for_each(|one| one.row.optional = false);
    }
    if terms.own {
        for row in &result.slos {
            all.push(brought(&result, row)?);
        }
    }
    let outcomes: Vec<(Outcome, SloResult)> = all
        .iter()
        .map(|one| (outcome(&one.row), one.row.clone()))
        .collect();
    let mut verdict = verdict(&ending(&result, &outcomes), &outcomes, terms.strict);
    keep_what_stands(&mut verdict, rests, &result.verdict);
    // Other codes are about the command that ran, not about what it measured.
    if verdict.exit_code > exit::BLOCKED {
        verdict.exit_code = exit::BLOCKED;
    }
    if verdict.reasons.is_empty() && verdict.exit_code != exit::PASS {
        verdict
            .reasons
            .push("the run was interrupted before its plan was carried out".to_owned());
    }
    for one in &all {
        if let Some(note) = &one.note {
            let note = format!("{} {}: {note}", one.row.label(), one.row.target);
            if !result.run.notes.contains(&note) {
                result.run.notes.push(note);
            }
        }
    }
    result.verdict = verdict;
    let (slos, grounds) = all
        .into_iter()
        .map(|one| (one.row, (one.basis, one.note)))
        .unzip();
    result.slos = slos;
    Ok(Judged { result, grounds })
}

fn outcome(row: &SloResult) -> Outcome {
    Outcome {
        status: row.status,
        priority: row.priority,
        optional: row.optional,
    }
}

/// How the run ended, as far as its result tells it.
fn ending(result: &RunResult, slos: &[(Outcome, SloResult)]) -> Ending {
    let errors = result.counter("iteration_errors").unwrap_or_default();
    let empty = result
        .scenarios
        .iter()
        .filter(|scenario| scenario.vus_max > 0 && scenario.iterations == 0);
    let about_errors = |slo: &SloResult| slo.metric.split('{').next() == Some("iteration_errors");
    Ending {
        outcome: result.run.outcome.clone(),
        iteration_errors: errors as u64,
        errors_are_judged: slos.iter().any(|(_, slo)| about_errors(slo)),
        failed_parts: BTreeMap::new(),
        empty_scenarios: empty.map(|scenario| scenario.name.clone()).collect(),
        unreachable: false,
    }
}

/// What was wrong with the run beside its objectives stands, and is as grave as it was.
fn keep_what_stands(verdict: &mut Verdict, reasons: Vec<String>, recorded: &Verdict) {
    if reasons.is_empty() {
        return;
    }
    let grave = match recorded.exit_code {
        exit::REVIEW if !verdict.strict => exit::REVIEW,
        _ => exit::BLOCKED,
    };
    verdict.exit_code = verdict.exit_code.max(grave);
    if matches!(verdict.status, VerdictStatus::Pass | VerdictStatus::Warning) {
        verdict.status = VerdictStatus::Failed;
    }
    verdict.reasons.splice(0..0, reasons);
}

/// Reasons of the recorded verdict that follow from nothing else in the result: parts of the script that failed and are no
/// iterations, for one.
fn unjudged_reasons(result: &RunResult) -> Vec<String> {
    let slos: Vec<(Outcome, SloResult)> = result
        .slos
        .iter()
        .map(|row| (outcome(row), row.clone()))
        .collect();
    let Verdict { reasons, .. } = verdict(&ending(result, &slos), &slos, result.verdict.strict);
    result
        .verdict
        .reasons
        .iter()
        .filter(|reason| !reasons.contains(reason))
        .cloned()
        .collect()
}

/// An objective that the result does not bring along.
fn asked(result: &RunResult, objective: &Objective) -> Result<One, Unreadable> {
    let (value, note) = match objective.over {
        Some(over) => match windows::worst(result, objective, over)? {
            Ok((value, note)) => (Ok(value), note),
            Err(why) => (Err(why), None),
        },
        None => (find(result, &objective.selector)?.value(objective), None),
    };
    Ok(measured(result, objective, value, note))
}

fn measured(
    result: &RunResult,
    objective: &Objective,
    value: Result<f64, String>,
    note: Option<String>,
) -> One {
    let (value, why) = match value {
        Ok(value) => (Some(value), note),
        Err(why) => (None, Some(why)),
    };
    let judgement = judge(objective, value);
    let mut row = row(objective, &judgement, nature(result, &objective.selector));
    if why.as_deref().is_some_and(|why| why != NO_SAMPLES) && judgement.status == Status::NoData {
        row.actual_text = NOT_KNOWN.to_owned();
    }
    One {
        row,
        basis: match judgement.status {
            Status::NoData => Basis::Nothing,
            _ => Basis::Measured,
        },
        note: why,
    }
}

/// An objective that the result brings along, with the verdict of those who judged it first.
fn brought(result: &RunResult, recorded: &SloResult) -> Result<One, Unreadable> {
    let told = recorded.status != SloStatus::NoData;
    let Some(objective) = recorded::objective(recorded) else {
        let why = "it is written as only its own tool understands";
        return Ok(taken_over(recorded, why, None));
    };
    if recorded.over.is_some() {
        let why = "its windows passed while the run went on";
        return Ok(taken_over(recorded, why, Some(&objective)));
    }
    let found = find(result, &objective.selector)?;
    let value = found.value(&objective);
    let met = |row: &SloResult| matches!(row.status, SloStatus::Pass | SloStatus::Warning);
    // A run of our own knew no more than its result, though an older program passed what it did not know.
    let doubted = matches!(found, Found::Doubted { .. }) && result.tool.name == "rhaid";
    if let (Err(why), true) = (&value, told)
        && !(doubted && met(recorded))
    {
        return Ok(taken_over(recorded, why, Some(&objective)));
    }
    let mut one = measured(result, &objective, value, None);
    if doubted && one.basis == Basis::Nothing {
        return Ok(one);
    }
    if !told || met(&one.row) == met(recorded) {
        return Ok(one);
    }
    one.note = Some(if met(recorded) {
        DOUBTED.to_owned()
    } else {
        // Whoever judged it first saw more than is left in the file.
        one.row.status = recorded.status;
        one.basis = Basis::Recorded;
        "the file records that it was missed, and that stands, though the figures that are left keep to it".to_owned()
    });
    Ok(one)
}

/// The recorded verdict, since the figures do not suffice for another.
fn taken_over(recorded: &SloResult, why: &str, objective: Option<&Objective>) -> One {
    let mut row = recorded.clone();
    if row.status == SloStatus::NoData {
        return One {
            row,
            basis: Basis::Nothing,
            note: Some(why.to_owned()),
        };
    }
    if row.actual.is_none() {
        let side = match row.status {
            SloStatus::Fail | SloStatus::Critical => "past it",
            _ => "within it",
        };
        row.actual_text = format!("{side}, as the file records");
    }
    if let (Some(objective), Some(actual)) = (objective, row.actual) {
        // The margin may be missing in what an older program wrote.
        let Judgement { margin, .. } = judge(objective, Some(actual));
        row.margin = row.margin.or(margin);
    }
    One {
        row,
        basis: Basis::Recorded,
        note: Some(format!("taken from the file as it was judged then: {why}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::{MetricSeries, MetricValues, sample};
    use crate::slo::ObjectiveSpec;

    #[test]
    fn what_an_older_program_passed_without_knowing_it_is_not_known() {
        let mut result = sample::passing();
        let selector = "http_req_failed{name:pay}".parse().unwrap();
        let spec = ObjectiveSpec::new(selector, "rate < 1%".parse().unwrap());
        let objective: Objective = spec.try_into().unwrap();
        result.slos = vec![row(&objective, &judge(&objective, Some(0.0)), None)];
        let metric = result.metrics.iter_mut();
        let metric = metric.into_iter().find(|one| one.name == "http_req_failed");
        let pairs = [("name", "other"), ("status", "500")];
        metric.unwrap().series = vec![MetricSeries {
            tags: pairs.map(|(key, value)| (key.into(), value.into())).into(),
            values: MetricValues::Rate {
                rate: 1.0,
                passes: 20,
                total: 20,
            },
        }];
        let terms = Terms {
            own: true,
            ..Terms::default()
        };
        let judged = finished(result, &terms).unwrap();
        assert_eq!(judged.result.slos[0].status, SloStatus::NoData);
        assert_eq!(judged.result.slos[0].actual_text, NOT_KNOWN);
        assert_eq!(judged.result.verdict.exit_code, exit::REVIEW);
    }
}
