//! OpenAPI documents.

use crate::support::golden;
use crate::{checked, convert, convert_text, fixture, run};

#[test]
fn a_description_of_the_demo_becomes_a_script_that_runs() {
    let output = convert("openapi", &fixture("hotel.yaml"));
    let script = checked(&output);
    golden::hold(
        "descriptions",
        "hotel.openapi",
        &format!("{}\n---\n{script}", output.stderr),
    );
    run(&script);
}

#[test]
fn bodies_parameters_and_security_of_all_kinds() {
    let output = convert("openapi", &fixture("kinds.yaml"));
    let script = checked(&output);
    golden::hold(
        "descriptions",
        "kinds.openapi",
        &format!("{}\n---\n{script}", output.stderr),
    );
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
