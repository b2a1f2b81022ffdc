//! In what two runs differ beside their figures: a change may come from there.

use serde_json::Value;

use super::model::Difference;
use crate::result::{Outcome, RunResult};

/// Options that may differ without a word: they are told elsewhere, or say nothing about the load.
const OPTIONS_ASIDE: [&str; 3] = ["seed", "scale", "slos"];
/// More differing options than this are only counted.
const MOST_OPTIONS: usize = 8;
/// An option's value is shown up to this length.
const LONGEST: usize = 40;

/// Everything in which the runs differ that may bear on the figures.
pub fn differences(before: &RunResult, after: &RunResult) -> Vec<Difference> {
    let mut found = Found(Vec::new());
    let (a, b) = (&before.run, &after.run);
    found.note("tool", name(before), name(after));
    found.note("how it ended", ended(&a.outcome), ended(&b.outcome));
    if !found.note("script", &a.script, &b.script) {
        let hash = |text: &str| text.get(..12).unwrap_or(text).to_owned();
        found.note(
            "the script's text (SHA-256)",
            hash(&a.script_sha256),
            hash(&b.script_sha256),
        );
    }
    found.note("scale", a.scale.to_string(), b.scale.to_string());
    let segment = |segment: &Option<String>| {
        segment
            .clone()
            .unwrap_or_else(|| "all of the plan".to_owned())
    };
    found.note(
        "part of the plan",
        segment(&a.execution_segment),
        segment(&b.execution_segment),
    );
    options(&before.options, &after.options, &mut found);
    let (m, n) = (&a.machine, &b.machine);
    found.note(
        "machine: system",
        format!("{} {}", m.os, m.arch),
        format!("{} {}", n.os, n.arch),
    );
    found.note("machine: kernel", &m.kernel, &n.kernel);
    found.note(
        "machine: processors",
        m.cpus.to_string(),
        n.cpus.to_string(),
    );
    found.note(
        "machine: workers",
        m.workers.to_string(),
        n.workers.to_string(),
    );
    // A virtual machine's memory differs by a little from start to start.
    if m.memory_bytes.abs_diff(n.memory_bytes) > m.memory_bytes / 20 {
        let size = |bytes: u64| crate::units::format_bytes(bytes);
        found.note(
            "machine: memory",
            size(m.memory_bytes),
            size(n.memory_bytes),
        );
    }
    found.0
}

/// Whether a difference of that name is one of what the runs were to do.
pub fn is_of_the_plan(what: &str) -> bool {
    matches!(what, "scale" | "part of the plan" | "further options") || what.starts_with("options.")
}

struct Found(Vec<Difference>);

impl Found {
    fn note(&mut self, what: &str, before: impl Into<String>, after: impl Into<String>) -> bool {
        let (before, after) = (before.into(), after.into());
        let differs = before != after;
        if differs {
            self.0.push(Difference {
                what: what.to_owned(),
                before,
                after,
            });
        }
        differs
    }
}

fn name(result: &RunResult) -> String {
    format!("{} {}", result.tool.name, result.tool.version)
}

fn ended(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Completed => "completed",
        Outcome::Interrupted => "interrupted",
        Outcome::Aborted { .. } => "aborted",
        Outcome::SetupFailed { .. } => "setup failed",
    }
}

fn options(before: &Value, after: &Value, found: &mut Found) {
    let mut paths = Vec::new();
    walk("options", before, after, &mut paths);
    let aside = |path: &str| {
        OPTIONS_ASIDE.iter().any(|key| {
            path == format!("options.{key}") || path.starts_with(&format!("options.{key}."))
        })
    };
    paths.retain(|(path, ..)| !aside(path));
    let left = paths.len().saturating_sub(MOST_OPTIONS);
    for (path, before, after) in paths.into_iter().take(MOST_OPTIONS) {
        found.note(&path, before, after);
    }
    if left > 0 {
        found.note("further options", String::new(), format!("{left} differ"));
    }
}

/// The paths at which two values differ, as deep as both are objects.
fn walk(path: &str, before: &Value, after: &Value, paths: &mut Vec<(String, String, String)>) {
    if before == after {
        return;
    }
    if let (Value::Object(a), Value::Object(b)) = (before, after) {
        let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
        for key in keys {
            let of =
                |map: &serde_json::Map<String, Value>| map.get(key).cloned().unwrap_or(Value::Null);
            walk(&format!("{path}.{key}"), &of(a), &of(b), paths);
        }
        return;
    }
    let (a, b) = (text(before), text(after));
    if a == b {
        return;
    }
    paths.push((path.to_owned(), a, b));
}

fn text(value: &Value) -> String {
    let whole = match value {
        Value::Null => "not set".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match whole.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", whole.get(..end).unwrap_or_default()),
        None => whole,
    }
}
