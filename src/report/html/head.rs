//! What a reader sees first: the verdict with the figures behind it, and the objectives.

use serde::Serialize;

use super::super::format::{latency, margin, per_second, percent, plural, thousands};
use super::super::headline::{Headline, Tone, what_ran};
use crate::exit;
use crate::result::{MetricValues, RunResult, SloResult, SloStatus};

/// The verdict.
#[derive(Serialize)]
pub struct Verdict<'a> {
    tone: &'static str,
    mark: &'static str,
    word: &'static str,
    phrase: String,
    exit_code: u8,
    exit_meaning: &'static str,
    reasons: Vec<&'a str>,
    what: Vec<String>,
    figures: Vec<Figure>,
    notes: &'a [String],
}

/// A figure of the whole run.
#[derive(Serialize)]
struct Figure {
    label: &'static str,
    value: String,
    beside: String,
}

/// An objective.
#[derive(Serialize)]
pub struct Slo<'a> {
    class: &'static str,
    mark: &'static str,
    status: &'static str,
    priority: &'static str,
    label: &'a str,
    /// The metric, where the label is another name.
    metric: Option<&'a str>,
    target: String,
    warn: Option<&'a str>,
    flags: String,
    actual: &'a str,
    margin: String,
    bar: Option<Bar>,
}

/// The margin as a bar from the target in the middle, which is at 50.
#[derive(Serialize)]
struct Bar {
    class: &'static str,
    x: String,
    width: String,
}

pub fn verdict(result: &RunResult) -> Verdict<'_> {
    let headline = Headline::of(result);
    let (tone, mark) = match headline.tone {
        Tone::Good => ("good", "✓"),
        Tone::Caution => ("caution", "!"),
        Tone::Bad => ("bad", "✗"),
        Tone::Stopped => ("caution", "■"),
        Tone::Neutral => ("neutral", "•"),
    };
    Verdict {
        tone,
        mark,
        word: headline.word,
        phrase: headline.phrase,
        exit_code: result.verdict.exit_code,
        exit_meaning: match result.verdict.exit_code {
            exit::PASS if result.slos.is_empty() => "nothing was judged, as there is no objective",
            code => meaning(code, result.verdict.strict),
        },
        reasons: headline.reasons,
        what: what_ran(result, true),
        figures: figures(result),
        notes: &result.run.notes,
    }
}

/// What a pipeline makes of an exit code.
fn meaning(code: u8, strict: bool) -> &'static str {
    match code {
        exit::PASS => "ship it",
        exit::REVIEW => "look before you ship: a warning, or an objective of P1 or P2 was missed",
        exit::BLOCKED if strict => "do not ship: strict, so warnings and missed objectives block",
        exit::BLOCKED => {
            "do not ship: a P0 objective was missed, the run was aborted, or its script threw"
        }
        exit::UNREACHABLE => "setup could not reach the target; nothing was tested",
        exit::CANNOT_WRITE => "the result could not be written",
        exit::NOT_UNDONE => "a fault could not be undone: something may still be broken",
        exit::INTERRUPTED => "interrupted; what had been measured by then is here",
        _ => "the run could not be carried out",
    }
}

fn figures(result: &RunResult) -> Vec<Figure> {
    let mut figures = Vec::new();
    let mut add = |label, value, beside| {
        figures.push(Figure {
            label,
            value,
            beside,
        });
    };
    if let Some(MetricValues::Counter { count, rate }) = result.metric("http_reqs") {
        add("Requests", thousands(*count as u64), per_second(*rate));
    }
    if let Some(MetricValues::Rate {
        rate,
        passes,
        total,
    }) = result.metric("http_req_failed")
        && *total > 0
    {
        add("Failed", percent(*rate), thousands(*passes));
    }
    if let Some(duration) = result.trend("http_req_duration") {
        for (label, value) in [
            ("Median", duration.med),
            ("p95", duration.p95),
            ("p99", duration.p99),
        ] {
            add(label, latency(value, true), String::new());
        }
    }
    let iterations: u64 = result.scenarios.iter().map(|s| s.iterations).sum();
    if !result.scenarios.is_empty() {
        let errors: u64 = result.scenarios.iter().map(|s| s.iteration_errors).sum();
        let beside = match errors {
            0 => String::new(),
            errors => plural(errors, "error", "errors"),
        };
        add("Iterations", thousands(iterations), beside);
    }
    if let Some(MetricValues::Gauge { max, .. }) = result.metric("vus") {
        add(
            "Virtual users",
            thousands(*max as u64),
            "at most".to_owned(),
        );
    }
    figures
}

pub fn slo(slo: &SloResult) -> Slo<'_> {
    let (class, mark) = match slo.status {
        SloStatus::Pass => ("pass", "✓"),
        SloStatus::Warning => ("warn", "!"),
        SloStatus::Fail => ("fail", "✗"),
        SloStatus::Critical => ("crit", "✗✗"),
        SloStatus::NoData if slo.optional => ("none", "•"),
        SloStatus::NoData => ("fail", "∅"),
    };
    let mut flags = Vec::new();
    if slo.optional {
        flags.push("optional");
    }
    if slo.abort {
        flags.push("ends the run when missed");
    }
    let target = match &slo.over {
        Some(window) => format!("{} over {window}", slo.target),
        None => slo.target.clone(),
    };
    Slo {
        class,
        mark,
        status: slo.status.label(),
        priority: slo.priority.label(),
        label: slo.label(),
        metric: slo.name.as_ref().map(|_| slo.metric.as_str()),
        target,
        warn: slo.warn.as_deref(),
        flags: flags.join(", "),
        actual: match slo.actual {
            Some(_) => &slo.actual_text,
            None if slo.actual_text.is_empty() => "no sample",
            None => &slo.actual_text,
        },
        margin: slo.margin.map(margin).unwrap_or_else(|| "–".to_owned()),
        bar: slo.margin.and_then(bar),
    }
}

/// Half the bar is as long as the target itself; what goes beyond is cut.
fn bar(margin: f64) -> Option<Bar> {
    if !margin.is_finite() {
        return None;
    }
    let length = margin.abs().min(1.0) * 50.0;
    let (class, x) = match margin < 0.0 {
        true => ("bar-past", 50.0 - length),
        false => ("bar-room", 50.0),
    };
    Some(Bar {
        class,
        x: format!("{x:.1}"),
        width: format!("{length:.1}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_margin_reaches_from_the_middle_to_its_side_and_no_further() {
        let shown = |margin| bar(margin).map(|bar| (bar.class, bar.x, bar.width));
        let is = |class, x: &str, width: &str| Some((class, x.to_owned(), width.to_owned()));
        assert_eq!(shown(0.5), is("bar-room", "50.0", "25.0"));
        assert_eq!(shown(-0.2), is("bar-past", "40.0", "10.0"));
        assert_eq!(shown(-7.0), is("bar-past", "0.0", "50.0"));
        assert_eq!(shown(f64::NAN), None);
    }
}
