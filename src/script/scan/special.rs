//! Names that mean something to rhaid, misspelt: Rhai is content with them, but nothing would ever use them.

use std::collections::BTreeSet;

use rhai::{AST, ASTFlags, ASTNode, Expr, FnAccess, Stmt};

use crate::script::diagnostic::{Diagnostic, of_function};
use crate::script::foreign;
use crate::script::sources::Sources;
use crate::suggest::nearest;

/// The functions that a script may have beside those of its scenarios.
pub const LIFECYCLE: [&str; 5] = ["setup", "teardown", "vu_start", "vu_stop", "summary"];

/// Misspelt special names of a script. `executed`: the functions that its scenarios name.
pub fn special_names(ast: &AST, sources: &Sources, executed: &[&str]) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    problems.extend(options(ast, sources));
    let called = called(ast);
    let own: BTreeSet<&str> = ast.iter_functions().map(|function| function.name).collect();
    for function in ast.iter_functions() {
        let name = function.name;
        let is_used = called.contains(name) || executed.contains(&name);
        if LIFECYCLE.contains(&name)
            || name.starts_with("anon$")
            || is_used
            || function.access == FnAccess::Private
        {
            continue;
        }
        let mut free = LIFECYCLE
            .into_iter()
            .filter(|special| !own.contains(special));
        let meant = foreign::lifecycle(name).or_else(|| free.find(|meant| is_slip(name, meant)));
        if let Some(meant) = meant {
            let message = format!("nothing calls `{name}`");
            problems.push(
                of_function(name, message, sources)
                    .with_help(Some(format!("did you mean `{meant}`?")))
                    .with_code("special-name")
                    .as_warning(),
            );
        }
    }
    problems
}

/// Whether a name is another one but for a slip of the finger. Stricter than elsewhere: a helper may well begin as a special name does.
fn is_slip(name: &str, meant: &str) -> bool {
    name.len() > 4 && strsim::damerau_levenshtein(&name.to_lowercase(), meant) <= 2
}

/// A run without its options is another run: nothing of what the author planned, and nothing judged.
fn options(ast: &AST, sources: &Sources) -> Option<Diagnostic> {
    let variables = || {
        ast.statements()
            .iter()
            .filter_map(|statement| match statement {
                Stmt::Var(variable, flags, position) => {
                    Some((variable.0.name.as_str(), &variable.1, *flags, *position))
                }
                _ => None,
            })
    };
    if variables().any(|(name, ..)| name == "options") {
        return None;
    }
    variables().find_map(|(name, _, flags, position)| {
        let is_exported = flags.contains(ASTFlags::EXPORTED);
        let is_near = nearest(name, ["options"]).is_some();
        (is_exported && is_near).then(|| {
            let message = format!("nothing reads `{name}`, so it would have no effect");
            Diagnostic::at(sources, &sources.main, position, message)
                .with_help(Some("did you mean `options`?".to_owned()))
        })
    })
}

/// The names of functions that the script calls or passes on.
fn called(ast: &AST) -> BTreeSet<String> {
    let mut called = BTreeSet::new();
    ast.walk(&mut |path: &[ASTNode]| {
        match path.last() {
            Some(
                ASTNode::Stmt(Stmt::FnCall(call, _))
                | ASTNode::Expr(Expr::FnCall(call, _) | Expr::MethodCall(call, _)),
            ) => {
                called.insert(call.name.to_string());
            }
            Some(ASTNode::Expr(Expr::Variable(variable, ..))) => {
                called.insert(variable.1.to_string());
            }
            // As in `Fn("name")`.
            Some(ASTNode::Expr(Expr::StringConstant(text, _))) => {
                called.insert(text.to_string());
            }
            Some(ASTNode::Expr(Expr::DynamicConstant(value, _))) => {
                if let Some(pointer) = value.read_lock::<rhai::FnPtr>() {
                    called.insert(pointer.fn_name().to_owned());
                }
            }
            _ => {}
        }
        true
    });
    called
}
