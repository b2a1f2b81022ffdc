//! Options of a scenario, of its executor, and of an objective.

use super::{Key, key};

/// Options of every scenario; its executor adds its own.
pub const SCENARIO: &[Key] = &[
    key(
        "executor",
        "name",
        "",
        "how iterations are scheduled; see the executors",
    ),
    key(
        "exec",
        "function name",
        "iteration",
        "the function that is one iteration",
    ),
    key(
        "start_time",
        "duration",
        "0s",
        "when the scenario starts, after the run's start",
    ),
    key(
        "after",
        "scenario name",
        "",
        "start when that scenario has ended (plus `start_time`)",
    ),
    key(
        "graceful_stop",
        "duration",
        "30s",
        "how long running iterations may go on after the end",
    ),
    key(
        "env",
        "map of strings",
        "none",
        "what `env()` gives in this scenario, over the run's",
    ),
    key(
        "tags",
        "map of strings",
        "none",
        "tags on every sample of this scenario",
    ),
];

/// Options that executors have; which has which is `Kind::keys`.
pub const EXECUTOR: &[Key] = &[
    key("vus", "whole number", "1", "virtual users"),
    key(
        "iterations",
        "whole number",
        "1",
        "iterations: in all (shared-iterations) or per virtual user",
    ),
    key(
        "max_duration",
        "duration",
        "10m",
        "the scenario ends then, done or not",
    ),
    key("duration", "duration", "", "how long the scenario lasts"),
    key(
        "stages",
        "list of #{ duration, target }",
        "",
        "ramps, one after the other; a stage of zero length is a jump",
    ),
    key(
        "start_vus",
        "whole number",
        "1",
        "virtual users at the start",
    ),
    key(
        "graceful_ramp_down",
        "duration",
        "30s",
        "how long an iteration may go on when its virtual user is ramped down",
    ),
    key(
        "rate",
        "rate",
        "",
        "iteration starts per `time_unit`, or a string such as \"300/m\"",
    ),
    key("start_rate", "rate", "0", "the rate at the start"),
    key(
        "time_unit",
        "duration",
        "1s",
        "what `rate`, `start_rate` and numeric targets are per",
    ),
    key(
        "pre_allocated_vus",
        "whole number",
        "1",
        "virtual users made before the start",
    ),
    key(
        "max_vus",
        "whole number",
        "100, or as many as at the start",
        "virtual users at most; an arrival that finds none free is dropped",
    ),
    key(
        "arrivals",
        "\"regular\" or \"poisson\"",
        "regular",
        "evenly spaced arrivals, or random ones of the same rate",
    ),
    key(
        "pace",
        "duration",
        "none",
        "start an iteration this often per virtual user, however long it takes",
    ),
];

/// Options of one objective.
pub const OBJECTIVE: &[Key] = &[
    key(
        "target",
        "expression",
        "",
        "what must hold: \"p(95) < 3s\", \"rate < 1%\", \"count > 100\"",
    ),
    key(
        "warn",
        "expression",
        "none",
        "a stricter bound; between it and the target the status is WARNING",
    ),
    key(
        "priority",
        "\"P0\", \"P1\" or \"P2\"",
        "P1",
        "P0 past its target blocks the deployment (exit 2), others ask for a review (exit 1)",
    ),
    key(
        "abort",
        "true or false",
        "false",
        "end the run as soon as the target is passed",
    ),
    key(
        "abort_delay",
        "duration",
        "0s",
        "do not abort before this much time has passed",
    ),
    key(
        "over",
        "duration",
        "the whole run",
        "judge every window of this length; the worst one counts",
    ),
    key(
        "optional",
        "true or false",
        "false",
        "having no samples is no failure",
    ),
    key("name", "string", "", "what reports call it"),
];
