//! Which addresses requests go to and come from, and which they must not reach.

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::journey::Journey;
use crate::support::server::HttpServer;
use crate::support::tls::{TlsConfig, TlsServer};

const GET: &str = "let r = http::get(url); seen.status = r.status; seen.code = r.error_code; seen.error = r.error; seen.ip = r.remote_ip;";

#[test]
fn hosts_gives_a_name_an_address_of_its_own() {
    let server = HttpServer::start();
    let port = server.addr().port();
    let name_and_port = format!("\"shop.invalid\": \"127.0.0.1:{port}\"");
    let name = "\"shop.invalid\": \"127.0.0.1\"".to_owned();
    let pair = format!("\"shop.invalid:{port}\": \"127.0.0.1\", \"shop.invalid\": \"127.0.0.9\"");
    for (url, hosts) in [
        ("http://shop.invalid/hello".to_owned(), name_and_port),
        (format!("http://SHOP.invalid:{port}/hello"), name),
        (format!("http://shop.invalid:{port}/hello"), pair),
    ] {
        let ran = Journey::new(GET)
            .url(&url)
            .options(&format!("hosts: #{{ {hosts} }}"))
            .run();
        assert_eq!(ran.saw()["status"], 200, "{hosts}: {}", ran.saw());
        assert_eq!(ran.saw()["ip"], "127.0.0.1");
        let host = server.requests().pop().unwrap();
        let host = host.header("host").unwrap();
        assert!(host.starts_with("shop.invalid"), "{host}");
    }
}

#[test]
fn a_certificate_is_checked_for_the_name_and_not_for_the_address() {
    let server = TlsServer::start(TlsConfig::default());
    let options = |name: &str| {
        format!(
            "hosts: #{{ \"{name}\": \"{}\" }}, tls: #{{ ca: {:?} }}",
            server.addr(),
            server.ca_pem_path()
        )
    };
    let ran = Journey::new(GET)
        .url("https://localhost/hello")
        .options(&options("localhost"))
        .run();
    assert_eq!(ran.saw()["status"], 200, "{}", ran.saw());
    let ran = Journey::new(GET)
        .url("https://shop.invalid/hello")
        .options(&options("shop.invalid"))
        .run();
    assert_eq!(ran.saw()["code"], 1311, "{}", ran.saw());
}

#[test]
fn local_ips_are_dealt_out_to_virtual_users() {
    let server = HttpServer::start();
    Journey::new("for n in 0..3 { http::get(url + \"/hello\"); }")
        .at(&server)
        .options(
            r#"local_ips: "127.0.0.21-127.0.0.23",
               scenarios: #{ a: #{ executor: "per-vu-iterations", vus: 6, iterations: 1 } }"#,
        )
        .run();
    let requests = server.requests();
    assert_eq!(requests.len(), 18);
    let sources: BTreeSet<String> = requests
        .iter()
        .map(|seen| seen.remote_addr.ip().to_string())
        .collect();
    let all = ["127.0.0.21", "127.0.0.22", "127.0.0.23"].map(str::to_owned);
    assert_eq!(sources, BTreeSet::from(all));
    for connection in 1..=6 {
        let ips: BTreeSet<_> = requests
            .iter()
            .filter(|seen| seen.conn_id.0 == connection)
            .map(|seen| seen.remote_addr.ip())
            .collect();
        assert_eq!(ips.len(), 1);
    }
}

#[test]
fn a_source_address_that_this_machine_has_not_is_a_failed_request_that_says_so() {
    let server = HttpServer::start();
    let ran = Journey::new(GET)
        .url(&server.url("/hello"))
        .options("local_ips: \"192.0.2.7\"")
        .run();
    assert_eq!(ran.saw()["code"], 1210);
    let error = ran.saw()["error"].as_str().unwrap();
    assert!(
        error.contains("192.0.2.7") && error.contains("`local_ips`"),
        "{error}"
    );
}

#[test]
fn blocked_hosts_are_not_reached() {
    let server = HttpServer::start();
    let by_name = server.url_by_name("localhost", "/hello");
    for (url, blocked, code, error) in [
        (
            server.url("/hello"),
            "127.0.0.1",
            1111,
            "`127.0.0.1` is blocked by `blocked_hosts` (127.0.0.1)",
        ),
        (
            server.url("/hello"),
            "127.0.0.0/8",
            1111,
            "`127.0.0.1` is blocked by `blocked_hosts` (127.0.0.0/8)",
        ),
        (
            by_name.clone(),
            "127.0.0.0/8",
            1110,
            "`127.0.0.1` is blocked by `blocked_hosts` (127.0.0.0/8)",
        ),
        (
            by_name.clone(),
            "LOCALHOST",
            1111,
            "`localhost` is blocked by `blocked_hosts` (LOCALHOST)",
        ),
        (
            by_name.clone(),
            "127.0.0.1",
            1110,
            "`127.0.0.1` is blocked by `blocked_hosts` (127.0.0.1)",
        ),
        (
            "http://a.intern.invalid/".to_owned(),
            "*.intern.invalid",
            1111,
            "`a.intern.invalid` is blocked by `blocked_hosts` (*.intern.invalid)",
        ),
    ] {
        let ran = Journey::new(GET)
            .url(&url)
            .options(&format!("blocked_hosts: [\"{blocked}\"]"))
            .run();
        assert_eq!(ran.saw()["code"], code, "{blocked}: {}", ran.saw());
        assert_eq!(ran.saw()["error"], error);
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn with_allowed_hosts_nothing_else_is_reached() {
    let server = HttpServer::start();
    let options = "allowed_hosts: [\"127.0.0.1\", \"*.example.com\"]";
    let allowed = Journey::new(GET)
        .url(&server.url("/hello"))
        .options(options)
        .run();
    assert_eq!(allowed.saw()["status"], 200);
    let refused = Journey::new(GET)
        .url(&server.url_by_name("localhost", "/hello"))
        .options(options)
        .run();
    assert_eq!(refused.saw()["code"], 1111);
    assert_eq!(
        refused.saw()["error"],
        "`localhost` is not in `allowed_hosts` (127.0.0.1, *.example.com)"
    );
    assert_eq!(server.traffic().request_count(), 1);
}

#[test]
fn a_redirect_does_not_lead_around_the_rules() {
    let server = HttpServer::start();
    let to = server.url_by_name("localhost", "/hello");
    let ran = Journey::new(
        "let r = http::get(url + \"/redirect/to?url=\" + env(\"TO\")); seen.code = r.error_code;",
    )
    .at(&server)
    .env("TO", &to)
    .options("allowed_hosts: \"127.0.0.1\"")
    .run();
    assert_eq!(ran.saw(), &json!({ "code": 1111 }));
    assert_eq!(server.traffic().request_count(), 1);
}
