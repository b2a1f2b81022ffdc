//! Variables that do not exist.
//!
//! The parser itself finds out which variable a name means: what it has not found has no place on the stack. A closure's free
//! names become its parameters, and are looked for where the closure is written.

use std::collections::BTreeSet;

use rhai::{AST, ASTNode, Expr, Position, Stmt};

use super::calls::no_module;
use super::tree::Source;
use crate::script::diagnostic::Diagnostic;
use crate::script::foreign;
use crate::suggest::{did_you_mean, nearest};

/// Variables that a text reads or writes, and that are nowhere.
pub fn check(source: &Source<'_>) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    source.tree.walk(&mut |path: &[ASTNode]| {
        if let Some(ASTNode::Expr(Expr::Variable(variable, _, position))) = path.last()
            && !variable.2.is_empty()
        {
            let namespace = variable.2.to_string();
            let at = variable.2.position();
            problems.extend(qualified(&namespace, &variable.1, at, *position, source));
        }
        true
    });
    if makes_variables(source.tree) {
        return problems;
    }
    let mut found = |path: &[ASTNode], parameters: &[&str]| {
        if let Some((name, position)) = loose(path)
            && !parameters.contains(&name)
            && !source.own.contains_key(name)
        {
            problems.push(unknown(name, position, member(path), parameters, source));
        }
    };
    for statement in source.tree.statements() {
        statement.walk(&mut Vec::new(), &mut |path: &[ASTNode]| {
            found(path, &[]);
            true
        });
    }
    for function in &source.functions {
        if function.is_closure() {
            continue;
        }
        let parameters = function.parameters();
        function.tree.walk(&mut |path: &[ASTNode]| {
            found(path, &parameters);
            true
        });
    }
    problems
}

/// Whether a text can have variables that its tree does not show.
pub(super) fn makes_variables(tree: &AST) -> bool {
    let mut makes = false;
    tree.walk(&mut |path: &[ASTNode]| {
        let call = match path.last() {
            Some(
                ASTNode::Stmt(Stmt::FnCall(call, _))
                | ASTNode::Expr(Expr::FnCall(call, _) | Expr::MethodCall(call, _)),
            ) => call,
            _ => return true,
        };
        // `f!()` lets a function see its caller's variables.
        makes |= call.capture_parent_scope || matches!(call.name.as_str(), "eval" | "is_def_var");
        !makes
    });
    makes
}

/// A variable that the parser did not find.
fn loose<'a>(path: &'a [ASTNode<'a>]) -> Option<(&'a str, Position)> {
    match path.last()? {
        ASTNode::Expr(Expr::Variable(variable, None, position))
            if variable.0.is_none() && variable.2.is_empty() =>
        {
            Some((variable.1.as_str(), *position))
        }
        _ => None,
    }
}

/// What is read or called on the variable at the end of the path.
struct Member<'a> {
    name: &'a str,
    called: bool,
}

