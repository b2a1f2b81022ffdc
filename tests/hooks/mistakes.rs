//! What can be wrong, and what is said then.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::support::reading::{Reading, run_of};

/// Before the start where the mistake can be read off the script (65), at run time otherwise (2).
#[track_caller]
fn refused(call: &str, message: &str) {
    let code = told(call, message);
    assert!(matches!(code, 2 | 65), "{call}: {code}");
}

fn told(call: &str, message: &str) -> i32 {
    run_of(&format!("fn iteration() {{\n    {call}\n}}"))
        .run()
        .expect_text(message)
        .expect_text("─[ script.rhai:2:")
        .code
}

#[test]
fn a_wrong_argument_is_told_with_its_line() {
    for (call, message) in [
        ("hooks::inbox().wait(\"5 parsecs\");", "parsecs"),
        ("hooks::inbox().wait(-1);", "negative"),
        (
            "hooks::inbox().wait(\"order.id\", 1, 1);",
            "write \"$.order.id\" for a value in the body",
        ),
        (
            "let at = \"$.a[\"; hooks::wait(at, 1, 1);",
            "is not a JSONPath",
        ),
        (
            "let at = \"header:a b\"; hooks::wait(at, 1, 1);",
            "is not a header name",
        ),
        (
            "hooks::wait(1, 1);",
            "nothing says where calls have their key",
        ),
        (
            "hooks::wait(\"$.id\", (), 1);",
            "a key is a text or a number, not `()`",
        ),
        (
            "hooks::inbox(#{ sequenz: \"$.n\" });",
            "did you mean `sequence`?",
        ),
        (
            "hooks::inbox(#{ capacity: 0 });",
            "an inbox keeps 1 to 100000 calls, not 0",
        ),
        (
            "hooks::inbox().verify(#{ scheme: \"strype\", secret: \"s\" });",
            "did you mean `stripe`?",
        ),
        (
            "hooks::inbox().verify(#{ scheme: \"github\" });",
            "needs the `secret`",
        ),
        (
            "hooks::inbox().verify(#{ secret: \"s\" });",
            "needs the `header`",
        ),
        (
            "hooks::inbox().answer(#{ status: 99 });",
            "`status` is a number from 200 to 599, not 99",
        ),
        (
            "hooks::inbox().answer(#{ delay: \"1h\" });",
            "ten minutes at most",
        ),
        (
            "hooks::inbox().answer(#{ time: 1 });",
            "did you mean `times`?",
        ),
        ("hooks::inbox().answer(5);", "`an answer` must be a map"),
    ] {
        refused(call, message);
    }
}

#[test]
fn an_inbox_needs_a_virtual_user() {
    let output = run_of("const INBOX = hooks::inbox();\nfn iteration() { }").run();
    output
        .expect_code(65)
        .expect_text("not at the script's top level");
}

#[test]
fn what_is_written_out_wrong_is_found_before_anything_is_sent() {
    run_of(
        "fn iteration() {\n    hooks::correlate(\"order.id\");\n    hooks::wait(\"$.a[\", 1, \"5 parsecs\");\n}",
    )
    .run()
    .expect_code(65)
    .expect_text("`order.id` is no place in a call")
    .expect_text("is not a JSONPath")
    .expect_text("`5 parsecs` is not a duration");
}

#[test]
fn wrong_options_are_found_before_anything_is_sent() {
    let output = run_of(
        "export const options = #{ hooks: #{ listen: \"9000\", correlate: \"id\", sequenz: 1 } };\nfn iteration() { }",
    )
    .run();
    output
        .expect_code(65)
        .expect_text("`9000` is no address to listen on")
        .expect_text("write \"$.id\"")
        .expect_text("did you mean `sequence`?");
    run_of("fn iteration() { }")
        .args(["--hooks-listen", "here"])
        .run()
        .expect_code(64)
        .expect_text("`--hooks-listen`: `here` is no address to listen on");
    run_of("fn iteration() { }")
        .args(["--hooks-url", "load.example.com"])
        .run()
        .expect_code(64)
        .expect_text("is no URL that others could be appended to");
}

#[test]
fn an_address_that_is_taken_ends_the_run_before_it_begins() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let receives = "fn iteration() { hooks::inbox(); }";
    run_of(receives)
        .args(["--hooks-listen", &address])
        .run()
        .expect_code(64)
        .expect_text(&format!("cannot listen for webhooks on {address}"))
        .expect_text("port 0 picks a free one");
    run_of(receives)
        .file("rhaid.toml", format!("[hooks]\nlisten = \"{address}\"\n"))
        .run()
        .expect_code(78);
    // Whoever receives nothing listens nowhere.
    run_of("fn iteration() { }")
        .args(["--hooks-listen", &address])
        .run()
        .expect_code(0);
}

#[test]
fn a_body_that_is_too_long_is_refused_and_counted() {
    let output = run_of(
        r#"
        export const options = #{ hooks: #{ max_body: 1000 } };
        fn iteration() {
            let inbox = hooks::inbox();
            let body = "x";
            body.pad(1000, 'x');
            check(http::post(inbox.url, body, #{ name: "send" }).status == 200, "as long as allowed");
            let long = http::post(inbox.url, body + "x", #{ name: "send", expected_statuses: 413 });
            check(long.status == 413, "too long", `${long}`);
            check(inbox.all().len == 1, "one is there");
        }
        "#,
    )
    .run();
    output.expect_code(0);
    assert!(
        output.checks().values().all(|counts| *counts == (1, 0)),
        "{output}"
    );
    assert_eq!(output.count("webhook_dropped"), 1);
}

#[test]
fn what_is_no_http_hurts_nobody() {
    let mut running = run_of(
        r#"
        fn iteration() {
            let inbox = hooks::inbox();
            log::info(`url ${inbox.url} end`);
            check(inbox.wait("20s").body == "fine", "the good one came");
        }
        "#,
    )
    .spawn();
    running.wait_for_output(" end");
    let shown = running.stderr();
    let url = shown
        .split("url http://")
        .nth(1)
        .unwrap()
        .split(" end")
        .next()
        .unwrap();
    let (address, token) = url.split_once('/').unwrap();
    let send = |text: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        stream
    };
    // One that says nothing, one that stops in the middle, one that lies about its length and goes away, one that is no HTTP.
    let _silent = send("");
    let _half = send(&format!("POST /{token} HTTP/1.1\r\nhost: x\r\ncontent-le"));
    drop(send(&format!(
        "POST /{token} HTTP/1.1\r\nhost: x\r\ncontent-length: 500\r\n\r\nshort"
    )));
    drop(send("\u{0}\u{1}garbage\r\n\r\n"));
    let mut answer = String::new();
    let mut good = send(&format!(
        "POST /{token} HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\nconnection: close\r\n\r\nfine"
    ));
    good.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let output = running.wait();
    output.expect_code(0);
    assert_eq!(output.checks()["the good one came"], (1, 0), "{output}");
}
