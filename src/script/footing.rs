//! What a function of a script stands on, as a text that changes when the function does: its statements and those of all it
//! may call, without comments, layout and places.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;
use rhai::{AST, ASTNode, Stmt};

use super::program::Program;

/// Places in Rhai's account of a tree, and the numbers that closures are called by, which are made of places too.
static PLACES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"@ ?\(?\d+:\d+(?:-\d+:\d+)?\)?|\b\d+:\d+\b|hash(?:es)?: ?[0-9a-fx]+|anon\$[0-9a-f]+",
    )
    .ok()
});

/// A function's footing; empty if there is no such function.
pub fn of(program: &Program, function: &str) -> String {
    let tree = program.ast();
    let known: BTreeSet<String> = tree.iter_functions().map(|f| f.name.to_owned()).collect();
    if !known.contains(function) {
        return String::new();
    }
    let mut footing = String::new();
    let mut reached = BTreeSet::new();
    let mut waiting = vec![function.to_owned()];
    while let Some(name) = waiting.pop() {
        if !reached.insert(name.clone()) {
            continue;
        }
        let mut alone = tree.clone_functions_only();
        alone.retain_functions(|_, _, other, _| other == name);
        let account = account_of(&alone);
        // A name that merely looks like a call costs no more than one setup too many.
        let called = known
            .iter()
            .filter(|known| account.contains(known.as_str()));
        waiting.extend(called.cloned());
        if !name.starts_with("anon$") {
            footing.push_str(&name);
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
        Some(places) => places.replace_all(account, "").into_owned(),
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
