//! The options there are, and the parameters of a request: tables for reading, for suggestions and for the guide.

mod chaos;
mod request;
mod run;
mod scenario;
mod tracing;

pub use chaos::{COMMAND, FAULT, PROBE, PROXY};
pub use request::REQUEST;
pub use run::RUN;
pub use scenario::{EXECUTOR, OBJECTIVE, SCENARIO};
pub use tracing::TRACING;

/// One option: its name, what it takes, its default, what it is for.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    pub name: &'static str,
    pub takes: &'static str,
    pub default: &'static str,
    pub meaning: &'static str,
}

const fn key(
    name: &'static str,
    takes: &'static str,
    default: &'static str,
    meaning: &'static str,
) -> Key {
    Key {
        name,
        takes,
        default,
        meaning,
    }
}

/// The names in a table.
pub fn names(keys: &[Key]) -> Vec<&'static str> {
    keys.iter().map(|key| key.name).collect()
}

/// Our name for an option that k6 users know under another.
pub fn k6_name(theirs: &str) -> Option<&'static str> {
    Some(match theirs {
        "thresholds" => "slos",
        "maxRedirects" => "redirects",
        "insecureSkipTLSVerify" => "tls: #{ insecure: true }",
        "discardResponseBodies" => "discard_bodies",
        "noCookiesReset" => "keep_cookies",
        "noConnectionReuse" => "connection_reuse: false",
        "noVUConnectionReuse" => "connection_reuse: \"iteration\"",
        "setupTimeout" => "setup_timeout",
        "teardownTimeout" => "teardown_timeout",
        "userAgent" => "user_agent",
        "batchPerHost" => "batch_per_host",
        "blacklistIPs" | "blockHostnames" => "blocked_hosts",
        "localIPs" => "local_ips",
        "tlsAuth" => "tls: #{ cert, key }",
        "executionSegment" => "--execution-segment, a flag",
        "minIterationDuration" => "pace",
        "startTime" => "start_time",
        "gracefulStop" => "graceful_stop",
        "gracefulRampDown" => "graceful_ramp_down",
        "startVUs" => "start_vus",
        "startRate" => "start_rate",
        "timeUnit" => "time_unit",
        "preAllocatedVUs" => "pre_allocated_vus",
        "maxVUs" => "max_vus",
        "maxDuration" => "max_duration",
        "abortOnFail" => "abort",
        "delayAbortEval" => "abort_delay",
        "threshold" => "target",
        _ => return None,
    })
}
