//! What is counted about calls, and judged.

use crate::support::reading::{Reading, run_of};

#[test]
fn a_call_that_does_not_come_is_missing_and_an_objective_fails_by_it() {
    let output = run_of(
        r#"
        export const options = #{ slos: #{
            "webhook_missing{name:paid}": [ #{ target: "count < 1", priority: "P0" } ],
            "webhook_duplicate": ["count < 1"],
        } };
        fn iteration() {
            let inbox = hooks::inbox(#{ name: "paid" });
            let begin = time::now();
            check(inbox.wait("100ms") == (), "nothing comes");
            check(time::now() - begin >= 0.1, "and that was waited for");
            check(inbox.try_next() == () && inbox.all() == [], "a look is no wait");
        }
        "#,
    )
    .run();
    output.expect_code(2);
    assert_eq!(output.count("webhook_missing"), 1);
    assert_eq!(
        output.slo("webhook_missing{name:paid}")["status"],
        "CRITICAL"
    );
    assert_eq!(output.slo("webhook_duplicate")["status"], "PASS");
    output.expect_text("Webhooks");
}

#[test]
fn an_objective_on_what_never_happened_has_something_to_judge() {
    let output = run_of(
        r#"
        export const options = #{ slos: #{
            "webhook_missing": ["count < 1"], "webhook_unexpected": ["count < 1"],
            "webhook_out_of_order{scenario:default}": ["count < 1"], "webhook_dropped": ["count < 1"],
        } };
        fn iteration() { hooks::inbox(); }
        "#,
    )
    .run();
    output.expect_code(0);
}

#[test]
fn duplicates_are_counted_and_kept_from_whoever_waits_unless_they_are_wanted() {
    let output = run_of(
        r#"
        fn send(inbox, body, id) { http::post(inbox.url, body, #{ name: "send", headers: #{ "Webhook-Id": id } }); }
        fn iteration() {
            let inbox = hooks::inbox();
            send(inbox, "a", "1");
            send(inbox, "a", "2");
            send(inbox, "changed", "1");
            check(inbox.len == 2 && inbox.duplicates == 1 && inbox.received == 3, "one of three");
            let plain = hooks::inbox(#{ keep_duplicates: true });
            for n in 0..2 { http::post(plain.url, "same", #{ name: "send" }); }
            let all = plain.all();
            check(all.len == 2 && !all[0].duplicate && all[1].duplicate && all[1].attempt == 2, "both");
            let own = hooks::inbox(#{ id: "$.event.id" });
            for n in 0..2 { http::post(own.url, #{ event: #{ id: 7 }, n: n }, #{ name: "send" }); }
            check(own.all().len == 1, "by a place of the script's own");
        }
        "#,
    )
    .run();
    output.expect_code(0);
    assert!(
        output.checks().values().all(|counts| *counts == (1, 0)),
        "{output}"
    );
    assert_eq!(output.count("webhook_duplicate"), 3);
    assert_eq!(
        output.count("webhook_unexpected"),
        2,
        "two lay there until the end"
    );
}

#[test]
fn calls_out_of_order_unexpected_and_too_many_are_counted() {
    let output = run_of(
        r#"
        export const options = #{ hooks: #{ correlate: "$.id", sequence: "$.n" } };
        fn send(url, body) { http::post(url, body, #{ name: "send", expected_statuses: [200, 404, 410] }) }
        fn iteration() {
            let inbox = hooks::inbox(#{ capacity: 2 });
            for n in [1, 3, 2] { send(inbox.url, #{ n: n }); }
            let left = inbox.all();
            check(left.len == 2 && left[1].out_of_order, "the oldest went", `${left}`);
            // Numbers to the run's URL are compared for each key.
            for n in [5, 1] { send(hooks::url(), #{ id: n, n: n }); }
            let base = inbox.url.sub_string(0, inbox.url.len - 32);
            check(send(base + "00000000000000000000000000000000", "x").status == 404, "no such inbox");
            check(send(base + "nothing", "x").status == 404, "no token");
        }
        "#,
    )
    .run();
    output.expect_code(0);
    assert!(
        output.checks().values().all(|counts| *counts == (1, 0)),
        "{output}"
    );
    assert_eq!(output.count("webhook_out_of_order"), 1);
    assert_eq!(output.count("webhook_dropped"), 1);
    assert_eq!(output.count("webhook_received"), 7);
    let of = |reason: &str| {
        output.tagged("webhook_unexpected", &[("reason", reason)])[0]["count"].clone()
    };
    assert_eq!((of("unknown"), of("unclaimed")), (2.0.into(), 2.0.into()));
}

#[test]
fn nothing_is_lost_and_nothing_is_counted_twice() {
    // Every iteration sends twelve calls, each with a fate of its own.
    let output = run_of(
        r#"
        export const options = #{ vus: 40, iterations: 200 };
        fn send(url, id, body) { http::post(url, body, #{ name: "send", headers: #{ "Webhook-Id": id }, expected_statuses: [200, 401, 404, 410, 500] }); }
        fn gone() { hooks::inbox().url }
        fn iteration() {
            let inbox = hooks::inbox();
            for n in 0..3 { send(inbox.url, `w${n}`, "waited"); }
            for n in 0..2 { send(inbox.url, "w0", "again"); }
            for n in 0..3 { if inbox.wait("10s") != () { metrics::counter("waited").add(1); } }
            inbox.answer(#{ status: 500, times: 1 });
            send(inbox.url, "r", "refused");
            inbox.verify(#{ scheme: "github", secret: "s" });
            send(inbox.url, "s", "unsigned");
            let small = hooks::inbox(#{ capacity: 1 });
            for n in 0..3 { send(small.url, `d${n}`, "two dropped, one unclaimed"); }
            send(small.url.sub_string(0, small.url.len() - 1) + "/none", "u", "unknown");
            send(gone(), "l", "late");
        }
        "#,
    )
    .args(["--workers", "4"])
    .run();
    output.expect_code(0);
    let count = |name| output.count(name);
    let told = [
        "webhook_received",
        "waited",
        "webhook_duplicate",
        "webhook_bad_signature",
        "webhook_dropped",
        "webhook_unexpected",
        "webhook_missing",
    ]
    .map(count);
    let of_each = [12, 3, 2, 1, 2, 3, 0].map(|each| each * 200);
    assert_eq!(told.map(|n| n), of_each, "{output}");
}

#[test]
fn a_wait_that_is_cut_off_is_not_missing() {
    let output = run_of(
        r#"
        export const options = #{ hooks: #{ correlate: "$.id" }, scenarios: #{
            own: #{ executor: "constant-vus", exec: "own", vus: 3, duration: "300ms", graceful_stop: "0s" },
            all: #{ executor: "constant-vus", exec: "all", vus: 3, duration: "300ms", graceful_stop: "0s" },
        } };
        fn own() { hooks::inbox().wait("1h"); }
        fn all() { hooks::wait("never", "1h"); }
        "#,
    )
    .run();
    assert_eq!(output.count("webhook_missing"), 0, "{output}");
}
