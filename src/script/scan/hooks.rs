//! What is written out about webhooks and cannot be right: keys and schemes that there are not, places that are none.

use rhai::{Expr, FnCallExpr};

use super::literals::{duration, entries};
use super::tree::Source;
use crate::hooks::Place;
use crate::script::api::{HookMap, unknown_scheme};
use crate::script::diagnostic::Diagnostic;

/// What is wrong with the arguments of one call: of a function of `hooks`, or of a method of an inbox or a call.
pub fn check(call: &FnCallExpr, method: bool, source: &Source<'_>) -> Vec<Diagnostic> {
    let name = call.name.as_str();
    let arguments = call.args.as_slice();
    if method {
        // Nothing else has methods of these names, but a map may.
        if source.own.contains_key(name) || source.trees.may_hold(name) {
            return Vec::new();
        }
        return match (name, arguments) {
            ("verify" | "verified", [how]) => map(HookMap::Verify, how, source),
            ("answer", [how]) => answers(how, source),
            ("wait", [timeout]) => duration(timeout, source).into_iter().collect(),
            ("wait", [at, _, timeout]) => waiting(Some(at), timeout, source),
            _ => Vec::new(),
        };
    }
    if call.namespace.to_string() != "hooks" || source.imports.contains_key("hooks") {
        return Vec::new();
    }
    match (name, arguments) {
        ("correlate", [at]) => place(at, source).into_iter().collect(),
        ("wait", [_, timeout]) => waiting(None, timeout, source),
        ("wait", [at, _, timeout]) => waiting(Some(at), timeout, source),
        ("inbox", [how]) => map(HookMap::Inbox, how, source),
        ("verify", [how]) => map(HookMap::Verify, how, source),
        ("answer", [how]) => answers(how, source),
        _ => Vec::new(),
    }
}

fn waiting(at: Option<&Expr>, timeout: &Expr, source: &Source<'_>) -> Vec<Diagnostic> {
    let place = at.and_then(|at| place(at, source));
    place.into_iter().chain(duration(timeout, source)).collect()
}

fn place(argument: &Expr, source: &Source<'_>) -> Option<Diagnostic> {
    let Expr::StringConstant(text, position) = argument else {
        return None;
    };
    let wrong = text.parse::<Place>().err()?;
    let problem = source.mistake(*position, wrong.message);
    Some(problem.with_help(Some(wrong.help)))
}

/// One answer, or a list of them.
fn answers(argument: &Expr, source: &Source<'_>) -> Vec<Diagnostic> {
    match argument {
        Expr::Array(list, _) => list
            .iter()
            .flat_map(|one| map(HookMap::Answer, one, source))
            .collect(),
        one => map(HookMap::Answer, one, source),
    }
}

/// A map that is written out.
fn map(of: HookMap, argument: &Expr, source: &Source<'_>) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for (key, value) in entries(Some(argument)).unwrap_or_default() {
        // As at run time, what is `()` is not there. A scheme's map takes none of a wrong name at all.
        let is_given = of == HookMap::Verify || !matches!(value, Expr::Unit(_));
        let wrong = of.unknown(&key.name).filter(|_| is_given);
        problems.extend(wrong.map(|(message, help)| {
            let problem = source.mistake(key.pos, message);
            problem.with_help(Some(help))
        }));
        match (of, key.name.as_str()) {
            (HookMap::Verify, "scheme") => {
                if let Expr::StringConstant(name, position) = value
                    && let Some((message, help)) = unknown_scheme(name)
                {
                    problems.push(source.mistake(*position, message).with_help(Some(help)));
                }
            }
            (HookMap::Inbox, "verify") => problems.extend(map(HookMap::Verify, value, source)),
            (HookMap::Inbox, "answer") => problems.extend(answers(value, source)),
            (HookMap::Inbox, "id" | "sequence") => problems.extend(place(value, source)),
            (HookMap::Verify, "tolerance") | (HookMap::Answer, "delay") => {
                problems.extend(duration(value, source));
            }
            _ => {}
        }
    }
    problems
}
