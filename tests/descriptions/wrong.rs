//! Documents that are wrong: a clear message, the right exit code, no panic.

use std::fmt::Write as _;

use crate::descriptions::{checked, convert_text, rhaid};
use crate::support::bin::Output;

#[track_caller]
fn refused(format: &str, text: &str, says: &[&str]) -> Output {
    let output = convert_text(format, text);
    output.expect_code(65);
    assert_eq!(output.stdout, "");
    for words in says {
        assert!(
            output.stderr.contains(words),
            "`{words}` is not in:\n{output}"
        );
    }
    output
}

#[test]
fn what_is_no_openapi_document() {
    for (text, says) in [
        (
            "{\"swagger\": \"2.0\", \"paths\": {}}",
            ["this is Swagger 2.0", "swagger2openapi"],
        ),
        (
            "{\"openapi\": \"4.0.0\", \"paths\": {}}",
            ["OpenAPI 4.0.0 is not known", "3.1"],
        ),
        (
            "{\"openapi\": \"3.1.0\"}",
            ["it describes no `paths`", "schemas alone"],
        ),
        (
            "{\"openapi\": \"3.1.0\", \"paths\": {\"/a\": {}}}",
            ["there is no operation under `paths`", "get:"],
        ),
        (
            "{\"info\": {\"schema\": \"x\"}, \"item\": []}",
            ["no OpenAPI document", "convert postman"],
        ),
        ("just a text", ["no OpenAPI document", "openapi: 3.0.3"]),
        ("", ["no OpenAPI document", "openapi: 3.0.3"]),
        ("[1, 2]", ["no OpenAPI document", "openapi: 3.0.3"]),
        (
            "{\n  \"openapi\": \"3.1.0\",,\n}",
            ["line 2 column", "\"openapi\": \"3.1.0\",,"],
        ),
        ("openapi: 3.1.0\npaths: [\n", ["line", "no YAML"]),
    ] {
        refused("openapi", text, &says);
    }
}

#[test]
fn what_is_no_collection() {
    for (text, says) in [
        ("{\"info\": {}, \"item\": [", ["line 1 column", "no JSON"]),
        (
            "{\"info\": {}, \"item\": []}",
            ["the collection is empty", "a request"],
        ),
        (
            "{\"info\": {}, \"item\": [{\"name\": \"x\"}]}",
            ["there is no request", "switched off"],
        ),
        ("{\"info\": {}}", ["no list `item`", "Collection v2.1"]),
        (
            "{\"id\": \"1\", \"name\": \"x\", \"order\": [], \"requests\": []}",
            ["version 1.0", "Collection v2.1"],
        ),
        (
            "{\"name\": \"x\", \"values\": []}",
            ["an environment", "--environment"],
        ),
        (
            "{\"openapi\": \"3.0.0\"}",
            ["description of an API", "convert openapi"],
        ),
        ("[]", ["no list `item`", "Collection v2.1"]),
    ] {
        refused("postman", text, &says);
    }
}

#[test]
fn an_environment_that_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let collection = folder.path().join("c.json");
    std::fs::write(
        &collection,
        "{\"info\": {}, \"item\": [{\"request\": \"http://x/\"}]}",
    )
    .unwrap();
    let missing = rhaid()
        .args(["convert", "postman"])
        .arg(&collection)
        .args(["--environment", "no.json"])
        .run();
    missing.expect_code(66);
    assert!(
        missing
            .stderr
            .contains("cannot read the environment `no.json`"),
        "{missing}"
    );
    let wrong = rhaid()
        .args(["convert", "postman"])
        .arg(&collection)
        .arg("--environment")
        .arg(&collection)
        .run();
    wrong.expect_code(65);
    assert!(wrong.stderr.contains("no Postman environment"), "{wrong}");
}

/// A document with one operation whose body has this schema.
fn with_body(schema: &str, schemas: &str) -> String {
    format!(
        "{{\"openapi\": \"3.1.0\", \"paths\": {{\"/a\": {{\"post\": {{\"requestBody\": {{\"content\": {{\"application/json\": {{\"schema\": {schema}}}}}}}, \"responses\": {{\"200\": {{}}}}}}}}}}, \"components\": {{\"schemas\": {schemas}}}}}"
    )
}

