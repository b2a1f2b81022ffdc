//! The tables about what the script looked at, what went wrong, and the generator.

use serde::Serialize;

use super::super::format::{measured, percent, span, thousands};
use super::super::health::{Health, Trust};
use super::super::measures::{is_custom, single};
use super::slow;
use crate::result::{
    CheckResult, ErrorResult, MessageExample, MetricResult, MetricValues, RunResult, ratio,
};
use crate::trace::UrlTemplate;

/// Errors that have a row; the data has them all.
const MOST_ERRORS: usize = 50;
/// Of these, so many of the most frequent are shown with their examples at once.
const OPEN_ERRORS: usize = 1;

#[derive(Serialize)]
pub struct Errors<'a> {
    total: String,
    rows: Vec<Error<'a>>,
    more: String,
}

#[derive(Serialize)]
struct Error<'a> {
    open: bool,
    count: String,
    kind: &'static str,
    code: &'a str,
    message: String,
    when: String,
    place: Vec<String>,
    url: Option<&'a str>,
    trace: Option<slow::Trace<'a>>,
    text: String,
    messages: Vec<Message<'a>>,
}

/// A request or a response.
#[derive(Serialize)]
struct Message<'a> {
    title: &'static str,
    start: &'a str,
    headers: Vec<Header<'a>>,
    body: &'a str,
}

#[derive(Serialize)]
struct Header<'a> {
    name: &'a str,
    value: &'a str,
}

#[derive(Serialize)]
pub struct Checks<'a> {
    total: String,
    groups: Vec<Group<'a>>,
}

#[derive(Serialize)]
struct Group<'a> {
    /// As the document has it: `::booking::payment`.
    #[serde(skip)]
    path: &'a str,
    name: String,
    rows: Vec<Check<'a>>,
}

#[derive(Serialize)]
struct Check<'a> {
    name: &'a str,
    scenario: &'a str,
    fails: u64,
    mark: &'static str,
    width: String,
    share: String,
    text: String,
}

#[derive(Serialize)]
pub struct Metric<'a> {
    name: &'a str,
    description: &'a str,
    kind: &'static str,
    value: String,
    beside: String,
}

#[derive(Serialize)]
pub struct Generator {
    #[serde(flatten)]
    status: Status,
    sentence: &'static str,
    signs: Vec<Sign>,
}

#[derive(Serialize)]
struct Sign {
    #[serde(flatten)]
    status: Status,
    label: &'static str,
    value: String,
    meaning: String,
}

#[derive(Serialize)]
struct Status {
    class: &'static str,
    mark: &'static str,
    word: &'static str,
}

#[derive(Serialize)]
pub struct Hint {
    /// As it stands in a sentence: "probably".
    confidence: &'static str,
    /// The objective that it is about, if it is about one.
    objective: Option<String>,
    finding: String,
    evidence: Vec<String>,
    advice: Vec<String>,
}

/// What may be behind it, and what to try.
pub fn hints(hints: &[crate::hints::Hint]) -> Vec<Hint> {
    let shown = hints.iter().map(|hint| Hint {
        confidence: hint.confidence.label(),
        objective: hint.slo.clone(),
        finding: hint.finding.clone(),
        evidence: hint.evidence.clone(),
        advice: hint.advice.clone(),
    });
    shown.collect()
}

/// Errors by code, the most frequent first.
pub fn errors(result: &RunResult) -> Errors<'_> {
    let mut rows: Vec<&ErrorResult> = result.errors.iter().collect();
    rows.sort_by_key(|error| std::cmp::Reverse(error.count));
    let total: u64 = rows.iter().map(|error| error.count).sum();
    let shown = rows.iter().take(MOST_ERRORS).enumerate();
    let template = slow::template(result);
    Errors {
        total: match total {
            0 => String::new(),
            total => thousands(total),
        },
        more: match rows.len().saturating_sub(MOST_ERRORS) {
            0 => String::new(),
            more => format!("{} more kinds are in the data.", thousands(more as u64)),
        },
        rows: shown
            .map(|(place, error)| of_error(error, place < OPEN_ERRORS, template.as_ref()))
            .collect(),
    }
}

fn of_error<'a>(error: &'a ErrorResult, open: bool, template: Option<&UrlTemplate>) -> Error<'a> {
    let (first, last) = (
        span(error.first_seconds, true),
        span(error.last_seconds, true),
    );
    let example = error.example.as_ref();
    let text = example.map(|example| crate::harmless::lines(&example.text));
    let message = crate::harmless::lines(&error.message);
    let messages = example
        .map(|example| {
            [
                ("Request", &example.request),
                ("Response", &example.response),
            ]
        })
        .into_iter()
        .flatten()
        .filter_map(|(title, message)| Some(of_message(title, message.as_ref()?)))
        .collect();
    Error {
        open,
        count: thousands(error.count),
        kind: error.kind.label(),
        code: &error.code,
        when: match error.count {
            1 => format!("at {first}"),
            _ => format!("first at {first}, last at {last}"),
        },
        place: example
            .map(|example| {
                let vu = example.vu.map(|vu| format!("user {vu}"));
                let iteration = example.iteration.map(|n| format!("iteration {n}"));
                let scenario = example.scenario.iter().cloned();
                scenario.chain(vu).chain(iteration).collect()
            })
            .unwrap_or_default(),
        url: example.and_then(|example| example.url.as_deref()),
        trace: example
            .and_then(|example| example.trace_id.as_deref())
            .map(|id| slow::trace(id, template)),
        text: text
            .filter(|text| text.trim() != message.trim())
            .unwrap_or_default(),
        message,
        messages,
    }
}

