//! Compressed bodies.

use serde_json::json;

use crate::support::journey::Journey;
use crate::support::packed;
use crate::support::server::HttpServer;
use crate::support::tls::{TlsConfig, TlsServer};

#[test]
fn every_coding_is_undone() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        for path in ["/gzip", "/deflate", "/deflate?raw", "/brotli", "/zstd"] {
            let r = http::get(url + path, #{ headers: #{ "accept-encoding": "gzip, deflate, br, zstd" } });
            seen[path] = r.text() == env("TEXT");
        }
        "#,
    )
    .at(&server)
    .env("TEXT", &packed::text())
    .run();
    let saw = ran.saw().as_object().unwrap();
    assert_eq!(saw.len(), 5);
    for (path, same) in saw {
        assert_eq!(same, &json!(true), "{path}");
    }
    assert!(
        ran.count("data_received") < 5 * packed::text().len() as u64,
        "what travelled was smaller"
    );
}

#[test]
fn every_coding_is_undone_in_http2_too() {
    let server = TlsServer::start(TlsConfig::default());
    let ran = Journey::new(
        r#"seen.sizes = ["/gzip", "/deflate", "/brotli", "/zstd"].map(|path| http::get(url + path).size);"#,
    )
    .at(&server)
    .options("tls: #{ insecure: true }")
    .run();
    assert_eq!(
        ran.saw()["sizes"],
        serde_json::Value::from([packed::text().len(); 4])
    );
}

#[test]
fn a_body_that_unpacks_without_measure_is_cut_off() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        let r = http::get(url + "/gzip/bomb/100");
        seen.code = r.error_code; seen.error = r.error; seen.size = r.size;
        "#,
    )
    .at(&server)
    .options("max_response_size: \"1MB\"")
    .run();
    assert_eq!(
        ran.saw(),
        &json!({
            "code": 1070,
            "error": "the decompressed response body is larger than 1000000 bytes; raise `max_response_size`",
            "size": 0,
        })
    );
    let peak = ran.output.expect_result()["generator"]["peak_rss_bytes"]
        .as_u64()
        .unwrap();
    assert!(peak < 90 << 20, "{peak} bytes of memory were used");
}

#[test]
fn a_head_or_an_empty_body_has_nothing_to_unpack() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"let r = http::head(url + "/gzip"); seen.status = r.status; seen.error = r.error; seen.size = r.size;"#,
    )
    .at(&server)
    .run();
    assert_eq!(
        ran.saw(),
        &json!({ "status": 200, "error": null, "size": 0 })
    );
}
