//! What is told about a finished run: short, in words, with what it needs to be found again.

use serde::Serialize;
use serde_json::{Value, json};

use crate::report::format::{latency, per_second, percent, span, thousands};
use crate::report::{Headline, Tone};
use crate::result::{MetricValues, RunResult};

/// Objectives and anomalies that are told one by one.
const MOST: usize = 5;

/// Something to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Link {
    pub name: String,
    pub url: String,
}

/// The news of a finished run. Secrets have been taken out of the result by then.
#[derive(Debug, Clone)]
pub struct News {
    /// `FAILED: scripts/load.rhai`.
    pub title: String,
    /// `4 of 6 SLOs met, 2 past their targets`.
    pub phrase: String,
    pub is_good: bool,
    /// Why, a sentence each.
    pub reasons: Vec<String>,
    pub anomalies: Vec<String>,
    /// Name and value: requests, failures, response time, duration.
    pub figures: Vec<(&'static str, String)>,
    pub links: Vec<Link>,
    pub result_path: Option<String>,
    document: Value,
}

impl News {
    /// What there is to tell about a result, which lies in a file.
    pub fn of(result: &RunResult, result_path: Option<String>, links: Vec<Link>) -> Self {
        let headline = Headline::of(result);
        let mut reasons: Vec<String> = headline
            .reasons
            .iter()
            .map(|reason| (*reason).to_owned())
            .collect();
        shorten(&mut reasons);
        let unexplained = result
            .anomalies
            .iter()
            .filter(|anomaly| anomaly.explained_by.is_none());
        let mut anomalies: Vec<String> = unexplained.map(|anomaly| anomaly.told()).collect();
        shorten(&mut anomalies);
        let mut figures = vec![("Duration", span(result.run.duration_seconds, true))];
        if let Some(MetricValues::Counter { count, rate }) = result.metric("http_reqs") {
            figures.push((
                "Requests",
                format!("{} ({})", thousands(*count as u64), per_second(*rate)),
            ));
        }
        if let Some(MetricValues::Rate { rate, .. }) = result.metric("http_req_failed") {
            figures.push(("Failed", percent(*rate)));
        }
        if let Some(trend) = result.trend("http_req_duration") {
            figures.push(("p95", latency(trend.p95, true)));
        }
        let slos: Vec<Value> = result
            .slos
            .iter()
            .map(|slo| {
                json!({
                    "name": slo.label(), "metric": slo.metric, "target": slo.target, "priority": slo.priority,
                    "status": slo.status, "actual": slo.actual, "actual_text": slo.actual_text,
                })
            })
            .collect();
        let document = json!({
            "version": 1,
            "tool": result.tool,
            "run": {
                "id": result.run.id, "script": result.run.script, "started_at": result.run.started_at,
                "ended_at": result.run.ended_at, "duration_seconds": result.run.duration_seconds, "git": result.run.git,
            },
            "verdict": result.verdict,
            "summary": format!("{}: {}", headline.word, headline.phrase),
            "slos": slos,
            "slos_missed": result.slos.iter().filter(|slo| !slo.is_met()).count(),
            "anomalies": result.anomalies,
            "figures": figures.iter().map(|(name, value)| ((*name).to_lowercase(), Value::from(value.as_str()))).collect::<serde_json::Map<_, _>>(),
            "result_path": result_path,
            "links": links,
        });
        Self {
            title: format!("{}: {}", headline.word, result.run.script),
            phrase: headline.phrase,
            is_good: headline.tone == Tone::Good,
            reasons,
            anomalies,
            figures,
            links,
            result_path,
            document,
        }
    }

    /// All of it, for machines.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// All of it as lines of plain text.
    pub fn text(&self) -> String {
        let mut lines = vec![self.phrase.clone(), String::new()];
        lines.extend(self.reasons.iter().map(|reason| format!("- {reason}")));
        lines.extend(self.anomalies.iter().map(|anomaly| format!("- {anomaly}")));
        lines.push(String::new());
        lines.extend(
            self.figures
                .iter()
                .map(|(name, value)| format!("{name}: {value}")),
        );
        lines.extend(
            self.result_path
                .iter()
                .map(|path| format!("Result: {path}")),
        );
        lines.extend(
            self.links
                .iter()
                .map(|link| format!("{}: {}", link.name, link.url)),
        );
        format!("{}\n", lines.join("\n").trim())
    }
}

/// Leaves so many, and says how many more there are.
fn shorten(lines: &mut Vec<String>) {
    let more = lines.len().saturating_sub(MOST);
    if more > 0 {
        lines.truncate(MOST);
        lines.push(format!("and {more} more"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::{sample, sample_anomaly};

    #[test]
    fn news_say_what_why_and_where() {
        for (name, mut result) in sample::all() {
            result.anomalies.extend(vec![sample_anomaly::step(); 7]);
            let link = Link {
                name: "Pipeline".into(),
                url: "https://ci.example.com/1".into(),
            };
            let news = News::of(&result, Some("results/a.json".into()), vec![link]);
            let text = news.text();
            for part in [
                "results/a.json",
                "https://ci.example.com/1",
                "and 2 more",
                news.phrase.as_str(),
            ] {
                assert!(text.contains(part), "{name}: {text}");
            }
            assert_eq!(
                news.document()["verdict"]["exit_code"],
                result.verdict.exit_code
            );
            assert!(news.title.contains(&result.run.script));
        }
    }
}
