//! What the charts are drawn from, beside the result itself: moments to mark, targets to draw, and what needs whole distributions.

use serde::Serialize;

use super::super::format::{latency, per_second, percent, span, thousands};
use super::super::health::lasted;
use super::curve::{Curve, curve};
use super::heat::{Heat, heat};
use crate::result::{AnomalyResult, Column, MetricValues, Outcome, RunResult, SloResult};
use crate::slo::{Aggregate, Expression};

/// The document that the page's script reads.
#[derive(Serialize)]
pub struct View<'a> {
    /// Begin and end of what is drawn over time, in seconds from the start of the run.
    from: f64,
    to: f64,
    marks: &'a [Mark],
    targets: Vec<Target>,
    heat: Option<Heat>,
    service: Option<Curve>,
    corrected: Option<Curve>,
}

/// A moment or a stretch of the run that every chart over time shows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mark {
    /// In seconds from the start of the run.
    at: f64,
    /// The end of a stretch.
    until: Option<f64>,
    kind: &'static str,
    sign: &'static str,
    /// A word or two within a chart.
    label: String,
    /// What happened.
    text: String,
    /// The moment in words.
    when: String,
}

/// A bound on response times that an objective draws.
#[derive(Debug, PartialEq, Serialize)]
pub struct Target {
    /// As written.
    label: String,
    /// Milliseconds.
    value: f64,
    /// The percentile that it bounds, if it bounds one.
    percentile: Option<f64>,
    /// Whether it is only the bound of the warning.
    warn: bool,
}

/// A chart's place on the page.
#[derive(Serialize)]
pub struct Figure {
    id: &'static str,
    title: &'static str,
    text: String,
    wide: bool,
}

/// What happened to the run while it went on.
pub fn marks(result: &RunResult) -> Vec<Mark> {
    let when = |at: f64| match at {
        0.0 => "the start".to_owned(),
        at => span(at, true),
    };
    let mut marks: Vec<Mark> = result
        .run
        .reloads
        .iter()
        .map(|reload| Mark {
            at: reload.at,
            until: None,
            kind: "reload",
            sign: "↻",
            label: format!("version {}", reload.version),
            text: format!("Version {} of the script took over", reload.version),
            when: when(reload.at),
        })
        .collect();
    marks.extend(result.faults.iter().filter_map(|fault| {
        let at = fault.start_seconds?;
        Some(Mark {
            at,
            until: fault.end_seconds,
            kind: "fault",
            sign: "⚡",
            label: fault.name.clone(),
            text: format!("Fault {}", fault.name),
            when: match fault.end_seconds {
                Some(end) => format!("{} to {}", when(at), span(end, true)),
                None => format!("from {} on", when(at)),
            },
        })
    }));
    marks.extend(anomalies(result).map(|(at, until, told)| Mark {
        at,
        until,
        kind: "anomaly",
        sign: "△",
        label: told.label,
        text: told.text,
        when: match until {
            Some(end) => format!("{} to {}", when(at), span(end, true)),
            None => when(at),
        },
    }));
    marks.sort_by(|a, b| a.at.total_cmp(&b.at));
    let end = match &result.run.outcome {
        Outcome::Aborted { by, reason } => Some((
            "abort",
            "aborted",
            format!("Aborted by {}: {reason}", by.label()),
        )),
        Outcome::Interrupted => Some(("interrupt", "interrupted", "Interrupted".to_owned())),
        Outcome::Completed | Outcome::SetupFailed { .. } => None,
    };
    marks.extend(end.map(|(kind, label, text)| Mark {
        at: result.run.duration_seconds,
        until: None,
        kind,
        sign: "■",
        label: label.to_owned(),
        text,
        when: when(result.run.duration_seconds),
    }));
    marks
}

/// What is said of the anomalies that share a mark.
struct Told {
    label: String,
    text: String,
}

/// Anomalies that are marked; the table has the others.
const MOST_MARKS: usize = 20;
/// What begins within so many seconds is one mark: one cause shows in many series.
const TOGETHER: f64 = 10.0;

