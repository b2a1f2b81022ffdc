//! Errors that a script threw while it ran.

use rhai::{AST, ASTFlags, Engine, EvalAltResult, Stmt};

use super::syntax::of_parse_error_type;
use super::{Diagnostic, frames, nothing};
use crate::lengths::shorten;
use crate::script::foreign;
use crate::script::library::{Library, readable_type};
use crate::script::sources::Sources;
use crate::suggest::did_you_mean;

/// An error that a script threw while it ran.
pub fn of_runtime_error(
    error: &EvalAltResult,
    sources: &Sources,
    engine: &Engine,
    ast: Option<&AST>,
) -> Diagnostic {
    let (current, source, notes) = frames::of(error, &sources.main, Some(sources));
    let (position, is_evaluated) = frames::place(error);
    if let (EvalAltResult::ErrorParsing(kind, _), true) = (current, is_evaluated) {
        let message = format!("Syntax error in the text that `eval` runs: {kind}");
        let mut diagnostic =
            Diagnostic::at(sources, source, position, message).with_code("runtime");
        diagnostic.notes = notes;
        return diagnostic;
    }
    if let EvalAltResult::ErrorParsing(kind, position) = current {
        let mut diagnostic = of_parse_error_type(kind, *position, sources, source);
        diagnostic.notes = notes;
        return diagnostic;
    }
    let text = sources.text(source).unwrap_or_default();
    let line = position.line().and_then(|line| text.lines().nth(line - 1));
    let written = Written {
        line: line.unwrap_or_default(),
        column: position.position().unwrap_or(0),
    };
    let (message, mut help) = explain(current, engine, ast, &written);
    if help.as_deref() == Some(nothing::HELP) {
        let expression = message
            .split_once("` is `()`")
            .and_then(|(before, _)| before.strip_prefix('`'));
        help = Some(nothing::help_with(&tables(sources), expression));
    }
    let mut diagnostic = Diagnostic::at(sources, source, position, message)
        .with_code("runtime")
        .with_help(help);
    diagnostic.notes = notes;
    diagnostic
}

/// The CSV files that a script has opened, by their names, and their columns.
fn tables(sources: &Sources) -> Vec<(String, Vec<String>)> {
    let tables = sources.data.tables().into_iter();
    tables
        .map(|(path, columns)| {
            let name = path.file_name().unwrap_or(path.as_os_str());
            (name.to_string_lossy().into_owned(), columns)
        })
        .collect()
}

/// The line that an error stands on, and its column in it; an empty one where the text is not at hand.
struct Written<'a> {
    line: &'a str,
    column: usize,
}

impl Written<'_> {
    /// What the member at this place is read of or called on.
    fn receiver(&self) -> Option<String> {
        nothing::receiver(self.line, self.column)
    }

    /// What a `()` has not, with the expression that gave it.
    fn nothing_has(&self, member: &str) -> (String, Option<String>) {
        let message = match self.receiver() {
            Some(expression) => format!("`{expression}` is `()`, which has no `{member}`"),
            None => format!("`()` has no `{member}`"),
        };
        (message, Some(nothing::HELP.to_owned()))
    }
}

