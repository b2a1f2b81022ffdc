//! Postman's collections.

use crate::descriptions::{checked, convert, convert_text, fixture, held, rhaid, run};

#[test]
fn a_collection_of_the_demo_becomes_a_script_that_runs() {
    let output = convert("postman", &fixture("hotel.postman.json"));
    run(&checked(&output));
    let output = rhaid()
        .args(["convert", "postman"])
        .arg(fixture("hotel.postman.json"))
        .arg("--environment")
        .arg(fixture("hotel.postman_environment.json"))
        .run();
    let script = held("hotel.postman", &output);
    assert!(!script.contains("do not tell") && !output.stderr.contains("do not tell"));
    run(&script);
}

#[test]
fn bodies_and_credentials_of_all_kinds() {
    let output = convert("postman", &fixture("kinds.postman.json"));
    let script = held("kinds.postman", &output);
    assert!(!script.contains("hunter22"), "{script}");
}

/// Without a value there is nothing to send: a run says so, unless a script of the collection gives it one.
#[test]
fn what_has_no_value_must_be_set() {
    let output = convert_text(
        "postman",
        r#"{"info": {"name": "A"}, "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}"}]}, "item": [
            {"name": "login", "request": {"method": "POST", "url": "http://h.test/login", "body": {"mode": "raw", "raw": "{\"password\": \"{{password}}\"}"}},
             "event": [{"listen": "test", "script": {"exec": ["pm.environment.set('token', pm.response.json().token);",
                "pm.test('in at last', () => { pm.response.to.have.status(201); });"]}}]},
            {"name": "one", "request": {"url": {"raw": "http://h.test/things/:id/", "variable": [{"key": "id", "value": ""}]}}}]}"#,
    );
    let script = checked(&output);
    for line in [
        "const TOKEN = secret(\"TOKEN\", \"\");",
        "const PASSWORD = secret(\"PASSWORD\");",
        "const ID = env(\"ID\");",
        "\"in at last\": |r| r.status == 201",
        "\"one: it went well\": |r| r.ok",
    ] {
        assert!(script.contains(line), "{line}\n{script}");
    }
    let run = rhaid()
        .script(&script)
        .args(["--env", "ID=17", "--env", "BASE_URL=http://127.0.0.1:1"])
        .run();
    run.expect_code(65).expect_text("`PASSWORD` is not set");
}

#[test]
fn version_2_0_and_bare_urls_are_understood() {
    let output = convert_text(
        "postman",
        r#"{
        "info": {"name": "Old", "schema": "https://schema.getpostman.com/json/collection/v2.0.0/collection.json"},
        "item": [
            {"name": "a", "request": "https://api.example.com/a?x=1"},
            {"name": "b", "request": {"url": "api.example.com/b", "method": "post", "header": "X-A: 1\nX-B: 2",
                "auth": {"type": "basic", "basic": {"username": "qa", "password": "hunter22"}}}}
        ]
    }"#,
    );
    let script = checked(&output);
    assert!(
        script.contains("env(\"BASE_URL\", \"https://api.example.com\")"),
        "{script}"
    );
    assert!(
        script.contains("\"X-B\": \"2\"") && !script.contains("hunter22"),
        "{script}"
    );
}

/// Rhai bounds how deep an expression is, and a group is one.
#[test]
fn folders_in_folders_are_still_a_script() {
    let body = format!("{}{{{{id}}}}{}", "{\\\"a\\\": ".repeat(8), "}".repeat(8));
    let mut item = format!(
        r#"{{"name": "deepest", "request": {{"method": "POST", "url": "http://h.test/a", "body": {{"mode": "raw", "raw": "{body}", "options": {{"raw": {{"language": "json"}}}}}}}}}}"#
    );
    for depth in 0..10 {
        item = format!(r#"{{"name": "folder {depth}", "item": [{item}]}}"#);
    }
    let output = convert_text(
        "postman",
        &format!(r#"{{"info": {{"name": "A"}}, "item": [{item}]}}"#),
    );
    assert!(checked(&output).contains("name: \"deepest\""), "{output}");
}
