//! Names under which a map may hold a closure, so that `x.name(…)` may call it and not the function of this name.

use std::collections::BTreeSet;

use rhai::{AST, ASTNode, Expr, FnPtr, Stmt};

use super::tree::Trees;
use crate::script::sources::Sources;

/// Those of a script and all modules that it imports; nothing if some of its code is not known before it runs.
pub fn names(trees: &Trees<'_>, sources: &Sources) -> Option<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut pending = vec![sources.main.clone()];
    while let Some(name) = pending.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let tree = trees.get(&name)?;
        let is_known = look_through(&tree, &mut names, |path| {
            let found = sources.import(path, Some(&name));
            pending.extend(found.map(|(module, _)| module));
        });
        is_known.then_some(())?;
    }
    Some(names)
}

/// Whether all of the code is known.
fn look_through(tree: &AST, names: &mut BTreeSet<String>, mut import: impl FnMut(&str)) -> bool {
    let mut is_known = true;
    tree.walk(&mut |path: &[ASTNode]| {
        match path.last() {
            Some(ASTNode::Stmt(Stmt::Import(parts, _))) => match &parts.0 {
                Expr::StringConstant(path, _) => import(path),
                _ => is_known = false,
            },
            Some(ASTNode::Stmt(Stmt::FnCall(call, _)) | ASTNode::Expr(Expr::FnCall(call, _))) => {
                is_known &= call.name != "eval"
            }
            Some(ASTNode::Expr(Expr::Map(map, _))) => {
                let entries = map.0.iter();
                let held = entries.filter(|(key, value)| may_be_closure(&key.name, value));
                names.extend(held.map(|(key, _)| key.name.to_string()));
            }
            Some(ASTNode::Stmt(Stmt::Assignment(parts))) => {
                if let Some(name) = assigned(&parts.1.lhs)
                    && may_be_closure(name, &parts.1.rhs)
                {
                    names.insert(name.to_owned());
                }
            }
            _ => {}
        }
        is_known
    });
    is_known
}

/// The last property or key of what is assigned to.
pub fn assigned(place: &Expr) -> Option<&str> {
    match place {
        Expr::Dot(parts, ..) => assigned(&parts.rhs),
        Expr::Index(parts, ..) => match &parts.rhs {
            Expr::Dot(..) | Expr::Index(..) => assigned(&parts.rhs),
            Expr::StringConstant(key, _) => Some(key),
            _ => None,
        },
        Expr::Property(property, _) => Some(&property.2),
        _ => None,
    }
}

fn may_be_closure(key: &str, value: &Expr) -> bool {
    match value {
        Expr::BoolConstant(..)
        | Expr::IntegerConstant(..)
        | Expr::FloatConstant(..)
        | Expr::CharConstant(..)
        | Expr::StringConstant(..)
        | Expr::InterpolatedString(..)
        | Expr::Unit(..)
        | Expr::Array(..)
        | Expr::Map(..)
        | Expr::And(..)
        | Expr::Or(..) => false,
        Expr::DynamicConstant(value, _) => value.is::<FnPtr>(),
        Expr::FnCall(call, _) => call.op_token.is_none(),
        // `#{ url: inbox.url }` says only once more what `url` is.
        Expr::Dot(..) => last_member(value) != Some(key),
        _ => true,
    }
}

fn last_member(chain: &Expr) -> Option<&str> {
    match chain {
        Expr::Dot(parts, ..) => last_member(&parts.rhs),
        Expr::Property(property, _) => Some(&property.2),
        Expr::MethodCall(call, _) => Some(&call.name),
        _ => None,
    }
}
