//! Which run it was, with what options.

use serde::Serialize;

use super::super::format::{bytes, span};
use super::super::health::{from_start_to_end, lasted};
use crate::result::RunResult;

#[derive(Serialize)]
pub struct Run<'a> {
    id: &'a str,
    script: &'a str,
    facts: Vec<Fact>,
    options: String,
}

#[derive(Serialize)]
struct Fact {
    label: &'static str,
    value: String,
    /// Whether it is a name or a hash rather than words.
    code: bool,
}

pub fn run(result: &RunResult) -> serde_json::Result<Run<'_>> {
    Ok(Run {
        id: &result.run.id,
        script: &result.run.script,
        facts: facts(result),
        options: serde_json::to_string_pretty(&result.options)?,
    })
}

fn facts(result: &RunResult) -> Vec<Fact> {
    let run = &result.run;
    let mut facts = Vec::new();
    let mut add = |label, value: String, code| {
        if !value.is_empty() {
            facts.push(Fact { label, value, code });
        }
    };
    add("Script", run.script.clone(), true);
    add("SHA-256 of the script", run.script_sha256.clone(), true);
    for reload in &run.reloads {
        let value = format!("version {}: {}", reload.version, reload.script_sha256);
        add("Taken over by", value, true);
    }
    if let Some(git) = &run.git {
        let branch = git.branch.as_ref().map(|name| format!(" on {name}"));
        let dirty = if git.dirty {
            ", with uncommitted changes"
        } else {
            ""
        };
        let value = format!("{}{}{dirty}", git.commit, branch.unwrap_or_default());
        add("Commit", value, true);
    }
    add("Run", run.id.clone(), true);
    add("Began", run.started_at.clone(), false);
    add("Ended", run.ended_at.clone(), false);
    let (scenarios, all) = (lasted(result), from_start_to_end(result));
    let mut took = span(scenarios, true);
    if all - scenarios >= 0.5 {
        took = format!(
            "{took}, {} with what comes before and after",
            span(all, true)
        );
    }
    add("Took", took, false);
    add("Seed", run.seed.to_string(), true);
    if run.scale != 1.0 {
        add("Scale", run.scale.to_string(), false);
    }
    add(
        "Segment",
        run.execution_segment.clone().unwrap_or_default(),
        true,
    );
    add("Machine", machine(result), false);
    add(
        "Made by",
        format!("{} {}", result.tool.name, result.tool.version),
        false,
    );
    facts
}

fn machine(result: &RunResult) -> String {
    let machine = &result.run.machine;
    let mut parts = vec![
        [&machine.os, &machine.kernel, &machine.arch]
            .map(String::as_str)
            .join(" ")
            .trim()
            .to_owned(),
    ];
    if machine.cpus > 0 {
        parts.push(format!("{} processors", machine.cpus));
    }
    if machine.memory_bytes > 0 {
        parts.push(bytes(machine.memory_bytes as f64));
    }
    parts.retain(|part| !part.is_empty());
    parts.join(", ")
}
