//! What is read of and called on values: numbers of arguments, properties that are called, values that are not there.

use crate::bad_input::golden::{hold, rejected, rhaid};
use crate::bad_input::runtime::throws;

#[test]
fn methods_with_another_number_of_arguments() {
    rejected(
        "member_arguments",
        "fn iteration() {\n    let inbox = hooks::inbox();\n    let got = inbox.wait();\n    let r = http::get(inbox.url);\n    r.json(1, 2, 3);\n    [1, 2].len(3);\n    inbox.mark(1);\n}\n",
    );
}

#[test]
fn a_property_that_is_called() {
    rejected(
        "member_property",
        "fn iteration() {\n    let inbox = hooks::inbox();\n    http::post(inbox.url(), #{ url: inbox.url });\n}\n",
    );
}

#[test]
fn what_a_map_may_hold_is_called_with_as_many_arguments_as_it_likes() {
    let output = rhaid()
        .file("lib/made.rhai", "import \"deep\" as deep;\nfn make() { deep::make() }\n")
        .file("lib/deep.rhai", "fn make() { #{ json: |a, b, c| a + b + c } }\n")
        .file("script.rhai", "import \"lib/made\" as made;\nfn iteration() {\n    let o = #{};\n    o.wait = || 1;\n    o[\"url\"] = || 2;\n    o.wait();\n    o.url();\n    made::make().json(1, 2, 3);\n    [1].len();\n    [1].len;\n    1.twice(2);\n}\nfn twice(x) { this * x }\n")
        .args(["check", "script.rhai"])
        .run();
    output.expect_code(0);
    assert_eq!(output.stderr, "", "{output}");
}

#[test]
fn what_only_the_running_script_can_miss() {
    // The names are keys of a map, too, so that nothing is said before the run.
    let run = |body: &str| {
        format!(
            "fn iteration() {{\n    let m = #{{ push: || 1, len: || 2, header: || 3 }};\n    let r = http::get(\"http://127.0.0.1:1/\");\n    {body}\n}}\n"
        )
    };
    throws(
        "member_nothing_method",
        &run("r.json(\"guest.name\").len();"),
    );
    throws(
        "member_nothing_index",
        &run("let x = r.json(\"rooms\")[0].id;"),
    );
    throws(
        "member_nothing_variable",
        &run("let name = r.json(\"name\"); name.push(1);"),
    );
    throws("member_run_arguments", &run("r.header();"));
    throws("member_run_other_type", &run("r.push(1);"));
}

#[test]
fn what_is_written_out_about_webhooks() {
    rejected(
        "hooks_written_out",
        "fn iteration() {\n    let inbox = hooks::inbox(#{ nmae: \"x\", verify: #{ scheme: \"strpe\", secrt: \"1\" }, answer: [ #{ stauts: 500 } ] });\n    inbox.verify(#{ scheme: \"githb\", secret: \"s\" });\n    inbox.answer(#{ statuss: 500, delay: \"1 fortnight\" });\n    hooks::verify(#{ shceme: \"slack\", secret: \"s\" });\n    inbox.wait(\"10 parsecs\");\n}\n",
    );
}

#[test]
fn the_same_is_said_of_webhooks_while_they_run() {
    throws(
        "hooks_run_option",
        "fn iteration() {\n    let how = #{ nmae: \"x\" };\n    hooks::inbox(how);\n}\n",
    );
    throws(
        "hooks_run_scheme",
        "fn iteration() {\n    let how = #{ scheme: \"strpe\", secret: \"abcd\" };\n    hooks::verify(how);\n}\n",
    );
}

/// What certainly is a response is known before anything is sent; what may be something else is left alone.
#[test]
fn what_a_response_has_not() {
    rejected(
        "response_members",
        "fn iteration() {\n    let r = http::get(\"http://127.0.0.1:1/\");\n    let limit = 3;\n    check(r, #{ \"a\": |x| x.statuss == 200, \"b\": |x| x.boddy == limit && r.json == 3 });\n    check(r, \"ok\");\n    r.foo();\n    r.jsn(\"a\");\n    json_parse(r.text);\n}\n",
    );
    let output = rhaid()
        .file("script.rhai", "fn iteration() {\n    let r = http::get(\"http://127.0.0.1:1/\");\n    r = #{ statuss: 1 };\n    print(r.statuss);\n    let s = http::get(\"http://127.0.0.1:1/\");\n    try { print(s.statuss); } catch { }\n    for t in [1] { let t = http::get(\"http://127.0.0.1:1/\"); }\n    if true { let u = http::get(\"http://127.0.0.1:1/\"); print(u.status); } else { let u = #{ statuss: 1 }; print(u.statuss); }\n    let v = http::batch([\"http://127.0.0.1:1/\"]);\n    print(v.len);\n    look(s);\n    s.seen();\n    again(#{ statuss: 2 });\n    twice(\"http://127.0.0.1:1/\");\n    twice(1, #{ statuss: 3 });\n    changed();\n}\nfn look(r) { print(r.statuss); }\nfn seen() { print(this.status); }\nfn again(r) { if true { let r = http::get(\"http://127.0.0.1:1/\"); } print(r.statuss); }\nfn twice(a) { let w = http::get(a); }\nfn twice(a, b) { let w = b; print(w.statuss); }\nfn changed() { let w = http::get(\"http://127.0.0.1:1/\"); let change = || { w = #{ statuss: 1 }; }; change.call(); print(w.statuss); }\n")
        .args(["check", "script.rhai"])
        .run();
    output.expect_code(0);
    assert_eq!(output.stderr, "", "{output}");
}

