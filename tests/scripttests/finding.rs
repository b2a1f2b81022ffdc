//! Which scripts are looked into, and what is said where there is nothing to run.

use crate::scripttests::rhaid;

const PASSES: &str = "fn test_it() { }";

#[test]
fn a_folder_is_searched_and_a_script_is_taken_as_it_is() {
    rhaid()
        .file("a_test.rhai", PASSES)
        .file("deep/er/b_test.rhai", PASSES)
        .file("plain.rhai", "fn iteration() { }\nfn test_own() { }")
        .file("target/c_test.rhai", "broken(")
        .file(".hidden/d_test.rhai", "broken(")
        .args(["test", ".", "plain.rhai"])
        .run()
        .expect_code(0)
        .expect_text("running 3 tests")
        .expect_text("test a_test::test_it ... ok")
        .expect_text("test deep/er/b_test::test_it ... ok")
        .expect_text("test plain::test_own ... ok");
}

#[test]
fn what_cannot_be_found_is_said_before_anything_runs() {
    for (arguments, code, words) in [
        (&["test", "cart"][..], 66, "cannot find `cart`"),
        (
            &["test", "empty"],
            66,
            "there is no `*_test.rhai` in `empty`",
        ),
        (
            &["test", "plain.rhai"],
            66,
            "there is no test in `plain.rhai`",
        ),
        (
            &["test", "--filter", "pay"],
            64,
            "no test has in its name `pay`",
        ),
        (
            &["test", "--filter", "test_itt"],
            64,
            "did you mean `test_it`?",
        ),
        (&["test", "--exact"], 64, "--filter"),
        (&["test", "--timeout", "0s"], 64, "above zero"),
        (&["test", "--jobs", "0"], 64, "whole number"),
        (
            &["test", "--junit", "no/such/j.xml"],
            74,
            "cannot write `no/such/j.xml`",
        ),
    ] {
        let output = rhaid()
            .file("a_test.rhai", PASSES)
            .file("plain.rhai", "fn iteration() { }")
            .file("empty/x.txt", "")
            .args(arguments)
            .run();
        output.expect_code(code).expect_text(words);
    }
}

#[test]
fn links_lead_neither_out_nor_round() {
    let root = tempfile::tempdir().unwrap();
    let inner = root.path().join("inner");
    std::fs::create_dir(&inner).unwrap();
    std::fs::write(inner.join("in_test.rhai"), PASSES).unwrap();
    std::fs::write(root.path().join("out_test.rhai"), PASSES).unwrap();
    std::os::unix::fs::symlink(&inner, inner.join("round")).unwrap();
    std::os::unix::fs::symlink(
        root.path().join("out_test.rhai"),
        inner.join("link_test.rhai"),
    )
    .unwrap();
    rhaid()
        .arg("test")
        .arg(&inner)
        .run()
        .expect_code(0)
        .expect_text("running 1 test\n");
}

#[test]
fn a_test_file_is_checked_without_an_iteration_and_its_mistakes_are_found() {
    rhaid()
        .file(
            "a_test.rhai",
            "fn test_it() { mock::on(\"GET\", \"/\").reply(200); test::slept(); }",
        )
        .args(["check", "a_test.rhai"])
        .run()
        .expect_code(0)
        .expect_text("a_test.rhai: ok (1 test)");
    rhaid()
        .file(
            "a_test.rhai",
            "fn test_it() { mock::onn(\"GET\", \"/\"); assert_equal(1, 2); }",
        )
        .args(["check", "a_test.rhai"])
        .run()
        .expect_code(65)
        .expect_text("there is no function `mock::onn`")
        .expect_text("there is no function `assert_equal`")
        .expect_text("did you mean `assert_eq`?");
}
