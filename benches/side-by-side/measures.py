"""What is measured, and how each figure is found. Every function gives back Markdown lines."""

import json
import re
import statistics
import time

from machine import HERE, Trouble, find, run, say

CONNECTIONS = 64

# The goals, as the table shows them.
GOAL_WRK_LUA = 1.05
GOAL_OHA = 0.85
GOAL_BYTES_PER_VU = 32 * 1024
GOAL_RATE = 0.99
GOAL_START = 2.0
GOAL_LAG_MS = 2.0
# Buffers that the allocator and the kernel round up; a leak of one byte an iteration would be far above it.
GOAL_GROWTH = 1 << 20
LEAST_ITERATIONS = 10_000_000


class Bench:
    """What all measurements share: the binary, the target's address, a folder, and whether to be quick."""

    def __init__(self, binary, url, folder, quick):
        self.binary, self.url, self.folder, self.quick = binary, url, folder, quick
        self.goals = []

    def goal(self, what, measured, goal, met):
        self.goals.append(f"| {what} | {measured} | {goal} | {'yes' if met else '**no**'} |")

    def rhaid(self, script, timeout, sample_rss=False, **env):
        """Runs a script on one worker; what it used, and its result."""
        result = self.folder / "result.json"
        result.unlink(missing_ok=True)
        command = [self.binary, "run", HERE / "scripts" / f"{script}.rhai", "--workers", 1, "--quiet", "--result", result]
        for name, value in {"TARGET": self.url, **env}.items():
            command += ["--env", f"{name}={value}"]
        used = run(command, self.folder, timeout, sample_rss)
        document = json.loads(result.read_text(encoding="utf-8"))
        metrics = {metric["name"]: metric["total"] for metric in document["metrics"]}
        checks = metrics.get("checks", {"passes": 0, "total": 0})
        if checks["passes"] != checks["total"] or document["errors"]:
            errors = json.dumps(document["errors"])[:500]
            raise Trouble(f"{script}: {checks['passes']} of {checks['total']} checks held; errors: {errors}")
        return used, metrics


def number(pattern, text):
    """The number that the pattern's group finds; Trouble if there is none."""
    found = re.search(pattern, text)
    if not found:
        raise Trouble(f"no {pattern!r} in:\n{text[-1000:]}")
    return int(found.group(1))


# Each client gives back what it used and how many requests were answered with 200.


