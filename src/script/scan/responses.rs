//! What is read of a response that it has not, and responses where true or false is wanted: each would throw at the first call.
//!
//! A variable is a response where nothing else is possible: it is given what `http::get` and the like gave, and never anything else. So is
//! a closure's parameter in a `check` of such a variable.

use std::collections::{BTreeMap, BTreeSet};

use rhai::{ASTNode, Expr, FnCallExpr, Position, Stmt};

use super::context::{captured, makes_otherwise};
use super::literals;
use super::names::makes_variables;
use super::tree::{Function, Source};
use crate::script::api::RESPONSE;
use crate::script::diagnostic::{Diagnostic, no_member};

/// Functions of `http` that give one response.
const GIVE_ONE: [&str; 8] = [
    "get", "head", "options", "post", "put", "patch", "delete", "request",
];

/// The variables of each function that hold a response, by the function's name.
pub struct Responses(BTreeMap<String, BTreeSet<String>>);

impl Responses {
    /// Finds them in a text.
    pub fn of(source: &Source<'_>) -> Self {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        // A module of that name would be the script's own.
        if source.imports.contains_key("http") {
            return Self(found);
        }
        let closures: BTreeMap<&str, &Function> = source
            .functions
            .iter()
            .filter(|function| function.is_closure())
            .map(|function| (function.name(), function))
            .collect();
        // A text that makes variables while it runs may make any of them something else.
        if makes_variables(source.tree) {
            return Self(found);
        }
        for function in source.functions.iter().filter(|f| !f.is_closure()) {
            for variable in given(function) {
                for (inside, variable) in
                    followed(function, variable, &closures, source).unwrap_or_default()
                {
                    found.entry(inside).or_default().insert(variable);
                }
            }
        }
        Self(found)
    }

    /// Whether a variable of a function holds a response.
    fn has(&self, function: &Function, variable: &str) -> bool {
        self.0
            .get(&key(function))
            .is_some_and(|variables| variables.contains(variable))
    }
}

/// The places at which a member is read of, or called on, a response.
pub fn receivers(
    source: &Source<'_>,
    responses: &Responses,
) -> BTreeSet<(Option<usize>, Option<usize>)> {
    let mut places = BTreeSet::new();
    for function in &source.functions {
        function.tree.walk(&mut |path: &[ASTNode]| {
            if let Some(ASTNode::Expr(Expr::Dot(dot, ..))) = path.last()
                && is_response(&dot.lhs, function, responses)
            {
                let place = dot.lhs.position();
                places.insert((place.line(), place.position()));
            }
            true
        });
    }
    places
}

/// What is wrong with how a text uses responses.
pub fn check(source: &Source<'_>, responses: &Responses) -> Vec<Diagnostic> {
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
                    if is_response(&dot.lhs, function, responses) =>
                {
                    found.extend(member(&dot.rhs, source));
                }
                Some(
                    ASTNode::Expr(Expr::FnCall(call, position))
                    | ASTNode::Stmt(Stmt::FnCall(call, position)),
                ) => found.extend(as_condition(call, *position, function, responses, source)),
                _ => {}
            }
            true
        });
    }
    found
}

fn is_response(value: &Expr, function: &Function, responses: &Responses) -> bool {
    matches!(value, Expr::Variable(v, ..) if v.2.is_empty() && responses.has(function, &v.1))
}

/// A function by its name and the number of its parameters: there may be several of one name.
fn key(function: &Function) -> String {
    format!("{}/{}", function.name(), function.definition.params.len())
}

/// A variable of a function, and what it is called in the closures that get it; nothing if one of these makes something else of it.
fn followed<'a>(
    function: &'a Function,
    variable: String,
    closures: &BTreeMap<&str, &'a Function>,
    source: &Source<'_>,
) -> Option<BTreeSet<(String, String)>> {
    let mut found = BTreeSet::new();
    let mut pending = vec![(function, variable)];
    while let Some((inside, variable)) = pending.pop() {
        if makes_otherwise(&inside.tree, &variable) {
            return None;
        }
        if !found.insert((key(inside), variable.clone())) {
            continue;
        }
        inside.tree.walk(&mut |path: &[ASTNode]| {
            if let Some(
                ASTNode::Expr(Expr::FnCall(call, _)) | ASTNode::Stmt(Stmt::FnCall(call, _)),
            ) = path.last()
            {
                pending.extend(captured(call, &variable, closures));
                pending.extend(looks(call, &variable, closures, source));
            }
            true
        });
    }
    Some(found)
}

/// The variables of a function that are given a response and nothing else.
fn given(function: &Function) -> Vec<String> {
    let tree = &function.tree;
    let mut made: BTreeMap<String, (usize, bool)> = BTreeMap::new();
    tree.walk(&mut |path: &[ASTNode]| {
        if let Some(ASTNode::Stmt(Stmt::Var(variable, ..))) = path.last() {
            let (times, gives) = made.entry(variable.0.name.to_string()).or_default();
            *times += 1;
            *gives |= matches!(&variable.1, Expr::FnCall(call, _)
                if call.namespace.to_string() == "http" && GIVE_ONE.contains(&call.name.as_str()));
        }
        true
    });
    made.into_iter()
        // A variable of a block may hide a parameter.
        .filter(|(name, (times, gives))| {
            *times == 1 && *gives && !function.parameters().contains(&name.as_str())
        })
        .map(|(name, _)| name)
        .collect()
}

/// The closures of `check(r, #{ "name": |r| … })`, and what the response is called there.
fn looks<'a>(
    call: &FnCallExpr,
    variable: &str,
    closures: &BTreeMap<&str, &'a Function>,
    source: &Source<'_>,
) -> Vec<(&'a Function, String)> {
    let [Expr::Variable(looked, ..), Expr::Map(map, _)] = call.args.as_slice() else {
        return Vec::new();
    };
    let is_check =
        call.namespace.is_empty() && call.name == "check" && !source.own.contains_key("check");
    if !is_check || looked.1 != variable || !looked.2.is_empty() {
        return Vec::new();
    }
    let closure = |look: &Expr| {
        let Expr::DynamicConstant(pointer, _) = pointer_of(look)? else {
            return None;
        };
        let closure = *closures.get(pointer.read_lock::<rhai::FnPtr>()?.fn_name())?;
        // One that takes variables along has the response as its last parameter.
        Some((closure, closure.definition.params.last()?.to_string()))
    };
    map.0.iter().filter_map(|(_, look)| closure(look)).collect()
}

/// The pointer of a closure, also of one that takes variables along: they are shared first, and then given to it.
fn pointer_of(closure: &Expr) -> Option<&Expr> {
    match closure {
        Expr::DynamicConstant(..) => Some(closure),
        Expr::FnCall(curry, _) => curry.args.first(),
        Expr::Stmt(block) => match block.statements().last()? {
            Stmt::Expr(inner) => pointer_of(inner),
            Stmt::FnCall(curry, _) => curry.args.first(),
            _ => None,
        },
        _ => None,
    }
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
    responses: &Responses,
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
    (is_check && is_response(value, function, responses))
        .then(|| literals::no_condition("a response", position, source))
}