/// Where anomalies are marked: those that nothing explains, and that stand not under another mark.
fn anomalies(result: &RunResult) -> impl Iterator<Item = (f64, Option<f64>, Told)> {
    let mut marks: Vec<(f64, Option<f64>, Vec<&AnomalyResult>)> = Vec::new();
    let unexplained = result
        .anomalies
        .iter()
        .filter(|anomaly| anomaly.explained_by.is_none());
    for anomaly in unexplained {
        let (start, end) = (anomaly.start_seconds, anomaly.end_seconds);
        let has_room = marks.len() < MOST_MARKS;
        match marks.last_mut() {
            Some((at, until, all)) if start - *at <= TOGETHER => {
                let later = until.zip(end).map(|(a, b)| a.max(b));
                *until = later.or(*until).or(end);
                all.push(anomaly);
            }
            _ if has_room => marks.push((start, end, vec![anomaly])),
            _ => {}
        }
    }
    marks.into_iter().map(|(at, end, all)| {
        let more = all.len().saturating_sub(1);
        let first = all
            .first()
            .map(|anomaly| anomaly.told())
            .unwrap_or_default();
        let label = all
            .first()
            .map(|anomaly| anomaly.kind.as_str())
            .unwrap_or_default();
        let text = match more {
            0 => format!("Anomaly: {first}"),
            more => format!("Anomaly: {first}; and {more} more"),
        };
        (
            at,
            end,
            Told {
                label: label.to_owned(),
                text,
            },
        )
    })
}

pub fn view<'a>(result: &RunResult, marks: &'a [Mark]) -> View<'a> {
    let series = &result.time_series;
    let covered = series.start_seconds + series.covered_seconds as f64;
    View {
        from: series.start_seconds.min(result.intervals.start_seconds),
        to: covered.max(lasted(result)),
        marks,
        targets: targets(&result.slos),
        heat: heat(result),
        service: curve(result, "http_req_duration"),
        corrected: curve(result, "http_req_corrected"),
    }
}

/// The bounds that objectives set on the response time of all requests.
pub fn targets(slos: &[SloResult]) -> Vec<Target> {
    let of_all = |metric: &str| ["http_req_duration", "http_req_corrected"].contains(&metric);
    let mut targets: Vec<Target> = Vec::new();
    for slo in slos.iter().filter(|slo| of_all(&slo.metric)) {
        let warn = slo.warn.iter().map(|text| (text, true));
        for (text, warn) in std::iter::once((&slo.target, false)).chain(warn) {
            let Ok(expression) = text.parse::<Expression>() else {
                continue;
            };
            let percentile = match expression.aggregate {
                Aggregate::Percentile(percentile) => Some(percentile.get()),
                Aggregate::Med => Some(50.0),
                Aggregate::Avg | Aggregate::Min | Aggregate::Max => None,
                Aggregate::Count | Aggregate::Rate | Aggregate::Value => continue,
            };
            let target = Target {
                label: text.clone(),
                value: expression.threshold.bound(),
                percentile,
                warn,
            };
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
    }
    targets
}

/// The charts in their order, each with what it says in words.
pub fn figures(result: &RunResult, view: &View<'_>) -> Vec<Figure> {
    let figure = |id, title, said: Option<String>, how: &str, wide| Figure {
        id,
        title,
        text: match said {
            Some(said) => format!("{said} {how}"),
            None => how.to_owned(),
        },
        wide,
    };
    vec![
        figure(
            "rate",
            "Rate and errors",
            rate(result),
            "Requests each second, and those of them that failed.",
            true,
        ),
        figure(
            "latency",
            "Response times",
            latencies(result),
            "Percentiles of each second. Corrected counts from when a request was due, so that waiting for a slow answer is not left out.",
            true,
        ),
        figure(
            "users",
            "Virtual users and dropped iterations",
            users(result),
            "Users that there were, and arrivals that found none of them free.",
            false,
        ),
        figure(
            "phases",
            "Phases of a request",
            None,
            "The mean time of each phase, one above the other in the order in which they happen.",
            false,
        ),
        figure(
            "heat",
            "Heat map of response times",
            view.heat
                .as_ref()
                .map(|_| "The stronger the colour, the more requests took that long.".to_owned()),
            "Two bands are two kinds of requests, or a cache; a slope is a queue or a leak.",
            true,
        ),
        figure(
            "curve",
            "Percentiles to five nines",
            reach(view),
            "The further right, the rarer. A step is a second way through the system.",
            false,
        ),
        figure(
            "scatter",
            "Response time against rate",
            None,
            "A point for each interval. A rise to the right is saturation; a cloud without direction is none.",
            false,
        ),
    ]
}

fn column<'a>(result: &'a RunResult, name: &str) -> Option<&'a Column> {
    let columns = &result.time_series.columns;
    columns.iter().find(|column| column.name == name)
}

