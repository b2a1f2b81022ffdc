//! `std/expect`: assertions that say both sides.

use std::collections::BTreeMap;

use serde_json::json;

use crate::support::bin::Output;
use crate::support::journey::{Journey, Ran};
use crate::support::server::HttpServer;

fn expecting(body: &str) -> Journey {
    Journey::new(body).functions("import \"std/expect\" as expect;")
}

/// Passes and fails of each check.
fn checks(output: &Output) -> BTreeMap<String, (u64, u64)> {
    let rows = output.expect_result()["checks"].as_array().unwrap();
    rows.iter()
        .map(|row| {
            let count = |key: &str| row[key].as_u64().unwrap();
            let name = row["name"].as_str().unwrap().to_owned();
            (name, (count("passes"), count("fails")))
        })
        .collect()
}

/// Why a check failed for the first time.
#[track_caller]
fn reason(ran: &Ran, name: &str) -> String {
    let errors = ran.output.expect_result()["errors"].as_array().unwrap();
    let message = format!("in check \"{name}\": it did not hold");
    let error = errors.iter().find(|error| error["message"] == message);
    let error = error.unwrap_or_else(|| panic!("{message:?} is not told\n{}", ran.output));
    error["example"]["text"].as_str().unwrap().to_owned()
}

#[test]
fn what_holds_is_a_check_that_passed_and_gives_true() {
    let server = HttpServer::start();
    let ran = expecting(
        r#"
        let rooms = http::get(url + "/json");
        seen.gave = [
            expect::equal(rooms.status, 200.0, "equal"),
            expect::equal([1, #{ a: "x" }], [1, #{ a: "x" }], "equal lists"),
            expect::not_equal(1, "1", "not equal"),
            expect::contains("a quiet room", "quiet", "a part"),
            expect::contains([1, 2], 2, "an element"),
            expect::contains(#{ id: 1 }, "id", "a key"),
            expect::between(3, 3, 4.5, "between"),
            expect::between("2031-05-02", "2031-05-01", "2031-05-03", "dates"),
            expect::status(rooms, 200),
            expect::status(rooms, [200, 201]),
            expect::json(rooms, "rooms[0].type", "single"),
            expect::json(rooms, "$.rooms[*].id", [101, 102, 203], "ids"),
            expect::header(rooms, "Content-Type", "application/json"),
            expect::that(rooms.json("rooms").len, ">", 2, "that"),
            expect::that("b", "in", ["a", "b"], "in"),
            expect::must(rooms.json("total"), "<=", 3, "must"),
            expect::must(rooms.ok, "must be true"),
            expect::must_status(rooms, [200]),
            expect::must_json(rooms, "hotel.stars", 4),
        ];
        "#,
    )
    .at(&server)
    .run();
    let gave = ran.saw()["gave"].as_array().unwrap();
    assert!(gave.iter().all(|held| held == true), "{gave:?}");
    let checks = checks(&ran.output);
    assert_eq!(checks.len(), gave.len());
    assert!(checks.values().all(|count| *count == (1, 0)), "{checks:?}");
    for name in [
        "status is 200",
        "status is one of 200, 201",
        "json rooms[0].type",
        "header content-type",
    ] {
        assert!(checks.contains_key(name), "{name} is not in {checks:?}");
    }
    assert_eq!(ran.output.expect_result()["errors"], json!([]));
}

#[test]
fn what_does_not_hold_says_both_sides_and_the_iteration_goes_on() {
    let server = HttpServer::start();
    let ran = expecting(
        r#"
        let rooms = http::get(url + "/json");
        let busy = http::get(url + "/status/503");
        let gone = http::get("http://127.0.0.1:1/");
        seen.gave = [
            expect::equal("5", 5, "equal"),
            expect::equal([1, "a"], [1, "b"], "lists"),
            expect::not_equal((), (), "not equal"),
            expect::contains("a quiet room", "loud", "contains"),
            expect::contains("text", 5, "a number in a text"),
            expect::contains((), 5, "a number in nothing"),
            expect::between((), 1, 4.5, "between"),
            expect::status(busy, 200),
            expect::status(gone, [200, 201]),
            expect::status(rooms, 204),
            expect::json(rooms, "rooms[1].price", 99),
            expect::json(http::get(url + "/hello"), "rooms", []),
            expect::header(rooms, "X-Cache", "HIT"),
            expect::that(7, "<", 5, "less"),
            expect::equal(repeat("x", 1000), "", "long"),
        ];
        "#,
    )
    .functions("import \"std/expect\" as expect;\nfn repeat(text, n) { let all = \"\"; for i in 0..n { all += text; } all }")
    .at(&server)
    .run();
    let gave = ran.saw()["gave"].as_array().unwrap();
    assert!(gave.iter().all(|held| held == false), "{gave:?}");
    let counts = checks(&ran.output);
    assert_eq!(counts.len(), gave.len());
    assert!(counts.values().all(|count| *count == (0, 1)), "{counts:?}");
    for (name, words) in [
        ("equal", "expected 5, got \"5\""),
        ("lists", "expected [1, \"b\"], got [1, \"a\"]"),
        ("not equal", "expected anything but (), got ()"),
        (
            "contains",
            "expected something that contains \"loud\", got \"a quiet room\"",
        ),
        (
            "a number in a text",
            "expected something that contains 5, got \"text\"",
        ),
        (
            "a number in nothing",
            "expected something that contains 5, got ()",
        ),
        ("between", "expected something from 1 to 4.5, got ()"),
        ("less", "expected < 5, got 7"),
    ] {
        assert_eq!(reason(&ran, name), words);
    }
    for (name, beginning) in [
        (
            "status is 200",
            format!(
                "expected 200, got 503 from GET {}: status 503",
                server.url("/status/503")
            ),
        ),
        (
            "status is one of 200, 201",
            "expected [200, 201], got no response (connection refused".to_owned(),
        ),
        (
            "json rooms[1].price",
            format!(
                "expected 99, got 120 from GET {}, status 200",
                server.url("/json")
            ),
        ),
        (
            "json rooms",
            format!(
                "expected [], got () from GET {}, status 200",
                server.url("/hello")
            ),
        ),
        (
            "header x-cache",
            format!("expected \"HIT\", got () from GET {}", server.url("/json")),
        ),
    ] {
        let reason = reason(&ran, name);
        assert!(reason.starts_with(&beginning), "{reason}");
    }
    // The body of a success may hold what nobody should read.
    assert_eq!(
        reason(&ran, "status is 204"),
        format!("expected 204, got 200 from GET {}", server.url("/json"))
    );
    let long = reason(&ran, "long");
    assert!(long.ends_with("xxx…") && long.len() < 400, "{long}");
}

#[test]
fn values_are_in_no_checks_name_and_crowd_out_no_other_error() {
    let ran = expecting("expect::equal(ctx.iteration, -1, \"never\");")
        .options("iterations: 300")
        .run();
    assert_eq!(
        checks(&ran.output),
        BTreeMap::from([("never".to_owned(), (0, 300))])
    );
    let errors = ran.output.expect_result()["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(errors[0]["count"], 300);
    assert_eq!(reason(&ran, "never"), "expected -1, got 0");
}

#[test]
fn what_must_hold_ends_the_iteration_with_both_sides() {
    let server = HttpServer::start();
    for (expectation, name, words) in [
        (
            "expect::must(409, \"==\", 201, \"held\")",
            "held",
            "held: expected 201, got 409",
        ),
        (
            "expect::must((), \"there is a token\")",
            "there is a token",
            "there is a token: expected true, got ()",
        ),
        (
            "expect::must_status(http::get(url + \"/status/503\"), 200)",
            "status is 200",
            "status is 200: expected 200, got 503 from GET http",
        ),
        (
            "expect::must_json(http::get(url + \"/json\"), \"total\", 4)",
            "json total",
            "json total: expected 4, got 3 from GET http",
        ),
    ] {
        let ran = expecting(&format!("{expectation}; log::warn(\"it went on\");"))
            .at(&server)
            .finish();
        ran.output.expect_code(2).expect_text(words);
        assert!(!ran.output.stderr.contains("it went on"), "{}", ran.output);
        assert_eq!(checks(&ran.output)[name], (0, 1));
    }
}

#[test]
fn a_comparison_that_there_is_not_is_answered_with_those_there_are() {
    expecting("expect::that(1, \"=\", 1, \"equal\");")
        .finish()
        .output
        .expect_code(2)
        .expect_text("there is no comparison \"=\"; there are ==, !=, <, <=, >, >=, in, contains");
}

#[test]
fn a_secret_is_not_told_by_a_reason() {
    let ran = expecting("expect::equal(secret(\"TOKEN\"), \"guess\", \"token\");")
        .env("TOKEN", "s3cr3t-t0k3n")
        .run();
    assert_eq!(reason(&ran, "token"), "expected \"guess\", got \"***\"");
    assert!(!ran.output.to_string().contains("s3cr3t"), "{}", ran.output);
}

#[test]
fn a_plain_check_takes_a_reason_too() {
    let ran = Journey::new(
        r#"
        seen.held = check(true, "held", "this is not told");
        seen.failed = check(false, "failed", "no room was left");
        "#,
    )
    .run();
    assert_eq!(ran.saw(), &json!({ "held": true, "failed": false }));
    assert_eq!(reason(&ran, "failed"), "no room was left");
    assert!(!ran.output.to_string().contains("this is not told"));
}
