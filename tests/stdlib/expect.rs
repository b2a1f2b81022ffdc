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
