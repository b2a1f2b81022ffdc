//! Columns that a CSV file has not, read of its rows: such a read gives `()`, and no error.
//!
//! The top level has been evaluated by now, so the files that it opens are known. Looked at is what can be told without running: a
//! constant that holds a file's rows, a variable that is given one of them and never anything else, and what is read of that.

use std::collections::{BTreeMap, BTreeSet};

use rhai::{ASTNode, Expr, FnCallExpr, Position, Stmt};

use super::held::assigned;
use super::tree::Source;
use crate::script::diagnostic::Diagnostic;
use crate::suggest::nearest;

/// Methods of rows that give one.
const GIVE_A_ROW: [&str; 5] = ["next", "random", "shuffled", "unique", "unique_per_vu"];

/// A file's rows.
struct Rows {
    path: String,
    columns: Vec<String>,
}

/// Reads of columns that there are not.
pub fn check(source: &Source<'_>) -> Vec<Diagnostic> {
    let files = files(source);
    if files.is_empty() {
        return Vec::new();
    }
    let written = written(source);
    let mut found = Vec::new();
    for function in &source.functions {
        let tree = &function.tree;
        let mut rows: BTreeMap<String, Option<&Rows>> = BTreeMap::new();
        tree.walk(&mut |path: &[ASTNode]| {
            if let Some(ASTNode::Stmt(Stmt::Var(variable, ..))) = path.last() {
                let name = variable.0.name.to_string();
                // Two variables of one name could be told apart by their blocks only.
                let is_second = rows.contains_key(&name);
                let row = row(&variable.1, &files).filter(|_| !is_second);
                rows.insert(name, row);
            }
            true
        });
        rows.retain(|name, row| row.is_some() && !is_changed(tree, name, source));
        tree.walk(&mut |path: &[ASTNode]| {
            let Some(ASTNode::Expr(chain)) = path.last() else {
                return true;
            };
            let is_inner = matches!(
                path.get(path.len().wrapping_sub(2)),
                Some(ASTNode::Expr(Expr::Dot(..) | Expr::Index(..)))
            );
            let read = match chain {
                Expr::Dot(parts, ..) | Expr::Index(parts, ..) => match &parts.lhs {
                    Expr::Variable(variable, ..) if variable.2.is_empty() => {
                        let row = rows.get(variable.1.as_str()).copied().flatten();
                        row.and_then(|row| Some((row, first_read(chain)?)))
                    }
                    _ if is_inner => None,
                    _ => of_call(chain, &files),
                },
                _ => None,
            };
            if let Some((rows, (name, position))) = read
                && !rows.columns.contains(&name)
                && !variable_of(chain).is_some_and(|row| {
                    [row, "this"]
                        .iter()
                        .any(|of| written.contains(&((*of).to_owned(), name.clone())))
                })
            {
                found.push(no_column(&name, position, rows, source));
            }
            true
        });
    }
    found
}

fn no_column(name: &str, position: Position, rows: &Rows, source: &Source<'_>) -> Diagnostic {
    let message = format!("`{}` has no column `{name}`, so this is `()`", rows.path);
    let help = match nearest(name, rows.columns.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it has: {}", rows.columns.join(", ")),
    };
    let problem = source.mistake(position, message).with_code("column");
    problem.with_help(Some(help)).as_warning()
}

/// The constants of the top level that hold the rows of a CSV file that has been read.
fn files(source: &Source<'_>) -> BTreeMap<String, Rows> {
    let mut files = BTreeMap::new();
    for statement in source.tree.statements() {
        let Stmt::Var(variable, ..) = statement else {
            continue;
        };
        let Expr::FnCall(call, _) = &variable.1 else {
            continue;
        };
        let is_csv = call.name == "csv" && call.namespace.to_string() == "data";
        let Some(Expr::StringConstant(path, _)) = call.args.first() else {
            continue;
        };
        if !is_csv || source.imports.contains_key("data") {
            continue;
        }
        let project = &source.sources.project;
        let full = project.find(&project.folder, path).ok();
        if let Some(columns) = full.and_then(|full| source.sources.data.columns(&full)) {
            let path = path.to_string();
            files.insert(variable.0.name.to_string(), Rows { path, columns });
        }
    }
    files
}

/// Keys that a variable gets somewhere in the text, as its name and the key: a row in a variable of that name may have got them, also
/// in a closure, and `this` may be any.
fn written(source: &Source<'_>) -> BTreeSet<(String, String)> {
    let mut written = BTreeSet::new();
    source.tree.walk(&mut |path: &[ASTNode]| {
        if let Some(ASTNode::Stmt(Stmt::Assignment(parts))) = path.last()
            && let Some(key) = assigned(&parts.1.lhs)
        {
            let of = variable_of(&parts.1.lhs).unwrap_or("this");
            written.insert((of.to_owned(), key.to_owned()));
        }
        true
    });
    written
}

