//! Arguments that are written out and cannot be right: what would throw at the first call, or hardly is what was meant.

use rhai::{ASTNode, Expr, FnCallExpr, Position, Stmt};

use super::tree::{Imported, Source};
use crate::http::Target;
use crate::options::{Wrong, keys, reserved_tag};
use crate::script::api::unknown_parameter;
use crate::script::diagnostic::Diagnostic;
use crate::units;

/// The code of a warning about a variable of the environment that is not set.
pub const ENVIRONMENT: &str = "environment";

/// A variable of the environment that a script cannot do without, and what is to be said if it is not set.
#[derive(Debug)]
pub struct Needed {
    pub name: String,
    pub warning: Diagnostic,
}

/// What is wrong with the arguments of one call.
pub fn check(call: &FnCallExpr, position: Position, source: &Source<'_>) -> Vec<Diagnostic> {
    let namespace = call.namespace.to_string();
    let name = call.name.as_str();
    match (namespace.as_str(), name) {
        ("http", _) => {
            let mut found = request(call, source);
            found.extend(addresses(call, source));
            found
        }
        (alias, "fixed" | "uniform" | "normal" | "poisson" | "log_normal")
            if is_think(alias, source) =>
        {
            // The second of `log_normal` is a plain number.
            let durations = if name == "log_normal" { 1 } else { 2 };
            let given = call.args.iter().take(durations);
            given
                .filter_map(|argument| duration(argument, source))
                .collect()
        }
        ("tags", "set") => match call.args.first() {
            Some(Expr::StringConstant(tag, position)) => {
                reserved(tag, *position, source).into_iter().collect()
            }
            _ => Vec::new(),
        },
        ("", _) if source.own.contains_key(name) => Vec::new(),
        ("", "sleep" | "seconds") => call
            .args
            .first()
            .and_then(|argument| duration(argument, source))
            .into_iter()
            .collect(),
        ("", "check") => condition(call, position, source).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The variable that a call of `env` or `secret` names, if nothing stands for it where it is not set. `path`: the call with all
/// around it.
pub fn needed(call: &FnCallExpr, path: &[ASTNode], source: &Source<'_>) -> Option<Needed> {
    let function = call.name.as_str();
    let [Expr::StringConstant(name, position)] = call.args.as_slice() else {
        return None;
    };
    let is_plain = call.namespace.is_empty() && !source.own.contains_key(function);
    // Who catches the error knows that there may be none.
    let is_caught = path
        .iter()
        .any(|node| matches!(node, ASTNode::Stmt(Stmt::TryCatch(..))));
    if !is_plain || is_caught || !matches!(function, "env" | "secret") {
        return None;
    }
    let message = format!("the environment variable `{name}` is not set, so this will throw");
    let help =
        format!("set it with --env {name}=…, or give a default: {function}(\"{name}\", \"…\")");
    Some(Needed {
        name: name.to_string(),
        warning: source
            .mistake(*position, message)
            .with_help(Some(help))
            .with_code(ENVIRONMENT)
            .as_warning(),
    })
}

/// Whether an alias is that of the module `std/think`, and of no other.
fn is_think(alias: &str, source: &Source<'_>) -> bool {
    matches!(source.imports.get(alias), Some(Imported::Modules(modules))
        if modules.iter().all(|module| module == "std/think"))
}

/// URLs of a call of `http` that are written out and none that can be asked.
fn addresses(call: &FnCallExpr, source: &Source<'_>) -> Vec<Diagnostic> {
    if source.imports.contains_key("http") {
        return Vec::new();
    }
    let urls: Vec<&Expr> = match (call.name.as_str(), call.args.first()) {
        ("batch", Some(Expr::Array(entries, _))) => entries
            .iter()
            .filter_map(|entry| match entry {
                Expr::Array(parts, _) => parts.get(1),
                other => Some(other),
            })
            .collect(),
        ("request", _) => call.args.get(1).into_iter().collect(),
        (function, _) if places(function).is_some() => call.args.first().into_iter().collect(),
        _ => Vec::new(),
    };
    urls.into_iter()
        .filter_map(|url| address(url, source))
        .collect()
}

fn address(url: &Expr, source: &Source<'_>) -> Option<Diagnostic> {
    let (text, position) = match url {
        Expr::StringConstant(text, position) => (text.as_str(), *position),
        // Of what is put together only a path at its beginning tells enough.
        Expr::InterpolatedString(parts, position) => match parts.first() {
            Some(Expr::StringConstant(text, _)) if text.starts_with('/') => {
                (text.as_str(), *position)
            }
            _ => return None,
        },
        _ => return None,
    };
    // A password in it would be shown with the line.
    if text.contains('@') {
        return None;
    }
    let message = Target::parse(text, "").err()?.message().to_owned();
    let help = if text.starts_with('/') {
        "put the host before it: `${global::BASE}/…`, with `const BASE = env(\"BASE_URL\", \"http://…\");`"
            .to_owned()
    } else if text.contains("://") || text.trim().is_empty() {
        "a URL is written as in `http://host:8080/path`".to_owned()
    } else {
        format!("write \"http://{text}\", or https://")
    };
    let problem = source.mistake(position, message).with_help(Some(help));
    Some(problem.with_code("url").as_warning())
}

fn reserved(name: &str, position: Position, source: &Source<'_>) -> Option<Diagnostic> {
    let Wrong { message, help } = reserved_tag(name)?;
    Some(source.mistake(position, message).with_help(help))
}

/// Where a function of `http` takes its body and its parameters, counted from 0.
pub fn places(function: &str) -> Option<(Option<usize>, usize)> {
    Some(match function {
        "get" | "head" | "options" => (None, 1),
        "post" | "put" | "patch" | "delete" => (Some(1), 2),
        "request" => (Some(2), 3),
        _ => return None,
    })
}

/// A key of a map that is written out, with what stands under it.
pub(super) type Entry = (rhai::Ident, Expr);

pub(super) fn entries(argument: Option<&Expr>) -> Option<&[Entry]> {
    match argument? {
        Expr::Map(map, _) => Some(&map.0),
        _ => None,
    }
}

fn request(call: &FnCallExpr, source: &Source<'_>) -> Vec<Diagnostic> {
    let Some((body, parameters)) = places(&call.name) else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    for (key, value) in entries(call.args.get(parameters)).unwrap_or_default() {
        if !is_parameter(key) && !matches!(value, Expr::Unit(_)) {
            let (message, help) = unknown_parameter(&key.name);
            problems.push(source.mistake(key.pos, message).with_help(Some(help)));
        }
        if key.name == "timeout" {
            problems.extend(duration(value, source));
        }
        if key.name == "tags" {
            // A tag `name` names the request.
            let tags = entries(Some(value)).unwrap_or_default().iter();
            let others = tags.filter(|(tag, _)| tag.name != "name");
            problems.extend(others.filter_map(|(tag, _)| reserved(&tag.name, tag.pos, source)));
        }
    }
    if let Some(body) = body
        && call.args.len() == body + 1
    {
        problems.extend(misplaced(call, body, source));
    }
    problems
}

fn is_parameter(key: &rhai::Ident) -> bool {
    keys::REQUEST
        .iter()
        .any(|known| known.name == key.name.as_str())
}

/// A body that reads like the request's parameters.
fn misplaced(call: &FnCallExpr, body: usize, source: &Source<'_>) -> Option<Diagnostic> {
    let argument = call.args.get(body)?;
    let entries = entries(Some(argument))?;
    if entries.is_empty() || !entries.iter().all(|(key, _)| is_parameter(key)) {
        return None;
    }
    let names: Vec<&str> = entries.iter().map(|(key, _)| key.name.as_str()).collect();
    let before = if body == 2 { "method, url" } else { "url" };
    let function = &call.name;
    let message = format!(
        "`{}` would be sent as the body: the parameters of a request come after it",
        names.join("`, `")
    );
    let help = format!(
        "did you mean `http::{function}({before}, (), #{{ … }})`? If it is the body, say so with `http::{function}({before}, #{{ … }}, #{{}})`"
    );
    let problem = source.mistake(argument.position(), message);
    Some(problem.with_help(Some(help)).as_warning())
}

/// A duration that is none.
pub(super) fn duration(argument: &Expr, source: &Source<'_>) -> Option<Diagnostic> {
    let (read, position) = match argument {
        Expr::StringConstant(text, position) => (units::parse_duration(text), position),
        Expr::IntegerConstant(number, position) => {
            (units::duration_from_number(*number as f64), position)
        }
        Expr::FloatConstant(number, position) => (units::duration_from_number(**number), position),
        _ => return None,
    };
    let Wrong { message, help } = read.err()?.into();
    Some(source.mistake(*position, message).with_help(help))
}

/// `check(1, "one")`: with a name, what is looked at must be true or false.
fn condition(call: &FnCallExpr, position: Position, source: &Source<'_>) -> Option<Diagnostic> {
    let [
        value,
        Expr::StringConstant(..) | Expr::InterpolatedString(..),
    ] = call.args.as_slice()
    else {
        return None;
    };
    let found = match value {
        Expr::IntegerConstant(..) | Expr::FloatConstant(..) => "a number",
        Expr::StringConstant(..) | Expr::InterpolatedString(..) | Expr::CharConstant(..) => {
            "a text"
        }
        Expr::Array(..) => "a list",
        Expr::Map(..) => "a map",
        Expr::Unit(..) => "`()`",
        _ => return None,
    };
    Some(no_condition(found, position, source))
}

/// What is said where a check with a name looks at something that is neither true nor false.
pub(super) fn no_condition(found: &str, position: Position, source: &Source<'_>) -> Diagnostic {
    let help = "write a condition, `check(r.status == 200, \"created\")`, or several looks at one value, `check(r, #{ \"created\": |r| r.status == 201 })`";
    let message = format!("`check` with a name takes true or false, not {found}");
    source
        .mistake(position, message)
        .with_help(Some(help.to_owned()))
}
