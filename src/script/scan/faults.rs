//! What a fault's function has written out and cannot be right: it would be told only when the fault comes, in the middle of a run.
//!
//! A fault is a chain of calls, `fault.proxy("pms").share(0.3).latency("200ms")`: what opens it, how, and what is broken.

use rhai::{ASTNode, Dynamic, Expr, FnCallExpr, Map, Position};

use super::literals::{duration, entries};
use super::tree::{Function, Source};
use crate::chaos::kubernetes::{self, Deployment, Pods};
use crate::chaos::proxy::{ProxyError, Toxicity, toxic};
use crate::script::api::faults::{attributes, bytes_of};
use crate::script::convert;
use crate::script::diagnostic::Diagnostic;

/// What names something that the options declare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Declared {
    Proxy,
    Command,
    Fault,
}

/// A name that is written out, and what is to be said if the options do not declare it.
#[derive(Debug)]
pub struct Named {
    pub what: Declared,
    pub name: String,
    pub problem: Diagnostic,
}

/// What is first called on a fault, and names or opens what is to be broken.
const OPENERS: [&str; 12] = [
    "proxy",
    "process",
    "processes",
    "command",
    "machine",
    "unit",
    "container",
    "redis",
    "postgres",
    "dns",
    "pods",
    "deployment",
];

/// Those of them that may be given options.
const WITH_OPTIONS: [&str; 2] = ["pods", "deployment"];

/// What is said of a proxy before something is laid on it.
const HOW: [&str; 3] = ["upstream", "share", "ramp"];

/// What is laid on a proxy. Nothing comes after it.
const LAID: [&str; 8] = [
    "toxic",
    "latency",
    "bandwidth",
    "slow_close",
    "timeout",
    "reset",
    "limit_data",
    "down",
];

/// What else is called on a fault and on what it opens.
const OTHERS: [&str; 21] = [
    "wait",
    "undo",
    "counts",
    "stop",
    "kill",
    "pause",
    "restart",
    "cpu",
    "memory",
    "disk",
    "io",
    "files",
    "slow",
    "exhaust",
    "lock",
    "terminate",
    "fail",
    "lead_to",
    "delete",
    "wait_ready",
    "scale",
];

/// One call of a chain.
type Link<'a> = (&'a FnCallExpr, Position);

/// What is wrong with the chain that a walk has come to, and what it names.
pub fn check(path: &[ASTNode], source: &Source<'_>) -> (Vec<Diagnostic>, Vec<Named>) {
    let (mut problems, mut named) = (Vec::new(), Vec::new());
    let Some(chain) = chain(path) else {
        return (problems, named);
    };
    let Some(((first, place), rest)) = chain.split_first() else {
        return (problems, named);
    };
    let most = 1 + usize::from(WITH_OPTIONS.contains(&first.name.as_str()));
    let opens = OPENERS.contains(&first.name.as_str()) && first.args.len() <= most;
    let lays = first.name == "toxic" && first.args.len() == 2;
    if !(opens || lays) || source.trees.may_hold(&first.name) {
        return (problems, named);
    }
    let is_own = |(call, place): &Link<'_>| hijacked(call, *place, source).is_some();
    if chain.iter().any(is_own) {
        return (problems, named);
    }
    named.extend(name_of(first, source));
    problems.extend(of_cluster(first, *place, source));
    let of_proxy = match first.name.as_str() {
        "proxy" => rest,
        "toxic" => chain.as_slice(),
        _ => {
            let calls = rest.iter();
            problems.extend(calls.filter_map(|(call, _)| other(&first.name, call, source)));
            return (problems, named);
        }
    };
    for (at, (call, place)) in of_proxy.iter().enumerate() {
        problems.extend(argument(call, source));
        let after = of_proxy.get(at + 1);
        if let Some((after, place)) = after
            && LAID.contains(&call.name.as_str())
        {
            problems.push(too_late(call, after, *place, source));
            break;
        }
        if after.is_none() && HOW.contains(&call.name.as_str()) && is_statement(path) {
            let message = format!("`{}` alone breaks nothing", call.name);
            let help = format!(
                "write what is to be broken after it: .{}(…).latency(\"200ms\")",
                call.name
            );
            let problem = source.mistake(*place, message).with_help(Some(help));
            problems.push(problem.as_warning());
        }
    }
    (problems, named)
}

