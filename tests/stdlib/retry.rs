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
fn an_answer_is_not_asked_for_again() {
    let server = HttpServer::start();
    let ran = retrying(
        r#"
        seen.refused = retry::times(3, || http::get(url + "/status/404")).status;
        seen.nothing = retry::times(3, || ());
        seen.thrown = 0;
        try { retry::times(3, || { seen.thrown += 1; throw "a mistake"; }); } catch { }
        "#,
    )
    .at(&server)
    .run();
    assert_eq!(
        ran.saw(),
        &json!({ "refused": 404, "nothing": null, "thrown": 1 })
    );
    assert_eq!(server.traffic().request_count(), 1);
}

#[test]
fn statuses_and_closures_say_what_is_good_enough() {
    let server = HttpServer::start();
    let ran = retrying(
        r#"
        retry::run(#{ attempts: 2, base: 0, statuses: [404] }, || http::get(url + "/status/404"));
        retry::run(#{ attempts: 2, base: 0, statuses: [404] }, || http::get(url + "/status/503"));
        let state = 0;
        seen.state = retry::run(#{ attempts: 9, base: 0, good: |value| value == 5 }, || { state += 1; state });
        "#,
    )
    .at(&server)
    .run();
    assert_eq!(ran.saw()["state"], 5);
    let paths: Vec<String> = server
        .requests()
        .iter()
        .map(|r| r.path().to_owned())
        .collect();
    assert_eq!(paths, ["/status/404", "/status/404", "/status/503"]);
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

#[test]
fn good_times_save_up_ten_retries_at_most() {
    let ran = retrying(
        r#"
        let tries = 0;
        let down = ctx.iteration >= 100;
        retry::within_budget(ctx, 0.5, #{ attempts: 50, base: 0 }, || { tries += 1; !down });
        seen.tries = tries;
        "#,
    )
    .options("iterations: 101")
    .run();
    assert_eq!(ran.all()[100]["tries"], 1 + 10);
}

#[test]
fn pauses_double_up_to_their_cap_and_are_drawn_from_nothing_up() {
    let ran = retrying(
        r#"
        seen.longest = [];
        seen.shortest = [];
        for attempts in 1..=6 {
            let drawn = [];
            for round in 0..500 { drawn.push(retry::backoff(attempts, "100ms", 1)); }
            drawn.sort();
            seen.shortest.push(drawn[0]);
            seen.longest.push(drawn[499]);
        }
        seen.many = retry::backoff(5000, 1, 2) <= 2.0;
        "#,
    )
    .run();
    let numbers = |key: &str| -> Vec<f64> {
        let list = ran.saw()[key].as_array().unwrap();
        list.iter().map(|value| value.as_f64().unwrap()).collect()
    };
    for (longest, bound) in numbers("longest")
        .iter()
        .zip([0.1, 0.2, 0.4, 0.8, 1.0, 1.0])
    {
        assert!(
            *longest <= bound && *longest > 0.9 * bound,
            "{longest} of {bound}"
        );
    }
    for shortest in numbers("shortest") {
        assert!((0.0..0.05).contains(&shortest), "{shortest}");
    }
    assert_eq!(ran.saw()["many"], true);
}

#[test]
fn a_target_that_says_when_to_come_back_is_listened_to() {
    let server = HttpServer::start();
    let ran = retrying(
        r#"
        let began = time::now();
        retry::run(#{ attempts: 2, base: 0, cap: "300ms" }, || http::get(url + "/busy"));
        seen.waited = time::now() - began;
        "#,
    )
    .at(&server)
    .run();
    let waited = ran.saw()["waited"].as_f64().unwrap();
    assert!(waited >= 0.3, "{waited}");
}

#[test]
fn a_misspelt_option_is_answered_with_those_there_are() {
    for (options, message) in [
        (
            "#{ attemps: 2 }",
            "there is no option \"attemps\"; there are attempts, base",
        ),
        (
            "#{ attempts: 0 }",
            "\"attempts\" is a whole number of one or more, not 0",
        ),
    ] {
        retrying(&format!("retry::run({options}, || 1);"))
            .finish()
            .output
            .expect_code(2)
            .expect_text(message);
    }
}
