//! The API, exchange by exchange: what Toxiproxy 2.12 answers, and what is beyond it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::api_client::{Server, call};

/// Texts of earlier answers in the place of `${NAME}`.
fn filled(text: &str, seen: &BTreeMap<String, String>) -> String {
    seen.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("${{{name}}}"), value)
    })
}

fn without(mut value: Value, pointers: &[&str]) -> Value {
    for pointer in pointers {
        *value.pointer_mut(pointer).unwrap() = Value::Null;
    }
    value
}

/// What is different from what is expected.
fn differences(exchange: &Value, api: &str, seen: &mut BTreeMap<String, String>) -> Vec<String> {
    let text = |name: &str| exchange[name].as_str();
    let list = |name: &str| -> Vec<&str> {
        let list = exchange[name].as_array().into_iter().flatten();
        list.map(|text| text.as_str().unwrap()).collect()
    };
    let body = match &exchange["body"] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut headers: Vec<(String, String)> = vec![("user-agent".into(), "replay".into())];
    for (name, value) in exchange["headers"].as_object().into_iter().flatten() {
        headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        headers.push((name.clone(), value.as_str().unwrap().to_owned()));
    }
    let (method, path) = (text("method").unwrap(), text("path").unwrap());
    let reply = call(api, method, path, &headers, &filled(&body, seen));
    let mut faults = Vec::new();
    if exchange["status"] != reply.status {
        faults.push(format!(
            "status {}, not {}",
            reply.status, exchange["status"]
        ));
    }
    if let Some(expected) = text("content_type")
        && reply.header("content-type") != Some(expected)
    {
        faults.push(format!(
            "{:?}, not {expected:?}",
            reply.header("content-type")
        ));
    }
    if let Some(expected) = text("body_text").map(|expected| filled(expected, seen))
        && reply.text != expected
    {
        faults.push(format!("\n  {:?}, not\n  {expected:?}", reply.text));
    }
    for part in list("body_contains") {
        if !reply.text.contains(part) {
            faults.push(format!("{part:?} is not in {:?}", reply.text));
        }
    }
    if let Some(expected) = exchange.get("body_equals") {
        let got: Value = serde_json::from_str(&reply.text).unwrap_or_default();
        for (name, pointer) in exchange["capture"].as_object().into_iter().flatten() {
            let captured = got
                .pointer(pointer.as_str().unwrap())
                .and_then(Value::as_str);
            seen.insert(name.clone(), captured.unwrap_or_default().to_owned());
        }
        let expected: Value = serde_json::from_str(&filled(&expected.to_string(), seen)).unwrap();
        let ignored = list("ignore");
        if ignored.iter().any(|pointer| got.pointer(pointer).is_none())
            || without(got.clone(), &ignored) != without(expected.clone(), &ignored)
        {
            faults.push(format!("\n  {got}, not\n  {expected}"));
        }
    }
    faults
}

#[test]
fn every_exchange_is_that_of_toxiproxy() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/chaos/exchanges.json");
    let exchanges: Vec<Value> =
        serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert!(exchanges.len() > 160);
    let server = Server::start(&[]);
    let mut seen = BTreeMap::new();
    let mut faults = Vec::new();
    for exchange in &exchanges {
        for fault in differences(exchange, &server.api, &mut seen) {
            let (name, method) = (&exchange["name"], &exchange["method"]);
            faults.push(format!("{name}: {method} {}: {fault}", exchange["path"]));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn answers_bear_an_id_and_the_version_of_rhaid() {
    let server = Server::start(&[]);
    let reply = server.call("GET", "/proxies", "");
    let id = reply.header("x-toxiproxy-request-id").unwrap();
    assert!(id.len() == 20 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert_eq!(
        reply.header("x-rhaid-version"),
        Some(env!("CARGO_PKG_VERSION"))
    );
    assert_ne!(
        Some(id),
        server
            .call("GET", "/proxies", "")
            .header("x-toxiproxy-request-id")
    );
}

#[test]
fn counters_are_live_and_served_to_prometheus_if_told() {
    let server = Server::start(&["--proxy-metrics", "--runtime-metrics"]);
    let listen = server.proxy("p", super::servers::echo());
    let mut client = super::api_client::connect(&listen);
    super::servers::ask(&mut client, "hello").unwrap();
    let counts = server.done("GET", "/proxies/p/counts", "");
    assert_eq!(
        (&counts["open"], &counts["upstream"]["sent"]),
        (&1.into(), &5.into())
    );
    let metrics = server.call("GET", "/metrics", "").text;
    for line in [
        format!(
            "toxiproxy_proxy_received_bytes_total{{direction=\"upstream\",listener=\"{listen}\",proxy=\"p\",upstream="
        ),
        "rhaid_proxy_connections_open{proxy=\"p\"} 1\n".to_owned(),
        "\nprocess_open_fds ".to_owned(),
    ] {
        assert!(metrics.contains(&line), "{line}\n{metrics}");
    }
}
