//! `rhaid run --dry-run`: the plan and what its faults may do at most, without sending or breaking anything.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::command_args::RunArguments;
use super::values::Format;
use super::{Failure, print, print_plain};
use crate::chaos::blast::{Blast, Radius};
use crate::chaos::kubernetes::{self, Configured};
use crate::chaos::probe::Condition;
use crate::chaos::{FaultPlan, Permission, Touches, Trigger};
use crate::exit;
use crate::options::{Scenario, plan_length};
use crate::report::format::percent;
use crate::run::Blueprint;
use crate::units::format_duration;

/// What no look at a script can tell.
const UNKNOWN: &str = "What the functions of faults do, and which faults a script injects by itself, is known only when they run; \
they may touch no more than is allowed.";

/// Tells it all, as text or as JSON.
///
/// # Errors
/// When it cannot be printed.
pub fn tell(arguments: &RunArguments, blueprint: &Blueprint) -> Result<u8, Failure> {
    let plan = Planned::of(arguments, blueprint);
    match arguments.format {
        Format::Json => {
            let mut document = plan.document();
            blueprint.secrets.mask_json(&mut document);
            let text = serde_json::to_string_pretty(&document).unwrap_or_default();
            print(&format!("{text}\n"))?;
        }
        Format::Text => {
            let mut text = plan.text();
            blueprint.secrets.mask_text(&mut text);
            print_plain(&text)?;
        }
    }
    Ok(exit::PASS)
}

/// Everything that is told.
struct Planned<'a> {
    blueprint: &'a Blueprint,
    /// None if nothing ends the scenarios.
    length: Option<Duration>,
    faults: &'a [FaultPlan],
    blast: Blast,
    permission: Permission,
    /// The cluster of faults that name none, or why there is none; nothing if none may be touched.
    cluster: Option<Result<Configured, String>>,
    missing: Vec<String>,
    notes: Vec<String>,
}

impl<'a> Planned<'a> {
    fn of(arguments: &RunArguments, blueprint: &'a Blueprint) -> Self {
        let options = &blueprint.options;
        let faults = match arguments.no_faults {
            true => &[][..],
            false => options.chaos.faults.as_slice(),
        };
        let length = plan_length(&options.scenarios);
        let touches: BTreeSet<Touches> = arguments.allow_faults.iter().copied().collect();
        let may_touch_cluster = !arguments.no_faults && touches.contains(&Touches::Kubernetes);
        let mut planned = Self {
            blueprint,
            cluster: may_touch_cluster
                .then(|| kubernetes::configured().map_err(|why| why.to_string())),
            length,
            faults,
            blast: Blast::of(faults, length),
            permission: Permission {
                touches,
                hosts: options.http.rules.clone(),
                leaves_out: arguments.no_faults,
            },
            missing: Vec::new(),
            notes: Vec::new(),
        };
        planned.missing = planned.what_is_missing();
        planned.notes = planned.what_is_odd(arguments.no_faults);
        planned
    }

    /// Without what the run would be refused.
    fn what_is_missing(&self) -> Vec<String> {
        let chaos = &self.blueprint.options.chaos;
        let mut missing = Vec::new();
        let allowed = &self.permission.touches;
        let needs_process = !chaos.commands.is_empty() && !allowed.contains(&Touches::Process);
        let needs_any = !self.faults.is_empty() && allowed.is_empty();
        if needs_process {
            let mut kinds = allowed.clone();
            if needs_any {
                kinds.extend(Touches::of_own_traffic());
            }
            kinds.insert(Touches::Process);
            let flag = format!("--allow-faults={}", names(&kinds).join(","));
            missing.push(format!("{flag}: the run starts commands of its own"));
        } else if needs_any {
            missing.push(
                "--allow-faults: for its own traffic (proxy, dns); other kinds by name, such as --allow-faults=proxy,process"
                    .to_owned(),
            );
        }
        for proxy in &chaos.proxies {
            if !self.permission.covers_address(&proxy.upstream) {
                missing.push(format!(
                    "`allowed_hosts` with the host of `{}`: proxy `{}` stands before another machine",
                    proxy.upstream, proxy.name
                ));
            }
        }
        missing
    }

