//! The phases of a request, each measured where it happens and only there.

use serde_json::Value;

use crate::support::h2::H2Server;
use crate::support::journey::{Journey, Ran};
use crate::support::ports::Blackhole;
use crate::support::server::HttpServer;
use crate::support::tls::{TlsConfig, TlsServer};

const PHASES: [&str; 7] = [
    "blocked",
    "looking_up",
    "connecting",
    "tls_handshaking",
    "sending",
    "waiting",
    "receiving",
];

fn ms(timings: &Value, phase: &str) -> f64 {
    timings[phase]
        .as_f64()
        .unwrap_or_else(|| panic!("no {phase} in {timings}"))
}

/// What must hold of every request's phases.
fn assert_plausible(timings: &Value) {
    for phase in PHASES {
        assert!(ms(timings, phase) >= 0.0, "{phase}: {timings}");
    }
    let parts = ms(timings, "sending") + ms(timings, "waiting") + ms(timings, "receiving");
    assert!((ms(timings, "duration") - parts).abs() < 1e-6, "{timings}");
    let opening =
        ms(timings, "looking_up") + ms(timings, "connecting") + ms(timings, "tls_handshaking");
    assert!(ms(timings, "blocked") >= opening - 1e-6, "{timings}");
}

/// The metric of a phase has exactly what the requests' timings say.
fn assert_recorded(ran: &Ran, timings: &[&Value]) {
    for phase in PHASES.into_iter().chain(["duration"]) {
        let metric = ran.metric(&format!("http_req_{phase}"));
        assert_eq!(metric["count"], timings.len(), "{phase}");
        for (statistic, of_timings) in [
            (
                "max",
                timings.iter().map(|t| ms(t, phase)).fold(0.0, f64::max),
            ),
            (
                "min",
                timings
                    .iter()
                    .map(|t| ms(t, phase))
                    .fold(f64::INFINITY, f64::min),
            ),
        ] {
            let recorded = metric[statistic].as_f64().unwrap();
            // The histogram keeps values to about a thousandth.
            assert!(
                (recorded - of_timings).abs() <= 0.002 * of_timings + 1e-6,
                "{phase} {statistic}: recorded {recorded}, measured {of_timings}"
            );
        }
    }
}

#[test]
fn opening_a_secure_connection_by_name_takes_time_in_every_phase() {
    let server = TlsServer::start(TlsConfig::default());
    let ran = Journey::new(
        r#"
        seen.first = http::get(url + "/slow/30").timings;
        seen.second = http::get(url + "/slow/30").timings;
        "#,
    )
    .url(&server.url_by_name("localhost", ""))
    .options("tls: #{ insecure: true }")
    .run();
    let (first, second) = (&ran.saw()["first"], &ran.saw()["second"]);
    for phase in ["looking_up", "connecting", "tls_handshaking", "sending"] {
        assert!(ms(first, phase) > 0.0, "{phase}: {first}");
    }
    for phase in ["looking_up", "connecting", "tls_handshaking"] {
        assert_eq!(ms(second, phase), 0.0, "{phase}: {second}");
    }
    for timings in [first, second] {
        assert_plausible(timings);
        assert!(ms(timings, "waiting") >= 29.0, "{timings}");
    }
    assert_recorded(&ran, &[first, second]);
}

#[test]
fn an_address_is_not_looked_up_and_plain_http_has_no_handshake() {
    let server = HttpServer::start();
    let ran = Journey::new(r#"seen.only = http::get(url + "/hello").timings;"#)
        .at(&server)
        .run();
    let only = &ran.saw()["only"];
    assert_plausible(only);
    assert!(ms(only, "connecting") > 0.0, "{only}");
    assert_eq!(ms(only, "looking_up"), 0.0);
    assert_eq!(ms(only, "tls_handshaking"), 0.0);
    assert_recorded(&ran, &[only]);
}

#[test]
fn waiting_ends_with_the_first_byte_and_receiving_with_the_last() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        seen.slow = http::get(url + "/slow/300").timings;
        seen.drip = http::get(url + "/drip/8/50").timings;
        "#,
    )
    .at(&server)
    .run();
    let (slow, drip) = (&ran.saw()["slow"], &ran.saw()["drip"]);
    assert_plausible(slow);
    assert_plausible(drip);
    assert!(ms(slow, "waiting") >= 299.0, "{slow}");
    assert!(ms(slow, "receiving") < ms(slow, "waiting"), "{slow}");
    assert!(ms(drip, "receiving") >= 120.0, "{drip}");
    assert!(ms(drip, "waiting") < ms(drip, "receiving"), "{drip}");
}

#[test]
fn http2_has_the_same_phases() {
    let server = H2Server::start();
    let ran = Journey::new(
        r#"
        seen.first = http::get(url + "/slow/50").timings;
        seen.second = http::get(url + "/bytes/100000").timings;
        "#,
    )
    .at(&server)
    .options("http2: \"prior-knowledge\"")
    .run();
    let (first, second) = (&ran.saw()["first"], &ran.saw()["second"]);
    assert_plausible(first);
    assert_plausible(second);
    assert!(ms(first, "connecting") > 0.0, "{first}");
    assert!(ms(first, "waiting") >= 49.0, "{first}");
    assert_eq!(ms(second, "connecting"), 0.0);
    assert!(ms(second, "duration") > 0.0, "{second}");
    assert_recorded(&ran, &[first, second]);
}

#[test]
fn a_request_that_never_connected_spent_its_time_connecting() {
    let deaf = Blackhole::start();
    let ran = Journey::new(r#"seen.only = http::get(url).timings;"#)
        .url(&deaf.url("/"))
        .options("timeout: 0.2")
        .run();
    let only = &ran.saw()["only"];
    assert!(ms(only, "connecting") >= 190.0, "{only}");
    assert!(ms(only, "blocked") >= 190.0, "{only}");
    assert_eq!(ms(only, "duration"), 0.0, "nothing was asked: {only}");
}

#[test]
fn in_a_closed_model_the_corrected_response_time_is_the_response_time() {
    let server = HttpServer::start();
    let ran = Journey::new("for n in 0..3 { http::get(url + \"/slow/20\"); }")
        .at(&server)
        .run();
    let (corrected, plain) = (
        ran.metric("http_req_corrected"),
        ran.metric("http_req_duration"),
    );
    for statistic in ["count", "min", "max", "avg"] {
        assert_eq!(corrected[statistic], plain[statistic], "{statistic}");
    }
}
