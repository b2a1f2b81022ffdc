"""The load generators, all made to do the same: each gives back what it used and how many requests got a 200.

Each is bound to one core and told or seen to use one worker thread; a client that met anything but 200 is Trouble.
"""

import json
import re

from machine import HERE, Trouble, find
from processes import run

CONNECTIONS = 64

# What a client may take on top of its duration: to start, and to be killed when it hangs.
PATIENCE = 30


def number(pattern, text):
    """The number that the pattern's group finds; Trouble if there is none."""
    found = re.search(pattern, text)
    if not found:
        raise Trouble(f"no {pattern!r} in:\n{text[-1000:]}")
    return int(found.group(1))


def rhaid(bench, script, timeout, sample_rss=False, flags=(), look=None, folder=None, core=None, **env):
    """Runs one of the scripts (a name, or a path of its own) on one worker; what it used, and the totals of its result's metrics
    by name."""
    folder = folder or bench.folder
    result = folder / "result.json"
    result.unlink(missing_ok=True)
    path = HERE / "scripts" / f"{script}.rhai"
    command = [bench.binary, "run", path, "--workers", 1, "--quiet", "--result", result, *flags]
    for name, value in {"TARGET": bench.url, **env}.items():
        command += ["--env", f"{name}={value}"]
    used = run(command, folder, timeout, sample_rss, look, core)
    document = json.loads(result.read_text(encoding="utf-8"))
    metrics = {metric["name"]: metric["total"] for metric in document["metrics"]}
    statuses = {status for endpoint in document["endpoints"] for status in endpoint["statuses"]}
    checks = metrics.get("checks", {"passes": 0, "total": 0})
    if statuses - {"200"} or checks["passes"] != checks["total"] or document["errors"]:
        raise Trouble(
            f"{script}: statuses {sorted(statuses)}, {checks['passes']} of {checks['total']} checks held,"
            f" errors: {json.dumps(document['errors'])[:500]}"
        )
    return used, metrics


def wrk(bench, seconds, *hooks):
    command = [find("wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", *hooks, f"{bench.url}/hello"]
    used = run(command, bench.folder, seconds + PATIENCE)
    if "Non-2xx" in used.output or "Socket errors" in used.output:
        raise Trouble(f"wrk met errors:\n{used.output}")
    return used, number(r"(\d+) requests in", used.output)


def wrk_lua(bench, seconds):
    used, requests = wrk(bench, seconds, "-s", HERE / "hooks.lua")
    if number(r"checks failed: (\d+)", used.output):
        raise Trouble(f"wrk's checks failed:\n{used.output}")
    return used, requests


def oha(bench, seconds):
    command = [find("oha"), "-z", f"{seconds}s", "-c", CONNECTIONS, "--worker-threads", 1, "--no-tui"]
    used = run([*command, "--output-format", "json", f"{bench.url}/hello"], bench.folder, seconds + PATIENCE)
    report = json.loads(used.output[used.output.index("{") :])
    statuses = report["statusCodeDistribution"]
    # The requests in flight when the time is up are not answered.
    errors = {error: count for error, count in report["errorDistribution"].items() if "deadline" not in error}
    if set(statuses) != {"200"} or errors:
        raise Trouble(f"oha met statuses {statuses}, errors {errors}")
    return used, statuses["200"]


def hey(bench, seconds):
    command = [find("hey"), "-z", f"{seconds}s", "-c", CONNECTIONS, "-cpus", 1, f"{bench.url}/hello"]
    used = run(command, bench.folder, seconds + PATIENCE)
    statuses = set(re.findall(r"\[(\d+)\]\s+\d+ responses", used.output))
    if statuses != {"200"} or "Error distribution" in used.output:
        raise Trouble(f"hey met errors:\n{used.output[-1000:]}")
    return used, number(r"\[200\]\s+(\d+) responses", used.output)


def rhaid_with(script):
    """rhaid as a client like the others: what it used, and how many requests its result counts."""

    def client(bench, seconds):
        used, metrics = rhaid(bench, script, seconds + PATIENCE, VUS=CONNECTIONS, DURATION=f"{seconds}s")
        requests, checks = int(metrics["http_reqs"]["count"]), metrics["checks"]["total"]
        if checks != 2 * requests:
            raise Trouble(f"{script}: {checks} checks of {requests} requests, not two of each")
        return used, requests

    return client


# The name in the table, the tool that must be there, and how it is run.
CLIENTS = [
    ("wrk", "wrk", wrk),
    ("wrk + Lua hooks", "wrk", wrk_lua),
    ("oha", "oha", oha),
    ("hey", "hey", hey),
    ("rhaid, checks by condition", None, rhaid_with("checks-condition")),
    ("rhaid, checks by closures", None, rhaid_with("checks-closures")),
]
