//! Scripts that throw while they run: the iteration fails, the run is never green, and the place is shown.

use crate::bad_input::golden::{hold, rhaid};
use crate::support::bin::Output;

/// Runs a script whose iteration throws; its error's full text is the golden one.
#[track_caller]
pub fn throws(name: &str, script: &str) -> Output {
    let output = rhaid().script(script).run();
    output.expect_code(2);
    let errors = output.expect_result()["errors"].as_array().unwrap();
    let script_errors: Vec<&str> = errors
        .iter()
        .filter(|error| error["kind"] == "script" || error["kind"] == "check")
        .map(|error| error["example"]["text"].as_str().unwrap())
        .collect();
    assert_eq!(script_errors.len(), 1, "{output}");
    hold(name, script_errors[0]);
    output
}

#[test]
fn a_variable_that_only_the_running_script_can_miss() {
    throws(
        "runtime_variable",
        "fn iteration() {\n    let name = \"url\";\n    eval(name);\n}\n",
    );
}

/// A place in the text of an `eval` is none in the file.
#[test]
fn what_goes_wrong_in_the_text_of_an_eval() {
    throws(
        "runtime_eval",
        "fn iteration() {\n    let x = 1;\n    let y = 2;\n    eval(\"let a = 1;\\nfoo(2)\");\n}\n",
    );
    throws(
        "runtime_eval_syntax",
        "fn iteration() {\n    let x = 1;\n    let text = \"let a = ;\";\n    eval(text);\n}\n",
    );
    throws(
        "runtime_eval_calls",
        "fn pay(amount) {\n    throw \"no money\";\n}\nfn iteration() {\n    eval(\"\\n\\npay(2)\");\n}\n",
    );
}

#[test]
fn a_text_that_is_no_number() {
    throws(
        "runtime_parse_int",
        "fn iteration() {\n    let n = parse_float(\"1.5\");\n    print(parse_int(\"12 rooms\"));\n}\n",
    );
}

#[test]
fn a_mistake_inside_a_check_says_what_was_meant_and_where() {
    let output = rhaid()
        .script(
            "fn iteration() {\n    let r = [http::get(\"http://127.0.0.1:1/\")][0];\n    check(r, #{ \"ok\": |r| r.staus == 200 });\n    check(r, #{ \"list\": |r| random::pick(()) == 1 });\n    check(r, #{ \"room\": |r| r.json(\"rooms\")[0] == 1 });\n    check(r, #{ \"sum\": |r| r.status + () == 1 });\n    check(r, #{ \"long\": |r| \"abc\".length == 3 });\n}\n",
        )
        .run();
    let errors = output.expect_result()["errors"].as_array().unwrap();
    let mut texts: Vec<String> = errors
        .iter()
        .filter(|error| error["kind"] == "script" || error["kind"] == "check")
        .map(|error| {
            format!(
                "{}\n{}\n",
                error["message"].as_str().unwrap(),
                error["example"]["text"].as_str().unwrap()
            )
        })
        .collect();
    texts.sort();
    hold("runtime_checks", &texts.join("\n"));
}

#[test]
fn an_answer_that_is_not_what_was_expected_with_the_calls_that_led_there() {
    throws(
        "runtime_property",
        "fn price(r) {\n    r.json(\"price\").amount * 2\n}\nfn iteration() {\n    let r = http::get(\"http://127.0.0.1:1/\");\n    price(r);\n}\n",
    );
}

#[test]
fn an_error_inside_a_closure_and_a_module() {
    let output = rhaid()
        .file("lib/hotel.rhai", "fn book() {\n    throw \"sold out\";\n}\n")
        .script(
            "import \"lib/hotel\" as hotel;\nfn iteration() {\n    group(\"booking\", || hotel::book());\n}\n",
        )
        .run();
    output.expect_code(2);
    let text = output.expect_result()["errors"][0]["example"]["text"].clone();
    hold("runtime_module", text.as_str().unwrap());
}

