//! What scripts see, as definition files (`.d.rhai`) that the Rhai language server reads, so that an editor can complete, explain
//! and check.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use rhai::Engine;

use super::sources::Sources;
use super::stdlib;

/// Path within the folder of definitions, and content, of each file. `std/` holds the standard library.
pub fn files() -> Vec<(String, String)> {
    let sources = Sources::from_text(Path::new("definitions.rhai"), "");
    let (mut engine, _) = super::engine::build(
        &sources,
        &Arc::new(BTreeMap::new()),
        &crate::secrets::Secrets::default(),
    );
    super::api::register_described(&mut engine);
    let mut files: Vec<(String, String)> = engine
        .definitions()
        .include_standard_packages(true)
        .iter_files()
        .map(|(name, text)| (name, in_scripts_words(&text)))
        .collect();
    for name in stdlib::names() {
        if let Some(text) = stdlib::text(name) {
            files.push((format!("std/{name}.d.rhai"), library(&engine, name, text)));
        }
    }
    files.sort();
    files
}

/// What Rhai says of its own functions and is otherwise here.
const OTHERWISE: [(&str, &str); 2] = [
    (
        "/// Display any data to the standard output.",
        "/// Writes a value to the log, as `log::info` does: standard output is the summary's.",
    ),
    (
        "/// Display any data to the standard output in debug format.",
        "/// Writes a value in debug format to the log, as `log::trace` does: standard output is the summary's.",
    ),
];

/// Types by the names that scripts know: those that the source gives without a path or inside a result escape the engine's
/// own table.
fn in_scripts_words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        if let Some((_, ours)) = OTHERWISE.iter().find(|(theirs, _)| line == *theirs) {
            out.push_str(ours);
            out.push('\n');
            continue;
        }
        match line.split_once(" -> ") {
            Some((head, returned)) if !line.trim_start().starts_with("//") => {
                let returned = type_name(returned.trim_end_matches(';'));
                let _ = write!(out, "{} -> {returned};", head.replace(RESPONSE, "Response"));
            }
            _ => out.push_str(line),
        }
        out.push('\n');
    }
    out
}

const RESPONSE: &str = "ScriptResponse";

fn type_name(rust: &str) -> &str {
    let inner = match rust.strip_prefix("Result<") {
        Some(inner) => inner.strip_suffix(", Box<EvalAltResult>>").unwrap_or(inner),
        None => rust,
    };
    match inner {
        "Map" => "map",
        "Array" => "array",
        "Blob" => "blob",
        "Dynamic" | "RhaiResult" => "?",
        "String" | "ImmutableString" => "string",
        "i64" => "int",
        "f64" => "float",
        RESPONSE => "Response",
        other => other,
    }
}

/// A module of the standard library: what it exports, with its comments and without its code.
fn library(engine: &Engine, name: &str, text: &str) -> String {
    let mut out = format!("module \"std/{name}\";\n");
    for line in text.lines().take_while(|line| line.starts_with("//!")) {
        out.push_str(line);
        out.push('\n');
    }
    for function in stdlib::functions(engine, text) {
        out.push('\n');
        for comment in &function.comments {
            out.push_str(comment);
            out.push('\n');
        }
        let parameters: Vec<String> = function
            .params
            .iter()
            .map(|parameter| format!("{parameter}: ?"))
            .collect();
        let _ = writeln!(out, "fn {}({}) -> ?;", function.name, parameters.join(", "));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> String {
        let files = files();
        let found = files.iter().find(|(path, _)| path == name);
        found.unwrap_or_else(|| panic!("no {name}")).1.clone()
    }

    #[test]
    fn every_module_has_a_file_with_comments_and_types_that_scripts_know() {
        let http = file("http.d.rhai");
        assert!(http.starts_with("module http;"), "{http}");
        assert!(http.contains("/// "), "{http}");
        assert!(http.contains("fn get(url: "), "{http}");
        let all: String = files().into_iter().map(|(_, text)| text).collect();
        for wrong in [
            "rhaid::", "Script", "alloc::", "rhai::", "Result<", "Dynamic", "i64",
        ] {
            let code = all
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            let line = code.into_iter().find(|line| line.contains(wrong));
            assert_eq!(line, None, "{wrong} is no name of scripts");
        }
    }

    #[test]
    fn a_function_of_the_library_is_declared_with_its_comment() {
        let think = file("std/think.d.rhai");
        assert!(think.starts_with("module \"std/think\";\n//! Think times"));
        assert!(think.contains("/// Pauses for exactly `duration`."));
        assert!(think.contains("\nfn fixed(duration: ?) -> ?;\n"), "{think}");
        assert!(
            !think.contains("fn pause("),
            "private functions stay private"
        );
        for name in stdlib::names() {
            let text = file(&format!("std/{name}.d.rhai"));
            assert!(text.contains("\nfn "), "std/{name} declares nothing");
            assert!(!text.contains("anon$"), "{text}");
        }
    }
}
