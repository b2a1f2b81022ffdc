//! The functions, methods and properties that are registered with the engine.

use std::collections::BTreeMap;
use std::fmt::Write;

use rhai::{Engine, FuncInfo};

use super::rooms::{MODULES, Room, TYPES};
use crate::options::keys;

/// One way to call a function.
struct Overload {
    parameters: Vec<String>,
    returns: &'static str,
    doc: String,
}

/// All ways to call each function, by its name and whether it is read without parentheses.
type Functions = BTreeMap<(String, bool), Vec<Overload>>;

/// Writes all functions.
pub fn write(out: &mut String, engine: &Engine) {
    let mut modules: BTreeMap<String, Functions> = BTreeMap::new();
    let mut types: BTreeMap<&str, Functions> = BTreeMap::new();
    let gather = |info: FuncInfo<'_>| {
        let owner = owner(&info);
        let name = name_of(&info, owner.is_some())?;
        let overload = overload(&info, owner.is_some());
        Some((info.namespace.to_string(), owner, name, overload))
    };
    for (namespace, owner, name, overload) in engine.collect_fn_metadata(None, gather, false) {
        let functions = match owner {
            Some(owner) => types.entry(owner).or_default(),
            None => modules.entry(namespace).or_default(),
        };
        functions.entry(name).or_default().push(overload);
    }
    out.push_str("## Functions\n\n");
    for room in MODULES {
        section(out, room, modules.remove(room.key).unwrap_or_default());
        if room.key == "http" {
            out.push_str("Parameters of a request (`params`):\n\n");
            super::tables::keys(out, keys::REQUEST);
        }
    }
    out.push_str("## Types\n\n");
    for room in TYPES {
        section(out, room, types.remove(room.key).unwrap_or_default());
    }
}

fn section(out: &mut String, room: &Room, functions: Functions) {
    let _ = writeln!(out, "### {}\n", room.title);
    if !room.purpose.is_empty() {
        let _ = writeln!(out, "{}\n", room.purpose);
    }
    if !room.example.is_empty() {
        let _ = writeln!(out, "```rhai inside\n{}\n```\n", room.example);
    }
    // Two names for one thing share a doc comment.
    let mut by_doc: Vec<(String, Vec<String>)> = Vec::new();
    for ((name, is_property), overloads) in functions {
        for (signature, doc) in entries(&name, is_property, overloads) {
            match by_doc.iter_mut().find(|(known, _)| *known == doc) {
                Some((_, signatures)) => signatures.push(signature),
                None => by_doc.push((doc, vec![signature])),
            }
        }
    }
    for (doc, signatures) in by_doc {
        let _ = writeln!(out, "- {}  ", signatures.join(", "));
        for line in doc.lines() {
            let _ = writeln!(out, "  {line}");
        }
    }
    out.push('\n');
}

/// Signatures with their explanations. Overloads that only add parameters at the end become one signature; what
/// nobody has written a doc comment for is no part of the language.
fn entries(name: &str, is_property: bool, mut overloads: Vec<Overload>) -> Vec<(String, String)> {
    if overloads.iter().all(|overload| overload.doc.is_empty()) {
        return Vec::new();
    }
    if is_property {
        return overloads
            .into_iter()
            .map(|overload| (format!("`{name}`{}", arrow(overload.returns)), overload.doc))
            .collect();
    }
    // Rhai gives them in no fixed order.
    overloads.sort_by(|a, b| {
        let order = |overload: &Overload| {
            (
                overload.parameters.len(),
                overload.parameters.clone(),
                overload.doc.clone(),
            )
        };
        order(a).cmp(&order(b))
    });
    let mut chains: Vec<(usize, Overload)> = Vec::new();
    for overload in overloads {
        let longer = chains
            .iter_mut()
            .find(|(_, known)| overload.parameters.starts_with(&known.parameters));
        match longer {
            Some((_, known)) => {
                known.parameters = overload.parameters;
                if !overload.doc.is_empty() && overload.doc != known.doc {
                    let gap = if known.doc.is_empty() { "" } else { " " };
                    known.doc = format!("{}{gap}{}", known.doc, overload.doc);
                }
            }
            None => chains.push((overload.parameters.len(), overload)),
        }
    }
    chains
        .into_iter()
        .map(|(required, overload)| {
            let parameters: Vec<String> = overload
                .parameters
                .iter()
                .enumerate()
                .map(|(at, parameter)| {
                    if at < required {
                        parameter.clone()
                    } else {
                        format!("{parameter}?")
                    }
                })
                .collect();
            let signature = format!(
                "`{name}({})`{}",
                parameters.join(", "),
                arrow(overload.returns)
            );
            (signature, overload.doc)
        })
        .collect()
}

fn arrow(returns: &str) -> String {
    if returns.is_empty() {
        String::new()
    } else {
        format!(" → {returns}")
    }
}

