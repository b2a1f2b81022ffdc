//! Functions that nothing calls.
//!
//! Of a script only what its plan, its lifecycle, its tests and its own text start is called. Of a module everything may be called by
//! somebody else but what it keeps `private`.

use std::collections::{BTreeMap, BTreeSet};

use rhai::{ASTNode, FnAccess};

use super::{Plan, about, mentioned};
use crate::script::LIFECYCLE;
use crate::script::diagnostic::Diagnostic;
use crate::script::scan::tree::{Function, Source};

/// Functions of a text that cannot be reached.
pub fn check(source: &Source<'_>, plan: &Plan) -> Vec<Diagnostic> {
    let is_script = source.name == source.sources.main && !plan.is_module;
    let mut by_name: BTreeMap<&str, Vec<&Function>> = BTreeMap::new();
    for function in &source.functions {
        by_name.entry(function.name()).or_default().push(function);
    }
    let mut pending: Vec<String> = source
        .functions
        .iter()
        .filter(|function| {
            if is_script {
                is_started(function.name(), plan)
            } else {
                function.definition.access == FnAccess::Public && !function.is_closure()
            }
        })
        .map(|function| function.name().to_owned())
        .collect();
    for statement in source.tree.statements() {
        statement.walk(&mut Vec::new(), &mut |path: &[ASTNode]| {
            mentioned(path, |_, name| pending.push(name.to_owned()));
            true
        });
    }
    let mut used = BTreeSet::new();
    while let Some(name) = pending.pop() {
        let Some(functions) = by_name.get(name.as_str()) else {
            continue;
        };
        if !used.insert(name) {
            continue;
        }
        for function in functions {
            function.tree.walk(&mut |path: &[ASTNode]| {
                mentioned(path, |_, name| pending.push(name.to_owned()));
                true
            });
        }
    }
    let is_unused =
        |function: &&Function| !function.is_closure() && !used.contains(function.name());
    source
        .functions
        .iter()
        .filter(is_unused)
        .map(|function| {
            let message = format!("nothing calls `{}`", function.name());
            let help = if is_script {
                "take it away, call it, or name it in a scenario: `exec: \"…\"`"
            } else {
                "take it away, or take `private` away for those who import the module"
            };
            about(function, source, message)
                .with_code("unused-function")
                .with_help(Some(help.replace('…', function.name())))
        })
        .collect()
}

fn is_started(name: &str, plan: &Plan) -> bool {
    name == "iteration"
        || LIFECYCLE.contains(&name)
        || name.starts_with("test_")
        || plan.started.contains(name)
}