fn explain(
    error: &EvalAltResult,
    engine: &Engine,
    ast: Option<&AST>,
    written: &Written<'_>,
) -> (String, Option<String>) {
    match error {
        EvalAltResult::ErrorFunctionNotFound(signature, _) => {
            function(signature, engine, ast, written)
        }
        EvalAltResult::ErrorVariableNotFound(name, _) => {
            // Whether the script's top level declares it, and if so as a constant.
            let declared = ast.and_then(|ast| {
                ast.statements()
                    .iter()
                    .find_map(|statement| match statement {
                        Stmt::Var(variable, flags, _) if variable.0.name == name.as_str() => {
                            Some(flags.contains(ASTFlags::CONSTANT))
                        }
                        _ => None,
                    })
            });
            let help = match declared {
                Some(true) => format!("inside a function, write `global::{name}` for a constant of the script"),
                Some(false) => format!(
                    "functions do not see variables of the top level: make it a constant, `const {name} = …`, and write `global::{name}`"
                ),
                None if Library::of(engine).has_module(name) => {
                    format!("declare it with `let`, or if the module of this name is meant, write `{name}::…`")
                }
                None => foreign::variable(name, None).unwrap_or_else(|| "declare it with `let`; functions see their parameters, their own variables, and the script's constants as `global::NAME`".to_owned()),
            };
            (format!("there is no variable `{name}`"), Some(help))
        }
        EvalAltResult::ErrorModuleNotFound(name, _) => {
            let library = Library::of(engine);
            let help = did_you_mean(name, library.modules()).unwrap_or_else(|| {
                format!("import it at the top of the script: import \"std/{name}\" as {name};")
            });
            (format!("there is no module `{name}`"), Some(help))
        }
        EvalAltResult::ErrorStackOverflow(_) => (
            format!(
                "functions call each other more than {} levels deep",
                crate::script::LIMITS.call_levels
            ),
            Some("is there a recursion without an end?".to_owned()),
        ),
        EvalAltResult::ErrorTerminated(..) => (
            format!(
                "the script's top level took longer than {} s",
                crate::script::LIMITS.top_level.as_secs()
            ),
            Some(
                "the top level only declares; work belongs into `setup` or a scenario's function"
                    .to_owned(),
            ),
        ),
        EvalAltResult::ErrorRuntime(value, _) => {
            let text = if value.is_map() {
                format!("{value:?}")
            } else {
                value.to_string()
            };
            match text.split_once("\nhelp: ") {
                Some((message, help)) => (message.to_owned(), Some(help.to_owned())),
                None => (text, None),
            }
        }
        EvalAltResult::ErrorDotExpr(what, _) => {
            property(what, engine, written).unwrap_or_else(|| (what.clone(), None))
        }
        EvalAltResult::ErrorMismatchDataType(wanted, found, _) if !wanted.is_empty() => (
            format!(
                "{} is needed here, not {}",
                readable_type(wanted),
                readable_type(found)
            ),
            nothing(found),
        ),
        EvalAltResult::ErrorIndexingType(what, _) => {
            let kind = what.split(' ').next().unwrap_or_default();
            let kind = kind.split_once('[').map_or(kind, |(kind, _)| kind);
            let found = readable_type(kind);
            let indexed = nothing::indexed(written.line, written.column);
            let message = match indexed.filter(|_| kind == "()") {
                Some(expression) => {
                    format!("`{expression}` is {found}, which has no elements to pick by `[…]`")
                }
                None => format!("{found} has no elements to pick by `[…]`"),
            };
            (message, nothing(kind))
        }
        EvalAltResult::ErrorArithmetic(text, _) if text.starts_with("Error parsing ") => {
            no_number(text)
        }
        other => {
            let text = other.to_string();
            // The position is shown by the caret.
            let text = text
                .rsplit_once(" (line ")
                .map_or(text.as_str(), |(message, _)| message);
            (text.to_owned(), None)
        }
    }
}

/// What `parse_int` and `parse_float` say of a text that is no number: `Error parsing integer number 'x': …`.
fn no_number(text: &str) -> (String, Option<String>) {
    let is_whole = text.contains("integer");
    let given = text
        .split_once('\'')
        .and_then(|(_, rest)| rest.rsplit_once('\''))
        .map_or("", |(given, _)| given);
    let mut given = given.to_owned();
    shorten(&mut given, 40);
    let (message, takes) = if is_whole {
        (
            format!("the text {given:?} is no whole number"),
            "`parse_int` takes digits, as in \"42\"; `parse_float` takes \"4.2\"",
        )
    } else {
        (
            format!("the text {given:?} is no number"),
            "`parse_float` takes a number, as in \"4.2\"",
        )
    };
    let help = format!(
        "{takes}. Where a text may be none: `let n = 0; try {{ n = parse_int(text); }} catch {{ }}`"
    );
    (message, Some(help))
}

/// Where a `()` usually comes from.
fn nothing(kind: &str) -> Option<String> {
    (kind == "()").then(|| nothing::HELP.to_owned())
}

