//! What a request carries: text, JSON, forms, files, bytes.

use serde_json::{Value, json};

use crate::support::journey::Journey;
use crate::support::server::HttpServer;
use crate::support::traffic::SeenRequest;

/// Sends one request with the body that this expression gives, and looks at what arrived.
fn posted(body: &str) -> SeenRequest {
    let server = HttpServer::start();
    Journey::new(&format!("http::post(url + \"/echo\", {body});"))
        .at(&server)
        .file("upload/room.png", [0x89, b'P', b'N', b'G', 0, 255])
        .run();
    let mut requests = server.requests();
    assert_eq!(requests.len(), 1);
    requests.remove(0)
}

#[test]
fn a_map_becomes_json_with_its_content_type() {
    let seen =
        posted("#{ guest: \"Zoë\", nights: 2, rate: 80.5, vip: true, notes: (), beds: [1, 2] }");
    assert_eq!(seen.header("content-type"), Some("application/json"));
    let sent: Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!(
        sent,
        json!({ "guest": "Zoë", "nights": 2, "rate": 80.5, "vip": true, "notes": null, "beds": [1, 2] })
    );
    let length = seen.body.len().to_string();
    assert_eq!(seen.header("content-length"), Some(length.as_str()));
}

#[test]
fn a_list_becomes_json_too() {
    let seen = posted("[1, \"two\", #{ three: 3 }]");
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.text(), r#"[1,"two",{"three":3}]"#);
}

#[test]
fn a_text_is_sent_as_it_is() {
    let seen = posted("`{\"already\": \"encoded\"}`");
    assert_eq!(seen.text(), "{\"already\": \"encoded\"}");
    assert_eq!(seen.header("content-type"), None);
}

#[test]
fn bytes_are_sent_as_they_are() {
    let seen = posted("{ let all = blob(256); for n in 0..256 { all[n] = n; } all }");
    assert_eq!(seen.body, (0..=255).collect::<Vec<u8>>());
    assert_eq!(
        seen.header("content-type"),
        Some("application/octet-stream")
    );
}

#[test]
fn a_header_of_the_request_overrules_the_bodys_content_type() {
    let server = HttpServer::start();
    Journey::new(
        r#"http::post(url + "/echo", #{ a: 1 }, #{ headers: #{ "Content-Type": "application/vnd.rooms+json" } });"#,
    )
    .at(&server)
    .run();
    let seen = server.requests().remove(0);
    let types: Vec<&str> = seen.headers_named("content-type").collect();
    assert_eq!(types, ["application/vnd.rooms+json"]);
}

#[test]
fn a_form_is_encoded_as_a_browser_does() {
    let seen = posted("http::form(#{ user: \"a b&c\", city: \"Zürich\", nights: 2 })");
    assert_eq!(
        seen.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    let mut fields: Vec<(String, String)> = url::form_urlencoded::parse(&seen.body)
        .into_owned()
        .collect();
    fields.sort();
    let expected =
        [("city", "Zürich"), ("nights", "2"), ("user", "a b&c")].map(|(k, v)| (k.into(), v.into()));
    assert_eq!(fields, expected);
}

#[test]
fn multipart_carries_fields_files_and_bytes() {
    let seen = posted(
        r#"http::multipart(#{
            note: "two\nlines",
            photo: http::file("upload/room.png"),
            list: http::file("id;price", "rooms.csv", "text/csv"),
        })"#,
    );
    let kind = seen.header("content-type").unwrap();
    let boundary = kind
        .strip_prefix("multipart/form-data; boundary=")
        .unwrap_or_else(|| panic!("{kind}"));
    let part = |head: &str, body: &[u8]| {
        let mut part = format!("--{boundary}\r\n{head}\r\n\r\n").into_bytes();
        part.extend_from_slice(body);
        part.extend_from_slice(b"\r\n");
        part
    };
    let parts = [
        part(
            "Content-Disposition: form-data; name=\"note\"",
            b"two\nlines",
        ),
        part(
            "Content-Disposition: form-data; name=\"photo\"; filename=\"room.png\"\r\nContent-Type: image/png",
            &[0x89, b'P', b'N', b'G', 0, 255],
        ),
        part(
            "Content-Disposition: form-data; name=\"list\"; filename=\"rooms.csv\"\r\nContent-Type: text/csv",
            b"id;price",
        ),
    ];
    for part in &parts {
        let found = seen.body.windows(part.len()).any(|window| window == part);
        assert!(
            found,
            "{}\n-- not in\n{}",
            String::from_utf8_lossy(part),
            seen.text()
        );
    }
    let end = format!("--{boundary}--\r\n");
    assert!(seen.body.ends_with(end.as_bytes()));
    let total: usize = parts.iter().map(Vec::len).sum::<usize>() + end.len();
    assert_eq!(seen.body.len(), total, "nothing else is in it");
}

