//! Functions, modules and variables that do not exist.

use crate::golden::rejected;

#[test]
fn an_unknown_function_gets_the_nearest_one() {
    rejected(
        "function",
        "fn iteration() {\n    let r = http::gett(\"http://127.0.0.1/\");\n    chekc(r.status == 200, \"ok\");\n}\n",
    );
}

#[test]
fn a_function_that_is_like_nothing_gets_what_there_is() {
    rejected(
        "function_strange",
        "fn iteration() {\n    crypto::zebra(\"x\");\n}\n",
    );
}

#[test]
fn an_unknown_module_gets_the_nearest_one_or_its_import() {
    rejected(
        "module",
        "fn iteration() {\n    htp::get(\"http://127.0.0.1/\");\n    think::normal(\"1s\", \"2s\");\n}\n",
    );
}

#[test]
fn a_function_of_the_script_called_with_too_few_arguments() {
    rejected(
        "arguments",
        "fn book(room) { }\nfn iteration() {\n    book();\n}\n",
    );
}

#[test]
fn an_exec_that_names_no_function() {
    rejected(
        "exec",
        r#"export const options = #{
    scenarios: #{
        guests: #{ executor: "constant-vus", duration: "1s", exec: "book_a_rom" },
        staff: #{ executor: "constant-vus", duration: "1s", exec: "zebra" },
    },
};
fn setup() { }
fn book_a_room() { }
"#,
    );
}

#[test]
fn a_script_without_its_iteration() {
    rejected("iteration", "// The journey.\nfn itteration() { }\n");
    rejected("iteration_other", "fn book() { }\n");
}

#[test]
fn functions_that_want_more_than_they_are_given() {
    rejected(
        "parameters",
        r#"export const options = #{ scenarios: #{ a: #{ executor: "constant-vus", duration: "1s", exec: "two" } } };
fn two(ctx, more) { }
fn setup(x) { }
fn teardown(data, more) { }
"#,
    );
}

#[test]
fn a_top_level_that_throws() {
    rejected(
        "top_level",
        "let beds = [1, 2];\nlet third = beds[5];\nfn iteration() { }\n",
    );
}

#[test]
fn a_top_level_that_would_send_requests() {
    rejected(
        "top_level_http",
        "let r = http::get(\"http://127.0.0.1/\");\nfn iteration() { }\n",
    );
}

#[test]
fn a_variable_of_the_environment_that_must_be_set() {
    rejected(
        "environment",
        "const URL = env(\"SHOP_URL\");\nfn iteration() { }\n",
    );
}
