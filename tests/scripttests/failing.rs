//! Tests that fail, each in its own way, and take no other with them.

use crate::scripttests::{rhaid, tested};

#[test]
fn a_failing_assertion_says_where_and_shows_both_sides() {
    tested(
        r#"
fn test_values() {
    log::info("before");
    assert_eq(1 + 1, 3, "sums");
}
fn test_maps() { assert_eq(#{ a: 1, b: [1, 2, 3] }, #{ a: 1, b: [1, 9, 3] }); }
fn test_plain() { assert(1 > 2); }
fn test_why() { assert(1 > 2, "one is more"); }
fn test_ne() { assert_ne("a", 'a'); }
fn test_throws() { assert_throws(|| 1); }
fn test_other() { assert_throws(|| throw "this", "that"); }
fn test_bool() { assert(1); }
"#,
    )
    .expect_code(2)
    .expect_text("---- a_test::test_values ----\nError: the two are not equal: sums\n   left: 2\n  right: 3\n")
    .expect_text("a_test.rhai:4:5")
    .expect_text("log:\n  info  before\n")
    .expect_text("  -     2,\n  +     9,\n")
    .expect_text("the assertion does not hold: one is more")
    .expect_text("the two are equal\n  both: \"a\"")
    .expect_text("nothing was thrown")
    .expect_text("wanted: \"that\"\n  in what: \"this\"")
    .expect_text("`assert` takes true or false, not a whole number")
    .expect_text("failures:\n    a_test::test_values\n    a_test::test_maps\n")
    .expect_text("test result: FAILED. 0 passed; 8 failed; 0 ignored; 0 filtered out; finished in ");
}

#[test]
fn a_failed_check_fails_the_test_unless_it_is_taken() {
    tested(
        r#"
        fn test_check() { check(false, "it is open", "it was closed"); check(false, "it is open"); check(true, "fine"); }
        fn test_taken() {
            check(false, "it is open", "it was closed");
            assert_eq(test::failed_checks(), [#{ name: "it is open", reason: "it was closed", times: 1 }]);
        }
        "#,
    )
    .expect_code(2)
    .expect_text("error: the check \"it is open\" failed (2 times) (a_test.rhai:2)\n  it was closed\n")
    .expect_text("test_taken ... ok");
}

#[test]
fn a_failed_check_says_where_it_stands_also_in_a_module() {
    rhaid()
        .file(
            "lib/rooms.rhai",
            "fn look() {\n    check(false, \"in a module\");\n}\n",
        )
        .file(
            "a_test.rhai",
            "import \"lib/rooms\" as rooms;\nfn test_a() {\n    check(1, #{ \"thrown\": |r| r.status.x });\n    check(false, \"here\");\n    rooms::look();\n}\n",
        )
        .arg("test")
        .run()
        .expect_code(2)
        .expect_text("the check \"thrown\" failed (a_test.rhai:3)")
        .expect_text("the check \"here\" failed (a_test.rhai:4)")
        .expect_text("the check \"in a module\" failed (lib/rooms.rhai:2)");
}

#[test]
fn failed_checks_that_are_too_many_to_be_kept_cannot_be_taken() {
    tested("fn test_many() { for n in 0..300 { check(false, `c${n}`); } assert_eq(test::failed_checks().len(), 200); }")
        .expect_code(2)
        .expect_text("checks of further names failed 100 times; no note was kept of them");
}

#[test]
fn the_lines_that_differ_are_those_of_the_assertion_that_failed() {
    let output = tested(
        "fn test_it() { try { assert_eq([1, 2, 3], [1, 2, 4]); } catch { } assert_eq(1, 2); }",
    );
    output.expect_code(2).expect_text("left: 1");
    assert!(
        !output.stdout.contains("- left, + right"),
        "they are of another one: {output}"
    );
}

#[test]
fn a_test_that_takes_too_long_says_where_it_was() {
    rhaid()
        .file(
            "lib/slow.rhai",
            "fn look(url) {\n    http::get(url, #{ timeout: \"1h\" });\n}\n",
        )
        .file(
            "a_test.rhai",
            "import \"lib/slow\" as slow;\nfn test_waits() {\n    mock::on(\"*\", \"*\").reply(200).delay(\"1h\");\n    slow::look(mock::url());\n}\nfn test_turns() {\n    loop { }\n}\n",
        )
        .args(["test", "--timeout", "1s"])
        .run()
        .expect_code(2)
        .expect_text("lib/slow.rhai:2:")
        .expect_text("it was waiting here")
        .expect_text("a_test.rhai:6:")
        .expect_text("somewhere in here");
}

#[test]
fn what_a_response_says_is_no_command_to_the_terminal() {
    let output = tested(r#"fn test_it() { log::info("\x1b[2J"); throw "a\x1b[31mred\x07"; }"#);
    output
        .expect_code(2)
        .expect_text("a\u{fffd}[31mred\u{fffd}");
    assert!(!output.stdout.contains(['\x1b', '\x07']), "{output}");
}

#[test]
fn whatever_a_test_does_the_others_are_run() {
    let output = rhaid()
        .file(
            "a_test.rhai",
            r#"
            fn deeper(n) { deeper(n + 1) }
            fn test_endless() { loop { } }
            fn test_caught() { loop { try { loop { } } catch { } } }
            fn test_waiting() { shared::queue("q").pop("1h"); }
            fn test_recursion() { deeper(0); }
            fn test_throws() { throw #{ code: 7 }; }
            fn test_abort() { abort("enough"); }
            fn test_unknown() { let x = (); x.y.z; }
            fn test_big() { let t = "xxxxxxxx"; loop { t += t; } }
            fn test_fine() { }
            "#,
        )
        .args(["test", "--timeout", "1s"])
        .run();
    output
        .expect_code(2)
        .expect_text("test a_test::test_fine ... ok")
        .expect_text("the test took longer than 1s; --timeout allows more")
        .expect_text("is there a recursion without an end?")
        .expect_text("the script aborted the run: enough")
        .expect_text("1 passed; 8 failed");
}

#[test]
fn a_stack_that_overflows_costs_one_test() {
    // A list within lists, 37 levels at a time, until no stack can hold it.
    let (open, close) = ("[".repeat(10), "]".repeat(10));
    let nest = format!(
        "let piece = {open}{close}; let shell = piece;\n\
         for i in 0..3 {{ let outer = piece; outer{} = shell; shell = outer; }}\n\
         let list = []; loop {{ let next = shell; next{} = list; list = next; }}",
        "[0]".repeat(9),
        "[0]".repeat(36)
    );
    // On a busy machine it takes a while until the stack is full.
    rhaid()
        .file(
            "a_test.rhai",
            format!("fn test_nested() {{ {nest} }}\nfn test_fine() {{ }}"),
        )
        .args(["test", "--timeout", "4m"])
        .timeout(std::time::Duration::from_secs(270))
        .run()
        .expect_code(2)
        .expect_text("nests its values too deeply")
        .expect_text("test_fine ... ok")
        .expect_text("1 passed; 1 failed");
}

#[test]
fn nothing_starts_after_a_failure_if_that_is_asked_for() {
    rhaid()
        .file(
            "a_test.rhai",
            "fn test_a() { }\nfn test_b() { fail(\"b\"); }\nfn test_c() { }\nfn test_d() { }",
        )
        .args(["test", "--fail-fast", "--jobs", "1"])
        .run()
        .expect_code(2)
        .expect_text("1 passed; 1 failed; 0 ignored; 0 filtered out; 2 not run;");
}

#[test]
fn a_script_that_is_wrong_is_shown_and_the_others_are_run() {
    rhaid()
        .file("a_test.rhai", "fn test_a() { nosuch(); htp::get(1); }")
        .file("b_test.rhai", "fn test_b( { }")
        .file("c_test.rhai", "fn test_c() { }")
        .file(
            "d_test.rhai",
            "fn test_d(a, b) { }\nprivate fn test_e() { }",
        )
        .file("e_test.rhai", [0xff, 0xfe, 0x00])
        .arg("test")
        .run()
        .expect_code(65)
        .expect_text("there is no function `nosuch`")
        .expect_text("there is no module `htp`")
        .expect_text("b_test.rhai")
        .expect_text("`test_d` takes more than one parameter")
        .expect_text("`test_e` is private, so it cannot be run as a test")
        .expect_text("it is not UTF-8 text")
        .expect_text("test c_test::test_c ... ok")
        .expect_text("1 passed; 0 failed; 0 ignored; 0 filtered out; 4 scripts not compiled;");
}

#[test]
fn a_secret_is_in_no_report() {
    let output = rhaid()
        .file(
            "a_test.rhai",
            r#"fn test_it() { mock::on("GET", "*").reply(200); let s = secret("KEY"); log::info(s); http::get(mock::url() + "/" + s); assert_eq(s, "x"); }"#,
        )
        .env("KEY", "s3cr3t-k3y")
        .args(["test", "--format", "json"])
        .run();
    output.expect_code(2).expect_text("***");
    assert!(!output.to_string().contains("s3cr3t"), "{output}");
}