#[test]
fn a_file_is_a_body_of_its_own() {
    let seen = posted("http::file(\"upload/room.png\")");
    assert_eq!(seen.header("content-type"), Some("image/png"));
    assert_eq!(seen.body, [0x89, b'P', b'N', b'G', 0, 255]);
}

#[test]
fn a_body_larger_than_every_buffer_arrives_whole() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        let block = "0123456789abcdef";
        for n in 0..17 { block += block; }
        let r = http::post(url + "/status/200", block);
        seen.status = r.status;
        seen.sent = block.len;
        "#,
    )
    .at(&server)
    .run();
    assert_eq!(ran.saw()["sent"], 2 << 20);
    let body = server.requests().remove(0).body;
    assert_eq!(body.len(), 2 << 20);
    assert!(body.chunks(16).all(|block| block == b"0123456789abcdef"));
}

#[test]
fn what_may_carry_a_body_says_that_it_has_none_and_the_others_stay_silent() {
    let server = HttpServer::start();
    Journey::new("http::post(url + \"/echo\"); http::get(url + \"/echo\");")
        .at(&server)
        .run();
    let requests = server.requests();
    assert_eq!(requests[0].header("content-length"), Some("0"));
    assert_eq!(requests[1].header("content-length"), None);
}

#[test]
fn a_server_that_answers_before_it_has_read_the_body_is_heard() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        let block = "x";
        for n in 0..23 { block += block; }
        let r = http::post(url + "/early?status=413", block);
        seen.status = r.status;
        seen.text = r.text();
        "#,
    )
    .at(&server)
    .run();
    assert_eq!(ran.saw(), &json!({ "status": 413, "text": "early\n" }));
}

/// Recorded journeys have it in their headers.
#[test]
fn a_length_that_is_right_is_said_once() {
    let server = HttpServer::start();
    Journey::new(
        r#"
        http::post(url, "body", #{ headers: #{ "Content-Length": 4 } });
        http::post(url, "body", #{ headers: #{ "content-length": ["4", "4"] } });
        "#,
    )
    .at(&server)
    .run();
    for seen in server.requests() {
        assert_eq!(seen.headers_named("content-length").count(), 1);
        assert_eq!(seen.text(), "body");
    }
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn what_cannot_be_a_body_is_a_script_error_and_nothing_is_sent() {
    let server = HttpServer::start();
    let cases = [
        (
            "http::post(url, #{ f: |x| x });",
            "this body cannot be sent: a function cannot be written as JSON (at `f`)",
        ),
        (
            "http::post(url, #{ rate: 0.0 / 0.0 });",
            "this body cannot be sent: the number NaN cannot be written as JSON (at `rate`)",
        ),
        (
            "http::post(url, http::file(\"upload/missing.png\"));",
            "cannot read `upload/missing.png`",
        ),
        (
            "http::post(url, http::file(\"../script.rhai\"));",
            "`../script.rhai` lies outside `",
        ),
        (
            "http::post(url, http::file(\"/etc/hostname\"));",
            "`/etc/hostname` lies outside `",
        ),
    ];
    for (call, message) in cases {
        let ran = Journey::new(call).at(&server).finish();
        ran.output.expect_code(2).expect_text(message);
    }
    assert_eq!(server.traffic().request_count(), 0);
}
