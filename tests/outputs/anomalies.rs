//! What is unusual in a run, told while it goes: as annotations, records and lines of the log.

use std::time::Duration;

use serde_json::Value;

use crate::outputs::server::{Got, Receiver};
use crate::support::reading::run_of;

/// Half a minute is what it takes until a level is known; then it doubles for ten seconds.
const JOURNEY: &str = r#"
    export const options = #{ vus: 1, duration: "59s" };
    fn iteration(ctx) {
        let n = ctx.iteration;
        let stock = if n >= 400 && n < 500 { 200.0 } else { 100.0 };
        metrics::gauge("stock").add(stock + n / 10 % 5);
        sleep(0.1);
    }
"#;

fn read(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn an_anomaly_is_told_once_as_it_is_found_and_once_as_it_ends() {
    let answers: Vec<_> = (0..100)
        .map(|id| format!("200 OK\r\n\r\n{{\"id\":{id}}}"))
        .collect();
    let answers: Vec<_> = answers.iter().map(String::as_str).collect();
    let receiver = Receiver::start(&answers);
    let output = run_of(JOURNEY)
        .args(["--annotate", &format!("grafana={}", receiver.url(""))])
        .args([
            "--out",
            "ndjson=run.ndjson",
            "--log-output",
            "run.log",
            "--log-format",
            "json",
        ])
        .timeout(Duration::from_secs(150))
        .run();
    output.expect_code(0);
    let result = output.expect_result();
    let rows = result["anomalies"].as_array().unwrap();
    let [row] = rows.as_slice() else {
        panic!("{rows:#?}")
    };
    assert_eq!(
        (&row["metric"], &row["kind"]),
        (&"stock".into(), &"step".into())
    );

    // One annotation, at the time of the step, which gets its end.
    let got = receiver.got();
    let lines: Vec<_> = got.iter().map(|got| &got.line).collect();
    let [start, found, ended, end] = got.as_slice() else {
        panic!("{lines:?}")
    };
    let tag = |got: &Got| read(&got.body)["tags"][1].clone();
    assert_eq!(
        (tag(start), tag(found), tag(end)),
        ("start".into(), "anomaly".into(), "end".into())
    );
    assert!(
        ended.line.starts_with("PATCH /api/annotations/1 "),
        "{lines:?}"
    );
    let (start, found, ended) = (read(&start.body), read(&found.body), read(&ended.body));
    let after = |value: &Value| (value.as_f64().unwrap() - start["time"].as_f64().unwrap()) / 1e3;
    let near = |seconds: f64, row: &Value| (seconds - row.as_f64().unwrap()).abs() < 2.0;
    assert!(
        near(after(&found["time"]), &row["start_seconds"]),
        "{found} {row}"
    );
    assert!(
        near(after(&ended["timeEnd"]), &row["end_seconds"]),
        "{ended} {row}"
    );
    assert!(
        ended["text"].as_str().unwrap().contains(", until "),
        "{ended}"
    );

    // Records and lines of the log, beside each other.
    let objects = |name: &str| -> Vec<Value> {
        let text = std::fs::read_to_string(output.path(name)).unwrap();
        text.lines().map(|line| read(line.as_bytes())).collect()
    };
    let records = objects("run.ndjson");
    let records = records
        .iter()
        .filter(|record| record.get("anomaly").is_some());
    let records: Vec<_> = records
        .map(|record| (record["what"].clone(), record["anomaly"].clone()))
        .collect();
    let [(found, begun), (ended, whole)] = records.as_slice() else {
        panic!("{records:?}")
    };
    assert_eq!((found, ended), (&"anomaly".into(), &"anomaly_end".into()));
    assert_eq!((begun.get("end_seconds"), whole), (None, row));
    let log = objects("run.log");
    let told: Vec<_> = log
        .iter()
        .filter(|line| line["source"] == "anomalies")
        .map(|line| (line["level"].clone(), line["metric"].clone()))
        .collect();
    assert_eq!(
        told,
        [
            ("warn".into(), "stock".into()),
            ("info".into(), "stock".into())
        ]
    );
}