    fn what_is_odd(&self, is_left_out: bool) -> Vec<String> {
        let mut notes = Vec::new();
        // Nothing is refused for that: it is the fault that fails.
        match &self.cluster {
            Some(Ok(cluster)) if !self.permission.covers_url(&cluster.url) => {
                notes.push(format!(
                    "a fault on the cluster at {} will fail, for it is on another machine: name its host in `allowed_hosts`",
                    cluster.url
                ));
            }
            Some(Err(why)) => notes.push(format!(
                "a fault on a cluster will fail: {}",
                why.replace("\nhelp: ", "; ")
            )),
            _ => {}
        }
        let declared = self.blueprint.options.chaos.faults.len();
        if is_left_out && declared > 0 {
            notes.push(format!(
                "--no-faults leaves out what is declared: {declared}"
            ));
        }
        for (fault, radius) in self.faults.iter().zip(&self.blast.faults) {
            if radius.is_too_late {
                notes.push(format!(
                    "the fault `{}` never comes: the plan is over before",
                    fault.name
                ));
            } else if fault.guards.is_empty() {
                notes.push(format!(
                    "the fault `{}` has no `guard`: only its time ends it",
                    fault.name
                ));
            }
        }
        notes
    }

    fn users(&self) -> u64 {
        let scenarios = self.blueprint.options.scenarios.iter();
        scenarios
            .map(|scenario| u64::from(scenario.executor.max_vus()))
            .sum()
    }

    fn document(&self) -> Value {
        let options = &self.blueprint.options;
        let seconds = |time: Duration| time.as_secs_f64();
        json!({
            "script": self.blueprint.sources.main,
            "dry_run": true,
            "plan": {
                "duration_seconds": self.length.map(seconds),
                "max_vus": self.users(),
                "scenarios": options.scenarios.iter().map(|scenario| json!({
                    "scenario": scenario.name,
                    "executor": scenario.executor.kind().name(),
                    "exec": scenario.exec,
                    "description": scenario.executor.describe(),
                    "start_seconds": seconds(scenario.start_time),
                    "after": scenario.after,
                    "duration_seconds": scenario.executor.duration().map(seconds),
                    "max_vus": scenario.executor.max_vus(),
                    "planned_iterations": scenario.executor.planned_iterations(),
                })).collect::<Vec<_>>(),
            },
            "targets": {
                "proxies": options.chaos.proxies.iter().map(|proxy| json!({
                    "name": proxy.name,
                    "upstream": proxy.upstream,
                    "listen": proxy.listen,
                    "route": proxy.route,
                    "allowed": self.permission.covers_address(&proxy.upstream),
                })).collect::<Vec<_>>(),
                "commands": options.chaos.commands.iter().map(|command| json!({
                    "name": command.name,
                    "run": command.spec.argv,
                })).collect::<Vec<_>>(),
                "cluster": self.cluster.as_ref().and_then(|cluster| cluster.as_ref().ok()).map(|cluster| json!({
                    "url": cluster.url,
                    "by": cluster.by,
                    "namespace": cluster.namespace,
                    "allowed": self.permission.covers_url(&cluster.url),
                })),
            },
            "allowed_kinds": names(&self.permission.touches),
            "faults": self.faults.iter().zip(&self.blast.faults).map(fault_document).collect::<Vec<_>>(),
            "under_fault_seconds": self.blast.longest.map(seconds),
            "under_fault_share": self.blast.share,
            "missing": self.missing,
            "notes": self.notes,
        })
    }

    fn text(&self) -> String {
        let options = &self.blueprint.options;
        let mut lines = vec![
            format!(
                "Dry run of {}: nothing was sent, nothing was broken.",
                self.blueprint.sources.main
            ),
            String::new(),
            format!("Plan  {}, at most {} VUs", told(self.length), self.users()),
        ];
        lines.extend(options.scenarios.iter().map(scenario_line));
        lines.push(String::new());
        if self.faults.is_empty() {
            lines.push("Faults  none".to_owned());
        } else {
            lines.push(format!(
                "Faults  at work for {} at most{}",
                told(self.blast.longest),
                share(self.blast.share)
            ));
        }
        for (fault, radius) in self.faults.iter().zip(&self.blast.faults) {
            fault_lines(fault, radius, &mut lines);
        }
        lines.extend([String::new(), "Targets".to_owned()]);
        if options.chaos.proxies.is_empty() && options.chaos.commands.is_empty() {
            lines.push("  the run declares neither proxies nor commands".to_owned());
        }
        for proxy in &options.chaos.proxies {
            let way = match proxy.route {
                true => "the load for it goes through the proxy",
                false => "the load goes past the proxy",
            };
            lines.push(format!(
                "  proxy `{}` before {}: {way}",
                proxy.name, proxy.upstream
            ));
        }
        for command in &options.chaos.commands {
            lines.push(format!(
                "  command `{}`: {}",
                command.name,
                command.spec.argv.join(" ")
            ));
        }
        if let Some(Ok(cluster)) = &self.cluster {
            lines.push(format!(
                "  cluster at {}, namespace `{}`, by {}",
                cluster.url, cluster.namespace, cluster.by
            ));
        }
        let kinds = names(&self.permission.touches);
        lines.push(match kinds.is_empty() {
            true => "  allowed kinds: none".to_owned(),
            false => format!("  allowed kinds: {}", kinds.join(", ")),
        });
        lines.extend([String::new(), UNKNOWN.to_owned()]);
        for (heading, rows) in [("Missing", &self.missing), ("Notes", &self.notes)] {
            if !rows.is_empty() {
                lines.extend([String::new(), heading.to_owned()]);
                lines.extend(rows.iter().map(|row| format!("  {row}")));
            }
        }
        lines.join("\n") + "\n"
    }
}

