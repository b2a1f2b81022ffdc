"""Objectives: how they stand, how fast the error budget burns, and what is left of it.

Windows and factors of the burn rates are those of the alerts in `observability/prometheus`. The sums over long windows
are made from the recording rules there.
"""

from .parts import (
    GREEN, ORANGE, RED, SLO_STATES, YELLOW, bars, choice, dashboard as made, fixed, graph, number, override, query, table, thresholds,
    timeline,
)
from .queries import ENDPOINT, RUN, share_failed

# A short and a long window, and the factor that both have to pass before anyone is told: of a budget of 30 days, and of a
# run of minutes.
MONTH = [("5m", "1h", 14.4), ("30m", "6h", 6), ("6h", "3d", 1)]
MINUTES = [("15s", "1m", 14.4), ("30s", "5m", 6), ("2m", "15m", 1)]
NEAR = "The lesser of a pair's windows as a share of its factor: at 100 % the alert fires."
BUDGET = "(1 - $objective / 100)"

OBJECTIVE = fixed(
    "objective",
    "Availability",
    {"99 %": "99", "99.9 %": "99.9", "99.5 %": "99.5", "95 %": "95", "90 %": "90"},
    "the share of requests that is to succeed: the rest is the error budget",
)
BOUND = choice(
    "bound",
    "Fast enough",
    f"label_values(rhaid_http_req_duration_seconds_bucket{{{RUN}}}, le)",
    sort=3,
    multi=False,
    regex="/^([0-9].*)$/",
    chosen="0.3",
    about="seconds: slower requests spend the budget of response times; bounds of objectives are among them",
)


def windows(pairs):
    """All of them, the shortest first."""
    return [short for short, _, _ in pairs] + [long for _, long, _ in pairs if long not in {short for short, _, _ in pairs}]


def share(window):
    """The share of requests in a window that failed. Over hours and days it is made of what is recorded each few seconds."""
    if window.endswith("s") or window in {long for _, long, _ in MINUTES} | {"2m"}:
        return share_failed(ENDPOINT, window=window)

    def summed(name):
        return f"sum(sum_over_time(testid_scenario_name:{name}:rate1m{{{ENDPOINT}}}[{window}]))"

    return f"{summed('rhaid_http_req_failed')} / {summed('rhaid_http_reqs')}"


def burn(window):
    """How many times faster than allowed the budget was spent: at 1 all of it is gone by the end of the period."""
    return f"(({share(window)}) / {BUDGET})"


def alerting(pairs):
    """Each pair of windows against its factor: an alert fires when the lesser of the two passes it."""
    def lesser(one, other):
        # Without requests in one of them, there is none: no comparison holds.
        return f"({one} <= {other} or {other} < {one})"

    return [
        query(f"{lesser(burn(short), burn(long))} / {factor:g}", f"{long} and {short}, factor {factor:g}")
        for short, long, factor in pairs
    ]


def explained(pairs):
    return "An alert needs both windows of a pair above its factor: " + ", ".join(
        f"{factor:g} over {long} and {short}" for short, long, factor in pairs
    ) + ". All chosen runs count together."


def slow(window):
    within = f'rhaid_http_req_duration_seconds_bucket{{{ENDPOINT}, le="$bound"}}'
    return (
        f"(1 - sum(rate({within}[{window}])) / sum(rate(rhaid_http_req_duration_seconds_count{{{ENDPOINT}}}[{window}])))"
        f" / {BUDGET}"
    )


def left(bad, whole):
    """What is left of the budget of a run that went until now."""
    return f"1 - (sum by (testid) ({bad}) / sum by (testid) ({whole})) / {BUDGET}"


def by_name():
    def recorded(name):
        return f"sum by (name) (testid_scenario_name:{name}:rate1m{{{ENDPOINT}}})"

    return f"({recorded('rhaid_http_req_failed')} / {recorded('rhaid_http_reqs')}) / {BUDGET}"


def slow_left():
    within = f'sum by (testid) (rhaid_http_req_duration_seconds_bucket{{{ENDPOINT}, le="$bound"}})'
    return f"1 - (1 - {within} / sum by (testid) (rhaid_http_req_duration_seconds_count{{{ENDPOINT}}})) / {BUDGET}"