/// A fault or a proxy that a function of `chaos` is asked for.
pub fn named(call: &FnCallExpr, source: &Source<'_>) -> Option<Named> {
    let is_ours = call.namespace.to_string() == "chaos" && !source.imports.contains_key("chaos");
    let what = match (call.name.as_str(), call.args.len()) {
        ("inject", 1) => Declared::Fault,
        ("address" | "url" | "counts", 1) => Declared::Proxy,
        _ => return None,
    };
    is_ours.then(|| asked(what, call, source)).flatten()
}

fn name_of(call: &FnCallExpr, source: &Source<'_>) -> Option<Named> {
    let what = match call.name.as_str() {
        "proxy" => Declared::Proxy,
        "command" => Declared::Command,
        _ => return None,
    };
    asked(what, call, source)
}

fn asked(what: Declared, call: &FnCallExpr, source: &Source<'_>) -> Option<Named> {
    let [Expr::StringConstant(name, position)] = call.args.as_slice() else {
        return None;
    };
    let kind = match what {
        Declared::Proxy => "proxy",
        Declared::Command => "command",
        Declared::Fault => "fault",
    };
    Some(Named {
        what,
        name: name.to_string(),
        problem: source
            .mistake(*position, format!("there is no {kind} `{name}`"))
            .with_code("fault"),
    })
}