/// The name as scripts write it, and whether it is read without parentheses; nothing for what is only written to.
fn name_of(info: &FuncInfo<'_>, is_method: bool) -> Option<(String, bool)> {
    let name = info.metadata.name.as_str();
    if name.starts_with("set$") || name.starts_with("index$set") {
        return None;
    }
    if let Some(property) = name.strip_prefix("get$") {
        return Some((format!(".{property}"), true));
    }
    if name.starts_with("index$get") {
        return Some(("[index]".to_owned(), true));
    }
    Some(if is_method {
        (format!(".{name}"), false)
    } else if info.namespace.is_empty() {
        (name.to_owned(), false)
    } else {
        (format!("{}::{name}", info.namespace), false)
    })
}

fn overload(info: &FuncInfo<'_>, is_method: bool) -> Overload {
    let metadata = info.metadata;
    let parameters = metadata
        .params_info
        .iter()
        .filter(|parameter| !parameter.contains("NativeCallContext"))
        .skip(usize::from(is_method))
        .take(metadata.num_params - usize::from(is_method).min(metadata.num_params))
        .map(|parameter| {
            let name = parameter.split(':').next().unwrap_or(parameter);
            name.trim().trim_start_matches('_').to_owned()
        })
        .collect();
    Overload {
        parameters,
        returns: type_name(&metadata.return_type),
        doc: super::prose(
            metadata.comments.iter().map(|comment| comment.as_str()),
            "///",
        )
        .replace('\n', " "),
    }
}

/// The type to which a method or property belongs.
fn owner(info: &FuncInfo<'_>) -> Option<&'static str> {
    if !info.namespace.is_empty() {
        return None;
    }
    let (_, kind) = info.metadata.params_info.first()?.split_once(": ")?;
    let kind = bare(kind);
    TYPES.iter().map(|room| room.key).find(|key| *key == kind)
}

/// A type's last name, without what Rust needs around it.
fn bare(kind: &str) -> &str {
    let kind = kind.trim().trim_start_matches("&mut ");
    let kind = kind.rsplit("::").next().unwrap_or(kind);
    if kind == "ScriptResponse" {
        "Response"
    } else {
        kind
    }
}

/// What script authors call a Rust type; empty for nothing.
fn type_name(rust: &str) -> &'static str {
    let inner = rust
        .trim()
        .strip_prefix("Result<")
        .or_else(|| rust.trim().strip_prefix("Fallible<"))
        .map_or(rust, |rest| {
            // The error's type holds commas and brackets of its own, so the value ends at the first one.
            rest.split(',').next().unwrap_or(rest).trim_end_matches('>')
        });
    match bare(inner) {
        "i64" => "whole number",
        "f64" => "number",
        "bool" => "true or false",
        "String" | "ImmutableString" | "&str" => "text",
        "Blob" => "blob",
        "Map" => "map",
        "Array" => "list",
        "Dynamic" | "?" => "anything",
        "Response" => "`Response`",
        "Selection" => "`Selection`",
        "Metric" => "`Metric`",
        "Data" => "`Data`",
        "Counter" => "`Counter`",
        "SharedMap" => "`SharedMap`",
        "Queue" => "`Queue`",
        "Inbox" => "`Inbox`",
        "Call" => "`Call`",
        "Prepared" => "body",
        "File" => "file",
        "Fault" => "`Fault`",
        "FaultProxy" => "`FaultProxy`",
        "FaultProcess" => "`FaultProcess`",
        "FaultCommand" => "`FaultCommand`",
        "FaultMachine" => "`FaultMachine`",
        "FaultService" => "`FaultService`",
        "FaultRedis" => "`FaultRedis`",
        "FaultPostgres" => "`FaultPostgres`",
        "FaultNames" => "`FaultNames`",
        "FaultPods" => "`FaultPods`",
        "FaultDeployment" => "`FaultDeployment`",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_types_get_the_names_that_script_authors_know() {
        for (rust, name) in [
            ("Result<ScriptResponse, Box<EvalAltResult>>", "`Response`"),
            ("Result<(), Box<EvalAltResult>>", ""),
            ("()", ""),
            ("rhai::Dynamic", "anything"),
            ("f64", "number"),
        ] {
            assert_eq!(type_name(rust), name, "{rust}");
        }
    }

    #[test]
    fn overloads_that_add_parameters_at_the_end_are_one_signature() {
        let overload = |parameters: &[&str], doc: &str| Overload {
            parameters: parameters.iter().map(|&name| name.to_owned()).collect(),
            returns: "text",
            doc: doc.to_owned(),
        };
        let overloads = vec![
            overload(&["url", "params"], ""),
            overload(&["url"], "Gets."),
            overload(&["other"], "Else."),
        ];
        assert_eq!(
            entries("get", false, overloads),
            [
                ("`get(other)` → text".to_owned(), "Else.".to_owned()),
                ("`get(url, params?)` → text".to_owned(), "Gets.".to_owned()),
            ]
        );
    }
}
