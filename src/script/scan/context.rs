//! What a scenario's function reads of its `ctx` that is not there.
//!
//! A function's parameter is a context only if a scenario names the function, which the options tell later; so what is found is kept
//! by function.

use std::collections::BTreeSet;

use rhai::{AST, ASTNode, Expr, FnCallExpr, Stmt};

use super::tree::Source;
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
    for function in source.tree.iter_functions() {
        let [parameter] = function.params.as_slice() else {
            continue;
        };
        if function.name.starts_with("anon$") {
            continue;
        }
        let mut pending = vec![(function.name.to_owned(), (*parameter).to_owned(), 1)];
        let mut seen = BTreeSet::new();
        while let Some((name, variable, arity)) = pending.pop() {
            if !seen.insert((name.clone(), variable.clone())) {
                continue;
            }
            let body = alone(source.tree, &name, arity);
            if makes_anew(&body, &variable) {
                continue;
            }
            body.walk(&mut |path: &[ASTNode]| {
                match path.last() {
                    Some(ASTNode::Expr(Expr::Dot(dot, ..))) => {
                        let problem = member(&dot.lhs, &dot.rhs, &variable, &members, source);
                        found.extend(problem.map(|problem| OfContext {
                            function: function.name.to_owned(),
                            problem,
                        }));
                    }
                    Some(ASTNode::Expr(Expr::FnCall(call, _))) => {
                        pending.extend(captured(call, &variable, source.tree));
                    }
                    _ => {}
                }
                true
            });
        }
    }
    found
}

/// A tree that has one function only.
fn alone(tree: &AST, name: &str, arity: usize) -> AST {
    let mut alone = tree.clone_functions_only();
    alone.retain_functions(|_, _, other, count| other == name && count == arity);
    alone
}

/// Whether the variable becomes another value or another variable somewhere in the function.
fn makes_anew(body: &AST, variable: &str) -> bool {
    let mut makes = false;
    let is_it = |expression: &Expr| matches!(expression, Expr::Variable(v, ..) if v.1 == variable);
    body.walk(&mut |path: &[ASTNode]| {
        makes |= match path.last() {
            Some(ASTNode::Stmt(Stmt::Var(made, ..))) => made.0.name == variable,
            Some(ASTNode::Stmt(Stmt::For(parts, _))) => parts.0.name == variable,
            Some(ASTNode::Stmt(Stmt::Assignment(parts))) => is_it(&parts.1.lhs),
            Some(ASTNode::Stmt(Stmt::TryCatch(parts, _))) => is_it(&parts.expr),
            _ => false,
        };
        !makes
    });
    makes
}

/// A closure that takes the variable along: its name, what the variable is called there, its number of parameters.
fn captured(call: &FnCallExpr, variable: &str, tree: &AST) -> Option<(String, String, usize)> {
    let (pointer, along) = call.args.split_first()?;
    let Expr::DynamicConstant(pointer, _) = pointer else {
        return None;
    };
    let name = pointer.read_lock::<rhai::FnPtr>()?.fn_name().to_owned();
    let at = along
        .iter()
        .position(|taken| matches!(taken, Expr::Variable(v, ..) if v.1 == variable))?;
    let closure = tree.iter_functions().find(|f| f.name == name)?;
    let called = (*closure.params.get(at)?).to_owned();
    Some((name, called, closure.params.len()))
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
    Some(source.mistake(*position, message).with_help(Some(help)))
}