fn names(kinds: &BTreeSet<Touches>) -> Vec<&'static str> {
    kinds.iter().map(|kind| kind.name()).collect()
}

fn told(time: Option<Duration>) -> String {
    time.map_or_else(|| "without an end".to_owned(), format_duration)
}

fn share(share: Option<f64>) -> String {
    share.map_or_else(String::new, |share| {
        format!(", {} of the plan", percent(share))
    })
}

fn scenario_line(scenario: &Scenario) -> String {
    let start = match (&scenario.after, scenario.start_time) {
        (Some(other), pause) if pause.is_zero() => format!(", after `{other}`"),
        (Some(other), pause) => format!(", {} after `{other}`", format_duration(pause)),
        (None, start) if start.is_zero() => String::new(),
        (None, start) => format!(", from {} on", format_duration(start)),
    };
    format!(
        "  {} · {}(): {}{start}",
        scenario.name,
        scenario.exec,
        scenario.executor.describe()
    )
}

fn labels(conditions: &[Condition]) -> Vec<String> {
    conditions.iter().map(Condition::label).collect()
}

fn fault_lines(fault: &FaultPlan, radius: &Radius, lines: &mut Vec<String>) {
    lines.push(format!("  {} · {}()", fault.name, fault.exec));
    let times = match radius.times {
        Some(1) => String::new(),
        Some(times) => format!(", {times} times at most"),
        None => ", as often as that".to_owned(),
    };
    let start = match (&fault.trigger, radius.start) {
        (Trigger::After { .. }, Some(start)) => {
            format!(", which is at {} if that is held", format_duration(start))
        }
        _ => String::new(),
    };
    lines.push(format!("    comes   {}{start}{times}", fault.trigger));
    lines.push(format!(
        "    lasts   {} at most; in all {}{}",
        format_duration(fault.duration),
        told(radius.longest),
        share(radius.share)
    ));
    if !fault.steady.is_empty() {
        lines.push(format!(
            "    steady  {}, for {} before",
            labels(&fault.steady).join(" and "),
            format_duration(fault.steady_for)
        ));
    }
    for guard in &fault.guards {
        let end = match guard.abort {
            true => "or it is undone and the run ends",
            false => "or it is undone",
        };
        lines.push(format!(
            "    guard   {}, over {}, {end}",
            guard.holds.label(),
            format_duration(guard.over)
        ));
    }
}

fn fault_document((fault, radius): (&FaultPlan, &Radius)) -> Value {
    json!({
        "name": fault.name,
        "exec": fault.exec,
        "trigger": fault.trigger.to_string(),
        "start_seconds": radius.start.map(|start| start.as_secs_f64()),
        "duration_seconds": fault.duration.as_secs_f64(),
        "times": radius.times,
        "longest_seconds": radius.longest.map(|longest| longest.as_secs_f64()),
        "share_of_plan": radius.share,
        "steady": labels(&fault.steady),
        "steady_seconds": fault.steady_for.as_secs_f64(),
        "guards": fault.guards.iter().map(|guard| json!({
            "holds": guard.holds.label(),
            "over_seconds": guard.over.as_secs_f64(),
            "abort": guard.abort,
        })).collect::<Vec<_>>(),
        "comes_too_late": radius.is_too_late,
    })
}
