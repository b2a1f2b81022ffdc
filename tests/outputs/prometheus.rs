//! `--out prometheus=…`, scraped by the real Prometheus.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::outputs::server::{Prometheus, get};
use crate::support::background::wait_until;
use crate::support::bin::Rhaid;
use crate::support::ports::free_port;
use crate::support::reading::{Reading, run_of};
use crate::support::server::HttpServer;

/// A script whose requests take between some and forty milliseconds.
fn journey(url: &str, seconds: u32) -> Rhaid {
    run_of(
        r#"
        const DURATION = env("SECONDS") + "s";
        export const options = #{
            scenarios: #{ guests: #{ executor: "constant-vus", vus: 4, duration: DURATION, exec: "visit" } },
            slos: #{ http_req_duration: [#{ target: "p(95) < 800ms", priority: "P0", name: "fast \"enough\"" }] },
        };
        fn visit(ctx) {
            let answer = http::get(env("TARGET") + "/json", #{ name: "a \"quoted\"\nname\\" });
            check(answer, #{ "it is there": |answer| answer.status == 200 });
            let basket = metrics::trend("basket");
            basket.add(ctx.iteration % 10 + 1);
            sleep(0.05);
        }
        "#,
    )
    .env("TARGET", url)
    .env("SECONDS", seconds.to_string())
    .timeout(Duration::from_secs(90))
}

#[test]
fn prometheus_scrapes_what_the_run_measures_and_quantiles_come_out_right() {
    let server = HttpServer::start();
    let target = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    let prometheus = Prometheus::start(Some(target));
    let running = journey(&server.url(""), 12)
        .args(["--out", &format!("prometheus={target}")])
        .spawn();
    wait_until("the run to be scraped", Duration::from_secs(30), || {
        prometheus
            .query("rhaid_http_reqs_total")
            .first()
            .is_some_and(|row| row.1 > 100.0)
    });
    let row = prometheus.query("rhaid_http_reqs_total").remove(0);
    assert_eq!(row.0["name"], "a \"quoted\"\nname\\");
    assert_eq!(row.0["scenario"], "guests");
    assert_eq!(prometheus.value("sum(rhaid_vus)"), 4.0);
    let slo = prometheus.query("rhaid_slo_status").remove(0);
    assert_eq!((&slo.0["slo"], slo.1), (&"fast \"enough\"".into(), 0.0));
    assert_eq!(prometheus.value("count(rhaid_run_info)"), 1.0);
    let output = running.wait();
    output.expect_code(0);
    // The end was scraped as well: it was waited for.
    let requests = prometheus.value("max_over_time(rhaid_http_reqs_total[1m])");
    assert_eq!(requests as u64, output.count("http_reqs"));
    let checks = prometheus.value("max_over_time(rhaid_checks_total{result=\"true\"}[1m])");
    assert_eq!(checks as u64, output.count("http_reqs"));
    // Native histograms, for this Prometheus asks for them: at most two hundredths wrong.
    for quantile in [0.5, 0.95] {
        let told = prometheus.last(&format!(
            "histogram_quantile({quantile}, rhaid_http_req_duration_seconds)"
        ));
        let name = if quantile == 0.5 { "med" } else { "p95" };
        let exact = output.metric("http_req_duration")[name].as_f64().unwrap() / 1e3;
        assert!(
            (told / exact - 1.0).abs() < 0.05,
            "{quantile}: {told} for {exact}"
        );
    }
}

#[test]
fn the_text_is_open_metrics_and_another_path_is_not_there() {
    let server = HttpServer::start();
    let target = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    let running = journey(&server.url(""), 3)
        .args(["--out", &format!("prometheus={target}")])
        .spawn();
    wait_until("the first second", Duration::from_secs(20), || {
        get(target, "/metrics").is_ok_and(|text| text.contains("rhaid_checks_total"))
    });
    let text = get(target, "/metrics").unwrap();
    assert!(text.contains("application/openmetrics-text"), "{text}");
    assert!(text.ends_with("# EOF\n"), "{text}");
    // An objective's bound is the bound of a bucket.
    assert!(
        text.contains("rhaid_http_req_duration_seconds_bucket{le=\"0.8\","),
        "{text}"
    );
    assert!(
        text.contains("name=\"a \\\"quoted\\\"\\nname\\\\\""),
        "{text}"
    );
    assert!(get(target, "/other").unwrap().starts_with("HTTP/1.0 404"));
    running.wait().expect_code(0);
}

/// Who opens connections and says nothing takes no more than the places that there are, and none for ever.
#[test]
fn more_connections_than_there_are_places_for_are_turned_away() {
    let server = HttpServer::start();
    let target = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    let running = journey(&server.url(""), 5)
        .args(["--out", &format!("prometheus={target}")])
        .spawn();
    wait_until("it listens", Duration::from_secs(20), || {
        get(target, "/metrics").is_ok()
    });
    let silent: Vec<_> = (0..32)
        .map(|_| TcpStream::connect(target).unwrap())
        .collect();
    wait_until("it is full", Duration::from_secs(10), || {
        get(target, "/metrics").is_ok_and(|text| text.contains(" 503 "))
    });
    drop(silent);
    wait_until("there is room again", Duration::from_secs(20), || {
        get(target, "/metrics").is_ok_and(|text| text.contains("rhaid_run_info"))
    });
    running.wait().expect_code(0);
}

#[test]
fn names_are_those_of_k6_when_asked_for() {
    let server = HttpServer::start();
    let target = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    let running = journey(&server.url(""), 3)
        .args([
            "--out",
            &format!("prometheus={target}"),
            "--prometheus-names",
            "k6",
        ])
        .spawn();
    wait_until("the first second", Duration::from_secs(20), || {
        get(target, "/metrics").is_ok_and(|text| text.contains("k6_vus"))
    });
    let text = get(target, "/metrics").unwrap();
    for name in [
        "k6_http_reqs_total{",
        "k6_http_req_duration_p95{",
        "k6_checks_rate{",
        "k6_data_sent_total{",
        "k6_http_req_duration_seconds_bucket{",
    ] {
        assert!(text.contains(name), "{name}: {text}");
    }
    running.wait().expect_code(0);
}

#[test]
fn alerts_name_objectives_as_the_run_does() {
    let file = "[slos]\nhttp_req_duration = [{ target = \"avg < 300ms\", over = \"30s\" }]\n";
    let rules = Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .file("slo.toml", file)
        .args(["slo", "rules", "--slo", "slo.toml", "--windows", "run"])
        .run();
    rules.expect_code(0);
    let (_, rest) = rules.stdout.split_once("rhaid_slo_status{").unwrap();
    let (label, _) = rest.split_once('}').unwrap();

    let server = HttpServer::start();
    let target = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    let running = journey(&server.url(""), 3)
        .file("slo.toml", file)
        .args(["--slo", "slo.toml"])
        .args(["--out", &format!("prometheus={target}")])
        .spawn();
    wait_until("the first second", Duration::from_secs(20), || {
        get(target, "/metrics").is_ok_and(|text| text.contains("rhaid_slo_status{"))
    });
    let text = get(target, "/metrics").unwrap();
    let told = text
        .lines()
        .any(|line| line.starts_with("rhaid_slo_status{") && line.contains(label));
    assert!(told, "{label} is not in {text}");
    running.wait();
}
