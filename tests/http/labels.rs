//! How requests present and label themselves: user agent, headers, name, tags, what counts as success.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::journey::{Journey, Ran};
use crate::support::server::HttpServer;

fn agents(server: &HttpServer) -> Vec<Option<String>> {
    server
        .requests()
        .iter()
        .map(|seen| seen.header("user-agent").map(str::to_owned))
        .collect()
}

#[test]
fn the_user_agent_is_rhaid_unless_told_otherwise() {
    let server = HttpServer::start();
    let all = r#"
        http::get(url + "/echo");
        http::post(url + "/echo", "");
        http::get(url + "/echo", #{ headers: #{ "User-Agent": "own/2" } });
    "#;
    let agent = |name: &str| Some(name.to_owned());
    let ours = concat!("rhaid/", env!("CARGO_PKG_VERSION"));
    Journey::new(all).at(&server).run();
    assert_eq!(agents(&server), [agent(ours), agent(ours), agent("own/2")]);
    Journey::new(all)
        .at(&server)
        .options("user_agent: \"hotel-bot/1.0\"")
        .run();
    assert_eq!(
        agents(&server)[3..],
        [
            agent("hotel-bot/1.0"),
            agent("hotel-bot/1.0"),
            agent("own/2")
        ]
    );
    Journey::new(all)
        .at(&server)
        .options("user_agent: \"\"")
        .run();
    assert_eq!(agents(&server)[6..], [None, None, agent("own/2")]);
}

#[test]
fn headers_of_the_run_go_with_every_request_that_does_not_set_them() {
    let server = HttpServer::start();
    Journey::new(
        r#"
        http::get(url + "/echo");
        http::post(url + "/echo", "", #{ headers: #{ "X-Api-Key": "own", "x-list": ["a", "b"] } });
        "#,
    )
    .at(&server)
    .options("headers: #{ \"x-api-key\": \"k1\", accept: \"application/json\" }")
    .run();
    let requests = server.requests();
    let values = |at: usize, name: &str| -> Vec<String> {
        requests[at]
            .headers_named(name)
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(values(0, "x-api-key"), ["k1"]);
    assert_eq!(values(0, "accept"), ["application/json"]);
    assert_eq!(values(1, "x-api-key"), ["own"]);
    assert_eq!(values(1, "x-list"), ["a", "b"]);
}

fn failed(ran: &Ran) -> (u64, u64) {
    let metric = ran.metric("http_req_failed");
    (
        metric["passes"].as_u64().unwrap(),
        metric["total"].as_u64().unwrap(),
    )
}

#[test]
fn expected_statuses_say_what_counts_as_success() {
    let server = HttpServer::start();
    let statuses = r#"
        seen.codes = [200, 302, 404, 500].map(|status| {
            let r = http::get(url + "/status/" + status, params);
            [r.ok, r.error_code]
        });
    "#;
    let usual = Journey::new(&format!("let params = #{{}}; {statuses}"))
        .at(&server)
        .run();
    assert_eq!(failed(&usual), (2, 4));
    assert_eq!(
        usual.saw()["codes"],
        json!([[true, 0], [true, 0], [false, 1404], [false, 1500]])
    );
    let run = Journey::new(&format!("let params = #{{}}; {statuses}"))
        .at(&server)
        .options("expected_statuses: [\"2xx\", 404]")
        .run();
    assert_eq!(failed(&run), (2, 4));
    let request = Journey::new(&format!(
        "let params = #{{ expected_statuses: [\"400-499\", 500] }}; {statuses}"
    ))
    .at(&server)
    .options("expected_statuses: \"2xx\"")
    .run();
    assert_eq!(failed(&request), (2, 4));
    let codes = &request.saw()["codes"];
    assert_eq!(
        codes[2],
        json!([true, 0]),
        "an expected 404 is fine: {codes}"
    );
    assert_eq!(codes[3], json!([true, 0]));
    assert_eq!(
        codes[0],
        json!([false, 1000]),
        "an unexpected 200 is not: {codes}"
    );
}

/// The values of one tag over all series of a metric, with the number of samples.
fn by_tag(ran: &Ran, metric: &str, tag: &str) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for series in ran.series(metric) {
        let value = series["tags"][tag].as_str().unwrap_or("-").to_owned();
        let count = series["values"]["count"].as_f64().unwrap();
        *counts.entry(value).or_default() += count as u64;
    }
    counts
}

fn counts<const N: usize>(pairs: [(&str, u64); N]) -> BTreeMap<String, u64> {
    pairs.map(|(name, count)| (name.to_owned(), count)).into()
}

#[test]
fn a_request_is_named_by_its_url_without_the_query_or_as_it_says() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        for n in 0..5 { http::get(url + "/hello?n=" + n); }
        for n in 0..3 { http::get(url + "/status/20" + n, #{ name: "status" }); }
        http::post(url + "/echo", "", #{ name: "status" });
        "#,
    )
    .at(&server)
    .run();
    let plain = server.url("/hello");
    let names = by_tag(&ran, "http_reqs", "name");
    assert_eq!(names, counts([(&plain, 5), ("status", 4)]));
    let rows: Vec<Value> = ran.output.expect_result()["endpoints"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| json!([row["name"], row["method"], row["requests"]]))
        .collect();
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert!(rows.contains(&json!(["status", "GET", 3])), "{rows:?}");
    assert!(rows.contains(&json!(["status", "POST", 1])), "{rows:?}");
}

#[test]
fn samples_are_tagged_by_request_scenario_and_run() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        http::get(url + "/hello", #{ tags: #{ kind: "fast", "floor": 2 } });
        group("booking", || http::get(url + "/status/404"));
        "#,
    )
    .at(&server)
    .options(
        r#"tags: #{ team: "qa" },
           scenarios: #{ guests: #{ executor: "shared-iterations", tags: #{ tier: "gold" } } }"#,
    )
    .run();
    for (tag, expected) in [
        ("kind", counts([("fast", 1), ("-", 1)])),
        ("floor", counts([("2", 1), ("-", 1)])),
        ("team", counts([("qa", 2)])),
        ("tier", counts([("gold", 2)])),
        ("scenario", counts([("guests", 2)])),
        ("group", counts([("::booking", 1), ("-", 1)])),
        ("method", counts([("GET", 2)])),
        ("status", counts([("200", 1), ("404", 1)])),
        ("proto", counts([("HTTP/1.1", 2)])),
        ("expected_response", counts([("true", 1), ("false", 1)])),
        ("error_code", counts([("1404", 1), ("-", 1)])),
    ] {
        assert_eq!(by_tag(&ran, "http_reqs", tag), expected, "{tag}");
        assert_eq!(by_tag(&ran, "http_req_duration", tag), expected, "{tag}");
    }
}

#[test]
fn a_tag_called_name_names_the_request_unless_it_has_a_name() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        http::get(url + "/hello", #{ tags: #{ name: "greeting", kind: "fast" } });
        http::get(url + "/hello", #{ name: "own", tags: #{ name: "other" } });
        "#,
    )
    .at(&server)
    .run();
    let expected = counts([("greeting", 1), ("own", 1)]);
    assert_eq!(by_tag(&ran, "http_reqs", "name"), expected);
    let kinds = counts([("fast", 1), ("-", 1)]);
    assert_eq!(by_tag(&ran, "http_reqs", "kind"), kinds);
}

#[test]
fn an_objective_judges_the_requests_that_its_selector_names() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        http::get(url + "/hello", #{ name: "fine", tags: #{ kind: "read" } });
        http::get(url + "/status/500", #{ name: "broken", tags: #{ kind: "write" } });
        "#,
    )
    .at(&server)
    .options(
        r#"slos: #{
            "http_req_failed{name:fine}": "rate < 1%",
            "http_req_failed{kind:write}": #{ target: "rate < 1%", priority: "P2" },
        }"#,
    )
    .finish();
    ran.output.expect_code(1);
    let slos = ran.output.expect_result()["slos"].as_array().unwrap();
    let mut statuses: Vec<Value> = slos
        .iter()
        .map(|slo| json!([slo["metric"], slo["status"]]))
        .collect();
    statuses.sort_by_key(Value::to_string);
    assert_eq!(
        statuses,
        [
            json!(["http_req_failed{kind:write}", "FAIL"]),
            json!(["http_req_failed{name:fine}", "PASS"])
        ]
    );
}

#[test]
fn a_request_names_one_host() {
    let server = HttpServer::start();
    Journey::new(
        r#"http::get(url + "/hello", #{ headers: #{ host: ["a.example", "b.example"] } });"#,
    )
    .at(&server)
    .run();
    let seen = server.requests().pop().unwrap();
    let hosts: Vec<&str> = seen.headers_named("host").collect();
    assert_eq!(hosts, ["b.example"]);
}
