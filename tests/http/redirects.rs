//! Redirects: how far they are followed, and what goes along.

use serde_json::json;

use crate::support::journey::Journey;
use crate::support::server::HttpServer;
use crate::support::traffic::SeenRequest;

fn methods(server: &HttpServer) -> Vec<String> {
    server
        .requests()
        .into_iter()
        .map(|seen| format!("{} {}", seen.method, seen.path()))
        .collect()
}

#[test]
fn a_chain_is_followed_to_its_end() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        let r = http::get(url + "/redirect/3", #{ name: "chain" });
        seen.status = r.status; seen.text = r.text(); seen.url = r.url;
        "#,
    )
    .at(&server)
    .run();
    assert_eq!(
        ran.saw(),
        &json!({ "status": 200, "text": "hello\n", "url": server.url("/hello") })
    );
    assert_eq!(
        methods(&server),
        [
            "GET /redirect/3",
            "GET /redirect/2",
            "GET /redirect/1",
            "GET /hello"
        ]
    );
    assert_eq!(server.connections(), 1);
    assert_eq!(
        ran.count("http_reqs"),
        4,
        "each hop is a request that was sent"
    );
    assert_eq!(ran.metric("http_req_failed")["passes"], 0);
    let endpoints = ran.output.expect_result()["endpoints"].as_array().unwrap();
    assert_eq!(endpoints.len(), 1);
    assert_eq!(endpoints[0]["name"], "chain");
    assert_eq!(endpoints[0]["statuses"], json!({ "200": 1, "302": 3 }));
}

#[test]
fn following_can_be_turned_off_for_the_run_and_for_one_request() {
    let server = HttpServer::start();
    let body = r#"
        let r = http::get(url + "/redirect/3", params);
        seen.status = r.status; seen.location = r.headers.location; seen.error = r.error; seen.error_code = r.error_code;
        seen.ok = r.ok;
    "#;
    let stays = json!({ "status": 302, "location": "/redirect/2", "error": null, "error_code": 0, "ok": true });
    let run = Journey::new(&format!("let params = #{{}}; {body}"))
        .at(&server)
        .options("redirects: 0")
        .run();
    assert_eq!(run.saw(), &stays);
    let request = Journey::new(&format!("let params = #{{ redirects: 0 }}; {body}"))
        .at(&server)
        .run();
    assert_eq!(request.saw(), &stays);
    assert_eq!(methods(&server), ["GET /redirect/3", "GET /redirect/3"]);
}

#[test]
fn the_limit_is_how_many_redirects_are_followed() {
    let server = HttpServer::start();
    let body = r#"
        let r = http::get(url + "/redirect/3", #{ redirects: env("LIMIT").parse_int() });
        seen.status = r.status; seen.error_code = r.error_code; seen.error = r.error;
    "#;
    let enough = Journey::new(body).at(&server).env("LIMIT", "3").run();
    assert_eq!(enough.saw()["status"], 200);
    let less = Journey::new(body).at(&server).env("LIMIT", "2").run();
    assert_eq!(less.saw()["error_code"], 1060);
    assert_eq!(
        less.saw()["error"],
        "stopped after 2 redirects, the next would go to /hello; is it a loop? `redirects: N` allows more"
    );
    assert_eq!(less.metric("http_req_failed")["passes"], 1);
}

#[test]
fn a_loop_ends_after_ten() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"let r = http::get(url + "/redirect/loop"); seen.code = r.error_code; seen.error = r.error;"#,
    )
    .at(&server)
    .run();
    assert_eq!(ran.saw()["code"], 1060);
    assert_eq!(server.traffic().request_count(), 11);
}

/// What arrives at the end of a redirect with this status.
fn followed(method: &str, status: u16) -> SeenRequest {
    let server = HttpServer::start();
    Journey::new(&format!(
        r#"http::request("{method}", url + "/redirect/{status}", #{{ a: 1 }}, #{{ headers: #{{ "x-mark": "kept" }} }});"#
    ))
    .at(&server)
    .run();
    let mut requests = server.requests();
    assert_eq!(requests.len(), 2);
    requests.remove(1)
}

#[test]
fn the_method_changes_where_it_must_and_the_body_goes_with_it() {
    for (method, status, then) in [
        ("POST", 301, "GET"),
        ("POST", 302, "GET"),
        ("POST", 303, "GET"),
        ("PUT", 303, "GET"),
        ("PUT", 301, "PUT"),
        ("PUT", 302, "PUT"),
        ("POST", 307, "POST"),
        ("POST", 308, "POST"),
        ("PATCH", 308, "PATCH"),
        ("DELETE", 307, "DELETE"),
    ] {
        let seen = followed(method, status);
        assert_eq!(seen.method, then, "{method} after {status}");
        assert_eq!(seen.header("x-mark"), Some("kept"));
        let keeps = method == then;
        assert_eq!(
            seen.text(),
            if keeps { r#"{"a":1}"# } else { "" },
            "{method} after {status}"
        );
        assert_eq!(
            seen.header("content-type"),
            keeps.then_some("application/json"),
            "{method} after {status}"
        );
    }
}

#[test]
fn a_head_stays_a_head() {
    let server = HttpServer::start();
    Journey::new("http::head(url + \"/redirect/303\");")
        .at(&server)
        .run();
    assert_eq!(methods(&server), ["HEAD /redirect/303", "HEAD /echo"]);
}

/// Follows a redirect from one server to `to`, with every kind of credential; what arrived at the end.
fn with_credentials(from: &HttpServer, to: &str, options: &str) {
    Journey::new(
        r#"
        http::set_cookie(url + "/", "session=jar; Path=/");
        let r = http::get(url + "/redirect/to?url=" + env("TO"), #{
            auth: #{ user: "qa", password: "hush" },
            cookies: #{ own: "hush" },
            headers: #{ "x-api-key": "hush", "X-Auth": "hush", "proxy-authorization": "hush", author: "kept", host: "virtual.example" },
        });
        "#,
    )
    .at(from)
    .env("TO", to)
    .options(options)
    .run();
}

