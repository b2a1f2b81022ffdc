"""Where the time goes: response times by endpoint, their phases and distribution, and whether the generator kept up."""

from .parts import ORANGE, RED, YELLOW, GREEN, buckets, dashboard as made, exemplified, graph, heatmap, override, query, table, thresholds
from .queries import ENDPOINT, RUN, SCENARIO, mean, quantile, rate, total

DURATION = "rhaid_http_req_duration_seconds"
PHASES = ["blocked", "looking_up", "connecting", "tls_handshaking", "sending", "waiting", "receiving"]


def whole(q):
    """A quantile by endpoint over all that is shown."""
    highest = f"sum by (le, name) (max_over_time({DURATION}_bucket{{{ENDPOINT}}}[$__range]))"
    return f"histogram_quantile({q}, {highest})"


def dashboard():
    reqs, failed = (total(f"rhaid_http_{name}_total", ENDPOINT, "name") for name in ("reqs", "req_failed"))
    return made(
        "rhaid-performance",
        "rhaid / Performance",
        "Where the time goes, by endpoint and phase, and whether the load generator kept up.",
        {
            "Response times": [
                graph(
                    "p95 by endpoint",
                    exemplified(query(quantile(0.95, DURATION, ENDPOINT, "name"), "{{name}}")),
                    about="Of a run that is traced, the points are requests with a trace: click on one.",
                    unit="s",
                ),
                graph("p99 by endpoint", query(quantile(0.99, DURATION, ENDPOINT, "name"), "{{name}}"), unit="s"),
                heatmap(
                    "How response times are spread",
                    exemplified(buckets(f"sum by (le) (increase({DURATION}_bucket{{{ENDPOINT}}}[$__rate_interval]))")),
                    about="Requests by response time: two bands are two kinds of answers.",
                ),
                graph(
                    "Seen by a guest who does not wait",
                    query(quantile(0.95, "rhaid_http_req_corrected_seconds", ENDPOINT), "from when it should have begun"),
                    query(quantile(0.95, DURATION, ENDPOINT), "from when it began"),
                    about="p95. Where the first lies above the second, requests stood in a queue before they were sent:"
                    " free of coordinated omission, what users would have felt.",
                    unit="s",
                    height=9,
                ),
            ],
            "Endpoints": [
                table(
                    "By endpoint",
                    {
                        "Requests": (reqs, "short"),
                        "Failed": (failed, "short"),
                        "Share failed": (f"{failed} / {reqs}", "percentunit"),
                        "p50": (whole(0.5), "s"),
                        "p95": (whole(0.95), "s"),
                        "p99": (whole(0.99), "s"),
                    },
                    labels={"name": "Endpoint"},
                    overrides=[
                        override(
                            "byName",
                            "Share failed",
                            thresholds=thresholds(GREEN, (0.001, YELLOW), (0.01, ORANGE), (0.05, RED)),
                            custom__cellOptions={"type": "color-text"},
                            color={"mode": "thresholds"},
                        )
                    ],
                    sort="p95",
                ),
                graph("Requests in a second, by endpoint", query(rate("rhaid_http_reqs_total", ENDPOINT, "name"), "{{name}}"), unit="reqps", stack=True),
                graph("Answers in a second, by status", query(rate("rhaid_http_reqs_total", ENDPOINT, "status"), "{{status}}"), unit="reqps", stack=True),
            ],
            "Phases": [
                graph(
                    "What a request's time is made of",
                    *[query(mean(f"rhaid_http_req_{phase}_seconds", ENDPOINT), phase.replace("_", " ")) for phase in PHASES],
                    about="On average. Waiting is the server's, blocked and connecting that of connections, which should be kept.",
                    unit="s",
                    stack=True,
                ),
                graph("Waiting for the first byte, p95 by endpoint", query(quantile(0.95, "rhaid_http_req_waiting_seconds", ENDPOINT, "name"), "{{name}}"), unit="s"),
            ],
            "Journeys": [
                graph("Iterations, p95 by scenario", query(quantile(0.95, "rhaid_iteration_duration_seconds", SCENARIO, "scenario"), "{{scenario}}"), unit="s"),
                graph("Groups, p95", query(quantile(0.95, "rhaid_group_duration_seconds", SCENARIO, "group"), "{{group}}"), unit="s"),
            ],
            "The load generator": [
                graph(
                    "How late iterations begin",
                    query(quantile(0.5, "rhaid_iteration_lag_seconds", SCENARIO), "p50"),
                    query(quantile(0.99, "rhaid_iteration_lag_seconds", SCENARIO), "p99"),
                    about="Late by more than a few milliseconds, the machine that makes the load is too busy, and response times are partly its own.",
                    unit="s",
                    width=8,
                ),
                graph(
                    "Arrivals without a user",
                    query(rate("rhaid_dropped_iterations_total", SCENARIO, "scenario"), "{{scenario}}"),
                    about="Dropped iterations: the load is less than was asked for. Raise max_vus, or the target is too slow for it.",
                    unit="ops",
                    width=8,
                ),
                graph(
                    "Virtual users",
                    query(f"sum(rhaid_vus{{{RUN}}})", "in the test"),
                    query(f"sum(rhaid_vus_max{{{RUN}}})", "at most"),
                    width=8,
                ),
            ],
            "Runs beside each other": [
                graph(
                    "p95 by run",
                    query(quantile(0.95, DURATION, ENDPOINT, "testid"), "{{testid}}"),
                    about="Choose two test ids above. `rhaid compare` says whether a difference is more than chance.",
                    unit="s",
                ),
                graph("Requests in a second by run", query(rate("rhaid_http_reqs_total", ENDPOINT, "testid"), "{{testid}}"), unit="reqps"),
            ],
        },
    )
