//! What a script can do without and what it should not do: warnings for whoever writes it, not for whoever runs it.
//!
//! In: a script that is right, the functions that its plan starts, and which of them are started again and again by the same users.
//! Out: warnings, each of a kind that a comment can silence where it is meant so: `// rhaid: allow(think-time)`.

mod pauses;
mod silence;
mod unused;
mod urls;

use std::collections::BTreeSet;

use rhai::{ASTNode, Engine, Expr, FnCallExpr, Position, Stmt};

use super::diagnostic::{Diagnostic, in_reading_order};
use super::library::Library;
use super::scan::tree::{Function, Imported, Source, Trees};
use super::sources::Sources;

/// A scenario of a closed model: its users begin the next iteration when the last one is over.
#[derive(Debug, Clone)]
pub struct Closed {
    pub scenario: String,
    pub function: String,
}

/// What the plan says about a script's functions.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Functions that something outside the script's text calls.
    pub started: BTreeSet<String>,
    /// The text is not a script of its own: whoever imports it may call what it does not keep `private`.
    pub is_module: bool,
    /// Scenarios that nothing slows down but their own functions.
    pub closed: Vec<Closed>,
}

/// Warnings about a script and the modules it imports, as a reader meets them.
pub fn advise(engine: &Engine, sources: &Sources, plan: &Plan) -> Vec<Diagnostic> {
    let library = Library::of(engine);
    let trees = Trees::new(sources);
    let mut texts: Vec<(String, std::rc::Rc<rhai::AST>)> = Vec::new();
    let mut pending = vec![sources.main.clone()];
    let mut seen = BTreeSet::new();
    while let Some(name) = pending.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let Some(tree) = trees.get(&name) else {
            continue;
        };
        let source = Source::new(&name, &tree, sources, &trees, &library);
        for imported in source.imports.values() {
            if let Imported::Modules(modules) = imported {
                pending.extend(modules.iter().cloned());
            }
        }
        texts.push((name, tree));
    }
    let all: Vec<Source<'_>> = texts
        .iter()
        .map(|(name, tree)| Source::new(name, tree, sources, &trees, &library))
        .collect();
    let mut found = Vec::new();
    for source in &all {
        // The standard library is not the reader's to mend.
        if source.name.starts_with("std/") {
            continue;
        }
        found.extend(unused::check(source, plan));
        found.extend(urls::check(source));
    }
    found.extend(pauses::check(&all, plan));
    found.retain(|warning| !silence::is_silenced(warning, sources));
    in_reading_order(&mut found, sources);
    found
}

/// The call at the end of a path, with its place.
fn call_at<'a>(path: &'a [ASTNode<'a>]) -> Option<(&'a FnCallExpr, Position)> {
    match path.last()? {
        ASTNode::Stmt(Stmt::FnCall(call, position))
        | ASTNode::Expr(Expr::FnCall(call, position) | Expr::MethodCall(call, position)) => {
            Some((call, *position))
        }
        _ => None,
    }
}

/// Names that may stand for functions at the end of a path: what is called, passed on, or written as a text, as in
/// `exec: "name"` and `Fn("name")`. With the alias of the module, if it is another one's.
fn mentioned(path: &[ASTNode], mut found: impl FnMut(&str, &str)) {
    match path.last() {
        Some(
            ASTNode::Stmt(Stmt::FnCall(call, _))
            | ASTNode::Expr(Expr::FnCall(call, _) | Expr::MethodCall(call, _)),
        ) => found(&call.namespace.to_string(), &call.name),
        Some(ASTNode::Expr(Expr::Variable(variable, ..))) => {
            found(&variable.2.to_string(), &variable.1);
        }
        Some(ASTNode::Expr(Expr::StringConstant(text, _))) => found("", text),
        Some(ASTNode::Expr(Expr::DynamicConstant(value, _))) => {
            if let Some(pointer) = value.read_lock::<rhai::FnPtr>() {
                found("", pointer.fn_name());
            }
        }
        _ => {}
    }
}

/// A warning about a function, at its name.
fn about(function: &Function, source: &Source<'_>, message: String) -> Diagnostic {
    super::diagnostic::of_definition(
        function.name(),
        function.definition.body.start_position(),
        source.name,
        source.sources,
        message,
    )
    .as_warning()
}
