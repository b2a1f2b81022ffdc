//! The API described in OpenAPI 3.1, made of the table of routes.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::routes::{Gives, OPENAPI, ROUTES, Route};
use super::shape::Problem;

static DOCUMENT: LazyLock<Value> = LazyLock::new(make);

/// The document.
pub fn document() -> &'static Value {
    &DOCUMENT
}

fn make() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.for_serialize().into_generator();
    let problem = generator.subschema_for::<Problem>();
    let mut paths: Map<String, Value> = Map::new();
    for route in ROUTES {
        let operation = operation(&route, &mut generator, &problem);
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(route.method.to_owned(), operation);
        }
    }
    let own = json!({ "get": {
        "operationId": "openapi",
        "summary": "This document.",
        "responses": { "200": { "description": "OpenAPI 3.1.", "content": { "application/json": { "schema": { "type": "object" } } } } },
    }});
    paths.insert(OPENAPI.to_owned(), own);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "rhaid",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A run of rhaid while it goes on: how it stands, and how to steer it. It is there as long as the run with `--ui` is.",
        },
        "servers": [{ "url": "http://127.0.0.1:5665" }],
        "security": [{}, { "token": [] }, { "cookie": [] }],
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "The token of a dashboard that others reach (`--ui-listen`)." },
                "cookie": { "type": "apiKey", "in": "cookie", "name": "rhaid_5665", "description": "What `POST /api/v1/session` gives; its name ends in the port." },
            },
        },
    })
}

fn operation(route: &Route, generator: &mut SchemaGenerator, problem: &Schema) -> Value {
    let mut parameters = Vec::new();
    if route.path.contains("{name}") {
        let about = match route.path.contains("/faults/") {
            true => "The fault's name.",
            false => "The scenario's name.",
        };
        parameters.push(json!({
            "name": "name", "in": "path", "required": true, "description": about, "schema": { "type": "string" },
        }));
    }
    if route.method != "get" {
        parameters.push(json!({
            "name": "x-rhaid", "in": "header", "required": true,
            "description": "What changes something says so, for no other web page can.",
            "schema": { "type": "string", "enum": ["1"] }, "example": "1",
        }));
    }
    let content = match route.gives {
        Gives::Json(schema) => json!({ "application/json": { "schema": schema(generator) } }),
        Gives::Events => json!({ "text/event-stream": { "schema": { "type": "string" } } }),
    };
    let mut responses = Map::new();
    responses.insert(
        "200".to_owned(),
        json!({ "description": "All is well.", "content": content }),
    );
    let mut refused = vec![
        (401, "The token is needed, or it is another one."),
        (403, "It comes from another web page."),
    ];
    if route.takes.is_some() {
        refused.push((400, "The body is not what it should be."));
    }
    refused.extend_from_slice(route.also);
    for (status, about) in refused {
        let content = json!({ "application/json": { "schema": problem } });
        responses.insert(
            status.to_string(),
            json!({ "description": about, "content": content }),
        );
    }
    let mut operation = json!({
        "operationId": route.id,
        "summary": route.about,
        "parameters": parameters,
        "responses": responses,
    });
    if let (Some(takes), Some(operation)) = (route.takes, operation.as_object_mut()) {
        let schema = takes(generator);
        operation.insert(
            "requestBody".to_owned(),
            json!({ "required": true, "content": { "application/json": { "schema": schema } } }),
        );
    }
    operation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_in_the_document_and_nothing_else_is() {
        let document = document();
        let mut found = 0;
        for (path, operations) in document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                let id = operation["operationId"].as_str().unwrap();
                let known = ROUTES
                    .iter()
                    .any(|route| route.path == path && route.method == method && route.id == id);
                assert!(known || path == OPENAPI, "{method} {path}");
                found += 1;
            }
        }
        assert_eq!(found, ROUTES.len() + 1);
    }

    #[test]
    fn every_schema_that_is_referred_to_is_there() {
        let document = document();
        let text = document.to_string();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let mut references = 0;
        for reference in text.split("\"$ref\":\"").skip(1) {
            let reference = reference.split('"').next().unwrap();
            let name = reference.strip_prefix("#/components/schemas/").unwrap();
            assert!(schemas.contains_key(name), "{reference}");
            references += 1;
        }
        assert!(references > 20);
    }
}
