//! `std/webhook`: deliveries whose signatures are over the bytes that were sent, and those that must be refused.

use std::collections::BTreeSet;

use ring::hmac;
use serde_json::{Value, json};

use crate::support::journey::Journey;
use crate::support::server::HttpServer;
use crate::support::traffic::SeenRequest;

const HEAD: &str = r#"
import "std/webhook" as webhook;
const HOOK = env("BASE_URL", "") + "/api/v1/webhooks/whatsapp";
"#;

fn hooked(body: &str) -> Journey {
    Journey::new(body).functions(HEAD)
}

/// A signature as a receiver would compute it.
fn signature(secret: &str, data: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, data);
    tag.as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap().as_secs()
}

#[track_caller]
fn header<'a>(request: &'a SeenRequest, name: &str) -> &'a str {
    request.header(name).unwrap_or_else(|| panic!("no {name}"))
}

fn json_of(request: &SeenRequest) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

#[test]
fn the_signatures_are_those_that_receivers_compute() {
    let server = HttpServer::start();
    hooked(
        r#"
        let s = "It's a Secret to Everybody";
        webhook::send(url + "/echo", webhook::hmac(s, "Hello, World!", "X-Signature"));
        webhook::send(url + "/echo", webhook::whatsapp(s, webhook::whatsapp_message("4915112345678", "Grüße 👋")));
        webhook::send(url + "/echo", webhook::github(s, "push", webhook::github_push("acme/hotel", "main")));
        webhook::send(url + "/echo", webhook::stripe(s, webhook::stripe_event("charge.succeeded", #{ amount: 100 })));
        webhook::send(url + "/echo", webhook::stripe(s, "{}", "10m"));
        webhook::send(url + "/echo", webhook::slack(s, webhook::slack_message("U1", "Hello")));
        webhook::send(url + "/echo", webhook::slack(s, "{}", "1h"), #{ headers: #{ "X-Trace": "7" } });
        "#,
    )
    .at(&server)
    .run();
    let secret = "It's a Secret to Everybody";
    let requests = server.requests();
    assert_eq!(requests.len(), 7);
    for request in &requests {
        assert_eq!(request.method, "POST");
        assert_eq!(header(request, "content-type"), "application/json");
    }
    // The example of GitHub's documentation.
    assert_eq!(
        header(&requests[0], "x-signature"),
        "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    );
    for request in &requests[1..=2] {
        let expected = format!("sha256={}", signature(secret, &request.body));
        assert_eq!(header(request, "x-hub-signature-256"), expected);
    }
    let message = &json_of(&requests[1])["entry"][0]["changes"][0]["value"]["messages"][0];
    assert_eq!(message["text"], json!({ "body": "Grüße 👋" }));
    assert_eq!(message["from"], "4915112345678");
    assert_eq!(header(&requests[2], "x-github-event"), "push");
    assert_eq!(header(&requests[2], "x-github-delivery").len(), 36);
    assert_eq!(json_of(&requests[2])["ref"], "refs/heads/main");

    for (request, age) in [(&requests[3], 0), (&requests[4], 600)] {
        let sent = header(request, "stripe-signature");
        let (time, tag) = sent.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
        let signed = [time.as_bytes(), b".", &request.body].concat();
        assert_eq!(tag, signature(secret, &signed));
        let off = now() - age - time.parse::<u64>().unwrap();
        assert!(off < 60, "{off} s off");
    }
    assert_eq!(
        json_of(&requests[3])["data"]["object"],
        json!({ "amount": 100 })
    );
    for (request, age) in [(&requests[5], 0), (&requests[6], 3600)] {
        let time = header(request, "x-slack-request-timestamp");
        let signed = [b"v0:", time.as_bytes(), b":", &request.body].concat();
        let expected = format!("v0={}", signature(secret, &signed));
        assert_eq!(header(request, "x-slack-signature"), expected);
        let off = now() - age - time.parse::<u64>().unwrap();
        assert!(off < 60, "{off} s off");
    }
    assert_eq!(json_of(&requests[5])["event"]["text"], "Hello");
    assert_eq!(header(&requests[6], "x-trace"), "7");
}

#[test]
fn a_receiver_that_verifies_takes_the_right_ones_and_refuses_the_wrong_ones() {
    let ran = hooked(
        r#"
        let delivery = webhook::whatsapp("demo-secret", webhook::whatsapp_message("4915112345678", "Hello"));
        seen.accepted = webhook::accepted(global::HOOK, delivery).json("messages");
        seen.forged = webhook::refused(global::HOOK, webhook::forged(delivery)).status;
        seen.unsigned = webhook::refused(global::HOOK, webhook::unsigned(delivery)).status;
        seen.tampered = webhook::refused(global::HOOK, webhook::tampered(delivery)).status;
        // The delivery itself is still as it was.
        seen.again = webhook::accepted(global::HOOK, delivery).status;
        let read = webhook::whatsapp_status("wamid.1", "4915112345678", "read");
        seen.read = webhook::accepted(global::HOOK, webhook::whatsapp("demo-secret", read)).status;
        "#,
    )
    .args(["--demo"])
    .run();
    assert_eq!(
        ran.saw(),
        &json!({ "accepted": 1, "forged": 401, "unsigned": 401, "tampered": 401, "again": 200, "read": 200 })
    );
    assert_eq!(ran.metric("checks")["passes"], 6);
    assert_eq!(ran.metric("checks")["total"], 6);
    // What must be refused and is, has not failed.
    assert_eq!(ran.metric("http_req_failed")["passes"], 0);
}

#[test]
fn a_delivery_is_repeated_byte_by_byte_one_after_the_other_or_at_once() {
    let server = HttpServer::start();
    let ran = hooked(
        r#"
        let delivery = webhook::github("s", "push", webhook::github_push("acme/hotel", "main"));
        seen.replayed = webhook::replay(url + "/echo", delivery, 3).len;
        seen.duplicated = webhook::duplicates(url + "/slow/50", delivery, 4).len;
        "#,
    )
    .at(&server)
    .run();
    assert_eq!(ran.saw(), &json!({ "replayed": 3, "duplicated": 4 }));
    assert_eq!(ran.metric("checks")["passes"], 7);
    let requests = server.requests();
    let distinct: BTreeSet<(Vec<u8>, &str, &str)> = requests
        .iter()
        .map(|request| {
            (
                request.body.clone(),
                header(request, "x-github-delivery"),
                header(request, "x-hub-signature-256"),
            )
        })
        .collect();
    assert_eq!((requests.len(), distinct.len()), (7, 1));
    let connections: BTreeSet<usize> = requests[3..].iter().map(|r| r.conn_id.0).collect();
    assert_eq!(connections.len(), 4, "they were sent at once");
}
