//! Connections that are opened again and again instead of being kept.

use super::evidence::{Evidence, Subject};
use super::{Cause, Confidence, Finding};
use crate::metrics::Histogram;
use crate::result::MetricValues;
use crate::units::{format_fraction, format_millis};

/// A share of requests with a connection of their own that is worth a word.
const SHARE: f64 = 0.3;
/// What opening connections costs on average, as a fraction of the response time, to be worth a word.
const COST: f64 = 0.1;

pub fn look(evidence: &Evidence<'_>) -> Option<Finding> {
    if evidence.subject != Subject::Latency {
        return None;
    }
    let result = evidence.result;
    let mean = |metric: &str| result.trend(metric).map_or(0.0, |trend| trend.avg);
    let connecting = share_above_zero(evidence, "http_req_connecting")?;
    let (lookup, connect, tls) = (
        mean("http_req_looking_up"),
        mean("http_req_connecting"),
        mean("http_req_tls_handshaking"),
    );
    let duration = mean("http_req_duration");
    let cost = lookup + connect + tls;
    if connecting < SHARE || cost < COST * duration || duration <= 0.0 {
        return None;
    }
    let parts = [
        ("looking up names", lookup),
        ("connecting", connect),
        ("TLS handshakes", tls),
    ];
    let (largest, most) = parts
        .iter()
        .copied()
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap_or(("connecting", connect));
    Some(Finding {
        cause: Cause::Connections,
        confidence: if connecting > 0.8 {
            Confidence::High
        } else {
            Confidence::Medium
        },
        finding: format!(
            "{} of the requests opened a connection of their own, which costs {} a request on average, beside a response time of {}",
            format_fraction(connecting),
            format_millis(cost),
            format_millis(duration)
        ),
        begins: None,
        evidence: vec![
            format!(
                "on average: looking up {}, connecting {}, TLS {}",
                format_millis(lookup),
                format_millis(connect),
                format_millis(tls)
            ),
            format!("most of it is {largest} ({})", format_millis(most)),
        ],
        advice: vec![
            "keep connections: look for `Connection: close`, a short keep-alive time-out or a limit of requests per connection at the server or the proxy before it",
            "in the script, look for `keep_alive: false`, and for users that live for one iteration only",
            "where connections must be new, let TLS sessions be resumed and names be cached",
        ],
    })
}

/// The share of samples of a metric that are not zero.
fn share_above_zero(evidence: &Evidence<'_>, metric: &str) -> Option<f64> {
    match evidence.result.metric(metric)? {
        MetricValues::Trend {
            summary,
            histogram: Some(text),
        } if summary.count > 0 => {
            let histogram = Histogram::from_v2_base64(text).ok()?;
            let above = histogram.count() - histogram.count_at_or_below(0);
            Some(above as f64 / histogram.count() as f64)
        }
        _ => None,
    }
}
