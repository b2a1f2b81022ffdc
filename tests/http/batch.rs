//! Several requests at once.

use serde_json::json;

use crate::support::journey::Journey;
use crate::support::server::HttpServer;

#[test]
fn answers_come_in_the_order_of_the_requests() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        let all = http::batch([url + "/slow/200", url + "/hello", url + "/status/404"]);
        seen.statuses = all.map(|r| r.status);
        seen.first = all[0].text();
        "#,
    )
    .at(&server)
    .run();
    assert_eq!(ran.saw()["statuses"], json!([200, 200, 404]));
    assert_eq!(ran.saw()["first"], "slow\n");
}

/// Requests under way at the same time need a connection each, so connections tell how many there were.
#[test]
fn requests_of_a_batch_are_under_way_together() {
    let server = HttpServer::start();
    Journey::new("http::batch([0, 1, 2, 3, 4].map(|n| url + \"/slow/200\"));")
        .at(&server)
        .run();
    assert_eq!(server.traffic().request_count(), 5);
    assert_eq!(server.connections(), 5);
}

#[test]
fn batch_per_host_limits_what_one_host_gets_at_once() {
    let (one, other) = (HttpServer::start(), HttpServer::start());
    let ran = Journey::new(
        r#"
        let urls = [];
        for n in 0..4 { urls.push(url + "/slow/50"); urls.push(env("OTHER") + "/slow/50"); }
        seen.statuses = http::batch(urls).map(|r| r.status);
        "#,
    )
    .at(&one)
    .env("OTHER", &other.url(""))
    .options("batch_per_host: 2")
    .run();
    assert_eq!(ran.saw()["statuses"], serde_json::Value::from([200; 8]));
    assert_eq!((one.connections(), other.connections()), (2, 2));
}

#[test]
fn without_a_limit_of_its_own_a_host_gets_six_at_once() {
    let server = HttpServer::start();
    Journey::new(
        "let urls = []; for n in 0..10 { urls.push(url + \"/slow/100\"); } http::batch(urls);",
    )
    .at(&server)
    .run();
    assert_eq!(server.traffic().request_count(), 10);
    assert_eq!(server.connections(), 6);
}

#[test]
fn batch_limits_all_hosts_together() {
    let (one, other) = (HttpServer::start(), HttpServer::start());
    Journey::new(
        r#"
        let urls = [];
        for n in 0..3 { urls.push(url + "/slow/20"); urls.push(env("OTHER") + "/slow/20"); }
        http::batch(urls);
        "#,
    )
    .at(&one)
    .env("OTHER", &other.url(""))
    .options("batch: 1")
    .run();
    assert_eq!((one.connections(), other.connections()), (1, 1));
    assert_eq!(one.traffic().request_count(), 3);
}

#[test]
fn a_named_batch_gives_its_answers_by_name() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        let all = http::batch(#{ hello: url + "/hello", gone: ["GET", url + "/status/410"] });
        seen.hello = all.hello.text();
        seen.gone = all.gone.status;
        "#,
    )
    .at(&server)
    .run();
    assert_eq!(ran.saw(), &json!({ "hello": "hello\n", "gone": 410 }));
}

#[test]
fn an_entry_is_a_url_a_list_or_a_map() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        let all = http::batch([
            url + "/echo",
            ["PUT", url + "/echo", #{ a: 1 }, #{ headers: #{ "x-mark": "list" } }],
            #{ method: "PATCH", url: url + "/echo", body: "b", params: #{ headers: #{ "x-mark": "map" } } },
        ]);
        seen.methods = all.map(|r| r.json("method"));
        seen.bodies = all.map(|r| r.json("body"));
        seen.marks = all.map(|r| r.json("headers.x-mark"));
        "#,
    )
    .at(&server)
    .run();
    let saw = ran.saw();
    assert_eq!(saw["methods"], json!(["GET", "PUT", "PATCH"]));
    assert_eq!(saw["bodies"], json!(["", r#"{"a":1}"#, "b"]));
    assert_eq!(saw["marks"], json!([null, "list", "map"]));
}

#[test]
fn a_failed_request_does_not_spoil_the_others() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        let all = http::batch([url + "/reset", url + "/hello", url + "/half"]);
        seen.statuses = all.map(|r| r.status);
        seen.failed = all.map(|r| r.error != ());
        "#,
    )
    .at(&server)
    .run();
    assert_eq!(ran.saw()["statuses"], json!([0, 200, 0]));
    assert_eq!(ran.saw()["failed"], json!([true, false, true]));
}

#[test]
fn an_entry_that_is_wrong_is_a_script_error_and_nothing_is_sent() {
    let server = HttpServer::start();
    let cases = [
        ("[1]", "an entry of http::batch is a URL, a list or a map"),
        ("[[\"GET\"]]", "needs a method and a URL"),
        ("[#{ method: \"GET\" }]", "needs a `url`"),
        (
            "[[\"GET\", url, (), \"x\"]]",
            "must be a map such as #{ … }",
        ),
        ("[#{ url: url, params: 5 }]", "must be a map such as #{ … }"),
        ("[#{ url: url, metod: \"PUT\" }]", "did you mean `method`?"),
        (
            "[#{ url: url, headers: #{} }]",
            "it belongs into `params`: #{ url, params: #{ headers: … } }",
        ),
        (
            "[#{ url: url, x: 1 }]",
            "there are: url, method, body, params",
        ),
        ("[#{ url: 5 }]", "must be a text, not a whole number"),
        ("[[\"GET\", url, (), #{}, 1]]", "has at most four items"),
        ("[\"/hello\"]", "it has no scheme"),
    ];
    for (entries, message) in cases {
        let ran = Journey::new(&format!("http::batch({entries});"))
            .at(&server)
            .finish();
        ran.output.expect_code(2).expect_text(message);
    }
    assert_eq!(server.traffic().request_count(), 0);
}

#[test]
fn an_entry_with_a_delay_begins_after_the_others() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        let began = time::now();
        let answers = http::batch([#{ url: url + "/hello", delay: "300ms" }, url + "/status/404"]);
        seen.took = time::now() - began;
        seen.statuses = answers.map(|r| r.status);
        // The wait is not the response's.
        seen.duration = answers[0].timings.duration;
        try { http::batch([#{ url: url, delay: "soon" }]); } catch (why) { seen.why = `${why}`; }
        "#,
    )
    .at(&server)
    .run();
    let saw = ran.saw();
    assert_eq!(saw["statuses"], json!([200, 404]));
    let (took, duration) = (saw["took"].as_f64(), saw["duration"].as_f64());
    assert!(took.unwrap() >= 0.3, "{saw}");
    assert!(duration.unwrap() < 300.0, "{saw}");
    assert!(saw["why"].as_str().unwrap().contains("soon"), "{saw}");
}
