//! Secrets that a description holds: beside whichever name, in whichever place, no script has them.

use crate::descriptions::{checked, convert_text};

/// What a secret is in these documents: no other text has it.
fn secret(number: usize) -> String {
    format!("s3cr3t-{number}-x")
}

/// Puts secrets in the place of every `@`, in order.
fn filled(template: &str) -> String {
    let mut filled = String::new();
    for (at, piece) in template.split('@').enumerate() {
        if at > 0 {
            filled.push_str(&secret(at));
        }
        filled.push_str(piece);
    }
    filled
}

const POSTMAN: &str = r#"{
"info": {"name": "A"},
"variable": [
    {"key": "password", "value": "@"},
    {"key": "callback", "value": "https://cb.test/?token=@"},
    {"key": "login", "value": "ada:{{password}}"},
    {"key": "base", "value": "http://k.test/{{password}}/v1"},
    {"key": "seed", "value": "{\"password\": \"@\"}"}
],
"item": [
    {"name": "query", "request": {"url": "http://h.test/a?api_key=@&page=2"}},
    {"name": "base", "request": {"url": "{{base}}/a?login={{login}}&seed={{seed}}"}},
    {"name": "parts", "request": {"url": {"raw": "http://h.test/a?api_key=@", "query": [{"key": "api_key", "value": "@"}]}}},
    {"name": "path", "request": {"url": {"raw": "http://h.test/u/:token/x", "variable": [{"key": "token", "value": "@"}]}}},
    {"name": "host", "request": {"url": "http://ada:@\u0040h.test/a"}},
    {"name": "json", "request": {"method": "POST", "url": "http://h.test/a", "body": {"mode": "raw", "options": {"raw": {"language": "json"}},
        "raw": "{\"user\": \"ada\", \"password\": \"@\", \"deep\": [{\"clientSecret\": \"@\"}], \"other_password\": \"{{password}}\"}"}}},
    {"name": "odd json", "request": {"method": "POST", "url": "http://h.test/a", "body": {"mode": "raw", "options": {"raw": {"language": "json"}},
        "raw": "{\"password\": \"@\", \"n\": {{callback}} "}}},
    {"name": "odd values", "request": {"method": "POST", "url": "http://h.test/a", "body": {"mode": "raw", "options": {"raw": {"language": "json"}},
        "raw": "{\"secrets\": [\"@\", [\"@\"]], 'token': '@', \"pin\": 71830594, // one too many\n}"}}},
    {"name": "mixed", "request": {"method": "POST", "url": {"raw": "http://h.test/:token", "query": [{"key": "api_key", "value": "@{{pin}}"}],
        "variable": [{"key": "token", "value": "@{{pin}}"}]}, "header": [{"key": "X-API-Key", "value": "@{{pin}}@"}],
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "@{{pin}}"}]},
        "body": {"mode": "raw", "options": {"raw": {"language": "json"}}, "raw": "{\"password\": \"@{{pin}}\"}"}}},
    {"name": "odd mixed", "request": {"method": "POST", "url": "http://h.test/a", "body": {"mode": "raw", "options": {"raw": {"language": "json"}},
        "raw": "{\"password\": \"@{{pin}}\", }"}}},
    {"name": "conditions", "request": {"url": "http://h.test/a"}, "event": [{"listen": "test", "script": {"exec": [
        "pm.test('it is right', () => pm.expect(pm.response.json().token).to.eql('@'));", "const expected = '@';",
        "pm.test('x', () => { pm.expect(pm.response.json()).to.have.property('password', expected); });",
        "tests['old'] = JSON.parse(responseBody).apiKey === '@';"]}}]},
    {"name": "xml", "request": {"method": "POST", "url": "http://h.test/a", "body": {"mode": "raw", "options": {"raw": {"language": "xml"}},
        "raw": "<a><user>{{callback}}</user><password>@</password></a>"}}},
    {"name": "graphql", "request": {"method": "POST", "url": "http://h.test/a", "body": {"mode": "graphql", "graphql": {
        "query": "mutation { login(user: \"ada\", password: \"@\") { token } }", "variables": "{\"apiKey\": \"@\"}"}}}},
    {"name": "form", "request": {"method": "POST", "url": "http://h.test/a", "body": {"mode": "urlencoded", "urlencoded": [
        {"key": "user", "value": "ada"}, {"key": "password", "value": "@"}, {"key": "pin", "value": "{{pin}}"}]}}},
    {"name": "parts of a form", "request": {"method": "POST", "url": "http://h.test/a", "body": {"mode": "formdata", "formdata": [
        {"key": "password", "value": "@", "type": "text"}]}}},
    {"name": "headers", "request": {"url": "http://h.test/a", "header": [
        {"key": "X-API-Key", "value": "@"}, {"key": "Authorization", "value": "Bearer @"}, {"key": "Cookie", "value": "sid=@"}]}},
    {"name": "basic", "request": {"url": "http://h.test/a", "auth": {"type": "basic", "basic": [
        {"key": "username", "value": "ada"}, {"key": "password", "value": "@"}]}}},
    {"name": "key", "request": {"url": "http://h.test/a", "auth": {"type": "apikey", "apikey": [
        {"key": "key", "value": "k"}, {"key": "in", "value": "query"}, {"key": "value", "value": "@"}]}}},
    {"name": "scripts", "request": {"url": "http://h.test/a"}, "event": [
        {"listen": "prerequest", "script": {"exec": ["pm.environment.set('api_token', '@');", "const password = '@';",
            "pm.request.addHeader('x-api-key', '@');"]}}]}
]}"#;

