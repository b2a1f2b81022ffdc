//! Which endpoint contributes most to what was missed.

use std::collections::BTreeMap;

use super::evidence::{Evidence, Subject};
use super::{Cause, Confidence, Finding};
use crate::metrics::Histogram;
use crate::metrics::histogram::to_scaled;
use crate::result::MetricValues;
use crate::slo::Op;
use crate::units::{format_count, format_fraction};

/// What one endpoint did.
#[derive(Default)]
struct Part {
    requests: u64,
    bad: u64,
}

pub fn look(evidence: &Evidence<'_>) -> Option<Finding> {
    let names_one = evidence
        .selector
        .conditions()
        .iter()
        .any(|c| c.key == "name");
    if names_one {
        return None;
    }
    let (parts, what) = match evidence.subject {
        Subject::Latency if matches!(evidence.target.op, Op::Less | Op::LessOrEqual) => {
            (slow(evidence), "slower than the target")
        }
        Subject::Failures if evidence.selector.metric() == "http_req_failed" => {
            (failed(evidence), "that failed")
        }
        _ => return None,
    };
    let (all, bad) = parts.values().fold((0, 0), |(all, bad), part| {
        (all + part.requests, bad + part.bad)
    });
    if parts.len() < 2 || bad == 0 {
        return None;
    }
    let (name, worst) = parts.iter().max_by_key(|(_, part)| part.bad)?;
    let share = worst.bad as f64 / bad as f64;
    let of_all = worst.requests as f64 / all as f64;
    if share < 0.4 || share < 1.3 * of_all {
        return None;
    }
    let mut order: Vec<_> = parts.iter().filter(|(_, part)| part.bad > 0).collect();
    order.sort_by_key(|(_, part)| std::cmp::Reverse(part.bad));
    Some(Finding {
        cause: Cause::Endpoint,
        confidence: if share > 0.7 {
            Confidence::High
        } else {
            Confidence::Medium
        },
        finding: format!(
            "{name} makes up {} of the requests {what}, and {} of all requests",
            format_fraction(share),
            format_fraction(of_all)
        ),
        begins: None,
        evidence: order
            .iter()
            .take(5)
            .map(|(name, part)| {
                format!(
                    "{name}: {} of {} requests {what}",
                    format_count(part.bad),
                    format_count(part.requests)
                )
            })
            .collect(),
        advice: vec![
            "begin with this endpoint: its queries, what it calls, what it waits for",
            "give it an objective of its own, so that it cannot hide among fast ones",
        ],
    })
}

fn label(tags: &BTreeMap<String, String>) -> String {
    let tag = |key: &str| tags.get(key).map(String::as_str).unwrap_or_default();
    format!("{} {}", tag("method"), tag("name"))
        .trim()
        .to_owned()
}

/// Requests beyond the target, by endpoint.
fn slow(evidence: &Evidence<'_>) -> BTreeMap<String, Part> {
    let bound = to_scaled(evidence.target.threshold.bound());
    let mut parts: BTreeMap<String, Part> = BTreeMap::new();
    let metric = evidence.selector.metric();
    let Some(row) = evidence
        .result
        .metrics
        .iter()
        .find(|row| row.name == metric)
    else {
        return parts;
    };
    for series in &row.series {
        if !series.tags.contains_key("name") {
            continue;
        }
        if let MetricValues::Trend {
            histogram: Some(text),
            ..
        } = &series.values
            && let Ok(histogram) = Histogram::from_v2_base64(text)
        {
            let part = parts.entry(label(&series.tags)).or_default();
            part.requests += histogram.count();
            part.bad += histogram.count() - histogram.count_at_or_below(bound);
        }
    }
    parts
}

/// Failed requests, by endpoint.
fn failed(evidence: &Evidence<'_>) -> BTreeMap<String, Part> {
    let mut parts: BTreeMap<String, Part> = BTreeMap::new();
    for endpoint in &evidence.result.endpoints {
        let name = format!("{} {}", endpoint.method, endpoint.name);
        let part = parts.entry(name).or_default();
        part.requests += endpoint.requests;
        part.bad += endpoint.failed;
    }
    parts
}
