//! Texts as they stand in the editor: saved or not, finished or not.

use serde_json::json;

use crate::lsp::client::{Editor, lines};

const NOTHING: [&str; 0] = [];

#[test]
fn a_module_counts_as_it_stands_in_the_editor() {
    let mut editor = Editor::ready();
    editor.file("lib/cart.rhai", "fn pay() { }\n");
    editor.open(
        "a.rhai",
        "import \"lib/cart\" as cart;\nfn iteration() { cart::pay(); }\n",
    );
    assert_eq!(editor.diagnostics("a.rhai", 1), NOTHING);
    editor.open("lib/cart.rhai", "fn settle() { }\n");
    let unsaved = editor.uri("a.rhai");
    let message = editor.wait(|m| {
        m["params"]["uri"] == unsaved && !m["params"]["diagnostics"].as_array().unwrap().is_empty()
    });
    assert_eq!(
        lines(&message),
        ["1:23-26 unknown-function there is no function `cart::pay`"]
    );
    // Closed without being saved, the file counts again.
    let uri = editor.uri("lib/cart.rhai");
    editor.notify(
        "textDocument/didClose",
        json!({ "textDocument": { "uri": uri } }),
    );
    assert_eq!(editor.diagnostics("a.rhai", 1), NOTHING);
}

#[test]
fn a_mistake_in_a_module_is_shown_there_and_taken_back() {
    let mut editor = Editor::ready();
    editor.file("lib/cart.rhai", "fn pay() { slep(1); }\n");
    editor.open(
        "a.rhai",
        "import \"lib/cart\" as cart;\nfn iteration() { cart::pay(); }\n",
    );
    let uri = editor.uri("lib/cart.rhai");
    let message = editor.wait(|m| m["params"]["uri"] == uri);
    assert_eq!(
        lines(&message),
        ["0:11-15 unknown-function there is no function `slep`"]
    );
    editor.change("a.rhai", 2, json!([{ "text": "fn iteration() { }\n" }]));
    let message = editor.wait(|m| m["params"]["uri"] == uri);
    assert_eq!(lines(&message), NOTHING);
}

#[test]
fn columns_are_counted_in_utf_16_units() {
    let mut editor = Editor::ready();
    editor.open("ä b.rhai", "fn iteration() { let x = \"🦀ü\"; slep(x); }\n");
    let message = editor.wait(|m| m["method"] == "textDocument/publishDiagnostics");
    assert_eq!(
        lines(&message),
        ["0:32-36 unknown-function there is no function `slep`"]
    );
}

#[test]
fn advice_comes_with_its_code_and_help() {
    let mut editor = Editor::ready();
    editor.open(
        "a.rhai",
        "export const options = #{ vus: 2, duration: \"1m\" };\nfn iteration(ctx) { http::get(`http://127.0.0.1/rooms/${ctx.vu}`); }\nfn unused() { }\n",
    );
    let uri = editor.uri("a.rhai");
    let message = editor.wait(|m| m["params"]["uri"] == uri);
    let mut codes: Vec<&str> = message["params"]["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["code"].as_str().unwrap())
        .collect();
    codes.sort_unstable();
    assert_eq!(codes, ["think-time", "unused-function", "url-name"]);
    assert!(message.to_string().contains("rooms_vu"), "{message}");
}

#[test]
fn files_that_go_away_and_names_that_lead_nowhere_break_nothing() {
    let mut editor = Editor::ready();
    editor.file("gone.rhai", "fn iteration() { }\n");
    editor.open("gone.rhai", "fn iteration() { nix(); }\n");
    std::fs::remove_file(editor.path("gone.rhai")).unwrap();
    assert_eq!(editor.diagnostics("gone.rhai", 1).len(), 1);
    for uri in [
        "untitled:Untitled-1",
        "nonsense",
        "file:///no/such/folder/x.rhai",
        "",
    ] {
        editor.notify("textDocument/didOpen", json!({ "textDocument": { "uri": uri, "version": 7, "text": "fn iteration() { nix(); }" } }));
        let message = editor.wait(|m| m["params"]["uri"] == uri && m["params"]["version"] == 7);
        assert_eq!(
            lines(&message),
            ["0:17-20 unknown-function there is no function `nix`"],
            "{uri}"
        );
    }
}

#[test]
fn half_written_code_is_answered_at_every_place() {
    let mut editor = Editor::ready();
    let text = "import \"std/th\nexport const options = #{ scenarios: #{ a: #{ exec: \"v\n/* fn v(ctx { ctx. http:: `${ \n|x| #{ ü🦀";
    editor.open("a.rhai", text);
    for (line, written) in text.lines().enumerate() {
        for character in 0..=written.encode_utf16().count() {
            for what in ["completion", "hover", "definition", "signatureHelp"] {
                editor.ask(what, "a.rhai", line, character);
            }
        }
    }
    assert!(!editor.diagnostics("a.rhai", 1).is_empty());
}

#[test]
fn a_large_document_is_followed() {
    let mut editor = Editor::ready();
    let mut text = String::from("fn iteration() { }\n");
    while text.len() < 1 << 20 {
        text.push_str(
            "// What is said here is long and says nothing at all, as it is in some scripts.\n",
        );
    }
    editor.open("big.rhai", &text);
    for version in 2..40 {
        editor.change("big.rhai", version, json!([{ "range": { "start": { "line": 0, "character": 17 }, "end": { "line": 0, "character": 17 } }, "text": "a" }]));
    }
    let begun = std::time::Instant::now();
    let labels = editor.labels("big.rhai", 0, 17);
    println!("completion in 1 MiB: {:?}", begun.elapsed());
    assert!(labels.contains(&"http".to_owned()));
    assert_eq!(editor.diagnostics("big.rhai", 39).len(), 1);
    println!("diagnostics in 1 MiB: {:?}", begun.elapsed());
}
