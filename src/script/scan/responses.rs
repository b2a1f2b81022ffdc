//! What is read of a response that it has not, and responses where true or false is wanted: each would throw at the first call.

use rhai::{ASTNode, Expr, FnCallExpr, Position, Stmt};

use super::literals;
use super::tree::{Function, Source};
use super::typed::Typed;
use crate::script::api::RESPONSE;
use crate::script::diagnostic::{Diagnostic, no_member};

/// What is wrong with how a text uses responses.
pub fn check(source: &Source<'_>, typed: &Typed) -> Vec<Diagnostic> {
    let mut members = source.library.members(RESPONSE);
    members.sort();
    let mut found = Vec::new();
    for function in &source.functions {
        function.tree.walk(&mut |path: &[ASTNode]| {
            // Who catches the error may well expect it.
            if path
                .iter()
                .any(|node| matches!(node, ASTNode::Stmt(Stmt::TryCatch(..))))
            {
                return true;
            }
            match path.last() {
                Some(ASTNode::Expr(Expr::Dot(dot, ..)))
                    if is_response(&dot.lhs, function, typed) =>
                {
                    found.extend(member(&dot.rhs, source));
                }
                Some(
                    ASTNode::Expr(Expr::FnCall(call, position))
                    | ASTNode::Stmt(Stmt::FnCall(call, position)),
                ) => found.extend(as_condition(call, *position, function, typed, source)),
                _ => {}
            }
            true
        });
    }
    found
}

fn is_response(value: &Expr, function: &Function, typed: &Typed) -> bool {
    typed.kind(value, function) == Some(RESPONSE)
}

/// A property that no response has.
fn member(read: &Expr, source: &Source<'_>) -> Option<Diagnostic> {
    // `r.a.b` is `r` and then `a.b`.
    let mut first = read;
    while let Expr::Dot(inner, ..) | Expr::Index(inner, ..) = first {
        first = &inner.lhs;
    }
    let Expr::Property(property, position) = first else {
        return None;
    };
    let name = property.2.as_str();
    let library = source.library;
    let is_member = library.members(RESPONSE).iter().any(|known| known == name);
    if is_member && !library.is_method(name) {
        return None;
    }
    let (message, help) = no_member(name, RESPONSE, library);
    let problem = source.mistake(*position, message).with_help(help);
    Some(problem.with_code("unknown-member"))
}

/// `check(r, "ok")`: with a name, what is looked at must be true or false.
fn as_condition(
    call: &FnCallExpr,
    position: Position,
    function: &Function,
    typed: &Typed,
    source: &Source<'_>,
) -> Option<Diagnostic> {
    let is_check =
        call.namespace.is_empty() && call.name == "check" && !source.own.contains_key("check");
    let [
        value,
        Expr::StringConstant(..) | Expr::InterpolatedString(..),
    ] = call.args.as_slice()
    else {
        return None;
    };
    (is_check && is_response(value, function, typed))
        .then(|| literals::no_condition("a response", position, source))
}
