//! What a function of a script stands on, as a text that changes when the function does: its statements and those of all it
//! may call, without comments, layout and places.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;
use rhai::{AST, ASTNode, Stmt};

use super::program::Program;
use super::scan::tree::functions;

/// Places in Rhai's account of a tree, and the numbers that closures are called by, which are made of places too. Texts of the script come
/// first: what looks like a place in one of them, such as a port or a time, is none.
static PLACES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#""anon\$[0-9a-f]+"|(?P<text>"(?:[^"\\]|\\.)*")|@ ?\(?\d+:\d+(?:-\d+:\d+)?\)?|\b\d+:\d+\b|hash(?:es)?: ?[0-9a-fx]+|anon\$[0-9a-f]+"#,
    )
    .ok()
});

/// A function's footing; empty if there is no such function.
pub fn of(program: &Program, function: &str) -> String {
    let tree = program.ast();
    let mut functions = functions(tree);
    functions.sort_by_key(|function| function.parameters().len());
    let mut known: BTreeMap<&str, Vec<&AST>> = BTreeMap::new();
    for function in &functions {
        let same = known.entry(function.name()).or_default();
        same.push(&function.tree);
    }
    if !known.contains_key(function) {
        return String::new();
    }
    let mut footing = String::new();
    let mut reached = BTreeSet::new();
    let mut waiting = vec![function];
    while let Some(name) = waiting.pop() {
        if !reached.insert(name) {
            continue;
        }
        let same = known.get(name).into_iter().flatten();
        let account: String = same.map(|tree| account_of(tree)).collect();
        // A name that merely looks like a call costs no more than one setup too many.
        let words = account.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'));
        waiting.extend(words.filter_map(|word| known.get_key_value(word).map(|(name, _)| *name)));
        if !name.starts_with("anon$") {
            footing.push_str(name);
        }
        footing.push_str(&without_places(&account));
    }
    if footing.contains("global") {
        for statement in tree.statements() {
            let is_options = matches!(statement, Stmt::Var(x, ..) if x.0.name == "options");
            if !is_options {
                footing.push_str(&without_places(&format!("{statement:?}")));
            }
        }
    }
    footing.push_str(&modules_of(tree, program, &footing));
    footing
}

fn account_of(tree: &AST) -> String {
    let mut account = String::new();
    tree.walk(&mut |path: &[ASTNode]| {
        if let [node] = path {
            account.push_str(&match node {
                ASTNode::Stmt(statement) => format!("{statement:?}"),
                ASTNode::Expr(expression) => format!("{expression:?}"),
                _ => String::new(),
            });
        }
        true
    });
    account
}

fn without_places(account: &str) -> String {
    match PLACES.as_ref() {
        Some(places) => places.replace_all(account, "$text").into_owned(),
        None => account.to_owned(),
    }
}

/// The texts of all modules, if the footing speaks of one.
fn modules_of(tree: &AST, program: &Program, footing: &str) -> String {
    let mut speaks = false;
    tree.walk(&mut |path: &[ASTNode]| {
        if let Some(ASTNode::Stmt(Stmt::Import(import, _))) = path.last() {
            speaks |= footing.contains(import.1.name.as_str());
        }
        !speaks
    });
    if speaks {
        program.sources().module_texts()
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::sources::Sources;
    use crate::secrets::Secrets;
    use std::path::Path;
    use std::sync::Arc;

    fn footing(script: &str) -> String {
        let sources = Sources::from_text(Path::new("s.rhai"), script);
        let program = Program::compile(&sources, &Arc::default(), &Secrets::default()).unwrap();
        of(&program, "setup")
    }

    const SCRIPT: &str = "
        const BASE = \"http://a\";
        fn login() { [1, 2].map(|x| x + 1) }
        fn setup() { #{ token: login() } }
        fn iteration() { 1 }";

    #[test]
    fn layout_comments_and_other_functions_leave_it_as_it_is() {
        let before = footing(SCRIPT);
        let moved = format!("// more\n\n{SCRIPT}\n").replace("{ 1 }", "{ 2 /* other */ }");
        assert_eq!(footing(&moved), before);
        assert!(footing("fn iteration() {}").is_empty());
    }

    #[test]
    fn what_it_calls_is_part_of_it() {
        let before = footing(SCRIPT);
        assert_ne!(footing(&SCRIPT.replace("token:", "key:")), before);
        assert_ne!(footing(&SCRIPT.replace("[1, 2]", "[1, 3]")), before);
        assert_ne!(footing(&SCRIPT.replace("x + 1", "x + 2")), before);
    }

    #[test]
    fn a_port_or_a_time_in_a_text_is_no_place() {
        let script = "fn setup() { f(\"http://127.0.0.1:8080/x\", \"10:30\") }";
        let before = footing(script);
        assert_ne!(footing(&script.replace("8080", "9090")), before);
        assert_ne!(footing(&script.replace("10:30", "11:30")), before);
        assert_eq!(footing(&format!("\n  {script}")), before);
    }

    #[test]
    fn constants_count_if_it_uses_some() {
        let uses = SCRIPT.replace("login() }", "global::BASE }");
        let before = footing(&uses);
        assert_ne!(footing(&uses.replace("http://a", "http://b")), before);
        let unused = SCRIPT.replace("http://a", "http://b");
        assert_eq!(footing(&unused), footing(SCRIPT));
        let more = format!("export const options = #{{ vus: 2 }};{uses}");
        assert_eq!(footing(&more.replace("vus: 2", "vus: 3")), footing(&more));
    }
}
