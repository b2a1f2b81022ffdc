//! The script reference, made from the registered functions and the tables of options, so that it cannot drift.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use rhai::{Engine, FuncInfo};

use super::sources::Sources;
use super::stdlib;
use crate::executor::Kind;
use crate::metrics::Builtin;
use crate::options::keys::{self, Key};
use crate::secrets::Secrets;

/// One function, as the reference shows it.
struct Entry {
    signature: String,
    doc: String,
}

/// The types whose methods and properties are shown in sections of their own, by their Rust names.
const TYPES: &[(&str, &str, &str)] = &[
    ("Context", "ctx", "What a scenario's function is given."),
    (
        "Response",
        "Response",
        "What a request gives back. A request that failed is a response with `error` set and `status` 0.",
    ),
    ("Selection", "Selection", "Elements of an HTML body."),
    (
        "Metric",
        "Metric",
        "A handle on one of the script's metrics.",
    ),
];

/// Purpose of each module.
const MODULES: &[(&str, &str)] = &[
    (
        "http",
        "Requests. The last argument of each is a map of parameters: `name`, `headers`, `tags`, `timeout`, `redirects`, `auth`, `cookies`, `expected_statuses`, `discard_body`.",
    ),
    ("metrics", "The script's own metrics."),
    (
        "log",
        "Lines for people; they are shown above the progress.",
    ),
    (
        "random",
        "Random numbers; they follow from the run's seed and the virtual user.",
    ),
    ("crypto", "Hashes and signatures."),
    ("time", "Clocks and dates."),
    ("tags", "Tags on everything the virtual user records."),
];

/// The whole reference as Markdown.
pub fn markdown() -> String {
    let sources = Sources::from_text(Path::new("reference.rhai"), "");
    let (engine, _) =
        super::engine::build(&sources, &Arc::new(BTreeMap::new()), &Secrets::default());
    let mut out = String::from(
        "# Script reference\n\nMade by `rhaid reference` from the functions that scripts see; do not edit.\n\n\
         Durations are numbers of seconds or texts such as `\"1m30s\"`. Rhai itself (types, operators, strings, arrays, maps) is\n\
         described in the Rhai book.\n\n",
    );
    functions(&mut out, &engine);
    standard_library(&mut out);
    options(&mut out);
    metrics(&mut out);
    out
}

fn functions(out: &mut String, engine: &Engine) {
    let mut modules: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    let collected = engine.collect_fn_metadata(
        None,
        |info| Some((info.namespace.to_string(), owner(&info), entry(&info))),
        false,
    );
    let mut types: BTreeMap<&str, Vec<Entry>> = BTreeMap::new();
    for (namespace, owner, entry) in collected {
        let Some(entry) = entry else { continue };
        match owner {
            Some(owner) if namespace.is_empty() => types.entry(owner).or_default().push(entry),
            _ => modules.entry(namespace).or_default().push(entry),
        }
    }
    out.push_str("## Functions\n\n");
    section(
        out,
        "Everywhere",
        "",
        modules.remove("").unwrap_or_default(),
    );
    for (name, purpose) in MODULES {
        section(
            out,
            &format!("`{name}`"),
            purpose,
            modules.remove(*name).unwrap_or_default(),
        );
    }
    for (name, entries) in modules {
        section(out, &format!("`{name}`"), "", entries);
    }
    for (rust, name, purpose) in TYPES {
        section(
            out,
            &format!("`{name}`"),
            purpose,
            types.remove(rust).unwrap_or_default(),
        );
    }
}

fn section(out: &mut String, title: &str, purpose: &str, mut entries: Vec<Entry>) {
    if entries.is_empty() {
        return;
    }
    entries.sort_by(|a, b| a.signature.cmp(&b.signature));
    let _ = writeln!(out, "### {title}\n");
    if !purpose.is_empty() {
        let _ = writeln!(out, "{purpose}\n");
    }
    for entry in entries {
        let _ = writeln!(out, "- `{}`: {}", entry.signature, entry.doc);
    }
    out.push('\n');
}

