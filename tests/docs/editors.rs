//! The extension for VS Code is whole: its files are JSON, and name files and commands that are there.

use std::path::Path;

use serde_json::Value;

use crate::docs::pages;

fn json(name: &str) -> Value {
    let text = pages::read(&format!("editors/vscode/{name}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn exists(name: &str) -> bool {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("editors/vscode");
    folder.join(name).is_file()
}

#[test]
fn the_manifest_names_files_that_are_there() {
    let manifest = json("package.json");
    let contributes = &manifest["contributes"];
    let files = [
        &manifest["main"],
        &contributes["languages"][0]["configuration"],
        &contributes["grammars"][0]["path"],
        &contributes["snippets"][0]["path"],
    ];
    for file in files {
        let file = file.as_str().unwrap();
        assert!(exists(file), "{file}");
    }
    assert_eq!(contributes["languages"][0]["extensions"][0], ".rhai");
    let code = pages::read("editors/vscode/extension.js");
    for command in contributes["commands"].as_array().unwrap() {
        assert!(code.contains(command["command"].as_str().unwrap()));
    }
    for setting in contributes["configuration"]["properties"]
        .as_object()
        .unwrap()
        .keys()
    {
        let (_, name) = setting.split_once('.').unwrap();
        assert!(code.contains(&format!("get(\"{name}\"")), "{setting}");
    }
    for dependency in manifest["dependencies"].as_object().unwrap().keys() {
        assert!(code.contains(dependency), "{dependency}");
    }
}

#[test]
fn the_grammar_is_whole_and_its_patterns_are_such() {
    let grammar = json("syntaxes/rhai.tmLanguage.json");
    assert_eq!(
        grammar["scopeName"],
        json("package.json")["contributes"]["grammars"][0]["scopeName"]
    );
    let mut seen = 0;
    look(&grammar, &grammar, &mut seen);
    assert!(seen > 20, "only {seen} patterns");
    json("language-configuration.json");
}

fn look(value: &Value, grammar: &Value, seen: &mut usize) {
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields {
                match (key.as_str(), inner.as_str()) {
                    ("include", Some(name)) => {
                        let name = name.strip_prefix('#').unwrap();
                        assert!(grammar["repository"].get(name).is_some(), "#{name}");
                    }
                    ("match" | "begin" | "end", Some(pattern)) => {
                        *seen += 1;
                        let mut opened = 0;
                        let mut closed = 0;
                        let mut signs = pattern.chars();
                        while let Some(sign) = signs.next() {
                            match sign {
                                '\\' => drop(signs.next()),
                                '(' => opened += 1,
                                ')' => closed += 1,
                                _ => {}
                            }
                        }
                        assert_eq!(opened, closed, "{pattern}");
                    }
                    _ => look(inner, grammar, seen),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| look(item, grammar, seen)),
        _ => {}
    }
}

/// The snippets, filled in with what they suggest, are right.
#[test]
fn the_journey_of_the_snippets_is_a_script_that_is_right() {
    let snippets = json("snippets.json");
    let body = snippets["A journey"]["body"].as_array().unwrap();
    let mut script: String = body
        .iter()
        .map(|line| format!("{}\n", line.as_str().unwrap()))
        .collect();
    let stop = |script: &str| {
        let mut found = script.match_indices("${").map(|(at, _)| at);
        found.find(|at| script[at + 2..].starts_with(|c: char| c.is_ascii_digit()))
    };
    while let Some(start) = stop(&script) {
        let end = start + script[start..].find('}').unwrap();
        let text = script[start + 2..end]
            .split_once(':')
            .map_or("", |(_, text)| text)
            .to_owned();
        script.replace_range(start..=end, &text);
    }
    let script = script.replace("\\$", "$");
    let output = crate::support::bin::Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .file("journey.rhai", &script)
        .args(["check", "journey.rhai"])
        .run();
    assert_eq!(
        (output.code, output.stderr.as_str()),
        (0, ""),
        "{script}\n{output}"
    );
}
