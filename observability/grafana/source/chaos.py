"""What a fault does, and how soon all is well again: the time of each fault, and the same figures before, during and after."""

from .parts import (
    BLUE, GREEN, GREY, ORANGE, RED, SLO_STATES, YELLOW, dashboard as made, graph, now, number, query, states, thresholds,
    timeline,
)
from .queries import ENDPOINT, RUN, SCENARIO, mean, quantile, rate, share_failed

P95 = "testid_scenario_name:rhaid_http_req_duration_seconds:p95_rate1m"
ON_OFF = states(off=(0, GREY), on=(1, RED))
# One for each run with a fault at the moment.
FAULTY = f"max by (testid) (rhaid_fault_active{{{RUN}}}) > 0"
CALM = f"max by (testid) (rhaid_fault_active{{{RUN}}}) == 0"


def split(expr):
    """The same by run, apart while a fault is on and while none is."""
    return [
        query(f"({expr}) and on (testid) ({FAULTY})", "with a fault"),
        query(f"({expr}) unless on (testid) ({FAULTY})", "without"),
    ]


def counted(metric, condition):
    """How often something happened in a second on average while a condition held."""
    return f"avg_over_time(((sum by (testid) (rate({metric}{{{ENDPOINT}}}[$__rate_interval]))) and on (testid) ({condition}))[$__range:])"


def dashboard():
    failed = "rhaid_http_req_failed_total"
    reqs = "rhaid_http_reqs_total"
    return made(
        "rhaid-chaos",
        "rhaid / Chaos and recovery",
        "What a fault does, and how soon all is well again. The red regions are faults.",
        {
            "Faults": [
                timeline("When each fault was on", query(f"max by (fault) (rhaid_fault_active{{{RUN}}})", "{{fault}}"), mappings=ON_OFF, height=5),
                number("Faults now", query(f"sum(rhaid_fault_active{{{RUN}}})"), thresholds=thresholds(GREEN, (1, RED))),
                number("Injected", now(f"sum(max_over_time(rhaid_fault_injections_total{{{RUN}}}[$__range]))"), thresholds=thresholds(BLUE)),
                number(
                    "Time with a fault",
                    now(f"avg(avg_over_time((max by (testid) (rhaid_fault_active{{{RUN}}}))[$__range:]))"),
                    unit="percentunit",
                    about="Of the runs' time.",
                ),
                number(
                    "Failed with a fault",
                    now(f"avg({counted(failed, FAULTY)} / {counted(reqs, FAULTY)})"),
                    unit="percentunit",
                    thresholds=thresholds(GREEN, (0.01, YELLOW), (0.1, RED)),
                ),
                number(
                    "Failed without",
                    now(f"avg({counted(failed, CALM)} / {counted(reqs, CALM)})"),
                    unit="percentunit",
                    thresholds=thresholds(GREEN, (0.01, YELLOW), (0.1, RED)),
                ),
                number(
                    "Runs aborted",
                    now(f"sum(max_over_time(rhaid_run_aborted{{{RUN}}}[$__range]))"),
                    thresholds=thresholds(GREEN, (1, ORANGE)),
                ),
            ],
            "What guests feel": [
                graph("Share of requests that fail", *split(share_failed(ENDPOINT, "testid")), unit="percentunit", max=1, fill=30),
                graph("Response time, p95", *split(quantile(0.95, "rhaid_http_req_duration_seconds", ENDPOINT, "testid")), unit="s", fill=30),
                graph("Requests in a second", *split(rate(reqs, ENDPOINT, "testid")), unit="reqps", fill=30),
                graph(
                    "Failures in a second, by endpoint and code",
                    query(f"{rate(failed, ENDPOINT, 'name, error_code')} > 0", "{{name}} {{error_code}}"),
                    about="What the codes mean is in the guide, under interpreting results.",
                    unit="reqps",
                    stack=True,
                    bars=True,
                ),
            ],
            "Recovery": [
                graph(
                    "p95 against the time without a fault",
                    query(
                        f"max by (name) ({P95}{{{ENDPOINT}}} / on (testid, scenario, name)"
                        f" avg_over_time(({P95}{{{ENDPOINT}}} unless on (testid) ({FAULTY}))[$__range:]))",
                        "{{name}}",
                    ),
                    about="1 is as without a fault, over the last minute: how much slower each endpoint is, and when it is well again.",
                    thresholds=thresholds(GREEN, (1.5, YELLOW), (3, RED)),
                ),
                graph(
                    "Work that does not get done",
                    query(rate("rhaid_dropped_iterations_total", SCENARIO, "scenario"), "dropped in {{scenario}}"),
                    query(rate("rhaid_interrupted_iterations_total", SCENARIO, "scenario"), "interrupted in {{scenario}}"),
                    query(rate("rhaid_iteration_errors_total", SCENARIO, "scenario"), "errors of scripts in {{scenario}}"),
                    unit="ops",
                    stack=True,
                ),
                graph(
                    "Users at work",
                    query(f"sum by (testid) (rhaid_vus{{{RUN}}})", "in the test"),
                    about="Users pile up while answers are late.",
                    width=8,
                ),
                graph(
                    "Time for connections",
                    query(mean("rhaid_http_req_blocked_seconds", ENDPOINT), "blocked"),
                    query(mean("rhaid_http_req_connecting_seconds", ENDPOINT), "connecting"),
                    about="A request on average. After connections were cut, all of them are made anew at once.",
                    unit="s",
                    width=8,
                ),
                graph("Warnings and errors of scripts in a second", query(rate("rhaid_log_lines_total", f'{RUN}, level=~"warn|error"', "level"), "{{level}}"), width=8, bars=True),
                timeline("How objectives stand", query(f"max by (slo) (rhaid_slo_status{{{RUN}}})", "{{slo}}"), mappings=SLO_STATES),
            ],
        },
    )
