//! The options there are, and the parameters of a request: tables for reading, for suggestions and for the guide.

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

/// Options of the run: the top level of `options`, and of `rhaid.toml`.
pub const RUN: &[Key] = &[
    key(
        "scenarios",
        "map of name to scenario",
        "one, `default`",
        "who does what and when; see the scenario options",
    ),
    key(
        "slos",
        "map of metric to list of objectives",
        "none",
        "what the run is judged by; see the objective options",
    ),
    key(
        "vus",
        "whole number",
        "1",
        "virtual users of the default scenario (only without `scenarios`)",
    ),
    key(
        "duration",
        "duration",
        "",
        "duration of the default scenario (only without `scenarios`)",
    ),
    key(
        "iterations",
        "whole number",
        "1",
        "iterations of the default scenario (only without `scenarios`)",
    ),
    key(
        "stages",
        "list of #{ duration, target }",
        "",
        "stages of the default scenario (only without `scenarios`)",
    ),
    key(
        "rate",
        "rate",
        "",
        "iterations per second of the default scenario (only without `scenarios`)",
    ),
    key(
        "commands",
        "map of name to command",
        "none",
        "programs that the run starts first and ends last; needs `--allow-faults=process`; see the command options",
    ),
    key(
        "proxies",
        "map of name to host:port",
        "none",
        "fault proxies in front of what the load speaks to; see the proxy options",
    ),
    key(
        "faults",
        "list of faults",
        "none",
        "what goes wrong on purpose, and when; needs `--allow-faults`; see the fault options",
    ),
    key("tags", "map of strings", "none", "tags on every sample"),
    key(
        "timeout",
        "duration",
        "60s",
        "how long a request may take, redirects included",
    ),
    key(
        "redirects",
        "whole number",
        "10",
        "redirects followed per request; 0 turns following off",
    ),
    key(
        "user_agent",
        "string",
        "rhaid/VERSION",
        "the User-Agent header; empty sends none",
    ),
    key(
        "headers",
        "map of strings",
        "none",
        "headers of every request that does not set them itself",
    ),
    key(
        "expected_statuses",
        "status or list",
        "200-399",
        "statuses that count as success: 200, \"2xx\", \"200-299\"",
    ),
    key(
        "keep_cookies",
        "true or false",
        "false",
        "keep cookies from one iteration to the next",
    ),
    key(
        "connection_reuse",
        "true, false or \"iteration\"",
        "true",
        "keep connections for the user's life, not at all, or for one iteration",
    ),
    key(
        "discard_bodies",
        "true or false",
        "false",
        "read response bodies but do not keep them",
    ),
    key(
        "max_response_size",
        "size",
        "64MiB",
        "a larger response body is an error",
    ),
    key(
        "http2",
        "\"auto\", \"off\" or \"prior-knowledge\"",
        "auto",
        "HTTP/2 by ALPN, never, or without asking",
    ),
    key(
        "tls",
        "map",
        "",
        "`ca` (PEM file or list), `only_ca`, `cert` and `key` (client certificate), `insecure`; paths relative to the script",
    ),
    key(
        "proxy",
        "URL or \"off\"",
        "HTTP_PROXY, HTTPS_PROXY",
        "http:// or socks5:// proxy for all requests",
    ),
    key(
        "hosts",
        "map of host to address",
        "none",
        "fixed addresses: `\"shop.example\": \"127.0.0.1:8080\"`",
    ),
    key(
        "allowed_hosts",
        "list of hosts",
        "all",
        "only these may be reached; `*.example.com` covers subdomains, `10.0.0.0/8` a network",
    ),
    key(
        "blocked_hosts",
        "list of hosts",
        "none",
        "these may not be reached, nor names that lead to such addresses",
    ),
    key(
        "local_ips",
        "list of addresses or ranges",
        "the system's choice",
        "source addresses, dealt out to virtual users: \"127.0.0.2-127.0.0.9\"",
    ),
    key(
        "dns_ttl",
        "duration",
        "5m",
        "how long a looked-up address is kept",
    ),
    key(
        "rps",
        "rate",
        "none",
        "cap on requests per second, all virtual users together",
    ),
    key(
        "batch",
        "whole number",
        "20",
        "requests of one `http::batch` in flight at once",
    ),
    key(
        "batch_per_host",
        "whole number",
        "6",
        "of these, to one host",
    ),
    key(
        "hooks",
        "map",
        "",
        "how webhooks are received: `listen`, `url`, `max_body`, `correlate`, `id`, `sequence`",
    ),
    key(
        "tracing",
        "map",
        "",
        "how requests become part of traces: `sample`, `slowest`, `propagation`, `url`; see the tracing options",
    ),
    key("setup_timeout", "duration", "60s", "time for `setup`"),
    key("teardown_timeout", "duration", "60s", "time for `teardown`"),
    key(
        "vu_start_timeout",
        "duration",
        "60s",
        "time for each `vu_start`",
    ),
    key(
        "vu_stop_timeout",
        "duration",
        "30s",
        "time for each `vu_stop`",
    ),
    key("summary_timeout", "duration", "30s", "time for `summary`"),
    key(
        "max_tag_sets",
        "whole number",
        "2000",
        "distinct tag sets kept apart per worker; the surplus is folded into `other`",
    ),
    key(
        "seed",
        "whole number",
        "random",
        "seed of everything random; `--seed` overrides",
    ),
];

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
        "metric and comparison",
        "",
        "it comes once this holds of the run so far: \"http_reqs > 1000\"",
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
        "metric and comparison, or list",
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
        "metric and comparison, or list",
        "none",
        "what must hold while it lasts; otherwise it is undone",
    ),
    key(
        "guard_over",
        "duration",
        "5s",
        "the window over which `guard` is judged",
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

/// Options of traces: the map `tracing`.
pub const TRACING: &[Key] = &[
    key(
        "sample",
        "share, \"tail\" or \"off\"",
        "off",
        "which iterations are traced: a share such as \"1%\", or those that fail or are slow",
    ),
    key(
        "slowest",
        "share",
        "1%",
        "with `sample: \"tail\"`: which share of requests counts as slow",
    ),
    key(
        "propagation",
        "\"w3c\", \"b3\", \"b3multi\" or \"jaeger\"",
        "w3c",
        "which headers tell the target of the trace",
    ),
    key(
        "url",
        "URL with {trace_id}",
        "none",
        "where a trace is to be seen: reports link slow requests to it",
    ),
];

/// Parameters of one request: the last argument of an HTTP call.
pub const REQUEST: &[Key] = &[
    key(
        "name",
        "string",
        "the URL without its query",
        "what the request is called in metrics and reports",
    ),
    key(
        "headers",
        "map of strings or lists",
        "none",
        "headers; a list sends the header several times",
    ),
    key(
        "tags",
        "map of strings",
        "none",
        "tags on the request's samples; one called `name` is its name",
    ),
    key(
        "timeout",
        "duration",
        "the option `timeout`",
        "how long it may take, redirects included",
    ),
    key(
        "redirects",
        "whole number",
        "the option `redirects`",
        "redirects followed; 0 gives the redirect itself",
    ),
    key(
        "auth",
        "map",
        "none",
        "#{ user, password } (basic), #{ token } (bearer), #{ type: \"digest\", user, password }",
    ),
    key(
        "cookies",
        "map of strings",
        "none",
        "cookies of this request only, over those of the jar",
    ),
    key(
        "expected_statuses",
        "status or list",
        "the option `expected_statuses`",
        "statuses that count as success: 200, \"2xx\", \"200-299\"",
    ),
    key(
        "discard_body",
        "true or false",
        "the option `discard_bodies`",
        "read the body but do not keep it",
    ),
];

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
