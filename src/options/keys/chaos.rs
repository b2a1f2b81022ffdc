//! Options of what goes wrong on purpose: faults, what they look at, programs and proxies.

use super::{Key, key};

/// Options of a fault: the maps in `faults`.
pub const FAULT: &[Key] = &[
    key(
        "name",
        "string",
        "the function's name",
        "what reports call it",
    ),
    key(
        "exec",
        "function name",
        "",
        "the function that injects it; it is given the fault",
    ),
    key(
        "duration",
        "duration",
        "",
        "how long it is held; then it is undone",
    ),
    key(
        "start",
        "duration",
        "",
        "when it comes, from the scenarios' start; with `after`, how long after that",
    ),
    key(
        "when",
        "metric and comparison, or \"manual\"",
        "",
        "it comes once this holds of the run so far, \"http_reqs > 1000\", or when a person injects it",
    ),
    key(
        "after",
        "name of a fault",
        "",
        "it comes when that fault has been undone",
    ),
    key(
        "random",
        "[duration, duration]",
        "",
        "it comes at random, with pauses between these; the seed decides",
    ),
    key("times", "whole number", "3", "how often it comes at random"),
    key(
        "steady",
        "metric and comparison, probe, or list",
        "none",
        "what must hold before it is injected; otherwise it is skipped and the run fails",
    ),
    key(
        "steady_for",
        "duration",
        "3s",
        "how long in a row `steady` must have held",
    ),
    key(
        "guard",
        "metric and comparison, probe, or list",
        "none",
        "what must hold while it lasts; otherwise it is undone",
    ),
    key(
        "guard_over",
        "duration",
        "5s",
        "the window over which metrics under `guard` are judged",
    ),
    key(
        "guard_abort",
        "true or false",
        "false",
        "end the run as well when a guard is crossed",
    ),
    key(
        "recovered_for",
        "duration",
        "3s",
        "how long in a row all must be well for the target to count as recovered",
    ),
];

/// Options of a probe: a guard or a steady state that is asked for beside the run.
pub const PROBE: &[Key] = &[
    key(
        "probe",
        "URL",
        "",
        "it holds while a GET of this is answered as it should be",
    ),
    key(
        "status",
        "status, \"2xx\", or list",
        "200 to 399",
        "with `probe`: the statuses that hold",
    ),
    key(
        "contains",
        "string",
        "",
        "with `probe`: what must be in the answer's body",
    ),
    key(
        "promql",
        "query",
        "",
        "it holds while this comparison holds of something: \"sum(rate(errors[1m])) < 5\"",
    ),
    key("url", "URL", "", "with `promql`: where Prometheus is"),
    key(
        "headers",
        "map of name to value",
        "none",
        "sent with each question, such as an `authorization` from `secret()`",
    ),
    key(
        "timeout",
        "duration",
        "1s",
        "after which a question without an answer does not hold",
    ),
];

/// Options of a command: the maps in `commands`.
pub const COMMAND: &[Key] = &[
    key(
        "run",
        "list of strings",
        "",
        "the program and its arguments; no shell reads them",
    ),
    key(
        "env",
        "map of strings",
        "none",
        "variables beside rhaid's own",
    ),
    key("dir", "path", "the current one", "the folder it runs in"),
    key("log", "path", "none", "a file to which its output is added"),
    key(
        "ready",
        "host:port",
        "at once",
        "it is ready once something answers there",
    ),
    key(
        "within",
        "duration",
        "10s",
        "how long it may take to be ready",
    ),
    key(
        "grace",
        "duration",
        "5s",
        "how long it may take to end when it is asked to",
    ),
];

/// Options of a proxy: the maps in `proxies`.
pub const PROXY: &[Key] = &[
    key("upstream", "host:port", "", "where it connects to"),
    key("listen", "host:port", "127.0.0.1:0", "where it listens"),
    key(
        "route",
        "true or false",
        "true",
        "requests to the upstream's address go through it",
    ),
];
