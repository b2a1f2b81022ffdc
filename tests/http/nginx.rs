//! Against a server of the real world.

use serde_json::json;

use crate::support::journey::Journey;
use crate::support::nginx::{HELLO, Nginx};
use crate::support::relay::Relay;

#[test]
fn nginx_is_loaded_by_users_that_each_keep_a_connection() {
    let nginx = Nginx::start();
    let relay = Relay::to("http", nginx.addr());
    let ran = Journey::new(
        r#"
        let r = http::get(url + "/hello", #{ name: "hello" });
        check(r, #{
            "status is 200": |r| r.status == 200,
            "ready": |r| r.json("status") == "ready",
            "nginx": |r| r.headers.server.starts_with("nginx"),
        });
        check(http::get(url + "/nowhere", #{ name: "nowhere", expected_statuses: 404 }).status == 404, "not found");
        "#,
    )
    .at(&relay)
    .options(
        r#"scenarios: #{ a: #{ executor: "shared-iterations", vus: 5, iterations: 200 } },
           slos: #{ http_req_failed: "rate < 1%", checks: "rate >= 100%", "http_reqs{name:hello}": "count >= 200" }"#,
    )
    .run();
    assert_eq!(ran.count("http_reqs"), 400);
    assert_eq!(ran.metric("checks")["passes"], 800);
    assert_eq!(relay.connections(), 5);
    assert_eq!(
        (ran.count("data_sent"), ran.count("data_received")),
        relay.bytes()
    );
}

#[test]
fn nginx_answers_every_way_of_asking() {
    let nginx = Nginx::start();
    let ran = Journey::new(
        r#"
        let r = http::get(url + "/hello");
        seen.body = r.text();
        seen.proto = r.proto;
        seen.head = http::head(url + "/hello").headers["content-length"];
        seen.batch = http::batch([url + "/hello", url + "/hello"]).map(|r| r.size);
        seen.close = http::get(url + "/hello", #{ headers: #{ connection: "close" } }).headers.connection;
        seen.wrong = http::request("BREW", url + "/hello").status;
        seen.too_long = http::get(url + "/hello", #{ headers: #{ "x-long": env("LONG") } }).status;
        "#,
    )
    .url(&nginx.url(""))
    .env("LONG", &"x".repeat(40_000))
    .run();
    assert_eq!(
        ran.saw(),
        &json!({
            "body": HELLO, "proto": "HTTP/1.1", "head": HELLO.len().to_string(), "batch": [HELLO.len(), HELLO.len()],
            "close": "close", "wrong": 200, "too_long": 400,
        })
    );
}
