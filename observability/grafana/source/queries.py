"""Selectors and expressions that several dashboards use."""

# What the variables choose. A series without the label is meant too when everything is chosen.
RUN = 'testid=~"$testid"'
SCENARIO = f'{RUN}, scenario=~"$scenario"'
ENDPOINT = f'{SCENARIO}, name=~"$endpoint"'

# Metrics that every run has: what is left is what scripts record.
BUILT_IN = "rhaid_(" + "|".join(
    [
        "http_reqs",
        "http_req_(failed|duration|corrected|blocked|looking_up|connecting|tls_handshaking|sending|waiting|receiving)",
        "data_(sent|received)",
        "(dropped_|interrupted_)?iterations",
        "iteration_(duration|errors|lag)",
        "checks",
        "group_duration",
        "vus(_max)?",
        "webhook_(latency|received|missing|duplicate|unexpected|out_of_order|bad_signature|dropped)",
        "run_(info|start_timestamp|elapsed|aborted|folded_tag_sets)",
        "slo_(status|margin_ratio|actual)",
        "fault_(active|injections)",
        "script_reloads",
        "log_lines",
    ]
) + ")(_seconds|_bytes)?(_total|_bucket|_count|_sum)?"


def rate(metric, selector, by="", window="$__rate_interval"):
    """What a counter grows by in a second, added up."""
    return f"sum{_by(by)} (rate({metric}{{{selector}}}[{window}]))"


def total(metric, selector, by=""):
    """What a counter grew to. A run's counters begin at nought, so that their highest value is all of it."""
    return f"sum{_by(by)} (max_over_time({metric}{{{selector}}}[$__range]))"


def quantile(q, metric, selector, by="", window="$__rate_interval"):
    """A quantile of a histogram, over everything that `by` does not keep apart."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({q}, sum by ({labels}) (rate({metric}_bucket{{{selector}}}[{window}])))"


def mean(metric, selector, by="", window="$__rate_interval"):
    return f"{rate(metric + '_sum', selector, by, window)} / {rate(metric + '_count', selector, by, window)}"


def share_failed(selector, by="", window="$__rate_interval"):
    """The share of requests that failed."""
    return f"{rate('rhaid_http_req_failed_total', selector, by, window)} / {rate('rhaid_http_reqs_total', selector, by, window)}"


def share_true(metric, selector, by="", window="$__rate_interval"):
    """The share of a rate that was true."""
    trues = f'{selector}, result="true"'
    return f"{rate(metric, trues, by, window)} / {rate(metric, selector, by, window)}"


def _by(labels):
    return f" by ({labels})" if labels else ""
