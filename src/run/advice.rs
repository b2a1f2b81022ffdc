//! What a script's author is advised of beyond what is wrong: see [`script::advice`](crate::script::advice).

use std::collections::BTreeSet;

use serde_json::Value;

use super::blueprint::{Blueprint, executed_functions};
use super::masking::mask_diagnostics;
use crate::executor::Kind;
use crate::options::Scenario;
use crate::script::advice::{Closed, Plan, advise};
use crate::script::{self, Diagnostic};

/// Iterations of one user that are still a trial and no load.
const TRIAL: u64 = 10;

/// Advice about a script that is right. What its warnings have said is not said again.
pub fn of(blueprint: &Blueprint) -> Vec<Diagnostic> {
    let scenarios: Option<Value> = blueprint.raw.get("scenarios").cloned();
    let executed = executed_functions(&scenarios, Some(&blueprint.options));
    let is_capped = blueprint.options.http.rps.is_some();
    let closed = blueprint
        .options
        .scenarios
        .iter()
        .filter(|scenario| !is_capped && hurries(scenario))
        .map(|scenario| Closed {
            scenario: scenario.name.clone(),
            function: scenario.exec.clone(),
        });
    let plan = Plan {
        started: executed.into_iter().collect::<BTreeSet<_>>(),
        is_module: false,
        closed: closed.collect(),
    };
    let engine = script::bare_engine(&blueprint.sources, &blueprint.env, &blueprint.secrets);
    let mut found = advise(&engine, &blueprint.sources, &plan);
    found.retain(|advice| {
        let is_same = |known: &Diagnostic| {
            known.source == advice.source
                && known.line == advice.line
                && known.message == advice.message
        };
        !blueprint.warnings.iter().any(is_same)
    });
    mask_diagnostics(&mut found, &blueprint.secrets);
    found
}

/// Whether nothing but its function holds a user of the scenario up.
fn hurries(scenario: &Scenario) -> bool {
    let executor = &scenario.executor;
    if scenario.pace.is_some() || executor.is_open() {
        return false;
    }
    match executor.kind() {
        Kind::ConstantVus | Kind::RampingVus | Kind::ExternallyControlled => true,
        Kind::PerVuIterations | Kind::SharedIterations => {
            let users = u64::from(executor.max_vus()).max(1);
            users > 1
                && executor
                    .planned_iterations()
                    .is_some_and(|all| all / users > TRIAL)
        }
        Kind::ConstantArrivalRate | Kind::RampingArrivalRate => false,
    }
}
