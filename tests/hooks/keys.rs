//! Calls to the run's own URL, found by a key.

use crate::support::reading::{Reading, run_of};

#[test]
fn a_call_is_found_by_its_key_whoever_it_was_sent_by_and_whenever() {
    let output = run_of(
        r#"
        export const options = #{
            hooks: #{ correlate: ["$.reservation.id", "header:x-request-id"] },
            scenarios: #{
                send: #{ executor: "per-vu-iterations", vus: 5, iterations: 40, exec: "send" },
                wait: #{ executor: "per-vu-iterations", vus: 20, iterations: 10, exec: "wait" },
            },
        };
        fn send(ctx) {
            let id = shared::counter("sent").add(1);
            if id % 2 == 0 {
                http::post(hooks::url(), #{ reservation: #{ id: id } }, #{ name: "send" });
            } else {
                http::post(hooks::url(), `call ${id}`, #{ name: "send", headers: #{ "X-Request-Id": `${id}` } });
            }
        }
        fn wait() {
            let id = shared::counter("waited").add(1);
            let got = hooks::wait(id, "10s");
            check(got != () && (got.json("reservation.id") == id || got.header("x-request-id") == `${id}`), "its own");
        }
        "#,
    )
    .args(["--workers", "2"])
    .run();
    output.expect_code(0);
    assert_eq!(output.checks()["its own"], (200, 0), "{output}");
    for metric in ["webhook_missing", "webhook_unexpected", "webhook_dropped"] {
        assert_eq!(output.count(metric), 0, "{metric}");
    }
}

#[test]
fn a_wait_may_name_the_place_of_its_key() {
    let output = run_of(
        r#"
        fn iteration() {
            let send = |body| http::post(hooks::url() + "?order=o-7", body, #{ name: "send" });
            send.call(#{ id: "a", n: 1 });
            send.call(#{ id: "b", n: 2.5 });
            check(hooks::wait("$.n", 2.5, "5s").json("id") == "b", "a number");
            check(hooks::wait("query:order", "o-7", "5s").json("id") == "a", "the query");
            check(hooks::wait("$.id", "b", "50ms") == (), "a call is given once");
            hooks::correlate("$.id");
            send.call(#{ id: "c" });
            check(hooks::wait("c", "5s") != (), "a place named by the script");
            let inbox = hooks::inbox();
            for status in ["held", "paid", "confirmed"] { http::post(inbox.url, #{ status: status }, #{ name: "send" }); }
            check(inbox.wait("$.status", "confirmed", "5s").json("status") == "confirmed", "of an inbox");
            check(inbox.all().len == 2, "the others are left");
        }
        "#,
    )
    .run();
    output.expect_code(0);
    assert!(
        output.checks().values().all(|counts| *counts == (1, 0)),
        "{output}"
    );
    assert_eq!(output.count("webhook_missing"), 1);
}