/// The calls of a chain, if the walk has come to its beginning: `a.b().c()` is `a` and then `b().c()`.
fn chain<'a>(path: &'a [ASTNode<'a>]) -> Option<Vec<Link<'a>>> {
    let Some(ASTNode::Expr(Expr::Dot(first, ..))) = path.last() else {
        return None;
    };
    // The rest of a chain is a chain as well.
    if let Some(ASTNode::Expr(Expr::Dot(around, ..))) =
        path.len().checked_sub(2).and_then(|at| path.get(at))
        && matches!(path.last(), Some(ASTNode::Expr(last)) if std::ptr::eq(*last, &raw const around.rhs))
    {
        return None;
    }
    let mut chain = Vec::new();
    let mut rest = &first.rhs;
    loop {
        match rest {
            Expr::MethodCall(call, position) => {
                chain.push((&**call, *position));
                return Some(chain);
            }
            Expr::Dot(inner, ..) => {
                let Expr::MethodCall(call, position) = &inner.lhs else {
                    return None;
                };
                chain.push((&**call, *position));
                rest = &inner.rhs;
            }
            _ => return (!chain.is_empty()).then_some(chain),
        }
    }
}

/// Whether the chain's value goes nowhere.
fn is_statement(path: &[ASTNode]) -> bool {
    let around = path.len().checked_sub(2).and_then(|at| path.get(at));
    matches!(around, Some(ASTNode::Stmt(rhai::Stmt::Expr(_))))
}

/// A function of the script that is called in place of what a fault has: Rhai takes the script's own, as if it were meant as a
/// method, which is one that says `this`.
pub fn hijacked(call: &FnCallExpr, position: Position, source: &Source<'_>) -> Option<Diagnostic> {
    let name = call.name.as_str();
    let mut ours = OPENERS.iter().chain(&HOW).chain(&LAID).chain(&OTHERS);
    if !ours.any(|method| *method == name) || source.trees.may_hold(name) {
        return None;
    }
    let given = call.args.len();
    let is_own = source
        .own
        .get(name)
        .is_some_and(|arities| arities.contains(&given));
    let is_ours = source.library.arities("", name).contains(&(given + 1));
    let is_method = || {
        let functions = source.functions.iter();
        let mut meant = functions.filter(|function| {
            function.name() == name && function.definition.params.len() == given
        });
        meant.any(says_this)
    };
    (is_own && is_ours && !is_method()).then(|| {
        let message =
            format!("this calls the script's own function `{name}`, not the fault's method");
        let help = format!("give the function another name, such as `{name}_fault`");
        let problem = source.mistake(position, message).with_help(Some(help));
        problem.with_code("fault")
    })
}

fn says_this(function: &Function) -> bool {
    let mut says = false;
    function.tree.walk(&mut |path: &[ASTNode]| {
        says |= matches!(path.last(), Some(ASTNode::Expr(Expr::ThisPtr(_))));
        !says
    });
    says
}

fn too_late(
    call: &FnCallExpr,
    after: &FnCallExpr,
    position: Position,
    source: &Source<'_>,
) -> Diagnostic {
    let (laid, late) = (&call.name, &after.name);
    let (message, help) = if HOW.contains(&late.as_str()) {
        (
            format!("`{late}` comes before what it is about, and `{laid}` is done by now"),
            format!("write .{late}(…).{laid}(…)"),
        )
    } else {
        (
            format!("nothing can be called on what `{laid}` gives"),
            format!(
                "write them one by one: let proxy = fault.proxy(…); proxy.{laid}(…); proxy.{late}(…);"
            ),
        )
    };
    let problem = source.mistake(position, message).with_help(Some(help));
    problem.with_code("fault")
}

/// What is wrong with the arguments of a call on a proxy.
fn argument(call: &FnCallExpr, source: &Source<'_>) -> Option<Diagnostic> {
    let first = call.args.first();
    match call.name.as_str() {
        "toxic" => of_toxic(call, source),
        "share" => {
            let (share, position) = number(first?)?;
            let why = Toxicity::new(share).err()?.to_string();
            let help = (1.0..=100.0)
                .contains(&share)
                .then(|| format!("did you mean share({})?", share / 100.0));
            let help = help.unwrap_or_else(|| "a third of them is share(0.33)".to_owned());
            let problem = source.mistake(position, share_told(&why));
            Some(problem.with_help(Some(help)).with_code("fault"))
        }
        "latency" | "slow_close" | "timeout" | "reset" | "ramp" => call
            .args
            .iter()
            .find_map(|argument| duration(argument, source)),
        "bandwidth" | "limit_data" => match first? {
            Expr::StringConstant(text, position) => {
                let why = bytes_of(&Dynamic::from(text.clone())).err()?;
                Some(wrong(*position, &told(&why), source))
            }
            other => {
                let (amount, position) = number(other)?;
                (amount < 0.0).then(|| {
                    let message = format!("`{}` takes no negative number", call.name);
                    wrong(position, &message, source)
                })
            }
        },
        _ => None,
    }
}

/// In the words of scripts, which know a share.
fn share_told(why: &str) -> String {
    why.replacen("a toxicity", "a share of the connections", 1)
}

/// What is wrong with a call on what is no proxy.
fn other(opener: &str, call: &FnCallExpr, source: &Source<'_>) -> Option<Diagnostic> {
    let first = call.args.first();
    match (opener, call.name.as_str()) {
        ("machine", "cpu") => {
            let (percent, position) = number(first?)?;
            (!(1.0..=100.0).contains(&percent)).then(|| {
                let message = format!("processors are busy to 1 to 100 percent, not {percent}");
                wrong(position, &message, source)
            })
        }
        ("dns", "slow") | ("redis", "slow") | ("pods", "wait_ready") => duration(first?, source),
        ("deployment", "scale") => {
            let (replicas, position) = number(first?)?;
            (replicas < 0.0).then(|| {
                let message = format!("a number of replicas is 0 or more, not {replicas}");
                wrong(position, &message, source)
            })
        }
        ("dns", "lead_to") => match first? {
            Expr::StringConstant(text, position) if text.parse::<std::net::IpAddr>().is_err() => {
                Some(wrong(
                    *position,
                    &format!("`{text}` is not an IP address"),
                    source,
                ))
            }
            _ => None,
        },
        _ => None,
    }
}

/// What is wrong with what names pods or a deployment. What a program without Kubernetes cannot do is no mistake of the script.
fn of_cluster(call: &FnCallExpr, place: Position, source: &Source<'_>) -> Option<Diagnostic> {
    if !WITH_OPTIONS.contains(&call.name.as_str()) {
        return None;
    }
    if !kubernetes::IS_BUILT {
        return Some(wrong(place, kubernetes::NOT_BUILT, source).as_warning());
    }
    let Some(Expr::StringConstant(name, position)) = call.args.first() else {
        return None;
    };
    let given = match call.args.get(1) {
        None => &[][..],
        options => entries(options)?,
    };
    // What is computed is known only then.
    let known = given.iter().filter_map(|(key, value)| {
        let value = convert::to_json(&value.get_literal_value(None)?).ok()?;
        Some((key.name.to_string(), value))
    });
    let known: serde_json::Map<String, serde_json::Value> = known.collect();
    let why = match call.name.as_str() {
        "pods" => Pods::read(name, &known).err()?,
        _ => Deployment::read(name, &known).err()?,
    };
    let at = why.option().and_then(|option| {
        let entry = given.iter().find(|(key, _)| key.name == option);
        entry.map(|(key, _)| key.pos)
    });
    Some(wrong(at.unwrap_or(*position), &why.to_string(), source))
}

fn of_toxic(call: &FnCallExpr, source: &Source<'_>) -> Option<Diagnostic> {
    let [Expr::StringConstant(name, position), given] = call.args.as_slice() else {
        return None;
    };
    let kind = match toxic::kind(name) {
        Ok(kind) => kind,
        Err(why) => return Some(wrong(*position, &why.to_string(), source)),
    };
    let given = entries(Some(given))?;
    let at = |attribute: &str| {
        let entry = given.iter().find(|(key, _)| key.name == attribute);
        entry.map_or(*position, |(key, _)| key.pos)
    };
    let known: Map = given
        .iter()
        .filter_map(|(key, value)| {
            let value = value.get_literal_value(None);
            Some((key.name.as_str().into(), value?))
        })
        .collect();
    let names = given.iter();
    let names = names.map(|(key, _)| (key.name.to_string(), serde_json::Value::Null));
    let found = kind.unknown(&names.collect()).or_else(|| {
        // Where something is computed, each of the others is looked at by itself: what goes together is known only then.
        let sets: Vec<Map> = match known.len() == given.len() {
            true => vec![known],
            false => known
                .into_iter()
                .filter(|(key, _)| !["body", "headers"].contains(&key.as_str()))
                .map(|pair| Map::from_iter([pair]))
                .collect(),
        };
        sets.into_iter()
            .find_map(|set| match attributes(name, &set) {
                Ok(read) => kind.make(&read).err(),
                Err(why) => Some(ProxyError::Attribute {
                    kind: kind.name,
                    attribute: set
                        .keys()
                        .next()
                        .map(ToString::to_string)
                        .unwrap_or_default(),
                    wrong: told(&why),
                }),
            })
    })?;
    let place = match &found {
        ProxyError::Attribute { attribute, .. } => at(attribute),
        _ => *position,
    };
    Some(wrong(place, &found.to_string(), source))
}

fn told(why: &rhai::EvalAltResult) -> String {
    match why {
        rhai::EvalAltResult::ErrorRuntime(value, _) => value.to_string(),
        other => other.to_string(),
    }
}

/// With the help apart, where the message has some on a line of its own or after its first clause.
fn wrong(position: Position, message: &str, source: &Source<'_>) -> Diagnostic {
    if let Some((message, help)) = message.split_once("\nhelp: ") {
        let problem = source
            .mistake(position, message)
            .with_help(Some(help.to_owned()));
        return problem.with_code("fault");
    }
    let (message, help) = match message.rsplit_once("; ") {
        Some((message, help)) if help.starts_with("did you mean") || help.starts_with("it has") => {
            (message, Some(help.to_owned()))
        }
        _ => (message, None),
    };
    let problem = source.mistake(position, message).with_help(help);
    problem.with_code("fault")
}

/// A number that is written out.
fn number(argument: &Expr) -> Option<(f64, Position)> {
    match argument {
        Expr::IntegerConstant(number, position) => Some((*number as f64, *position)),
        Expr::FloatConstant(number, position) => Some((**number, *position)),
        _ => None,
    }
}
