//! Texts that are no scripts of their own but imported by some: what is wrong with one when it is looked at alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rhai::{AST, FnAccess, Stmt};

use super::advice::{Plan, advise};
use super::diagnostic::{Diagnostic, Severity, in_reading_order};
use super::program::Program;
use super::scan::tree::Trees;
use super::scan::{LIFECYCLE, scan};
use super::sources::Sources;
use crate::secrets::Secrets;
use crate::suggest::nearest;

/// Whether a text is a module: it has functions or exports something, but neither options nor any function that a run starts by itself.
pub fn is_module(sources: &Sources) -> bool {
    let trees = Trees::new(sources);
    trees.get(&sources.main).is_some_and(|tree| offers(&tree))
}

fn offers(tree: &AST) -> bool {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for function in tree.iter_functions() {
        if function.access == FnAccess::Public && !function.name.starts_with("anon$") {
            names.insert(function.name);
        }
    }
    let mut variables = BTreeSet::new();
    let mut exports = false;
    for statement in tree.statements() {
        match statement {
            Stmt::Var(variable, flags, _) => {
                variables.insert(variable.0.name.as_str());
                exports |= flags.contains(rhai::ASTFlags::EXPORTED);
            }
            Stmt::Export(..) => exports = true,
            _ => {}
        }
    }
    let starts = |name: &&str| *name == "iteration" || LIFECYCLE.contains(name);
    let is_meant = nearest("iteration", names.iter().copied()).is_some()
        || variables
            .iter()
            .any(|name| nearest(name, ["options"]).is_some());
    (exports || !names.is_empty())
        && !names.iter().any(starts)
        && !variables.contains("options")
        && !is_meant
}

/// What is wrong with a module, and what it hardly means.
pub fn check_module(
    sources: &Sources,
    env: &Arc<BTreeMap<String, String>>,
    secrets: &Secrets,
) -> Vec<Diagnostic> {
    let mut found = match Program::compile_to_look_at(sources, env, secrets) {
        Err(error) => return error.0,
        Ok(program) => {
            let mut found = scan(program.engine(), sources).problems;
            if found.iter().all(|d| d.severity == Severity::Warning) {
                let plan = Plan {
                    is_module: true,
                    ..Plan::default()
                };
                found.extend(advise(program.engine(), sources, &plan));
            }
            found
        }
    };
    in_reading_order(&mut found, sources);
    found
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_module_has_something_to_offer_and_nothing_to_start() {
        for (text, is) in [
            ("fn login() { }", true),
            ("export const BASE = 1;", true),
            ("private fn hidden() { }", false),
            ("fn login() { }\nfn setup() { }", false),
            ("fn iteration() { }", false),
            ("fn iterate() { }", false),
            ("export const optoins = #{};\nfn visit() { }", false),
            ("export const options = #{};\nfn visit() { }", false),
            ("fn login( {", false),
            ("", false),
        ] {
            let sources = Sources::from_text(Path::new("m.rhai"), text);
            assert_eq!(is_module(&sources), is, "{text}");
        }
    }
}
