//! Both sides of the comparison that a check's closure makes: what `|r| r.status == 200` found, beside what it expected.
//!
//! They are evaluated again, for someone who looks on. So only what cannot do anything is: values, properties and methods of
//! natives, no functions of the script or of a module.

use rhai::{AST, ASTNode, Dynamic, Expr, FnPtr, Module, NativeCallContext, Scope, Stmt};

use crate::lengths::shorten;
use crate::vu::tap::Sides;

const COMPARISONS: [&str; 6] = ["==", "!=", "<", "<=", ">", ">="];

/// Of a side that is shown, in bytes.
const SHOWN: usize = 300;

/// What the closure compared when it was called with `value`; nothing if it does something else.
pub fn of(context: &NativeCallContext<'_>, closure: &FnPtr, value: &Dynamic) -> Option<Sides> {
    let count = closure.curry().len() + 1;
    let definition = context
        .iter_namespaces()
        .find_map(|module| module.get_script_fn(closure.fn_name(), count))?;
    let mut scope = Scope::new();
    let values = closure.curry().iter().chain([value]);
    for (name, value) in definition.params.iter().zip(values) {
        scope.push_dynamic(name.as_str(), value.clone());
    }
    let mut alone = Module::new();
    alone.set_script_fn(definition.clone());
    let tree = AST::new_from_module(alone);
    let mut sides = None;
    tree.walk(&mut |path: &[ASTNode]| {
        if let [ASTNode::Stmt(Stmt::Expr(body))] = path {
            sides = compared(body, context, &mut scope);
        } else if let [ASTNode::Stmt(Stmt::FnCall(call, position))] = path {
            let body = Expr::FnCall(call.clone(), *position);
            sides = compared(&body, context, &mut scope);
        }
        // A body of several statements is no comparison.
        false
    });
    sides
}

/// The sides of the comparison, or of the first that does not hold of several in a row.
fn compared(body: &Expr, context: &NativeCallContext<'_>, scope: &mut Scope<'_>) -> Option<Sides> {
    match body {
        Expr::And(parts, _) => {
            let failing = parts.iter().find(|part| {
                evaluate(part, context, scope).is_some_and(|value| value.as_bool() == Ok(false))
            })?;
            compared(failing, context, scope)
        }
        Expr::FnCall(call, _) if COMPARISONS.contains(&call.name.as_str()) => {
            let [left, right] = call.args.as_slice() else {
                return None;
            };
            let mut shown = |side: &Expr| Some(text_of(&evaluate(side, context, scope)?));
            Some(Sides {
                left: shown(left)?,
                right: shown(right)?,
                operator: call.name.to_string(),
            })
        }
        _ => None,
    }
}

fn text_of(value: &Dynamic) -> String {
    let mut text = if value.is_string() {
        format!("{value:?}")
    } else {
        value.to_string()
    };
    shorten(&mut text, SHOWN);
    text
}

fn evaluate(
    side: &Expr,
    context: &NativeCallContext<'_>,
    scope: &mut Scope<'_>,
) -> Option<Dynamic> {
    let tree = AST::new([Stmt::Expr(Box::new(side.clone()))], Module::new());
    is_harmless(&tree).then_some(())?;
    let depth = scope.len();
    let value = context.engine().eval_ast_with_scope(scope, &tree).ok();
    scope.rewind(depth);
    value
}

/// Whether evaluating it changes nothing.
fn is_harmless(tree: &AST) -> bool {
    let mut harmless = true;
    tree.walk(&mut |path: &[ASTNode]| {
        harmless &= match path.last() {
            Some(ASTNode::Expr(Expr::FnCall(call, _) | Expr::MethodCall(call, _))) => {
                call.namespace.is_empty()
                    && !["call", "eval", "sleep"].contains(&call.name.as_str())
            }
            Some(ASTNode::Expr(Expr::Stmt(_) | Expr::Custom(..))) => false,
            _ => true,
        };
        harmless
    });
    harmless
}
