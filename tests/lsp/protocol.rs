//! The conversation itself: greeting, farewell, and everything that is said wrongly.

use serde_json::json;

use crate::lsp::client::Editor;

#[test]
fn a_whole_session_ends_as_the_protocol_has_it() {
    let mut editor = Editor::ready();
    editor.open("a.rhai", "fn iteration() { slep(1); }\n");
    assert_eq!(
        editor.diagnostics("a.rhai", 1),
        ["0:17-21 unknown-function there is no function `slep`"]
    );
    editor.change("a.rhai", 2, json!([{ "range": { "start": { "line": 0, "character": 17 }, "end": { "line": 0, "character": 21 } }, "text": "sleep" }]));
    assert_eq!(editor.diagnostics("a.rhai", 2), [] as [&str; 0]);
    let labels = editor.labels("a.rhai", 0, 19);
    assert!(labels.contains(&"sleep".to_owned()), "{labels:?}");
    let hover = editor.ask("hover", "a.rhai", 0, 19);
    assert!(
        hover["contents"]["value"]
            .as_str()
            .unwrap()
            .contains("sleep(duration"),
        "{hover}"
    );
    assert_eq!(
        editor.ask("definition", "a.rhai", 0, 4)["range"]["start"]["character"],
        3
    );
    assert!(editor.request("shutdown", json!(null))["result"].is_null());
    assert_eq!(
        editor.request("textDocument/hover", json!({}))["error"]["code"],
        -32600
    );
    editor.notify("exit", json!(null));
    assert_eq!(editor.exit_code(), 0);
}

#[test]
fn who_leaves_without_a_farewell_gets_another_code() {
    let mut editor = Editor::ready();
    editor.notify("exit", json!(null));
    assert_eq!(editor.exit_code(), 1);
    let mut editor = Editor::ready();
    editor.hang_up();
    assert_eq!(editor.exit_code(), 1);
}

#[test]
fn before_the_greeting_nothing_is_answered() {
    let mut editor = Editor::new();
    assert_eq!(
        editor.request("textDocument/hover", json!({}))["error"]["code"],
        -32002
    );
    editor.open("a.rhai", "fn x(");
    assert!(editor.request("initialize", json!({}))["result"].is_object());
    assert_eq!(
        editor.request("initialize", json!({}))["error"]["code"],
        -32600
    );
}

#[test]
fn wrong_messages_are_refused_and_the_server_goes_on() {
    let mut editor = Editor::ready();
    assert_eq!(
        editor.request("rhai/dance", json!({}))["error"]["code"],
        -32601
    );
    assert_eq!(
        editor.request("textDocument/hover", json!({}))["error"]["code"],
        -32602
    );
    let uri = editor.uri("a.rhai");
    let without = editor.request(
        "textDocument/hover",
        json!({ "textDocument": { "uri": uri } }),
    );
    assert_eq!(without["error"]["code"], -32602);
    editor.raw(b"Content-Length: 7\r\n\r\n{\"a\": 1");
    assert_eq!(
        editor.wait(|m| m["error"]["code"] == -32700)["id"],
        json!(null)
    );
    editor.send(&json!([1, 2]));
    editor.wait(|m| m["error"]["code"] == -32600);
    editor.send(&json!({ "jsonrpc": "2.0", "id": 5, "result": null }));
    for params in [
        json!(null),
        json!(7),
        json!({ "textDocument": 3 }),
        json!({ "textDocument": { "uri": "no\u{0}where", "text": 5 } }),
    ] {
        for method in [
            "textDocument/didOpen",
            "textDocument/didChange",
            "textDocument/didClose",
            "$/cancelRequest",
            "x",
        ] {
            editor.notify(method, params.clone());
        }
    }
    // A request about a document that is not open has nothing to say.
    assert!(editor.ask("hover", "gone.rhai", 3, 7).is_null());
    assert!(editor.ask("completion", "gone.rhai", 3, 7).is_null());
    assert!(editor.request("shutdown", json!(null))["result"].is_null());
}

#[test]
fn a_message_may_come_in_pieces() {
    let mut editor = Editor::ready();
    let body = json!({ "jsonrpc": "2.0", "id": "ü", "method": "textDocument/documentSymbol", "params": { "textDocument": { "uri": "x" } } }).to_string();
    let whole = format!(
        "content-type: application/vscode-jsonrpc; charset=utf-8\r\nCONTENT-LENGTH: {}\r\n\r\n{body}",
        body.len()
    );
    for byte in whole.as_bytes() {
        editor.raw(&[*byte]);
    }
    assert_eq!(editor.wait(|m| m["id"] == "ü")["result"], json!([]));
}

#[test]
fn a_header_without_sense_ends_the_conversation() {
    let mut editor = Editor::ready();
    editor.raw(b"Content-Length: many\r\n\r\n{}");
    assert_eq!(editor.exit_code(), 1);
}