/// The type to which a method or property belongs.
fn owner(info: &FuncInfo<'_>) -> Option<&'static str> {
    let first = info.metadata.params_info.first()?;
    let kind = first.split(": ").nth(1)?;
    let kind = kind
        .trim_start_matches("&mut ")
        .rsplit("::")
        .next()
        .unwrap_or(kind);
    let kind = if kind == "ScriptResponse" {
        "Response"
    } else {
        kind
    };
    TYPES
        .iter()
        .find(|(rust, ..)| *rust == kind)
        .map(|(rust, ..)| *rust)
}

fn entry(info: &FuncInfo<'_>) -> Option<Entry> {
    let metadata = info.metadata;
    let doc: Vec<&str> = metadata
        .comments
        .iter()
        .flat_map(|comment| comment.lines())
        .map(|line| line.trim().trim_start_matches("///").trim())
        .filter(|line| !line.is_empty())
        .collect();
    if doc.is_empty() {
        return None;
    }
    let belongs = owner(info).is_some() && info.namespace.is_empty();
    let parameters: Vec<String> = metadata
        .params_info
        .iter()
        .filter(|parameter| !parameter.contains("NativeCallContext"))
        .skip(usize::from(belongs))
        .take(metadata.num_params)
        .map(|parameter| parameter_text(parameter))
        .collect();
    let name = metadata.name.as_str();
    let signature = if let Some(property) = name.strip_prefix("get$") {
        format!(".{property}")
    } else if name.starts_with("index$get") {
        "[index]".to_owned()
    } else {
        let prefix = if belongs {
            ".".to_owned()
        } else if info.namespace.is_empty() {
            String::new()
        } else {
            format!("{}::", info.namespace)
        };
        format!("{prefix}{name}({})", parameters.join(", "))
    };
    Some(Entry {
        signature,
        doc: doc.join(" "),
    })
}

/// A parameter by its name alone; Rust's types mean nothing to script authors.
fn parameter_text(parameter: &str) -> String {
    parameter
        .split(':')
        .next()
        .unwrap_or(parameter)
        .trim()
        .trim_start_matches('_')
        .to_owned()
}

fn standard_library(out: &mut String) {
    out.push_str("## Standard library\n\nWritten in Rhai; import a module at the top of the script: `import \"std/think\" as think;`\n\n");
    let engine = Engine::new();
    for name in stdlib::names() {
        let Some(ast) = stdlib::text(name).and_then(|text| engine.compile(text).ok()) else {
            continue;
        };
        let entries = ast
            .iter_functions()
            .filter(|function| function.access == rhai::FnAccess::Public)
            .map(|function| Entry {
                signature: format!("{name}::{}({})", function.name, function.params.join(", ")),
                doc: function
                    .comments
                    .iter()
                    .flat_map(|comment| comment.lines())
                    .map(|line| line.trim().trim_start_matches("///").trim())
                    .take_while(|line| !line.is_empty())
                    .collect::<Vec<_>>()
                    .join(" "),
            })
            .collect();
        section(out, &format!("`std/{name}`"), "", entries);
    }
}

fn options(out: &mut String) {
    out.push_str("## Options\n\n`export const options = #{ … };` at the top of a script; the same keys in `rhaid.toml` are defaults.\n\n### Of the run\n\n");
    table(out, keys::RUN.iter());
    out.push_str("### Of a scenario\n\n");
    table(out, keys::SCENARIO.iter());
    out.push_str("### Of an executor\n\n");
    for kind in Kind::ALL {
        let _ = writeln!(
            out,
            "- `{}`: {} Options: {}.",
            kind.name(),
            sentence(kind.doc()),
            kind.keys()
                .iter()
                .map(|key| format!("`{key}`"))
                .collect::<Vec<_>>()
                .join(", ")
        );
    }
    out.push('\n');
    table(out, keys::EXECUTOR.iter());
    out.push_str("### Of an objective\n\n");
    table(out, keys::OBJECTIVE.iter());
}

fn sentence(text: &str) -> String {
    if text.ends_with('.') {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}

fn table<'a>(out: &mut String, keys: impl Iterator<Item = &'a Key>) {
    out.push_str("| option | takes | default | meaning |\n|---|---|---|---|\n");
    for key in keys {
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {} |",
            key.name, key.takes, key.default, key.meaning
        );
    }
    out.push('\n');
}

fn metrics(out: &mut String) {
    out.push_str("## Metrics\n\nEvery run has these; times are in milliseconds.\n\n| metric | kind | meaning |\n|---|---|---|\n");
    for metric in Builtin::ALL {
        let definition = metric.definition();
        let _ = writeln!(
            out,
            "| `{}` | {} | {} |",
            definition.name, definition.kind, definition.description
        );
    }
}
