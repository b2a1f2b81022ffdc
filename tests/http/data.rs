//! `data_sent` and `data_received`, to the byte, against a relay that counts.

use crate::support::h2::H2Server;
use crate::support::journey::Journey;
use crate::support::proxy::HttpProxy;
use crate::support::relay::Relay;
use crate::support::server::HttpServer;
use crate::support::socks::SocksProxy;
use crate::support::tls::{Alpn, TlsConfig, TlsServer};

/// A bit of everything: bodies both ways, redirects, failures, a batch.
const MIXED: &str = r#"
    http::get(url + "/hello");
    http::post(url + "/echo", #{ a: 1 });
    http::get(url + "/bytes/100000");
    http::get(url + "/redirect/2");
    http::get(url + "/gzip");
    http::get(url + "/chunked");
    http::head(url + "/hello");
    http::get(url + "/status/404");
    http::batch([url + "/hello", url + "/bytes/5000", url + "/hello"]);
    http::get(url + "/half");
    http::get(url + "/hello");
"#;

/// Runs a journey and compares its counters with what crossed the relay.
fn assert_exact(relay: &Relay, journey: Journey) {
    let ran = journey.run();
    let counted = (ran.count("data_sent"), ran.count("data_received"));
    assert_eq!(counted, relay.bytes(), "{}", ran.output);
    assert!(counted.0 > 0 && counted.1 > 0);
}

#[test]
fn every_byte_of_plain_http_is_counted() {
    let server = HttpServer::start();
    let relay = Relay::before(&server);
    let journey = Journey::new(MIXED)
        .at(&relay)
        .options(r#"scenarios: #{ a: #{ executor: "per-vu-iterations", vus: 3, iterations: 2 } }"#);
    assert_exact(&relay, journey);
    let relay = Relay::before(&server);
    let without_reuse = Journey::new(MIXED)
        .at(&relay)
        .options("connection_reuse: false");
    assert_exact(&relay, without_reuse);
}

#[test]
fn every_byte_of_tls_is_counted_as_it_crosses_the_wire() {
    let server = TlsServer::start(TlsConfig {
        alpn: Alpn::Http1,
        ..TlsConfig::default()
    });
    let relay = Relay::before(&server);
    let journey = Journey::new(MIXED)
        .at(&relay)
        .options("tls: #{ insecure: true }");
    assert_exact(&relay, journey);
}

#[test]
fn a_handshake_that_fails_is_traffic_too() {
    let server = TlsServer::start(TlsConfig::default());
    let relay = Relay::before(&server);
    assert_exact(
        &relay,
        Journey::new("http::get(url + \"/hello\");").at(&relay),
    );
}

#[test]
fn what_is_said_to_a_proxy_is_counted() {
    let (server, secure) = (
        HttpServer::start(),
        TlsServer::start(TlsConfig {
            alpn: Alpn::Http1,
            ..TlsConfig::default()
        }),
    );
    let (http, socks) = (HttpProxy::start(), SocksProxy::start());
    for target in [&*server, &*secure] {
        for proxy in [Relay::before(&http), Relay::before(&socks)] {
            let journey =
                Journey::new("http::get(url + \"/hello\"); http::get(url + \"/bytes/3000\");")
                    .at(target)
                    .options(&format!(
                        "tls: #{{ insecure: true }}, proxy: {:?}",
                        proxy.url("")
                    ));
            assert_exact(&proxy, journey);
        }
    }
}

#[test]
fn a_request_that_is_given_up_counts_what_it_moved() {
    let server = HttpServer::start();
    let relay = Relay::before(&server);
    let journey = Journey::new("http::get(url + \"/stall/body\");")
        .at(&relay)
        .options("timeout: 0.3");
    assert_exact(&relay, journey);
}

/// The closing words of a connection belong to no request, so they are not in any request's count.
#[test]
fn http2_is_counted_up_to_its_farewell() {
    const FAREWELL: u64 = 17; // one GOAWAY each way
    let server = H2Server::start();
    let relay = Relay::before(&server);
    let ran = Journey::new(
        r#"
        http::get(url + "/hello");
        http::post(url + "/echo", #{ a: 1 });
        http::get(url + "/bytes/100000");
        http::batch([url + "/hello", url + "/bytes/5000", url + "/hello"]);
        http::get(url + "/hello");
        sleep(0.1);
        http::get(url + "/hello");
        "#,
    )
    .at(&relay)
    .options("http2: \"prior-knowledge\"")
    .run();
    let (sent, received) = relay.bytes();
    for (crossed, counted) in [
        (sent, ran.count("data_sent")),
        (received, ran.count("data_received")),
    ] {
        assert!(counted <= crossed, "{counted} counted, {crossed} crossed");
        assert!(
            crossed - counted <= FAREWELL,
            "{counted} counted, {crossed} crossed"
        );
    }
}