#[test]
fn addresses_and_think_times_that_are_none() {
    rejected(
        "literals_written_out",
        "import \"std/think\" as think;\nfn iteration() {\n    let id = 1;\n    http::get(\"127.0.0.1:8080/rooms\");\n    http::post(`/rooms/${id}`, #{}, #{ name: \"a\" });\n    http::batch([\"ftp://x/y\", [\"GET\", \"localhost:8080/x\"], \"http://127.0.0.1:1/\"]);\n    http::get(id + \"/rooms\");\n    think::normal(\"abc\", \"500ms\");\n    think::log_normal(2, 0.5);\n}\n",
    );
}

#[test]
fn columns_that_a_file_has_not() {
    let output = rhaid()
        .file("users.csv", "email,name\na@b.c,Ada\n")
        .file("script.rhai", "const USERS = data::csv(\"users.csv\");\nfn iteration() {\n    let row = global::USERS.next();\n    print(row.emial);\n    print(global::USERS.random().nam);\n    print(row[\"phone\"]);\n    print(row.email + row?.name);\n    let other = global::USERS[0];\n    other.fax = 1;\n    print(other.fax + other.email);\n    if true { let twice = global::USERS.next(); print(twice.email); }\n    let twice = #{}; print(twice.anything);\n}\n")
        .args(["check", "script.rhai"])
        .run();
    output.expect_code(0);
    hold("columns", &output.stderr);
}

/// A key of that name in some other map says nothing about a row.
#[test]
fn a_column_that_a_file_has_not_beside_a_key_of_its_name() {
    let script = "const GUESTS = data::csv(\"guests.csv\");\nfn iteration() {\n    let guest = global::GUESTS.next();\n    let stay = #{ nights: 2 };\n    stay.nights = 3;\n    let from = guest.nights + 1;\n    print(guest.nights.len());\n}\n";
    let output = rhaid()
        .file("guests.csv", "name,night\nAda,2\n")
        .file("script.rhai", script)
        .args(["check", "script.rhai"])
        .run();
    output.expect_code(0);
    hold("columns_and_keys", &output.stderr);
    let output = rhaid()
        .file("guests.csv", "name,night\nAda,2\n")
        .script(script)
        .run();
    output.expect_code(2);
    let text = output.expect_result()["errors"][0]["example"]["text"].clone();
    hold("columns_at_run_time", text.as_str().unwrap());
}

#[test]
fn a_place_far_to_the_right_of_its_line() {
    let line = format!(
        "    let x = [{}]; slep(1); let y = [{}];",
        "1, ".repeat(100),
        "2, ".repeat(100)
    );
    rejected("excerpt_long", &format!("fn iteration() {{\n{line}\n}}\n"));
}

#[test]
fn defaults_of_secrets_are_not_shown_in_excerpts() {
    let output = rhaid()
        .script("const KEY = secret(\"API_KEY\", \"hunter2-default\", 3);\nfn iteration() { throw_it(secret(\"API_KEY\", `other-default`)); }\nfn throw_it(x) { throw \"no\"; }\n")
        .run();
    output
        .expect_code(65)
        .expect_text("secret(\"API_KEY\", \"***\", 3)");
    assert!(!output.stderr.contains("default"), "{output}");
}

#[test]
fn names_of_a_script_are_no_commands_to_the_terminal() {
    let script = "export const options = #{ scenarios: #{ \"a\\x1b[31m\": #{ executor: \"constant-vus\", vus: 1, duration: \"1s\" }, \"b\\x1b[2J\": #{ executor: \"constant-vus\", vus: 1, duration: \"1s\" } } };\nfn iteration() { sleep(0.1); }\n";
    for arguments in [
        &["run", "script.rhai", "--vus", "3"] as &[&str],
        &["run", "script.rhai", "--scenario", "c"],
        &["run", "script.rhai", "--scale", "0.1"],
        &["check", "script.rhai"],
    ] {
        let output = rhaid().file("script.rhai", script).args(arguments).run();
        let all = format!("{}{}", output.stdout, output.stderr);
        assert!(!all.contains('\u{1b}'), "{arguments:?}: {output}");
    }
}

#[test]
fn a_variable_that_is_not_set_is_told_once_with_its_places() {
    let output = rhaid()
        .file("script.rhai", "fn iteration() {\n    http::get(env(\"SHOP_URL\") + \"/a\");\n    http::get(env(\"SHOP_URL\") + \"/b\");\n    pay();\n}\nfn pay() { http::get(env(\"SHOP_URL\")); http::get(env(\"PAY_URL\")); }\n")
        .args(["check", "script.rhai"])
        .run();
    output.expect_code(0);
    hold("environment_once", &output.stderr);
}

#[test]
fn a_shortcut_is_called_what_the_author_wrote() {
    rejected(
        "shortcut_vus",
        "export const options = #{ vus: \"5\", stages: [ #{ duration: \"1s\", target: 2 } ] };\nfn iteration() {}\n",
    );
    rejected(
        "shortcut_duration",
        "export const options = #{ iterations: 5, duration: \"never\" };\nfn iteration() {}\n",
    );
}
