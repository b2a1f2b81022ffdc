use proptest::prelude::*;
use serde_json::json;

use super::*;

/// What is made of a schema beside others, as the script will send it.
fn made(document: &Json, schema: &Json) -> Result<Json, Endless> {
    // Schemas live as long as their document.
    let mut whole = document.clone();
    whole["under test"] = schema.clone();
    let mut maker = Maker::new(Refs::new(&whole));
    maker.make(&whole["under test"], "").map(Made::into_like)
}

/// What is made of a schema that stands alone, which it must follow.
fn valid(schema: &Json) -> Json {
    let made = made(&json!({}), schema).unwrap();
    assert!(jsonschema::is_valid(schema, &made), "{made} of {schema}");
    made
}

#[test]
fn a_value_follows_its_schema() {
    for schema in [
        json!({"type": "string", "minLength": 30}),
        json!({"type": "string", "maxLength": 3}),
        json!({"type": "string", "minLength": 3, "maxLength": 3}),
        json!({"type": "string", "pattern": "^[A-Z]{2}\\d{6}$"}),
        json!({"type": "string", "pattern": "^[a-z]+$", "minLength": 12, "maxLength": 20}),
        json!({"type": "string", "enum": ["single", "double"]}),
        json!({"type": ["null", "integer"], "minimum": 5}),
        json!({"type": "integer", "minimum": 1, "maximum": 30}),
        json!({"type": "integer", "exclusiveMinimum": 5, "exclusiveMaximum": 7}),
        json!({"type": "integer", "minimum": 12, "multipleOf": 5}),
        json!({"type": "integer", "maximum": -3}),
        json!({"type": "integer", "maximum": 12, "minimum": 9, "multipleOf": 5}),
        json!({"type": "number", "multipleOf": 0.01, "maximum": 0.5}),
        json!({"type": "number", "exclusiveMinimum": 0, "maximum": 1}),
        json!({"type": "boolean"}),
        json!({"const": "fixed"}),
        json!({"type": "array", "items": {"type": "integer"}, "minItems": 3, "uniqueItems": true}),
        json!({"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 2, "uniqueItems": true}),
        json!({"type": "array", "items": {"type": "string"}, "maxItems": 0}),
        json!({"type": "array", "prefixItems": [{"type": "integer"}, {"type": "boolean"}]}),
        json!({"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 2}),
        json!({"type": "object", "required": ["unnamed"], "properties": {"email": {"format": "email"}}}),
        json!({"allOf": [
            {"required": ["a"], "properties": {"a": {"type": "integer"}}},
            {"required": ["b"], "properties": {"a": {"minimum": 40}, "b": {"type": "boolean"}}},
        ]}),
        json!({"oneOf": [{"type": "null"}, {"type": "integer"}]}),
        json!({"anyOf": [{"required": ["x"], "properties": {"x": {"const": 1}}}, {"type": "string"}]}),
        json!(true),
        json!({}),
    ] {
        valid(&schema);
    }
    for (format, schema) in [
        ("date", "^\\d{4}-\\d\\d-\\d\\d$"),
        ("date-time", "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$"),
        ("uuid", "^[0-9a-f-]{36}$"),
        ("email", "^.+@.+$"),
        ("uri", "^https://"),
        ("ipv4", "^\\d+\\.\\d+\\.\\d+\\.\\d+$"),
        ("ipv6", ":"),
        ("byte", "^[A-Za-z0-9=]+$"),
    ] {
        let made = valid(&json!({"type": "string", "format": format}));
        assert!(
            jsonschema::is_valid(&json!({"type": "string", "pattern": schema}), &made),
            "{format}: {made}"
        );
    }
}

#[test]
fn what_the_document_gives_is_taken() {
    for (schema, expected) in [
        (json!({"type": "string", "example": "Ada"}), json!("Ada")),
        (
            json!({"type": "string", "examples": ["Ada", "Grace"]}),
            json!("Ada"),
        ),
        (json!({"type": "integer", "default": 20}), json!(20)),
        (
            json!({"type": "string", "enum": [null, "x"], "nullable": true}),
            json!("x"),
        ),
        // Examples of another type than the schema's are mended where it can be.
        (json!({"type": "string", "example": 17}), json!("17")),
        (json!({"type": "integer", "example": "17"}), json!(17)),
        (json!({"type": "boolean", "example": "maybe"}), json!(true)),
        (
            json!({"type": "array", "items": {"type": "integer"}, "example": 3}),
            json!([1]),
        ),
        (
            json!({"type": "integer", "minimum": 5, "exclusiveMinimum": true}),
            json!(6),
        ),
    ] {
        assert_eq!(made(&json!({}), &schema), Ok(expected), "{schema}");
    }
}

#[test]
fn requests_have_no_fields_that_only_responses_have() {
    let schema = json!({
        "type": "object",
        "required": ["id", "secret", "nights"],
        "properties": {
            "id": {"type": "integer", "readOnly": true},
            "secret": {"type": "string", "writeOnly": true, "example": "s"},
            "nights": {"type": "integer", "example": 2},
        },
    });
    assert_eq!(
        made(&json!({}), &schema),
        Ok(json!({"secret": "s", "nights": 2}))
    );
}

#[test]
fn a_schema_that_contains_itself_ends_where_it_may() {
    let document = json!({"components": {"schemas": {
        "Tree": {
            "type": "object", "required": ["label", "children"],
            "properties": {
                "label": {"const": "x"},
                "parent": {"$ref": "#/components/schemas/Tree"},
                "children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
            },
        },
        "Chain": {
            "type": "object", "required": ["next"],
            "properties": {"next": {"anyOf": [{"$ref": "#/components/schemas/Chain"}, {"type": "null"}]}},
        },
        "Endless": {"type": "object", "required": ["self"], "properties": {"self": {"$ref": "#/components/schemas/Endless"}}},
        "Self": {"$ref": "#/components/schemas/Self"},
        "Either": {"oneOf": [{"$ref": "#/components/schemas/Either"}, {"type": "integer"}]},
        "All": {"allOf": [{"$ref": "#/components/schemas/All"}, {"properties": {"a": {"const": 1}}}]},
        "A": {"allOf": [{"$ref": "#/components/schemas/B"}]},
        "B": {"allOf": [{"$ref": "#/components/schemas/A"}], "properties": {"b": {"const": 2}}},
    }}});
    for (name, expected) in [
        ("Tree", Ok(json!({"label": "x", "children": []}))),
        ("Chain", Ok(json!({"next": null}))),
        ("Endless", Err(Endless)),
        ("Self", Ok(json!({}))),
        ("Either", Ok(json!(1))),
        ("All", Ok(json!({"a": 1}))),
        ("A", Ok(json!({"b": 2}))),
    ] {
        let schema = json!({"$ref": format!("#/components/schemas/{name}")});
        assert_eq!(made(&document, &schema), expected, "{name}");
    }
}

#[test]
fn schemas_that_fan_out_are_cut() {
    let mut schemas = Map::new();
    for level in 0..30 {
        let next = json!({"$ref": format!("#/components/schemas/L{}", level + 1)});
        let fields: Map<String, Json> = (0..9).map(|at| (format!("f{at}"), next.clone())).collect();
        schemas.insert(
            format!("L{level}"),
            json!({"type": "object", "properties": fields}),
        );
    }
    schemas.insert("L30".to_owned(), json!({"type": "string"}));
    let document = json!({"components": {"schemas": schemas}});
    let schema = json!({"$ref": "#/components/schemas/L0"});
    let made = made(&document, &schema).unwrap();
    assert!(made.to_string().len() < 50_000);
    let long = json!({"type": "array", "minItems": 1_000_000_000, "items": {"type": "string", "minLength": 1_000_000_000}});
    assert!(self::made(&document, &long).unwrap().to_string().len() < 300_000);
}

#[test]
fn a_discriminator_names_the_schema_that_was_chosen() {
    let document = json!({"components": {"schemas": {
        "Pet": {
            "type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}},
            "discriminator": {"propertyName": "kind", "mapping": {"cat": "#/components/schemas/Cat", "dog": "Dog"}},
        },
        "Cat": {"allOf": [{"$ref": "#/components/schemas/Pet"}, {"properties": {"lives": {"const": 9}}}]},
        "Dog": {"allOf": [{"$ref": "#/components/schemas/Pet"}, {"properties": {"bark": {"const": "wow"}}}]},
        "Any": {
            "oneOf": [{"$ref": "#/components/schemas/Dog"}, {"$ref": "#/components/schemas/Cat"}],
        },
        "Bare": {
            "oneOf": [{"$ref": "#/components/schemas/Car"}], "discriminator": {"propertyName": "type"},
        },
        "Car": {"type": "object", "required": ["type"], "properties": {"doors": {"const": 4}}},
    }}});
    for (name, expected) in [
        ("Pet", json!({"kind": "cat", "lives": 9})),
        ("Dog", json!({"kind": "dog", "bark": "wow"})),
        ("Any", json!({"kind": "dog", "bark": "wow"})),
        ("Bare", json!({"doors": 4, "type": "Car"})),
    ] {
        let schema = json!({"$ref": format!("#/components/schemas/{name}")});
        assert_eq!(made(&document, &schema), Ok(expected), "{name}");
    }
}

#[test]
fn a_reference_that_leads_nowhere_is_remembered() {
    let document = json!({"components": {"schemas": {"Guest": {}}}, "x": {"$ref": "#/components/schemas/Gest"}});
    let mut maker = Maker::new(Refs::new(&document));
    assert_eq!(
        maker.make(&document["x"], "x"),
        Ok(Made::call("fake::word()", "lorem"))
    );
    assert_eq!(
        Refs::new(&document).tell(&maker.lost),
        [
            "`$ref: #/components/schemas/Gest` leads nowhere; did you mean `#/components/schemas/Guest`?"
        ]
    );
}

fn schemas() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(json!({"type": "string"})),
        Just(json!({"type": "null"})),
        Just(json!(false)),
        Just(json!(7)),
        Just(json!({"$ref": "#/components/schemas/A"})),
        Just(json!({"$ref": "#/components/schemas/B"})),
        Just(json!({"$ref": "#/gone"})),
        (-9i64..9, -9i64..9)
            .prop_map(|(low, high)| json!({"type": "integer", "minimum": low, "maximum": high})),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| json!({
                "type": "object", "required": ["a"], "properties": {"a": a, "b": b},
            })),
            prop::collection::vec(inner.clone(), 0..3).prop_map(|all| json!({"allOf": all})),
            prop::collection::vec(inner.clone(), 0..3).prop_map(|one| json!({"oneOf": one})),
            (inner, 0..3u8).prop_map(
                |(items, least)| json!({"type": "array", "items": items, "minItems": least})
            ),
        ]
    })
}

proptest! {
    #[test]
    fn every_tangle_of_schemas_comes_to_an_end(a in schemas(), b in schemas(), schema in schemas()) {
        let document = json!({"components": {"schemas": {"A": a, "B": b}}});
        let _ = made(&document, &schema);
    }
}
