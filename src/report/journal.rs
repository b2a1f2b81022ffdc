//! A run's faults as a journal of the Chaos Toolkit, for tools that read those.
//!
//! - **In**: a result; a run without faults has a journal without activities.
//! - **Out**: one JSON object with the keys of its journal. Faults are the activities of the method, what was undone the rollbacks;
//!   what had to be steady before a fault is the hypothesis before, the objectives of the run are the one after.

use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Duration, OffsetDateTime};

use super::{Look, Report, ReportError};
use crate::result::{
    AbortedBy, FaultResult, FaultStatus, Outcome, RunResult, SloResult, VerdictStatus,
};

/// The journal as a kind of report.
pub struct Journal;

impl Report for Journal {
    fn name(&self) -> &'static str {
        "journal"
    }

    fn about(&self) -> &'static str {
        "a journal of the run's faults, as the Chaos Toolkit writes it"
    }

    fn extension(&self) -> &'static str {
        // The result beside it ends in `.json`.
        "journal.json"
    }

    fn render(&self, result: &RunResult, _: &Look) -> Result<String, ReportError> {
        Ok(serde_json::to_string_pretty(&journal(result))? + "\n")
    }
}

fn journal(result: &RunResult) -> Value {
    let run = &result.run;
    let clock = Clock::of(result);
    let before = steady_before(result, &clock);
    let after = steady_after(result, &clock);
    let is_met = |state: &Value| state["steady_state_met"] != json!(false);
    // What was not well before has not deviated.
    let deviated = is_met(&before) && !is_met(&after);
    let runs: Vec<Value> = result
        .faults
        .iter()
        .map(|fault| clock.run_of(result, fault))
        .collect();
    let rollbacks: Vec<Value> = result
        .faults
        .iter()
        .flat_map(|fault| rollbacks(result, fault, &clock))
        .collect();
    json!({
        "chaoslib-version": format!("{} {}", result.tool.name, result.tool.version),
        "platform": format!("{}-{}-{}", run.machine.os, run.machine.kernel, run.machine.arch),
        "node": "",
        "experiment": experiment(result),
        "start": clock.at(None),
        "status": status(result, is_met(&before) && is_met(&after)),
        "deviated": deviated,
        "steady_states": { "before": before, "after": after, "during": [] },
        "run": runs,
        "rollbacks": rollbacks,
        "end": clock.end(),
        "duration": clock.duration(),
    })
}

/// One of the four words that a journal knows.
fn status(result: &RunResult, is_steady: bool) -> &'static str {
    let broken = |fault: &FaultResult| {
        matches!(fault.status, FaultStatus::Failed | FaultStatus::Skipped)
            || !fault.failed_undos.is_empty()
    };
    match &result.run.outcome {
        Outcome::Interrupted => "interrupted",
        // What a bound or the script itself ended has found something out.
        Outcome::Aborted {
            by: AbortedBy::Internal,
            ..
        }
        | Outcome::SetupFailed { .. } => "aborted",
        Outcome::Aborted { .. } => "failed",
        Outcome::Completed => {
            let failed = matches!(
                result.verdict.status,
                VerdictStatus::Failed | VerdictStatus::Error
            );
            match failed || !is_steady || result.faults.iter().any(broken) {
                true => "failed",
                false => "completed",
            }
        }
    }
}

/// The experiment that the script is, in the form of a file of the Chaos Toolkit.
fn experiment(result: &RunResult) -> Value {
    let script = &result.run.script;
    let mut names: Vec<&str> = Vec::new();
    for fault in &result.faults {
        if !names.contains(&fault.name.as_str()) {
            names.push(&fault.name);
        }
    }
    let probes: Vec<Value> = result
        .slos
        .iter()
        .map(|slo| probe(result, &slo_name(slo)))
        .collect();
    let mut experiment = json!({
        "version": "1.0.0",
        "title": script,
        "description": format!("the faults of a run of rhaid, {}", result.run.id),
        "tags": ["rhaid"],
        "method": names.iter().map(|name| activity(result, "action", name)).collect::<Vec<_>>(),
        "rollbacks": [],
    });
    if !probes.is_empty() {
        experiment["steady-state-hypothesis"] = json!({
            "title": "the objectives of the run hold",
            "probes": probes,
        });
    }
    experiment
}

/// Whoever wants to do it again has to run the script.
fn activity(result: &RunResult, kind: &str, name: &str) -> Value {
    json!({
        "type": kind,
        "name": name,
        "provider": {
            "type": "process",
            "path": "rhaid",
            "arguments": ["run", result.run.script],
        },
    })
}

fn probe(result: &RunResult, name: &str) -> Value {
    let mut probe = activity(result, "probe", name);
    probe["tolerance"] = json!(true);
    probe
}

fn slo_name(slo: &SloResult) -> String {
    match &slo.name {
        Some(name) => format!("{name}: {}", slo.target),
        None => format!("{}: {}", slo.metric, slo.target),
    }
}

