//! `rhaid inspect`: a script's resolved options and plan, as JSON.

use serde_json::{Value, json};

use super::command_args::InspectArguments;
use super::{Failure, config, print};
use crate::executor::Plan;
use crate::exit;
use crate::options::Scenario;
use crate::run::{Blueprint, public_options};
use crate::units::format_duration;

/// Prints the plan.
pub fn run(arguments: InspectArguments) -> Result<u8, Failure> {
    let blueprint = Blueprint::draw_up(config::request(&arguments.script)?)?;
    super::warn(&blueprint.warnings);
    let options = &blueprint.options;
    let mut document = json!({
        "script": blueprint.sources.main,
        "options": public_options(&blueprint.raw),
        "seed": options.seed,
        "scale": options.scale,
        "plan": options.scenarios.iter().map(|scenario| describe(scenario, &blueprint)).collect::<Vec<_>>(),
        "slos": options.slos.iter().map(|slo| json!({
            "name": slo.name,
            "metric": slo.selector.to_string(),
            "target": slo.target.to_string(),
            "warn": slo.warn.as_ref().map(ToString::to_string),
            "priority": slo.priority.label(),
            "abort": slo.abort,
            "over": slo.over.map(format_duration),
            "optional": slo.optional,
        })).collect::<Vec<_>>(),
        "functions": blueprint.functions,
        "metrics": blueprint.metrics.iter().map(|(name, metric)| json!({ "name": name, "kind": metric.kind.to_string() })).collect::<Vec<_>>(),
    });
    blueprint.secrets.mask_json(&mut document);
    print(&format!(
        "{}\n",
        serde_json::to_string_pretty(&document).unwrap_or_default()
    ))?;
    Ok(exit::PASS)
}

fn describe(scenario: &Scenario, blueprint: &Blueprint) -> Value {
    let executor = &scenario.executor;
    let share = blueprint.share.segment_only();
    let part = match executor.plan(&share) {
        Plan::Looping { steps, budget } => {
            let steps: Vec<Value> = steps
                .take(10_000)
                .map(|step| json!({ "at_seconds": step.at.as_secs_f64(), "vus": step.vus }))
                .collect();
            json!({ "model": "closed", "budget": format!("{budget:?}"), "vu_steps": steps })
        }
        Plan::Arrivals {
            starts,
            pre_allocated_vus,
            max_vus,
        } => {
            let first: Vec<f64> = starts.take(10).map(|at| at.as_secs_f64()).collect();
            json!({ "model": "open", "pre_allocated_vus": pre_allocated_vus, "max_vus": max_vus, "first_starts_seconds": first })
        }
        Plan::External { vus, max_vus } => {
            json!({ "model": "external", "vus": vus, "max_vus": max_vus })
        }
        Plan::ExternalArrivals {
            rate,
            pre_allocated_vus,
            max_vus,
        } => {
            json!({ "model": "external", "rate": rate, "pre_allocated_vus": pre_allocated_vus, "max_vus": max_vus })
        }
    };
    json!({
        "scenario": scenario.name,
        "executor": executor.kind().name(),
        "exec": scenario.exec,
        "description": executor.describe(),
        "start_seconds": scenario.start_time.as_secs_f64(),
        "after": scenario.after,
        "duration_seconds": executor.duration().map(|duration| duration.as_secs_f64()),
        "graceful_stop_seconds": scenario.graceful_stop.as_secs_f64(),
        "pace_seconds": scenario.pace.map(|pace| pace.as_secs_f64()),
        "max_vus": executor.max_vus(),
        "planned_iterations": executor.planned_iterations(),
        "this_segment": part,
    })
}
