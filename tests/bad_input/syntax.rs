//! Scripts that are not Rhai.

use crate::bad_input::golden::{refused, rejected, rhaid};

#[test]
fn a_bracket_that_is_not_closed() {
    rejected(
        "syntax_bracket",
        "fn iteration() {\n    let rooms = http::get(\"http://127.0.0.1/\";\n}\n",
    );
    rejected(
        "syntax_list",
        "fn iteration() {\n    let beds = [1, 2;\n}\n",
    );
    rejected(
        "syntax_map",
        "fn iteration() {\n    http::post(\"http://127.0.0.1/\", #{ beds: 2 );\n}\n",
    );
}

/// The parser takes what follows a closure for a part of it, and says that the map should end.
#[test]
fn a_comma_that_is_missing_between_the_looks_of_a_check() {
    rejected(
        "syntax_check_comma",
        "fn iteration() {\n    check(1, #{\n        \"a\": |r| r == 1\n        \"b\": |r| r == 2,\n    });\n}\n",
    );
}

#[test]
fn a_block_that_is_not_closed_is_shown_at_the_end() {
    rejected(
        "syntax_block",
        "fn iteration() {\n    check(true, \"ok\");\n\n\n",
    );
}

#[test]
fn a_text_that_is_not_closed() {
    rejected(
        "syntax_text",
        "fn iteration() {\n    http::get(\"http://127.0.0.1/);\n}\n",
    );
}

#[test]
fn words_of_other_languages() {
    rejected("syntax_var", "fn iteration() {\n    var x = 1;\n}\n");
    rejected(
        "syntax_await",
        "fn iteration() {\n    let r = await http::get(\"http://127.0.0.1/\");\n}\n",
    );
}

#[test]
fn a_map_without_its_sign() {
    rejected(
        "syntax_map_sign",
        "export const options = { vus: 5 };\nfn iteration() { }\n",
    );
}

#[test]
fn a_word_of_rhai_as_a_key() {
    rejected(
        "syntax_keyword",
        "export const options = #{ scenarios: #{ loop: #{ executor: \"constant-vus\", duration: \"1s\" } } };\nfn iteration() { }\n",
    );
}

#[test]
fn a_mistake_in_a_module_is_shown_there_with_the_import() {
    let command = rhaid()
        .file("lib/hotel.rhai", "fn book( {\n}\n")
        .script("import \"lib/hotel\" as hotel;\nfn iteration() { hotel::book(); }\n");
    refused("syntax_module", command, 65);
}

#[test]
fn letters_beyond_ascii_and_tabs_do_not_move_the_caret() {
    rejected(
        "syntax_caret",
        "fn iteration() {\n\tlet größe = \"Zimmer für Zoë\" 5;\n}\n",
    );
}

#[test]
fn bytes_that_are_no_text() {
    let command = rhaid()
        .file("broken.rhai", b"fn iteration() { \xff\xfe }")
        .args(["run", "broken.rhai"]);
    refused("not_text", command, 65);
}

#[test]
fn an_empty_script() {
    rejected("empty", "");
}

#[test]
fn check_says_the_same_as_run_and_can_say_it_to_programs() {
    let script = "fn iteration() {\n    chekc(true, \"ok\");\n}\n";
    let run = rhaid().script(script).run();
    let check = rhaid()
        .file("script.rhai", script)
        .args(["check", "script.rhai"])
        .run();
    check.expect_code(65);
    assert_eq!(check.stderr, run.stderr);
    let json = rhaid()
        .file("script.rhai", script)
        .args(["check", "script.rhai", "--format", "json"])
        .run();
    json.expect_code(65);
    let findings: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(
        findings,
        serde_json::json!([{
            "file": "script.rhai", "line": 2, "column": 5, "end_line": 2, "end_column": 10, "severity": "error", "code": "unknown-function",
            "message": "there is no function `chekc`", "help": "did you mean `check`?",
        }])
    );
}
