//! Certificates: whom to trust, what to show.

use serde_json::json;

use crate::support::certs::CertKind;
use crate::support::journey::{Journey, Ran};
use crate::support::server::{HttpServer, Serving};
use crate::support::tls::{Alpn, TlsConfig, TlsServer};

fn get(server: &Serving, tls: &str) -> Ran {
    get_url(&server.url(""), tls)
}

fn get_url(url: &str, tls: &str) -> Ran {
    Journey::new(
        r#"let r = http::get(url + "/hello"); seen.status = r.status; seen.code = r.error_code; seen.error = r.error;"#,
    )
    .url(url)
    .options(&format!("tls: #{{ {tls} }}"))
    .run()
}

fn kind(kind: CertKind) -> TlsServer {
    TlsServer::start(TlsConfig {
        kind,
        ..TlsConfig::default()
    })
}

fn ca(server: &TlsServer) -> String {
    format!("ca: {:?}", server.ca_pem_path())
}

fn fine() -> serde_json::Value {
    json!({ "status": 200, "code": 0, "error": null })
}

#[test]
fn a_custom_authority_is_trusted() {
    let server = kind(CertKind::Good);
    assert_eq!(get(&server, &ca(&server)).saw(), &fine());
    assert_eq!(
        get_url(&server.url_by_name("localhost", ""), &ca(&server)).saw(),
        &fine()
    );
    let only = format!("only_ca: true, ca: [{:?}]", server.ca_pem_path());
    assert_eq!(get(&server, &only).saw(), &fine());
}

#[test]
fn an_unknown_authority_is_not_trusted() {
    let (server, other) = (kind(CertKind::Good), kind(CertKind::Good));
    let trust =
        "to accept it give its authority with `tls: #{ ca: \"file.pem\" }`, or `insecure: true`";
    let unknown =
        format!("the certificate of 127.0.0.1 is signed by an unknown authority; {trust}");
    // The authorities of the two servers differ in nothing but their keys.
    let double = format!(
        "the certificate of 127.0.0.1 names a trusted authority as its signer, but is signed by another of the same name; {trust}"
    );
    for (tls, error) in [(String::new(), unknown), (ca(&other), double)] {
        assert_eq!(
            get(&server, &tls).saw(),
            &json!({ "status": 0, "code": 1310, "error": error })
        );
    }
    assert_eq!(server.traffic().failed_handshakes(), 2);
    assert_eq!(server.traffic().request_count(), 0);
}

#[test]
fn a_bad_certificate_is_refused_with_what_is_wrong_with_it() {
    for (bad, code, error) in [
        (
            CertKind::Expired,
            1312,
            "the certificate of 127.0.0.1 has expired",
        ),
        (
            CertKind::WrongHost,
            1311,
            "the certificate is not valid for the name 127.0.0.1",
        ),
        (
            CertKind::SelfSigned,
            1310,
            "the certificate of 127.0.0.1 is signed by an unknown authority",
        ),
    ] {
        let server = kind(bad);
        let ran = get(&server, &ca(&server));
        assert_eq!(ran.saw()["code"], code, "{bad:?}");
        let said = ran.saw()["error"].as_str().unwrap();
        assert!(said.starts_with(error), "{bad:?}: {said}");
        assert_eq!(server.traffic().request_count(), 0);
    }
}

#[test]
fn insecure_accepts_every_certificate() {
    for bad in [
        CertKind::Good,
        CertKind::Expired,
        CertKind::WrongHost,
        CertKind::SelfSigned,
    ] {
        let server = kind(bad);
        assert_eq!(get(&server, "insecure: true").saw(), &fine(), "{bad:?}");
    }
}

#[test]
fn a_client_certificate_is_shown_to_a_server_that_wants_one() {
    for alpn in [Alpn::Http1, Alpn::Http2] {
        let server = TlsServer::start(TlsConfig {
            client_ca: true,
            alpn,
            ..TlsConfig::default()
        });
        let with = format!(
            "{}, cert: {:?}, key: {:?}",
            ca(&server),
            server.client_cert_path(),
            server.client_key_path()
        );
        assert_eq!(get(&server, &with).saw(), &fine(), "{alpn:?}");
        let error = "the server wants a client certificate; show one with \
                     `tls: #{ cert: \"client.pem\", key: \"client.key\" }`";
        assert_eq!(
            get(&server, &ca(&server)).saw(),
            &json!({ "status": 0, "code": 1300, "error": error }),
            "{alpn:?}"
        );
        assert_eq!(server.traffic().request_count(), 1);
    }
}

#[test]
fn tls_and_plain_http_do_not_understand_each_other_and_it_is_said() {
    let (plain, secure) = (HttpServer::start(), kind(CertKind::Good));
    let ran = get_url(&plain.url("").replace("http:", "https:"), "insecure: true");
    assert_eq!(ran.saw()["code"], 1300, "{}", ran.saw());
    let ran = get_url(&secure.url("").replace("https:", "http:"), "insecure: true");
    assert_ne!(ran.saw()["error"], json!(null));
    assert_eq!(ran.saw()["status"], 0);
}
