//! Reading, steering, the stream of events, the OpenAPI document.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::dashboard::{SOON, Shown};
use crate::support::bin::Rhaid;

#[test]
fn a_run_is_looked_at_steered_and_stopped_through_the_api() {
    let shown = Shown::start(&["--ui-listen", "127.0.0.1:0"]);
    shown.wait_until_it_runs();
    let client = &shown.client;
    let get = |path: &str| {
        let answer = client.get(&format!("/api/v1/{path}"));
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        answer.json()
    };
    // The tables come with the next second.
    wait("there are rows", || {
        get("endpoints")["rows"]
            .as_array()
            .is_some_and(|rows| rows.len() >= 3)
    });
    assert!(
        get("metrics")["rows"]
            .as_array()
            .is_some_and(|rows| rows.iter().any(|row| row["name"] == "http_req_duration"))
    );
    assert_eq!(get("slos")["rows"].as_array().map(Vec::len), Some(2));
    let breach = get("slos")["rows"][1]["breach"]["state"].clone();
    assert_eq!(
        breach, "past",
        "a third of the requests of one scenario fail"
    );
    assert!(!get("checks")["rows"].as_array().unwrap().is_empty());
    assert!(!get("errors")["rows"].as_array().unwrap().is_empty());
    assert!(get("logs")["rows"].to_string().contains("said by a script"));
    wait("there is a second", || {
        get("series")["covered_seconds"].as_u64() > Some(0)
    });
    assert_eq!(client.get("/api/v1/result").status, 409);

    // Users up and down; more than its most are refused.
    let control = |name: &str| get(&format!("scenarios/{name}"))["control"].clone();
    for vus in [5, 6, 0, 3] {
        let body = format!("{{\"vus\":{vus}}}");
        assert_eq!(
            client
                .change("PATCH", "/api/v1/scenarios/steered", &body)
                .status,
            200
        );
        wait("it is told", || control("steered")["vus"] == vus);
    }
    wait("users have come", || get("scenarios/steered")["vus"] == 3);
    let planned = client.change("PATCH", "/api/v1/scenarios/planned", r#"{"vus":3}"#);
    assert_eq!(planned.status, 409, "{}", planned.body);
    // A rate up and down, of the one that has a rate.
    let change = |name: &str, body: &str| {
        let path = format!("/api/v1/scenarios/{name}");
        client.change("PATCH", &path, body)
    };
    assert_eq!(control("paced")["rate"], 5.0);
    assert_eq!(change("paced", r#"{"rate":60}"#).status, 200);
    wait("iterations come at the rate", || {
        get("scenarios/paced")["rate"].as_f64() > Some(40.0)
    });
    assert_eq!(change("paced", r#"{"rate":0}"#).status, 200);
    wait("none comes", || get("scenarios/paced")["rate"] == 0.0);
    for (name, body, status, told) in [
        ("paced", r#"{"vus":3}"#, 409, "change `rate`"),
        ("steered", r#"{"rate":3}"#, 409, "change `vus`"),
        ("steered", r#"{"vus":7}"#, 409, "6 virtual users at most"),
        ("paced", r#"{"rate":-1}"#, 400, "from 0 to a million"),
        ("paced", r#"{"rate":1e9}"#, 400, "from 0 to a million"),
    ] {
        let answer = change(name, body);
        assert_eq!(answer.status, status, "{body}");
        assert!(answer.body.contains(told), "{}", answer.body);
    }

    let unknown = client.change("PATCH", "/api/v1/scenarios/stered", r#"{"vus":3}"#);
    assert_eq!(unknown.status, 404);
    assert!(
        unknown.body.contains("did you mean `steered`?"),
        "{}",
        unknown.body
    );

    // Pause and resume.
    assert_eq!(
        client
            .change("PATCH", "/api/v1/status", r#"{"paused":true}"#)
            .status,
        200
    );
    shown.wait("it is paused", |status| status["paused"] == true);
    std::thread::sleep(Duration::from_millis(1_500));
    let before = get("status")["iterations"].as_u64().unwrap();
    std::thread::sleep(Duration::from_millis(2_500));
    assert_eq!(get("status")["iterations"].as_u64(), Some(before));
    assert_eq!(
        client
            .change("PATCH", "/api/v1/status", r#"{"paused":false}"#)
            .status,
        200
    );
    shown.wait("it goes on", |status| {
        status["iterations"].as_u64() > Some(before)
    });

    // A fault, by its name.
    let fault = "/api/v1/faults/slow%20%3Cb%3Ehotel%3C%2Fb%3E";
    assert_eq!(
        client.change("POST", &format!("{fault}/undo"), "{}").status,
        409
    );
    let injected = client.change("POST", &format!("{fault}/inject"), "{}");
    assert_eq!(injected.status, 200, "{}", injected.body);
    wait("it is at work", || {
        get("faults")["rows"][0]["active"] == true
    });
    assert_eq!(
        client.change("POST", &format!("{fault}/undo"), "{}").status,
        200
    );
    wait("it is undone", || {
        get("faults")["rows"][0]["active"] == false
    });
    wait("its time is known", || {
        get("faults")["bands"][0]["until"].is_number()
    });
    assert_eq!(
        client
            .change("POST", "/api/v1/faults/slwo/inject", "{}")
            .status,
        404
    );

    // What is no change.
    for (body, status) in [
        ("{", 400),
        (r#"{"vus":-1}"#, 400),
        (r#"{"vuss":1}"#, 400),
        ("{}", 400),
    ] {
        assert_eq!(
            client
                .change("PATCH", "/api/v1/scenarios/steered", body)
                .status,
            status,
            "{body}"
        );
    }
    assert_eq!(
        client
            .change("PATCH", "/api/v1/status", r#"{"stopped":false}"#)
            .status,
        400
    );
    assert_eq!(client.change("DELETE", "/api/v1/status", "").status, 405);
    assert_eq!(client.get("/api/v1/statu").status, 404);
    assert_eq!(
        client
            .change("PATCH", "/api/v1/status", &" ".repeat(100_000))
            .status,
        413
    );

    // Whoever listens hears of the end, and can fetch the result while the process ends.
    let mut events = client.events();
    let (kind, snapshot) = events.next().unwrap();
    assert_eq!(kind, "snapshot");
    assert!(snapshot["series"]["columns"].is_array() && snapshot["tables"]["endpoints"].is_array());
    let (kind, tick) = events.next().unwrap();
    assert_eq!(kind, "tick");
    assert_eq!(
        tick["row"].as_array().map(Vec::len),
        snapshot["series"]["columns"].as_array().map(Vec::len)
    );
    assert_eq!(
        client
            .change("PATCH", "/api/v1/status", r#"{"stopped":true}"#)
            .status,
        200
    );
    let last =
        std::iter::from_fn(|| events.next()).find(|(_, told)| told["status"]["over"] == true);
    let (_, last) = last.unwrap();
    assert_eq!(last["status"]["verdict"]["status"], "interrupted");
    let result = client.get("/api/v1/result");
    assert_eq!(result.json()["run"]["id"], last["status"]["run"]);
    drop(events);
    let output = shown.run.wait();
    output.expect_code(130);
    let said = &output.stderr;
    assert!(
        said.contains("at the dashboard: paused") && said.contains("at the dashboard: stopping"),
        "{said}"
    );
    let result: &Value = output.expect_result();
    let notes = result["run"]["notes"].to_string();
    assert!(notes.contains("paused by hand"), "{notes}");
}

#[track_caller]
fn wait(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < SOON, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn the_openapi_document_makes_a_script() {
    let shown = Shown::start(&["--ui-listen", "127.0.0.1:0"]);
    let document = shown.client.get("/api/v1/openapi.json").body;
    let converted = Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .file("openapi.json", &document)
        .args([
            "convert",
            "openapi",
            "openapi.json",
            "--out",
            "journey.rhai",
        ])
        .run();
    converted.expect_code(0);
    let status = shown
        .client
        .change("PATCH", "/api/v1/status", r#"{"stopped":true,"now":true}"#);
    assert_eq!(status.status, 200, "{}", status.body);
    shown.run.wait().expect_code(130);
}

#[test]
fn a_page_that_does_not_keep_up_loses_messages_and_then_gets_all_of_it() {
    let shown = Shown::start(&["--ui-listen", "127.0.0.1:0"]);
    shown.wait_until_it_runs();
    // Far more open pages than read; the run and the API go on.
    let idle: Vec<_> = (0..50).map(|_| shown.client.events()).collect();
    let before = shown.client.get("/api/v1/status").json()["iterations"].as_u64();
    shown.wait("the run goes on", |status| {
        status["iterations"].as_u64() > before
    });
    drop(idle);
    shown
        .client
        .change("PATCH", "/api/v1/status", r#"{"stopped":true,"now":true}"#);
    shown.run.wait().expect_code(130);
}

#[test]
fn a_script_that_is_written_meanwhile_is_shown_and_steered_too() {
    let run = Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .file("journey.rhai", "fn iteration() { sleep(0.01); }")
        .args(["dev", "journey.rhai", "--plain", "--every", "0"])
        .args(["--ui-listen", "127.0.0.1:0"])
        .timeout(Duration::from_secs(120))
        .spawn();
    let shown = Shown::of(run);
    shown.wait_until_it_runs();
    let change = |path: &str, body: &str| {
        let answer = shown.client.change("PATCH", path, body);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    };
    change("/api/v1/scenarios/default", r#"{"vus":4}"#);
    shown.wait("users have come", |status| status["vus"] == 4);
    change("/api/v1/status", r#"{"paused":true}"#);
    shown.wait("it is paused", |status| status["paused"] == true);
    change("/api/v1/status", r#"{"paused":false}"#);
    shown.wait("it goes on", |status| status["paused"] == false);
    change("/api/v1/status", r#"{"stopped":true}"#);
    shown.run.wait().expect_code(0);
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for() {
    let shown = Shown::start(&["--ui-listen", "127.0.0.1:0"]);
    let mut stream = TcpStream::connect(&shown.client.address).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    write!(
        stream,
        "PATCH /api/v1/status HTTP/1.1\r\nhost: {}\r\ncontent-length: 100\r\n\r\n{{",
        shown.client.address
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("did not come within"), "{answer}");
}
