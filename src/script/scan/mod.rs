//! What a script's syntax tree tells before anything runs: metrics it makes, names that do not exist.
//!
//! The tree that runs is optimised: what is constant has no place and no names left in it. So each text is parsed once more as it
//! is written, and looked through together with the modules it imports.

mod calls;
mod columns;
mod context;
mod faults;
mod held;
mod hooks;
pub(in crate::script) mod kept;
mod literals;
mod names;
mod responses;
mod special;
pub(in crate::script) mod tree;

use std::collections::{BTreeMap, BTreeSet};

use rhai::{ASTNode, Engine, Expr, FnCallExpr, Position, Stmt};

use self::tree::{Imported, Source, Trees};
use super::api::RESPONSE;
use super::diagnostic::Diagnostic;
use super::library::Library;
use super::sources::Sources;
use crate::metrics::{Contains, MetricKind};

pub use context::OfContext;
pub use faults::{Declared, Named};
pub use literals::{ENVIRONMENT, Needed, places};
pub use special::{LIFECYCLE, special_names};

/// A metric that a script makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricUse {
    pub kind: MetricKind,
    pub contains: Contains,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Scan {
    /// Metrics made under a name that is written out.
    pub metrics: BTreeMap<String, MetricUse>,
    /// Some metric's name is computed, so more may appear.
    pub computed_metrics: bool,
    /// Webhooks are received.
    pub receives: bool,
    pub problems: Vec<Diagnostic>,
    /// Variables of the environment without which a call throws.
    pub needed: Vec<Needed>,
    /// Mistakes of the script's functions if they are a scenario's.
    pub of_context: Vec<OfContext>,
    /// Proxies, commands and faults that are named, and that the options must declare.
    pub named: Vec<Named>,
    /// Names that the texts mention, of tags perhaps: keys of maps and texts.
    pub mentioned: BTreeSet<String>,
}

/// Looks through a script and the modules it imports.
pub fn scan(engine: &Engine, sources: &Sources) -> Scan {
    let mut scan = Scan::default();
    let library = Library::of(engine);
    let trees = Trees::new(sources);
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
        pending.extend(source.imports.values().flat_map(|imported| match imported {
            Imported::Modules(modules) => modules.clone(),
            Imported::Unknown => Vec::new(),
        }));
        scan.problems.extend(source.unreadable.iter().cloned());
        let names = names::check(&source);
        let nowhere: BTreeSet<_> = names
            .iter()
            .map(|d| (Some(d.line), Some(d.column)))
            .collect();
        let responses = responses::Responses::of(&source);
        let of_response = responses::receivers(&source, &responses);
        let unknown =
            |position: Position| nowhere.contains(&(position.line(), position.position()));
        tree.walk(&mut |path: &[ASTNode]| {
            if let Some((call, position, method)) = call_of(path) {
                note_metric(call, &mut scan);
                // A module of that name would be the script's own.
                scan.receives |=
                    call.namespace.to_string() == "hooks" && !source.imports.contains_key("hooks");
                // Of a value that does not exist nobody knows the methods.
                if !(method && receiver(path).is_some_and(unknown)) {
                    let kind = method.then(|| kind_of_receiver(path, &of_response));
                    scan.problems
                        .extend(calls::check(call, position, kind, &source));
                }
                if call.namespace.is_empty() || scan.receives {
                    scan.problems.extend(hooks::check(call, method, &source));
                }
                if method {
                    scan.problems
                        .extend(faults::hijacked(call, position, &source));
                } else {
                    scan.named.extend(faults::named(call, &source));
                    scan.problems
                        .extend(literals::check(call, position, &source));
                    scan.needed.extend(literals::needed(call, path, &source));
                }
            }
            let (wrong, named) = faults::check(path, &source);
            scan.problems.extend(wrong);
            scan.named.extend(named);
            if let Some(ASTNode::Expr(Expr::StringConstant(text, _))) = path.last() {
                scan.mentioned.insert(text.to_string());
            }
            true
        });
        scan.problems.extend(names);
        scan.problems.extend(columns::check(&source));
        scan.problems.extend(responses::check(&source, &responses));
        scan.mentioned.extend(source.keys.iter().cloned());
        if name == sources.main {
            scan.of_context = context::check(&source);
        }
    }
    // A branch of `switch` for several values is walked once for each.
    let mut told = BTreeSet::new();
    scan.problems
        .retain(|d| told.insert((d.source.clone(), d.line, d.column, d.message.clone())));
    scan
}

/// The call that a walk has come to, and whether it is one on a value.
fn call_of<'a>(path: &'a [ASTNode<'a>]) -> Option<(&'a FnCallExpr, Position, bool)> {
    let (call, position, method) = match path.last()? {
        ASTNode::Stmt(Stmt::FnCall(call, position)) => (call, *position, false),
        ASTNode::Expr(Expr::FnCall(call, position)) => (call, *position, false),
        ASTNode::Expr(Expr::MethodCall(call, position)) => (call, *position, true),
        _ => return None,
    };
    let is_named = call.op_token.is_none() && rhai::is_valid_identifier(&call.name);
    is_named.then_some((&**call, position, method))
}

/// The place of the variable on which the last call of the path is made, if it is made on one.
fn receiver(path: &[ASTNode]) -> Option<Position> {
    match path.get(path.len().checked_sub(2)?)? {
        ASTNode::Expr(Expr::Dot(dot, ..)) => match &dot.lhs {
            Expr::Variable(_, _, position) => Some(*position),
            _ => None,
        },
        _ => None,
    }
}

/// The type of the value on which the last call of the path is made, as Rhai's errors name it; empty if it cannot be told.
fn kind_of_receiver(
    path: &[ASTNode],
    responses: &BTreeSet<(Option<usize>, Option<usize>)>,
) -> &'static str {
    let parent = path.len().checked_sub(2).and_then(|at| path.get(at));
    let (Some(ASTNode::Expr(Expr::Dot(dot, ..))), Some(ASTNode::Expr(last))) =
        (parent, path.last())
    else {
        return "";
    };
    // Of `r.a.b()` it is `a` that has `b`.
    if !std::ptr::eq(*last, &raw const dot.rhs) {
        return "";
    }
    match &dot.lhs {
        Expr::StringConstant(..) | Expr::InterpolatedString(..) => "string",
        Expr::Array(..) => "array",
        Expr::Map(..) => "map",
        Expr::Variable(_, _, place) if responses.contains(&(place.line(), place.position())) => {
            RESPONSE
        }
        _ => "",
    }
}

fn note_metric(call: &FnCallExpr, scan: &mut Scan) {
    if call.namespace.to_string() != "metrics" {
        return;
    }
    let kind = match call.name.as_str() {
        "counter" => MetricKind::Counter,
        "gauge" => MetricKind::Gauge,
        "rate" => MetricKind::Rate,
        "trend" => MetricKind::Trend,
        _ => return,
    };
    let is_time = matches!(call.args.get(1), Some(Expr::BoolConstant(true, _)));
    let contains = if is_time {
        Contains::Time
    } else {
        Contains::Default
    };
    match call.args.first() {
        Some(Expr::StringConstant(name, _)) => {
            scan.metrics
                .insert(name.to_string(), MetricUse { kind, contains });
        }
        _ => scan.computed_metrics = true,
    }
}
