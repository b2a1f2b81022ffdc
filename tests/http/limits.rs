//! Caps: on the rate of requests, on the size of what is kept.

use serde_json::json;

use crate::support::journey::Journey;
use crate::support::server::HttpServer;

#[test]
fn rps_caps_the_requests_of_all_virtual_users_together() {
    let server = HttpServer::start();
    let ran = Journey::new("http::get(url + \"/hello\");")
        .at(&server)
        .options(
            r#"rps: 20, scenarios: #{ a: #{ executor: "shared-iterations", vus: 4, iterations: 13 } }"#,
        )
        .run();
    assert_eq!(server.traffic().request_count(), 13);
    // Thirteen slots, a twentieth of a second apart: the last one is 0.6 s after the first.
    let took = ran.output.expect_result()["run"]["duration_seconds"]
        .as_f64()
        .unwrap();
    assert!(took >= 0.6, "it took {took} s");
    let duration = &ran.metric("http_req_duration")["max"];
    let blocked = &ran.metric("http_req_blocked")["max"];
    assert!(
        blocked.as_f64() > duration.as_f64(),
        "waiting for a slot is no response time: blocked {blocked}, duration {duration}"
    );
}

#[test]
fn without_a_cap_nobody_waits_for_a_slot() {
    let server = HttpServer::start();
    let ran = Journey::new("http::get(url + \"/hello\"); http::get(url + \"/hello\");")
        .at(&server)
        .run();
    assert_eq!(ran.metric("http_req_blocked")["min"], json!(0.0));
}

#[test]
fn discarded_bodies_are_received_and_not_kept() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        let r = http::get(url + "/bytes/100000");
        seen.discarded = [r.status, r.size, r.body, r.json()];
        seen.kept = http::get(url + "/bytes/1000", #{ discard_body: false }).size;
        seen.chunked = http::get(url + "/chunked").size;
        "#,
    )
    .at(&server)
    .options("discard_bodies: true")
    .run();
    assert_eq!(
        ran.saw(),
        &json!({ "discarded": [200, 0, "", null], "kept": 1000, "chunked": 0 })
    );
    assert!(ran.count("data_received") > 101_000);
    assert_eq!(server.connections(), 1);
}

#[test]
fn one_body_can_be_discarded_alone() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"seen.sizes = [http::get(url + "/bytes/9", #{ discard_body: true }).size, http::get(url + "/bytes/9").size];"#,
    )
    .at(&server)
    .run();
    assert_eq!(ran.saw()["sizes"], json!([0, 9]));
}

#[test]
fn a_body_larger_than_allowed_is_an_error() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        let look = |path| { let r = http::get(url + path); [r.error_code, r.size] };
        seen.just = look.call("/bytes/1000");
        seen.over = look.call("/bytes/1001");
        seen.chunked = look.call("/chunked");
        seen.endless = look.call("/endless");
        seen.error = http::get(url + "/bytes/1001").error;
        "#,
    )
    .at(&server)
    .options("max_response_size: 1000")
    .run();
    assert_eq!(
        ran.saw(),
        &json!({
            "just": [0, 1000], "over": [1070, 0], "chunked": [0, 19], "endless": [1070, 0],
            "error": "the response body is larger than 1000 bytes; raise `max_response_size`, or set `discard_bodies: true`",
        })
    );
}
