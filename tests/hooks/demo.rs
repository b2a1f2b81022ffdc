//! The demo target's confirmations.

use crate::support::bin::Rhaid;
use crate::support::reading::{Reading, run_of};

const BOOK: &str = r#"
    const BASE = env("BASE_URL");
    fn reserve(url) {
        http::post(`${global::BASE}/api/v1/reservations`, #{ room: "room-double", guest: "Ada", callback_url: url },
            #{ name: "reserve", expected_statuses: [201, 422] })
    }
"#;

#[test]
fn a_reservation_is_confirmed_later_and_tried_again_until_it_is_taken() {
    let output = run_of(&format!(
        r#"{BOOK}
        fn iteration() {{
            let inbox = hooks::inbox(#{{ verify: #{{ scheme: "github", secret: "demo-secret" }} }});
            inbox.answer([#{{ status: 500, times: 1 }}, #{{ hang_up: true, times: 1 }}]);
            let held = reserve(inbox.url);
            check(held.json("status") == "held", "held at first");
            let got = inbox.wait("10s");
            check(got != () && got.json("status") == "confirmed" && got.json("reservation_id") == held.json("id"), "confirmed");
            check(got.attempt == 3 && got.header("x-attempt") == "3", "at the third attempt");
            check(got.latency >= 100.0, "a while after the request");
            let id = held.json("id");
            check(http::get(`${{global::BASE}}/api/v1/reservations/${{id}}`).json("status") == "confirmed", "in the books");
            for n in 0..2 {{ http::post(`${{global::BASE}}/api/v1/reservations/${{id}}/cancel`); }}
            check(inbox.wait("10s").json("status") == "cancelled", "cancelled");
            sleep("300ms");
            check(inbox.len == 0 && inbox.duplicates == 0, "each told once");
        }}
        "#
    ))
    .arg("--demo")
    .run();
    output.expect_code(0);
    assert!(
        output.checks().values().all(|counts| *counts == (1, 0)),
        "{output}"
    );
}

#[test]
fn the_hotel_calls_nobody_but_the_loopback_unless_it_is_told_to() {
    let output = run_of(&format!(
        r#"{BOOK}
        fn iteration() {{
            for url in ["http://169.254.169.254/latest", "https://127.0.0.1/", "nonsense", 5] {{
                let refused = reserve(url);
                check(refused.status == 422 && refused.json("fields.callback_url") != (), "refused", `${{url}}`);
            }}
        }}
        "#
    ))
    .arg("--demo")
    .run();
    output.expect_code(0);
    assert_eq!(output.checks()["refused"], (4, 0), "{output}");
}

#[test]
fn the_hotel_duplicates_what_it_sends_if_asked_to() {
    let mut demo = Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .args(["demo", "--listen", "127.0.0.1:0", "--callback-delay", "0s"])
        .args(["--callback-duplicates", "100%"])
        .spawn();
    demo.wait_for_output("Ctrl-C");
    let shown = demo.stdout();
    let base = shown
        .split_whitespace()
        .find(|word| word.starts_with("http://"))
        .unwrap();
    let output = run_of(&format!(
        r#"{BOOK}
        fn iteration() {{
            let inbox = hooks::inbox();
            reserve(inbox.url);
            check(inbox.wait("10s") != (), "it comes");
            for n in 0..100 {{ if inbox.duplicates == 1 {{ break; }} sleep("50ms"); }}
            check(inbox.duplicates == 1 && inbox.len == 0, "twice");
        }}
        "#
    ))
    .args(["--env", &format!("BASE_URL={base}")])
    .run();
    demo.interrupt();
    demo.wait();
    output.expect_code(0);
    assert!(
        output.checks().values().all(|counts| *counts == (1, 0)),
        "{output}"
    );
    assert_eq!(output.count("webhook_duplicate"), 1);
}

#[test]
fn the_hotel_lets_one_overtake_another_if_asked_to() {
    let mut demo = Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .args([
            "demo",
            "--listen",
            "127.0.0.1:0",
            "--callback-delay",
            "100ms",
        ])
        .args(["--callback-late", "50%", "--seed", "1"])
        .spawn();
    demo.wait_for_output("Ctrl-C");
    let shown = demo.stdout();
    let base = shown
        .split_whitespace()
        .find(|word| word.starts_with("http://"))
        .unwrap();
    // Confirmations and cancellations are each late or not; of forty pairs a quarter is overtaken.
    let output = run_of(&format!(
        r#"{BOOK}
        export const options = #{{ vus: 20, iterations: 40, hooks: #{{ sequence: "$.sequence" }} }};
        fn iteration() {{
            let inbox = hooks::inbox();
            let held = reserve(inbox.url);
            sleep("150ms");
            http::post(`${{global::BASE}}/api/v1/reservations/${{held.json("id")}}/cancel`);
            let first = inbox.wait("20s");
            let second = inbox.wait("20s");
            if first == () || second == () {{ return; }}
            let overtaken = first.json("sequence") > second.json("sequence");
            check(second.out_of_order == overtaken && !first.out_of_order, "known for what it is");
            if overtaken {{ metrics::counter("overtaken").add(1); }}
        }}
        "#
    ))
    .args(["--env", &format!("BASE_URL={base}")])
    .run();
    demo.interrupt();
    demo.wait();
    output.expect_code(0);
    assert!(output.count("webhook_out_of_order") > 0, "{output}");
    assert_eq!(
        output.count("webhook_out_of_order"),
        output.count("overtaken")
    );
}
