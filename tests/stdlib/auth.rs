//! `std/auth`: tokens that are kept and renewed.

use serde_json::json;

use crate::support::journey::Journey;

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
