//! `std/retry`: trying again, but not too much.

use std::collections::BTreeMap;

use serde_json::json;

use crate::support::journey::{Journey, Ran};
use crate::support::server::HttpServer;

fn retrying(body: &str) -> Journey {
    Journey::new(body).functions("import \"std/retry\" as retry;")
}

/// A counter's sum for each value of a tag.
fn by_tag(ran: &Ran, metric: &str, tag: &str) -> BTreeMap<String, f64> {
    ran.series(metric)
        .iter()
        .map(|series| {
            let value = series["tags"][tag].as_str().unwrap().to_owned();
            (value, series["values"]["count"].as_f64().unwrap())
        })
        .collect()
}

#[test]
fn a_request_is_tried_again_until_it_is_answered() {
    let server = HttpServer::start();
    let ran = retrying(
        r#"
        let path = ["/status/503", "/status/429", "/hello", "/hello"];
        let at = 0;
        let got = retry::run(#{ attempts: 4, base: "2ms", name: "hello" }, || {
            at += 1;
            http::get(url + path[at - 1])
        });
        seen.status = got.status;
        seen.attempts = at;
        "#,
    )
    .at(&server)
    .run();
    assert_eq!(ran.saw(), &json!({ "status": 200, "attempts": 3 }));
    assert_eq!(server.traffic().request_count(), 3);
    let attempts = by_tag(&ran, "retry_attempts", "attempt");
    let once = |attempt: &str| (attempt.to_owned(), 1.0);
    assert_eq!(attempts, BTreeMap::from([once("1"), once("2"), once("3")]));
    assert_eq!(
        by_tag(&ran, "retry_attempts", "retry")
            .keys()
            .collect::<Vec<_>>(),
        ["hello"]
    );
    // What was sent again is no secret to the objectives.
    assert_eq!(ran.metric("http_req_failed")["passes"], 2);
}

#[test]
fn trying_ends_after_so_many_attempts_with_the_last_answer() {
    let server = HttpServer::start();
    let ran = retrying(
        r#"
        seen.status = retry::times(3, || http::get(url + "/status/500")).status;
        seen.gone = retry::run(#{ attempts: 2, base: 0.001 }, || http::get("http://127.0.0.1:1/")).status;
        seen.value = retry::run(#{ base: 0 }, || false);
        "#,
    )
    .at(&server)
    .run();
    assert_eq!(
        ran.saw(),
        &json!({ "status": 500, "gone": 0, "value": false })
    );
    assert_eq!(server.traffic().request_count(), 3);
    assert_eq!(ran.count("retry_attempts"), 3 + 2 + 3);
    assert_eq!(ran.count("retry_gave_up"), 3);
}

#[test]
fn retries_stay_within_their_share_of_the_calls() {
    let server = HttpServer::start();
    let ran = retrying(
        r#"
        let tries = 0;
        retry::within_budget(ctx, 0.1, #{ base: 0, name: "down" }, || { tries += 1; http::get(url + "/status/503") });
        seen.tries = tries;
        "#,
    )
    .options(r#"scenarios: #{ users: #{ executor: "per-vu-iterations", vus: 2, iterations: 40 } }"#)
    .at(&server)
    .run();
    let sent = server.traffic().request_count();
    assert_eq!(sent, 80 + 8, "a tenth of eighty calls may be repeated");
    assert_eq!(ran.count("retry_attempts"), 88);
    assert_eq!(ran.count("retry_over_budget"), 80);
    let first_retry = ran
        .all()
        .iter()
        .position(|seen| seen["tries"] == 2)
        .unwrap();
    assert!(
        first_retry >= 9,
        "nothing was saved up before the tenth call"
    );
}
