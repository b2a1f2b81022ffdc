//! What senders are answered.

use crate::support::reading::{Reading, run_of};

#[test]
fn a_sender_is_answered_as_the_script_says_and_what_was_refused_is_not_taken() {
    let output = run_of(
        r#"
        fn send(inbox) { http::post(inbox.url, "event", #{ name: "send", expected_statuses: "200-599" }) }
        fn iteration() {
            let inbox = hooks::inbox();
            inbox.answer([
                #{ status: 503, headers: #{ "Retry-After": "1" }, body: #{ error: "busy" }, times: 1 },
                #{ hang_up: true, times: 1 },
                #{ status: 202, delay: "150ms", body: "taken", times: 1 },
            ]);
            let first = send(inbox);
            check(first.status == 503 && first.header("retry-after") == "1" && first.json("error") == "busy", "refused", `${first}`);
            let second = send(inbox);
            check(second.status == 0 && second.error != (), "hung up", `${second}`);
            let third = send(inbox);
            check(third.status == 202 && third.body == "taken" && third.timings.waiting >= 150.0, "late", `${third}`);
            check(send(inbox).status == 200, "then as usual");
            let got = inbox.wait("1s");
            check(got.attempt == 3 && inbox.len == 0, "the attempt that was taken", `${got.attempt}`);
            check(inbox.refused.len == 2 && inbox.refused[0].error != (), "what was refused can be seen");
            check(inbox.duplicates == 1, "only what comes after it is a duplicate");
            inbox.answer(#{ status: 500 });
            for n in 0..3 { check(send(inbox).status == 500, "for ever"); }
            inbox.answer(());
            check(send(inbox).status == 200, "as at first");
        }
        "#,
    )
    .run();
    output.expect_code(0);
    assert!(
        output.checks().values().all(|(_, fails)| *fails == 0),
        "{output}"
    );
    assert_eq!(output.count("webhook_duplicate"), 2);
}

#[test]
fn the_runs_own_url_is_answered_likewise() {
    let output = run_of(
        r#"
        fn setup() { hooks::answer(#{ status: 500, times: 1 }); }
        fn iteration() {
            let send = || http::post(hooks::url(), #{ id: 1 }, #{ name: "send", expected_statuses: [200, 500] }).status;
            check(send.call() == 500 && send.call() == 200, "once");
            check(hooks::wait("$.id", 1, "1s").attempt == 2, "taken");
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
