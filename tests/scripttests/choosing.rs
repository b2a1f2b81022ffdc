//! Filters, lists and tests that are left out.

use crate::scripttests::rhaid;

const TESTS: &str = "fn test_pay() { }\nfn test_pay_twice() { }\n/// @ignore until refunds are built\nfn test_refund() { fail(\"not yet\"); }\n";

fn with(arguments: &[&str]) -> crate::support::bin::Output {
    rhaid()
        .file("cart_test.rhai", TESTS)
        .file("other_test.rhai", "fn test_other() { }")
        .arg("test")
        .args(arguments)
        .run()
}

#[test]
fn a_filter_is_part_of_a_name_or_with_exact_all_of_it() {
    with(&["--filter", "pay"])
        .expect_code(0)
        .expect_text("2 passed; 0 failed; 0 ignored; 2 filtered out");
    with(&["--filter", "cart_test::test_pay", "--exact"])
        .expect_code(0)
        .expect_text("1 passed; 0 failed; 0 ignored; 3 filtered out");
    with(&["--filter", "twice", "--filter", "other"])
        .expect_code(0)
        .expect_text("2 passed");
}

#[test]
fn a_list_names_the_tests_and_runs_none() {
    let output = with(&["--list"]);
    output.expect_code(0);
    assert_eq!(
        output.stdout,
        "cart_test::test_pay: test\ncart_test::test_pay_twice: test\ncart_test::test_refund: test\nother_test::test_other: test\n\n4 tests\n"
    );
}

#[test]
fn an_ignored_test_is_run_when_it_is_asked_for() {
    with(&[])
        .expect_code(0)
        .expect_text("test cart_test::test_refund ... ignored, until refunds are built")
        .expect_text("3 passed; 0 failed; 1 ignored");
    with(&["--include-ignored"])
        .expect_code(2)
        .expect_text("not yet")
        .expect_text("3 passed; 1 failed; 0 ignored");
}
