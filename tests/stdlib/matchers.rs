//! `std/expect`: what is expected of texts, lists, maps, numbers and closures.

use serde_json::json;

use crate::support::journey::{Journey, Ran};
use crate::support::server::HttpServer;

/// Holds each expectation, and gives whether it held.
fn expecting(expectations: &[&str]) -> Ran {
    let lines = expectations
        .iter()
        .map(|line| format!("seen.gave.push(expect::{line});\n"));
    let body = format!(
        "let r = http::get(url + \"/json\");\nseen.gave = [];\n{}",
        lines.collect::<String>()
    );
    Journey::new(&body)
        .functions("import \"std/expect\" as expect;")
        .at(&HttpServer::start())
        .run()
}

#[test]
fn what_holds_gives_true() {
    let held = [
        r#"matches("R-123456", `^R-\d{6}$`, "matches")"#,
        r#"that("R-1", "matches", `\d`, "that")"#,
        r#"starts_with("hotel", "ho", "starts")"#,
        r#"ends_with("hotel", "el", "ends")"#,
        r#"not_contains([1, 2], 3, "not contains")"#,
        r#"length("héé", 3, "length")"#,
        r#"length(#{ a: 1 }, 1, "length of a map")"#,
        r#"empty([], "empty")"#,
        r#"empty((), "nothing")"#,
        r#"present(0, "present")"#,
        r#"kind(1.5, "number", "kind")"#,
        r#"kind("a", "text", "kind of text")"#,
        r#"close_to(0.1 + 0.2, 0.3, 0.000001, "close")"#,
        r#"like(#{ a: 1, b: #{ c: [1, #{ d: 2, e: 3 }] } }, #{ b: #{ c: [1, #{ d: 2 }] } }, "like")"#,
        r#"each([1, 2], |n| n > 0, "each")"#,
        r#"distinct([1, "1", [1]], "distinct")"#,
        r#"throws(|| parse_json("{"), "JSON", "throws")"#,
        r#"throws(|| fail("no"), "throws anything")"#,
        r#"within(r, "30s")"#,
    ];
    let ran = expecting(&held);
    assert_eq!(
        ran.saw()["gave"],
        json!(vec![true; held.len()]),
        "{}",
        ran.output
    );
}

#[test]
fn what_fails_gives_false_and_says_both_sides() {
    let failed = [
        (
            r#"matches("x", `^R`, "a")"#,
            r#"expected a text that matches "^R", got "x""#,
        ),
        (
            r#"matches(7, `7`, "b")"#,
            r#"expected a text that matches "7", got 7"#,
        ),
        (
            r#"starts_with("hotel", "x", "c")"#,
            r#"expected something that begins with "x", got "hotel""#,
        ),
        (
            r#"ends_with((), "x", "d")"#,
            r#"expected something that ends with "x", got ()"#,
        ),
        (
            r#"not_contains("abc", "b", "e")"#,
            r#"expected nothing that contains "b", got "abc""#,
        ),
        (
            r#"length([1, 2], 3, "f")"#,
            "expected a length of 3, got 2 of [1, 2]",
        ),
        (
            r#"length(5, 3, "g")"#,
            "expected a length of 3, got () of 5",
        ),
        (r#"empty("x", "h")"#, r#"expected nothing in it, got "x""#),
        (r#"present((), "i")"#, "expected something, got ()"),
        (
            r#"kind("1", "int", "j")"#,
            r#"expected a value of the kind "int", got "1", of the kind "text""#,
        ),
        (
            r#"close_to(1.5, 1, 0.1, "k")"#,
            "expected 1 give or take 0.1, got 1.5",
        ),
        (
            r#"close_to("1", 1, 0.1, "l")"#,
            r#"expected 1 give or take 0.1, got "1""#,
        ),
        (
            r#"like(#{ a: #{ b: [1] } }, #{ a: #{ b: [2] } }, "m")"#,
            r#"expected "a.b[0]" to be 2, got 1"#,
        ),
        (
            r#"like((), #{ a: 1 }, "n")"#,
            "expected it to be a map, got ()",
        ),
        (
            r#"like([1, 2], [1], "o")"#,
            "expected it to be a list of 1, got [1, 2]",
        ),
        (
            r#"each([1, 5], |n| n < 3, "p")"#,
            "expected it of each of 2 elements, but not so [1]: 5",
        ),
        (r#"each(7, |n| true, "q")"#, "expected a list, got 7"),
        (
            r#"distinct([1, 2, 1], "r")"#,
            "expected no two to be the same, but [0] and [2] are 1",
        ),
        (r#"throws(|| 1, "s")"#, "expected an error, got none"),
        (
            r#"throws(|| throw "other", "this", "t")"#,
            r#"expected an error with "this", got "other""#,
        ),
        (
            r#"within(r, 0)"#,
            "expected an answer within 0, got it after ",
        ),
    ];
    let lines: Vec<&str> = failed.iter().map(|(line, _)| *line).collect();
    let ran = expecting(&lines);
    assert_eq!(
        ran.saw()["gave"],
        json!(vec![false; failed.len()]),
        "{}",
        ran.output
    );
    let errors = ran.output.expect_result()["errors"].as_array().unwrap();
    let told: Vec<&str> = errors
        .iter()
        .filter_map(|error| error["example"]["text"].as_str())
        .collect();
    for (line, reason) in failed {
        assert!(
            told.iter().any(|text| text.starts_with(reason)),
            "{line}: {reason}\n{told:#?}"
        );
    }
    assert!(errors.iter().all(|error| error["kind"] != "script"));
}
