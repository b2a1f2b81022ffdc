//! Both sides of the comparison that a check's closure makes: what `|r| r.status == 200` found, beside what it expected.
//!
//! They are evaluated again, for someone who looks on. So only what cannot do anything is: values, properties, operators and the
//! natives in [`PURE`], no functions of the script or of a module. What a name tells to be a secret is not shown.

use rhai::{
    AST, ASTNode, Dynamic, Expr, FnPtr, ImmutableString, Module, NativeCallContext, Scope, Stmt,
};

use crate::lengths::shorten;
use crate::script::convert::to_json;
use crate::secrets::{MASK, hide_named, is_secret_name, mask_named};
use crate::vu::tap::Sides;

const COMPARISONS: [&str; 6] = ["==", "!=", "<", "<=", ">", ">="];

/// Of a side that is shown, in characters.
const SHOWN: usize = 300;

/// Of a text that is looked at to show a part of it, in bytes.
const LOOKED_AT: usize = 16 << 10;

/// Functions and methods that change nothing and give the same each time.
const PURE: [&str; 46] = [
    "abs",
    "attr",
    "bytes",
    "ceiling",
    "chars",
    "contains",
    "ends_with",
    "exp",
    "find",
    "first",
    "floor",
    "get",
    "has",
    "header",
    "html",
    "index_of",
    "inner",
    "int",
    "is_empty",
    "is_nan",
    "json",
    "json_text",
    "keys",
    "last",
    "len",
    "max",
    "min",
    "nth",
    "parse_float",
    "parse_int",
    "parse_json",
    "range",
    "round",
    "seconds",
    "sign",
    "split",
    "sqrt",
    "starts_with",
    "sub_string",
    "text",
    "to_float",
    "to_int",
    "to_lower",
    "to_string",
    "to_upper",
    "type_of",
];

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
            for part in parts.iter() {
                // Behind one that nobody knows, none may have been come to.
                if evaluate(part, context, scope)?.as_bool() == Ok(false) {
                    return compared(part, context, scope);
                }
            }
            None
        }
        Expr::FnCall(call, _) if COMPARISONS.contains(&call.name.as_str()) => {
            let [left, right] = call.args.as_slice() else {
                return None;
            };
            let hidden = names_a_secret(left) || names_a_secret(right);
            let mut sides = [
                evaluate(left, context, scope)?,
                evaluate(right, context, scope)?,
            ];
            let [left, right] = sides.each_ref().map(|side| text_of(side, hidden));
            let [one, other] = &mut sides;
            let held = context.call_native_fn_raw(call.name.as_str(), false, &mut [one, other]);
            // If it holds now, these are not the values that it was about.
            (held.ok()?.as_bool() == Ok(false)).then_some(Sides {
                left,
                right,
                operator: call.name.to_string(),
            })
        }
        _ => None,
    }
}

/// A value for reading. `hidden`: it may be a secret.
fn text_of(value: &Dynamic, hidden: bool) -> String {
    if value.is_unit() {
        return "()".to_owned();
    }
    if hidden && !value.is_bool() {
        return MASK.to_owned();
    }
    // As a text it would be empty.
    if value.is_unit() {
        return "()".to_owned();
    }
    let mut text = match value.read_lock::<ImmutableString>() {
        Some(text) => {
            let part = text.get(..text.floor_char_boundary(LOOKED_AT));
            format!("{:?}", mask_named(part.unwrap_or(&text)))
        }
        None => structured(value).unwrap_or_else(|| value.to_string()),
    };
    shorten(&mut text, SHOWN);
    text
}

/// A list or a map, without its secrets.
fn structured(value: &Dynamic) -> Option<String> {
    if !value.is_map() && !value.is_array() {
        return None;
    }
    // What is no JSON holds handles and functions; their names say nothing.
    let Ok(mut json) = to_json(value) else {
        return Some(format!("a {}", if value.is_map() { "map" } else { "list" }));
    };
    hide_named(&mut json);
    Some(json.to_string())
}

/// Whether the words of an expression tell that its value is a secret.
fn names_a_secret(side: &Expr) -> bool {
    let mut named = false;
    tree_of(side).walk(&mut |path: &[ASTNode]| {
        named |= match path.last() {
            Some(ASTNode::Expr(Expr::Property(property, _))) => is_secret_name(&property.2),
            Some(ASTNode::Expr(Expr::Variable(variable, ..))) => is_secret_name(&variable.1),
            // As the path of `r.json("access_token")`.
            Some(ASTNode::Expr(Expr::StringConstant(text, _))) => is_secret_name(text),
            _ => false,
        };
        !named
    });
    named
}

fn tree_of(side: &Expr) -> AST {
    AST::new([Stmt::Expr(Box::new(side.clone()))], Module::new())
}

fn evaluate(
    side: &Expr,
    context: &NativeCallContext<'_>,
    scope: &mut Scope<'_>,
) -> Option<Dynamic> {
    let tree = tree_of(side);
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
                    && (call.op_token.is_some() || PURE.contains(&call.name.as_str()))
            }
            // A function that is passed on may do anything.
            Some(ASTNode::Expr(Expr::DynamicConstant(value, _))) => !value.is::<FnPtr>(),
            // Time goes on.
            Some(ASTNode::Expr(Expr::Property(property, _))) => property.2 != "elapsed",
            Some(ASTNode::Expr(Expr::Stmt(_) | Expr::Custom(..))) => false,
            _ => true,
        };
        harmless
    });
    harmless
}
