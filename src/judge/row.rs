//! The row of a result that says how an objective came out.

use crate::metrics::{Builtin, Contains, MetricKind};
use crate::result::SloResult;
use crate::slo::{Aggregate, Judgement, Objective, Selector, Threshold};
use crate::units;

/// What a metric is, where that is known.
pub type Nature = Option<(MetricKind, Contains)>;

/// What stands instead of a value where nothing was measured.
pub const NO_SAMPLES: &str = "no samples";

/// What stands instead of a value where something was measured that does not tell it.
pub const NOT_KNOWN: &str = "not known";

/// Tags that a sample has by its nature, not because the script gave it a name.
const TELLS_KINDS: [&str; 6] = [
    "error_code",
    "expected_response",
    "method",
    "proto",
    "scenario",
    "status",
];

/// Whether having no samples means zero: so for counters that every run has, asked for by tags that tell kinds of samples
/// apart. "No request ended in a status of 5xx" is good news; "no request was called `reserve`" is not.
pub fn counts_from_zero(selector: &Selector) -> bool {
    tells_kinds(selector)
        && Builtin::by_name(selector.metric())
            .is_some_and(|metric| metric.definition().kind == MetricKind::Counter)
}

/// Whether a selector has only tags that a sample has by its nature.
pub fn tells_kinds(selector: &Selector) -> bool {
    selector
        .conditions()
        .iter()
        .all(|condition| tells_kind(&condition.key))
}

/// Whether a sample has that tag by its nature.
pub fn tells_kind(key: &str) -> bool {
    TELLS_KINDS.contains(&key)
}

/// The row of an objective with this judgement. `nature` is what its metric is; a built-in one is known anyway.
pub fn row(objective: &Objective, judgement: &Judgement, nature: Nature) -> SloResult {
    SloResult {
        metric: objective.selector.to_string(),
        name: objective.name.clone(),
        target: objective.target.to_string(),
        warn: objective.warn.as_ref().map(ToString::to_string),
        priority: objective.priority,
        over: objective.over.map(units::format_duration),
        optional: objective.optional,
        abort: objective.abort,
        status: judgement.status,
        actual: judgement.actual,
        actual_text: judgement.actual.map_or_else(
            || NO_SAMPLES.to_owned(),
            |value| text_of(objective, value, nature),
        ),
        margin: judgement.margin,
        unit: unit_of(objective, nature).to_owned(),
    }
}

/// A value that an objective is judged by, as a reader wants it.
pub fn text_of(objective: &Objective, value: f64, nature: Nature) -> String {
    match unit_of(objective, nature) {
        "ms" => units::format_millis(value),
        "%" => units::format_fraction(value),
        "/s" => units::format_rate(value),
        "bytes" => units::format_bytes(value.max(0.0) as u64),
        _ if value.fract() == 0.0 && value.abs() < 1e15 => format!("{value:.0}"),
        _ => format!("{value:.3}"),
    }
}

/// What an objective's value is measured in.
fn unit_of(objective: &Objective, nature: Nature) -> &'static str {
    let builtin = Builtin::by_name(objective.selector.metric())
        .map(|metric| (metric.definition().kind, metric.definition().contains));
    let metric = nature.or(builtin);
    let is = |wanted| metric.is_some_and(|(_, contains)| contains == wanted);
    let kind = metric.map(|(kind, _)| kind);
    match (objective.target.threshold, objective.target.aggregate) {
        (Threshold::Bytes(_), _) => "bytes",
        (_, Aggregate::Count) if is(Contains::Data) && kind == Some(MetricKind::Counter) => "bytes",
        (_, Aggregate::Count) => "",
        (Threshold::Time(_), _) => "ms",
        (Threshold::Percent(_), _) => "%",
        (Threshold::PerTime(_), _) => "/s",
        (_, Aggregate::Rate) if kind == Some(MetricKind::Rate) => "%",
        (_, Aggregate::Rate) if kind.is_some() => "/s",
        _ if is(Contains::Time) => "ms",
        _ if is(Contains::Data) => "bytes",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slo::{ObjectiveSpec, judge};

    fn text(selector: &str, target: &str, value: f64, nature: Nature) -> String {
        let spec = ObjectiveSpec::new(selector.parse().unwrap(), target.parse().unwrap());
        let objective: Objective = spec.try_into().unwrap();
        let judgement = judge(&objective, Some(value));
        row(&objective, &judgement, nature).actual_text
    }

    #[test]
    fn a_value_is_written_in_what_it_is_measured_in() {
        assert_eq!(text("http_req_duration", "avg < 500", 12.5, None), "12.5ms");
        assert_eq!(text("checks", "rate > 0.9", 0.5, None), "50.0%");
        // A metric of the script, whose nature only the result tells.
        assert_eq!(text("booking_time", "avg < 500", 12.5, None), "12.500");
        let time = Some((MetricKind::Trend, Contains::Time));
        assert_eq!(text("booking_time", "avg < 500", 12.5, time), "12.5ms");
    }

    #[test]
    fn only_counters_asked_for_by_their_nature_begin_at_zero() {
        let zero = |text: &str| counts_from_zero(&text.parse().unwrap());
        assert!(zero("http_reqs{status:5*}") && zero("dropped_iterations"));
        assert!(!zero("http_reqs{name:reserve}") && !zero("checks") && !zero("bookings"));
    }
}
