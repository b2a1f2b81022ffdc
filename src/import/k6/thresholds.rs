//! Thresholds of k6, as objectives.

use crate::result::{Priority, SloResult, SloStatus};
use crate::slo::{Expression, Selector};

/// A threshold with the verdict that k6 recorded, if the file has it.
pub fn objective(metric: &str, expression: &str, met: Option<bool>) -> SloResult {
    let status = match met {
        Some(true) => SloStatus::Pass,
        Some(false) => SloStatus::Fail,
        None => SloStatus::NoData,
    };
    SloResult {
        // As we write them, where we can read them.
        metric: metric
            .parse::<Selector>()
            .map_or_else(|_| metric.to_owned(), |selector| selector.to_string()),
        name: None,
        target: expression.parse::<Expression>().map_or_else(
            |_| expression.to_owned(),
            |expression| expression.to_string(),
        ),
        warn: None,
        priority: Priority::P1,
        over: None,
        optional: false,
        abort: false,
        status,
        actual: None,
        actual_text: "no samples".to_owned(),
        margin: None,
        unit: String::new(),
    }
}
