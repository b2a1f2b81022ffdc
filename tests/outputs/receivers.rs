//! Receivers of other kinds, played by the test.

use std::net::UdpSocket;
use std::time::Duration;

use crate::outputs::server::Receiver;
use crate::support::bin::Rhaid;
use crate::support::reading::{Reading, run_of};
use crate::support::server::HttpServer;

fn journey(url: &str) -> Rhaid {
    run_of(
        r#"
        fn iteration() {
            let answer = http::get(env("TARGET") + "/json", #{ name: "a b,c=d" });
            check(answer, #{ "there": |answer| answer.status == 200 });
            sleep(0.05);
        }
        "#,
    )
    .env("TARGET", url)
    .args(["--vus", "2", "--duration", "2s"])
}

#[test]
fn influxdb_gets_points_in_its_line_protocol() {
    let server = HttpServer::start();
    let receiver = Receiver::start(&[]);
    let output = journey(&server.url(""))
        .args(["--out", &format!("influxdb={}", receiver.url("/mydb"))])
        .env("RHAID_INFLUXDB_TOKEN", "t0ken")
        .run();
    output.expect_code(0);
    let got = receiver.got();
    assert!(
        got[0].line.starts_with("POST /write?db=mydb&precision=ms"),
        "{}",
        got[0].line
    );
    assert!(
        got[0].headers.contains("authorization: token t0ken"),
        "{}",
        got[0].headers
    );
    let text: String = got
        .iter()
        .map(|got| String::from_utf8(got.body.clone()).unwrap())
        .collect();
    let mut requests = 0.0;
    for line in text.lines().filter(|line| line.starts_with("http_reqs,")) {
        assert!(line.contains("name=a\\ b\\,c\\=d,"), "{line}");
        let value = line.split(" value=").nth(1).unwrap();
        let (value, at) = value.split_once(' ').unwrap();
        requests += value.parse::<f64>().unwrap();
        assert_eq!(at.len(), 13, "{line}");
    }
    assert_eq!(requests as u64, output.count("http_reqs"));
    assert!(text.contains("http_req_duration,"), "{text}");
}

#[test]
fn statsd_gets_counters_gauges_and_timers() {
    let server = HttpServer::start();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket
        .set_read_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    let address = socket.local_addr().unwrap();
    let output = journey(&server.url(""))
        .args(["--out", &format!("statsd={address}")])
        .run();
    output.expect_code(0);
    let mut buffer = vec![0; 65_536];
    let mut text = String::new();
    while let Ok(length) = socket.recv(&mut buffer) {
        assert!(length <= 1_432);
        text.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
        text.push('\n');
    }
    let sum = |name: &str| -> f64 {
        let lines = text.lines().filter_map(|line| line.strip_prefix(name));
        lines
            .map(|rest| rest.split('|').next().unwrap().parse::<f64>().unwrap())
            .sum()
    };
    let requests = output.count("http_reqs");
    assert_eq!(sum("rhaid.http_reqs:") as u64, requests);
    assert_eq!(sum("rhaid.checks.trues:") as u64, requests);
    // Each timer says how many values it stands for.
    let timers = text
        .lines()
        .filter(|line| line.starts_with("rhaid.http_req_duration:"));
    let stood_for: f64 = timers
        .map(|line| {
            let rate = line.split("|@").nth(1);
            rate.map_or(1.0, |rate| {
                1.0 / rate.split('|').next().unwrap().parse::<f64>().unwrap()
            })
        })
        .sum();
    assert_eq!(stood_for.round() as u64, requests);
    assert!(text.contains("|#"), "{text}");
}

#[test]
fn a_receiver_that_sends_on_elsewhere_has_not_taken_anything() {
    let server = HttpServer::start();
    let elsewhere = Receiver::start(&[]);
    let answer = format!(
        "302 Found\r\nLocation: {}",
        elsewhere.url("/login?key=s3cret")
    );
    let receiver = Receiver::start(&[answer.as_str(); 20]);
    let output = journey(&server.url(""))
        .args(["--out", &format!("influxdb={}", receiver.url("/mydb"))])
        .env("RHAID_INFLUXDB_HEADERS", "api-key: s3cret")
        .run();
    output
        .expect_code(0)
        .expect_text("answered 302 Found and leads to http://127.0.0.1:")
        .expect_text("did not get");
    assert!(!output.stderr.contains("s3cret"), "{output}");
    assert!(elsewhere.got().is_empty(), "{:?}", elsewhere.got());
}

#[test]
fn otlp_metrics_that_were_taken_before_are_tried_again_after_a_404() {
    let server = HttpServer::start();
    let receiver = Receiver::start(&["204 No Content", "204 No Content", "404 Not Found"]);
    let output = journey(&server.url(""))
        .args(["--out", &format!("otlp={}", receiver.url(""))])
        .run();
    output.expect_code(0);
    let pushes = receiver.got();
    let refused = pushes.iter().find(|got| got.answered.starts_with("404"));
    let refused = refused.unwrap_or_else(|| panic!("{pushes:?}"));
    let again = pushes.iter().filter(|got| got.body == refused.body).count();
    assert_eq!(again, 2, "{output}");
    assert!(!output.stderr.contains("did not get"), "{output}");
}