#[test]
fn references_that_lead_nowhere_or_in_circles() {
    let schemas = r##"{"Guest": {"type": "object", "required": ["self"], "properties": {"self": {"$ref": "#/components/schemas/Guest"}}},
        "Loop": {"$ref": "#/components/schemas/Loop"}}"##;
    for (schema, says) in [
        (
            "{\"$ref\": \"#/components/schemas/Gust\"}",
            "did you mean `#/components/schemas/Guest`?",
        ),
        (
            "{\"$ref\": \"other.yaml#/Guest\"}",
            "points out of the file",
        ),
        ("{\"$ref\": \"#/components/schemas/Loop\"}", ""),
    ] {
        let output = convert_text("openapi", &with_body(schema, schemas));
        checked(&output);
        assert!(output.stderr.contains(says), "{output}");
    }
    let output = convert_text(
        "openapi",
        &with_body("{\"$ref\": \"#/components/schemas/Guest\"}", schemas),
    );
    assert!(
        checked(&output).contains("TODO: the schema of the body contains itself"),
        "{output}"
    );
}

#[test]
fn a_path_parameter_that_nobody_declared() {
    let output = convert_text(
        "openapi",
        "openapi: 3.0.0\npaths: {'/a/{thing}/{': {get: {responses: {200: {description: x}}}}}\n",
    );
    assert!(
        checked(&output).contains("${encoding::url(global::THING)}"),
        "{output}"
    );
    assert!(
        output.stderr.contains("the declaration of `{thing}`"),
        "{output}"
    );
}

#[test]
fn a_bomb_of_anchors_is_refused() {
    let mut bomb = "openapi: 3.0.0\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let _ = writeln!(
            bomb,
            "a{level}: &a{level} [{}]",
            vec![format!("*a{}", level - 1); 10].join(", ")
        );
    }
    refused("openapi", &bomb, &["no YAML that can be read"]);
    refused(
        "openapi",
        &"[".repeat(200_000),
        &["no YAML that can be read"],
    );
    refused("openapi", &"{\"a\":".repeat(200_000), &["line 1"]);
    refused("postman", &"[".repeat(200_000), &["line 1"]);
}

#[test]
fn strange_contents_still_make_a_script() {
    let output = convert_text(
        "openapi",
        r##"{"openapi": "3.0.0", "info": 7, "tags": 3, "servers": "x", "security": {}, "paths": {
            "x-y": 1, "nowhere": {}, "/a": 5, "/b": {"get": [], "post": {"parameters": 4, "responses": [], "tags": [1], "requestBody": "x"}},
            "/c\"`${x}\n": {"get": {"operationId": "a b\"`", "tags": ["`${1}\"\n*/", "fn"], "summary": "a\nb", "parameters": [1, {}, {"in": "query"}, {"in": "moon", "name": "x"}]}},
            "/d": {"put": {"tags": ["iteration"], "requestBody": {"content": {"text/plain": {"example": "`${x}\"\\"}}}, "responses": {"999": {}, "2XX": {}, "x": 1}}}
        }}"##,
    );
    checked(&output);
    let output = convert_text(
        "postman",
        r##"{"info": 3, "variable": [1, {"key": 2}, {"key": "a", "value": "{{a}}"}], "event": "x", "auth": 4, "item": [
            7, {"request": {}}, {"name": "`${x}\"\n", "request": {"method": "g e t", "url": {"raw": "{{a}}{{b}}/x/:y/{{"}, "header": [1, {"key": "a b", "value": 3}], "body": {"mode": 5}}},
            {"name": "x", "request": {"url": "{{a}}", "body": {"mode": "raw", "raw": "{\"{{a}}\": {{b}}, \"c\": {{$nothing}}}"}}, "event": [{"listen": "test", "script": {"exec": [1, "pm.test("]}}]}
        ]}"##,
    );
    checked(&output);
}
