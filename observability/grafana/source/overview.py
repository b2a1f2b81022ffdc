"""How a run goes, at a glance: is it well, how fast, how much, and what happened."""

from .parts import (
    GREEN, RED, SLO_STATES, YELLOW, dashboard as made, graph, now, number, query, table, thresholds, timeline,
)
from .queries import ENDPOINT, RUN, SCENARIO, quantile, rate, share_failed, share_true, total


def dashboard():
    return made(
        "rhaid-overview",
        "rhaid / Overview",
        "How a run goes, at a glance. Choose a test id, a scenario, an endpoint above.",
        {
            "At a glance": [
                number("Requests", now(total("rhaid_http_reqs_total", ENDPOINT)), unit="short", about="All of them, since the start."),
                number("Rate", query(rate("rhaid_http_reqs_total", ENDPOINT)), unit="reqps", about="Requests in a second."),
                number(
                    "Failed",
                    query(share_failed(ENDPOINT)),
                    unit="percentunit",
                    about="The share of requests without a response or with a status that was not expected.",
                    thresholds=thresholds(GREEN, (0.001, YELLOW), (0.01, RED)),
                ),
                number("Response time, p95", query(quantile(0.95, "rhaid_http_req_duration_seconds", ENDPOINT)), unit="s"),
                number("Virtual users", query(f"sum(rhaid_vus{{{RUN}}})"), unit="short", about="Users in the test, those that wait for work too."),
                number(
                    "Objectives missed",
                    query(f"count(rhaid_slo_status{{{RUN}}} >= 2 < 4) or sum(0 * rhaid_slo_status{{{RUN}}})"),
                    about="Objectives that stand at fail or critical.",
                    thresholds=thresholds(GREEN, (1, RED)),
                ),
            ],
            "Load and response": [
                graph("Requests in a second", query(rate("rhaid_http_reqs_total", ENDPOINT, "scenario"), "{{scenario}}"), unit="reqps", stack=True),
                graph(
                    "Response time",
                    *[
                        query(quantile(q, "rhaid_http_req_duration_seconds", ENDPOINT), name)
                        for q, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
                    ],
                    unit="s",
                ),
                graph(
                    "Virtual users",
                    query(f"sum by (testid) (rhaid_vus{{{RUN}}})", "in the test"),
                    query(f"sum by (testid) (rhaid_vus_max{{{RUN}}})", "at most"),
                ),
                graph(
                    "Failures in a second",
                    query(rate("rhaid_http_req_failed_total", ENDPOINT, "name, status"), "{{name}} {{status}}"),
                    query(rate("rhaid_iteration_errors_total", SCENARIO, "scenario"), "errors of scripts in {{scenario}}"),
                    unit="reqps",
                    stack=True,
                    bars=True,
                ),
            ],
            "Iterations and checks": [
                graph("Iterations in a second", query(rate("rhaid_iterations_total", SCENARIO, "scenario"), "{{scenario}}"), unit="ops", width=8),
                graph(
                    "Iterations that did not come about",
                    query(rate("rhaid_dropped_iterations_total", SCENARIO, "scenario"), "dropped in {{scenario}}"),
                    query(rate("rhaid_interrupted_iterations_total", SCENARIO, "scenario"), "interrupted in {{scenario}}"),
                    about="Arrivals for which no user was free, and iterations that were cut short.",
                    unit="ops",
                    width=8,
                ),
                graph(
                    "Checks that passed",
                    query(share_true("rhaid_checks_total", SCENARIO, "check"), "{{check}}"),
                    unit="percentunit",
                    width=8,
                    max=1,
                ),
            ],
            "Objectives": [
                timeline("How objectives stand", query(f"max by (slo) (rhaid_slo_status{{{RUN}}})", "{{slo}}"), mappings=SLO_STATES),
            ],
            "The runs": [
                table(
                    "Runs in this time",
                    {
                        "Began": (f"max by (testid) (max_over_time(rhaid_run_start_timestamp_seconds{{{RUN}}}[$__range])) * 1000", "dateTimeAsIso"),
                        "Took": (f"max by (testid) (max_over_time(rhaid_run_elapsed_seconds{{{RUN}}}[$__range]))", "s"),
                        "Requests": (total("rhaid_http_reqs_total", RUN, "testid"), "short"),
                        "Failed": (total("rhaid_http_req_failed_total", RUN, "testid"), "short"),
                        "Objectives missed": (
                            f"count by (testid) (last_over_time(rhaid_slo_status{{{RUN}}}[$__range]) >= 2 < 4)"
                            f" or sum by (testid) (0 * last_over_time(rhaid_slo_status{{{RUN}}}[$__range]))",
                            "none",
                        ),
                        "Aborted": (f"max by (testid) (max_over_time(rhaid_run_aborted{{{RUN}}}[$__range]))", "bool_yes_no"),
                    },
                    labels={"testid": "Test id"},
                    sort="Began",
                    width=16,
                ),
                graph(
                    "Lines of the log in a second",
                    query(rate("rhaid_log_lines_total", RUN, "level"), "{{level}}"),
                    width=8,
                    bars=True,
                    stack=True,
                ),
            ],
            "The network": [
                graph(
                    "Data in a second",
                    query(rate("rhaid_data_received_bytes_total", SCENARIO), "received"),
                    query(rate("rhaid_data_sent_bytes_total", SCENARIO), "sent"),
                    unit="Bps",
                    width=24,
                    height=6,
                ),
            ],
        },
    )
