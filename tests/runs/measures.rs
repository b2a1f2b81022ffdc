//! What a script measures itself: checks, groups, tags, its own metrics, failures it declares, lines it logs.

use std::collections::BTreeMap;

use serde_json::json;

use crate::support::reading::{Reading, number, run_of};
use crate::support::server::HttpServer;

#[test]
fn checks_count_their_passes_and_fails_by_name_and_do_not_end_the_iteration() {
    let server = HttpServer::start();
    let output = run_of(
        r#"
        export const options = #{ iterations: 4 };
        fn iteration(ctx) {
            let answer = http::get(`${env("BASE_URL")}/json`);
            let all = check(answer, #{
                "status is 200": |r| r.status == 200,
                "has three rooms": |r| r.json("rooms").len == 3,
                "even": |r| ctx.iteration % 2 == 0,
                "plain value": answer.status == 201,
            });
            let one = check(ctx.iteration < 3, "early");
            log::info(`${all} ${one}`);
        }
        "#,
    )
    .args(["--workers", "1"])
    .env("BASE_URL", server.url(""))
    .run();
    output.expect_code(0);
    assert_eq!(
        output.checks(),
        BTreeMap::from([
            ("early".to_owned(), (3, 1)),
            ("even".to_owned(), (2, 2)),
            ("has three rooms".to_owned(), (4, 0)),
            ("plain value".to_owned(), (0, 4)),
            ("status is 200".to_owned(), (4, 0)),
        ])
    );
    let checks = output.metric("checks");
    assert_eq!(checks["passes"], 13);
    assert_eq!(checks["total"], 20);
    assert_eq!(number(&checks["rate"]), 13.0 / 20.0);
    assert_eq!(
        output.logged(),
        ["false false", "false true", "false true", "false true"]
    );
}

#[test]
fn a_check_that_throws_has_failed_and_its_reason_is_among_the_errors() {
    let output = run_of(
        r#"
        export const options = #{ iterations: 3 };
        fn iteration() {
            check(1, #{ "broken": |v| throw "no answer", "fine": |v| v == 1 });
            metrics::counter("went_on").add(1);
        }
        "#,
    )
    .run();
    output.expect_code(0);
    assert_eq!(output.checks()["broken"], (0, 3));
    assert_eq!(output.checks()["fine"], (3, 0));
    assert_eq!(output.count("went_on"), 3);
    assert_eq!(output.count("iteration_errors"), 0);
    let error = &output.expect_result()["errors"][0];
    assert_eq!(error["count"], 3);
    assert_eq!(error["kind"], "check");
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with("in check \"broken\": "), "{message}");
    assert!(message.contains("no answer"), "{message}");
}