def dashboard():
    slo = "slo, target, priority"
    ranges = thresholds(GREEN, (1, YELLOW), (6, ORANGE), (14.4, RED))
    near = thresholds(GREEN, (0.5, YELLOW), (1, RED))
    failed, reqs = (f"rhaid_http_{name}_total{{{ENDPOINT}}}" for name in ("req_failed", "reqs"))
    return made(
        "rhaid-slo",
        "rhaid / SLO compliance",
        "How objectives stand, how fast the error budget burns and what is left of it.",
        {
            "Objectives of the script": [
                timeline("How they stand", query(f"max by (slo) (rhaid_slo_status{{{RUN}}})", "{{slo}}"), mappings=SLO_STATES),
                table(
                    "At the end of what is shown",
                    {
                        "Status": (f"max by ({slo}) (last_over_time(rhaid_slo_status{{{RUN}}}[$__range]))", ""),
                        "Margin": (f"min by ({slo}) (last_over_time(rhaid_slo_margin_ratio{{{RUN}}}[$__range]))", "percentunit"),
                        "Actual": (f"max by ({slo}) (last_over_time(rhaid_slo_actual{{{RUN}}}[$__range]))", ""),
                    },
                    labels={"slo": "Objective", "target": "Target", "priority": "Priority"},
                    overrides=[override("byName", "Status", mappings=SLO_STATES, custom__cellOptions={"type": "color-text"})],
                    width=12,
                ),
                graph(
                    "Margins",
                    query(f"min by (slo) (rhaid_slo_margin_ratio{{{RUN}}})", "{{slo}}"),
                    about="How far each is from its target, as a share of it: below nought it is missed.",
                    unit="percentunit",
                    min=-1,
                    max=1,
                    thresholds=thresholds(RED, (0, GREEN)),
                ),
            ],
            "Burn rate": [
                *[
                    number(
                        f"Last {window}",
                        query(burn(window)),
                        about="1 spends all of the budget by the end of its period; 14.4 a fiftieth of it in an hour, where the period is 30 days.",
                        decimals=2,
                        thresholds=ranges,
                    )
                    for window in [long for _, long, _ in MINUTES + MONTH]
                ],
                graph("In a run of minutes", *[query(burn(window), window) for window in windows(MINUTES)], about=explained(MINUTES), thresholds=ranges),
                graph("In hours and days", *[query(burn(window), window) for window in windows(MONTH)], about=explained(MONTH), thresholds=ranges),
                bars("Alerts of a run: how near they are", *alerting(MINUTES), about=NEAR, unit="percentunit", thresholds=near, min=0, max=1),
                bars("Alerts of a month: how near they are", *alerting(MONTH), about=NEAR, unit="percentunit", thresholds=near, min=0, max=1),
                graph("By endpoint, last minute", query(by_name(), "{{name}}"), width=24, thresholds=ranges),
            ],
            "Error budget": [
                graph(
                    "Left of the run's budget",
                    query(left(failed, reqs), "{{testid}}"),
                    about="Of the requests until then, the share that may still fail. Below nought the run has missed the objective.",
                    unit="percentunit",
                    max=1,
                    min=-1,
                    thresholds=thresholds(RED, (0, YELLOW), (0.25, GREEN)),
                ),
                number(
                    "Left, of all that is shown",
                    query(left(f"max_over_time({failed}[$__range])", f"max_over_time({reqs}[$__range])")),
                    unit="percentunit",
                    width=6,
                    height=8,
                    thresholds=thresholds(RED, (0, YELLOW), (0.25, GREEN)),
                ),
                number(
                    "Requests that may still fail",
                    query(f"{BUDGET} * sum({reqs}) - sum({failed})"),
                    about="Of as many as were sent until then.",
                    width=6,
                    height=8,
                    decimals=0,
                    thresholds=thresholds(RED, (0, GREEN)),
                ),
            ],
            "Response times": [
                graph(
                    "Burn rate of requests slower than $bound s",
                    query(slow("$__rate_interval"), "just now"),
                    query(slow("5m"), "5m"),
                    thresholds=ranges,
                ),
                graph(
                    "Left of the run's budget of requests slower than $bound s",
                    query(slow_left(), "{{testid}}"),
                    unit="percentunit",
                    max=1,
                    min=-1,
                    thresholds=thresholds(RED, (0, YELLOW), (0.25, GREEN)),
                ),
            ],
        },
        [OBJECTIVE, BOUND],
    )
