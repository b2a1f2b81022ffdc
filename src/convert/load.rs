//! The load that a described service is put under, for people to change.

use super::text::Value;

/// Options: `smoke`, one iteration of the function of that name, then `load`, iterations of `iteration`; and objectives.
pub fn options(smoke: &str) -> Vec<(String, Value)> {
    let stage = |duration: &str, target: i64| {
        Value::map([
            ("duration", Value::from(duration)),
            ("target", Value::from(target)),
        ])
    };
    let smoke = Value::map([
        ("executor", Value::from("shared-iterations")),
        ("exec", Value::from(smoke)),
        ("vus", Value::from(1)),
        ("iterations", Value::from(1)),
    ]);
    let load = Value::map([
        ("executor", Value::from("ramping-vus")),
        ("exec", Value::from("iteration")),
        ("after", Value::from("smoke")),
        (
            "stages",
            Value::List(vec![stage("30s", 10), stage("2m", 10), stage("10s", 0)]),
        ),
    ]);
    let objective = |target: &str, priority: &str| {
        Value::List(vec![Value::map([
            ("target", Value::from(target)),
            ("priority", Value::from(priority)),
        ])])
    };
    let slos = Value::map([
        ("http_req_failed", objective("rate < 1%", "P0")),
        ("http_req_duration", objective("p(95) < 1s", "P1")),
        ("checks", objective("rate > 99%", "P1")),
    ]);
    vec![
        (
            "scenarios".to_owned(),
            Value::map([("smoke", smoke), ("load", load)]),
        ),
        ("slos".to_owned(), slos),
    ]
}
