//! `std/auth`: tokens that the script signs, and tokens that all users share.

use serde_json::json;

use crate::support::journey::Journey;
use crate::support::server::HttpServer;

fn signed_in(body: &str) -> Journey {
    Journey::new(body).functions("import \"std/auth\" as auth;")
}

#[test]
fn a_web_token_is_signed_kept_and_renewed_before_it_expires() {
    let ran = signed_in(
        r#"
        let claims = #{ sub: "ada", role: "guest" };
        let token = auth::jwt(ctx, claims, "key", #{ expires_in: "5m", header: #{ kid: "k1" } });
        seen.kept = token == auth::jwt(ctx, claims, "key", #{ expires_in: "5m", header: #{ kid: "k1" } });
        let read = crypto::jwt_verify(token, "key");
        seen.claims = [read.sub, read.role, read.exp - read.iat];
        seen.header = crypto::jwt_decode(token).header;
        seen.expired = [auth::is_expired(token), auth::is_expired(token, "4m"), auth::is_expired(token, "6m")];
        seen.ends = auth::expires_at(token) == read.exp;
        seen.opaque = [auth::expires_at("abc"), auth::is_expired("abc")];
        seen.hour = crypto::jwt_decode(auth::jwt(ctx, claims, "key", #{ name: "hour", alg: "HS512" })).header.alg;

        // A tenth of its second is the margin.
        let short = #{ expires_in: 1, name: "short" };
        let first = auth::jwt(ctx, #{ sub: "first" }, "key", short);
        sleep(1.0);
        seen.renewed = crypto::jwt_decode(auth::jwt(ctx, #{ sub: "second" }, "key", short)).claims.sub;
        "#,
    )
    .run();
    let saw = ran.saw();
    assert_eq!(saw["kept"], true);
    let life = saw["claims"][2].as_i64().unwrap();
    assert!((299..=300).contains(&life), "{saw}");
    assert_eq!(saw["header"]["kid"], "k1");
    assert_eq!(saw["expired"], json!([false, false, true]));
    assert_eq!(saw["ends"], true);
    assert_eq!(saw["opaque"], json!([null, false]));
    assert_eq!(saw["hour"], "HS512");
    assert_eq!(saw["renewed"], "second");
}

#[test]
fn a_web_token_from_a_login_says_by_itself_how_long_it_is_good() {
    let ran = signed_in(
        r#"
        let logins = 0;
        let login = || {
            logins += 1;
            #{ token: crypto::jwt_sign(#{ exp: time::unix() + 1, n: logins }, "theirs") }
        };
        auth::token(ctx, "desk", login);
        sleep(1.1);
        auth::token(ctx, "desk", login);
        seen.logins = logins;
        "#,
    )
    .run();
    assert_eq!(ran.saw()["logins"], 2);
}

#[test]
fn a_shared_token_is_fetched_once_for_all_users_of_all_workers() {
    let ran = signed_in(
        r#"
        let login = || {
            sleep(0.1);
            #{ token: `t${shared::counter("logins").add(1)}`, expires_in: 60 }
        };
        seen.token = auth::shared_token("desk", login);
        "#,
    )
    .options(r#"scenarios: #{ users: #{ executor: "per-vu-iterations", vus: 20, iterations: 5 } }"#)
    .args(["--workers", "2"])
    .run();
    assert_eq!(ran.all(), vec![json!({ "token": "t1" }); 100]);
    assert_eq!(ran.count("auth_logins"), 1);
}

#[test]
fn a_shared_token_is_renewed_by_one_while_the_others_go_on_with_the_old_one() {
    let ran = signed_in(
        r#"
        let login = || {
            let n = shared::counter("logins").add(1);
            // It takes its time, but less than the tenth of its life for which the old one still is good.
            if n > 1 { sleep(0.05); }
            #{ token: `t${n}`, expires_in: if n == 1 { 2.0 } else { 60 } }
        };
        let began = time::now();
        while time::now() - began < 2.4 {
            auth::shared_token("desk", login);
            sleep(0.01);
        }
        seen.last = auth::shared_token("desk", login);
        auth::forget_shared("desk", "an old one");
        seen.kept = auth::shared_token("desk", login);
        "#,
    )
    .options(r#"scenarios: #{ users: #{ executor: "per-vu-iterations", vus: 8, iterations: 1 } }"#)
    .args(["--workers", "2"])
    .run();
    assert_eq!(ran.all(), vec![json!({ "last": "t2", "kept": "t2" }); 8]);
    assert_eq!(ran.count("auth_logins"), 2);
}

#[test]
fn a_shared_login_that_fails_is_tried_again_by_the_next() {
    let ran = signed_in(
        r#"
        let login = || {
            if shared::counter("logins").add(1) == 1 { throw "the first one fails"; }
            "good"
        };
        try { auth::shared_token("desk", login); } catch (error) { seen.error = error; }
        seen.token = auth::shared_token("desk", login);
        auth::forget_shared("desk", "good");
        seen.fetched = shared::map("auth::tokens").has("desk");
        "#,
    )
    .run();
    assert_eq!(
        ran.saw(),
        &json!({ "error": "the first one fails", "token": "good", "fetched": false })
    );
}

#[test]
fn client_credentials_can_be_those_of_one_service() {
    let server = HttpServer::start();
    let ran = signed_in(
        r#"
        let options = #{ url: url + "/oauth/token", client_id: "qa", client_secret: "p4ss", shared: true };
        seen.token = auth::client_credentials(ctx, options);
        "#,
    )
    .options(r#"scenarios: #{ users: #{ executor: "per-vu-iterations", vus: 6, iterations: 2 } }"#)
    .args(["--workers", "2"])
    .at(&server)
    .run();
    assert_eq!(ran.all(), vec![json!({ "token": "token-1" }); 12]);
    assert_eq!(server.traffic().request_count(), 1);
}

#[test]
fn a_misspelt_option_is_answered_with_those_there_are() {
    signed_in("auth::jwt(ctx, #{}, \"key\", #{ expires: \"5m\" });")
        .finish()
        .output
        .expect_code(2)
        .expect_text("there is no option \"expires\"; there are expires_in, name, alg, header");
}
