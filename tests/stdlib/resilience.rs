//! `std/resilience` against the demo target: with a switch on each check holds, with it off each is reported.

use serde_json::{Value, json};

use crate::support::journey::{Journey, Ran};

/// `switches` turns on what is to be tried, `pms` breaks or mends the dependency, `search` and `other` ask.
const HEAD: &str = r#"
import "std/resilience" as resilience;
import "std/retry" as retry;
const API = env("BASE_URL", "") + "/api/v1";
fn admin(path, body) {
    let token = http::post(global::API + "/admin/login", #{ user: "qa" }).json("token");
    let answer = http::post(`${global::API}/admin/${path}`, body, #{ auth: #{ token: token } });
    if answer.status != 200 { throw `${path}: ${answer.text()}`; }
}
fn switches(body) { admin("resilience", body); }
fn pms(body) { admin("pms", body); }
fn search() { http::get(global::API + "/pms/room-types", #{ name: "search" }) }
"#;

fn against_the_demo(body: &str) -> Journey {
    Journey::new(body).functions(HEAD).args(["--demo"])
}

/// The names of the checks that failed.
fn failed(ran: &Ran) -> Vec<String> {
    let checks = ran.output.expect_result()["checks"].as_array().unwrap();
    let failed = checks.iter().filter(|check| check["fails"] != 0);
    failed
        .map(|check| check["name"].as_str().unwrap().to_owned())
        .collect()
}

const BREAKER: &str = r#"
    let options = #{ threshold: 3, fast: "100ms", open: "1s", slack: "800ms" };
    pms(#{ failing: true, delay_ms: 200 });
    let opened = resilience::breaker_opens(options, || search());
    seen.opened = opened.held;
    seen.half_opened = resilience::breaker_half_opens(opened, options, || search()).held;
    pms(#{});
    seen.closed = resilience::breaker_closes(options, || search()).held;
"#;

#[test]
fn a_breaker_opens_half_opens_and_closes_in_time() {
    let on = r#"switches(#{ breaker: #{ threshold: 3, open_ms: 1000 } });"#;
    let ran = against_the_demo(&format!("{on}{BREAKER}")).run();
    assert_eq!(
        ran.saw(),
        &json!({ "opened": true, "half_opened": true, "closed": true }),
        "{}",
        ran.output
    );
    assert_eq!(failed(&ran), [""; 0]);
}

#[test]
fn a_breaker_that_is_missing_late_or_stuck_is_reported() {
    let ran = against_the_demo(BREAKER).run();
    assert_eq!(
        ran.saw(),
        &json!({ "opened": false, "half_opened": false, "closed": true })
    );
    let late = r#"switches(#{ breaker: #{ threshold: 9, open_ms: 1000 } });"#;
    let ran = against_the_demo(&format!("{late}{BREAKER}")).run();
    assert_eq!(ran.saw()["opened"], false);
    let stuck = r#"switches(#{ breaker: #{ threshold: 3, open_ms: 60000 } });"#;
    let ran = against_the_demo(&format!("{stuck}{BREAKER}")).run();
    assert_eq!(
        ran.saw(),
        &json!({ "opened": true, "half_opened": false, "closed": false })
    );
}

/// What a check says with the switches on, and without.
#[track_caller]
fn on_and_off(on: &str, off: &str, body: &str, check: &str) {
    let ran = against_the_demo(&format!("switches({on});{body}")).run();
    assert_eq!(ran.saw()["held"], Value::Bool(true), "{}", ran.output);
    assert_eq!(failed(&ran), [""; 0]);
    let ran = against_the_demo(&format!("switches({off});{body}")).run();
    assert_eq!(ran.saw()["held"], Value::Bool(false), "{}", ran.output);
    assert_eq!(failed(&ran), [check]);
}

#[test]
fn a_timeout_is_honoured_or_not() {
    on_and_off(
        "#{ timeout_ms: 100 }",
        "#{}",
        r#"pms(#{ delay_ms: 3000 }); seen.held = resilience::timeout_honoured("2s", || search()).held;"#,
        "timeout is honoured",
    );
}

#[test]
fn a_fallback_answers_or_not() {
    on_and_off(
        "#{ fallback: true }",
        "#{}",
        r#"pms(#{ failing: true }); seen.held = resilience::falls_back("x-fallback", || search()).held;"#,
        "fallback answers",
    );
}

#[test]
fn a_bulkhead_holds_or_not() {
    on_and_off(
        "#{ workers: 4, bulkhead: 2 }",
        "#{ workers: 4 }",
        r#"
        pms(#{ delay_ms: 3000 });
        let slow = ["GET", global::API + "/pms/room-types"];
        let other = ["GET", global::API + "/reservations/R00000001", (), #{ expected_statuses: [404] }];
        http::post(global::API + "/reservations", #{ room: "room-double", guest: "Ada" });
        seen.held = resilience::bulkhead_holds(slow, other, #{ lead: "500ms", limit: "1s" }).held;
        "#,
        "bulkhead holds",
    );
}

#[test]
fn a_rate_limit_refuses_and_says_when_to_come_back_or_not() {
    let body = r#"seen.held = resilience::rate_limited(#{ at_most: 30 }, || search()).held;"#;
    let limited = "#{ rate_limit: #{ per_second: 1, burst: 3 } }";
    on_and_off(limited, "#{}", body, "rate limit refuses");
    let silent = "#{ rate_limit: #{ per_second: 1, burst: 3, silent: true } }";
    on_and_off(limited, silent, body, "refusal says when to come back");
}

#[test]
fn careful_retries_back_off_are_spread_and_make_no_storm_at_the_proxy() {
    let ran = against_the_demo(
        r#"
        pms(#{ failing: true });
        // Sums of ten calls: single pauses with full jitter shrink now and then.
        let sums = [0.0, 0.0, 0.0, 0.0];
        let callers = [];
        for n in 0..10 {
            let moments = [];
            retry::run(#{ attempts: 4, base: "60ms", cap: "5s" }, || { moments.push(time::now()); search() });
            callers.push(moments);
            for at in 1..4 { sums[at] += moments[at] - moments[0]; }
        }
        seen.backed_off = resilience::backs_off(sums, #{ growth: 1.2 }).held;
        seen.spread = resilience::jitters(callers, #{}).held;
        let count = chaos::inject("count", "60s", |fault| fault.proxy("hotel").toxic("http", #{}));
        let careful = resilience::no_storm_at("hotel", #{ calls: 5, most: 3.0 },
            || retry::run(#{ attempts: 3, base: "1ms" }, || search()));
        seen.careful = [careful.held, careful.factor];
        let naive = resilience::no_storm_at("hotel", #{ calls: 3, most: 3.0 }, || { for n in 0..8 { search(); } });
        seen.naive = [naive.held, naive.factor];
        count.undo();
        seen.uncounted = resilience::no_storm_at("hotel", #{ calls: 1 }, || search()).held;
        "#,
    )
    .options(r#"proxies: #{ hotel: env("BASE_URL", "http://127.0.0.1:1") }"#)
    .args(["--allow-faults"])
    .run();
    assert_eq!(
        ran.saw(),
        &json!({
            "backed_off": true, "spread": true, "careful": [true, 3.0], "naive": [false, 8.0], "uncounted": false,
        }),
        "{}",
        ran.output
    );
    // Pauses that shrink do not.
    let ran = against_the_demo(
        r#"
        pms(#{ failing: true });
        let moments = [];
        for pause in ["800ms", "400ms", "10ms", "0s"] { moments.push(time::now()); search(); sleep(pause); }
        seen.backed_off = resilience::backs_off(moments, #{}).held;
        "#,
    )
    .run();
    assert_eq!(ran.saw(), &json!({ "backed_off": false }), "{}", ran.output);
}
