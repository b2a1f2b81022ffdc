//! A metric and what is to hold of it, in one line: `http_req_failed rate < 30%`.

use super::error::SloError;
use super::expression::Expression;
use super::objective::{Objective, ObjectiveSpec};
use super::selector::Selector;
use crate::metrics::{Builtin, MetricKind};
use crate::suggest::nearest;

/// Reads `METRIC EXPRESSION`; a colon may stand between them. Of a counter, a gauge or a rate the expression may be only a
/// comparison: `http_reqs > 1000` is about its count.
///
/// # Errors
/// When either part is none.
pub fn statement(text: &str) -> Result<Objective, SloError> {
    let text = text.trim();
    let tags = text
        .find('{')
        .filter(|open| !text[..*open].contains([' ', '<', '>', '=']));
    let end = match tags.and_then(|_| text.find('}')) {
        Some(close) => close + 1,
        None => text
            .find(|c: char| c.is_whitespace() || c == ':' || "<>=!".contains(c))
            .unwrap_or(text.len()),
    };
    let (metric, rest) = text.split_at(end);
    let selector: Selector = metric.parse()?;
    let rest = rest.trim_start().trim_start_matches(':').trim_start();
    let expression: Expression =
        match natural(&selector).filter(|_| rest.starts_with(['<', '>', '=', '!'])) {
            Some(aggregate) => format!("{aggregate} {rest}").parse()?,
            None if rest.is_empty() => {
                return Err(SloError::new(
                    text,
                    0..text.len(),
                    "says nothing about the metric",
                    "add what is to hold, such as `rate < 5%`",
                ));
            }
            None if rest.starts_with(['<', '>', '=', '!']) => {
                let metric = selector.metric();
                let known = Builtin::ALL.into_iter().map(|one| one.definition().name);
                let near = match Builtin::by_name(metric) {
                    Some(_) => None,
                    None => nearest(metric, known),
                };
                return Err(SloError::new(
                    text,
                    0..end,
                    format!("does not say what of `{metric}` is compared"),
                    "put it before the comparison, such as `count`, `rate`, `value` or `p(95)`",
                )
                .suggest(near));
            }
            None => rest.parse()?,
        };
    Objective::try_from(ObjectiveSpec::new(selector, expression))
}

/// What is meant by the value of such a metric.
fn natural(selector: &Selector) -> Option<&'static str> {
    match Builtin::by_name(selector.metric())?.definition().kind {
        MetricKind::Counter => Some("count"),
        MetricKind::Gauge => Some("value"),
        MetricKind::Rate => Some("rate"),
        MetricKind::Trend => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_and_what_holds_of_it() {
        for (text, label) in [
            ("http_req_failed rate < 30%", "http_req_failed: rate < 30%"),
            ("http_reqs > 1000", "http_reqs: count > 1000"),
            ("vus >= 10", "vus: value >= 10"),
            ("http_req_failed < 5%", "http_req_failed: rate < 5%"),
            (
                "http_req_duration: p(95) < 1s",
                "http_req_duration: p(95) < 1s",
            ),
            (
                "http_req_duration{name:reserve} p(95) < 1s",
                "http_req_duration{name:reserve}: p(95) < 1s",
            ),
        ] {
            assert_eq!(statement(text).unwrap().label(), label, "{text}");
        }
    }

    #[test]
    fn what_is_no_statement_is_told() {
        for text in [
            "",
            "http_reqs",
            "http_req_duration < 1s",
            "rate < 3",
            "http_reqs{a rate < 1",
        ] {
            assert!(statement(text).is_err(), "{text}");
        }
        let told = statement("http_reqz > 40").unwrap_err().to_string();
        assert!(
            told.contains("what of `http_reqz`") && told.contains("did you mean `http_reqs`?"),
            "{told}"
        );
        let told = statement("http_req_duration < 1s").unwrap_err().to_string();
        assert!(!told.contains("did you mean"), "{told}");
    }
}
