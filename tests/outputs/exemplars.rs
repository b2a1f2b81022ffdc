//! Exemplars: buckets of histograms lead to traces of requests that lie in them.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::Value;

use crate::outputs::server::{Prometheus, get, get_as};
use crate::outputs::tracing::parsed;
use crate::support::background::wait_until;
use crate::support::bin::Rhaid;
use crate::support::ports::free_port;
use crate::support::reading::run_of;
use crate::support::server::HttpServer;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0";

fn journey(server: &HttpServer, seconds: u32) -> Rhaid {
    run_of(
        r#"
        fn iteration(ctx) {
            http::get(env("TARGET") + "/json", #{ name: "fast" });
            http::get(env("TARGET") + "/slow/30", #{ name: "slow" });
            sleep(0.05);
        }
        "#,
    )
    .env("TARGET", server.url(""))
    .args(["--vus", "2", "--duration", &format!("{seconds}s")])
    .timeout(Duration::from_secs(120))
}

/// Flags of the traces that the target was told of, by trace and span.
fn told(server: &HttpServer) -> BTreeMap<(String, String), String> {
    let requests = server.requests();
    let told = requests.iter().map(|request| {
        let (trace, span, flags) = parsed(request);
        ((trace, span), flags)
    });
    told.collect()
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value}"))
        .to_owned()
}

/// Each leads to a request that was sampled.
fn expect_sampled(server: &HttpServer, exemplars: &[(Value, Value)]) {
    let told = told(server);
    assert!(
        told.values().any(|flags| flags == "00"),
        "not all are sampled"
    );
    for (series, exemplar) in exemplars {
        let labels = &exemplar["labels"];
        let key = (text(&labels["trace_id"]), text(&labels["span_id"]));
        assert_eq!(
            told.get(&key).map(String::as_str),
            Some("01"),
            "{series} {exemplar}"
        );
    }
}

#[test]
fn buckets_lead_to_requests_that_were_sampled() {
    let server = HttpServer::start();
    let target = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    let prometheus = Prometheus::reading_text(target);
    let running = journey(&server, 8)
        .args([
            "--trace-sample",
            "30%",
            "--out",
            &format!("prometheus={target}"),
        ])
        .spawn();
    wait_until("exemplars", Duration::from_secs(30), || {
        get(target, "/metrics").is_ok_and(|text| text.contains("# {trace_id="))
    });
    // One for a bucket, and none for who knows the older format alone.
    let page = get_as(target, "/metrics", OPEN_METRICS).unwrap();
    for line in page.lines().filter(|line| line.contains(" # {")) {
        assert!(line.contains("_bucket{le="), "{line}");
        assert_eq!(line.matches(" # {").count(), 1, "{line}");
    }
    let plain = get_as(target, "/metrics", "text/plain;version=0.0.4").unwrap();
    assert!(
        plain
            .to_lowercase()
            .contains("content-type: text/plain; version=0.0.4"),
        "{plain}"
    );
    assert!(
        plain.contains("rhaid_http_req_duration_seconds_bucket{"),
        "{plain}"
    );
    assert!(!plain.contains("trace_id"), "{plain}");
    running.wait().expect_code(0);

    let of = |name: &str| {
        prometheus.exemplars(&format!(
            "rhaid_http_req_duration_seconds_bucket{{name=\"{name}\"}}"
        ))
    };
    let (fast, slow) = (of("fast"), of("slow"));
    assert!(!fast.is_empty() && slow.len() >= 2, "{fast:?} {slow:?}");
    expect_sampled(&server, &fast);
    expect_sampled(&server, &slow);
    for (series, exemplar) in &slow {
        let value: f64 = text(&exemplar["value"]).parse().unwrap();
        let bound: f64 = text(&series["le"]).parse().unwrap();
        assert!(value >= 0.03 && value <= bound, "{series} {exemplar}");
    }
    // What Grafana asks for a panel of percentiles.
    let panel = "histogram_quantile(0.95, sum by (le, name) (rate(rhaid_http_req_duration_seconds_bucket[20s])))";
    assert_eq!(prometheus.exemplars(panel).len(), fast.len() + slow.len());
    // Its other times have them as well.
    assert!(
        !prometheus
            .exemplars("rhaid_http_req_waiting_seconds_bucket")
            .is_empty()
    );
}

#[test]
fn native_histograms_and_what_is_pushed_have_them_too() {
    let server = HttpServer::start();
    let target = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    let scraping = Prometheus::start(Some(target));
    let taking = Prometheus::start(None);
    let running = journey(&server, 8)
        .args([
            "--trace-sample",
            "30%",
            "--out",
            &format!("prometheus={target}"),
        ])
        .args([
            "--out",
            &format!("remote-write={}", taking.url("/api/v1/write")),
        ])
        .spawn();
    running.wait().expect_code(0);
    for (prometheus, series) in [
        (&scraping, "rhaid_http_req_duration_seconds"),
        (&taking, "rhaid_http_req_duration_seconds_bucket"),
    ] {
        let exemplars = prometheus.exemplars(series);
        assert!(!exemplars.is_empty(), "{series}");
        expect_sampled(&server, &exemplars);
    }
}

#[test]
fn a_run_that_is_not_traced_has_none() {
    let server = HttpServer::start();
    let target = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    let running = journey(&server, 3)
        .args(["--out", &format!("prometheus={target}")])
        .spawn();
    wait_until("the first second", Duration::from_secs(20), || {
        get(target, "/metrics").is_ok_and(|text| text.contains("rhaid_http_reqs_total"))
    });
    let page = get_as(target, "/metrics", OPEN_METRICS).unwrap();
    assert!(!page.contains(" # {"), "{page}");
    running.wait().expect_code(0);
}
