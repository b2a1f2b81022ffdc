//! Every method, with what its function takes.

use crate::support::journey::Journey;
use crate::support::server::HttpServer;

fn methods(server: &HttpServer) -> Vec<String> {
    let requests = server.requests();
    requests.into_iter().map(|seen| seen.method).collect()
}

#[test]
fn every_verb_arrives_as_itself() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        let all = [
            http::get(url + "/echo"), http::head(url + "/echo"), http::options(url + "/echo"),
            http::delete(url + "/echo"), http::post(url + "/echo"), http::post(url + "/echo", "a"),
            http::put(url + "/echo", "b"), http::patch(url + "/echo", "c"),
            http::request("REPORT", url + "/echo"), http::request("purge", url + "/echo", "d"),
        ];
        seen.statuses = all.map(|r| r.status);
        seen.methods = all.map(|r| r.method);
        "#,
    )
    .at(&server)
    .run();
    let verbs = [
        "GET", "HEAD", "OPTIONS", "DELETE", "POST", "POST", "PUT", "PATCH", "REPORT", "PURGE",
    ];
    assert_eq!(methods(&server), verbs);
    assert_eq!(ran.saw()["methods"], serde_json::json!(verbs));
    assert_eq!(ran.saw()["statuses"], serde_json::Value::from([200; 10]));
    let bodies: Vec<String> = server.requests().iter().map(|seen| seen.text()).collect();
    assert_eq!(bodies, ["", "", "", "", "", "a", "b", "c", "", "d"]);
}

#[test]
fn every_verb_takes_parameters() {
    let server = HttpServer::start();
    Journey::new(
        r#"
        let params = #{ headers: #{ "x-mark": "yes" } };
        http::get(url + "/echo", params);
        http::head(url + "/echo", params);
        http::options(url + "/echo", params);
        http::delete(url + "/echo", (), params);
        http::post(url + "/echo", "a", params);
        http::put(url + "/echo", "b", params);
        http::patch(url + "/echo", "c", params);
        http::request("REPORT", url + "/echo", "d", params);
        "#,
    )
    .at(&server)
    .run();
    let marks: Vec<Option<String>> = server
        .requests()
        .iter()
        .map(|seen| seen.header("x-mark").map(str::to_owned))
        .collect();
    assert_eq!(marks, vec![Some("yes".to_owned()); 8]);
}

#[test]
fn a_delete_may_carry_a_body() {
    let server = HttpServer::start();
    Journey::new("http::delete(url + \"/echo\", #{ reason: \"full\" });")
        .at(&server)
        .run();
    let seen = server.requests().remove(0);
    assert_eq!(seen.text(), r#"{"reason":"full"}"#);
    assert_eq!(seen.header("content-type"), Some("application/json"));
}

#[test]
fn the_answer_to_a_head_has_a_length_and_no_body() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        let r = http::head(url + "/hello");
        seen.length = r.header("content-length");
        seen.size = r.size;
        seen.after = http::get(url + "/hello").text();
        "#,
    )
    .at(&server)
    .run();
    let saw = ran.saw();
    assert_eq!(saw["length"], "6");
    assert_eq!(saw["size"], 0);
    assert_eq!(saw["after"], "hello\n");
    assert_eq!(
        server.connections(),
        1,
        "the announced length is no reason to hang up"
    );
}
