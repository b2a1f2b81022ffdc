//! What a scenario's function reads of its `ctx` that is not there.
//!
//! A function's parameter is a context only if a scenario names the function, which the options tell later; so what is found is kept
//! by function.

use std::collections::{BTreeMap, BTreeSet};

use rhai::{AST, ASTNode, Expr, FnCallExpr, Stmt};

use super::tree::{Function, Source};
use crate::script::api::CONTEXT;
use crate::script::diagnostic::Diagnostic;
use crate::suggest::nearest;

/// A mistake that is one if the function is given a context.
#[derive(Debug)]
pub struct OfContext {
    pub function: String,
    pub problem: Diagnostic,
}

/// Properties that a context has not, read from a function's only parameter.
pub fn check(source: &Source<'_>) -> Vec<OfContext> {
    let mut members = source.library.members(CONTEXT);
    // Only what is read like a property comes to be looked at.
    members.retain(|member| !source.library.is_method(member));
    let mut found = Vec::new();
    // Closures by their names, which are unique.
    let closures: BTreeMap<&str, &Function> = source
        .functions
        .iter()
        .filter(|function| function.is_closure())
        .map(|function| (function.name(), function))
        .collect();
    for function in &source.functions {
        let [parameter] = function.definition.params.as_slice() else {
            continue;
        };
        if function.is_closure() {
            continue;
        }
        let mut pending = vec![(function, parameter.to_string())];
        let mut seen = BTreeSet::new();
        while let Some((inside, variable)) = pending.pop() {
            if !seen.insert((inside.name(), variable.clone())) {
                continue;
            }
            let body = &inside.tree;
            if makes_anew(body, &variable) {
                continue;
            }
            body.walk(&mut |path: &[ASTNode]| {
                match path.last() {
                    Some(ASTNode::Expr(Expr::Dot(dot, ..))) => {
                        let problem = member(&dot.lhs, &dot.rhs, &variable, &members, source);
                        found.extend(problem.map(|problem| OfContext {
                            function: function.name().to_owned(),
                            problem,
                        }));
                    }
                    Some(ASTNode::Expr(Expr::FnCall(call, _))) => {
                        pending.extend(captured(call, &variable, &closures));
                    }
                    _ => {}
                }
                true
            });
        }
    }
    found
}

/// Whether the variable becomes another value or another variable somewhere in the function.
fn makes_anew(body: &AST, variable: &str) -> bool {
    let mut makes = false;
    body.walk(&mut |path: &[ASTNode]| {
        if let Some(ASTNode::Stmt(Stmt::Var(made, ..))) = path.last() {
            makes |= made.0.name == variable;
        }
        !makes
    });
    makes || makes_otherwise(body, variable)
}

/// Whether the variable becomes another value somewhere in the function, or a loop or a `catch` uses its name as well.
pub(super) fn makes_otherwise(body: &AST, variable: &str) -> bool {
    let mut makes = false;
    let is_it = |expression: &Expr| matches!(expression, Expr::Variable(v, ..) if v.1 == variable);
    body.walk(&mut |path: &[ASTNode]| {
        makes |= match path.last() {
            Some(ASTNode::Stmt(Stmt::For(parts, _))) => parts.0.name == variable,
            Some(ASTNode::Stmt(Stmt::Assignment(parts))) => is_it(&parts.1.lhs),
            Some(ASTNode::Stmt(Stmt::TryCatch(parts, _))) => is_it(&parts.expr),
            _ => false,
        };
        !makes
    });
    makes
}

/// A closure that takes the variable along, and what the variable is called there.
pub(super) fn captured<'a>(
    call: &FnCallExpr,
    variable: &str,
    closures: &BTreeMap<&str, &'a Function>,
) -> Option<(&'a Function, String)> {
    let (pointer, along) = call.args.split_first()?;
    let Expr::DynamicConstant(pointer, _) = pointer else {
        return None;
    };
    let closure = *closures.get(pointer.read_lock::<rhai::FnPtr>()?.fn_name())?;
    let at = along
        .iter()
        .position(|taken| matches!(taken, Expr::Variable(v, ..) if v.1 == variable))?;
    let called = closure.definition.params.get(at)?.to_string();
    Some((closure, called))
}

fn member(
    value: &Expr,
    read: &Expr,
    variable: &str,
    members: &[String],
    source: &Source<'_>,
) -> Option<Diagnostic> {
    if !matches!(value, Expr::Variable(v, ..) if v.1 == variable && v.2.is_empty()) {
        return None;
    }
    // `ctx.a.b` is `ctx` and then `a.b`.
    let mut first = read;
    while let Expr::Dot(inner, ..) | Expr::Index(inner, ..) = first {
        first = &inner.lhs;
    }
    let Expr::Property(property, position) = first else {
        return None;
    };
    let name = property.2.as_str();
    if members.iter().any(|member| member == name) {
        return None;
    }
    let help = match nearest(name, members.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{variable}.{near}`?"),
        None => format!(
            "it has: {}; what a user remembers is kept in `{variable}.state`",
            members.join(", ")
        ),
    };
    let message = format!("the context `{variable}` has no `{name}`");
    let problem = source.mistake(*position, message).with_help(Some(help));
    Some(problem.with_code("context"))
}
