//! Proof of who is asking.

use serde_json::json;

use crate::support::journey::Journey;
use crate::support::server::HttpServer;

#[test]
fn basic_and_bearer_are_sent_unasked() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        let welcome = |path, auth| { let r = http::get(url + path, #{ auth: auth }); [r.status, r.text()] };
        seen.basic = welcome.call("/auth/basic/qa/p4ss", #{ type: "basic", user: "qa", password: "p4ss" });
        seen.inferred = welcome.call("/auth/basic/qa/p4ss", #{ user: "qa", password: "p4ss" });
        seen.bearer = welcome.call("/auth/bearer/t0k", #{ type: "bearer", token: "t0k" });
        seen.token = welcome.call("/auth/bearer/t0k", #{ token: "t0k" });
        seen.wrong = welcome.call("/auth/basic/qa/p4ss", #{ user: "qa", password: "guess" });
        "#,
    )
    .at(&server)
    .run();
    let welcome = json!([200, "welcome\n"]);
    let saw = ran.saw();
    for way in ["basic", "inferred", "bearer", "token"] {
        assert_eq!(saw[way], welcome, "{way}");
    }
    assert_eq!(saw["wrong"], json!([401, "who are you?\n"]));
    assert_eq!(server.traffic().request_count(), 5);
}

#[test]
fn a_user_in_the_url_is_basic_authentication() {
    let server = HttpServer::start();
    let url = server.url("").replace("//", "//qa:p%40ss@");
    let ran = Journey::new("seen.status = http::get(url + \"/auth/basic/qa/p@ss\").status;")
        .url(&url)
        .run();
    assert_eq!(ran.saw()["status"], 200);
    let names = ran.output.expect_result()["endpoints"].to_string();
    assert!(!names.contains("p%40ss"), "{names}");
}

#[test]
fn digest_answers_the_challenge_in_every_dialect() {
    let server = HttpServer::start();
    for query in [
        "?qop=auth&algorithm=MD5",
        "?qop=auth&algorithm=SHA-256",
        "?algorithm=MD5",
        "?algorithm=SHA-256",
    ] {
        let ran = Journey::new(
            r#"
            let path = "/auth/digest/qa/p4ss" + env("QUERY");
            let params = #{ auth: #{ type: "digest", user: "qa", password: "p4ss" } };
            seen.get = http::get(url + path, params).status;
            seen.again = http::get(url + path, params).status;
            seen.post = http::post(url + path, #{ a: 1 }, params).status;
            "#,
        )
        .at(&server)
        .env("QUERY", query)
        .run();
        assert_eq!(
            ran.saw(),
            &json!({ "get": 200, "again": 200, "post": 200 }),
            "{query}"
        );
        assert_eq!(
            ran.metric("http_req_failed")["passes"],
            0,
            "a challenge is no failure"
        );
        assert_eq!(ran.count("http_reqs"), 6, "a challenge is a request");
    }
    let posted: Vec<String> = server
        .requests()
        .iter()
        .filter(|seen| seen.method == "POST" && seen.header("authorization").is_some())
        .map(|seen| seen.text())
        .collect();
    assert_eq!(posted, vec![r#"{"a":1}"#; 4]);
}

#[test]
fn a_wrong_digest_password_is_tried_once() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        let r = http::get(url + "/auth/digest/qa/p4ss?qop=auth", #{ auth: #{ type: "digest", user: "qa", password: "guess" } });
        seen.status = r.status; seen.code = r.error_code; seen.error = r.error;
        "#,
    )
    .at(&server)
    .run();
    assert_eq!(
        ran.saw(),
        &json!({ "status": 401, "code": 1401, "error": null })
    );
    assert_eq!(server.traffic().request_count(), 2);
    assert_eq!(ran.metric("http_req_failed")["passes"], 1);
}

#[test]
fn digest_against_another_scheme_is_left_alone() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"seen.status = http::get(url + "/auth/basic/a/b", #{ auth: #{ type: "digest", user: "a", password: "b" } }).status;"#,
    )
    .at(&server)
    .run();
    assert_eq!(ran.saw()["status"], 401);
    assert_eq!(server.traffic().request_count(), 1);
}