fn greatest(result: &RunResult, name: &str) -> Option<f64> {
    let column = column(result, name)?;
    column.values.iter().flatten().copied().reduce(f64::max)
}

fn rate(result: &RunResult) -> Option<String> {
    let Some(MetricValues::Counter { rate, .. }) = result.metric("http_reqs") else {
        return None;
    };
    let length = result.time_series.interval_seconds.max(1) as f64;
    let most = greatest(result, "http_reqs")? / length;
    let failed = match result.metric("http_req_failed") {
        Some(MetricValues::Rate { rate, .. }) => format!("; {} failed", percent(*rate)),
        _ => String::new(),
    };
    Some(format!(
        "{} on average, {} at most{failed}.",
        per_second(*rate),
        per_second(most)
    ))
}

fn latencies(result: &RunResult) -> Option<String> {
    let all = result.trend("http_req_duration")?;
    let worst = greatest(result, "http_req_duration_p95");
    let worst = worst.map(|worst| format!(", that of the worst second {}", latency(worst, true)));
    Some(format!(
        "p95 {} over all{}.",
        latency(all.p95, true),
        worst.unwrap_or_default()
    ))
}

fn users(result: &RunResult) -> Option<String> {
    let most = greatest(result, "vus")?;
    let dropped: u64 = result.scenarios.iter().map(|s| s.dropped_iterations).sum();
    Some(format!(
        "{} at most; {} dropped.",
        thousands(most as u64),
        match dropped {
            0 => "none".to_owned(),
            dropped => thousands(dropped),
        }
    ))
}

fn reach(view: &View<'_>) -> Option<String> {
    let service = view.service.as_ref()?;
    Some(service.said())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::{AbortedBy, Reload, sample};

    #[test]
    fn reloads_and_the_abort_are_marked() {
        let mut result = sample::passing();
        assert!(marks(&result).is_empty());
        result.run.reloads.push(Reload {
            at: 12.0,
            version: 1,
            script_sha256: String::new(),
        });
        result.run.outcome = Outcome::Aborted {
            by: AbortedBy::Slo,
            reason: "p(95) is past 3s".to_owned(),
        };
        let marks = marks(&result);
        let shown: Vec<_> = marks
            .iter()
            .map(|m| (m.at, m.kind, m.text.as_str()))
            .collect();
        assert_eq!(
            shown,
            [
                (12.0, "reload", "Version 1 of the script took over"),
                (151.2, "abort", "Aborted by an SLO: p(95) is past 3s"),
            ]
        );
    }

    #[test]
    fn bounds_of_all_response_times_are_drawn_and_no_others() {
        let mut result = sample::passing();
        result.slos[0].warn = Some("p(95) < 2.5s".to_owned());
        let mut one = result.slos[0].clone();
        one.metric = "http_req_duration{name:reserve}".to_owned();
        result.slos.push(one);
        let targets = targets(&result.slos);
        let first = |target: &Target| (target.label.clone(), target.value, target.percentile);
        assert_eq!(
            first(&targets[0]),
            ("p(95) < 3s".to_owned(), 3_000.0, Some(95.0))
        );
        assert_eq!((targets[1].value, targets[1].warn), (2_500.0, true));
        assert!(
            targets.iter().all(|target| target.value > 1.0),
            "{targets:?}"
        );
    }
}