def wrk(bench, seconds, *hooks):
    used = run(
        [find("wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", *hooks, f"{bench.url}/hello"],
        bench.folder,
        seconds + 30,
    )
    if "Non-2xx" in used.output or "Socket errors" in used.output:
        raise Trouble(f"wrk met errors:\n{used.output}")
    return used, number(r"(\d+) requests in", used.output)


def wrk_lua(bench, seconds):
    used, requests = wrk(bench, seconds, "-s", HERE / "hooks.lua")
    if number(r"checks failed: (\d+)", used.output):
        raise Trouble(f"wrk's checks failed:\n{used.output}")
    return used, requests


def oha(bench, seconds):
    used = run(
        [find("oha"), "-z", f"{seconds}s", "-c", CONNECTIONS, "--no-tui", "--output-format", "json", f"{bench.url}/hello"],
        bench.folder,
        seconds + 30,
    )
    statuses = json.loads(used.output[used.output.index("{") :])["statusCodeDistribution"]
    if set(statuses) != {"200"}:
        raise Trouble(f"oha met {statuses}")
    return used, statuses["200"]


def hey(bench, seconds):
    used = run(
        [find("hey"), "-z", f"{seconds}s", "-c", CONNECTIONS, "-cpus", 1, f"{bench.url}/hello"],
        bench.folder,
        seconds + 30,
    )
    return used, number(r"\[200\]\s+(\d+) responses", used.output)


def rhaid_with(script):
    def client(bench, seconds):
        used, metrics = bench.rhaid(script, seconds + 30, DURATION=f"{seconds}s")
        return used, int(metrics["http_reqs"]["count"])

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


def requests(bench):
    """CPU seconds per request, side by side: rounds in which every client has its turn."""
    rounds, seconds = (2, 2) if bench.quick else (5, 5)
    clients = [(name, client) for name, tool, client in CLIENTS if tool is None or find(tool)]
    costs = {name: [] for name, _ in clients}
    shares = {name: [] for name, _ in clients}
    rates = {name: [] for name, _ in clients}
    for turn in range(rounds):
        for name, client in clients:
            used, count = client(bench, seconds)
            costs[name].append(used.cpu / count * 1e6)
            shares[name].append((used.user / count * 1e6, used.system / count * 1e6))
            rates[name].append(count / seconds)
            say(f"round {turn + 1} of {rounds}: {name}: {costs[name][-1]:.2f} µs of CPU per request")

    def ratio(name, other):
        # Round by round, because what disturbs a machine disturbs neighbours in time alike.
        if other not in costs:
            return None
        return statistics.median(own / theirs for own, theirs in zip(costs[name], costs[other]))

    def shown(value):
        return "not measured" if value is None else f"{value:.2f}"

    lines = [
        f"One keep-alive GET per iteration, {CONNECTIONS} connections, medians of {rounds} alternating rounds of {seconds} s.",
        "CPU is user and system time of the whole client process; ratios are medians of each round's ratio.",
        "",
        "| client | CPU µs/request | user | system | requests/s | × wrk + Lua | × oha |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, _ in clients:
        user, system = (statistics.median(part) for part in zip(*shares[name]))
        lines.append(
            f"| {name} | {statistics.median(costs[name]):.2f} | {user:.2f} | {system:.2f} | {statistics.median(rates[name]):,.0f}"
            f" | {shown(ratio(name, 'wrk + Lua hooks'))} | {shown(ratio(name, 'oha'))} |"
        )
        if name.startswith("rhaid"):
            for other, most in [("wrk + Lua hooks", GOAL_WRK_LUA), ("oha", GOAL_OHA)]:
                found = ratio(name, other)
                met = found is not None and round(found, 2) <= most
                bench.goal(f"{name}: CPU per request", f"{shown(found)} × {other}", f"≤ {most:.2f} × {other}", met)
    return lines + [""]


def vus(bench):
    """Memory and rate of many virtual users, each sending one request a second."""
    count, seconds = 10_000, 5 if bench.quick else 15
    used, metrics = bench.rhaid("paced", seconds + 60, VUS=count, DURATION=f"{seconds}s")
    each = used.peak_rss / count
    rate = metrics["iterations"]["count"] / (count * seconds)
    failed = metrics["http_req_failed"]["passes"]
    if failed:
        raise Trouble(f"{failed} of {metrics['http_reqs']['count']:.0f} requests of the paced users failed")
    what = f"{count:,} VUs, a request a second each, {seconds} s"
    bench.goal(f"{what}: peak memory per VU", f"{each / 1024:.1f} KB", "≤ 32 KB", each <= GOAL_BYTES_PER_VU)
    bench.goal(f"{what}: requests of those intended", f"{rate:.2%}", "≥ 99 %", rate >= GOAL_RATE)
    return []


def start(bench):
    """Time from the launch of the process until the last of many virtual users has begun."""
    count, wait = 30_000, 6
    _, metrics = bench.rhaid("idle", wait + 60, VUS=count, WAIT=f"{wait}s", LAUNCHED_MS=time.time_ns() // 1_000_000)
    begun = metrics["begun"]
    if begun["count"] != count:
        raise Trouble(f"only {begun['count']} of {count} virtual users began")
    last = begun["max"] / 1000
    if last >= wait:
        raise Trouble(f"the last virtual user began after {last:.1f} s, when the first had ended: they were never all idle")
    bench.goal(f"{count:,} idle VUs, from launch to the last one's begin", f"{last:.2f} s", "< 2 s", last < GOAL_START)
    return []


def rate(bench):
    """How late iterations of a constant arrival rate start."""
    per_second, seconds = 5_000, 3 if bench.quick else 10
    _, metrics = bench.rhaid("arrivals", seconds + 60, RATE=per_second, DURATION=f"{seconds}s")
    lag = metrics["iteration_lag"]
    dropped = metrics["dropped_iterations"]["count"]
    begun = f"{lag['count']:,} started, {dropped:,.0f} dropped"
    met = lag["p99"] < GOAL_LAG_MS and dropped == 0
    what = f"{per_second:,} arrivals/s, a GET each, {seconds} s ({begun}): p99 of `iteration_lag`"
    bench.goal(what, f"{lag['p99']:.2f} ms", "< 2 ms", met)
    return []


def flat(bench):
    """Whether memory grows with iterations after the first second."""
    # So many that the run lasts well past its first second; on a slow machine the script's own limit ends it.
    used, metrics = bench.rhaid("empty", 60, sample_rss=True, ITERATIONS=30_000_000 if bench.quick else 100_000_000)
    count = int(metrics["iterations"]["count"])
    if count < LEAST_ITERATIONS:
        raise Trouble(f"only {count:,} empty iterations in {used.wall:.1f} s: {LEAST_ITERATIONS:,} are wanted")
    # A process that has just ended shows no memory any more.
    settled = [(at, size) for at, size in used.rss if at >= 1 and size]
    if len(settled) < 2:
        raise Trouble(f"{count:,} empty iterations took {used.wall:.1f} s: too short to compare with the first second")
    (at, first), (end, last) = settled[0], settled[-1]
    measured = f"{first / 2**20:.1f} MiB at {at:.1f} s, {last / 2**20:.1f} MiB at {end:.1f} s"
    bench.goal(f"{count:,} empty iterations: resident memory", measured, "grows ≤ 1 MiB", last - first <= GOAL_GROWTH)
    return []


# Name on the command line, function, tools without which it cannot be made, tools that make it complete.
ALL = {
    "requests": (requests, ["nginx"], ["wrk", "oha", "hey"]),
    "vus": (vus, ["nginx"], []),
    "start": (start, [], []),
    "rate": (rate, ["nginx"], []),
    "flat": (flat, [], []),
}
