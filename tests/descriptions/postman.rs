//! Postman's collections.

use crate::support::golden;
use crate::{checked, convert, convert_text, fixture, rhaid, run};

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
    let script = checked(&output);
    assert!(!script.contains("do not tell") && !output.stderr.contains("do not tell"));
    golden::hold(
        "descriptions",
        "hotel.postman",
        &format!("{}\n---\n{script}", output.stderr),
    );
    run(&script);
}

#[test]
fn bodies_and_credentials_of_all_kinds() {
    let output = convert("postman", &fixture("kinds.postman.json"));
    let script = checked(&output);
    assert!(!script.contains("hunter22"), "{script}");
    golden::hold(
        "descriptions",
        "kinds.postman",
        &format!("{}\n---\n{script}", output.stderr),
    );
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
