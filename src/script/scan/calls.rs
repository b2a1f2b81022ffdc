//! Calls of functions that do not exist, or not with so many arguments.

use std::collections::BTreeMap;

use rhai::{Expr, FnCallExpr, Position};

use super::tree::{Exports, Source};
use crate::script::api::types;
use crate::script::diagnostic::{
    Diagnostic, Severity, arguments, called_property, no_member, ways,
};
use crate::script::{foreign, stdlib};
use crate::suggest::{did_you_mean, nearest};

/// What looks like a function but is part of the language.
const KEYWORDS: &[&str] = &[
    "type_of",
    "eval",
    "Fn",
    "call",
    "curry",
    "is_shared",
    "is_def_var",
    "is_def_fn",
    "this",
    "import",
];

/// What is wrong with one call, if anything. `method`: what it is called on, if it is, by the name of its type; empty if nobody knows.
pub fn check(
    call: &FnCallExpr,
    position: Position,
    method: Option<&str>,
    source: &Source<'_>,
) -> Option<Diagnostic> {
    let namespace = call.namespace.to_string();
    if namespace.is_empty() {
        return plain(call, position, method, source);
    }
    let first = namespace.split("::").next().unwrap_or_default();
    if source.imports.contains_key(&namespace) {
        let exports = source.exports(&namespace)?;
        return of_module(call, position, &namespace, &exports, source);
    }
    // What a module imports itself can be reached through it.
    if source.imports.contains_key(first) || first == "global" {
        return None;
    }
    if source.library.has_module(&namespace) {
        return of_library(call, position, &namespace, source);
    }
    Some(no_module(&namespace, call.namespace.position(), source))
}

/// A module that is neither imported nor there by itself.
pub fn no_module(namespace: &str, position: Position, source: &Source<'_>) -> Diagnostic {
    let known: Vec<&str> = source
        .library
        .modules()
        .chain(source.imports.keys().map(String::as_str))
        .collect();
    let help = if stdlib::names().any(|module| module == namespace) {
        format!("import it at the top of the script: import \"std/{namespace}\" as {namespace};")
    } else {
        did_you_mean(namespace, known.iter().copied())
            .unwrap_or_else(|| format!("there are: {}", known.join(", ")))
    };
    source
        .mistake(position, format!("there is no module `{namespace}`"))
        .with_code("unknown-module")
        .with_help(Some(help))
}

fn of_library(
    call: &FnCallExpr,
    position: Position,
    namespace: &str,
    source: &Source<'_>,
) -> Option<Diagnostic> {
    let (name, library) = (call.name.as_str(), source.library);
    if library.has(namespace, name) {
        let arities = library.arities(namespace, name);
        return count(
            &format!("{namespace}::{name}"),
            &arities,
            call,
            position,
            source,
        );
    }
    let kind = match call.args.first() {
        Some(Expr::StringConstant(text, _)) => Some(text.as_str()),
        _ => None,
    };
    let ours = foreign::module_function(namespace, name, kind);
    if ours != name && library.has(namespace, ours) {
        let message = format!("there is no function `{namespace}::{name}`");
        let help = format!("write `{namespace}::{ours}(…)`");
        let problem = source.mistake(position, message).with_help(Some(help));
        return Some(problem.with_code("unknown-function"));
    }
    let names: Vec<&str> = library.names(namespace).collect();
    Some(unknown(namespace, name, &names, position, source))
}

fn of_module(
    call: &FnCallExpr,
    position: Position,
    alias: &str,
    exports: &Exports,
    source: &Source<'_>,
) -> Option<Diagnostic> {
    let name = call.name.as_str();
    if let Some(arities) = exports.functions.get(name) {
        return count(&format!("{alias}::{name}"), arities, call, position, source);
    }
    if exports.private.contains(name) {
        let message = format!("`{name}` is private in its module `{alias}`");
        let help = "take `private` away where it is defined".to_owned();
        let problem = source.mistake(position, message).with_help(Some(help));
        return Some(problem.with_code("unknown-function"));
    }
    if exports.values.contains(name) {
        let message = format!("`{alias}::{name}` is a value, not a function");
        let help = format!("a closure in it is called by `{alias}::{name}.call(…)`");
        let problem = source.mistake(position, message).with_help(Some(help));
        return Some(problem.with_code("unknown-function"));
    }
    if source.library.has(alias, name) {
        let message = format!("there is no function `{alias}::{name}` in the imported module");
        let help = format!(
            "the module hides rhaid's own `{alias}`; import it under another name, and `{alias}::{name}` is there again"
        );
        return Some(source.mistake(position, message).with_help(Some(help)));
    }
    let names: Vec<&str> = exports.functions.keys().map(String::as_str).collect();
    Some(unknown(alias, name, &names, position, source))
}

