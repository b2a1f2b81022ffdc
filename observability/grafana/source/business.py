"""What scripts record themselves: each counter, share, duration, distribution and gauge has a panel, whatever it is called."""

from .parts import choice, dashboard as made, graph, override, query, repeated, table
from .queries import BUILT_IN, RUN, SCENARIO, rate, share_true, total

OWN = f'__name__!~"{BUILT_IN}"'


def of(variable, end=""):
    """A selector of the metric that a variable names. Where there is none, it is one that nothing fits."""
    return f'__name__="${{{variable}}}{end}", {SCENARIO}'


def spread(q, variable):
    """A quantile of the histogram that a variable names."""
    return f"histogram_quantile({q}, sum by (le) (rate({{{of(variable, '_bucket')}}}[$__rate_interval])))"


def metrics(name, label, pattern, selector="", regex="", about="", exclude=""):
    """A variable of metrics whose names and labels fit."""
    more = f", {selector}" if selector else ""
    without = f', __name__!~"{exclude}"' if exclude else ""
    return choice(
        name,
        label,
        f'label_values({{__name__=~"{pattern}", {OWN}{without}, {RUN}{more}}}, __name__)',
        regex=regex,
        about=about,
        every="",
    )


VARIABLES = [
    metrics("counter", "Counters", "rhaid_.+_total", 'result=""', about="made by metrics::counter"),
    metrics("share", "Shares", "rhaid_.+_total", 'result!=""', about="made by metrics::rate"),
    metrics(
        "duration", "Durations", "rhaid_.+_seconds_bucket", regex="/(.+)_bucket/", about="made by metrics::trend(name, true)"
    ),
    metrics(
        "trend", "Distributions", "rhaid_.+_bucket", regex="/(.+)_bucket/", about="made by metrics::trend", exclude="rhaid_.+_seconds_bucket"
    ),
    metrics("gauge", "Gauges", "rhaid_.+", about="made by metrics::gauge", exclude="rhaid_.+_(total|bucket|count|sum)"),
]


def dashboard():
    quantiles = ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
    return made(
        "rhaid-business",
        "rhaid / Business metrics",
        "What scripts record by metrics::counter, rate, trend and gauge, and what they check. A new metric needs no change here.",
        {
            "Counted": [
                repeated(
                    graph(
                        "${counter}",
                        query(rate("", of("counter"), "scenario"), "in a second, {{scenario}}"),
                        query(f"sum({{{of('counter')}}})", "so far"),
                        overrides=[override("byName", "so far", custom__axisPlacement="right", custom__fillOpacity=0)],
                        width=8,
                    ),
                    "counter",
                ),
            ],
            "Shares": [
                repeated(
                    graph("${share}", query(share_true("", of("share"), "scenario"), "{{scenario}}"), unit="percentunit", width=8, max=1),
                    "share",
                ),
            ],
            "Durations": [
                repeated(
                    graph("${duration}", *[query(spread(q, "duration"), name) for q, name in quantiles], unit="s", width=8),
                    "duration",
                ),
            ],
            "Distributions": [
                repeated(
                    graph("${trend}", *[query(spread(q, "trend"), name) for q, name in quantiles], width=8),
                    "trend",
                ),
            ],
            "Gauges": [
                repeated(
                    graph("${gauge}", query(f"{{{of('gauge')}}}"), width=8),
                    "gauge",
                ),
            ],
            "Steps and checks": [
                table(
                    "Checks",
                    {
                        "Passed": (total("rhaid_checks_total", f'{SCENARIO}, result="true"', "check, scenario"), "short"),
                        "Failed": (total("rhaid_checks_total", f'{SCENARIO}, result="false"', "check, scenario"), "short"),
                    },
                    labels={"check": "Check", "scenario": "Scenario"},
                    width=12,
                ),
                graph(
                    "Groups in a second",
                    query(rate("rhaid_group_duration_seconds_count", SCENARIO, "group"), "{{group}}"),
                    about="How often each step of a journey is taken.",
                    unit="ops",
                ),
            ],
        },
        VARIABLES,
    )
