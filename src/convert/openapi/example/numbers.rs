//! Numbers within their bounds.

use serde_json::{Number, Value as Json};

use super::Made;
use crate::convert::openapi::schema::Schema;

/// A range of whole numbers no wider than this is drawn from; of a wider one the bounds mean little.
const RANGE: i64 = 1_000;

/// What is between a bound and the number where the bound itself does not count.
const BESIDE: f64 = 0.01;

/// A number of a schema; `whole` if it is to be an integer.
pub fn make(schema: &Schema<'_>, whole: bool) -> Made {
    let step = schema
        .word("multipleOf")
        .and_then(Json::as_f64)
        .filter(|step| *step > 0.0);
    let (low, high) = bounds(schema, if whole { 1.0 } else { BESIDE });
    if whole && step.is_none() {
        let bound = |bound: Option<f64>| bound.and_then(whole_number);
        if let (Some(low), Some(high)) = (bound(low.map(f64::ceil)), bound(high.map(f64::floor)))
            && low < high
            && high.saturating_sub(low) <= RANGE
        {
            return Made::call(format!("random::int({low}, {high})"), low);
        }
    }
    let wanted = if whole { 1.0 } else { 9.99 };
    let number = within(wanted, low, high);
    let number = match step {
        Some(step) => {
            let up = (number / step).ceil() * step;
            if high.is_some_and(|high| up > high) {
                (number / step).floor() * step
            } else {
                up
            }
        }
        None if whole => within(number.ceil(), low, high.map(f64::floor)),
        None => number,
    };
    let made = if number.fract() == 0.0 && (whole || step.is_some_and(|step| step.fract() == 0.0)) {
        whole_number(number).map(Number::from)
    } else {
        // Sums of tenths have tails: 0.30000000000000004.
        Number::from_f64((number * 1e9).round() / 1e9).or_else(|| Number::from_f64(number))
    };
    Made::Plain(made.map_or(Json::from(1), Json::Number))
}

fn within(wanted: f64, low: Option<f64>, high: Option<f64>) -> f64 {
    let raised = low.map_or(wanted, |low| wanted.max(low));
    high.map_or(raised, |high| raised.min(high))
}

/// The least and the greatest number, as OpenAPI 3.0 (`exclusiveMinimum: true`) and 3.1 (`exclusiveMinimum: 5`) say it.
fn bounds(schema: &Schema<'_>, beside: f64) -> (Option<f64>, Option<f64>) {
    let bound = |inclusive: &str, exclusive: &str, beside: f64| {
        let including = schema.word(inclusive).and_then(Json::as_f64);
        match schema.word(exclusive) {
            Some(Json::Bool(true)) => including.map(|bound| bound + beside),
            Some(Json::Number(bound)) => bound.as_f64().map(|bound| bound + beside),
            _ => including,
        }
    };
    (
        bound("minimum", "exclusiveMinimum", beside),
        bound("maximum", "exclusiveMaximum", -beside),
    )
}

/// A number without a fraction, as far as one can be told from the next.
fn whole_number(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.abs() <= EXACT {
        format!("{number:.0}").parse().ok()
    } else {
        None
    }
}