fn unknown(
    namespace: &str,
    name: &str,
    names: &[&str],
    position: Position,
    source: &Source<'_>,
) -> Diagnostic {
    let help = match nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{namespace}::{near}`?"),
        None if names.is_empty() => format!("`{namespace}` has no functions"),
        None => format!("`{namespace}` has: {}", names.join(", ")),
    };
    source
        .mistake(
            position,
            format!("there is no function `{namespace}::{name}`"),
        )
        .with_code("unknown-function")
        .with_help(Some(help))
}

/// A wrong number of arguments.
fn count(
    name: &str,
    arities: &[usize],
    call: &FnCallExpr,
    position: Position,
    source: &Source<'_>,
) -> Option<Diagnostic> {
    if arities.contains(&call.args.len()) {
        return None;
    }
    let message = format!(
        "`{name}` takes {}, here it gets {}",
        arguments(arities),
        call.args.len()
    );
    Some(source.mistake(position, message).with_code("arguments"))
}

/// A method that no type has with so many arguments, or a property that is called.
fn of_value(
    name: &str,
    native: bool,
    call: &FnCallExpr,
    position: Position,
    kind: &str,
    source: &Source<'_>,
) -> Option<Diagnostic> {
    let receiver = source.receiver(position);
    let library = source.library;
    // Of a type that only scripts have all methods are known.
    let own = types().iter().any(|(_, name)| *name == kind);
    let kind = own.then_some(kind);
    if !native {
        let message = called_property(name, receiver.as_deref());
        return Some(source.mistake(position, message).with_code("arguments"));
    }
    let given = call.args.len();
    // The value itself is the first argument.
    let arities: Vec<usize> = match kind.and_then(|kind| library.method_arities(name, kind)) {
        Some(arities) => arities,
        None => library
            .arities("", name)
            .iter()
            .filter_map(|arity| arity.checked_sub(1))
            .collect(),
    };
    if arities.contains(&given) {
        return None;
    }
    if let (Some(kind), true) = (kind, arities.is_empty()) {
        let (message, help) = no_member(name, kind, library);
        let problem = source.mistake(position, message).with_help(help);
        return Some(problem.with_code("unknown-function"));
    }
    let message = format!(
        "`{name}` takes {}, here it gets {given}",
        arguments(&arities)
    );
    let help = ways(library, name, receiver.as_deref().unwrap_or_default(), kind);
    let problem = source.mistake(position, message).with_help(help);
    Some(problem.with_code("arguments"))
}

/// What a type has, for whoever looks for something that it has not.
fn members(kind: &str, source: &Source<'_>) -> Option<String> {
    let members = source.library.members(kind);
    (1..=24)
        .contains(&members.len())
        .then(|| format!("it has: {}", members.join(", ")))
}

fn plain(
    call: &FnCallExpr,
    position: Position,
    method: Option<&str>,
    source: &Source<'_>,
) -> Option<Diagnostic> {
    let (name, library) = (call.name.as_str(), source.library);
    let kind = method.unwrap_or_default();
    let method = method.is_some();
    if KEYWORDS.contains(&name) {
        return None;
    }
    let own: &BTreeMap<String, Vec<usize>> = &source.own;
    let native = library.has("", name);
    if method {
        if own.contains_key(name) || source.trees.may_hold(name) {
            return None;
        }
        if native || library.has_property(name) {
            return of_value(name, native, call, position, kind, source);
        }
        // A map may have got a closure under any name that the text reads.
        if source.keys.contains(name) {
            return None;
        }
    } else if let Some(arities) = own.get(name) {
        let is_known = native && library.arities("", name).contains(&call.args.len());
        // `f!()` and a first argument by reference change nothing about the number.
        return if is_known {
            None
        } else {
            count(name, arities, call, position, source)
        };
    } else if native {
        return count(name, &library.arities("", name), call, position, source);
    }
    let known = own
        .keys()
        .map(String::as_str)
        .filter(|name| !name.starts_with("anon$"))
        .chain(library.names(""))
        .filter(|name| rhai::is_valid_identifier(name));
    let help = match foreign::method(name) {
        Some(near) if method => Some(format!("did you mean `{near}`?")),
        _ => foreign::function(name)
            .map(str::to_owned)
            .or_else(|| {
                let near = library.nearest_member(kind, name)?;
                Some(format!("did you mean `{near}`?"))
            })
            // What is known to have no such member has none of another type either.
            .or_else(|| {
                let near = kind.is_empty().then(|| did_you_mean(name, known));
                near.unwrap_or_else(|| members(kind, source))
            }),
    };
    let mut found = source
        .mistake(position, format!("there is no function `{name}`"))
        .with_code("unknown-function");
    if method && help.is_none() {
        // A map may have got a closure under this name in a way that cannot be seen.
        found.severity = Severity::Warning;
    }
    Some(found.with_help(help))
}