fn member<'a>(path: &'a [ASTNode<'a>]) -> Option<Member<'a>> {
    let (last, parent) = (path.last()?, path.get(path.len().checked_sub(2)?)?);
    let (ASTNode::Expr(variable), ASTNode::Expr(Expr::Dot(dot, ..))) = (last, parent) else {
        return None;
    };
    if !std::ptr::eq(*variable, &raw const dot.lhs) {
        return None;
    }
    // `a.b.c` is `a` and then `b.c`.
    let mut first = &dot.rhs;
    while let Expr::Dot(inner, ..) | Expr::Index(inner, ..) = first {
        first = &inner.lhs;
    }
    match first {
        Expr::Property(property, _) => Some(Member {
            name: property.2.as_str(),
            called: false,
        }),
        Expr::MethodCall(call, _) => Some(Member {
            name: call.name.as_str(),
            called: true,
        }),
        _ => None,
    }
}

fn unknown(
    name: &str,
    position: Position,
    member: Option<Member<'_>>,
    parameters: &[&str],
    source: &Source<'_>,
) -> Diagnostic {
    let problem = source
        .mistake(position, format!("there is no variable `{name}`"))
        .with_code("unknown-variable");
    let help = match source.declared(name) {
        Some(true) => Some(format!(
            "inside a function, write `global::{name}` for a constant of the script"
        )),
        Some(false) => Some(format!(
            "functions do not see variables of the top level: make it a constant, `const {name} = …`, and write `global::{name}`"
        )),
        None => None,
    };
    let help = help
        .or_else(|| member.as_ref().and_then(|member| of_a_module(name, member, source)))
        .or_else(|| foreign::variable(name, member.map(|member| member.name)))
        .or_else(|| near(name, parameters, source))
        .unwrap_or_else(|| {
            "declare it with `let`; functions see their parameters, their own variables, and the script's constants as `global::NAME`".to_owned()
        });
    problem.with_help(Some(help))
}

/// `http.get(…)`: a module's function is called by `::`.
fn of_a_module(name: &str, member: &Member<'_>, source: &Source<'_>) -> Option<String> {
    let exports = source.exports(name);
    let names: Vec<&str> = match &exports {
        Some(exports) => exports.functions.keys().map(String::as_str).collect(),
        None if source.library.has_module(name) => source.library.names(name).collect(),
        None if source.imports.contains_key(name) => Vec::new(),
        None => return None,
    };
    let wanted = foreign::module_function(name, member.name, None);
    let function = if names.contains(&wanted) {
        wanted
    } else {
        // `data` and `url` are names of variables too: who reads what the module has not may mean one.
        let near = nearest(wanted, names).filter(|_| member.called);
        match near {
            Some(near) => near,
            None if exports.is_some() || foreign::is_module_of_k6(name) => wanted,
            None => return None,
        }
    };
    let call = if member.called { "(…)" } else { "" };
    Some(format!("write `{name}::{function}{call}`"))
}

/// The nearest name that can be seen from where the variable is.
fn near(name: &str, parameters: &[&str], source: &Source<'_>) -> Option<String> {
    let mut seen: BTreeSet<String> = parameters.iter().map(|&name| name.to_owned()).collect();
    let mut constants = BTreeSet::new();
    source.tree.walk(&mut |path: &[ASTNode]| {
        match path.last() {
            Some(ASTNode::Stmt(Stmt::Var(variable, ..))) => {
                seen.insert(variable.0.name.to_string());
            }
            Some(ASTNode::Stmt(Stmt::For(parts, _))) => {
                seen.insert(parts.0.name.to_string());
            }
            _ => {}
        }
        true
    });
    for statement in source.tree.statements() {
        if let Stmt::Var(variable, ..) = statement {
            let name = variable.0.name.to_string();
            if !parameters.contains(&name.as_str()) {
                seen.remove(&name);
                constants.insert(name);
            }
        }
    }
    // The same name elsewhere is no help here.
    seen.remove(name);
    did_you_mean(name, seen.iter().map(String::as_str)).or_else(|| {
        let near = nearest(name, constants.iter().map(String::as_str))?;
        Some(format!("did you mean `global::{near}`?"))
    })
}

/// `module::NAME` and `global::NAME`.
fn qualified(
    namespace: &str,
    name: &str,
    at: Position,
    position: Position,
    source: &Source<'_>,
) -> Option<Diagnostic> {
    if namespace == "global" {
        return match source.declared(name) {
            Some(true) => None,
            Some(false) => Some(
                source
                    .mistake(position, format!("`{name}` is not a constant"))
                    .with_help(Some(format!(
                        "functions see constants of the top level: `const {name} = …`"
                    ))),
            ),
            None => {
                let constants = constants(source.tree);
                let known = constants.iter().map(String::as_str);
                let help = nearest(name, known).map_or_else(
                    || format!("declare it at the top level: `const {name} = …`"),
                    |near| format!("did you mean `global::{near}`?"),
                );
                Some(
                    source
                        .mistake(position, format!("there is no constant `global::{name}`"))
                        .with_help(Some(help)),
                )
            }
        };
    }
    if source.imports.contains_key(namespace) {
        let exports = source.exports(namespace)?;
        if exports.values.contains(name) {
            return None;
        }
        let message = format!("there is no constant `{namespace}::{name}`");
        let help = if exports.functions.contains_key(name) {
            format!("it is a function: `{namespace}::{name}(…)`")
        } else if exports.hidden.contains(name) {
            format!("export it in its module: `export const {name} = …`")
        } else {
            let known = exports.values.iter().map(String::as_str);
            match nearest(name, known) {
                Some(near) => format!("did you mean `{namespace}::{near}`?"),
                None if exports.values.is_empty() => format!("`{namespace}` exports no constants"),
                None => {
                    let all: Vec<&str> = exports.values.iter().map(String::as_str).collect();
                    format!("`{namespace}` exports: {}", all.join(", "))
                }
            }
        };
        let problem = source.mistake(position, message).with_help(Some(help));
        return Some(problem.with_code("unknown-constant"));
    }
    let first = namespace.split("::").next().unwrap_or_default();
    if source.imports.contains_key(first) {
        return None;
    }
    if source.library.has_module(namespace) {
        let message = format!("there is no constant `{namespace}::{name}`");
        let help = if source.library.has(namespace, name) {
            format!("it is a function: `{namespace}::{name}(…)`")
        } else {
            let near = nearest(name, source.library.names(namespace));
            near.map_or_else(
                || format!("`{namespace}` has functions only"),
                |near| format!("did you mean `{namespace}::{near}(…)`?"),
            )
        };
        let problem = source.mistake(position, message).with_help(Some(help));
        return Some(problem.with_code("unknown-constant"));
    }
    Some(no_module(namespace, at, source))
}

fn constants(tree: &AST) -> Vec<String> {
    tree.statements()
        .iter()
        .filter_map(|statement| match statement {
            Stmt::Var(variable, ..) => Some(variable.0.name.to_string()),
            _ => None,
        })
        .collect()
}
