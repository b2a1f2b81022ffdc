//! Scenarios of a closed model whose users never pause.
//!
//! Such a user sends its next request the moment the last one is answered. Nobody does that, and the load that comes of it depends on how
//! fast the target answers: it is least when the target is slowest.

use std::collections::{BTreeMap, BTreeSet};

use rhai::{ASTNode, Stmt};

use super::{Closed, Plan, about, call_at, mentioned};
use crate::script::diagnostic::Diagnostic;
use crate::script::scan::tree::{Function, Imported, Source};

/// What a function does, with all that it calls.
#[derive(Default)]
struct Does {
    requests: bool,
    pauses: bool,
}

/// Scenarios that send requests and never pause. `all`: the script and every module it imports.
pub fn check(all: &[Source<'_>], plan: &Plan) -> Vec<Diagnostic> {
    let sources: BTreeMap<&str, &Source<'_>> =
        all.iter().map(|source| (source.name, source)).collect();
    let Some(script) = all.iter().find(|source| source.name == source.sources.main) else {
        return Vec::new();
    };
    let mut by_function: BTreeMap<&str, Vec<&Closed>> = BTreeMap::new();
    for closed in &plan.closed {
        by_function
            .entry(&closed.function)
            .or_default()
            .push(closed);
    }
    let mut found = Vec::new();
    for (name, scenarios) in by_function {
        let does = follow(script, name, &sources);
        if !does.requests || does.pauses {
            continue;
        }
        let Some(function) = script.functions.iter().find(|f| f.name() == name) else {
            continue;
        };
        let names: Vec<String> = scenarios
            .iter()
            .map(|closed| format!("`{}`", closed.scenario))
            .collect();
        let message = format!(
            "users of {} send request after request without a pause",
            names.join(" and ")
        );
        let help = "pause as people do: import \"std/think\" as think; and between requests think::normal(\"2s\", \"500ms\"); or give the scenario a `pace`, or a rate by \"constant-arrival-rate\". If it is meant so, write above the function: // rhaid: allow(think-time)";
        found.push(
            about(function, script, message)
                .with_code("think-time")
                .with_help(Some(help.to_owned())),
        );
    }
    found
}

/// Looks through a function and all that it calls or passes on, in its text and in the modules it uses.
fn follow(script: &Source<'_>, name: &str, sources: &BTreeMap<&str, &Source<'_>>) -> Does {
    let mut does = Does::default();
    let mut pending: Vec<(String, String)> = vec![(script.name.to_owned(), name.to_owned())];
    let mut seen = BTreeSet::new();
    let mut functions: BTreeMap<&str, BTreeMap<&str, Vec<&Function>>> = BTreeMap::new();
    while let Some((text, name)) = pending.pop() {
        if does.pauses || !seen.insert((text.clone(), name.clone())) {
            continue;
        }
        let Some(source) = sources.get(text.as_str()) else {
            continue;
        };
        let by_name = functions.entry(source.name).or_insert_with(|| {
            let mut by_name: BTreeMap<&str, Vec<&Function>> = BTreeMap::new();
            for function in &source.functions {
                by_name.entry(function.name()).or_default().push(function);
            }
            by_name
        });
        for function in by_name.get(name.as_str()).into_iter().flatten() {
            function.tree.walk(&mut |path: &[ASTNode]| {
                look_at(path, source, sources, &mut does, &mut pending);
                !does.pauses
            });
        }
        // A constant may hold closures, or maps and lists of them.
        for statement in source.tree.statements() {
            if !matches!(statement, Stmt::Var(variable, ..) if variable.0.name == name) {
                continue;
            }
            statement.walk(&mut Vec::new(), &mut |path: &[ASTNode]| {
                look_at(path, source, sources, &mut does, &mut pending);
                !does.pauses
            });
        }
    }
    does
}

/// What the end of a path does, and which names it leads on to.
fn look_at(
    path: &[ASTNode],
    source: &Source<'_>,
    sources: &BTreeMap<&str, &Source<'_>>,
    does: &mut Does,
    pending: &mut Vec<(String, String)>,
) {
    if let Some((call, _)) = call_at(path) {
        does.requests |= call.namespace.to_string() == "http";
        does.pauses |= match (call.name.as_str(), call.args.len()) {
            // A method `wait` waits for what the target does, which is a pause, too.
            ("sleep" | "wait" | "eval", _) => true,
            // Of a queue that is shared, with a timeout.
            ("pop", 1) | ("push", 2) => call.namespace.is_empty(),
            _ => false,
        };
    }
    mentioned(path, |alias, name| {
        if alias.is_empty() || alias == "global" {
            pending.push((source.name.to_owned(), name.to_owned()));
            return;
        }
        match modules(alias, source, sources) {
            Some(modules) => {
                let there = modules.into_iter();
                pending.extend(there.map(|module| (module, name.to_owned())));
            }
            // Nobody knows what is in it.
            None => does.pauses = true,
        }
    });
}

/// The modules that an alias leads to, also one through other modules (`a::b`); nothing if one of them is computed.
fn modules(
    alias: &str,
    source: &Source<'_>,
    sources: &BTreeMap<&str, &Source<'_>>,
) -> Option<Vec<String>> {
    let mut here = vec![source.name.to_owned()];
    for part in alias.split("::") {
        let mut there = Vec::new();
        for source in here.iter().filter_map(|name| sources.get(name.as_str())) {
            match source.imports.get(part) {
                Some(Imported::Modules(modules)) => there.extend(modules.iter().cloned()),
                Some(Imported::Unknown) => return None,
                // One of rhaid's own.
                None => {}
            }
        }
        here = there;
    }
    Some(here)
}