#[test]
fn a_call_with_values_of_the_wrong_types() {
    throws(
        "runtime_types",
        "fn iteration() {\n    let n = 5;\n    http::get(n);\n}\n",
    );
    throws(
        "runtime_argument",
        "fn iteration() {\n    http::get(\"/rooms\");\n}\n",
    );
    throws(
        "runtime_parameter",
        "fn iteration() {\n    let p = #{ headrs: #{} };\n    http::get(\"http://127.0.0.1/\", p);\n}\n",
    );
}

#[test]
fn a_reason_of_the_scripts_own() {
    throws(
        "runtime_fail",
        "fn iteration() {\n    fail(\"no room is free\");\n}\n",
    );
    throws(
        "runtime_throw",
        "fn iteration() {\n    throw #{ code: 7, why: \"no room\" };\n}\n",
    );
}

#[test]
fn a_run_whose_every_iteration_throws_is_blocked_and_says_why() {
    let output = rhaid()
        .script(
            "export const options = #{ iterations: 50, slos: #{ iterations: \"count >= 1\" } };\nfn iteration() {\n    let x = [1];\n    x[3];\n}\n",
        )
        .run();
    output
        .expect_code(2)
        .expect_text("50 iterations ended in script errors")
        .expect_text("Array index 3 out of bounds")
        .expect_text("script.rhai:4");
    let result = output.expect_result();
    assert_eq!(result["errors"].as_array().unwrap().len(), 1);
    assert_eq!(result["errors"][0]["count"], 50);
}

#[test]
fn a_text_that_is_no_json() {
    throws(
        "runtime_json",
        "fn iteration() {\n    let text = \"nope, said the server, at great length, and went on about it for a while\";\n    parse_json(text);\n}\n",
    );
    throws(
        "runtime_json_empty",
        "fn iteration() {\n    parse_json(\"\");\n}\n",
    );
}

#[test]
fn a_computed_tag_that_is_not_the_scripts_to_set() {
    throws(
        "runtime_tag",
        "fn iteration() {\n    let key = \"status\";\n    tags::set(key, 5);\n}\n",
    );
}

#[test]
fn a_module_taken_for_a_variable_where_a_script_makes_its_own() {
    throws(
        "runtime_module_variable",
        "fn iteration() {\n    eval(\"let x = 1;\");\n    http.get(\"http://127.0.0.1/\");\n}\n",
    );
}

#[test]
fn every_frame_of_the_stack_is_shown_through_modules_and_closures() {
    let output = rhaid()
        .file(
            "lib/cart.rhai",
            "import \"price\" as price;\nfn pay(items) {\n    items.map(|item| total(item))\n}\nfn total(item) {\n    price::of(item) * 2\n}\n",
        )
        .file("lib/price.rhai", "fn of(item) {\n    let prices = [];\n    prices[item]\n}\n")
        .script(
            "import \"lib/cart\" as cart;\nfn iteration(ctx) {\n    visit(ctx);\n}\nfn visit(ctx) {\n    group(\"paying\", || cart::pay([1]));\n}\n",
        )
        .run();
    output.expect_code(2);
    let text = output.expect_result()["errors"][0]["example"]["text"].clone();
    hold("runtime_frames", text.as_str().unwrap());
    output.expect_text("in visit (script.rhai:6:5)");
}

#[test]
fn a_deep_recursion_shows_its_ends() {
    throws(
        "runtime_recursion",
        "fn iteration() {\n    down(30);\n}\nfn down(n) {\n    if n == 0 { throw \"bottom\"; }\n    down(n - 1);\n}\n",
    );
    throws(
        "runtime_recursion_of_two",
        "fn iteration() {\n    a(30);\n}\nfn a(n) {\n    if n == 0 { throw \"bottom\"; }\n    b(n - 1);\n}\nfn b(n) {\n    a(n);\n}\n",
    );
}

#[test]
fn an_error_within_what_a_check_calls_shows_the_way_there() {
    let output = rhaid()
        .script("fn iteration() {\n    check(1, #{ \"fine\": |x| deep(x) });\n}\nfn deep(x) {\n    throw \"no\";\n}\n")
        .run();
    let text = output.expect_result()["errors"][0]["example"]["text"].clone();
    hold("runtime_check_frames", text.as_str().unwrap());
}