#[test]
fn a_check_that_gives_neither_true_nor_false_is_a_mistake_of_the_script() {
    let output = run_of(r#"fn iteration() { check(1, #{ "odd": |v| "yes" }); }"#).run();
    output.expect_code(2);
    output.expect_text("the check \"odd\" must give true or false, not a text");
}

#[test]
fn groups_nest_and_tag_what_happens_inside() {
    let server = HttpServer::start();
    let output = run_of(
        r#"
        export const options = #{ iterations: 2 };
        fn iteration() {
            let given = group("checkout", || {
                ask("cart");
                group("payment", || { ask("pay"); check(true, "paid"); });
                42
            });
            check(given == 42, "a group gives what its closure gives");
            ask("home");
        }
        fn ask(name) { http::get(`${env("BASE_URL")}/hello`, #{ name: name }); }
        "#,
    )
    .env("BASE_URL", server.url(""))
    .run();
    output.expect_code(0);
    assert_eq!(output.endpoint("cart")["group"], "::checkout");
    assert_eq!(output.endpoint("pay")["group"], "::checkout::payment");
    assert_eq!(output.endpoint("home").get("group"), None);
    for name in ["cart", "pay", "home"] {
        assert_eq!(output.endpoint(name)["requests"], 2);
    }
    let result = output.expect_result();
    let group_of = |check: &str| {
        let rows = result["checks"].as_array().unwrap();
        rows.iter().find(|row| row["name"] == check).unwrap()["group"].clone()
    };
    assert_eq!(group_of("paid"), "::checkout::payment");
    assert_eq!(group_of("a group gives what its closure gives"), "");
    let outer = output.tagged("group_duration", &[("group", "::checkout")]);
    let inner = output.tagged("group_duration", &[("group", "::checkout::payment")]);
    assert_eq!(outer[0]["count"], 2);
    assert_eq!(inner[0]["count"], 2);
    assert!(number(&outer[0]["max"]) >= number(&inner[0]["min"]));
}

#[test]
fn a_group_that_is_left_by_an_error_does_not_stick() {
    let server = HttpServer::start();
    let output = run_of(
        r#"
        export const options = #{ iterations: 2 };
        fn iteration() {
            try { group("risky", || { throw "oops"; }); } catch { }
            http::get(`${env("BASE_URL")}/hello`, #{ name: "after" });
        }
        "#,
    )
    .env("BASE_URL", server.url(""))
    .run();
    output.expect_code(0);
    assert_eq!(output.endpoint("after").get("group"), None);
    assert_eq!(output.endpoint("after")["requests"], 2);
}

#[test]
fn tags_mark_everything_until_the_iteration_ends_or_they_are_removed() {
    let server = HttpServer::start();
    let output = run_of(
        r#"
        export const options = #{ iterations: 2 };
        fn iteration(ctx) {
            ask("untagged");
            tags::set("plan", "gold");
            ask("tagged");
            check(true, "tagged too");
            metrics::counter("own").add(2);
            tags::remove("plan");
            ask("removed");
            tags::set("plan", "silver");
        }
        fn ask(name) { http::get(`${env("BASE_URL")}/hello`, #{ name: name, tags: #{ extra: name } }); }
        "#,
    )
    .args(["--workers", "1"])
    .env("BASE_URL", server.url(""))
    .run();
    output.expect_code(0);
    let count = |tags: &[(&str, &str)]| -> f64 {
        let series = output.tagged("http_reqs", tags);
        series.iter().map(|values| number(&values["count"])).sum()
    };
    assert_eq!(count(&[("plan", "gold")]), 2.0);
    assert_eq!(
        count(&[("plan", "gold"), ("name", "tagged"), ("extra", "tagged")]),
        2.0
    );
    assert_eq!(
        count(&[("plan", "silver")]),
        0.0,
        "it ends with its iteration"
    );
    assert_eq!(count(&[]), 6.0);
    assert_eq!(output.tagged("checks", &[("plan", "gold")])[0]["passes"], 2);
    assert_eq!(
        number(&output.tagged("own", &[("plan", "gold")])[0]["count"]),
        4.0
    );
}

#[test]
fn own_metrics_of_all_four_kinds_hold_what_was_added() {
    let output = run_of(
        r#"
        export const options = #{ iterations: 4 };
        const BOOKED = metrics::counter("booked");
        fn iteration(ctx) {
            let n = ctx.iteration + 1;                       // 1 2 3 4
            global::BOOKED.add(n);
            global::BOOKED.add(0.5, #{ room: `r${n % 2}` });
            metrics::gauge("queue").add(10 - n);
            metrics::rate("hits").add(n == 1);
            metrics::rate("numbers").add(if n < 3 { 0 } else { 7 });
            metrics::trend("stay").add(n * 100);
            metrics::trend("wait", true).add(n);
        }
        "#,
    )
    .args(["--workers", "1", "--vus", "1"])
    .run();
    output.expect_code(0);
    let booked = output.metric("booked");
    assert_eq!(booked["kind"], "counter");
    assert_eq!(number(&booked["count"]), 12.0);
    assert_eq!(
        number(&output.tagged("booked", &[("room", "r1")])[0]["count"]),
        1.0
    );
    let queue = output.metric("queue");
    assert_eq!(
        [&queue["value"], &queue["min"], &queue["max"]].map(number),
        [6.0, 6.0, 9.0]
    );
    let hits = output.metric("hits");
    assert_eq!(
        [&hits["rate"], &hits["passes"], &hits["total"]].map(number),
        [0.25, 1.0, 4.0]
    );
    assert_eq!(number(&output.metric("numbers")["rate"]), 0.5);
    let stay = output.metric("stay");
    assert_eq!(
        [&stay["count"], &stay["min"], &stay["max"], &stay["avg"]].map(number),
        [4.0, 100.0, 400.0, 250.0]
    );
    assert!((number(&stay["med"]) - 200.0).abs() < 0.5, "{stay}");
    let result = output.expect_result();
    let contains = |name: &str| {
        let metrics = result["metrics"].as_array().unwrap();
        metrics
            .iter()
            .find(|metric| metric["name"] == name)
            .unwrap()["contains"]
            .clone()
    };
    assert_eq!(contains("wait"), "time");
    assert_eq!(contains("stay"), "default");
}

#[test]
fn a_metric_cannot_be_of_two_kinds_or_take_a_built_in_ones_name() {
    for (script, said) in [
        (
            r#"fn iteration() { metrics::counter("x").add(1); metrics::trend("x").add(1); }"#,
            "`x`",
        ),
        (
            r#"fn iteration() { metrics::gauge("http_reqs").add(1); }"#,
            "http_reqs",
        ),
        (
            r#"fn iteration() { metrics::counter("no spaces").add(1); }"#,
            "no spaces",
        ),
        (
            r#"fn iteration() { metrics::counter("x").add("many"); }"#,
            "a metric's value must be a number",
        ),
    ] {
        let output = run_of(script).run();
        assert!([2, 65].contains(&output.code), "{script}\n{output}");
        output.expect_text(said);
    }
}

#[test]
fn fail_ends_the_iteration_as_an_error_with_its_reason() {
    let output = run_of(
        r#"
        export const options = #{ iterations: 3 };
        fn iteration(ctx) {
            if ctx.iteration == 1 { fail("no room was free"); }
            log::info("end");
        }
        "#,
    )
    .args(["--vus", "1"])
    .run();
    output.expect_code(2).expect_text("no room was free");
    assert_eq!(output.logged(), ["end", "end"]);
    assert_eq!(output.count("iterations"), 3);
    assert_eq!(output.count("iteration_errors"), 1);
    let error = &output.expect_result()["errors"][0];
    assert_eq!(error["kind"], "script");
    assert_eq!(error["count"], 1);
    assert_eq!(error["example"]["scenario"], "default");
    assert_eq!(error["example"]["vu"], 1);
    assert_eq!(error["example"]["iteration"], 1);
}

#[test]
fn log_lines_say_how_urgent_they_are_and_whose() {
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{ guests: #{ executor: "per-vu-iterations", vus: 1 } } };
        fn setup() { log::info("in setup"); }
        fn iteration() {
            log::trace("t"); log::info("i"); log::warn("w"); log::error("e");
            print("printed"); debug("debugged"); log::info(#{ a: 1 }); log::info(42);
        }
        "#,
    )
    .run();
    output.expect_code(0);
    let lines: Vec<&str> = output
        .stderr
        .lines()
        .filter(|line| !line.starts_with('['))
        .collect();
    assert_eq!(
        lines,
        [
            "info  in setup",
            "trace [guests #1] t",
            "info  [guests #1] i",
            "warn  [guests #1] w",
            "error [guests #1] e",
            "info  [guests #1] printed",
            "trace [guests #1] \"debugged\"",
            "info  [guests #1] #{\"a\": 1}",
            "info  [guests #1] 42",
        ]
    );
}

#[test]
fn a_flood_of_log_lines_is_cut_and_counted() {
    let output = run_of(
        r#"
        export const options = #{ iterations: 5000 };
        fn iteration(ctx) { log::info(`again ${ctx.iteration}`); }
        "#,
    )
    .args(["--workers", "1"])
    .run();
    output.expect_code(0);
    let shown = output.logged().len();
    assert!((1_000..=3_000).contains(&shown), "{shown}");
    output.expect_text("more log lines dropped");
    assert_eq!(output.count("iterations"), 5000);
}

#[test]
fn too_many_tag_sets_are_folded_into_one_with_a_warning_and_nothing_is_lost() {
    let output = run_of(
        r#"
        export const options = #{ iterations: 200, max_tag_sets: 50 };
        fn iteration(ctx) { metrics::counter("visits").add(1, #{ room: `room ${ctx.vu} ${ctx.iteration}` }); }
        "#,
    )
    .args(["--workers", "1"])
    .run();
    output.expect_code(0);
    assert_eq!(output.count("visits"), 200);
    assert!(output.tagged("visits", &[]).len() <= 51);
    let notes = output.expect_result()["run"]["notes"].clone();
    assert_eq!(notes.as_array().unwrap().len(), 1, "{notes}");
    assert!(
        notes[0].as_str().unwrap().contains("more than 50 tag sets"),
        "{notes}"
    );
    output.expect_text("more than 50 tag sets");
}

#[test]
fn requests_that_lost_their_name_keep_their_status() {
    let server = HttpServer::start();
    let output = run_of(
        r#"
        export const options = #{ iterations: 60, max_tag_sets: 5 };
        fn iteration(ctx) {
            let status = if ctx.iteration % 3 == 0 { 503 } else { 200 };
            http::get(env("BASE_URL") + `/status/${status}`, #{ name: `n${ctx.iteration}` });
        }
        "#,
    )
    .env("BASE_URL", server.url(""))
    .args(["--workers", "1"])
    .run();
    output.expect_code(0);
    let rows = output.expect_result()["endpoints"].as_array().unwrap();
    let sum = |of: &dyn Fn(&serde_json::Value) -> u64| rows.iter().map(of).sum::<u64>();
    assert_eq!(sum(&|row| row["requests"].as_u64().unwrap()), 60);
    assert_eq!(sum(&|row| row["failed"].as_u64().unwrap()), 20, "{rows:?}");
    assert_eq!(
        sum(&|row| row["statuses"]["503"].as_u64().unwrap_or(0)),
        20,
        "{rows:?}"
    );
    assert_eq!(
        sum(&|row| row["statuses"]["200"].as_u64().unwrap_or(0)),
        40,
        "{rows:?}"
    );
}

#[test]
fn numbers_of_a_real_server_are_counted_by_endpoint_status_and_failure() {
    let server = HttpServer::start();
    let output = run_of(
        r#"
        export const options = #{ iterations: 3 };
        fn iteration() {
            http::get(`${env("BASE_URL")}/hello`, #{ name: "hello" });
            http::get(`${env("BASE_URL")}/status/503`, #{ name: "broken" });
            http::post(`${env("BASE_URL")}/status/404`, "x", #{ name: "missing", expected_statuses: 404 });
        }
        "#,
    )
    .env("BASE_URL", server.url(""))
    .run();
    output.expect_code(0);
    let row = output.endpoint("broken");
    assert_eq!(
        (
            &row["method"],
            &row["requests"],
            &row["failed"],
            &row["failed_rate"]
        ),
        (&json!("GET"), &json!(3), &json!(3), &json!(1.0))
    );
    assert_eq!(row["statuses"], json!({ "503": 3 }));
    assert_eq!(row["duration_failed"]["count"], 3);
    let row = output.endpoint("missing");
    assert_eq!(
        (&row["method"], &row["failed"]),
        (&json!("POST"), &json!(0))
    );
    assert_eq!(row["statuses"], json!({ "404": 3 }));
    assert_eq!(output.endpoint("hello")["duration"]["count"], 3);
    assert_eq!(output.metric("http_req_failed")["passes"], 3);
    assert_eq!(output.metric("http_req_failed")["total"], 9);
    assert_eq!(output.count("http_reqs"), 9);
    let error = &output.expect_result()["errors"][0];
    assert_eq!(
        (&error["kind"], &error["code"], &error["count"]),
        (&json!("http"), &json!("1503"), &json!(3))
    );
    assert_eq!(error["example"]["url"], server.url("/status/503"));
}

/// A page in a name would be kept for every metric, worker and second.
#[test]
fn what_is_named_by_a_page_is_kept_short_everywhere() {
    let server = HttpServer::start();
    let output = run_of(
        r#"
        export const options = #{ iterations: 20, slos: #{ "iteration_errors": ["count < 100"] } };
        fn iteration(ctx) {
            let page = "x";
            for n in 0..17 { page += page; }
            page += ctx.iteration;
            let url = env("BASE_URL");
            http::get(`${url}/status/500`, #{ name: page, tags: #{ tag: page } });
            http::get(`${url}/echo?${page}`);
            check(true, page);
            group(page, || metrics::counter("c").add(1, #{ own: page }));
            tags::set(page, page);
            log::info(page);
            throw page;
        }
        "#,
    )
    .env("BASE_URL", server.url(""))
    .run();
    output.expect_code(0);
    let size = std::fs::metadata(output.path("result.json")).unwrap().len();
    assert!(size < 1_000_000, "a result of {size} bytes");
    assert!(output.stderr.len() < 20 * 10_000, "{}", output.stderr.len());
    assert!(output.stdout.len() < 100_000, "{}", output.stdout.len());
    assert_eq!(output.checks().len(), 1, "cut, they are the same");
    let name = output.checks().into_keys().next().unwrap();
    assert!(name.chars().count() == 256 && name.ends_with('…'), "{name}");
}

#[test]
fn tags_are_so_many_and_no_more() {
    for call in [
        "tags::set(`t${n}`, n);",
        "let t = #{}; for i in 0..=n { t[`t${i}`] = i; } metrics::counter(\"c\").add(1, t);",
    ] {
        let script = |most: u32| {
            run_of(&format!(
                "fn iteration() {{ for n in 0..{most} {{ {call} }} }}"
            ))
            .run()
        };
        script(64).expect_code(0);
        script(65)
            .expect_code(2)
            .expect_text("there are more than 64 tags");
    }
}

#[test]
fn groups_nest_so_deep_and_no_deeper() {
    let output = run_of(
        "fn down(n) { if n > 0 { group(`g${n}`, || down(n - 1)); } }\nfn iteration(ctx) { down(16); down(17); }",
    )
    .run();
    output
        .expect_code(2)
        .expect_text("groups are nested more than 16 deep");
}

#[test]
fn a_response_is_logged_as_what_it_is_and_json_is_read() {
    let server = HttpServer::start();
    let output = run_of(&format!(
        r#"
        fn iteration() {{
            let r = http::get("{}");
            log::info(r);
            print(r);
            log::info(parse_json(`{{"a": [1, 2.5, null, "x", true]}}`).a.len);
            log::info(parse_json("5") + 1);
        }}
        "#,
        server.url("/bytes/3")
    ))
    .run();
    output.expect_code(0);
    let shown = format!("Response(200, GET {}, 3 bytes)", server.url("/bytes/3"));
    // Sorted, as the test's support gives them.
    assert_eq!(output.logged(), ["5", "6", shown.as_str(), shown.as_str()]);
}