/// The variable that a chain begins with.
fn variable_of(chain: &Expr) -> Option<&str> {
    match chain {
        Expr::Dot(parts, ..) | Expr::Index(parts, ..) => match &parts.lhs {
            Expr::Variable(variable, ..) => Some(&variable.1),
            Expr::ThisPtr(..) => Some("this"),
            _ => None,
        },
        _ => None,
    }
}

/// The rows that an expression names: `global::USERS`, or `USERS` at the top level.
fn rows_of<'a>(value: &Expr, files: &'a BTreeMap<String, Rows>) -> Option<&'a Rows> {
    match value {
        Expr::Variable(variable, ..) => {
            let namespace = variable.2.to_string();
            let is_global = namespace.is_empty() || namespace == "global";
            files.get(variable.1.as_str()).filter(|_| is_global)
        }
        _ => None,
    }
}

/// The rows of which an expression gives one, and nothing further: `global::USERS.next()`, `global::USERS[0]`.
fn row<'a>(value: &Expr, files: &'a BTreeMap<String, Rows>) -> Option<&'a Rows> {
    match value {
        Expr::Dot(parts, ..) => match &parts.rhs {
            Expr::MethodCall(call, _) if gives_a_row(call) => rows_of(&parts.lhs, files),
            _ => None,
        },
        Expr::Index(parts, ..) if !matches!(parts.rhs, Expr::Dot(..) | Expr::Index(..)) => {
            rows_of(&parts.lhs, files)
        }
        _ => None,
    }
}

fn gives_a_row(call: &FnCallExpr) -> bool {
    GIVE_A_ROW.contains(&call.name.as_str())
}

/// What is read first of the variable that a chain begins with.
fn first_read(chain: &Expr) -> Option<(String, Position)> {
    let (parts, is_index) = match chain {
        Expr::Dot(parts, ..) => (parts, false),
        Expr::Index(parts, ..) => (parts, true),
        _ => return None,
    };
    // `row.a.b` is `row` and then `a.b`.
    let mut first = &parts.rhs;
    while let Expr::Dot(inner, ..) | Expr::Index(inner, ..) = first {
        first = &inner.lhs;
    }
    match first {
        Expr::Property(property, position) if !is_index => {
            Some((property.2.to_string(), *position))
        }
        Expr::StringConstant(key, position) if is_index => Some((key.to_string(), *position)),
        _ => None,
    }
}

/// What is read of a row that is asked for in the same breath: `global::USERS.next().email`.
fn of_call<'a>(
    chain: &Expr,
    files: &'a BTreeMap<String, Rows>,
) -> Option<(&'a Rows, (String, Position))> {
    let Expr::Dot(parts, ..) = chain else {
        return None;
    };
    let rows = rows_of(&parts.lhs, files)?;
    let (Expr::Dot(inner, ..) | Expr::Index(inner, ..)) = &parts.rhs else {
        return None;
    };
    match &inner.lhs {
        Expr::MethodCall(call, _) if gives_a_row(call) => Some((rows, first_read(&parts.rhs)?)),
        _ => None,
    }
}

/// Whether a variable becomes something else, or may get further keys by a method.
fn is_changed(tree: &rhai::AST, name: &str, source: &Source<'_>) -> bool {
    const ADD_KEYS: [&str; 4] = ["mixin", "fill_with", "set", "add"];
    let mut sets = 0;
    let mut is_changed = false;
    let is_it = |expression: &Expr| matches!(expression, Expr::Variable(v, ..) if v.1 == name);
    tree.walk(&mut |path: &[ASTNode]| {
        match path.last() {
            Some(ASTNode::Stmt(Stmt::Var(variable, ..))) if variable.0.name == name => sets += 1,
            Some(ASTNode::Expr(Expr::Dot(parts, ..))) if is_it(&parts.lhs) => {
                // A function of the script has the row as `this`.
                is_changed |= matches!(&parts.rhs, Expr::MethodCall(call, _)
                    if ADD_KEYS.contains(&call.name.as_str()) || source.own.contains_key(call.name.as_str()));
            }
            // A key that is computed may be any.
            Some(ASTNode::Stmt(Stmt::Assignment(parts))) => {
                is_changed |= is_it(&parts.1.lhs)
                    || matches!(&parts.1.lhs, Expr::Index(index, ..) if is_it(&index.lhs));
            }
            _ => {}
        }
        !is_changed
    });
    is_changed || sets != 1 || makes_otherwise(tree, name)
}

/// Whether a loop or a `catch` uses the name as well.
fn makes_otherwise(tree: &rhai::AST, name: &str) -> bool {
    let mut makes = false;
    tree.walk(&mut |path: &[ASTNode]| {
        makes |= match path.last() {
            Some(ASTNode::Stmt(Stmt::For(parts, _))) => parts.0.name == name,
            Some(ASTNode::Stmt(Stmt::TryCatch(parts, _))) => {
                matches!(&parts.expr, Expr::Variable(v, ..) if v.1 == name)
            }
            _ => false,
        };
        !makes
    });
    makes
}