/// A function that is not there, or not for what it was given. `signature` is as Rhai writes it: `name (type, type)`.
fn function(
    signature: &str,
    engine: &Engine,
    ast: Option<&AST>,
    written: &Written<'_>,
) -> (String, Option<String>) {
    let library = Library::of(engine);
    let (name, types) = signature.split_once(" (").unwrap_or((signature, ""));
    let types: Vec<&str> = types
        .strip_suffix(')')
        .unwrap_or(types)
        .split(", ")
        .filter(|kind| !kind.is_empty())
        .collect();
    let (namespace, plain) = name.rsplit_once("::").unwrap_or(("", name));
    if !rhai::is_valid_identifier(plain) {
        return operator(plain, &types);
    }
    let own: Vec<&str> = ast
        .into_iter()
        .flat_map(AST::iter_functions)
        .map(|f| f.name)
        .collect();
    let kind = types.first().copied().unwrap_or_default();
    let receiver = written.receiver().filter(|_| namespace.is_empty());
    if library.has(namespace, plain) {
        return match &receiver {
            Some(_) if kind == "()" => written.nothing_has(plain),
            Some(receiver) => method_misfit(&library, plain, receiver, &types),
            None => misfit(&library, name, &types),
        };
    }
    if namespace.is_empty() && kind == "()" {
        return written.nothing_has(name);
    }
    if namespace.is_empty() && library.members(kind).iter().any(|member| member == plain) {
        return (called_property(plain, receiver.as_deref()), None);
    }
    let message = format!("there is no function `{name}`");
    let known = library.names(namespace).chain(own.iter().copied());
    let help = foreign::function(plain)
        .map(str::to_owned)
        .or_else(|| foreign::method(plain).map(|near| format!("did you mean `{near}`?")))
        .or_else(|| {
            let near = library.nearest_member(kind, plain)?;
            Some(format!("did you mean `{near}`?"))
        })
        .or_else(|| did_you_mean(plain, known));
    (message, help)
}

/// What is said of a property that is called like a function.
pub fn called_property(name: &str, receiver: Option<&str>) -> String {
    let receiver = receiver.unwrap_or_default();
    format!("`{name}` is a property: write `{receiver}.{name}` without brackets")
}

/// The ways to call a method, for whoever gave it another number of arguments; nothing if there are too many.
pub fn ways(library: &Library, name: &str, receiver: &str, kind: Option<&str>) -> Option<String> {
    const MOST: usize = 4;
    let ways = library.ways(name, kind);
    let written: Vec<String> = ways
        .iter()
        .map(|parameters| format!("`{receiver}.{name}({})`", parameters.join(", ")))
        .collect();
    (1..=MOST)
        .contains(&written.len())
        .then(|| format!("write {}", written.join(" or ")))
}

/// A method that exists, but not for what it is called on or these arguments.
fn method_misfit(
    library: &Library,
    name: &str,
    receiver: &str,
    types: &[&str],
) -> (String, Option<String>) {
    let (kind, given) = types
        .split_first()
        .map_or(("", 0), |(kind, given)| (*kind, given.len()));
    let Some(arities) = library.method_arities(name, kind) else {
        return misfit(library, name, types);
    };
    if arities.is_empty() {
        let near = library.nearest_member(kind, name);
        let help = near.map(|near| format!("did you mean `{near}`?"));
        return (format!("{} has no `{name}`", readable_type(kind)), help);
    }
    if arities.contains(&given) {
        return misfit(library, name, types);
    }
    let message = format!(
        "`{name}` takes {}, here it gets {given}",
        arguments(&arities)
    );
    (message, ways(library, name, receiver, Some(kind)))
}

/// A function that exists, but not for these arguments.
fn misfit(library: &Library, name: &str, types: &[&str]) -> (String, Option<String>) {
    let (namespace, plain) = name.rsplit_once("::").unwrap_or(("", name));
    let arities = library.arities(namespace, plain);
    if !arities.contains(&types.len()) {
        let message = format!(
            "`{name}` takes {}, here it gets {}",
            arguments(&arities),
            types.len()
        );
        return (message, None);
    }
    let wrong = types.iter().enumerate().find_map(|(at, found)| {
        let wanted = library.takes(namespace, plain, types.len(), at)?;
        let found = readable_type(found);
        (!wanted.split(" or ").any(|kind| kind == found)).then_some((at, wanted, found))
    });
    let found: Vec<String> = types.iter().map(|kind| readable_type(kind)).collect();
    let message = match wrong {
        Some((_, wanted, found)) if types.len() == 1 => {
            format!("`{name}` takes {wanted}, not {found}")
        }
        Some((at, wanted, found)) => {
            format!(
                "`{name}` takes {wanted} as argument {}, not {found}",
                at + 1
            )
        }
        None => format!("`{name}` does not take {}", found.join(" and ")),
    };
    let help = types
        .iter()
        .find_map(|kind| nothing(kind))
        .or_else(|| Some("`rhaid reference` says what each function takes".to_owned()));
    (message, help)
}

