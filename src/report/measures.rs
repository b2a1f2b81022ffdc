//! Metrics as reports speak of them: which are the script's own, which are a request's phases, and a value with what stands beside it.

use super::format::{measured, number, per_second, percent, thousands};
use crate::result::{Contains, MetricValues};

/// The phases of a request in the order they happen, and their metrics.
pub const PHASES: [(&str, &str); 7] = [
    ("blocked", "http_req_blocked"),
    ("lookup", "http_req_looking_up"),
    ("connect", "http_req_connecting"),
    ("tls", "http_req_tls_handshaking"),
    ("send", "http_req_sending"),
    ("wait", "http_req_waiting"),
    ("receive", "http_req_receiving"),
];

/// The metrics that every run has; what is not among them is the script's own.
const BUILT_IN: [&str; 13] = [
    "checks",
    "data_received",
    "data_sent",
    "dropped_iterations",
    "fault_recovery_time",
    "group_duration",
    "iteration_duration",
    "iteration_errors",
    "iteration_lag",
    "iterations",
    "interrupted_iterations",
    "vus",
    "vus_max",
];

/// Metrics of the calls that a run receives, in a table of their own.
const WEBHOOKS: [&str; 8] = [
    "webhook_bad_signature",
    "webhook_dropped",
    "webhook_duplicate",
    "webhook_latency",
    "webhook_missing",
    "webhook_out_of_order",
    "webhook_received",
    "webhook_unexpected",
];

/// Metrics of the protocols, by the beginning of their names.
const BUILT_IN_FAMILIES: [&str; 1] = ["http_req"];

/// A metric with one main value: that value, and what stands beside it.
pub fn single(values: &MetricValues, contains: Contains, unicode: bool) -> (String, String) {
    let show = |value: f64| measured(value, contains, unicode);
    match values {
        MetricValues::Counter { count, rate } => {
            let rate = match contains {
                Contains::Default => per_second(*rate),
                _ => format!("{}/s", show(*rate)),
            };
            (show(*count), rate)
        }
        MetricValues::Gauge { value, min, max } => (
            show(*value),
            format!("min {}, max {}", show(*min), show(*max)),
        ),
        MetricValues::Rate { passes, total, .. } if *total == 0 => {
            (number(*passes as f64), "no samples".to_owned())
        }
        MetricValues::Rate {
            rate,
            passes,
            total,
        } => (
            percent(*rate),
            format!("{} of {}", thousands(*passes), thousands(*total)),
        ),
        MetricValues::Trend { summary, .. } => (show(summary.avg), "average".to_owned()),
    }
}

/// Whether a metric is the script's own, or about webhooks.
pub fn is_custom(name: &str) -> bool {
    !BUILT_IN.contains(&name)
        && !BUILT_IN_FAMILIES
            .iter()
            .any(|family| name.starts_with(family))
}

/// Whether a metric is about the calls that a run receives.
pub fn is_webhook(name: &str) -> bool {
    WEBHOOKS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_metrics_of_every_run_are_not_taken_for_the_scripts_own() {
        assert!(!is_custom("http_req_duration"));
        assert!(!is_custom("vus"));
        assert!(is_custom("rooms_booked"));
    }
}