fn of_message<'a>(title: &'static str, message: &'a MessageExample) -> Message<'a> {
    Message {
        title,
        start: &message.start,
        headers: message
            .headers
            .iter()
            .map(|header| Header {
                name: &header.name,
                value: &header.value,
            })
            .collect(),
        body: &message.body,
    }
}

/// Checks by group, in the order in which the script has them.
pub fn checks(result: &RunResult) -> Checks<'_> {
    let passes: u64 = result.checks.iter().map(|check| check.passes).sum();
    let fails: u64 = result.checks.iter().map(|check| check.fails).sum();
    let all = passes + fails;
    let mut groups: Vec<Group<'_>> = Vec::new();
    for check in &result.checks {
        let row = of_check(check);
        match groups.iter_mut().find(|group| group.path == check.group) {
            Some(group) => group.rows.push(row),
            None => groups.push(Group {
                path: &check.group,
                name: check.group.trim_start_matches("::").replace("::", " › "),
                rows: vec![row],
            }),
        }
    }
    Checks {
        total: match all {
            0 => String::new(),
            all => format!(
                "{} of {} passed",
                percent(ratio(passes as f64, all as f64)),
                thousands(all)
            ),
        },
        groups,
    }
}

fn of_check(check: &CheckResult) -> Check<'_> {
    let all = check.passes + check.fails;
    let share = ratio(check.passes as f64, all as f64);
    Check {
        name: &check.name,
        scenario: &check.scenario,
        fails: check.fails,
        mark: if check.fails == 0 { "✓" } else { "✗" },
        width: format!("{:.1}", share * 100.0),
        share: percent(share),
        text: match check.fails {
            0 => thousands(all),
            fails => format!("{} of {} failed", thousands(fails), thousands(all)),
        },
    }
}

/// The metrics that the script made itself, and those of the calls that it received.
pub fn metrics(result: &RunResult) -> Vec<Metric<'_>> {
    let metrics = result.metrics.iter();
    metrics
        .filter(|metric| is_custom(&metric.name))
        .map(of_metric)
        .collect()
}

fn of_metric(metric: &MetricResult) -> Metric<'_> {
    let show = |value: f64| measured(value, metric.contains, true);
    let (value, beside) = match &metric.total {
        MetricValues::Trend { summary, .. } if summary.count == 0 => {
            ("–".to_owned(), "no samples".to_owned())
        }
        MetricValues::Trend { summary, .. } => (
            show(summary.p95),
            format!(
                "p95 of {}; average {}, p50 {}, p99 {}, max {}",
                thousands(summary.count),
                show(summary.avg),
                show(summary.med),
                show(summary.p99),
                show(summary.max)
            ),
        ),
        other => single(other, metric.contains, true),
    };
    Metric {
        name: &metric.name,
        description: &metric.description,
        kind: metric.kind.as_str(),
        value,
        beside,
    }
}

pub fn generator(result: &RunResult) -> Generator {
    let health = Health::of(result);
    Generator {
        status: status(health.trust),
        sentence: health.sentence,
        signs: health
            .signs
            .into_iter()
            .map(|sign| Sign {
                status: Status {
                    word: match sign.trust {
                        Trust::Unknown => "unknown",
                        Trust::Trustworthy => "fine",
                        Trust::Doubtful => "close",
                        Trust::Untrustworthy => "too much",
                    },
                    ..status(sign.trust)
                },
                label: sign.label,
                value: sign.value,
                meaning: sign.meaning,
            })
            .collect(),
    }
}

fn status(trust: Trust) -> Status {
    let (class, mark, word) = match trust {
        Trust::Unknown => ("none", "?", "UNKNOWN"),
        Trust::Trustworthy => ("pass", "✓", "TRUSTWORTHY"),
        Trust::Doubtful => ("warn", "!", "WITH CARE"),
        Trust::Untrustworthy => ("fail", "✗", "NOT TRUSTWORTHY"),
    };
    Status { class, mark, word }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::{HeaderExample, sample};

    #[test]
    fn errors_come_by_their_number_with_what_was_sent_and_what_came_back() {
        let mut result = sample::failing();
        result.errors.reverse();
        if let Some(example) = &mut result.errors[1].example {
            example.response = Some(MessageExample {
                start: "HTTP/1.1 500".to_owned(),
                headers: vec![HeaderExample {
                    name: "server".to_owned(),
                    value: "demo".to_owned(),
                }],
                body: "{}".to_owned(),
            });
        }
        let errors = errors(&result);
        assert_eq!((errors.total.as_str(), errors.rows.len()), ("389", 2));
        assert_eq!(
            (errors.rows[0].count.as_str(), errors.rows[0].open),
            ("377", true)
        );
        let response = errors.rows[0].messages.last().unwrap();
        assert_eq!(
            (response.title, response.start),
            ("Response", "HTTP/1.1 500")
        );
        assert_eq!(response.headers[0].value, "demo");
        // The escape sequences of a script's error are for terminals.
        assert!(
            errors.rows[1].text.contains("^^^^^"),
            "{}",
            errors.rows[1].text
        );
        assert!(!errors.rows[1].text.contains('\u{1b}'));
    }

    #[test]
    fn checks_of_a_group_stand_together() {
        let mut result = sample::passing();
        let again = result.checks[0].clone();
        result.checks.push(again);
        let checks = checks(&result);
        let sizes: Vec<_> = checks
            .groups
            .iter()
            .map(|g| (g.path, g.rows.len()))
            .collect();
        assert_eq!(sizes, [("", 2), ("booking", 2)]);
    }
}