#[test]
fn no_secret_of_a_collection_is_in_its_script() {
    let output = convert_text("postman", &filled(POSTMAN));
    let script = checked(&output);
    assert!(
        !format!("{script}{}", output.stderr).contains("s3cr3t"),
        "{output}"
    );
    assert!(!script.contains("71830594"), "{script}");
    for line in [
        "const API_KEY = secret(\"API_KEY\");",
        "const PASSWORD = secret(\"PASSWORD\");",
        "const PASSWORD_2 = secret(\"PASSWORD_2\");",
        "api_key=${encoding::url(global::API_KEY)}&page=2",
        "other_password: global::PASSWORD,",
        "pin: global::PIN",
        "authorization: `Bearer ${global::TOKEN",
    ] {
        assert!(
            script.to_lowercase().contains(&line.to_lowercase()),
            "{line}\n{script}"
        );
    }
    assert!(
        output
            .stderr
            .contains("--env PASSWORD_2=…  must be set: the field password"),
        "{output}"
    );
}

/// What is the same everywhere is one variable; what differs is not.
#[test]
fn one_value_is_one_variable() {
    let item = |name: &str, value: &str| {
        format!(
            r#"{{"name": "{name}", "request": {{"url": "http://h.test/{name}?token={value}"}}}}"#
        )
    };
    let items = [item("a", "one-1"), item("b", "one-1"), item("c", "two-2")].join(",");
    let output = convert_text(
        "postman",
        &format!(r#"{{"info": {{"name": "A"}}, "item": [{items}]}}"#),
    );
    let script = checked(&output);
    assert_eq!(script.matches("url(global::TOKEN)").count(), 2, "{script}");
    assert_eq!(
        script.matches("url(global::TOKEN_2)").count(),
        1,
        "{script}"
    );
}

/// Two schemes of one kind are two secrets, whatever their names have in common.
#[test]
fn every_security_scheme_has_its_own_variables() {
    let output = convert_text(
        "openapi",
        r#"
openapi: 3.1.0
info: {title: A, version: "1"}
components:
  securitySchemes:
    guest: {type: http, scheme: bearer}
    staff: {type: http, scheme: bearer}
    desk: {type: http, scheme: basic}
    back_office: {type: http, scheme: basic}
    api-key: {type: apiKey, in: header, name: X-Key}
    api_key: {type: apiKey, in: query, name: key}
    partner: {type: oauth2, flows: {clientCredentials: {tokenUrl: "https://a.test/token", scopes: {}}}}
    agency: {type: oauth2, flows: {clientCredentials: {tokenUrl: "https://b.test/token", scopes: {}}}}
paths:
  /a: {get: {security: [{guest: []}], responses: {200: {description: ok}}}}
  /b: {get: {security: [{staff: []}], responses: {200: {description: ok}}}}
  /c: {get: {security: [{desk: []}], responses: {200: {description: ok}}}}
  /d: {get: {security: [{back_office: []}], responses: {200: {description: ok}}}}
  /e: {get: {security: [{api-key: []}], responses: {200: {description: ok}}}}
  /f: {get: {security: [{api_key: []}], responses: {200: {description: ok}}}}
  /g: {get: {security: [{partner: []}], responses: {200: {description: ok}}}}
  /h: {get: {security: [{agency: []}], responses: {200: {description: ok}}}}
  /i: {get: {security: [{guest: []}], responses: {200: {description: ok}}}}
"#,
    );
    let script = checked(&output);
    for name in [
        "API_TOKEN",
        "STAFF_TOKEN",
        "API_PASSWORD",
        "BACK_OFFICE_PASSWORD",
        "API_KEY",
        "API_KEY_2",
        "CLIENT_SECRET",
        "AGENCY_CLIENT_SECRET",
    ] {
        let line = format!("const {name} = secret(\"{name}\");");
        assert_eq!(script.matches(&line).count(), 1, "{line}\n{script}");
    }
    assert_eq!(
        script.matches("token: global::API_TOKEN").count(),
        2,
        "{script}"
    );
    for line in [
        "let access = access_token(ctx);",
        "let access_2 = access_token_2(ctx);",
        "auth: #{ token: access_2 }",
        "name: \"agency\",",
        "https://b.test/token",
    ] {
        assert!(script.contains(line), "{line}\n{script}");
    }
}

const OPENAPI: &str = r#"
openapi: 3.1.0
info: {title: A, version: "1"}
paths:
  /login:
    post:
      parameters:
        - {name: api_key, in: query, example: "@", schema: {type: string}}
        - {name: X-Auth-Token, in: header, example: "@", schema: {type: string}}
        - {name: session, in: cookie, required: true, example: "@", schema: {type: string}}
      requestBody: {content: {application/json: {example: {user: {name: ada, password: "@"}, keys: [{clientSecret: "@"}]}}}}
      responses: {200: {description: ok}}
  /form:
    post:
      requestBody: {content: {application/x-www-form-urlencoded: {schema: {properties: {user: {example: ada}, password: {type: string, example: "@"}}}}}}
      responses: {200: {description: ok}}
  /parts:
    post:
      requestBody: {content: {multipart/form-data: {schema: {properties: {password: {type: string, default: "@"}}}}}}
      responses: {200: {description: ok}}
  /text:
    post:
      requestBody: {content: {application/xml: {example: "<a><password>@</password></a>"}}}
      responses: {200: {description: ok}}
  /users/{token}/x:
    get:
      parameters: [{name: token, in: path, required: true, example: "@", schema: {type: string}}]
      responses: {200: {description: ok}}
"#;

#[test]
fn no_secret_of_an_api_is_in_its_script() {
    let output = convert_text("openapi", &filled(OPENAPI));
    let script = checked(&output);
    assert!(
        !format!("{script}{}", output.stderr).contains("s3cr3t"),
        "{output}"
    );
    for line in [
        "name: \"ada\", password: global::PASSWORD",
        "clientSecret: global::CLIENT_SECRET",
        "api_key=${encoding::url(global::API_KEY)}",
        "<password>${global::PASSWORD_4}</password>",
    ] {
        assert!(script.contains(line), "{line}\n{script}");
    }
    assert!(
        output
            .stderr
            .contains("--env PASSWORD=…  must be set: the field password"),
        "{output}"
    );
}
