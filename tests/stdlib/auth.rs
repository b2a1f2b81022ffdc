//! `std/auth`: tokens that are kept and renewed.

use serde_json::json;

use crate::support::journey::Journey;
use crate::support::server::HttpServer;

fn signed_in(body: &str) -> Journey {
    Journey::new(body).functions("import \"std/auth\" as auth;")
}

/// Two users with three iterations each.
const USERS: &str =
    r#"scenarios: #{ users: #{ executor: "per-vu-iterations", vus: 2, iterations: 3 } }"#;

#[test]
fn each_user_logs_in_once_at_the_demo_target() {
    let ran = signed_in(
        r#"
        let desk = env("BASE_URL") + "/api/v1/admin/";
        let login = || http::post(desk + "login", #{ user: "qa" }, #{ name: "login" });
        let token = auth::token(ctx, "desk", login);
        seen.status = http::get(desk + "stats", auth::bearer(token) + #{ name: "stats" }).status;
        seen.same = token == auth::token(ctx, "desk", login);
        "#,
    )
    .options(USERS)
    .args(["--demo"])
    .run();
    assert_eq!(ran.all(), vec![json!({ "status": 200, "same": true }); 6]);
    assert_eq!(ran.count("auth_logins"), 2);
    assert_eq!(ran.series("auth_logins")[0]["tags"]["auth"], "desk");
    let endpoints = ran.output.expect_result()["endpoints"].as_array().unwrap();
    let login = endpoints.iter().find(|row| row["name"] == "login").unwrap();
    assert_eq!(login["requests"], 2, "{login}");
}

#[test]
fn a_token_is_renewed_before_it_expires_and_not_earlier() {
    let ran = signed_in(
        r#"
        let logins = 0;
        // A tenth of 400 ms is the margin: from 360 ms on there is a new token.
        let given = ();
        let login = || {
            logins += 1;
            if logins == 1 { given = time::now(); }
            #{ access_token: `t${logins}`, expires_in: 0.4 }
        };
        let before = time::now();
        loop {
            let late = given != () && time::now() - given > 0.36;
            if auth::token(ctx, "short", login) != "t1" { break; }
            if late { fail("it should have been renewed"); }
            sleep(0.005);
        }
        seen.renewed_at = time::now() - before;
        seen.long = auth::token(ctx, "long", || #{ token: "long", expires_in: "3600" });
        seen.again = auth::token(ctx, "long", || fail("it is good for an hour"));
        seen.plain = auth::token(ctx, "plain", || "key");
        seen.kept = auth::token(ctx, "plain", || fail("it is good for ever"));
        "#,
    )
    .run();
    let saw = ran.saw();
    let renewed = saw["renewed_at"].as_f64().unwrap();
    assert!(renewed >= 0.36, "{renewed}");
    assert_eq!([&saw["long"], &saw["again"]], ["long", "long"]);
    assert_eq!([&saw["plain"], &saw["kept"]], ["key", "key"]);
}

#[test]
fn a_token_that_is_refused_is_replaced_once() {
    let server = HttpServer::start();
    let ran = signed_in(
        r#"
        let logins = 0;
        let login = || { logins += 1; `t${logins}` };
        let get = |token| http::get(url + "/auth/bearer/t2", auth::bearer(token));
        seen.first = auth::send(ctx, "service", login, get).status;
        seen.second = auth::send(ctx, "service", login, get).status;
        auth::forget(ctx, "service");
        seen.never = auth::send(ctx, "service", login, get).status;
        seen.logins = logins;
        "#,
    )
    .at(&server)
    .run();
    assert_eq!(
        ran.saw(),
        &json!({ "first": 200, "second": 200, "never": 401, "logins": 4 })
    );
    assert_eq!(server.traffic().request_count(), 2 + 1 + 2);
}

#[test]
fn client_credentials_are_sent_as_the_standard_says() {
    let server = HttpServer::start();
    let ran = signed_in(
        r#"
        let options = #{ url: url + "/oauth/token", client_id: "qa", client_secret: "p4ss", scope: "read write" };
        let token = auth::client_credentials(ctx, options);
        let body = options + #{ in_body: true, name: "second", audience: "hotel" };
        seen.tokens = [token, auth::client_credentials(ctx, options), auth::client_credentials(ctx, body)];
        seen.basic = http::get(url + "/auth/basic/qa/p4ss", auth::basic("qa", "p4ss")).status;
        "#,
    )
    .at(&server)
    .run();
    assert_eq!(
        ran.saw(),
        &json!({ "tokens": ["token-1", "token-1", "token-2"], "basic": 200 })
    );
    let requests = server.requests();
    let (basic, body) = (&requests[0], &requests[1]);
    assert_eq!(basic.header("authorization"), Some("Basic cWE6cDRzcw=="));
    let mut fields: Vec<String> = basic.text().split('&').map(str::to_owned).collect();
    fields.sort();
    assert_eq!(
        fields,
        ["grant_type=client_credentials", "scope=read+write"]
    );
    assert_eq!(body.header("authorization"), None);
    let mut fields: Vec<String> = body.text().split('&').map(str::to_owned).collect();
    fields.sort();
    assert_eq!(
        fields,
        [
            "audience=hotel",
            "client_id=qa",
            "client_secret=p4ss",
            "grant_type=client_credentials",
            "scope=read+write"
        ]
    );
}

#[test]
fn a_login_that_fails_says_which_and_why() {
    let server = HttpServer::start();
    for (statement, message) in [
        (
            "auth::token(ctx, \"desk\", || http::get(url + \"/status/503\"))",
            "the login \"desk\" failed: ",
        ),
        (
            "auth::token(ctx, \"desk\", || http::get(url + \"/hello\"))",
            "the login \"desk\" gave no token; it gives a text, or JSON with \"token\" or \"access_token\"",
        ),
        (
            "auth::token(ctx, \"desk\", || #{ token: \"\" })",
            "the login \"desk\" gave no token",
        ),
        (
            "auth::client_credentials(ctx, #{ url: url, client_id: \"qa\" })",
            "auth::client_credentials needs \"client_secret\" in its options",
        ),
    ] {
        signed_in(&format!("{statement};"))
            .at(&server)
            .finish()
            .output
            .expect_code(2)
            .expect_text(message);
    }
}
