//! What the server knows: completion, hover, definitions, symbols, signatures.

use serde_json::json;

use crate::lsp::client::{Editor, is_below};

const SCRIPT: &str = "\
import \"std/think\" as think;
import \"lib/cart\" as cart;
const BASE = \"http://127.0.0.1\";
export const options = #{ scenarios: #{ day: #{ executor: \"constant-vus\", exec: \"visit\", vus: 1, duration: \"1s\" } } };
/// One visit.
fn visit(ctx) {
    let rooms = http::get(global::BASE, #{ name: \"rooms\" });
    rooms.json(\"x\");
    think::normal(\"1s\", \"100ms\");
    cart::pay(rooms);
    ctx.state.last = helper(1, 2);
}
fn helper(a, b) { a + b }
";

fn editor() -> Editor {
    let mut editor = Editor::ready();
    editor.file(
        "lib/cart.rhai",
        "/// Pays for all.\nfn pay(things) { }\nprivate fn hidden() { }\nexport const RATE = 2;\n",
    );
    editor.open("a.rhai", SCRIPT);
    editor
}

/// The line and column behind the first `what`.
fn behind(what: &str) -> (usize, usize) {
    let at = SCRIPT.find(what).unwrap() + what.len();
    let line = SCRIPT[..at].matches('\n').count();
    (line, at - SCRIPT[..at].rfind('\n').map_or(0, |at| at + 1))
}

#[track_caller]
fn offers(editor: &mut Editor, place: &str, has: &[&str], has_not: &[&str]) {
    let (line, character) = behind(place);
    let labels = editor.labels("a.rhai", line, character);
    for label in has {
        assert!(
            labels.iter().any(|known| known == label),
            "{place}: no {label} in {labels:?}"
        );
    }
    for label in has_not {
        assert!(
            !labels.iter().any(|known| known == label),
            "{place}: {label} in {labels:?}"
        );
    }
}

#[test]
fn what_can_be_written_is_offered() {
    let mut editor = editor();
    offers(
        &mut editor,
        "http::",
        &["get", "post", "batch"],
        &["sleep", "let"],
    );
    offers(
        &mut editor,
        "think::",
        &["normal", "fixed"],
        &["pause", "get"],
    );
    offers(&mut editor, "cart::", &["pay", "RATE"], &["hidden"]);
    offers(&mut editor, "global::", &["BASE", "options"], &["rooms"]);
    offers(
        &mut editor,
        "rooms.",
        &["json", "status", "headers"],
        &["vu"],
    );
    offers(
        &mut editor,
        "ctx.",
        &["vu", "state", "data", "iteration", "scenario"],
        &["json"],
    );
    offers(
        &mut editor,
        "options = #{ ",
        &["scenarios", "slos", "vus"],
        &["exec"],
    );
    offers(
        &mut editor,
        "day: #{ ",
        &["executor", "exec", "vus", "stages"],
        &["slos"],
    );
    offers(
        &mut editor,
        "BASE, #{ ",
        &["name", "headers", "timeout"],
        &["vus"],
    );
    offers(&mut editor, "executor: \"", &["ramping-vus"], &["visit"]);
    offers(
        &mut editor,
        "exec: \"",
        &["visit"],
        &["helper", "ramping-vus"],
    );
    offers(&mut editor, "import \"", &["std/think", "lib/cart"], &["a"]);
    offers(
        &mut editor,
        "cart::pay(",
        &["rooms", "ctx", "helper", "http", "cart", "sleep", "if"],
        &["a", "b"],
    );
}

#[track_caller]
fn explains(editor: &mut Editor, place: &str, parts: &[&str]) {
    let (line, character) = behind(place);
    let hover = editor.ask("hover", "a.rhai", line, character);
    let text = hover["contents"]["value"].as_str().unwrap_or_default();
    for part in parts {
        assert!(text.contains(part), "{place}: {hover}");
    }
}

#[test]
fn names_are_explained() {
    let mut editor = editor();
    explains(
        &mut editor,
        "http::ge",
        &[
            "http::get(url: string, params: map) -> Response",
            "GET request",
        ],
    );
    explains(
        &mut editor,
        "think::norm",
        &["fn normal(mean, sd)", "normally distributed"],
    );
    explains(
        &mut editor,
        "cart::pa",
        &["fn pay(things)", "Pays for all."],
    );
    explains(&mut editor, "exec: \"vis", &["fn visit(ctx)", "One visit."]);
    explains(&mut editor, "ctx.sta", &["state"]);
    explains(&mut editor, "rooms.js", &["json("]);
    explains(&mut editor, "#{ scenar", &["scenarios"]);
    explains(&mut editor, "pay(roo", &["let rooms = http::get"]);
    explains(&mut editor, "import \"std/th", &["Think times"]);
}

#[track_caller]
fn leads(editor: &mut Editor, place: &str, file: &str, line: u64) {
    let (at, character) = behind(place);
    let found = editor.ask("definition", "a.rhai", at, character);
    assert!(
        found["uri"].as_str().unwrap_or_default().ends_with(file),
        "{place}: {found}"
    );
    assert_eq!(found["range"]["start"]["line"], line, "{place}: {found}");
}

#[test]
fn names_lead_to_where_they_are_defined() {
    let mut editor = editor();
    leads(&mut editor, "exec: \"vis", "a.rhai", 5);
    leads(&mut editor, "= hel", "a.rhai", 12);
    leads(&mut editor, "global::BA", "a.rhai", 2);
    leads(&mut editor, "pay(roo", "a.rhai", 6);
    leads(&mut editor, "cart::pa", "lib/cart.rhai", 1);
    leads(&mut editor, "import \"lib/ca", "lib/cart.rhai", 0);
    let (line, character) = behind("think::norm");
    let found = editor.ask("definition", "a.rhai", line, character);
    let uri = found["uri"].as_str().unwrap().to_owned();
    assert!(
        uri.ends_with("std/think.rhai") && is_below(&uri, editor.folder.path()),
        "{uri}"
    );
    let copy = std::fs::read_to_string(uri.strip_prefix("file://").unwrap()).unwrap();
    let line = usize::try_from(found["range"]["start"]["line"].as_u64().unwrap()).unwrap();
    assert!(copy.lines().nth(line).unwrap().starts_with("fn normal("));
    let (line, character) = behind("http::ge");
    assert!(
        editor
            .ask("definition", "a.rhai", line, character)
            .is_null()
    );
}

#[test]
fn a_document_lists_what_it_defines() {
    let mut editor = editor();
    let uri = editor.uri("a.rhai");
    let symbols = editor.request(
        "textDocument/documentSymbol",
        json!({ "textDocument": { "uri": uri } }),
    );
    let names: Vec<&str> = symbols["result"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        ["think", "cart", "BASE", "options", "visit", "helper"]
    );
}

#[test]
fn a_call_shows_what_it_takes() {
    let mut editor = editor();
    let (line, character) = behind("helper(1, ");
    let shown = editor.ask("signatureHelp", "a.rhai", line, character);
    assert_eq!(shown["signatures"][0]["label"], "helper(a, b)");
    assert_eq!(shown["activeParameter"], 1);
    let (line, character) = behind("get(global::BASE, ");
    let shown = editor.ask("signatureHelp", "a.rhai", line, character);
    assert_eq!(shown["activeSignature"], 1, "{shown}");
}

const MEMBERS: &str = "\
fn iteration(ctx) {
    let inbox = hooks::inbox();
    inbox.mark();
    ctx.state.last = 1;
    ctx.state[\"token\"] = 2;
    ctx.state.las
    let room = http::get(\"http://127.0.0.1\");
    check(room, #{ \"ok\": |answer| answer.status == 200 });
    check(other(), #{ \"also\": |r| r.status == 200 });
    [1].map(|x| x.abs());
    print(1);
}
";

#[test]
fn members_are_those_of_the_value_as_far_as_it_is_known() {
    let mut editor = Editor::ready();
    editor.open("m.rhai", MEMBERS);
    let mut labels = |line: usize, what: &str| {
        let text = MEMBERS.lines().nth(line).unwrap();
        let at = text.find(what).unwrap() + what.len();
        editor.labels("m.rhai", line, at)
    };
    let inbox = labels(2, "inbox.");
    assert!(inbox.iter().any(|label| label == "mark"), "{inbox:?}");
    assert_eq!(
        inbox.iter().filter(|label| *label == "len").count(),
        1,
        "{inbox:?}"
    );
    assert_eq!(labels(3, "ctx.state."), ["las", "token"]);
    assert_eq!(labels(5, "ctx.state.las"), ["last", "token"]);
    for (line, place) in [(7, "answer."), (8, "| r.")] {
        let response = labels(line, place);
        assert!(
            response.iter().any(|label| label == "status"),
            "{response:?}"
        );
        assert!(
            !response.iter().any(|label| label == "push"),
            "{response:?}"
        );
    }
    // Of what nobody knows anything, all is offered.
    let unknown = labels(9, "| x.");
    assert!(unknown.iter().any(|label| label == "push"), "{unknown:?}");
    let at = MEMBERS.lines().nth(10).unwrap().find("print").unwrap();
    let hover = editor.ask("hover", "m.rhai", 10, at + 2);
    let text = hover["contents"]["value"].as_str().unwrap();
    assert!(text.contains("log::info"), "{text}");
    assert!(!text.contains("to the standard output"), "{text}");
}
