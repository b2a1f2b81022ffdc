//! How long connections live, counted by the server.

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::journey::Journey;
use crate::support::server::HttpServer;

#[test]
fn every_virtual_user_keeps_a_connection_of_its_own() {
    let server = HttpServer::start();
    Journey::new("http::get(url + \"/hello\"); http::post(url + \"/echo\", \"x\");")
        .at(&server)
        .options(r#"scenarios: #{ a: #{ executor: "per-vu-iterations", vus: 3, iterations: 10 } }"#)
        .run();
    assert_eq!(server.traffic().request_count(), 60);
    assert_eq!(server.connections(), 3);
}

#[test]
fn connections_to_several_servers_are_kept_side_by_side() {
    let (one, other) = (HttpServer::start(), HttpServer::start());
    Journey::new(
        "for n in 0..5 { http::get(url + \"/hello\"); http::get(env(\"OTHER\") + \"/hello\"); }",
    )
    .at(&one)
    .env("OTHER", &other.url(""))
    .run();
    assert_eq!((one.connections(), other.connections()), (1, 1));
}

#[test]
fn without_reuse_every_request_opens_a_connection_and_says_so() {
    let server = HttpServer::start();
    Journey::new("for n in 0..4 { http::get(url + \"/hello\"); }")
        .at(&server)
        .options("connection_reuse: false")
        .run();
    assert_eq!(server.connections(), 4);
    let said: BTreeSet<Option<String>> = server
        .requests()
        .iter()
        .map(|seen| seen.header("connection").map(str::to_owned))
        .collect();
    assert_eq!(said, BTreeSet::from([Some("close".to_owned())]));
}

#[test]
fn a_connection_may_last_for_one_iteration() {
    let server = HttpServer::start();
    Journey::new("for n in 0..4 { http::get(url + \"/hello\"); }")
        .at(&server)
        .options("connection_reuse: \"iteration\", iterations: 3")
        .run();
    assert_eq!(server.traffic().request_count(), 12);
    assert_eq!(server.connections(), 3);
}

#[test]
fn a_connection_that_the_server_closed_is_replaced_without_an_error() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        seen.statuses = [];
        for n in 0..6 { seen.statuses.push(http::get(url + "/keepalive/close-after/2").status); sleep(0.02); }
        "#,
    )
    .at(&server)
    .run();
    assert_eq!(ran.saw()["statuses"], serde_json::Value::from([200; 6]));
    assert_eq!(server.connections(), 3);
    assert_eq!(ran.metric("http_req_failed")["passes"], 0);
    assert_eq!(
        ran.count("http_reqs"),
        6,
        "asking again is not another request"
    );
}

#[test]
fn a_server_that_announces_the_end_of_a_connection_is_believed() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        seen.statuses = [];
        for n in 0..3 { seen.statuses.push(http::get(url + "/hello", #{ headers: #{ connection: "close" } }).status); }
        "#,
    )
    .at(&server)
    .run();
    assert_eq!(ran.saw()["statuses"], serde_json::Value::from([200; 3]));
    assert_eq!(server.connections(), 3);
}

#[test]
fn a_connection_is_not_used_again_after_a_broken_answer() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        let paths = ["/hello", "/stall/body", "/hello", "/badlength/conflict", "/hello", "/hugeheader", "/hello"];
        seen.statuses = paths.map(|path| http::get(url + path, #{ timeout: if path == "/stall/body" { 0.3 } else { 20 } }).status);
        "#,
    )
    .at(&server)
    .run();
    assert_eq!(ran.saw()["statuses"], json!([200, 0, 200, 0, 200, 0, 200]));
    let connections: Vec<usize> = server
        .requests()
        .iter()
        .map(|seen| seen.conn_id.0)
        .collect();
    assert_eq!(connections, [1, 1, 2, 2, 3, 3, 4]);
}

#[test]
fn connections_are_closed_when_the_run_is_over() {
    let server = HttpServer::start();
    Journey::new("http::get(url + \"/hello\");")
        .at(&server)
        .run();
    crate::support::background::wait_until(
        "the connection is closed",
        std::time::Duration::from_secs(10),
        || server.traffic().open_connections() == 0,
    );
}
