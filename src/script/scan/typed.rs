//! Variables whose type is known before a script runs: those that are given what a function gives that always gives the same type, and
//! never anything else. So is a closure's parameter in a `check` of such a variable.

use std::collections::{BTreeMap, BTreeSet};

use rhai::{ASTNode, Expr, FnCallExpr, Position, Stmt};

use super::context::{captured, makes_otherwise};
use super::names::makes_variables;
use super::tree::{Function, Source};
use crate::script::api::RESPONSE;

/// A module, functions of it, and the type that they give.
const GIVERS: [(&str, &[&str], &str); 5] = [
    (
        "http",
        &[
            "get", "head", "options", "post", "put", "patch", "delete", "request",
        ],
        RESPONSE,
    ),
    ("hooks", &["inbox"], "Inbox"),
    ("shared", &["counter"], "Counter"),
    ("shared", &["map"], "SharedMap"),
    ("shared", &["queue"], "Queue"),
];

/// The variables of each function whose type is known, by the function's name.
pub struct Typed(BTreeMap<String, BTreeMap<String, &'static str>>);

/// The places at which a member is read of, or called on, a value of a known type.
pub struct Receivers(BTreeMap<(Option<usize>, Option<usize>), &'static str>);

impl Receivers {
    /// The type of the value at a place; empty if it is not known.
    pub fn kind(&self, place: Position) -> &'static str {
        let place = (place.line(), place.position());
        self.0.get(&place).copied().unwrap_or_default()
    }
}

impl Typed {
    /// Finds them in a text.
    pub fn of(source: &Source<'_>) -> Self {
        let mut found: BTreeMap<String, BTreeMap<String, &'static str>> = BTreeMap::new();
        // A text that makes variables while it runs may make any of them something else.
        if makes_variables(source.tree) {
            return Self(found);
        }
        let closures: BTreeMap<&str, &Function> = source
            .functions
            .iter()
            .filter(|function| function.is_closure())
            .map(|function| (function.name(), function))
            .collect();
        for function in source.functions.iter().filter(|f| !f.is_closure()) {
            for (variable, kind) in given(function, source) {
                for (inside, variable) in
                    followed(function, variable, &closures, source).unwrap_or_default()
                {
                    found.entry(inside).or_default().insert(variable, kind);
                }
            }
        }
        Self(found)
    }

    /// The type of a value in a function, if it is a variable whose type is known.
    pub fn kind(&self, value: &Expr, function: &Function) -> Option<&'static str> {
        match value {
            Expr::Variable(variable, ..) if variable.2.is_empty() => {
                let variables = self.0.get(&key(function))?;
                variables.get(variable.1.as_str()).copied()
            }
            _ => None,
        }
    }

    /// Where a member is read of, or called on, such a variable.
    pub fn receivers(&self, source: &Source<'_>) -> Receivers {
        let mut places = BTreeMap::new();
        for function in &source.functions {
            function.tree.walk(&mut |path: &[ASTNode]| {
                if let Some(ASTNode::Expr(Expr::Dot(dot, ..))) = path.last()
                    && let Some(kind) = self.kind(&dot.lhs, function)
                {
                    let place = dot.lhs.position();
                    places.insert((place.line(), place.position()), kind);
                }
                true
            });
        }
        Receivers(places)
    }
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

/// The variables of a function that are given a value of one type and nothing else.
fn given(function: &Function, source: &Source<'_>) -> Vec<(String, &'static str)> {
    let tree = &function.tree;
    let mut made: BTreeMap<String, (usize, Option<&'static str>)> = BTreeMap::new();
    tree.walk(&mut |path: &[ASTNode]| {
        if let Some(ASTNode::Stmt(Stmt::Var(variable, ..))) = path.last() {
            let (times, kind) = made.entry(variable.0.name.to_string()).or_default();
            *times += 1;
            *kind = given_by(&variable.1, source);
        }
        true
    });
    made.into_iter()
        // A variable of a block may hide a parameter.
        .filter(|(name, (times, _))| *times == 1 && !function.parameters().contains(&name.as_str()))
        .filter_map(|(name, (_, kind))| Some((name, kind?)))
        .collect()
}

/// The type of what a call gives, if that is always the same.
fn given_by(value: &Expr, source: &Source<'_>) -> Option<&'static str> {
    let Expr::FnCall(call, _) = value else {
        return None;
    };
    let namespace = call.namespace.to_string();
    // A module of that name would be the script's own.
    if source.imports.contains_key(&namespace) {
        return None;
    }
    let mut givers = GIVERS.iter();
    givers
        .find(|(module, functions, _)| {
            *module == namespace && functions.contains(&call.name.as_str())
        })
        .map(|(_, _, kind)| *kind)
}

/// The closures of `check(r, #{ "name": |r| … })`, and what the value is called there.
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
        // One that takes variables along has the value as its last parameter.
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