/// An operator between values that it is not made for.
fn operator(sign: &str, types: &[&str]) -> (String, Option<String>) {
    let found: Vec<String> = types.iter().map(|kind| readable_type(kind)).collect();
    let help = types.iter().find_map(|kind| nothing(kind)).or_else(|| {
        types.contains(&"string").then(|| {
            "a text becomes a number with `parse_int(text)` or `parse_float(text)`".to_owned()
        })
    });
    (
        format!("`{sign}` does not work on {}", found.join(" and ")),
        help,
    )
}

/// Numbers of arguments in words: `1 argument`, `2 or 3 arguments`.
pub fn arguments(arities: &[usize]) -> String {
    if arities == [0] {
        return "no arguments".to_owned();
    }
    let counts: Vec<String> = arities.iter().map(usize::to_string).collect();
    let plural = if arities == [1] { "" } else { "s" };
    format!("{} argument{plural}", counts.join(" or "))
}

/// Rhai's sentence about a missing property in this program's words, with the nearest one that is there.
fn property(
    text: &str,
    engine: &Engine,
    written: &Written<'_>,
) -> Option<(String, Option<String>)> {
    let (name, rest) = text.strip_prefix("Unknown property '")?.split_once('\'')?;
    let (_, kind) = rest.split_once("for type '")?;
    let kind = kind.trim_end_matches('\'');
    if kind == "()" {
        return Some(written.nothing_has(name));
    }
    Some(no_member(name, kind, &Library::of(engine)))
}

/// What is said of a property that a value of some type has not, with the nearest one that is there.
pub fn no_member(name: &str, kind: &str, library: &Library) -> (String, Option<String>) {
    let message = format!("{} has no `{name}`", readable_type(kind));
    let near = foreign::method(name)
        .filter(|near| library.members(kind).iter().any(|member| member == near))
        .map(str::to_owned)
        .or_else(|| library.nearest_member(kind, name));
    let help = match near {
        Some(near) if near == name => Some(format!("it is called: `.{near}()`")),
        Some(near) if library.is_method(&near) => Some(format!("did you mean `{near}(…)`?")),
        Some(near) => Some(format!("did you mean `{near}`?")),
        None => {
            let members = library.members(kind);
            let few = (1..=20).contains(&members.len());
            few.then(|| format!("it has: {}", members.join(", ")))
        }
    };
    (message, help)
}

/// An error where there is no script's text at hand: its message with the place, and that with how to mend it.
pub fn brief(error: &EvalAltResult, engine: &Engine) -> (String, String) {
    let (current, source, calls) = frames::of(error, "", None);
    let unknown = Written {
        line: "",
        column: 0,
    };
    let (message, help) = explain(current, engine, None, &unknown);
    let position = current.position();
    let place = match (position.line(), position.position()) {
        (Some(line), Some(column)) => format!("{source}:{line}:{column}"),
        _ => String::new(),
    };
    let mut whole = message.clone();
    if !place.is_empty() {
        whole.push_str(&format!("\n  at {place}"));
    }
    let calls = calls
        .iter()
        .filter(|call| call.line > 0 && !call.source.is_empty());
    let ways: Vec<String> = calls.map(|call| format!("\n  {call}")).collect();
    // The place itself has been said.
    if ways.len() > 1 {
        whole.push_str(&ways.concat());
    }
    if let Some(help) = help {
        whole.push_str(&format!("\n  Help: {help}"));
    }
    let message = message.lines().next().unwrap_or_default();
    let short = match position.line() {
        Some(line) => format!("{message} ({source}:{line})"),
        None => message.to_owned(),
    };
    (short, whole)
}