#[test]
fn credentials_go_along_to_the_same_host() {
    let server = HttpServer::start();
    with_credentials(&server, "/echo", "");
    let last = server.requests().pop().unwrap();
    assert_eq!(last.path(), "/echo");
    assert_eq!(last.header("authorization"), Some("Basic cWE6aHVzaA=="));
    assert_eq!(last.header("cookie"), Some("session=jar; own=hush"));
    assert_eq!(last.header("host"), Some("virtual.example"));
    assert_eq!(last.header("x-api-key"), Some("hush"));
}

#[test]
fn credentials_do_not_leak_to_another_host_port_or_scheme() {
    let (server, other) = (HttpServer::start(), HttpServer::start());
    let options = "headers: #{ authorization: \"Bearer of-the-run\", \"x-auth-token\": \"hush\", \"x-run\": \"kept\" }";
    with_credentials(&server, &other.url("/echo"), options);
    with_credentials(&server, &server.url_by_name("localhost", "/echo"), options);
    let there = [
        other.requests().pop().unwrap(),
        server.requests().pop().unwrap(),
    ];
    for seen in there {
        assert_eq!(seen.path(), "/echo");
        assert_eq!(seen.header("authorization"), None);
        let cookies = seen.header("cookie").unwrap_or_default();
        assert!(!cookies.contains("own=hush"), "{cookies}");
        assert_ne!(seen.header("host"), Some("virtual.example"));
        assert_eq!(seen.header("x-run"), Some("kept"));
        assert_eq!(seen.header("author"), Some("kept"));
        for name in ["x-api-key", "x-auth", "proxy-authorization", "x-auth-token"] {
            assert_eq!(seen.header(name), None, "{name}");
        }
    }
    let first = &server.requests()[0];
    let proofs: Vec<&str> = first.headers_named("authorization").collect();
    assert_eq!(
        proofs,
        ["Basic cWE6aHVzaA=="],
        "a request's own proof replaces the run's"
    );
}

#[test]
fn a_cookie_set_on_the_way_is_sent_from_the_next_hop_on() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        http::get(url + "/cookies/set?on=1");
        seen.cookies = http::get(url + "/redirect/to?url=/cookies/echo").json("cookies");
        "#,
    )
    .at(&server)
    .run();
    assert_eq!(ran.saw()["cookies"], json!({ "on": "1" }));
}

#[test]
fn a_redirect_that_leads_nowhere_is_an_error_and_one_without_a_place_is_none() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        let bad = http::get(url + "/redirect/to?url=ftp://files.example/");
        seen.bad = [bad.status, bad.error_code, bad.error];
        let none = http::get(url + "/status/302");
        seen.none = [none.status, none.error_code, none.error];
        "#,
    )
    .at(&server)
    .run();
    let saw = ran.saw();
    assert_eq!(
        (&saw["bad"][0], &saw["bad"][1]),
        (&json!(302), &json!(1020))
    );
    let error = saw["bad"][2].as_str().unwrap();
    assert!(
        error.starts_with("the redirect to \"ftp://files.example/\" cannot be followed"),
        "{error}"
    );
    assert_eq!(saw["none"], json!([302, 0, null]));
}

#[test]
fn credentials_in_a_redirect_are_not_shown() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        let to = "/redirect/to?url=ftp://qa:hunter2@h/%3Faccess_token%3Dhunter3";
        seen.refused = http::get(url + to).error;
        let to = "/redirect/to?url=http://qa:hunter2@127.0.0.1:1/";
        seen.too_many = http::get(url + "/redirect/to?url=" + to, #{ redirects: 1 }).error;
        "#,
    )
    .at(&server)
    .run();
    let saw = ran.saw();
    let refused = saw["refused"].as_str().unwrap();
    assert!(
        refused.contains("ftp://qa:***@h/?access_token=***"),
        "{refused}"
    );
    let too_many = saw["too_many"].as_str().unwrap();
    assert!(too_many.contains("http://qa:***@"), "{too_many}");
    let output = &ran.output;
    let result = output.expect_result().to_string();
    assert!(
        !result.contains("hunter2") && !output.stderr.contains("hunter"),
        "{output}"
    );
}
