//! The metrics that every run has. Names and meanings are k6's where k6 has them.

use super::{Contains, MetricKind};

/// A metric known before any script is read. The discriminant is its [`MetricId`](super::MetricId) in
/// every recorder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Builtin {
    HttpReqs,
    HttpReqFailed,
    HttpReqDuration,
    HttpReqCorrected,
    HttpReqBlocked,
    HttpReqLookingUp,
    HttpReqConnecting,
    HttpReqTlsHandshaking,
    HttpReqSending,
    HttpReqWaiting,
    HttpReqReceiving,
    DataSent,
    DataReceived,
    Iterations,
    IterationDuration,
    IterationErrors,
    IterationLag,
    DroppedIterations,
    InterruptedIterations,
    Checks,
    GroupDuration,
    Vus,
    VusMax,
    WebhookLatency,
    WebhookReceived,
    WebhookMissing,
    WebhookDuplicate,
    WebhookUnexpected,
    WebhookOutOfOrder,
    WebhookBadSignature,
    WebhookDropped,
    FaultRecoveryTime,
}

/// Name, kind, what the values are, and a sentence for people.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    pub name: &'static str,
    pub kind: MetricKind,
    pub contains: Contains,
    pub description: &'static str,
}

impl Builtin {
    /// All of them, in the order of their discriminants.
    pub const ALL: [Self; 32] = [
        Self::HttpReqs,
        Self::HttpReqFailed,
        Self::HttpReqDuration,
        Self::HttpReqCorrected,
        Self::HttpReqBlocked,
        Self::HttpReqLookingUp,
        Self::HttpReqConnecting,
        Self::HttpReqTlsHandshaking,
        Self::HttpReqSending,
        Self::HttpReqWaiting,
        Self::HttpReqReceiving,
        Self::DataSent,
        Self::DataReceived,
        Self::Iterations,
        Self::IterationDuration,
        Self::IterationErrors,
        Self::IterationLag,
        Self::DroppedIterations,
        Self::InterruptedIterations,
        Self::Checks,
        Self::GroupDuration,
        Self::Vus,
        Self::VusMax,
        Self::WebhookLatency,
        Self::WebhookReceived,
        Self::WebhookMissing,
        Self::WebhookDuplicate,
        Self::WebhookUnexpected,
        Self::WebhookOutOfOrder,
        Self::WebhookBadSignature,
        Self::WebhookDropped,
        Self::FaultRecoveryTime,
    ];

    /// What the metric is called and means.
    pub const fn definition(self) -> Definition {
        use Contains::{Data, Default as Plain, Time};
        use MetricKind::{Counter, Gauge, Rate, Trend};
        let (name, kind, contains, description) = match self {
            Self::HttpReqs => ("http_reqs", Counter, Plain, "HTTP requests sent"),
            Self::HttpReqFailed => (
                "http_req_failed",
                Rate,
                Plain,
                "requests without a response or with an unexpected status",
            ),
            Self::HttpReqDuration => (
                "http_req_duration",
                Trend,
                Time,
                "response time: sending + waiting + receiving",
            ),
            Self::HttpReqCorrected => (
                "http_req_corrected",
                Trend,
                Time,
                "response time counted from the iteration's scheduled start, free of coordinated omission; equals http_req_duration in a closed model",
            ),
            Self::HttpReqBlocked => (
                "http_req_blocked",
                Trend,
                Time,
                "time before a request could start: waiting for a connection slot, looking up, connecting, handshaking",
            ),
            Self::HttpReqLookingUp => (
                "http_req_looking_up",
                Trend,
                Time,
                "looking up the host's address",
            ),
            Self::HttpReqConnecting => (
                "http_req_connecting",
                Trend,
                Time,
                "establishing the TCP connection",
            ),
            Self::HttpReqTlsHandshaking => {
                ("http_req_tls_handshaking", Trend, Time, "the TLS handshake")
            }
            Self::HttpReqSending => ("http_req_sending", Trend, Time, "sending the request"),
            Self::HttpReqWaiting => (
                "http_req_waiting",
                Trend,
                Time,
                "waiting for the first byte of the response",
            ),
            Self::HttpReqReceiving => ("http_req_receiving", Trend, Time, "receiving the response"),
            Self::DataSent => (
                "data_sent",
                Counter,
                Data,
                "bytes written to the network, TLS included",
            ),
            Self::DataReceived => (
                "data_received",
                Counter,
                Data,
                "bytes read from the network, TLS included",
            ),
            Self::Iterations => (
                "iterations",
                Counter,
                Plain,
                "iterations that ended by themselves, in an error or not",
            ),
            Self::IterationDuration => (
                "iteration_duration",
                Trend,
                Time,
                "duration of an iteration that ended by itself",
            ),
            Self::IterationErrors => (
                "iteration_errors",
                Counter,
                Plain,
                "iterations that ended in a script error",
            ),
            Self::IterationLag => (
                "iteration_lag",
                Trend,
                Time,
                "actual minus scheduled start of an iteration",
            ),
            Self::DroppedIterations => (
                "dropped_iterations",
                Counter,
                Plain,
                "scheduled iterations that found no free virtual user",
            ),
            Self::InterruptedIterations => (
                "interrupted_iterations",
                Counter,
                Plain,
                "iterations cut off when their scenario's time was over",
            ),
            Self::Checks => ("checks", Rate, Plain, "checks that held"),
            Self::GroupDuration => ("group_duration", Trend, Time, "duration of a group"),
            Self::Vus => ("vus", Gauge, Plain, "active virtual users"),
            Self::VusMax => ("vus_max", Gauge, Plain, "virtual users initialised"),
            Self::WebhookLatency => (
                "webhook_latency",
                Trend,
                Time,
                "from the start of the request that caused a webhook call to the call's arrival",
            ),
            Self::WebhookReceived => (
                "webhook_received",
                Counter,
                Plain,
                "webhook calls that came in",
            ),
            Self::WebhookMissing => (
                "webhook_missing",
                Counter,
                Plain,
                "waits for a webhook call that ended without one",
            ),
            Self::WebhookDuplicate => (
                "webhook_duplicate",
                Counter,
                Plain,
                "webhook calls that had been taken before",
            ),
            Self::WebhookUnexpected => (
                "webhook_unexpected",
                Counter,
                Plain,
                "webhook calls to a URL that is not there, that came too late, or that nobody waited for",
            ),
            Self::WebhookOutOfOrder => (
                "webhook_out_of_order",
                Counter,
                Plain,
                "webhook calls that came after a later one",
            ),
            Self::WebhookBadSignature => (
                "webhook_bad_signature",
                Counter,
                Plain,
                "webhook calls whose signature is wrong or missing",
            ),
            Self::WebhookDropped => (
                "webhook_dropped",
                Counter,
                Plain,
                "webhook calls lost for want of room, or not read whole",
            ),
            Self::FaultRecoveryTime => (
                "fault_recovery_time",
                Trend,
                Time,
                "from the end of a fault until all was well again",
            ),
        };
        Definition {
            name,
            kind,
            contains,
            description,
        }
    }

    /// The built-in metric of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|metric| metric.definition().name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discriminants_are_positions_in_the_list() {
        for (position, metric) in Builtin::ALL.into_iter().enumerate() {
            assert_eq!(metric as usize, position);
        }
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = Builtin::ALL.iter().map(|m| m.definition().name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Builtin::ALL.len());
    }
}
