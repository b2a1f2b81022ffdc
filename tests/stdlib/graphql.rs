//! `std/graphql`: a 200 with errors in it is no success.

use serde_json::{Value, json};

use crate::support::journey::Journey;
use crate::support::server::HttpServer;

fn querying(body: &str) -> Journey {
    Journey::new(body).functions("import \"std/graphql\" as graphql;")
}

#[test]
fn a_query_is_sent_with_its_variables_and_gives_its_data() {
    let server = HttpServer::start();
    let ran = querying(
        r#"
        let at = url + "/graphql";
        seen.data = graphql::query(at, "\n  query Rooms($nights: Int!) { rooms(nights: $nights) { id } }", #{ nights: 2 });
        seen.authorized = graphql::query(at, "mutation\nBook { book { id } }", #{}, #{ auth: #{ token: "t" } });
        seen.anonymous = graphql::send(at, "{ query { id } }", #{}, #{ name: "mine" }).status;
        seen.unnamed = graphql::query(at, "query ($id: ID) { room }", #{});
        "#,
    )
    .at(&server)
    .run();
    assert_eq!(
        ran.saw(),
        &json!({ "data": { "nights": 2 }, "authorized": {}, "anonymous": 200, "unnamed": {} })
    );
    let requests = server.requests();
    let bodies: Vec<Value> = requests
        .iter()
        .map(|request| serde_json::from_slice(&request.body).unwrap())
        .collect();
    let names: Vec<&Value> = bodies.iter().map(|body| &body["operationName"]).collect();
    assert_eq!(
        names,
        [&json!("Rooms"), &json!("Book"), &Value::Null, &Value::Null]
    );
    assert_eq!(bodies[0]["variables"], json!({ "nights": 2 }));
    assert_eq!(requests[1].header("authorization"), Some("Bearer t"));
    assert_eq!(requests[0].header("content-type"), Some("application/json"));
    assert_eq!(ran.metric("checks")["passes"], 4);
    assert_eq!(ran.metric("checks")["total"], 4);
    let endpoints = ran.output.expect_result()["endpoints"].to_string();
    for name in ["graphql Rooms", "graphql Book", "mine", "graphql anonymous"] {
        assert!(
            endpoints.contains(&format!("\"{name}\"")),
            "{name} is not in {endpoints}"
        );
    }
}

#[test]
fn errors_in_a_200_are_failed_checks_and_counted() {
    let server = HttpServer::start();
    let ran = querying(
        r#"
        seen.partial = graphql::query(url + "/graphql", "query Rooms { broken }", #{ a: 1 });
        seen.refused = graphql::query(url + "/graphql", "query Refused { refused }", #{ a: 1 });
        seen.errors = graphql::errors(graphql::send(url + "/graphql", "query Rooms { broken }", #{}, #{})).len;
        seen.none = graphql::errors(http::get(url + "/hello"));
        "#,
    )
    .at(&server)
    .run();
    assert_eq!(
        ran.saw(),
        &json!({ "partial": { "a": 1 }, "refused": null, "errors": 2, "none": [] })
    );
    assert_eq!(ran.metric("checks")["passes"], 0);
    assert_eq!(ran.metric("checks")["total"], 3);
    assert_eq!(ran.count("graphql_errors"), 6);
    assert_eq!(ran.series("graphql_errors").len(), 2);
    assert_eq!(ran.metric("http_req_failed")["passes"], 0);
    ran.output
        .expect_text("in check \"graphql Rooms\": it did not hold")
        .expect_text("no such room at rooms.0.rate (and 1 more)");
}
