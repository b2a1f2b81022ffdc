//! OpenAPI documents.

use std::fmt::Write as _;
use std::time::Duration;

use crate::descriptions::{checked, convert, convert_text, fixture, held, rhaid, run};

#[test]
fn a_description_of_the_demo_becomes_a_script_that_runs() {
    run(&held(
        "hotel.openapi",
        &convert("openapi", &fixture("hotel.yaml")),
    ));
}

#[test]
fn bodies_parameters_and_security_of_all_kinds() {
    held("kinds.openapi", &convert("openapi", &fixture("kinds.yaml")));
}

#[test]
fn json_and_yaml_give_the_same_script() {
    let json = r##"{"openapi": "3.0.3", "info": {"title": "A", "version": "1"},
        "paths": {"/a": {"get": {"responses": {"200": {"description": "x"}}}}}}"##;
    let yaml = "openapi: 3.0.3\ninfo: {title: A, version: '1'}\npaths:\n  /a:\n    get:\n      responses:\n        200: {description: x}\n";
    assert_eq!(
        checked(&convert_text("openapi", json)),
        checked(&convert_text("openapi", yaml))
    );
}

#[test]
fn what_needs_an_id_of_another_tag_makes_one_first() {
    let output = convert_text(
        "openapi",
        r##"
openapi: 3.0.3
info: {title: A, version: "1"}
paths:
  /orders/{orderId}/notes:
    post: {tags: [notes], responses: {201: {description: x}}}
  /orders:
    post:
      tags: [orders]
      operationId: order
      responses: {201: {description: x, content: {application/json: {example: {data: {order_id: 7}}}}}}
"##,
    );
    let script = checked(&output);
    let notes = script.split("fn notes").nth(1).unwrap();
    let made = notes.find("name: \"order\"").unwrap();
    let used = notes.find("${order_id}").unwrap();
    assert!(made < used, "{script}");
    assert!(
        notes.contains("let order_id = order.json(\"data.order_id\");"),
        "{script}"
    );
}

#[test]
fn links_say_where_a_value_comes_from() {
    let output = convert_text(
        "openapi",
        r##"
openapi: 3.0.3
info: {title: A, version: "1"}
paths:
  /carts:
    post:
      operationId: makeCart
      responses:
        201:
          description: x
          links:
            pay: {operationId: pay, parameters: {cart: "$response.body#/carts/0/token"}}
  /payments:
    post:
      operationId: pay
      tags: [carts]
      parameters: [{name: cart, in: query, required: true, schema: {type: string}}]
      responses: {200: {description: x}}
"##,
    );
    let script = checked(&output);
    assert!(
        script.contains("make_cart.json(\"carts[0].token\")"),
        "{script}"
    );
    assert!(
        script.contains("/payments?cart=${encoding::url(cart)}"),
        "{script}"
    );
}

/// What grows with the square of a document would take many minutes here.
#[test]
fn a_large_document_takes_no_longer_than_it_is() {
    const THINGS: usize = 2_000;
    let mut text =
        "openapi: 3.0.3\ninfo: {title: Large, version: '1'}\ntags: [{name: one}]\npaths:\n"
            .to_owned();
    for at in 0..THINGS {
        let tag = if at % 2 == 0 {
            "one".to_owned()
        } else {
            format!("tag{at}")
        };
        let body =
            format!("{{application/json: {{schema: {{$ref: '#/components/schemas/Thing{at}'}}}}}}");
        let _ = write!(
            text,
            "  /things{at}:
    get: {{tags: [{tag}], responses: {{200: {{description: x, content: {{application/json: {{schema: {{$ref: '#/components/schemas/Nowhere{at}'}}}}}}}}}}}}
    post: {{tags: [{tag}], requestBody: {{content: {body}}}, responses: {{201: {{description: x, content: {body}}}}}}}
  /areas{at}/things/{{id}}:
    get: {{tags: [{tag}], parameters: [{{name: id, in: path, required: true, schema: {{type: string}}}}], responses: {{200: {{description: x}}}}}}
  /things{at}/{{id}}:
    get: {{tags: [{tag}], parameters: [{{name: id, in: path, required: true, schema: {{type: string}}}}], responses: {{200: {{description: x}}}}}}
"
        );
    }
    text.push_str("components:\n  schemas:\n");
    for at in 0..THINGS {
        let _ = writeln!(
            text,
            "    Thing{at}: {{type: object, properties: {{id: {{type: string}}, name: {{type: string}}, parent: {{$ref: '#/components/schemas/Thing{at}'}}}}}}"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("large.yaml");
    std::fs::write(&file, text).unwrap();
    let output = rhaid()
        .timeout(Duration::from_secs(240))
        .args(["convert", "openapi"])
        .arg(&file)
        .run();
    output.expect_code(0);
    assert_eq!(output.stdout.matches("/things1999/${").count(), 1);
    assert!(output.stderr.contains("8000 operations"), "{output}");
}
