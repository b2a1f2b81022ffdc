//! What must hold before or while a fault lasts: statements about the run's metrics, and probes.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::http::headers;
use super::keys;
use super::reader::{OptionError, Reader, describe};
use crate::chaos::probe::{Condition, Health, Probe, Promql};
use crate::http::{StatusSet, Target};
use crate::slo::statement;

/// How long a probe waits for its answer.
const PATIENCE: Duration = Duration::from_secs(1);
/// What holds if nothing is said.
const ANY_GOOD: &str = "200 to 399";

/// Reads one of them, or a list.
pub fn conditions(reader: &mut Reader<'_>, key: &str) -> Vec<Condition> {
    let path = reader.path_of(key);
    let items = match reader.value(key) {
        None => return Vec::new(),
        Some(Value::Array(items)) => items.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    let mut read = Vec::new();
    for item in items {
        match item {
            Value::String(text) => match statement(text) {
                Ok(objective) => read.push(Condition::Measured(objective)),
                Err(error) => reader.wrong(key, error),
            },
            Value::Object(map) => {
                let probe = probe(map, path.clone(), reader.errors());
                read.extend(probe.map(Condition::Asked));
            }
            other => reader.error(
                key,
                format!(
                    "expected a metric and a comparison, or a probe, found {}",
                    describe(other)
                ),
                Some("for example \"http_req_failed rate < 10%\", or #{ probe: \"http://127.0.0.1:8080/health\" }".into()),
            ),
        }
    }
    read
}

fn probe(
    map: &Map<String, Value>,
    path: Vec<String>,
    errors: &mut Vec<OptionError>,
) -> Option<Arc<dyn Probe>> {
    let mut reader = Reader::new(map, path, errors);
    let timeout = reader.duration("timeout").unwrap_or(PATIENCE);
    if timeout.is_zero() {
        reader.error("timeout", "must be longer than nothing", None);
    }
    let headers = headers(&mut reader);
    let read = match (reader.has("probe"), reader.has("promql")) {
        (true, false) => health(&mut reader, headers, timeout),
        (false, true) => promql(&mut reader, headers, timeout),
        _ => {
            for key in ["probe", "promql"] {
                reader.value(key);
            }
            reader.error_here(
                "a probe asks either a URL, by `probe`, or Prometheus, by `promql`",
                Some("for example #{ probe: \"http://127.0.0.1:8080/health\" } or #{ promql: \"up < 1\", url: \"http://127.0.0.1:9090\" }".into()),
            );
            None
        }
    };
    reader.finish(&keys::names(keys::PROBE), |_| None);
    read
}

fn health(
    reader: &mut Reader<'_>,
    headers: Vec<(::http::HeaderName, ::http::HeaderValue)>,
    timeout: Duration,
) -> Option<Arc<dyn Probe>> {
    let url = reader.string("probe").map(str::to_owned);
    let statuses = reader.strings("status");
    let contains = reader.string("contains").map(str::to_owned);
    let url = url?;
    if let Err(why) = Target::parse(&url, "") {
        reader.error(
            "probe",
            why.message(),
            Some("write a whole URL, such as \"http://127.0.0.1:8080/health\"".into()),
        );
        return None;
    }
    let (status, status_told) = match statuses {
        None => (StatusSet::default(), ANY_GOOD.to_owned()),
        Some(texts) => {
            let mut ranges = Vec::new();
            for text in &texts {
                match StatusSet::parse_item(text) {
                    Ok(range) => ranges.push(range),
                    Err(why) => {
                        reader.error("status", why, None);
                        return None;
                    }
                }
            }
            (StatusSet::new(ranges), texts.join(" or "))
        }
    };
    Some(Arc::new(Health {
        url,
        status,
        status_told,
        contains,
        headers,
        timeout,
    }))
}

fn promql(
    reader: &mut Reader<'_>,
    headers: Vec<(::http::HeaderName, ::http::HeaderValue)>,
    timeout: Duration,
) -> Option<Arc<dyn Probe>> {
    let query = reader.string("promql").map(str::to_owned);
    let Some(server) = reader.string("url").map(str::to_owned) else {
        if !reader.has("url") {
            let help = "for example url: \"http://127.0.0.1:9090\"".to_owned();
            reader.error_here("a query needs the `url` of its Prometheus", Some(help));
        }
        return None;
    };
    match Promql::new(&query?, &server, headers, timeout) {
        Ok(promql) => Some(Arc::new(promql)),
        Err(why) => {
            use crate::chaos::probe::NotPromql;
            let (key, help) = match why {
                NotPromql::NoComparison => (
                    "promql",
                    "add what must hold, as in \"sum(rate(errors[1m])) < 5\"",
                ),
                NotPromql::Url(_) => ("url", "for example \"http://127.0.0.1:9090\""),
            };
            reader.error(key, why.to_string(), Some(help.to_owned()));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> (Vec<String>, String) {
        let map = json!({ "guard": value });
        let mut errors = Vec::new();
        let mut reader = Reader::new(map.as_object().unwrap(), Vec::new(), &mut errors);
        let read = conditions(&mut reader, "guard");
        let errors: Vec<_> = errors.iter().map(OptionError::to_string).collect();
        (
            read.iter().map(Condition::label).collect(),
            errors.join("\n"),
        )
    }

    #[test]
    fn statements_and_probes_stand_side_by_side() {
        let (read, errors) = read(json!([
            "http_req_failed rate < 10%",
            { "probe": "http://127.0.0.1:9000/health", "status": 200, "timeout": "1s" },
            { "probe": "http://127.0.0.1:9000/", "status": ["2xx", 404], "contains": "UP" },
            { "promql": "sum(rate(errors[1m])) < 5", "url": "http://127.0.0.1:9090" },
        ]));
        assert_eq!(errors, "");
        assert_eq!(
            read[1..],
            [
                "http://127.0.0.1:9000/health answers 200",
                "http://127.0.0.1:9000/ answers 2xx or 404 with \"UP\"",
                "sum(rate(errors[1m])) < 5",
            ]
        );
        let (one, _) = self::read(json!({ "probe": "http://127.0.0.1/" }));
        assert_eq!(one, ["http://127.0.0.1/ answers 200 to 399"]);
    }

    #[test]
    fn every_mistake_of_a_probe_is_told() {
        for (value, part) in [
            (json!(1), "expected a metric and a comparison, or a probe"),
            (json!({}), "either a URL, by `probe`, or Prometheus"),
            (json!({ "probe": "/health" }), "guard.probe: "),
            (
                json!({ "probe": "http://a/", "status": 99 }),
                "guard.status: ",
            ),
            (
                json!({ "probe": "http://a/", "stauts": 200 }),
                "did you mean `status`?",
            ),
            (
                json!({ "probe": "http://a/", "url": "http://b" }),
                "`url` has no meaning together",
            ),
            (json!({ "promql": "up < 1" }), "needs the `url`"),
            (
                json!({ "promql": "up", "url": "http://a" }),
                "it compares nothing",
            ),
            (
                json!({ "promql": "up < 1", "url": "a:1" }),
                "is no URL of a Prometheus",
            ),
        ] {
            let (read, errors) = read(value.clone());
            // One with an unknown key is read all the same, and nothing runs.
            let is_read = part.contains("did you") || part.contains("no meaning");
            assert!(read.is_empty() || is_read, "{value}");
            assert!(errors.contains(part), "{value}: {errors}");
        }
    }
}
