//! Requests through HTTP and SOCKS5 proxies.

use serde_json::json;

use crate::support::journey::Journey;
use crate::support::ports::refused_addr;
use crate::support::proxy::HttpProxy;
use crate::support::server::HttpServer;
use crate::support::socks::SocksProxy;
use crate::support::tls::{TlsConfig, TlsServer};

const GET: &str = "let r = http::get(url + \"/hello\"); seen.text = r.text(); seen.error = r.error; seen.code = r.error_code; seen.status = r.status;";

fn through(proxy: &str) -> String {
    format!("proxy: {proxy:?}, tls: #{{ insecure: true }}")
}

fn hello() -> serde_json::Value {
    json!({ "text": "hello\n", "error": null, "code": 0, "status": 200 })
}

#[test]
fn plain_http_is_passed_on_by_an_http_proxy() {
    let (server, proxy) = (HttpServer::start(), HttpProxy::start());
    let ran = Journey::new(GET)
        .at(&server)
        .options(&through(&proxy.url("")))
        .run();
    assert_eq!(ran.saw(), &hello());
    assert_eq!((proxy.forwarded(), proxy.tunnels()), (1, 0));
    let seen = server.requests().remove(0);
    assert_eq!(seen.header("via"), Some("1.1 test-proxy"));
    assert_eq!(
        seen.header("host"),
        Some(server.addr().to_string().as_str())
    );
}

#[test]
fn https_goes_through_a_tunnel_that_is_kept() {
    let (server, proxy) = (TlsServer::start(TlsConfig::default()), HttpProxy::start());
    let ran = Journey::new(&format!("http::get(url + \"/hello\"); {GET}"))
        .at(&server)
        .options(&through(&proxy.url("")))
        .run();
    assert_eq!(ran.saw(), &hello());
    assert_eq!((proxy.forwarded(), proxy.tunnels()), (0, 1));
    assert_eq!(proxy.targets(), [server.addr().to_string()]);
    assert_eq!(server.traffic().request_count(), 2);
}

#[test]
fn the_proxys_credentials_are_for_the_proxy_alone() {
    let (plain, secure) = (HttpServer::start(), TlsServer::start(TlsConfig::default()));
    let proxy = HttpProxy::start_with_auth("gate", "k33per");
    let url = proxy.url("").replace("//", "//gate:k33per@");
    for (server, count) in [(&*plain, 1), (&*secure, 2)] {
        let ran = Journey::new(GET).at(server).options(&through(&url)).run();
        assert_eq!(ran.saw(), &hello());
        assert_eq!(proxy.uses(), count);
        assert_eq!(
            server.requests()[0].header("proxy-authorization"),
            None,
            "the target learns nothing of it"
        );
    }
    assert_eq!(proxy.refused(), 0);
}

#[test]
fn a_proxy_that_refuses_is_named() {
    let (plain, secure) = (HttpServer::start(), TlsServer::start(TlsConfig::default()));
    let proxy = HttpProxy::start_with_auth("gate", "k33per");
    let ran = Journey::new(GET)
        .at(&plain)
        .options(&through(&proxy.url("")))
        .run();
    assert_eq!(ran.saw()["status"], 407);
    let ran = Journey::new(GET)
        .at(&secure)
        .options(&through(&proxy.url("")))
        .run();
    assert_eq!(ran.saw()["code"], 1230);
    let addr = proxy.addr();
    let error = ran.saw()["error"].as_str().unwrap();
    assert!(
        error.starts_with(&format!(
            "the proxy {addr} refused the tunnel to {}: 407",
            secure.addr()
        )),
        "{error}"
    );
    assert_eq!(proxy.refused(), 2);
}

#[test]
fn socks5_carries_http_and_https() {
    let (plain, secure) = (HttpServer::start(), TlsServer::start(TlsConfig::default()));
    let proxy = SocksProxy::start();
    for server in [&*plain, &*secure] {
        let ran = Journey::new(GET)
            .at(server)
            .options(&through(&proxy.url("")))
            .run();
        assert_eq!(ran.saw(), &hello());
    }
    assert_eq!(
        proxy.targets(),
        [plain.addr().to_string(), secure.addr().to_string()]
    );
}

#[test]
fn socks5_leaves_looking_up_names_to_the_proxy() {
    let (server, proxy) = (HttpServer::start(), SocksProxy::start());
    let ran = Journey::new(GET)
        .url(&server.url_by_name("localhost", ""))
        .options(&through(&proxy.url("")))
        .run();
    assert_eq!(ran.saw(), &hello());
    assert_eq!(
        proxy.targets(),
        [format!("localhost:{}", server.addr().port())]
    );
}

#[test]
fn socks5_takes_a_user_and_refuses_strangers() {
    let server = HttpServer::start();
    let proxy = SocksProxy::start_with_auth("gate", "k33per");
    let url = proxy.url("").replace("//", "//gate:k33per@");
    let ran = Journey::new(GET).at(&server).options(&through(&url)).run();
    assert_eq!(ran.saw(), &hello());
    let ran = Journey::new(GET)
        .at(&server)
        .options(&through(&proxy.url("")))
        .run();
    assert_eq!(ran.saw()["code"], 1230);
    let error = ran.saw()["error"].as_str().unwrap();
    assert!(
        error.starts_with(&format!("the proxy {} refused: ", proxy.addr())),
        "{error}"
    );
    assert_eq!(server.traffic().request_count(), 1);
}

#[test]
fn a_proxy_that_is_not_there_is_a_failed_request() {
    let server = HttpServer::start();
    let refused = refused_addr();
    let ran = Journey::new(GET)
        .at(&server)
        .options(&through(&format!("http://{refused}")))
        .run();
    assert_eq!(ran.saw()["code"], 1212);
    assert_eq!(server.connections(), 0);
}

#[test]
fn the_environments_proxy_is_used_except_for_this_machine_and_what_no_proxy_names() {
    let (server, proxy) = (HttpServer::start(), HttpProxy::start());
    let ran = Journey::new(
        r#"
        seen.local = http::get(url + "/hello").status;
        seen.far = http::get("http://shop.invalid/").status;
        seen.excepted = http::get("http://a.intern.invalid/").error_code;
        "#,
    )
    .at(&server)
    .env("HTTP_PROXY", &proxy.url(""))
    .env("NO_PROXY", "intern.invalid")
    .run();
    assert_eq!(
        ran.saw(),
        &json!({ "local": 200, "far": 502, "excepted": 1101 })
    );
    assert_eq!(proxy.targets(), ["shop.invalid:80"]);
}

#[test]
fn the_environments_proxy_can_be_ignored() {
    let proxy = HttpProxy::start();
    let ran = Journey::new("seen.code = http::get(\"http://shop.invalid/\").error_code;")
        .env("HTTP_PROXY", &proxy.url(""))
        .options("proxy: \"off\"")
        .run();
    assert_eq!(ran.saw()["code"], 1101);
    assert_eq!(proxy.connections(), 0);
}