/// What had to hold before faults, of those that were due; none if nothing had to.
fn steady_before(result: &RunResult, clock: &Clock) -> Value {
    let mut is_met = true;
    let mut probes = Vec::new();
    for fault in &result.faults {
        let was_due = fault.start_seconds.is_some() || fault.status == FaultStatus::Skipped;
        let held = fault.status != FaultStatus::Skipped;
        for statement in steady_of(result, &fault.name) {
            if !was_due {
                continue;
            }
            let name = format!("{statement}, before `{}`", fault.name);
            let output = fault.reason.as_deref().filter(|_| !held);
            let at = clock.at(fault.start_seconds);
            let mut run = json!({
                "activity": probe(result, &name),
                "status": "succeeded",
                "start": at,
                "end": at,
                "duration": 0.0,
                "output": output.map_or(json!(held), |reason| json!(reason)),
            });
            run["tolerance_met"] = json!(held);
            probes.push(run);
            is_met &= held;
        }
    }
    match probes.is_empty() {
        true => Value::Null,
        false => json!({ "steady_state_met": is_met, "probes": probes }),
    }
}

/// The statements under `steady` of a fault, as the options have them.
fn steady_of<'a>(result: &'a RunResult, name: &str) -> Vec<&'a str> {
    let faults = result.options["faults"].as_array();
    let declared = faults.into_iter().flatten().find(|fault| {
        let named = fault["name"].as_str().map(str::trim);
        let known = named.filter(|name| !name.is_empty());
        known.or(fault["exec"].as_str()) == Some(name)
    });
    match declared.map(|fault| &fault["steady"]) {
        Some(Value::String(statement)) => vec![statement],
        Some(Value::Array(statements)) => statements.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The objectives, judged at the end; none if there are none.
fn steady_after(result: &RunResult, clock: &Clock) -> Value {
    if result.slos.is_empty() {
        return Value::Null;
    }
    let probes: Vec<Value> = result
        .slos
        .iter()
        .map(|slo| {
            json!({
                "activity": probe(result, &slo_name(slo)),
                "status": "succeeded",
                "start": clock.end(),
                "end": clock.end(),
                "duration": 0.0,
                "output": slo.actual_text,
                "tolerance_met": slo.is_met(),
            })
        })
        .collect();
    json!({
        "steady_state_met": result.slos.iter().all(SloResult::is_met),
        "probes": probes,
    })
}

/// What was put right after a fault, and what was not.
fn rollbacks(result: &RunResult, fault: &FaultResult, clock: &Clock) -> Vec<Value> {
    let (Some(_), Some(end)) = (fault.start_seconds, fault.end_seconds) else {
        return Vec::new();
    };
    let at = clock.at(Some(end));
    let one = |name: &str, error: Option<&str>| {
        let mut run = json!({
            "activity": activity(result, "action", name),
            "status": if error.is_some() { "failed" } else { "succeeded" },
            "start": at,
            "end": at,
            "duration": 0.0,
            "output": null,
        });
        if let Some(error) = error {
            run["exception"] = json!([error]);
        }
        run
    };
    let failed = fault.failed_undos.iter();
    let failed = failed.map(|undo| one(&undo.what, Some(&undo.why)));
    // Which of the effects could not be undone is known only in the words of the undo.
    let done: Vec<Value> = match fault.failed_undos.is_empty() {
        true => fault
            .effects
            .iter()
            .map(|effect| one(&format!("undo: {effect}"), None))
            .collect(),
        false => Vec::new(),
    };
    failed.chain(done).collect()
}

/// Moments of the run as a journal writes them: in UTC, without a zone.
struct Clock {
    start: Option<OffsetDateTime>,
    end: Option<OffsetDateTime>,
}

impl Clock {
    fn of(result: &RunResult) -> Self {
        let read = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
        Self {
            start: read(&result.run.started_at),
            end: read(&result.run.ended_at),
        }
    }

    /// So many seconds after the start. A result does not tell how long `setup` took, so that the moments of faults are early by that.
    fn at(&self, seconds: Option<f64>) -> Option<String> {
        let after = seconds.unwrap_or_default();
        let moment = self
            .start?
            .checked_add(Duration::checked_seconds_f64(after)?)?;
        Some(written(moment))
    }

    fn end(&self) -> Option<String> {
        self.end.map(written)
    }

    fn duration(&self) -> Option<f64> {
        Some((self.end? - self.start?).as_seconds_f64().max(0.0))
    }

    /// A fault as an activity that was run. One that never came has no times, like an activity of which nothing was heard.
    fn run_of(&self, result: &RunResult, fault: &FaultResult) -> Value {
        let came = fault.start_seconds.is_some();
        let is_done = came && fault.status != FaultStatus::Failed;
        let start = fault.start_seconds.and_then(|at| self.at(Some(at)));
        let end = fault.end_seconds.and_then(|at| self.at(Some(at)));
        let duration = match (fault.start_seconds, fault.end_seconds) {
            (Some(start), Some(end)) => Some(end - start),
            _ => None,
        };
        let mut run = json!({
            "activity": activity(result, "action", &fault.name),
            "status": if is_done { "succeeded" } else { "failed" },
            "start": start,
            "end": end,
            "duration": duration,
            "output": {
                "status": fault.status,
                "trigger": fault.trigger,
                "reason": fault.reason,
                "effects": fault.effects,
                "impact": fault.impact,
            },
        });
        if !is_done {
            let why = fault
                .reason
                .as_deref()
                .unwrap_or("the run ended before it came");
            run["exception"] = json!([why]);
        }
        run
    }
}

fn written(moment: OffsetDateTime) -> String {
    let format =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]");
    let utc = moment.to_offset(time::UtcOffset::UTC);
    utc.format(&format).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::{FailedUndo, sample};

    fn fault(name: &str, status: FaultStatus, times: Option<(f64, f64)>) -> FaultResult {
        FaultResult {
            name: name.to_owned(),
            trigger: "at 5s".to_owned(),
            status,
            reason: None,
            effects: vec!["latency on downstream of proxy `pms`".to_owned()],
            start_seconds: times.map(|(start, _)| start),
            end_seconds: times.map(|(_, end)| end),
            failed_undos: Vec::new(),
            impact: None,
            phases: Vec::new(),
        }
    }

    fn met(mut result: RunResult) -> RunResult {
        result.slos.retain(SloResult::is_met);
        result
    }

    #[test]
    fn each_fault_is_an_activity_with_its_times_and_its_undo() {
        let mut result = met(sample::passing());
        result.faults = vec![
            fault("slow", FaultStatus::Held, Some((5.0, 9.5))),
            fault("never", FaultStatus::NotReached, None),
        ];
        result.options["faults"] = json!([{ "name": "slow", "steady": "checks rate > 99%" }]);
        let journal = journal(&result);
        assert_eq!(journal["start"], "2026-03-01T09:05:07.000000");
        assert_eq!(journal["end"], "2026-03-01T09:07:38.200000");
        assert_eq!(journal["duration"], 151.2);
        assert_eq!(
            (&journal["status"], &journal["deviated"]),
            (&json!("completed"), &json!(false))
        );
        let [slow, never] = journal["run"].as_array().unwrap().as_slice() else {
            panic!("{journal:#}");
        };
        assert_eq!(slow["status"], "succeeded");
        assert_eq!(slow["start"], "2026-03-01T09:05:12.000000");
        assert_eq!(slow["end"], "2026-03-01T09:05:16.500000");
        assert_eq!(slow["duration"], 4.5);
        assert_eq!(slow["output"]["status"], "held");
        assert_eq!(
            (&never["status"], &never["start"]),
            (&json!("failed"), &Value::Null)
        );
        let rollbacks = journal["rollbacks"].as_array().unwrap();
        assert_eq!(rollbacks.len(), 1, "{journal:#}");
        assert_eq!(rollbacks[0]["start"], slow["end"]);
        let before = &journal["steady_states"]["before"];
        assert_eq!(before["steady_state_met"], true);
        assert_eq!(before["probes"].as_array().unwrap().len(), 1);
        assert_eq!(journal["steady_states"]["after"]["steady_state_met"], true);
        assert_eq!(journal["experiment"]["method"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn what_is_still_broken_is_a_failed_rollback() {
        let mut result = met(sample::passing());
        let mut stopped = fault("stopped", FaultStatus::Held, Some((1.0, 2.0)));
        stopped.failed_undos = vec![FailedUndo {
            what: "continue process 4711".to_owned(),
            why: "not permitted".to_owned(),
        }];
        result.faults = vec![stopped];
        let journal = journal(&result);
        let rollback = &journal["rollbacks"][0];
        assert_eq!(rollback["status"], "failed");
        assert_eq!(rollback["exception"], json!(["not permitted"]));
        assert_eq!(journal["status"], "failed");
    }

    #[test]
    fn the_words_for_how_it_ended_are_those_of_the_toolkit() {
        let ended = |change: &dyn Fn(&mut RunResult)| {
            let mut result = met(sample::passing());
            change(&mut result);
            let journal = journal(&result);
            (
                journal["status"].as_str().unwrap().to_owned(),
                journal["deviated"].as_bool().unwrap(),
            )
        };
        let is = |word: &str, deviated: bool| (word.to_owned(), deviated);
        assert_eq!(ended(&|_| {}), is("completed", false));
        assert_eq!(
            ended(&|result| result.run.outcome = Outcome::Interrupted),
            is("interrupted", false)
        );
        let setup = |result: &mut RunResult| {
            result.run.outcome = Outcome::SetupFailed {
                reason: "no".to_owned(),
            };
        };
        assert_eq!(ended(&setup), is("aborted", false));
        let missed = |result: &mut RunResult| result.slos = sample::failing().slos;
        assert_eq!(ended(&missed), is("failed", true));
        let unsteady = |result: &mut RunResult| {
            missed(result);
            result.faults = vec![fault("slow", FaultStatus::Skipped, None)];
            result.options["faults"] = json!([{ "exec": "slow", "steady": ["a > 1", "b > 1"] }]);
        };
        assert_eq!(ended(&unsteady), is("failed", false));
    }
}
