//! Inboxes: their URLs, and what comes of a call.

use crate::support::reading::{Reading, number, run_of};

#[test]
fn a_call_is_given_to_the_user_whose_url_it_came_to_with_all_that_it_held() {
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{ guests: #{ executor: "per-vu-iterations", vus: 20, iterations: 5 } } };
        fn iteration(ctx) {
            let inbox = hooks::inbox();
            let params = #{ name: "send", headers: #{ "X-Mine": ["a", "b"] } };
            let sent = time::now_ms();
            let answer = http::request("PUT", `${inbox.url}/paid/now?x=1&y=a%20b`, #{ vu: ctx.vu, list: [1, 2] }, params);
            check(answer.status == 200 && answer.size == 0, "the sender is answered");
            let got = inbox.wait("5s");
            check(got, #{
                "method": |c| c.method == "PUT",
                "path": |c| c.path == "/paid/now",
                "query": |c| c.query == #{ x: "1", y: "a b" },
                "headers": |c| c.headers["x-mine"] == "a, b" && c.header("X-MINE") == "a" && c.header("none") == (),
                "body": |c| c.body == c.text() && c.bytes().len == c.size && c.body.starts_with("{"),
                "json": |c| c.json("list[1]") == 2 && c.json("$.list[*]") == [1, 2] && c.json().list.len == 2,
                "latency": |c| c.latency > 0.0 && c.latency < 5000.0,
                "flags": |c| c.attempt == 1 && !c.duplicate && !c.out_of_order && c.error == (),
                "sender": |c| c.remote_ip == "127.0.0.1",
            });
            check(got.json("vu") == ctx.vu, "it is this user's");
            check(got.received_ms >= sent - 1.0 && got.received_ms <= time::now_ms() + 1.0, "when it came");
            check(inbox.try_next() == () && inbox.len == 0 && inbox.received == 1, "there is no other");
        }
        "#,
    )
    .args(["--workers", "2"])
    .run();
    output.expect_code(0);
    for (name, (_, fails)) in output.checks() {
        assert_eq!(fails, 0, "{name}\n{output}");
    }
    assert_eq!(output.count("webhook_received"), 100);
    assert_eq!(output.count("webhook_unexpected"), 0);
    assert_eq!(number(&output.metric("webhook_latency")["count"]), 100.0);
    assert_eq!(
        output
            .tagged("webhook_received", &[("scenario", "guests")])
            .len(),
        1
    );
}

#[test]
fn many_calls_at_once_reach_their_users_and_none_is_lost() {
    let output = run_of(
        r#"
        export const options = #{
            scenarios: #{ guests: #{ executor: "per-vu-iterations", vus: 20, iterations: 1 } },
            batch: 50, batch_per_host: 50,
        };
        fn iteration(ctx) {
            let inbox = hooks::inbox(#{ sequence: "$.n" });
            let calls = [];
            for n in 0..100 { calls.push(["POST", inbox.url, #{ n: n, vu: ctx.vu }, #{ name: "send" }]); }
            http::batch(calls);
            let seen = [];
            for n in 0..100 {
                let got = inbox.wait("5s");
                if got == () { fail("lost"); }
                if got.json("vu") != ctx.vu { fail("another's"); }
                seen.push(got.json("n"));
            }
            seen.sort();
            for n in 0..100 { if seen[n] != n { fail("lost or twice"); } }
        }
        "#,
    )
    .args(["--workers", "2"])
    .run();
    output.expect_code(0);
    assert_eq!(output.count("webhook_received"), 2_000);
    assert_eq!(output.count("webhook_missing"), 0);
}

#[test]
fn an_inbox_in_the_users_state_stays_and_one_in_a_variable_ends_with_the_iteration() {
    let output = run_of(
        r#"
        export const options = #{ iterations: 3 };
        fn vu_start(ctx) { ctx.state.inbox = hooks::inbox(); ctx.state.urls = []; }
        fn iteration(ctx) {
            let own = hooks::inbox();
            let kept = ctx.state.inbox;
            for url in ctx.state.urls {
                check(http::post(url, "late", #{ name: "late", expected_statuses: 410 }).status == 410, "a closed inbox says so");
            }
            ctx.state.urls.push(own.url);
            http::post(kept.url, `${ctx.iteration}`, #{ name: "send" });
            check(kept.wait("5s").body == `${ctx.iteration}`, "the same inbox in each iteration");
            check(kept.received == ctx.iteration + 1, "all that came");
        }
        "#,
    )
    .run();
    output.expect_code(0);
    assert!(
        output.checks().values().all(|(_, fails)| *fails == 0),
        "{output}"
    );
    assert_eq!(output.count("webhook_unexpected"), 3);
    assert_eq!(
        output
            .tagged("webhook_unexpected", &[("reason", "late")])
            .len(),
        1
    );
}

#[test]
fn urls_begin_as_the_command_line_says() {
    let output = run_of(
        r#"
        export const options = #{ hooks: #{ url: "http://other.example" } };
        fn iteration() { log::info(hooks::inbox().url); log::info(hooks::url()); }
        "#,
    )
    .args(["--hooks-url", "https://load.example.com/hooks/"])
    .run();
    output.expect_code(0);
    let urls = output.logged();
    assert_eq!(urls.len(), 2, "{output}");
    for url in urls {
        let token = url.strip_prefix("https://load.example.com/hooks/").unwrap();
        assert!(
            token.len() == 32 && token.bytes().all(|b| b.is_ascii_hexdigit()),
            "{url}"
        );
    }
}

#[test]
fn latency_counts_from_the_mark_or_from_the_last_request_before_the_call() {
    let output = run_of(
        r#"
        fn iteration() {
            let inbox = hooks::inbox();
            inbox.mark();
            sleep("200ms");
            http::post(inbox.url, "a", #{ name: "send" });
            check(inbox.wait("5s").latency >= 200.0, "from the mark");
            let other = hooks::inbox();
            sleep("200ms");
            http::post(other.url, "a", #{ name: "send" });
            // A request after the call came is not its cause.
            sleep("200ms");
            http::post(inbox.url, "b", #{ name: "send" });
            check(other.wait("5s").latency < 200.0, "from the request");
        }
        "#,
    )
    .run();
    output.expect_code(0);
    assert!(
        output.checks().values().all(|counts| *counts == (1, 0)),
        "{output}"
    );
}

#[test]
fn a_newer_version_of_the_script_goes_on_with_the_inbox_it_finds() {
    let script = |version: u8| {
        format!(
            r#"
        export const options = #{{ vus: 2, duration: "3s" }};
        fn vu_start(ctx) {{ ctx.state.inbox = hooks::inbox(); }}
        fn iteration(ctx) {{
            let inbox = ctx.state.inbox;
            http::post(inbox.url, `{version} ${{ctx.iteration}}`, #{{ name: "send" }});
            check(inbox.wait("2s") != (), "version {version}");
            sleep("20ms");
        }}
        "#
        )
    };
    let mut running = run_of(&script(1))
        .args(["--watch", "--workers", "2"])
        .spawn();
    running.wait_for_output("default");
    std::thread::sleep(std::time::Duration::from_millis(1_000));
    std::fs::write(running.dir().join("script.rhai"), script(2)).unwrap();
    let output = running.wait();
    output.expect_code(0);
    let checks = output.checks();
    assert!(
        checks["version 1"].0 > 0 && checks["version 2"].0 > 0,
        "{output}"
    );
    assert_eq!(output.count("webhook_missing"), 0);
}
